"""Tables for spreadsheet programs, as CSV and as Excel workbooks, in which no text of a stranger is ever calculated.

Whatever makes CSV or a workbook here goes through this module: there is one way to make a cell harmless, and this is it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailkit.errors import InputError
from mailkit.text import shorten, visible

__all__ = ["ROWS_OF_EXCEL", "csv_cell", "csv_lines", "csv_text", "workbook"]

ROWS_OF_EXCEL = 1_048_575
"""Rows that fit below a heading."""

_LONGEST = 32_000
"""Characters in a cell; Excel has no more than 32,767."""

# What a spreadsheet program takes for the beginning of a formula, in a full-width script too. A semicolon ends a cell where it is
# the list separator (French, German …), so what stands behind one is a beginning as well.
_FORMULA = re.compile(r"(^|;)(\s*)([=+\-@|%\uff1d\uff0b\uff0d\uff20\u2212])")


def csv_text(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as CSV (RFC 4180) with a heading, safe to open in a spreadsheet program."""
    return "".join(csv_lines(head, rows))


def csv_lines(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Give the same line by line, for tables of any length."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in _and_head(head, rows):
        writer.writerow([csv_cell(value) for value in row])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def csv_cell(value: object) -> object:
    r"""Return a value as it stands in a cell: unknown is empty, times are UTC (ISO 8601), text is one line and never a formula.

    >>> csv_cell("=1+1"), csv_cell("late;\t=1+1"), csv_cell("a - b"), csv_cell(True), csv_cell(None)
    ("'=1+1", "late;'=1+1", 'a - b', 'yes', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int | float):
        return value
    shown = visible(" ".join(str(value).split()))
    return _FORMULA.sub(r"\1'\3", shorten(shown, _LONGEST))


def workbook(path: Path, tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]) -> None:
    """Write an Excel workbook: of each table its name, its heading and its rows; memory is bounded.

    Text is written as text that stays text when its cell is edited. Times are UTC, which the heading says.

    Raises:
        InputError: xlsxwriter is missing, a table has too many rows, or the file cannot be written.
    """
    try:
        import xlsxwriter  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise InputError("an Excel workbook needs xlsxwriter: pip install 'maestro-mailkit[history]'") from None
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
    try:
        with xlsxwriter.Workbook(str(path), plain) as book:
            looks = {
                "head": book.add_format({"bold": True, "bottom": 1, "quote_prefix": True}),
                "text": book.add_format({"quote_prefix": True, "num_format": "@"}),
                "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
                "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            }
            for name, head, rows in tables:
                _sheet(book.add_worksheet(_sheet_name(name)), looks, head, rows)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise InputError(f"{path} cannot be written ({error}); is it open in another program?") from None


def _sheet(sheet: Any, looks: dict[str, Any], head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:  # noqa: ANN401 - xlsxwriter has no types
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(head):
        sheet.write_string(0, at, _one_line(name), looks["head"])
        sheet.set_column(at, at, min(max(len(name) + 2, 10), 40))
    count = 0
    for count, row in enumerate(rows, 1):
        if count > ROWS_OF_EXCEL:
            raise InputError(f"an Excel sheet holds {ROWS_OF_EXCEL:,} rows; choose fewer, or another format")
        for at, value in enumerate(row):
            _write(sheet, looks, (count, at), value)
    if head:
        sheet.autofilter(0, 0, max(count, 1), len(head) - 1)


def _write(sheet: Any, looks: dict[str, Any], place: tuple[int, int], value: object) -> None:  # noqa: ANN401 - xlsxwriter has no types
    if value is None or value != value:  # noqa: PLR0124 - not a number
        return
    if isinstance(value, bool):
        sheet.write_boolean(*place, value)
    elif isinstance(value, datetime):
        # Excel knows no zones, and no years before 1900.
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        if naive.year < 1900:
            sheet.write_string(*place, naive.isoformat(), looks["text"])
        else:
            midnight = value.tzinfo is None and naive.time() == dt.time()
            sheet.write_datetime(*place, naive, looks["day" if midnight else "moment"])
    elif isinstance(value, int | float) and abs(value) < 1e15:
        sheet.write_number(*place, value)
    else:
        sheet.write_string(*place, _one_line(str(value)), looks["text"])


def _one_line(text: str) -> str:
    return shorten(visible(" ".join(text.split())), _LONGEST)


def _sheet_name(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", visible(name))[:31].strip() or "table"


def _and_head(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[Iterable[object]]:
    yield head
    yield from rows
