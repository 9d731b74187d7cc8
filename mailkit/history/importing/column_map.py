"""Column maps: which column of a table is what, kept in a small TOML file; and the guess from headers when there is none.

::

    zone = "America/Toronto"            # of times that name none
    dates = ["%d/%m/%Y %H:%M"]          # only when they are written unusually
    order = "dmy"                       # or "mdy": 03/04/2026

    [columns]
    moment = ["Date", "Time"]           # one column, or several joined by a blank
    recipient = "E-mail"
    state = "Status"
    reference = "Trace No."             # what names the mail at its source, where there is no Message-ID

    [states]
    "Sent OK" = "accepted"

    [always]
    kind = "trace"
    property = "MAIN"
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Literal, get_args

import msgspec
import tomlkit
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.history.importing.dates import Order
from mailkit.history.importing.rows import plain
from mailkit.history.importing.source import Source
from mailkit.journal.delivery import State
from mailkit.knowledge import Meta, read
from mailkit.text import visible

__all__ = ["FIELDS", "ColumnMap", "Field", "guess", "guessed", "read_column_map", "states"]

Field = Literal[
    "moment", "state", "recipient", "sender", "subject", "message_id", "reference", "delivery_id", "user", "property", "kind",
    "mailing", "rule", "account", "endpoint", "address", "stage", "reply_code", "enhanced_code", "reply", "reason", "cause",
    "attempt", "tls", "queue_id", "before_ms", "queue_ms", "connect_ms", "transmit_ms", "next_try", "run", "note",
]  # fmt: skip
"""What a column can be: a field of :class:`mailkit.journal.Event`; ``reference``: what names the mail at its source."""

FIELDS: tuple[Field, ...] = get_args(Field)


class ColumnMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column is what. Headers are compared without blanks, signs, accents and capitals."""

    columns: dict[Field, str | list[str]] = {}
    states: dict[str, State] = {}
    """What the words of the state column mean; the usual ones in English and French are known."""
    always: dict[Field, str] = {}
    """What is the same for all rows."""
    zone: str | None = None
    dates: tuple[str, ...] = ()
    order: Order | None = None

    def toml(self) -> str:
        """Write it as a file to correct and keep."""
        told = {name: value for name, value in msgspec.to_builtins(self).items() if value}
        return tomlkit.dumps(dict(sorted(told.items(), key=lambda one: isinstance(one[1], dict))))

    def missing(self) -> tuple[str, ...]:
        """Say what else is needed to make events of rows."""
        told = {*self.columns, *self.always}
        lacking = [one for one in ("moment", "state") if one not in told]
        if not told & {"recipient", "message_id", "delivery_id", "reference"}:
            lacking.append("recipient")
        return tuple(lacking)


class _Known(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    columns: dict[Field, tuple[str, ...]]
    states: dict[str, State]


@cache
def _known() -> _Known:
    return read(Path(__file__).with_name("columns.toml"), _Known)


def states() -> dict[str, State]:
    """Give the words for states that are known, as :func:`mailkit.history.importing.rows.plain` writes them."""
    return _known().states


def read_column_map(path: str | PathLike[str]) -> ColumnMap:
    """Read a column map.

    Raises:
        InputError: it is not there, or not one; the message says where.
    """
    shown = visible(str(path))
    try:
        made = msgspec.toml.decode(Path(path).read_bytes(), type=ColumnMap)
    except OSError as error:
        raise InputError(f"the column map {shown} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"the column map {shown} is not right: {visible(str(error))}; fields are: {', '.join(FIELDS)}") from None
    if lacking := made.missing():
        raise InputError(f"the column map {shown} does not say which column is {' and '.join(lacking)}")
    return made


def guessed(headers: Sequence[str]) -> ColumnMap:
    """Guess a map from headers; :meth:`ColumnMap.missing` says what it lacks."""
    names = [plain(header) for header in headers]
    columns: dict[Field, str | list[str]] = {}
    for field, words in _known().columns.items():
        place = next((names.index(word) for word in words if word in names), None)
        if place is not None and headers[place] not in columns.values():
            columns[field] = headers[place]
    at = columns.get("moment")
    clock = next((header for header, name in zip(headers, names, strict=True) if name in ("time", "heure", "hour")), None)
    if isinstance(at, str) and clock and plain(at).startswith(("date", "jour", "day")):
        columns["moment"] = [at, clock]
    return ColumnMap(columns=columns)


def guess(path: str | PathLike[str]) -> ColumnMap:
    """Guess the map of a table, to show and to correct (:meth:`ColumnMap.toml`).

    Raises:
        InputError: it is no table.
    """
    with Source(Path(path)) as source:
        if not source.rows.headers:
            raise InputError(
                f"{source.name} is no table that can be read; give a CSV or a workbook whose first row names its columns"
            )
        return guessed(source.rows.headers)
