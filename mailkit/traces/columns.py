"""Which column of a source is which field of a trace: as the site file says, else guessed by its header. Every guess is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.knowledge import read
from mailkit.site.file.words import plain
from mailkit.site.traces import TraceColumns, TraceWords
from mailkit.text import shorten, visible

__all__ = ["Column", "Columns", "columns_of", "done_header", "fit", "vocabulary"]

_RECIPIENTS = ("clerk", "department", "address", "guest_email")
_LONGEST_HEADER = 100


class _Meta(Struct, frozen=True, forbid_unknown_fields=True):
    date: dt.date
    sources: tuple[str, ...]


class _Done(Struct, frozen=True, forbid_unknown_fields=True):
    headers: tuple[str, ...]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    meta: _Meta
    headers: dict[str, tuple[str, ...]]
    done: _Done
    words: dict[str, tuple[str, ...]]


class Column(Struct, frozen=True, kw_only=True):
    """A column that is read, and as what."""

    field: str
    header: str
    how: Literal["named", "guessed"]
    """The site file names it; or its header looks like it."""
    place: int
    """From 0."""


class Columns(Struct, frozen=True, kw_only=True):
    """All columns of a source."""

    used: tuple[Column, ...]
    ignored: tuple[str, ...]
    """Headers that mean no field of a trace, or one that another column has already."""
    count: int

    def of(self, field: str) -> Column | None:
        """Give the column of a field; ``None``: there is none."""
        return next((column for column in self.used if column.field == field), None)


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("columns.toml"), _Table)


@cache
def _guesses() -> dict[str, tuple[str, int]]:
    """Give, for each known header, its field and how sure that is (0: the surest)."""
    found: dict[str, tuple[str, int]] = {}
    for field, headers in _table().headers.items():
        for rank, header in enumerate((field, *headers)):
            known = found.get(plain(header))
            if known is None or rank < known[1]:
                found[plain(header)] = (field, rank)
    return found


def fit(row: Sequence[str]) -> int:
    """Say how much a row looks like headers of traces; 0: not at all."""
    found = {_guesses()[word][0] for text in row if (word := plain(text[:_LONGEST_HEADER])) in _guesses()}
    return len(found) if len(found) > 1 and found & {*_RECIPIENTS, "text", "subject", "guest"} else 0


def done_header(header: str) -> bool:
    """Say whether a column tells that, or when, the task was done, instead of naming its status."""
    return plain(header) in {plain(one) for one in _table().done.headers}


def columns_of(headers: Sequence[str], wanted: TraceColumns, name: str) -> Columns:
    """Decide what each column is.

    Raises:
        InputError: a column that the site file names is not there, or none says to whom a trace goes.
    """
    plain_headers = [plain(header[:_LONGEST_HEADER]) for header in headers]
    used: dict[str, Column] = {}
    taken: set[int] = set()
    for field, header in msgspec.structs.asdict(wanted).items():
        if header is None or not header.strip():
            continue
        exact = [place for place, text in enumerate(headers) if text.strip() == header.strip()]
        places = exact or [place for place, text in enumerate(plain_headers) if text == plain(header)]
        if not places:
            raise InputError(
                f"{visible(name)} has no column {visible(shorten(header, 60))!r}, which [traces.source.columns] names as {field};"
                f" it has {_listed(headers)}"
            )
        used[field] = Column(field=field, header=headers[places[0]], how="named", place=places[0])
        taken.add(places[0])
    blank = {field for field, header in msgspec.structs.asdict(wanted).items() if header is not None and not header.strip()}
    ranked = sorted(
        (guess[1], place, guess[0])
        for place, text in enumerate(plain_headers)
        if place not in taken and (guess := _guesses().get(text)) is not None
    )
    for _, place, field in ranked:
        if field not in used and field not in blank:
            used[field] = Column(field=field, header=headers[place], how="guessed", place=place)
            taken.add(place)
    if not any(field in used for field in _RECIPIENTS):
        raise InputError(
            f"{visible(name)} has no column that says to whom a trace goes; name one under [traces.source.columns]"
            f' of the site file, such as clerk = "Clerk"; it has {_listed(headers)}'
        )
    ignored = tuple(visible(shorten(text, 60)) for place, text in enumerate(headers) if place not in taken and text.strip())
    ordered = sorted(used.values(), key=lambda column: column.place)
    return Columns(used=tuple(ordered), ignored=ignored, count=len(headers))


def _listed(headers: Sequence[str]) -> str:
    names = [visible(shorten(text, 40)) for text in headers if text.strip()]
    more = [f"{len(names) - 12} more"] if len(names) > 12 else []
    return ", ".join(names[:12] + more) or "no headers"


def vocabulary(own: TraceWords) -> dict[str, dict[str, Any]]:
    """Give what each word of a column means: of ``kind``, ``status``, ``flag`` and ``language``; the site's own go first."""
    said = msgspec.structs.asdict(own)
    groups: dict[str, dict[str, Any]] = {
        "kind": {"trace": "trace", "staff": "staff", "alert": "alert"},
        "status": {"open": "open", "completed": "completed", "cancelled": "cancelled"},
        "flag": {"yes": True, "no": False},
        "language": {"en": "en", "fr": "fr"},
    }
    found: dict[str, dict[str, Any]] = {}
    for group, values in groups.items():
        words: dict[str, Any] = {}
        for name, value in values.items():
            words |= {plain(word): value for word in (said.get(name) or "").split(",") if plain(word)}
        for name, value in values.items():
            for word in (name, *_table().words[name]):
                words.setdefault(plain(word), value)
        found[group] = words
    return found
