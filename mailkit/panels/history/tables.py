"""A table as markup: times in the chosen zone, lengths of time in words, empty columns left out. Pure; everything is escaped."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailkit.history.questions import TABLES
from mailkit.history.table import Kind
from mailkit.report.frames import rows
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS
from mailkit.report.words import duration
from mailkit.text import shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ROWS", "TITLES", "markup", "span"]

ROWS = 100
"""Rows on the page; files have all."""
_CELL = 200
TITLES: dict[str, str] = {
    "funnel": "Funnel",
    "timeline": "Funnel over time",
    "latency": "How long it took",
    "reasons": "Reasons",
    "latest": "Mails",
    "stuck": "Stuck mails",
    "unattempted": "Mails never tried",
    "silence": "Why mails were never tried",
    "queue": "Open mails by age",
    "duplicates": "Taken or arrived more than once",
    "gaps": "Silent days",
    "before-after": "Before and after",
    "check": "Can the log be trusted?",
}
"""What the tables are called on the page."""
_ASKED = {"timeline": "funnel"}
_NUMBERS = frozenset({"count", "number", "share", "ms"})


def markup(name: str, frame: pd.DataFrame, zone: str, *, most: int = ROWS) -> str:
    """Return the table with its heading; a sentence below says when there are more rows."""
    if frame.empty:
        return '<p class="mk-about">None.</p>'
    kinds = _kinds(name, frame)
    kept = [at for at, column in enumerate(frame.columns) if not frame[column].isna().all()]
    clock = ZoneInfo(zone)
    says = {one.name: one.says for one in TABLES[_ASKED.get(name, name)].columns}
    names = [str(column) for column in frame.columns]
    head = "".join(
        f'<th scope="col"{_side(kinds[at])} title="{text(says.get(names[at], ""))}">{_heading(names[at])}</th>' for at in kept
    )
    body = "".join(
        f"<tr>{''.join(f'<td{_side(kinds[at])}>{_cell(row[at], kinds[at], clock)}</td>' for at in kept)}</tr>"
        for row in rows(frame.head(most))
    )
    title = TITLES.get(name, name)
    return (
        f'<div class="mk-wide" tabindex="0" role="region" aria-label="{text(title)}" {QUIET_KEYS}>'
        f'<table class="mk-table"><caption>{text(title)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{_cut(frame, most)}"
    )


def span(milliseconds: float) -> str:
    """Return how long something took, up to days.

    >>> [span(ms) for ms in (40, 61_000, 5_400_000, 200_000_000)]
    ['40 ms', '1.0 min', '1.5 h', '2.3 days']
    """
    for unit, size in (("days", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if milliseconds >= size:
            return f"{milliseconds / size:.1f} {unit}"
    return duration(milliseconds)


def _cut(frame: pd.DataFrame, most: int) -> str:
    if len(frame) <= most and not frame.attrs.get("more"):
        return ""
    of = f"more than {len(frame):,}" if frame.attrs.get("more") else f"{len(frame):,}"
    return f'<p class="mk-about">The first {min(most, len(frame)):,} of {of} rows; a file saved below has all.</p>'


def _kinds(name: str, frame: pd.DataFrame) -> list[Kind]:
    known = {one.name: one.kind for one in TABLES[_ASKED.get(name, name)].columns}
    return [known.get(str(column), _guessed(frame[column])) for column in frame.columns]


def _guessed(column: Any) -> Kind:  # noqa: ANN401 - a pandas column
    kind = str(column.dtype)
    return "wall" if kind.startswith("datetime") else "count" if kind.startswith("Int") else "text"


def _heading(name: str) -> str:
    return text(name.removesuffix("_ms").replace("_", " "))


def _side(kind: Kind) -> str:
    return ' class="mk-number"' if kind in _NUMBERS else ' class="mk-day"' if kind in {"moment", "wall"} else ""


def _cell(value: Any, kind: Kind, clock: ZoneInfo) -> str:  # noqa: ANN401 - whatever a cell holds
    if value is None:
        return ""
    if kind == "ms":
        return text(span(value))
    if kind == "share":
        return f"{value:.1%}"
    if kind == "number":
        return f"{value:,.1f}".removesuffix(".0")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dt.datetime):
        return _moment(value.astimezone(clock) if value.tzinfo else value)
    return text(shorten(" ".join(str(value).split()), _CELL))


def _moment(value: dt.datetime) -> str:
    if value.tzinfo is None and value.time() == dt.time():
        return f"{value:%Y-%m-%d}"
    return f"{value:%Y-%m-%d %H:%M}" if value.tzinfo is None else f"{value:%Y-%m-%d %H:%M:%S}"
