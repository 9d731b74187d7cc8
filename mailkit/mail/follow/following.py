"""Following many mails at once: look, wait a little longer each time, tell each as soon as it is seen, at the end what was not.

The times between looks grow (2, 4, 8 … seconds), so that a mail that comes at once is seen at once and a slow one costs the
server little. A mail that was seen is watched a moment longer, for a second copy or a bounce behind it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from mailkit.attempt import Attempt
from mailkit.explain import BounceReading
from mailkit.journal import Delivery
from mailkit.mail.follow.arrival import Arrival, Copy, Expected, Found, Looked
from mailkit.mail.follow.header import decoded, opened
from mailkit.mail.follow.reading import address_of, latency, read_copy
from mailkit.mail.follow.source import CannotLook, Place, Seen, Source
from mailkit.mail.follow.verify import verified
from mailkit.mail.follow.watch import Watch
from mailkit.net.names import Resolver

__all__ = ["POLLS", "expected", "follow", "read_source"]

POLLS = (2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between looks; the last one again and again."""

PATIENCE = timedelta(minutes=5)
SETTLING = timedelta(seconds=10)
_FAILURES = 4
"""Looks in a row that may fail before a mailbox is given up."""
_COPIES = 20
_READINGS = 20


def expected(sent: Delivery | Attempt | Expected) -> Expected:
    """Say what to look for of something that was sent."""
    if isinstance(sent, Expected):
        return sent
    if isinstance(sent, Attempt):
        return Expected(
            message_id=sent.message_id,
            delivery_id=sent.delivery_id,
            recipient=sent.recipient,
            sender=sent.sender,
            accepted=sent.finished if sent.outcome in ("accepted", "uncertain") else None,
            uncertain=sent.outcome == "uncertain",
        )
    return Expected(
        message_id=sent.message_id,
        delivery_id=sent.delivery_id,
        recipient=sent.recipient,
        sender=sent.sender,
        subject=sent.subject,
        accepted=sent.changed if sent.state in ("accepted", "uncertain") else None,
        uncertain=sent.state == "uncertain",
    )


class _Track(Struct):
    """One mail that is followed."""

    expected: Expected
    copies: list[Copy] = field(default_factory=list)
    places: list[tuple[Source, Place, bytes]] = field(default_factory=list)
    returned: list[BounceReading] = field(default_factory=list)
    settled: datetime | None = None
    """When it need not be watched any more."""

    @property
    def came_back(self) -> bool:
        return any(one.kind == "bounce" for one in self.returned)


async def follow(
    sent: Sequence[Delivery | Attempt | Expected],
    source: Source | Sequence[Source],
    *,
    until: datetime | None = None,
    polls: Sequence[float] = POLLS,
    settling: timedelta = SETTLING,
    resolver: Resolver | None = None,
    inside: Sequence[str] = (),
    stop: asyncio.Event | None = None,
) -> AsyncIterator[Arrival]:
    """Look for mails until each was seen, came back, or the time is over.

    Args:
        sent: what was handed over; of an attempt or a delivery the moment it was taken is known.
        source: the mailbox, or several: the recipient's, and the sender's, where bounces come to.
        until: when to give up; five minutes from now where it is not said.
        polls: seconds between looks.
        settling: how long a mail that was seen is watched further. A bounce ends the wait at once.
        resolver: check SPF, DKIM and DMARC here too, asking this; ``None``: do not.
        inside: hosts, domains or addresses of the receiver's beside those it is known by, such as a filter in front of it.
        stop: set it to end early; what was found until then is told.

    Yields:
        an arrival for each mail as soon as it is seen; again for a mail of which more is seen (a second copy, a bounce): the
        later one replaces the earlier. At the end one for each mail that was not seen.
    """
    sources: tuple[Source, ...] = tuple(source) if isinstance(source, Sequence) else (source,)
    give_up = until or datetime.now(UTC) + PATIENCE
    run = _Run(
        [expected(one) for one in sent], sources, until=give_up, settling=settling, resolver=resolver, inside=tuple(inside)
    )
    stop = stop or asyncio.Event()
    try:
        async for arrival in run.through(tuple(polls) or POLLS, stop):
            yield arrival
    finally:
        for one in run.sources:
            await one.close()


