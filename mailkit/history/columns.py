"""The columns that questions are asked of: those of a delivery event, in types that every engine has.

Times are whole microseconds since 1970 in UTC (no two engines agree on time stamps), numbers are 64 bits wide, everything else
is text. The names are the fields of :class:`mailkit.journal.Event`; in stores and files ``user`` is called ``user_code``.
"""

from __future__ import annotations

import datetime as dt
import types
from typing import Literal, Union, get_args, get_origin, get_type_hints

from mailkit.journal.event import Event

__all__ = ["EVENT_COLUMNS", "NUMBER", "STORED", "Kind"]

Kind = Literal["int64", "float64", "string"]

NUMBER = "event_id"
"""The order in which events were written down; it only grows."""


def _kind(annotation: object) -> Kind:
    parts = [part for part in _parts(annotation) if part is not types.NoneType]
    if parts in ([dt.datetime], [int]):
        return "int64"
    return "float64" if parts == [float] else "string"


def _parts(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


EVENT_COLUMNS: dict[str, Kind] = {
    NUMBER: "int64",
    **{name: _kind(annotation) for name, annotation in get_type_hints(Event).items()},
}
"""Name and type of each column, in order."""

STORED: dict[str, str] = {name: {"user": "user_code"}.get(name, name) for name in EVENT_COLUMNS}
"""What each is called in a store and in a Parquet file (``user`` is a word of SQL)."""
