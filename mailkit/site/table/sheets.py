"""The tables people have, as rows of texts: CSV in any encoding and with any delimiter, Excel and OpenDocument workbooks.

No opinion about what a column means: that is :mod:`mailkit.site.table`. Files of strangers are limited in size before they are
opened, because a workbook of a few kilobytes can claim billions of cells.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import python_calamine
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.text import visible

__all__ = ["Sheet", "open_workbook", "read_bytes", "read_sheets"]

MOST_ROWS = 200_000
_MOST_BYTES = 50_000_000
_MOST_UNPACKED = 500_000_000
_MOST_CELLS = 8_000_000
_MOST_COLUMNS = 500
_DELIMITERS = ",;\t|"
_TRIED_LINES = 100
"""How much of a CSV file decides about the delimiter."""

_WHOLE = re.compile(r"-?\d+\.0+")
_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Za-z]{1,3})(\d{1,7})[\"'][^>]*?(/?)>")
_REPEATED = re.compile(rb"number-(?:columns|rows)-repeated=[\"'](\d{1,9})[\"']")
_WEB = re.compile(rb"\s*<(?:!doctype html|html|table|head|meta|style)\b", re.IGNORECASE)


class Sheet(Struct, frozen=True):
    """One sheet: its name (``None`` for CSV) and its rows that are not blank, each with its number from 1."""

    name: str | None
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_bytes(path: str | Path) -> bytes:
    """Read a file that may be a table.

    Raises:
        InputError: it cannot be read, or is too large to be one.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(
                f"{visible(str(path))} is larger than {_MOST_BYTES // 1_000_000} MB; give the sheet of users or clerks alone"
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the table {visible(str(path))} cannot be read ({error.strerror}); give a CSV, .xlsx, .xls or .ods file"
        ) from None


def read_sheets(
    data: bytes, name: str, headers_in: Callable[[tuple[str, ...]], int]
) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Read every sheet of a file, and give what a person should know about how it was read.

    Args:
        data: the file.
        name: the file's name, for messages.
        headers_in: how many known headers a row has; the delimiter of a CSV file is the one that shows the most.

    Raises:
        InputError: it is no table, damaged, protected, or too large.
    """
    shown = visible(name)
    if len(data) > _MOST_BYTES:
        raise InputError(f"{shown} is larger than {_MOST_BYTES // 1_000_000} MB; give the sheet of users or clerks alone")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return _workbook(data, shown), ()
    if data.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf")):
        raise InputError(f"{shown} is no table; save it as CSV or .xlsx with one user or clerk a row")
    if _WEB.match(data.removeprefix(b"\xef\xbb\xbf")) or b"urn:schemas-microsoft-com:office:spreadsheet" in data[:2000]:
        raise InputError(f"{shown} is a web page or XML, whatever its name says; open it in Excel and save it as .xlsx or CSV")
    text, notes = _decoded(data, shown)
    return (Sheet(None, tuple(_csv_rows(text, shown, headers_in))),), notes


# ── CSV ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _decoded(data: bytes, shown: str) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError:
                raise InputError(
                    f"{shown} begins as {encoding.upper()} and goes on otherwise; save it again as CSV UTF-8"
                ) from None
    if b"\x00" in data:
        # UTF-16 without a mark: every second byte of plain letters is zero.
        even, odd = data[0:2000:2].count(0), data[1:2000:2].count(0)
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            text = "\x00"
        if "\x00" in text or max(even, odd) < min(len(data), 2000) // 4:
            raise InputError(f"{shown} is no table; save it as CSV or .xlsx with one user or clerk a row")
        return text, ()
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        # What Excel writes in Western Europe and Canada; the five bytes it has no letter for are kept as escapes.
        text = data.decode("cp1252", "backslashreplace")
        return text, ("The file is not UTF-8: it was read as Windows-1252. Look at the accents.",)


def _csv_rows(text: str, shown: str, headers_in: Callable[[tuple[str, ...]], int]) -> Iterator[tuple[int, tuple[str, ...]]]:
    skipped = 0
    if said := re.match(r"sep=(.)\r?\n", text, re.IGNORECASE):  # for Excel alone
        delimiters, skipped, text = said[1], 1, text[said.end() :]
    else:
        delimiters = _DELIMITERS
    head = "".join(text.splitlines(keepends=True)[:_TRIED_LINES])

    def fitness(delimiter: str) -> tuple[int, int]:
        rows = [tuple(map(_tidy, row)) for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)]
        return max(map(headers_in, rows), default=0), sum(len(row) > 1 for row in rows)

    for number, row in _split(text, max(delimiters, key=fitness), shown):
        yield number + skipped, row


def _split(text: str, delimiter: str, shown: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    before, count = 0, 0
    _check_quotes(text, delimiter, shown)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            row = tuple(_tidy(cell) for cell in cells[:_MOST_COLUMNS])
            if any(row):
                count += 1
                _limit(count, shown)
                yield before + 1, row
            before = reader.line_num
    except csv.Error:
        raise InputError(f"{shown}, line {before + 1}: a cell is longer than any may be; is a quote missing there?") from None


def _check_quotes(text: str, delimiter: str, shown: str) -> None:
    """Refuse a file in which a quote is never closed: all rows behind it would be one cell. Other stray quotes do no harm.

    Raises:
        InputError: there is one.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    before = 0
    try:
        for _ in reader:
            before = reader.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InputError(
                f"{shown}, line {before + 1}: a quote is opened and not closed; close it, or save the table as .xlsx"
            ) from None


