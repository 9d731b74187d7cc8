"""A row of a source as a :class:`~mailkit.traces.trace.Trace`, or as a row that cannot be used, with the reason.

Cells are texts (CSV, workbooks) or values of a database. No opinion about who gets what: that is :mod:`.decision`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from mailkit.site.file.words import plain
from mailkit.site.traces import TraceSource
from mailkit.text import shorten, visible
from mailkit.traces.columns import Columns, done_header, vocabulary
from mailkit.traces.moments import Ambiguous, clock, parse
from mailkit.traces.trace import Trace, Unusable
from mailkit.traces.zones import Zone, Zones

__all__ = ["Reader"]

_LONGEST = {"text": 20_000, "subject": 500, "id": 120}
_LONGEST_FIELD = 200
_CELL = 100
"""Characters of a cell that are shown when it cannot be used."""
_REMEMBERED = 20_000
_WHOLE = re.compile(r"(-?\d+)[.,]0+")
_NOTHING = frozenset({"", "-", "--", "\u2014", "\u2013", "null", "NULL", "None", "n/a", "N/A", "#N/A"})
_FIELDS_OF_TEXT = (
    "property",
    "clerk",
    "department",
    "address",
    "guest",
    "guest_email",
    "subject",
    "text",
    "sender",
    "record",
    "room",
)

_Moment = tuple[dt.datetime | None, dt.date | None]


class _Bad(Exception):
    """A cell that cannot be used."""

    def __init__(self, reason: str, field: str, why: str) -> None:
        super().__init__(reason, field, why)
        self.reason, self.field, self.why = reason, field, why


class Reader:
    """Reads the rows of one source."""

    def __init__(self, columns: Columns, source: TraceSource, zones: Zones, *, day_first: bool | None) -> None:
        self._places = {column.field: column.place for column in columns.used}
        self._headers = {column.field: column.header for column in columns.used}
        self._count = columns.count
        self._zones = zones
        self._day_first = day_first
        self._utc = source.times == "utc"
        self._moments: dict[tuple[str, str], _Moment] = {}
        words = vocabulary(source.words)
        self._kinds, self._statuses, self._flags, self._languages = (
            words[group] for group in ("kind", "status", "flag", "language")
        )
        self._done = "status" in self._headers and done_header(self._headers["status"])
        self._texts = tuple(
            (field, self._places[field], _LONGEST.get(field, _LONGEST_FIELD))
            for field in _FIELDS_OF_TEXT
            if field in self._places
        )

    def read(self, row: int, cells: Sequence[Any]) -> Trace | Unusable:
        """Read one row; ``row`` is its place in the source."""
        try:
            return self._trace(row, cells)
        except _Bad as bad:
            place = self._places.get(bad.field)
            raw = "" if place is None else _shown(cells[place])
            why = f"{visible(self._headers.get(bad.field, bad.field))}: {bad.why}"
            return Unusable(row=row, reason=bad.reason, column=self._headers.get(bad.field, ""), cell=raw, why=why)  # type: ignore[arg-type]  # the words are those of Unusable

    def _trace(self, row: int, cells: Sequence[Any]) -> Trace:
        places = self._places
        texts: dict[str, str | None] = {}
        for field, place, longest in self._texts:
            value = cells[place]
            # Nearly every cell is a plain text, and there are millions of them.
            text = (value.strip() if value not in _NOTHING else None) if value.__class__ is str else _text(value)
            if text is not None and len(text) > longest:
                raise _Bad("text", field, f"longer than {longest:,} characters; is a quote missing before it?")
            texts[field] = text or None
        clerk = texts.get("clerk")
        if clerk is not None and "@" in clerk and "address" not in texts:
            texts["clerk"], texts["address"] = None, clerk
        zone = self._zones.of(texts.get("property"))
        created, created_on = self._moment(cells, "created", zone)
        due, due_on = self._moment(cells, "due", zone)
        if due is None and due_on is not None and "due_time" in places:
            due = self._due_time(cells, due_on, zone)
        _, business = self._moment(cells, "business", zone)
        kind = self._word(cells, "kind", self._kinds)
        status = self._status(cells) if "status" in places else None
        return Trace(
            row=row,
            id=self._id(cells, texts, created, created_on, due, due_on, kind),
            kind=kind or "trace",
            consent=self._word(cells, "consent", self._flags),
            language=self._languages.get(_plain(_text(cells[places["language"]]) or "")) if "language" in places else None,
            created=created,
            created_on=created_on,
            due=due,
            due_on=due_on,
            business=business,
            status=status,
            mailed=self._mailed(cells) if "mailed" in places else None,
            **texts,
        )

    # ── fields ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _id(self, cells: Sequence[Any], texts: dict[str, str | None], *others: object) -> str:
        if "id" not in self._places:
            # No column tells one from another: what it says does. A changed text is another trace, and the person was told.
            told = "\x1f".join(str(one) for one in (*sorted(texts.items(), key=lambda item: item[0]), *others))
            return "row-" + hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=10).hexdigest()
        text = _text(cells[self._places["id"]])
        if text is None:
            raise _Bad("id", "id", "empty, so nothing tells this trace from another; fill it in at the source")
        if len(text) > _LONGEST["id"]:
            raise _Bad("id", "id", f"longer than {_LONGEST['id']} characters; is it the right column?")
        whole = _WHOLE.fullmatch(text)
        return visible(whole[1] if whole else text)

    def _word(self, cells: Sequence[Any], field: Literal["kind", "consent"], words: dict[str, Any]) -> Any:  # noqa: ANN401 - a value of the field
        place = self._places.get(field)
        if place is None:
            return None
        value = cells[place]
        if isinstance(value, bool) and field == "consent":
            return value
        text = _text(value)
        if text is None:
            return None
        found = words.get(_plain(text))
        if found is None:
            known = "trace, staff, alert" if field == "kind" else "yes and no"
            raise _Bad(field, field, f"this word is not known; say under [traces.source.words] what it means ({known})")
        return found

    def _status(self, cells: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of the field
        value = cells[self._places["status"]]
        if self._done:
            if isinstance(value, bool):
                return "completed" if value else "open"
            if isinstance(value, dt.date) or value is None:
                return "completed" if value else "open"
        text = _text(value)
        if text is None:
            return "open" if self._done else None
        found = self._statuses.get(_plain(text)) if not self._done else None
        if found is None and self._done:
            flag = self._flags.get(_plain(text))
            if flag is None and self._statuses.get(_plain(text)):
                return self._statuses[_plain(text)]
            flag = self._is_day(text) if flag is None else flag
            found = None if flag is None else "completed" if flag else "open"
        if found is None:
            raise _Bad(
                "status",
                "status",
                "this word is not known; say under [traces.source.words] what it means (open, completed, cancelled)",
            )
        return found

    def _mailed(self, cells: Sequence[Any]) -> bool:
        value = cells[self._places["mailed"]]
        if isinstance(value, bool):
            return value
        if isinstance(value, dt.date):
            return True
        text = _text(value)
        if text is None:
            return False
        flag: bool | None = self._flags.get(_plain(text))
        flag = self._is_day(text) if flag is None else flag
        if flag is None:
            raise _Bad("mailed", "mailed", "neither yes, no nor a day; say under [traces.source.words] what it means (yes, no)")
        return flag

    def _is_day(self, text: str) -> bool | None:
        try:
            return True if parse(text, day_first=self._day_first) is not None else None
        except Ambiguous:
            return True

    # ── dates ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _moment(self, cells: Sequence[Any], field: Literal["created", "due", "business"], zone: Zone) -> _Moment:
        place = self._places.get(field)
        if place is None:
            return None, None
        value = cells[place]
        if value.__class__ is str:
            # Days, and hours of the same minute, come again and again.
            known = self._moments.get((value, zone.name))
            if known is None:
                if len(self._moments) > _REMEMBERED:
                    self._moments.clear()
                known = self._moments[value, zone.name] = self._new_moment(value, field, zone)
            return known
        return self._new_moment(value, field, zone)

    def _new_moment(self, value: Any, field: str, zone: Zone) -> _Moment:  # noqa: ANN401 - whatever a source holds
        if not isinstance(value, dt.date):
            text = _text(value)
            if text is None:
                return None, None
            try:
                value = parse(text, day_first=self._day_first)
            except Ambiguous:
                raise _Bad(
                    "date",
                    field,
                    "it may be two days; say in the site file, under [traces.source], whether day_first is true or false",
                ) from None
            if value is None:
                raise _Bad("date", field, "no day; right would be 2026-11-20, or 2026-11-20 08:30")
        if not isinstance(value, dt.datetime):
            return None, value
        return self._placed(value, field, zone)

    def _placed(self, value: dt.datetime, field: str, zone: Zone) -> _Moment:
        """Give a moment in UTC, and its day where the property lies."""
        try:
            if value.tzinfo is None:
                if not self._utc:
                    return value.replace(tzinfo=zone.info).astimezone(dt.UTC), value.date()
                value = value.replace(tzinfo=dt.UTC)
            return value.astimezone(dt.UTC), value.astimezone(zone.info).date()
        except OverflowError:
            raise _Bad("date", field, "a day at the end of all calendars; right would be 2026-11-20") from None

    def _due_time(self, cells: Sequence[Any], day: dt.date, zone: Zone) -> dt.datetime | None:
        value = cells[self._places["due_time"]]
        if isinstance(value, dt.datetime):
            value = value.time()
        if not isinstance(value, dt.time):
            text = _text(value)
            if text is None:
                return None
            value = clock(text)
            if value is None:
                raise _Bad("date", "due_time", "no hour; right would be 08:30")
        return self._placed(dt.datetime.combine(day, value), "due_time", zone)[0]


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever a source holds
    """Give a cell as text; ``None``: there is nothing in it."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, bytes | memoryview):
        text = bytes(value).decode("utf-8", "replace").strip()
    elif isinstance(value, Decimal | float) and math.isfinite(value) and value == int(value):
        text = str(int(value))
    else:
        text = str(value)
    return None if text in _NOTHING else text


def _shown(value: Any) -> str:  # noqa: ANN401 - a cell holds any kind of value
    raw = bytes(value[: _CELL * 4]).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
    return visible(shorten(raw, _CELL)) if value is not None else ""


@lru_cache(maxsize=4096)  # a column says the same few words again and again
def _plain(text: str) -> str:
    return plain(text[:_LONGEST_FIELD])
