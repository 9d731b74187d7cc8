"""Tables of the delivery history on their way out: a terminal, JSON Lines, CSV, an Excel workbook, a web page, Parquet.

Works on the DataFrames of :mod:`mailkit.history.questions`, and on any other. Text in them is what servers, logs and mails said:
each way out makes it harmless for the place it goes to. No formula gets into a spreadsheet (:mod:`.spreadsheet`), no markup into
a page (:mod:`.markup`), no control character to a terminal (:func:`mailkit.text.visible`); in JSON and Parquet it stays as it was
recorded.
"""

from __future__ import annotations

import datetime as dt
import json
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailkit.errors import InputError
from mailkit.report.markup import text as escaped
from mailkit.report.page import style
from mailkit.report.spreadsheet import csv_lines, workbook
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "csv_of", "json_lines", "page", "rows", "save", "terminal"]

_WIDEST_CELL = 40
_NARROWEST = 40
_LONGEST_CELL = 2000
_GAP = 2
_FEW = 60
_NUMBER = ' class="mk-number"'


def rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Give the rows as plain Python values: ``None`` for what is missing, numbers, texts, times (UTC ones with their zone)."""
    columns = [
        [None if missing else _plain(value) for value, missing in zip(frame[name].array, frame[name].isna(), strict=True)]
        for name in frame.columns
    ]
    return zip(*columns, strict=True)


def json_lines(frame: pd.DataFrame, kind: str) -> Iterator[str]:
    """Give each row as a JSON document ``mailkit.history-<kind>/1`` on a line of its own, without the line end."""
    names = [str(name) for name in frame.columns]
    for row in rows(frame):
        document = {"schema": f"mailkit.history-{kind}/1"} | {
            name: _of_json(value) for name, value in zip(names, row, strict=True)
        }
        shown = json.dumps(document, ensure_ascii=False, allow_nan=False)
        # Some readers of JSON Lines take these for the end of a line; half a surrogate pair is no UTF-8.
        yield (
            shown.translate({0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}).encode("utf-8", "backslashreplace").decode()
        )


def csv_of(frame: pd.DataFrame) -> Iterator[str]:
    """Give the table as CSV, line by line, with a heading."""
    return csv_lines([str(name) for name in frame.columns], rows(frame))


def page(tables: Sequence[tuple[str, pd.DataFrame]], title: str, *, language: str = "en") -> str:
    """Return tables, each with its title, as one web page that needs nothing from elsewhere and has no script."""
    parts = "".join(_section(name, frame) for name, frame in tables)
    return (
        f'<!doctype html>\n<html lang="{escaped(language)}"><head><meta charset="utf-8"><title>{escaped(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{style()}{_LOOKS}</style></head>\n"
        f'<body class="mailkit-page"><main class="mailkit mk-wide"><h1>{escaped(title)}</h1>{parts}</main></body></html>\n'
    )


def terminal(frame: pd.DataFrame, width: int = 100) -> str:
    """Return the table as text, its lines at most ``width`` columns; what columns did not fit is said below.

    Empty columns are left out too, for they tell nothing. While there are few rows, long texts stand below theirs.
    """
    names = [str(name) for name in frame.columns]
    plain = list(rows(frame))
    cells = [[_shown(value) for value in row] for row in plain]
    empty = {at for at in range(len(names)) if cells and not any(row[at] for row in cells)}
    room = max(width, _NARROWEST)
    below = _long(plain) - empty if len(plain) <= _FEW else set()
    chosen, sizes = _fitting(names, cells, empty | below, room)
    numbers = _numbers(frame)
    right = [at in numbers for at in chosen]
    made = [_line([names[at] for at in chosen], sizes, right), _line(["-" * size for size in sizes], sizes, None)]
    for row, values in zip(cells, plain, strict=True):
        made.append(_line([row[at] for at in chosen], sizes, right))
        made += [text for at in sorted(below) if values[at] is not None for text in _folded(names[at], values[at], room)]
    left = [names[at] for at in range(len(names)) if at not in {*chosen, *empty, *below}]
    if not cells:
        made = ["(no rows)"]
    elif left:
        made += textwrap.wrap(f"(no room for: {', '.join(left)})", room)
    if frame.attrs.get("more"):
        made.append(f"(there are more than these {len(frame):,} rows)")
    return "\n".join(made) + "\n"


def save(
    tables: Sequence[tuple[str, pd.DataFrame]], path: Path, kind: str | None = None, *, title: str = "Delivery history"
) -> None:
    """Write tables into one file.

    Args:
        tables: names and tables. Only a workbook and a page hold several.
        path: the file; one that is there is replaced when the new one is complete.
        kind: one of :data:`FORMATS`; told from the end of the file's name when not given.
        title: of a page.

    Raises:
        InputError: the format is unknown, does not hold several tables, or the file cannot be written.
    """
    chosen = kind or path.suffix.removeprefix(".").lower()
    chosen = {"htm": "html", "jsonl": "json", "ndjson": "json"}.get(chosen, chosen)
    if chosen not in FORMATS:
        raise InputError(
            f"{visible(path.name)}: no table can be written as {visible(chosen) or 'this'}; give one of {', '.join(FORMATS)}"
        )
    if len(tables) > 1 and chosen not in ("xlsx", "html"):
        raise InputError(f"{chosen} holds one table; choose xlsx or html, or one question")
    new = path.with_name(f".{path.name}.new")
    try:
        FORMATS[chosen](tables, new, title)
        new.replace(path)
    except OSError as error:
        raise InputError(
            f"{visible(str(path))} cannot be written ({error.strerror}); is it open elsewhere, or the disk full?"
        ) from None
    finally:
        new.unlink(missing_ok=True)


def _save_csv(tables: Sequence[tuple[str, pd.DataFrame]], path: Path, _title: str) -> None:
    # With the mark by which Excel knows UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(csv_of(tables[0][1]))


def _save_json(tables: Sequence[tuple[str, pd.DataFrame]], path: Path, _title: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in json_lines(tables[0][1], tables[0][0]))


def _save_workbook(tables: Sequence[tuple[str, pd.DataFrame]], path: Path, _title: str) -> None:
    workbook(path, [(name, [_in_utc(frame, column) for column in frame.columns], rows(frame)) for name, frame in tables])


def _save_page(tables: Sequence[tuple[str, pd.DataFrame]], path: Path, title: str) -> None:
    path.write_text(page(tables, title), encoding="utf-8", newline="\n")


def _save_parquet(tables: Sequence[tuple[str, pd.DataFrame]], path: Path, _title: str) -> None:
    bare = tables[0][1].copy()
    bare.attrs = {}
    bare.to_parquet(path, index=False)


FORMATS: dict[str, Callable[[Sequence[tuple[str, Any]], Path, str], None]] = {
    "csv": _save_csv,
    "xlsx": _save_workbook,
    "html": _save_page,
    "json": _save_json,
    "parquet": _save_parquet,
}
"""What a table can be saved as; ``json``: JSON Lines."""

_LOOKS = (
    ".mailkit.mk-wide{max-width:none}.mk-scroll{overflow-x:auto}.mk-scroll table{border-collapse:collapse;font-size:13px}"
    ".mk-scroll th,.mk-scroll td{padding:3px 10px 3px 0;border-top:1px solid var(--mk-line);text-align:left;vertical-align:top}"
    ".mk-scroll td.mk-number{text-align:right;font-variant-numeric:tabular-nums}"
    "@media print{.mk-scroll{overflow:visible}.mk-scroll table{font-size:9px}}"
)


def _section(name: str, frame: pd.DataFrame) -> str:
    head = "".join(f'<th scope="col">{escaped(_in_utc(frame, column))}</th>' for column in frame.columns)
    numbers = _numbers(frame)
    body = "".join(f"<tr>{''.join(_td(value, at in numbers) for at, value in enumerate(row))}</tr>" for row in rows(frame))
    more = f"<p>There are more than these {len(frame):,} rows.</p>" if frame.attrs.get("more") else ""
    return (
        f'<section><h2>{escaped(name)}</h2><div class="mk-scroll" tabindex="0" role="region" aria-label="{escaped(name)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}</section>"
    )


def _td(value: Any, number: bool) -> str:  # noqa: ANN401, FBT001 - whatever a cell holds, and on which side
    return f"<td{_NUMBER if number else ''}>{escaped(_shown(value, _LONGEST_CELL))}</td>"


def _in_utc(frame: pd.DataFrame, column: Any) -> str:  # noqa: ANN401 - a column's name
    return f"{column} (UTC)" if "UTC" in str(frame[column].dtype) else str(column)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime(warn=False)
    return value.item() if hasattr(value, "item") else value


def _of_json(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value


def _shown(value: Any, limit: int = _WIDEST_CELL) -> str:  # noqa: ANN401 - whatever a cell holds
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        if value.tzinfo is None and value.time() == dt.time():
            return value.date().isoformat()
        return value.replace(tzinfo=None).isoformat(" ", "seconds")
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return shorten(visible(" ".join(str(value).split())), limit)


def _numbers(frame: pd.DataFrame) -> set[int]:
    return {at for at, kind in enumerate(frame.dtypes) if str(kind).lower().startswith(("int", "float"))}


def _long(plain: list[tuple[Any, ...]]) -> set[int]:
    return {at for row in plain for at, value in enumerate(row) if isinstance(value, str) and len(value) > _WIDEST_CELL}


def _folded(name: str, value: Any, width: int) -> list[str]:  # noqa: ANN401 - whatever a cell holds
    return textwrap.wrap(f"{name}: {_shown(value, _LONGEST_CELL)}", width, initial_indent="    ", subsequent_indent="      ")


def _fitting(names: list[str], cells: list[list[str]], empty: set[int], width: int) -> tuple[list[int], list[int]]:
    """Choose the columns for which there is room, in their order, with their sizes."""
    chosen: list[int] = []
    sizes: list[int] = []
    room = width
    for at, name in enumerate(names):
        if at in empty:
            continue
        size = max([_columns(name), *(_columns(row[at]) for row in cells)])
        if size > room:
            # A long text is better cut than a later, shorter column shown in its place.
            if chosen and room < _NARROWEST // 2:
                break
            size = room
        chosen.append(at)
        sizes.append(size)
        room -= size + _GAP
        if room < 1:
            break
    return chosen, sizes


def _line(values: list[str], sizes: list[int], right: list[bool] | None) -> str:
    sides = right or [False] * len(values)
    return (
        (" " * _GAP)
        .join(_padded(value, size, to_right) for value, size, to_right in zip(values, sizes, sides, strict=True))
        .rstrip()
    )


def _padded(value: str, size: int, to_right: bool) -> str:  # noqa: FBT001 - one of two sides
    while _columns(value) > size:
        value = shorten(value, len(value) - 1)
    blank = " " * (size - _columns(value))
    return blank + value if to_right else value + blank


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
