"""Exchange Online's message trace: a row per message and recipient with what became of it, in its several exports.

Known are ``Get-MessageTrace`` and ``Get-MessageTraceV2`` through ``Export-Csv``, the admin centre's download in English and
French, and the enhanced summary report (``origin_timestamp_utc``, ``recipient_status``). Times are UTC unless the header says
otherwise.

``Delivered`` is ``delivered`` only where the trace shows that it stayed inside (a column for the next server's address that is
empty); with such an address, or without that column, it is ``accepted``. The moment is when Exchange received the message: a
trace does not tell more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo

from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.dates import Dates, order_of
from mailkit.history.importing.exchange import Columns, split_list, words
from mailkit.history.importing.identity import key_of
from mailkit.history.importing.outcome import Unreadable
from mailkit.history.importing.reading import Given
from mailkit.history.importing.rows import plain
from mailkit.history.importing.source import Source
from mailkit.journal.delivery import State
from mailkit.journal.event import Event

__all__ = ["TraceReader", "dates_for", "looks_like"]

_SAMPLE = 500
_PAUSE = 2000


def looks_like(headers: Sequence[str]) -> int:
    """Say how sure it is that a table is a message trace."""
    columns = Columns(headers)
    if "event" in columns and "recipient" not in columns:
        return 0
    told = sum(
        one in columns for one in ("moment", "sender", "recipient", "subject", "message_id", "trace_id", "to_ip", "from_ip")
    )
    if "recipient_status" in columns:
        return told if "moment" in columns else 0
    named = any(one in columns for one in ("trace_id", "to_ip", "from_ip", "message_id")) or columns.addresses
    return told if "status" in columns and "recipient" in columns and "moment" in columns and "sender" in columns and named else 0


class TraceReader:
    """Reads message traces."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give the events of a file."""
        columns = Columns(source.rows.headers)
        rows = iter(source.rows)
        first = [one for _, one in zip(range(_SAMPLE), rows, strict=False)]
        texts = [columns.get(one[1], "moment") or "" for one in first if not isinstance(one, Unreadable)]
        dates = dates_for(source.name, texts, columns, self._given)
        for count, one in enumerate(_chained(first, rows)):
            if isinstance(one, Unreadable):
                yield one
                continue
            yield from self._of(source.name, one[0], one[1], columns, dates)
            if count % _PAUSE == 0:
                yield None

    def _of(self, file: str, number: int, row: Sequence[str], columns: Columns, dates: Dates) -> Iterator[Event | Unreadable]:
        shown = ", ".join(row)
        when = columns.get(row, "moment")
        try:
            moment = dates.read(when or "")
        except ValueError:
            yield Unreadable.at(file, number, "this row's time cannot be read" if when else "this row has no time", shown)
            return
        outcomes = list(_outcomes(row, columns))
        if not outcomes:
            yield Unreadable.at(file, number, columns.lacking(row, "recipient or no status"), shown)
        for to, said in outcomes:
            word = plain(said)
            state = words().status.get(word) or _of_events(said)
            if state is None:
                yield Unreadable.at(
                    file, number, f"the status {clean(said, 60)!r} is not one that Exchange is known to write", shown
                )
                continue
            yield self._event(row, columns, moment=moment, to=to, word=word, state=state)

    def _event(self, row: Sequence[str], columns: Columns, *, moment: datetime, to: str, word: str, state: State) -> Event:
        recipient = address(to)
        message_id = clean(told, 1000) if (told := columns.get(row, "message_id")) else None
        trace_id = columns.get(row, "trace_id")
        sender = address(columns.get(row, "sender") or "")
        to_ip = columns.get(row, "to_ip")
        note = words().notes.get(word)
        if state == "delivered" and "recipient_status" not in columns and (to_ip or "to_ip" not in columns):
            state = "accepted"
            note = (
                None
                if to_ip
                else "Exchange says delivered; whether into a mailbox or to another server, this export does not tell"
            )
        reason, cause = words().reasons.get(word, (None, None))
        return Event(
            moment=moment,
            delivery_id=self._given.identity.of(message_id, recipient, "exchange", trace_id, sender, moment.isoformat()),
            state=state,
            source="exchange-trace",
            source_key=key_of(message_id or trace_id or sender, trace_id, recipient, word, moment.isoformat()),
            message_id=message_id,
            sender=sender,
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            subject=clean(subject, 1000) if (subject := columns.get(row, "subject")) else None,
            address=clean(to_ip, 60) if to_ip else None,
            stage="arrival" if state == "delivered" else None,
            reason=reason,
            cause=cause,
            queue_id=clean(trace_id, 60) if trace_id else None,
            note=note,
        )


def dates_for(file: str, texts: Sequence[str], columns: Columns, given: Given) -> Dates:
    """Choose how the times of a column are read."""
    zone: tzinfo = given.zone or UTC
    if columns.zone is not None:
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{_offset(columns.zone)}").tzinfo or UTC
    order = order_of(texts)
    if order is None and any(text[:1].isdigit() and "/" in text[:6] for text in texts):
        given.tally.note(f"{file}: in its dates day and month cannot be told apart; they were read day first")
    return Dates(zone, order or "dmy")


def _offset(told: str) -> str:
    digits = told[1:].replace(":", "")
    hours, minutes = (digits, "00") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    return f"{told[0]}{int(hours):02d}:{minutes}"


def _outcomes(row: Sequence[str], columns: Columns) -> Iterator[tuple[str, str]]:
    """Give each recipient with its status: of the row, or ``address##Receive, Deliver`` one after the other."""
    listed = columns.get(row, "recipient_status")
    if listed and "##" in listed:
        for one in split_list(listed):
            to, _, said = one.partition("##")
            if to and said:
                yield to, said
        return
    status = columns.get(row, "status")
    if status:
        for to in split_list(columns.get(row, "recipient")):
            yield to, status


def _of_events(said: str) -> State | None:
    """Say what a list of events such as ``Receive, Defer, Send`` ended in."""
    told = [words().events.get(plain(one)) for one in said.replace("|", ",").split(",")]
    known = [one for one in told if one]
    for one in ("delivered", "bounced", "accepted"):
        if one in known[-2:]:
            return one
    return known[-1] if known else None


def _chained(
    first: list[tuple[int, Sequence[str]] | Unreadable], rest: Iterator[tuple[int, Sequence[str]] | Unreadable]
) -> Iterator[tuple[int, Sequence[str]] | Unreadable]:
    yield from first
    first.clear()
    yield from rest
