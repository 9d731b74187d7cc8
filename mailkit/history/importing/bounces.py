"""Bounces as events: an ``.eml``, an mbox, a Maildir, a folder, or mails from elsewhere, read by :mod:`mailkit.explain`.

``bounced``: a server returned it for good; ``expired``: it was given up after waiting; ``deferred``: a notice of a delay;
``delivered``: a report that says so. A bounce can be forged; it becomes part of one of the kit's own deliveries only if it names
that one's Message-ID. Complaints, automatic answers and ordinary mails say nothing about a delivery.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailkit.explain import BounceReading, Fact, looks_like_mail, mails, read_bounce
from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.identity import Identity, Own, key_of
from mailkit.history.importing.outcome import Tally, Unreadable
from mailkit.history.importing.reading import Given
from mailkit.history.importing.source import Source
from mailkit.journal.delivery import State
from mailkit.journal.event import Event

__all__ = ["BounceReader", "looks_like", "read_mails"]

_HEADER = re.compile(rb"(?im)^(message-id|date|received):[ \t]*((?:[^\r\n]|\r?\n[ \t])*)")
_HEAD = 1 << 16
_STAGES = {"recipient_": "recipient", "mailbox_": "recipient", "content_": "data", "message_": "data", "too_big": "data"}


def looks_like(head: bytes) -> int:
    """Say how sure it is that a file holds mails."""
    return int(looks_like_mail(head))


class BounceReader:
    """Reads files of mails."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give the events of a file, and ``None`` for each mail that says nothing about a delivery."""
        for number, (raw, _) in enumerate(mails(source.whole()), 1):
            yield from self._of(raw, source.name, number, source.until)
            yield None

    def _of(self, raw: bytes, name: str, number: int, until: datetime | None) -> Iterator[Event | Unreadable]:
        reading = read_bounce(raw)
        if reading.kind not in ("bounce", "delay", "delivered"):
            self._given.tally.foreign += 1
            return
        moment = _moment(raw) or until
        if moment is None:
            yield Unreadable.at(name, number, "the mail has no date that can be read", raw[:200])
            return
        own_id = next(
            (found[2] for found in _HEADER.finditer(raw[:_HEAD].partition(b"\n\n")[0]) if found[1].lower() == b"message-id"), raw
        )
        for fact in reading.facts:
            yield self._event(reading, fact, moment, b"".join(own_id.split()))

    def _event(self, reading: BounceReading, fact: Fact, moment: datetime, own_id: bytes) -> Event:
        recipient = address(fact.recipient) if fact.recipient else None
        message_id = clean(reading.message_id, 1000) if reading.message_id else None
        key = key_of(own_id, recipient)
        told = reading.kind != "delivered"
        return Event(
            moment=moment,
            delivery_id=self._given.identity.of(message_id, recipient, "bounce", "" if message_id else key),
            state=_state(reading, fact),
            source="bounce",
            source_key=key,
            message_id=message_id,
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            stage=next((stage for begin, stage in _STAGES.items() if fact.cause.startswith(begin)), None),
            reply_code=int(fact.replycode) if fact.replycode else None,
            enhanced_code=fact.status,
            reply=clean(fact.words) if fact.words else None,
            reason=fact.reason if told else None,
            cause=fact.cause if told else None,
            note=f"said by {clean(fact.remote, 200)}" if fact.remote else None,
        )


def read_mails(
    given: Iterable[tuple[str, bytes]], *, own: Own | None = None, tally: Tally | None = None
) -> Iterator[Event | Unreadable]:
    """Read mails that are at hand, each with a name for messages: those of a mailbox's folder, say.

    Args:
        given: names and whole mails.
        own: gives the kit's own delivery of a Message-ID (:func:`mailkit.history.importing.own_of`).
        tally: counts what is no bounce.
    """
    tally = tally if tally is not None else Tally()
    reader = BounceReader(Given(identity=Identity(own), tally=tally))
    for name, raw in given:
        for one in reader._of(raw, clean(name, 300), 1, None):  # noqa: SLF001 - the same file's
            tally.unreadable += isinstance(one, Unreadable)
            tally.events += isinstance(one, Event)
            yield one


def _state(reading: BounceReading, fact: Fact) -> State:
    if reading.kind == "delivered":
        return "delivered"
    if reading.kind == "delay":
        return "deferred"
    return "expired" if fact.reason == "expired" else "bounced"


def _moment(raw: bytes) -> datetime | None:
    """Give when the notice was written: its own date, else that of the last server that took it."""
    fields = {found[1].lower(): found[2] for found in reversed([*_HEADER.finditer(raw[:_HEAD])])}
    for text in (fields.get(b"date"), fields.get(b"received", b"").rpartition(b";")[2]):
        try:
            said = parsedate_to_datetime((text or b"").decode("ascii", "replace"))
            return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
