"""Exchange's message tracking log, and the reports with its columns: a row per event, with all recipients it concerns.

Known are the files of a server (``#Fields: date-time,…``), ``Get-MessageTrackingLog`` through ``Export-Csv``, and Exchange
Online's extended report (``date_time_utc``, ``custom_data``). Times are UTC.

``DELIVER``: a mailbox took it (``delivered``). ``SEND``: the next server took it (``accepted``; ``pending`` when that is another
server of the same organisation, whose log tells more). ``FAIL``: ``bounced``. ``DEFER``: ``deferred``. ``RECEIVE``: ``pending``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.dates import Dates
from mailkit.history.importing.exchange import Columns, split_list, words
from mailkit.history.importing.exchange_trace import dates_for
from mailkit.history.importing.identity import key_of
from mailkit.history.importing.outcome import Unreadable
from mailkit.history.importing.reading import Given
from mailkit.history.importing.rows import plain
from mailkit.history.importing.source import Source
from mailkit.journal.delivery import State
from mailkit.journal.event import Event

__all__ = ["TrackingReader", "looks_like"]

_PAUSE = 2000
_SAMPLE = 500
_INSIDE = re.compile(r"intra-?organization", re.IGNORECASE)
_LAST_ERROR = re.compile(r"\{?LED=([^{}]*)\}?")
_CODES = re.compile(r"([245]\d\d)(?:[ \-]([245]\.\d{1,3}\.\d{1,3}))?")
_REMOTE = re.compile(r"\{FQDN=([^{}]*)\}")
_WRONG = ("bounced", "deferred", "rejected")


def looks_like(headers: Sequence[str]) -> int:
    """Say how sure it is that a table has the columns of a tracking log."""
    columns = Columns(headers)
    if "event" not in columns or "moment" not in columns or ("message_id" not in columns and "trace_id" not in columns):
        return 0
    return (
        1 + sum(one in columns for one in ("source", "connector", "recipient", "sender", "info")) if "recipient" in columns else 0
    )


class TrackingReader:
    """Reads tracking logs."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give the events of a file."""
        columns = Columns(source.rows.headers)
        rows = iter(source.rows)
        first = [one for _, one in zip(range(_SAMPLE), rows, strict=False)]
        texts = [columns.get(one[1], "moment") or "" for one in first if not isinstance(one, Unreadable)]
        dates = dates_for(source.name, texts, columns, self._given)
        for part in (first, rows):
            for count, one in enumerate(part):
                if isinstance(one, Unreadable):
                    yield one
                    continue
                yield from self._of(source.name, one[0], one[1], columns, dates)
                if count % _PAUSE == 0:
                    yield None

    def _of(self, file: str, number: int, row: Sequence[str], columns: Columns, dates: Dates) -> Iterator[Event | Unreadable]:
        told = columns.get(row, "event")
        word = plain(told or "")
        known = words()
        if word in known.nothing.events:
            self._given.tally.foreign += 1
            return
        state = known.events.get(word)
        shown = ", ".join(row)
        if state is None:
            yield Unreadable.at(
                file, number, f"the event {clean(told or '', 60)!r} is not one that Exchange is known to write", shown
            )
            return
        try:
            moment = dates.read(columns.get(row, "moment") or "")
        except ValueError:
            yield Unreadable.at(file, number, "this row's time cannot be read", shown)
            return
        to = columns.get(row, "related" if word == "expand" else "recipient")
        if (to and to.startswith("System.")) or (to and to == "{}"):
            yield Unreadable.at(
                file,
                number,
                "the export kept no recipients; make them text first: @{n='Recipients';e={$_.Recipients -join ';'}}",
                shown,
            )
            return
        recipients, statuses = split_list(to), split_list(columns.get(row, "recipient_status"))
        if not recipients:
            if word == "expand":
                self._given.tally.foreign += 1
                return
            yield Unreadable.at(file, number, columns.lacking(row, "recipient"), shown)
        for at, one in enumerate(recipients):
            status = statuses[at] if len(statuses) == len(recipients) else statuses[0] if statuses else None
            yield self._event(row, columns, moment=moment, to=one, status=status, word=word, state=state)

    def _event(
        self, row: Sequence[str], columns: Columns, *, moment: datetime, to: str, status: str | None, word: str, state: State
    ) -> Event:
        recipient = address(to.partition("##")[0])
        message_id = clean(named, 1000) if (named := columns.get(row, "message_id")) else None
        trace_id = columns.get(row, "trace_id")
        connector, server = columns.get(row, "connector"), columns.get(row, "server_host")
        note = words().notes.get("expanded") if word == "expand" else None
        if state == "accepted" and connector and _INSIDE.search(connector):
            state, note = "pending", "to another server of the same organisation"
        said = _reply(status, columns.get(row, "detail"))
        codes = _CODES.search(said or "")
        why = self._given.reasons.of(said, host=_remote(status)) if said and state in _WRONG else None
        return Event(
            moment=moment,
            delivery_id=self._given.identity.of(message_id, recipient, "exchange", trace_id, columns.get(row, "sender")),
            state=state,
            source="exchange-tracking",
            source_key=key_of(
                moment.isoformat(), message_id, trace_id, recipient, word, columns.get(row, "source"), server, connector
            ),
            message_id=message_id,
            sender=address(columns.get(row, "sender") or columns.get(row, "return_path") or ""),
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            subject=clean(subject, 1000) if (subject := columns.get(row, "subject")) else None,
            endpoint=clean(server, 255) if server and state == "accepted" else None,
            address=clean(at, 60) if (at := columns.get(row, "server_ip")) else None,
            stage="arrival" if state == "delivered" else why.stage if why else "data" if state == "accepted" else None,
            reply_code=int(codes[1]) if codes else None,
            enhanced_code=codes[2] if codes else None,
            reply=said,
            reason=why.reason if why else None,
            cause=why.cause if why else None,
            queue_id=clean(trace_id, 60) if trace_id else None,
            queue_ms=_since(columns.get(row, "info"), moment) if state != "pending" else None,
            note=note,
        )


def _reply(status: str | None, detail: str | None) -> str | None:
    """Give the server's words: in newer logs they stand among others, ``[{LED=…};{MSG=…};…]``."""
    text = (status or "").partition("##")[2] if "##" in (status or "") else status
    if text and (told := _LAST_ERROR.search(text)) and told[1].strip():
        text = told[1]
    text = text or detail
    return clean(text.strip("'\" ")) or None if text else None


def _remote(status: str | None) -> str | None:
    told = _REMOTE.search(status or "")
    return told[1] or None if told else None


def _since(info: str | None, moment: datetime) -> float | None:
    """Give how long it took since the message came in, which newer logs note before a semicolon."""
    try:
        began = datetime.fromisoformat((info or "").partition(";")[0])
    except ValueError:
        return None
    began = began if began.tzinfo else began.replace(tzinfo=UTC)
    return max(0.0, round((moment - began).total_seconds() * 1000, 3))
