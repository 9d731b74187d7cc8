"""Values to rows and back: moments as microseconds, and text that every database can keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from mailkit.journal.delivery import Delivery
from mailkit.journal.event import Event
from mailkit.journal.tables import DELIVERY, EVENT
from mailkit.text import visible

__all__ = ["DELIVERY_COLUMNS", "EVENT_COLUMNS", "delivery", "delivery_row", "event", "event_row", "micros", "moment"]

Row = tuple[Any, ...]

_RENAMED = {"user": "user_code"}
_as_json = msgspec.json.Encoder().encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

DELIVERY_COLUMNS = [DELIVERY.c[_RENAMED.get(name, name)] for name in Delivery.__struct_fields__]
EVENT_COLUMNS = [EVENT.c[_RENAMED.get(name, name)] for name in Event.__struct_fields__]
"""In the order of the fields, so that a row is made without looking at names."""

_DELIVERY_MOMENTS = [Delivery.__struct_fields__.index(name) for name in ("created", "due", "expires", "lease", "changed")]
_NEXT_TRY = Event.__struct_fields__.index("next_try")

# What one of the databases cannot keep in a text: PostgreSQL has no NUL, and half a surrogate pair is not UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def micros(when: datetime) -> int:
    """Give the microseconds since 1970; a time without its zone would be read differently on another machine (``ValueError``).

    >>> micros(datetime(2026, 3, 1, 12, tzinfo=UTC))
    1772366400000000
    """
    if when.tzinfo is None:
        raise ValueError(f"a moment needs its time zone: {when!r}")
    return (when - _EPOCH) // _MICROSECOND


def moment(count: int) -> datetime:
    """Give the time back, in UTC.

    >>> moment(1772366400000000).isoformat()
    '2026-03-01T12:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=count)


def event_row(one: Event) -> Row:
    """Give the values of :data:`EVENT_COLUMNS`."""
    row = list(msgspec.structs.astuple(one))
    row[0] = micros(one.moment)
    if one.next_try is not None:
        row[_NEXT_TRY] = micros(one.next_try)
    return _storable(one, row)


def delivery_row(one: Delivery) -> Row:
    """Give the values of :data:`DELIVERY_COLUMNS`."""
    row = list(msgspec.structs.astuple(one))
    for place in _DELIVERY_MOMENTS:
        if row[place] is not None:
            row[place] = micros(row[place])
    return _storable(one, row)


def _storable(one: Struct, row: list[Any]) -> Row:
    # Text of strangers must not be able to stop a record. It is there in one of millions, so all fields are looked at at once:
    # JSON refuses the one kind and shows the other.
    try:
        suspicious = b"\\u0000" in _as_json(one)
    except UnicodeEncodeError:
        suspicious = True
    if suspicious:
        return tuple(visible(value) if isinstance(value, str) and _UNSTORABLE.search(value) else value for value in row)
    return tuple(row)


def event(row: Sequence[Any]) -> Event:
    """Read back what :func:`event_row` wrote (the store is trusted: nothing is checked again)."""
    fields = dict(zip(Event.__struct_fields__, row, strict=True))
    fields["moment"] = moment(fields["moment"])
    if fields["next_try"] is not None:
        fields["next_try"] = moment(fields["next_try"])
    return Event(**fields)


def delivery(row: Sequence[Any]) -> Delivery:
    """Read back what :func:`delivery_row` wrote."""
    fields = dict(zip(Delivery.__struct_fields__, row, strict=True))
    for name in ("created", "due", "expires", "lease", "changed"):
        if fields[name] is not None:
            fields[name] = moment(fields[name])
    return Delivery(**fields)