# ── workbooks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _workbook(data: bytes, shown: str) -> tuple[Sheet, ...]:
    return tuple(Sheet(name, tuple(_rows(sheet, shown))) for name, sheet in open_workbook(data, shown))


def open_workbook(data: bytes, shown: str) -> list[tuple[str, python_calamine.CalamineSheet]]:
    """Give the sheets of a workbook that would not fill the memory, with their names; hidden ones come last.

    Raises:
        InputError: it is damaged, protected, or too large.
    """
    if data.startswith(b"PK"):
        _weigh(data, shown)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = sorted(
            (one for one in book.sheets_metadata if one.typ == python_calamine.SheetTypeEnum.WorkSheet),
            key=lambda one: one.visible != python_calamine.SheetVisibleEnum.Visible,
        )
        found = [(one.name, book.get_sheet_by_name(one.name)) for one in names]
        if any(sheet.end is not None and (sheet.end[0] + 1) * (sheet.end[1] + 1) > _MOST_CELLS for _, sheet in found):
            raise InputError(_far(shown))
    except python_calamine.PasswordError:
        raise InputError(f"{shown} is protected by a password; save a copy without one") from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{shown} cannot be read as a workbook; open it in Excel and save it again as .xlsx or CSV") from None
    return found


def _rows(sheet: python_calamine.CalamineSheet, shown: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    if sheet.end is None:
        return
    count = 0
    for number, cells in enumerate(sheet.to_python(skip_empty_area=False), 1):
        row = tuple(_tidy(_text(cell)) for cell in cells[:_MOST_COLUMNS])
        if any(row):
            count += 1
            _limit(count, shown)
            yield number, row


def _limit(count: int, shown: str) -> None:
    if count > MOST_ROWS:
        raise InputError(f"{shown} has more than {MOST_ROWS:,} rows; give the sheet of users or clerks alone")


def _weigh(data: bytes, shown: str) -> None:
    """Refuse a workbook that would fill the memory: the reader makes room for every cell up to the last one.

    Raises:
        InputError: it would, or it is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > _MOST_UNPACKED:
                raise InputError(f"{shown} is too large once unpacked; give the sheet of users or clerks alone")
            if any(part.filename.lower().endswith("xl/workbook.bin") for part in parts):
                raise InputError(f"{shown} is a binary workbook (.xlsb); save it as .xlsx")
            for part in parts:
                is_sheet = part.filename.lower().startswith("xl/worksheets/") and part.filename.lower().endswith(".xml")
                if is_sheet or part.filename == "content.xml":
                    with archive.open(part) as file:
                        xml = file.read(_MOST_UNPACKED)
                    if (_area(xml) if is_sheet else _unfolded(xml)) > _MOST_CELLS:
                        raise InputError(_far(shown))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise InputError(f"{shown} is damaged; open it in Excel and save it again as .xlsx or CSV") from None


def _far(shown: str) -> str:
    return (
        f"{shown} has a cell far below or far to the right of the table;"
        " delete the empty rows and columns around it and save it again"
    )


def _area(xml: bytes) -> int:
    """Count the cells from the first to the last one that has a value."""
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    for found in _CELL.finditer(xml):  # there may be millions, of few columns
        letters, number, closed = found.groups()
        if not closed:
            columns.add(letters)
            rows.add(number)
    return max(map(_place, columns), default=0) * max(map(int, rows), default=0)


def _place(letters: bytes) -> int:
    """Give the number of a column from its letters: A is 1, AA is 27."""
    place = 0
    for letter in letters.upper():
        place = place * 26 + letter - 64
    return place


def _unfolded(xml: bytes) -> int:
    """Count the cells of an OpenDocument sheet, repeated ones as often as they are repeated; empty ones at the end are free."""
    count = 0
    for row in xml.split(b"<table:table-row")[1:]:
        head, _, cells = row.partition(b">")
        filled = [cell for cell in cells.split(b"<table:table-cell") if b"value-type=" in cell or b"<text:p" in cell]
        times = [int(number) for number in _REPEATED.findall(head)]
        count += (times[0] if times else 1) * sum(int(found[1]) if (found := _REPEATED.search(cell)) else 1 for cell in filled)
    return count


# ── cells ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(cell: object) -> str:
    """Write a cell as a person reads it: whole numbers without a fraction, days without midnight."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()
    return str(cell)


def _tidy(text: str) -> str:
    """Take away what is around a text and what nobody sees in it; controls become visible."""
    shown = visible(re.sub("[\u200b-\u200d\u2060\ufeff\u00ad]", "", " ".join(text.split())))
    return shown.partition(".")[0] if _WHOLE.fullmatch(shown) else shown
