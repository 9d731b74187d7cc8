"""Users and clerks from the tables sites have: CSV, Excel, OpenDocument; one user or one clerk a row.

A column that does not exist is *not known*, an empty cell of one that does is *known to be empty* (``""``; where a field has no
such value it stays ``None`` and a note says so), ``?`` is not known. What was not understood is listed. The value of a
password is neither kept nor shown: only whether there is one.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.site.erp import User
from mailkit.site.file.fields import sample, screen_of
from mailkit.site.file.mistakes import looks_secret
from mailkit.site.file.shape import choices, hints_of, leaves, wanted
from mailkit.site.file.words import FLAG, is_empty, is_unknown, meant, plain, provider_named
from mailkit.site.pms import Clerk
from mailkit.site.table.headers import PRODUCT_OF, TYPES, WHOSE, Kind, columns_of, field_of, header_for, rank
from mailkit.site.table.sheets import Sheet, read_bytes, read_sheets
from mailkit.text import shorten, visible

__all__ = ["Column", "Imported", "Kind", "NotUnderstood", "read_clerks", "read_users", "template"]

T = TypeVar("T", User, Clerk)
_HEADER_ROWS = 60
"""How many rows from the top are looked at for the headers."""
_LONGEST = 1000

_NAMED = re.compile(r"\s*[^<>]*<\s*(?:mailto:)?([^<>\s,;]+@[^<>\s,;]+)\s*>\s*")
_TOTAL = re.compile(r"(?:grand |sub ?|sous )?(?:totals?|totaux|sum|count|nombre|somme)\b")
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?")
_DAY_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ T].*)?")


class NotUnderstood(Struct, frozen=True, kw_only=True):
    """A row, a column or a cell that was not taken into the site."""

    sheet: str | None
    row: int
    """As the program that made the table counts, from 1; the row of the headers for a column."""
    column: str
    """Its letter and header, ``C (Port)``; ``""``: the whole row."""
    text: str
    """What stands there, shortened; never of a column that may hold passwords."""
    why: str
    """What is wrong with it and what would be right."""


class Column(Struct, frozen=True, kw_only=True):
    """A column and the field it was taken for."""

    letter: str
    header: str
    field: str


class Imported(Struct, Generic[T], frozen=True, kw_only=True):
    """What a table holds."""

    rows: tuple[T, ...]
    not_understood: tuple[NotUnderstood, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read, in sentences."""
    sheet: str | None = None
    columns: tuple[Column, ...] = ()


def read_users(
    path: str | Path | None = None, *, data: bytes | None = None, name: str = "table", sheet: str | None = None
) -> Imported[User]:
    """Read users of maestro*, one a row.

    Args:
        path: a CSV, .xlsx, .xls or .ods file.
        data: its content instead, with ``name`` for messages.
        name: see ``data``.
        sheet: the sheet of a workbook; else the one with the most known headers.

    Raises:
        InputError: it is no table, or no row of it has known headers.
    """
    return _Reading[User](User, "users").of(path, data, name, sheet)


def read_clerks(
    path: str | Path | None = None, *, data: bytes | None = None, name: str = "table", sheet: str | None = None
) -> Imported[Clerk]:
    """Read clerks of Maestro PMS, one a row; as :func:`read_users`.

    Raises:
        InputError: it is no table, or no row of it has known headers.
    """
    return _Reading[Clerk](Clerk, "clerks").of(path, data, name, sheet)


def template(kind: Kind) -> str:
    """Write an empty table to fill in, as CSV: the headers, and one row as an example (no cell is a formula)."""
    names = TYPES[kind].__struct_fields__
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header_for(kind, name) for name in names)
    examples = (sample(TYPES[kind], name) for name in names)
    writer.writerow({True: "Yes", False: "No"}.get(one, one) if isinstance(one, bool) else one for one in examples)
    return out.getvalue()


# ── cells ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Shape(Struct, frozen=True, kw_only=True):
    """What a field takes, as far as it matters for reading a cell."""

    text: bool
    flag: bool
    day: bool
    choices: tuple[str, ...]
    empty: bool
    """It can be known to be empty."""

    def read(self, text: str) -> bool | int | str | dt.date | None:
        """Read a cell that is neither empty nor a text; ``None``: it cannot be."""
        if self.flag:
            word = meant(FLAG, text)
            return None if word is None else word == "true"
        if self.day:
            return _day(text)
        if self.choices:
            return meant(self.choices, text)
        return int(text) if re.fullmatch(r"-?\d{1,15}", text) else None


@cache
def _shape(kind: type[User | Clerk], field: str) -> _Shape:
    hint = hints_of(kind)[field]
    kinds, words = [leaf for leaf, _ in leaves(hint)], choices(hint)
    return _Shape(
        text=str in kinds,
        flag=bool in kinds,
        day=dt.date in kinds,
        choices=tuple(word for word in words if word),
        empty=str in kinds or "" in words,
    )


# ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Reading(Generic[T]):
    """One table being read."""

    def __init__(self, type_: type[T], kind: Kind) -> None:
        self._type: type[T] = type_
        self._kind: Kind = kind
        self._hints = hints_of(type_)
        self._sheet: str | None = None
        self._missed: list[NotUnderstood] = []
        self._notes: list[str] = []
        self._blank: Counter[int] = Counter()
        self._split: Counter[int] = Counter()
        self._several: Counter[int] = Counter()
        self._columns: dict[int, Column] = {}
        self._secrets = False

    def of(self, path: str | Path | None, data: bytes | None, name: str, sheet: str | None) -> Imported[T]:
        if data is None:
            if path is None:
                raise InputError("give the path of a table, or its bytes")
            data, name = read_bytes(path), Path(path).name
        sheets, notes = read_sheets(data, name, lambda row: len(columns_of(self._kind, row)))
        self._notes += notes
        chosen, at = self._choose(sheets, name, sheet)
        self._sheet = chosen.name
        head = self._head(chosen, at)
        rows = list(self._rows(chosen, at, head))
        self._tell()
        return Imported(
            rows=tuple(rows),
            not_understood=tuple(self._missed),
            notes=tuple(self._notes),
            sheet=chosen.name,
            columns=tuple(self._columns.values()),
        )

    def _choose(self, sheets: Sequence[Sheet], name: str, wanted_sheet: str | None) -> tuple[Sheet, int]:
        """Find the sheet, and the row of its headers."""
        if wanted_sheet is not None:
            sheets = [sheet for sheet in sheets if sheet.name == wanted_sheet]
            if not sheets:
                raise InputError(f"{visible(name)} has no sheet called {visible(wanted_sheet)}")
        ranked: list[tuple[int, Sheet, int]] = []
        for sheet in sheets:
            top = [(rank(self._kind, self._texts(sheet, at)), -at) for at in range(min(len(sheet.rows), _HEADER_ROWS))]
            best, at = max(top, default=(0, 0))
            if best:
                ranked.append((best, sheet, -at))
        if not ranked:
            right = ", ".join(header_for(self._kind, field) for field in self._type.__struct_fields__[:6])
            raise InputError(
                f"{visible(name)} has no row of headers that could be understood; above the {self._kind} write headers"
                f" such as {right} (at least one that says whose row it is)"
            )
        _, chosen, at = max(ranked, key=lambda one: one[0])  # the first of equal ones
        if len(sheets) > 1:
            others = [visible(sheet.name or "") for _, sheet, _ in ranked if sheet is not chosen]
            also = f" {', '.join(others)} could be read too; it was not." if others else ""
            self._notes.append(f"The sheet {visible(chosen.name or '')} was read, of {len(sheets)}.{also}")
        return chosen, at

    def _texts(self, sheet: Sheet, at: int) -> list[str]:
        """Give a row of headers; over two rows, merged, the text of a cell may be in the upper one."""
        row: tuple[str, ...] = sheet.rows[at][1]
        above: tuple[str, ...] = ()
        if at and sheet.rows[at - 1][0] == sheet.rows[at][0] - 1:
            above = sheet.rows[at - 1][1]
        texts = [*row, *[""] * (len(above) - len(row))]
        for place, text in enumerate(above):
            if not texts[place] and field_of(self._kind, text):
                texts[place] = text
        return texts

    def _head(self, sheet: Sheet, at: int) -> dict[int, str]:
        """Decide what each column is, and list those that are nothing."""
        number = sheet.rows[at][0]
        texts = self._texts(sheet, at)
        texts += [""] * (max(len(row) for _, row in sheet.rows[at:]) - len(texts))
        head = columns_of(self._kind, texts)
        for place, text in enumerate(texts):
            filled = [line for line, one in sheet.rows[at + 1 :] if place < len(one) and one[place]]
            if place in head:
                self._columns[place] = Column(letter=_letter(place), header=text, field=head[place])
            elif text or filled:
                self._missed.append(self._miss(number, place, text, text, self._no_field(text, head, texts, filled)))
        return head

    def _no_field(self, text: str, head: dict[int, str], texts: Sequence[str], filled: list[int]) -> str:
        cells = f"it was not read (filled in {_rows_of(len(filled))}, first in row {filled[0]})" if filled else "it is empty"
        if not text:
            return f"the column has no header; {cells}"
        field = field_of(self._kind, text)
        if field:
            first = next(place for place, one in head.items() if one == field)
            return f"the column {_letter(first)} ({visible(shorten(texts[first], 40))}) was taken for the same field; {cells}"
        if looks_secret(plain(text).replace(" ", "_")):
            return f"no field of mailkit holds such a secret; {cells}"
        return f"no field of a {self._kind[:-1]} is known by this name; {cells}"

    def _rows(self, sheet: Sheet, at: int, head: dict[int, str]) -> Iterator[T]:
        repeated = 0
        headers = sheet.rows[at][1]
        for number, row in sheet.rows[at + 1 :]:
            cells = {place: row[place] if place < len(row) else "" for place in head}
            if row == headers:
                repeated += 1
                continue
            why = self._no_row(row, cells, head)
            if why is None:
                yield self._type(**{field: self._value(number, place, field, cells[place]) for place, field in head.items()})
            else:
                shown = " | ".join(text for place, text in cells.items() if text and head[place] != "password")
                self._missed.append(self._miss(number, None, "", shown, why))
        if repeated:
            self._notes.append(f"The headers are repeated in {_rows_of(repeated)}: left out.")

    def _no_row(self, row: Sequence[str], cells: dict[int, str], head: dict[int, str]) -> str | None:
        """Say why a row is not one of a user or a clerk; ``None``: it is one."""
        filled = [text for text in row if text]
        if _TOTAL.match(plain(filled[0])) and len(filled) <= max(2, len(head) // 2):
            return "it looks like a total, not like a row"
        if (
            len(filled) == 1
            and len(head) > 2
            and " " in filled[0]
            and filled[0] not in [cells[at] for at in head if head[at] == "name"]
        ):
            return "it looks like a remark below the table: only one cell is filled"
        whose = [text for place, text in cells.items() if head[place] in WHOSE[self._kind]]
        if all(not text or is_unknown(text) or is_empty(text) for text in whose):
            asked = ", ".join(header_for(self._kind, field) for field in WHOSE[self._kind][:4])
            return f"nothing says whose row it is; fill in one of {asked}"
        return None

    # ── cells ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _value(self, row: int, place: int, field: str, text: str) -> Any:  # noqa: ANN401 - a field's value
        """Read one cell."""
        if len(text) < 20 and is_unknown(text):
            return None
        if field == "password":
            return self._password(text)
        shape = _shape(self._type, field)
        if not text or (is_empty(text) and not meant(shape.choices, text)):
            if shape.empty:
                return ""
            self._blank[place] += 1
            return None
        if shape.text:
            return self._text(row, place, field, text)
        value = shape.read(text)
        try:
            if value is not None:
                return msgspec.convert(value, self._hints[field])
        except msgspec.ValidationError:
            pass
        allowed = "Yes or No" if shape.flag else wanted(self._hints[field])
        self._missed.append(self._miss(row, place, "", text, f"allowed: {allowed}; it is taken as not known"))
        return None

    def _password(self, text: str) -> str:
        word = meant(("set", "empty"), text)
        if text and word is None and not is_empty(text) and set(text) - set("*•●·"):
            self._secrets = True
        return word or ("empty" if not text or is_empty(text) else "set")

    def _text(self, row: int, place: int, field: str, text: str) -> str | None:
        if len(text) > _LONGEST:
            self._missed.append(
                self._miss(row, place, "", text, f"longer than {_LONGEST:,} characters; it is taken as not known")
            )
            return None
        if text.startswith("#") and text.rstrip("!?").upper() in {"#N/A", "#REF", "#VALUE", "#NAME", "#NULL", "#NUM", "#DIV/0"}:
            self._missed.append(self._miss(row, place, "", text, "a formula that failed; it is taken as not known"))
            return None
        if field == "provider":
            return provider_named(text)
        screen = screen_of(PRODUCT_OF[self._kind], f"{self._kind}.{field}")
        if field == "contact_email" or (screen is not None and screen.kind == "address"):
            if named := _NAMED.fullmatch(text):
                self._split[place] += 1
                return named[1]
            if text.lower().startswith("mailto:"):
                self._split[place] += 1
                return text[7:].partition("?")[0]
            if text.count("@") > 1:
                self._several[place] += 1
        return text

    # ── words ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _miss(self, row: int, place: int | None, header: str, text: str, why: str) -> NotUnderstood:
        column = "" if place is None else self._named(place, header)
        return NotUnderstood(sheet=self._sheet, row=row, column=column, text=visible(shorten(text, 80)), why=why)

    def _named(self, place: int, header: str = "") -> str:
        text = self._columns[place].header if place in self._columns else header
        return f"{_letter(place)} ({visible(shorten(text, 40))})" if text else _letter(place)

    def _tell(self) -> None:
        """Say what was done to cells that were understood."""
        for place, count in sorted(self._blank.items()):
            self._notes.append(f"{self._named(place)}: empty in {_rows_of(count)}, which leaves it not known there.")
        for place, count in sorted(self._split.items()):
            self._notes.append(
                f"{self._named(place)}: in {_rows_of(count)} a name stood beside the address; the address was kept."
            )
        for place, count in sorted(self._several.items()):
            self._notes.append(f"{self._named(place)}: more than one address in {_rows_of(count)}; they are kept as they are.")
        for place in (place for place, column in self._columns.items() if column.field == "password"):
            self._notes.append(
                f"{self._named(place)} seems to hold passwords. None was kept, only whether there is one. Take the column out of"
                " the table, and have passwords changed that others could read there."
                if self._secrets
                else f"{self._named(place)}: only whether there is a password was kept."
            )


def _rows_of(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _letter(place: int) -> str:
    """Name a column as spreadsheets do: A, B, …, Z, AA."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def _day(text: str) -> dt.date | None:
    """Read a day; 11/02/2026, which is two days, is none."""
    if found := _DAY.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DAY_LAST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
        if month > 12:
            day, month = month, day
        elif day <= 12 and day != month:
            return None
    else:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