async def read_source(
    raw: bytes | str,
    *,
    sent: Delivery | Attempt | Expected | None = None,
    resolver: Resolver | None = None,
    inside: Sequence[str] = (),
) -> Arrival:
    """Read a mail that somebody pasted or saved: the whole source, or its header alone.

    Args:
        raw: as it was copied.
        sent: what it should be, where that is known.
        resolver: check SPF, DKIM and DMARC here too, asking this; ``None``: do not.
        inside: as in :func:`follow`.
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    wanted = expected(sent) if sent is not None else None
    now = datetime.now(UTC)
    looked = Looked(where=("a pasted source",), times=1, began=now, until=now)
    copy = await asyncio.to_thread(read_copy, data, expected=wanted, inside=inside)
    watch = Watch([wanted] if wanted else [])
    match = watch.match(opened(data))
    told: Arrival | None = None
    if match is not None and match.kind == "report":
        about = await asyncio.to_thread(watch.about, data, opened(data)) if wanted else None
        reading = about[1] if about else await asyncio.to_thread(_reading, data)
        if reading is not None:
            told = _told(wanted, looked, (), (reading,))
    if told is None:
        if resolver is not None:
            copy = await verified(copy, data, resolver)
        copy = replace(copy, matched=match.how if match and match.kind == "copy" else "given")
        found: Found = "arrived" if wanted is None or match is not None else "missing"
        told = replace(_told(wanted, looked, (copy,) if found == "arrived" else (), ()), found=found)
    return replace(told, message_id=told.message_id or copy.message_id, recipient=told.recipient or _recipient(data, copy))


def _recipient(raw: bytes, copy: Copy) -> str | None:
    """Tell whose mailbox a source is from."""
    head = opened(raw)
    named = (address_of(decoded(head.first(name))) for name in ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to"))
    handed = (hop.for_ for hop in reversed(copy.hops) if hop.for_ and "@" in hop.for_)
    return next((one for one in (*named, *handed, address_of(decoded(head.first("to")))) if one), None)


def _reading(raw: bytes) -> BounceReading | None:
    from mailkit.explain import read_bounce  # noqa: PLC0415 - beside its one use

    reading = read_bounce(raw)
    return reading if reading.kind != "ordinary" else None


def _told(wanted: Expected | None, looked: Looked, copies: tuple[Copy, ...], returned: tuple[BounceReading, ...]) -> Arrival:
    kinds = {one.kind for one in returned}
    found: Found = (
        "returned"
        if "bounce" in kinds and not copies
        else "arrived"
        if copies
        else "confirmed"
        if kinds & {"delivered", "vacation", "complaint"}
        else "not-looked"
        if looked.problem and not looked.times
        else "missing"
    )
    return Arrival(
        message_id=wanted.message_id if wanted else None,
        delivery_id=wanted.delivery_id if wanted else None,
        recipient=wanted.recipient if wanted else None,
        sender=wanted.sender if wanted else None,
        accepted=wanted.accepted if wanted else None,
        uncertain=wanted.uncertain if wanted else False,
        found=found,
        looked=looked,
        copies=copies,
        returned=returned,
    )


class _Run:
    def __init__(
        self,
        wanted: list[Expected],
        sources: tuple[Source, ...],
        *,
        until: datetime,
        settling: timedelta,
        resolver: Resolver | None,
        inside: tuple[str, ...],
    ) -> None:
        self.sources = sources
        self.until, self.settling, self.resolver, self.inside = until, settling, resolver, inside
        self.tracks = {id(one): _Track(one) for one in wanted}
        self.watch = Watch(wanted)
        self.began = datetime.now(UTC)
        self.times = 0
        """Looks that were made, the one under way counted."""
        self.failed: dict[str, tuple[int, CannotLook]] = {}
        self.stopped = False

    async def through(self, polls: tuple[float, ...], stop: asyncio.Event) -> AsyncIterator[Arrival]:
        turn = 0
        while self._open() and not stop.is_set():
            async for track in self._look():
                yield self._arrival(track)
            if not self._open() or not self._usable():
                break
            wait = polls[min(turn, len(polls) - 1)]
            turn += 1
            left = (max(self.until, *(one.settled or self.until for one in self._open())) - datetime.now(UTC)).total_seconds()
            if left <= 0:
                break
            try:
                async with asyncio.timeout(max(0.0, min(wait, left, self._next_settled()))):
                    await stop.wait()
            except TimeoutError:
                continue
        self.stopped = stop.is_set() and bool(self._open())
        for track in self.tracks.values():
            if not track.copies and not track.returned:
                yield self._arrival(track)

    def _open(self) -> list[_Track]:
        now = datetime.now(UTC)
        return [one for one in self.tracks.values() if not one.came_back and (one.settled is None or one.settled > now)]

    def _next_settled(self) -> float:
        now = datetime.now(UTC)
        return min(((one.settled - now).total_seconds() for one in self._open() if one.settled), default=3600.0)

    def _usable(self) -> bool:
        return any(not self._given_up(one) for one in self.sources)

    def _given_up(self, source: Source) -> bool:
        number, error = self.failed.get(source.label, (0, None))
        return error is not None and (error.final or number >= _FAILURES)

    async def _look(self) -> AsyncIterator[_Track]:
        done = False
        self.times += 1
        for source in self.sources:
            if self._given_up(source):
                continue
            try:
                async for seen in source.look(self.watch):
                    async for track in self._noted(source, seen):
                        yield track
                self.failed.pop(source.label, None)
                done = True
            except CannotLook as error:
                self.failed[source.label] = (self.failed.get(source.label, (0, error))[0] + 1, error)
        self.times -= not done

    async def _noted(self, source: Source, seen: Seen) -> AsyncIterator[_Track]:
        if seen.match.kind == "report":
            about = await asyncio.to_thread(self.watch.about, seen.raw, opened(seen.raw))
            if about is None:
                return
            track = self.tracks[id(about[0])]
            if len(track.returned) < _READINGS:
                track.returned.append(about[1])
                yield track
            return
        assert seen.match.expected is not None
        track = self.tracks[id(seen.match.expected)]
        if len(track.copies) >= _COPIES or not await self._is_new(track, source, seen):
            return
        copy = await asyncio.to_thread(
            read_copy,
            seen.raw,
            expected=track.expected,
            folder=seen.place.folder,
            use=seen.use,
            arrived=seen.arrived,
            seen=seen.seen,
            complete=seen.complete,
            inside=self.inside,
        )
        copy = replace(copy, matched=seen.match.how)
        if self.resolver is not None:
            copy = await verified(copy, seen.raw, self.resolver)
        track.copies.append(copy)
        track.places.append((source, seen.place, _mark(seen.raw)))
        track.settled = datetime.now(UTC) + self.settling
        yield track

    async def _is_new(self, track: _Track, source: Source, seen: Seen) -> bool:
        """Say whether this is a further copy; one that was moved, or is seen in an archive of everything, is not."""
        mark = _mark(seen.raw)
        for at, (where, place, other) in enumerate(track.places):
            if where is source and place == seen.place:
                return False
            if mark == other and (seen.use == "archive" or track.copies[at].use == "archive"):
                if track.copies[at].use == "archive":
                    self._moved(track, at, source, seen)
                return False
            if mark == other and not await self._still(where, place):
                self._moved(track, at, source, seen)
                return False
        return True

    async def _still(self, source: Source, place: Place) -> bool:
        try:
            return await source.holds(place)
        except CannotLook:
            return True

    def _moved(self, track: _Track, at: int, source: Source, seen: Seen) -> None:
        track.places[at] = (source, seen.place, _mark(seen.raw))
        track.copies[at] = replace(track.copies[at], folder=seen.place.folder, use=seen.use)

    def _arrival(self, track: _Track) -> Arrival:
        number, error = next(iter(self.failed.values()), (0, None))
        looked = Looked(
            where=tuple(one.label for one in self.sources),
            folders=tuple(dict.fromkeys(name for one in self.sources for name in one.folders)),
            folders_left_out=sum(one.folders_left_out for one in self.sources),
            times=self.times,
            began=self.began,
            until=datetime.now(UTC),
            problem=error.problem if error and number else None,
            problem_text=error.text if error and number else None,
            stopped=self.stopped,
        )
        copies = tuple(latency(one, track.expected.accepted, one.hops) for one in track.copies)
        return _told(track.expected, looked, copies, tuple(track.returned))


def _mark(raw: bytes) -> bytes:
    """Tell copies apart: two that passed a server apart differ in their header."""
    return hashlib.sha256(raw[:65536].replace(b"\r\n", b"\n").partition(b"\n\n")[0]).digest()
