"""Rows of a file: CSV read as a stream in any encoding, workbooks through :mod:`mailkit.site.table`.

A file is looked at once before it is read: its encoding, what stands between its cells, whether a quote is left open, and how
many cells its rows have. After that a few rows are in memory at a time, however long it is.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.site.table.sheets import open_workbook, read_bytes
from mailkit.text import shorten, visible
from mailkit.traces.columns import fit

__all__ = ["BadRow", "Table", "open_table"]

_HEAD = 65_536
_TRIED_LINES = 100
_HEADER_ROWS = 30
_MOST_BYTES = 4_000_000_000
_MOST_COLUMNS = 500
_LONGEST_CELL = 500_000
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_NO_TABLES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf", b"<!DOC", b"<html", b"<?xml", b"\x1f\x8b")
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

csv.field_size_limit(_LONGEST_CELL)

Separator = Literal["comma", "semicolon", "tab", "bar"]
Row = tuple[int, list[Any]]
"""A number, and cells: texts of a CSV file, values of a workbook."""


class BadRow(Struct, frozen=True):
    """A row that has not the shape of the others."""

    row: int
    text: str
    why: str


class Table(Struct, frozen=True, kw_only=True):
    """A file with its headers; :func:`open_table` makes it, ``rows()`` reads it from the beginning each time."""

    path: Path
    headers: tuple[str, ...]
    first: int
    """The row of the headers."""
    notes: tuple[str, ...]
    encoding: str | None = None
    separator: str = ","
    trims: bool = False
    """The program that wrote it leaves empty cells at the end of a row out."""
    sheet: Any = None
    """The sheet of a workbook, as its library keeps it; ``None``: a CSV file."""

    def rows(self) -> Generator[Row | BadRow, None, None]:
        """Give each row below the headers that is not blank, with its number."""
        width = len(self.headers)
        every = self._sheet_rows() if self.sheet is not None else self._csv_rows()
        for one in every:
            if isinstance(one, BadRow):
                yield one
                continue
            number, cells = one
            if number <= self.first or _blank(cells) or tuple(cells) == self.headers:
                continue
            if len(cells) > width and not _blank(cells[width:]):
                yield BadRow(
                    number,
                    _joined(cells),
                    f"it has {len(cells)} cells and the headers {width}: a separator stands in a text without quotes",
                )
            elif len(cells) < width and not self.trims:
                yield BadRow(
                    number,
                    _joined(cells),
                    f"it has {len(cells)} cells and the headers {width}: a line break stands in a text without quotes",
                )
            else:
                yield number, cells + [""] * (width - len(cells))

    def _sheet_rows(self) -> Iterator[Row]:
        yield from enumerate(self.sheet.iter_rows(), 1)

    def _csv_rows(self) -> Iterator[Row | BadRow]:
        with _opened(self.path, self.encoding or "utf-8") as file:
            reader = csv.reader(file, delimiter=self.separator, skipinitialspace=True)
            while True:
                number = reader.line_num + 1
                try:
                    yield number, next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield BadRow(number, "", "a cell is longer than any may be; is a quote missing there?")


def open_table(path: Path, *, sheet: str | None = None, encoding: str | None = None, separator: Separator | None = None) -> Table:
    """Look at a file and find its headers.

    Raises:
        InputError: it cannot be read, or is no table.
    """
    name = visible(str(path))
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise InputError(
            f"the file {name} cannot be read ({error.strerror}); give a CSV file or a workbook (.xlsx, .ods)"
        ) from None
    if not head.strip():
        raise InputError(f"{name} is empty; export the traces again, with their headers")
    if head.startswith(_WORKBOOKS):
        return _workbook(path, sheet)
    if head.lstrip().startswith(_NO_TABLES):
        raise InputError(f"{name} is no table; save it as CSV or .xlsx with one trace a row")
    if size > _MOST_BYTES:
        raise InputError(f"{name} is larger than {_MOST_BYTES // 1_000_000_000} GB; give the traces of the last weeks alone")
    found, notes = _encoding(path, head, encoding, name)
    return _csv(path, found, separator, notes, name)


def _workbook(path: Path, wanted: str | None) -> Table:
    name = visible(path.name)
    try:
        sheets = open_workbook(read_bytes(path), name)
    except InputError as error:
        # The reader of workbooks speaks of what it was made for.
        raise InputError(str(error).replace("users or clerks", "traces").replace("user or clerk", "trace")) from None
    named = [(title, sheet) for title, sheet in sheets if wanted is None or title == wanted]
    if not named:
        there = ", ".join(visible(title) for title, _ in sheets)
        raise InputError(f"{name} has no sheet called {visible(wanted or '')}; it has {there}")
    best: tuple[int, int, str, Any, tuple[str, ...]] | None = None
    for title, sheet in named:
        for number, cells in enumerate(itertools.islice(sheet.iter_rows(), _HEADER_ROWS), 1):
            row = tuple(str(cell).strip() for cell in cells[:_MOST_COLUMNS])
            rank = fit(row)
            if best is None or rank > best[0]:
                best = (rank, number, title, sheet, row)
    if best is None or not best[0]:
        raise InputError(_no_headers(name))
    _, first, title, sheet, headers = best
    notes = (f"The sheet {visible(title)} was read, of {len(sheets)}.",) if len(sheets) > 1 else ()
    return Table(path=path, headers=headers, first=first, notes=notes, trims=True, sheet=sheet)


def _no_headers(name: str) -> str:
    return (
        f"{name} has no row of headers that could be understood; write headers such as Trace ID, Clerk, Subject, Created, Status"
        " above the traces, or name the columns under [traces.source.columns] of the site file"
    )


# ── CSV ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _opened(path: Path, encoding: str) -> IO[str]:
    # A byte that the encoding has no letter for is kept as an escape: one letter is no reason to lose a row.
    return path.open(encoding=encoding, errors="backslashreplace", newline="")


def _encoding(path: Path, head: bytes, wanted: str | None, name: str) -> tuple[str, tuple[str, ...]]:
    if wanted:
        try:
            return codecs.lookup(wanted).name, ()
        except LookupError:
            raise InputError(
                f"the encoding {visible(shorten(wanted, 40))!r} of [traces.source] does not exist; write utf-8, cp1252 or utf-16"
            ) from None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, ()
    if b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) < len(head) // 8:
            raise InputError(f"{name} is no table; save it as CSV or .xlsx with one trace a row")
        return ("utf-16-le" if odd > even else "utf-16-be"), ()
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", ("The file is not UTF-8: it was read as Windows-1252. Look at the accents.",)
    return "utf-8", ()


def _csv(path: Path, encoding: str, wanted: Separator | None, notes: tuple[str, ...], name: str) -> Table:
    with _opened(path, encoding) as file:
        lines = list(itertools.islice(file, _TRIED_LINES))
    skipped = 0
    separators = [_SEPARATORS[wanted]] if wanted else list(_SEPARATORS.values())
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:  # a line for Excel alone
        separators, skipped = [lines[0][4]], 1
    best: tuple[tuple[int, int], str, int, tuple[str, ...]] | None = None
    for separator in separators:
        reader = csv.reader(io.StringIO("".join(lines[skipped:]), newline=""), delimiter=separator, skipinitialspace=True)
        number = skipped
        for _ in range(_HEADER_ROWS):
            try:
                cells = next(reader)
            except (StopIteration, csv.Error):
                break
            here, number = number + 1, skipped + reader.line_num
            row = tuple(cell.strip().lstrip("\ufeff") for cell in cells[:_MOST_COLUMNS])
            rank = (fit(row), sum(map(bool, row)))
            if best is None or rank > best[0]:
                best = (rank, separator, here, row)
    if best is None or (not best[0][0] and best[0][1] < 2):
        raise InputError(_no_headers(name))
    _, separator, first, headers = best
    while headers and not headers[-1]:
        headers = headers[:-1]
    return Table(
        path=path,
        headers=headers,
        first=first,
        notes=notes,
        encoding=encoding,
        separator=separator,
        trims=_trims(path, encoding, separator, headers, name),
    )


def _trims(path: Path, encoding: str, separator: str, headers: tuple[str, ...], name: str) -> bool:
    """Go through the whole file once: is a quote left open, and are empty cells at the end of a row left out?

    Raises:
        InputError: a quote is opened and not closed: all rows behind it would be one cell.
    """
    lengths: Counter[bool] = Counter()
    width = len(headers)
    with _opened(path, encoding) as file:
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
        while True:
            before = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if "unexpected end" in str(error):
                    raise InputError(
                        f"{name}, line {before + 1}: a quote is opened and not closed; close it, or save the table as .xlsx"
                    ) from None
                continue
            if len(cells) >= width:
                lengths[not cells[width - 1].strip()] += 1
    return not lengths[True]


def _blank(cells: list[Any]) -> bool:
    return not any(cell.strip() if cell.__class__ is str else cell is not None for cell in cells)


def _joined(cells: list[Any]) -> str:
    return visible(shorten(" | ".join(str(cell) for cell in cells[:20]), 200))
