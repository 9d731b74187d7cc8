"""One round of test mails: sent, each brought to an end that is written down, and followed into the mailbox.

On top of :mod:`mailkit.mail.sending`: a test is tried now, by command of a person. So an account that was stopped before is tried
once more; what could not be tried because there was no connection or no log-in is written down as an attempt that failed there;
and nothing of the round is left waiting in the outbox, to leave some other day by surprise.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from mailkit.journal import Change, Delivery, Event, State, Store, happened
from mailkit.mail.account import Access
from mailkit.mail.follow import Arrival, Source, follow
from mailkit.mail.follow.following import POLLS, SETTLING
from mailkit.mail.follow.joining import change_for
from mailkit.mail.sending import Closed, Halted, Moved, News, Opened, Paused, Rest, SendSettings, send
from mailkit.net.names import Resolver

__all__ = ["follow_round", "new_batch", "send_round"]

_STAGES = {"tcp": "connect", "dns": "connect", "session": "connect"}
_STEP = 1.0
_WAITING: tuple[State, ...] = ("pending", "deferred")


def new_batch(moment: datetime) -> str:
    """Give the name of a round, which sorts by time.

    >>> new_batch(datetime(2026, 11, 22, 12, 30, 5, 250_000, tzinfo=UTC))
    '20261122T123005.250Z'
    """
    utc = moment.astimezone(UTC)
    return f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03}Z"


async def send_round(
    store: Store,
    accesses: Mapping[str, Access],
    settings: SendSettings | None = None,
    *,
    batch: str,
    retry_until: datetime | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[News]:
    """Send a round that was queued (:func:`mailkit.mail.plan.queue`), and tell what happens.

    Args:
        store: where it is queued.
        accesses: by account key; the mails of other accounts are written down as not tried.
        settings: how to send.
        batch: the name of the round.
        retry_until: mails that are put off (greylisting) and accounts that cannot be reached are tried again until then, at the
            time the server or the schedule says; ``None``: each is tried once.
        stop: set it to end early; the mail in hand is finished.

    Yields:
        What :func:`~mailkit.mail.sending.send` yields, and a :class:`~mailkit.mail.sending.Moved` for each mail that could not be
        tried. In the end no mail of the round waits any more.
    """
    stop = stop or asyncio.Event()
    clock = (settings or SendSettings()).now
    barred: dict[str, Halted | Paused] = {}
    open_lines: Counter[str] = Counter()
    cut: set[str] = set()
    await asyncio.to_thread(_resume, store, accesses)
    while True:
        rest = Rest(waiting=0, until=None)
        async for news in send(store, accesses, settings, batch=batch, stop=stop):
            yield news
            if isinstance(news, Opened):
                barred.pop(news.account, None)
                open_lines[news.account] += 1
                cut.discard(news.account)
            elif isinstance(news, Closed):
                open_lines[news.account] -= 1
            elif isinstance(news, Halted | Paused):
                barred[news.account] = news
                if isinstance(news, Paused) and open_lines[news.account] > 0:
                    cut.add(news.account)
            elif isinstance(news, Rest):
                rest = news
        again = _next_try(rest, barred)
        if retry_until is None or again is None or again > retry_until or stop.is_set():
            break
        await _until(again, clock, stop)
    ending = _Ending(store, accesses, barred, cut, clock())
    for moved in await asyncio.to_thread(ending.close, batch, stopped=stop.is_set()):
        yield moved


async def follow_round(
    store: Store,
    source: Source | Sequence[Source],
    *,
    batch: str,
    until: datetime,
    resolver: Resolver | None = None,
    polls: Sequence[float] = POLLS,
    settling: timedelta = SETTLING,
    stop: asyncio.Event | None = None,
) -> AsyncGenerator[tuple[Delivery, Arrival], None]:
    """Look for the mails of a round that were taken, and write down what became of each.

    The arguments are those of :func:`mailkit.mail.follow.follow`. Yields each mail as it is then, with what was seen of it; again
    when more is seen.
    """
    states: tuple[State, ...] = ("accepted", "uncertain")
    sent = await asyncio.to_thread(lambda: list(store.deliveries(batch=batch, states=states)))
    by_id = {one.delivery_id: one for one in sent}
    seen = follow(sent, source, until=until, polls=polls, settling=settling, resolver=resolver, stop=stop)
    async for arrival in seen:
        delivery = by_id.get(arrival.delivery_id or "")
        if delivery is None:
            continue
        change = change_for(delivery, arrival, now=datetime.now(UTC))
        if change is not None:
            await asyncio.to_thread(store.record, [change])
            delivery = by_id[delivery.delivery_id] = change.applied(delivery)
        yield delivery, arrival


def _resume(store: Store, accounts: Collection[str]) -> None:
    for account in store.halted().keys() & set(accounts):
        store.resume(account)


def _next_try(rest: Rest, barred: Mapping[str, Halted | Paused]) -> datetime | None:
    """When there is something to try again; ``None``: never."""
    pauses = [one.until for one in barred.values() if isinstance(one, Paused)]
    if rest.until is None or not rest.waiting:
        return None
    return max([rest.until, *([min(pauses)] if pauses else [])])


async def _until(moment: datetime, clock: Callable[[], datetime], stop: asyncio.Event) -> None:
    """Wait in small steps: a machine that was asleep goes on at once when it wakes."""
    while not stop.is_set() and (left := (moment - clock()).total_seconds()) > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(left, _STEP))


class _Ending:
    """Brings what still waits to an end; blocking."""

    def __init__(
        self,
        store: Store,
        accesses: Mapping[str, Access],
        barred: Mapping[str, Halted | Paused],
        cut: Collection[str],
        now: datetime,
    ) -> None:
        self._store, self._accesses, self._barred, self._cut, self._now = store, accesses, barred, cut, now

    def close(self, batch: str, *, stopped: bool) -> list[Moved]:
        """Give what became of each mail that was not tried; what was put off keeps its last answer, and is given up silently."""
        moved: list[Moved] = []
        for delivery in list(self._store.deliveries(batch=batch, states=_WAITING)):
            if delivery.account is None:
                continue  # a person sends it
            if delivery.state == "deferred":
                self._give_up(delivery)
            elif (failed := self._failed(delivery)) is not None:
                moved.append(failed)
            else:
                skip, note = (
                    ("stopped", "stopped by the user") if stopped else ("no-password", "there was no password for the log-in")
                )
                moved.append(self._record(delivery, happened(delivery, "skipped", self._now, note=note), skip=skip))
        return moved

    def _failed(self, delivery: Delivery) -> Moved | None:
        """Write down an attempt that ended before the mail's turn: at the connection, or at the log-in."""
        account = delivery.account or ""
        why = self._barred.get(account)
        if why is None:
            return None
        told = why.explanation
        if account in self._cut:  # there was a connection, and it ended at another mail: that says nothing about this one
            said = "the connection ended at the mail before it; run the test again for this one"
            return self._record(delivery, happened(delivery, "skipped", self._now, note=said), skip="account-waits")
        if told is None:  # a limit of the account
            note = why.because if isinstance(why, Paused) else None
            return self._record(delivery, happened(delivery, "skipped", self._now, note=note), skip="account-waits")
        event = happened(
            delivery,
            "rejected" if isinstance(why, Halted) else "deferred",
            self._now,
            attempt=delivery.attempts + 1,
            stage="auth" if isinstance(why, Halted) else _STAGES.get(told.stage or "", told.stage) or "connect",
            reply_code=told.reply_code,
            enhanced_code=told.enhanced_code,
            reply=told.text,
            reason=told.reason,
            cause=told.cause,
            endpoint=self._accesses[account].account.endpoint,
        )
        moved = replace(self._record(delivery, event), explanation=told, transcript=why.transcript)
        if event.state == "deferred":
            self._give_up(moved.delivery)
        return moved

    def _give_up(self, delivery: Delivery) -> None:
        self._record(delivery, happened(delivery, "expired", self._now, note="the round of tests is over"))

    def _record(self, delivery: Delivery, event: Event, *, skip: str | None = None) -> Moved:
        change = Change(delivery.delivery_id, event, skip=skip)
        self._store.record([change])
        return Moved(delivery=change.applied(delivery), event=event)
