"""Any table as events, a row each: by a column map, or by what its headers suggest.

A row without a Message-ID is named by its reference, or, where there is none, by itself: then each row is a delivery of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailkit.errors import InputError
from mailkit.explain.vocabulary import reasons
from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.column_map import ColumnMap, Field, guessed, states
from mailkit.history.importing.dates import Dates, order_of
from mailkit.history.importing.identity import key_of
from mailkit.history.importing.outcome import Unreadable
from mailkit.history.importing.reading import Given
from mailkit.history.importing.rows import plain
from mailkit.history.importing.source import Source
from mailkit.journal.event import Event
from mailkit.text import visible

__all__ = ["TableReader", "looks_like"]

_PAUSE = 2000
_SAMPLE = 1000
_PLAIN: tuple[Field, ...] = (
    "kind", "message_id", "property", "user", "mailing", "rule", "subject", "account", "endpoint", "address", "stage",
    "enhanced_code", "reply", "reason", "cause", "tls", "queue_id", "run", "note",
)  # fmt: skip
_NUMBERS: tuple[Field, ...] = ("before_ms", "queue_ms", "connect_ms", "transmit_ms")
_WRONG = ("deferred", "bounced", "rejected", "uncertain", "expired")


def looks_like(source: Source) -> int:
    """Say how sure it is that a file is a table whose headers tell enough."""
    headers = source.rows.headers
    return len(guessed(headers).columns) if headers and not guessed(headers).missing() else 0


class TableReader:
    """Reads tables."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give the events of a file.

        Raises:
            InputError: it is no table, or a column of the map is not in it.
        """
        headers = source.rows.headers
        if not headers:
            raise InputError(
                f"{source.name} is no table that can be read; give a CSV or a workbook whose first row names its columns"
            )
        chosen = self._given.columns or guessed(headers)
        if lacking := chosen.missing():
            raise InputError(f"{source.name}: no column could be told to be {' or '.join(lacking)}; give a column map")
        if self._given.columns is None:
            named = ", ".join(f"{field} = {_joined(column)!r}" for field, column in chosen.columns.items())
            self._given.tally.note(
                f"{source.name}: its columns were guessed: {visible(named)}; give a column map if that is wrong"
            )
        rows = iter(source.rows)
        first = [one for _, one in zip(range(_SAMPLE), rows, strict=False)]
        row_of = _Cells(source.name, headers, chosen)
        texts = [row_of.text(one[1], "moment") or "" for one in first if not isinstance(one, Unreadable)]
        dates = self._dates(source.name, texts, chosen)
        table = _Table(source, chosen, row_of, dates, self._given)
        for part in (first, rows):
            for count, one in enumerate(part):
                yield one if isinstance(one, Unreadable) else table.made(*one)
                if count % _PAUSE == 0:
                    yield None
        if dates.guessed_zone:
            self._given.tally.note(
                f"{source.name}: its times name no zone and were read in this machine's; give the zone if it is another"
            )

    def _dates(self, file: str, texts: Sequence[str], chosen: ColumnMap) -> Dates:
        order = chosen.order or order_of(texts)
        if (
            order is None
            and not chosen.dates
            and any(text[:1].isdigit() and text[1:3].strip("0123456789")[:1] in ("/", ".", "-") for text in texts)
        ):
            self._given.tally.note(f"{file}: in its dates day and month cannot be told apart; they were read day first")
        zone: tzinfo | None = self._given.zone
        if chosen.zone is not None:
            try:
                zone = ZoneInfo(chosen.zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise InputError(
                    f"there is no time zone {visible(chosen.zone)!r}; give one such as America/Toronto or UTC"
                ) from None
        return Dates(zone, order or "dmy", chosen.dates)


class _Cells:
    """The cells of a row by what they are."""

    def __init__(self, file: str, headers: Sequence[str], chosen: ColumnMap) -> None:
        names = [plain(header) for header in headers]
        self._at: dict[Field, tuple[int, ...]] = {}
        self._always = chosen.always
        for field, columns in chosen.columns.items():
            wanted = [columns] if isinstance(columns, str) else columns
            places = [names.index(plain(one)) if plain(one) in names else None for one in wanted]
            if None in places:
                known = ", ".join(header for header in headers if header)
                raise InputError(f"{file} has no column {visible(_joined(columns))!r}; it has: {visible(known[:600])}")
            self._at[field] = tuple(at for at in places if at is not None)

    def text(self, row: Sequence[str], field: Field) -> str | None:
        """Give what stands there; ``None`` where nothing does."""
        places = self._at.get(field)
        if places is None:
            return self._always.get(field)
        text = " ".join(row[at].strip() for at in places if at < len(row)).strip()
        return text or self._always.get(field)

    def first(self, row: Sequence[str], field: Field) -> str | None:
        """Give the first cell of several: where a day has its time already, the column of the time is too much."""
        places = self._at.get(field, ())
        return row[places[0]].strip() or None if len(places) > 1 and places[0] < len(row) else None


class _Table:
    """One table while it is read."""

    def __init__(self, source: Source, chosen: ColumnMap, cells: _Cells, dates: Dates, given: Given) -> None:
        self._file, self._cells, self._dates, self._given = source.name, cells, dates, given
        self._states = states() | {plain(word): state for word, state in chosen.states.items()}

    def made(self, number: int, row: Sequence[str]) -> Event | Unreadable:
        """Make the event of a row."""
        get = self._cells.text
        said, when = get(row, "state"), get(row, "moment")
        shown = ", ".join(row)
        state = self._states.get(plain(said)) if said else None
        if state is None:
            why = (
                f"the state {clean(said, 60)!r} is not known; say under [states] what it means"
                if said
                else "this row has no state"
            )
            return Unreadable.at(self._file, number, why, shown)
        moment = self._moment(when) or self._moment(self._cells.first(row, "moment"))
        if moment is None:
            return Unreadable.at(self._file, number, "this row's time cannot be read" if when else "this row has no time", shown)
        recipient = address(get(row, "recipient") or "")
        told: dict[str, Any] = {name: clean(text, 4000) for name in _PLAIN if (text := get(row, name))}
        told |= {name: _number(get(row, name)) for name in _NUMBERS}
        code = _number(get(row, "reply_code"))
        if told.get("reason", "") not in reasons() and "reason" in told:  # no word of ours, but somebody's sentence
            told["reply"] = told.get("reply") or told.pop("reason")
            told.pop("reason", None)
        if told.get("reply") and "reason" not in told and state in _WRONG:
            why_so = self._given.reasons.of(told["reply"], status=told.get("enhanced_code"))
            told |= {"reason": why_so.reason, "cause": why_so.cause, "stage": told.get("stage") or why_so.stage}
            told["enhanced_code"] = told.get("enhanced_code") or why_so.enhanced_code
            code = code or why_so.reply_code
        tries = _number(get(row, "attempt"))
        return Event(
            moment=moment,
            delivery_id=self._name(row, moment, told.get("message_id"), recipient),
            state=state,
            source="csv",
            source_key=key_of(*row),
            sender=address(get(row, "sender") or ""),
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            attempt=int(tries) if tries and tries >= 1 else None,
            reply_code=int(code) if code and 200 <= code <= 599 else None,
            next_try=self._moment(get(row, "next_try")),
            **told,
        )

    def _name(self, row: Sequence[str], moment: datetime, message_id: str | None, recipient: str | None) -> str:
        if own := self._cells.text(row, "delivery_id"):
            return clean(own, 200)
        reference = self._cells.text(row, "reference")
        return self._given.identity.of(
            message_id, recipient, "csv", reference, *(() if reference else (moment.isoformat(), *row))
        )

    def _moment(self, text: str | None) -> datetime | None:
        try:
            return self._dates.read(text) if text else None
        except ValueError:
            return None


def _number(text: str | None) -> float | None:
    try:
        number = float((text or "").replace("\u00a0", "").replace(" ", "").replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None


def _joined(columns: str | list[str]) -> str:
    return columns if isinstance(columns, str) else " + ".join(columns)
