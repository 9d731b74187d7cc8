"""Pieces of markup that the steps show, beside those of :mod:`mailkit.report`. Pure; every text of unknown origin is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from mailkit.finding import Finding
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold
from mailkit.report.words import SEVERITY, count, who_words
from mailkit.site.erp import User
from mailkit.site.file.mistakes import SiteMistakes
from mailkit.site.pms import Clerk
from mailkit.site.table import Imported, Merged

__all__ = ["card", "code", "error", "facts", "found", "imported", "mistakes", "notice", "scrolled", "source"]

LISTED = 200
"""Mistakes or lines that are shown; the rest is counted."""


def notice(said: str) -> str:
    """Return a remark."""
    return f'<p class="mk-note">{text(said)}</p>' if said else ""


def error(said: str) -> str:
    """Return what could not be done, and why."""
    return _card("error", "Not done", said, "")


def facts(title: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return what is known about something; what is said about the same stands together."""
    return card("info", title, pairs)


def card(tone: str, title: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return a card with a headline and lines below it; ``tone`` is a severity, or ``unknown``."""
    rows = "".join(
        f"<dt>{text(about)}</dt><dd>{'<br>'.join(text(said) for _, said in group)}</dd>"
        for about, group in groupby(pairs, lambda pair: pair[0])
    )
    return (
        f'<section class="mk-card mk-{tone}" aria-label="{text(title)}"><h4 class="mk-headline">{text(title)}</h4>'
        f'<dl class="mk-rows">{rows}</dl></section>'
    )


def mistakes(wrong: SiteMistakes) -> str:
    """Return all that is wrong with a site file, each with its line."""
    rows = [_row(one.line or "", one.field, one.what, one.allowed) for one in wrong.mistakes[:LISTED]]
    more = len(wrong.mistakes) - len(rows)
    table = _table(("Line", "Field", "What is wrong", "What would be right"), rows) + (
        f"<p>… and {more:,} more.</p>" if more else ""
    )
    return _card(
        "error", "Not loaded", f"{wrong.name} has {count(len(wrong.mistakes), 'mistake')}; nothing was taken over.", table
    )


def found(title: str, findings: Sequence[Finding]) -> str:
    """Return findings in short: what is wrong, and who can do what."""
    if not findings:
        return ""
    told = "".join(
        f'<li><span class="mk-word mk-{one.severity}">{SEVERITY[one.severity]}</span> {text(one.summary)}'
        f"{''.join(f'<br>{text(who_words(fix.who, start=True))}: {text(fix.action)}' for fix in one.fix)}</li>"
        for one in findings
    )
    return f'<section class="mk-group"><h4>{text(title)}</h4><ul class="mk-findings">{told}</ul></section>'


def imported(name: str, got: Imported[User] | Imported[Clerk], merged: Merged[Any], named: Callable[[str], str]) -> str:
    """Return what reading a table came to, how its columns were read, and everything that was not understood.

    ``named``: what a field is called.
    """
    same = len(got.rows) - merged.added - merged.changed
    said = f"{name}: {merged.added} added, {merged.changed} changed, {same} as they were."
    columns = "; ".join(f"{column.letter} “{column.header}” as {named(column.field)}" for column in got.columns)
    notes = "".join(f"<p>{text(note)}</p>" for note in (f"Columns read: {columns}." if columns else "", *got.notes) if note)
    missed = got.not_understood
    rows = [_row(one.row, one.column, one.text, one.why) for one in missed[:LISTED]]
    table = _table(("Row", "Column", "What stands there", "What is wrong, what would be right"), rows) if rows else ""
    more = f"<p>… and {len(missed) - len(rows):,} more.</p>" if len(missed) > len(rows) else ""
    return _card("warning" if missed else "ok", "Read", said, f'<div class="mk-about">{notes}</div>{table}{more}')


def scrolled(title: str, markup: str) -> str:
    """Return something wide that scrolls sideways by itself, also with the keyboard."""
    return f'<div class="mk-wide" tabindex="0" role="region" aria-label="{text(title)}" {QUIET_KEYS}>{markup}</div>'


def source(title: str, content: str) -> str:
    """Return a file's text, folded away."""
    return fold(title, f"<pre tabindex=0 {QUIET_KEYS}>{text_lines(content)}</pre>", name="source")


def code(python: str, command: str) -> str:
    """Return the fold with the Python and the command line that do the same."""
    inside = (
        f"<p>In a notebook cell:</p><pre tabindex=0 {QUIET_KEYS}>{text_lines(python)}</pre>"
        f"<p>In a terminal:</p><pre tabindex=0 {QUIET_KEYS}>{text_lines(command)}</pre>"
    )
    return fold("Show the code", inside)


def text_lines(said: str) -> str:
    """Return a text of several lines as markup for a ``pre``."""
    return "\n".join(text(line) for line in said.splitlines())


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<div class="mk-wide"><table class="mk-list"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _row(*cells: object) -> str:
    return f"<tr>{''.join(f'<td>{text(str(cell))}</td>' for cell in cells)}</tr>"


def _card(tone: str, word: str, said: str, inside: str) -> str:
    return (
        f'<section class="mk-card mk-{tone}" aria-label="{text(word)}">'
        f'<p><span class="mk-word mk-{tone}">{text(word)}</span> {text(said)}</p>{inside}</section>'
    )
