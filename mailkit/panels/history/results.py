"""What the panel shows of its model: sections of markup, and the words of the status line. Pure."""

from __future__ import annotations

import traceback
from functools import cache, lru_cache
from importlib.resources import files

from mailkit.errors import MailkitError
from mailkit.history.importing import Report
from mailkit.history.questions import TABLES
from mailkit.panels.history.asking import Answered
from mailkit.panels.history.choice import Choice
from mailkit.panels.history.model import Answer, HistoryModel
from mailkit.panels.history.tables import TITLES, markup
from mailkit.panels.job import State
from mailkit.report.explained_page import style_explained
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold
from mailkit.report.words import SEVERITY, count, duration
from mailkit.text import shorten, visible

__all__ = ["above", "below", "charts", "detail", "headlines", "looks", "mails", "status"]

CHARTS = ("funnel", "timeline", "latency", "reasons")
OTHERS = ("before-after", "stuck", "unattempted", "silence", "queue", "duplicates", "gaps", "check")
_FINDS = {"deferred", "uncertain", "expired"}
_LISTED = 50

Section = tuple[str, str]


@cache
def looks() -> str:
    """Return the styles."""
    own = files("mailkit.panels.history").joinpath("looks.css").read_text(encoding="utf-8")
    return f"<style>{style_explained()}{own}</style>"


def headlines(answer: Answer | None) -> list[list[str]]:
    """Return the sentences as the list of headlines wants them."""
    if answer is None:
        return []
    return [
        [one.severity, SEVERITY[one.severity], one.text, one.table, one.code if one.code in _FINDS else ""]
        for one in answer.headlines
    ]


def above(model: HistoryModel) -> list[Section]:
    """Return what stands above the headlines: what went wrong, and what was read from files."""
    shown = [("looks", looks())]
    if model.progress.state is State.FAILED:
        shown.append(("error", _failure(model)))
    if model.reports:
        shown.append(("read", "".join(_read(report) for report in model.reports[-5:])))
    return shown


def charts(answer: Answer | None) -> list[Section]:
    """Return the four charts, each with its table."""
    if answer is None:
        return []
    drawn = [_chart(answer.tables[name], answer.choice) for name in CHARTS if name in answer.tables]
    return [("charts", f'<div class="mkh-charts">{"".join(drawn)}</div>')]


def mails(answer: Answer | None) -> list[Section]:
    """Return the heading of the deliveries, and a sentence when there are more than are shown."""
    if answer is None or answer.listed is None:
        return []
    listed = answer.listed
    shown = len(listed.ids)
    cut = (
        f'<p class="mk-remark">The {shown:,} mails that changed last are listed; there are more. Choose a shorter period or a'
        " filter, open one by its name below, or save the table: the file has all.</p>"
        if listed.more
        else ""
    )
    told = "" if listed.more else f'<span class="mk-about"> {shown:,}</span>'
    return [("mails", f'<h4 class="mkh-title" data-table="latest" tabindex="-1" {QUIET_KEYS}>Mails{told}</h4>{cut}')]


def below(answer: Answer | None) -> list[Section]:
    """Return the other tables, each in a fold."""
    if answer is None:
        return []
    return [(name, _fold(answer.tables[name], answer.choice)) for name in OTHERS if name in answer.tables]


def status(model: HistoryModel, obstacle: str | None) -> str:
    """Return one sentence on where the work is."""
    progress = model.progress
    if progress.running:
        return "Asking …" if model.asking else f"{model.far or 'Opening'} …"
    if progress.state is State.FAILED:
        return "Not done: see below."
    if obstacle:
        return f"{obstacle[:1].upper()}{obstacle[1:]}."
    if not model.name:
        return "Nothing is open yet."
    if progress.state is State.CANCELLED:
        return f"Stopped; what is below is about {visible(shorten(model.name, 80))}, as far as it was asked."
    name = visible(shorten(model.name, 80))
    return f"{name[:1].upper()}{name[1:]}: answered in {duration(progress.seconds * 1000)}."


def detail(model: HistoryModel) -> str:
    """Return which question is being asked."""
    if not (model.progress.running and model.asking):
        return ""
    return f"{sum(1 for one in model.progress.events if hasattr(one, 'frame')):,} of {len(CHARTS) + len(OTHERS) + 1} tables"


@lru_cache(maxsize=64)
def _chart(part: Answered, choice: Choice) -> str:
    name = part.name
    table = markup(name, part.frame, choice.zone)
    drawn = part.drawing.figure if part.drawing else f'<h4 class="mkh-none">{TITLES[name]}: nothing to draw</h4>'
    words = count(len(part.frame), "row")
    return (
        f'<section class="mkh-chart" aria-label="{TITLES[name]}">{drawn}<details class="mkh-table" data-fold="table {name}">'
        f'<summary data-table="{name}" {QUIET_KEYS}>The table <span class="mk-about">{TITLES[name]}, {words}</span></summary>'
        f"{table}</details></section>"
    )


@lru_cache(maxsize=64)
def _fold(part: Answered, choice: Choice) -> str:
    name, rows = part.name, part.frame
    asks = TABLES[name].asks
    number = int((~rows["ok"]).sum()) if name == "check" else len(rows)
    more = "more than " if rows.attrs.get("more") else ""
    said = f"{more}{number:,}" if number else "none"
    if name == "check":
        said = f"{number} rules broken" if number else "yes, it adds up"
    if name == "before-after":
        days = rows.attrs.get("days", choice.days)
        said = f"{choice.at:%Y-%m-%d}, {days:.3g} days each" if choice.at else ""
    opened = " open" if name == "before-after" else ""
    return (
        f'<details class="mk-fold" data-fold="table {name}"{opened}>'
        f'<summary data-table="{name}" {QUIET_KEYS}>{text(TITLES[name])}'
        f' <span class="mk-about">{text(said)}</span></summary><p class="mk-about">{text(asks)}</p>'
        f"{markup(name, rows, choice.zone)}</details>"
    )


def _read(report: Report) -> str:
    tone = "warning" if report.unreadable or report.stopped or not (report.new or report.known) else "ok"
    head = f"{count(report.new, 'event')} read, {report.known:,} known before, {report.unreadable:,} could not be read."
    if report.stopped:
        head += " Stopped: what was read until then is asked about."
    span = f"From {report.first:%Y-%m-%d %H:%M} to {report.last:%Y-%m-%d %H:%M} UTC. " if report.first and report.last else ""
    about = f"{span}Lines that say nothing about a delivery: {report.foreign:,}."
    passed = [
        f"<li>{text(shorten(name, 120))}: of no known format, passed over.</li>" for name, form in report.files if form is None
    ]
    notes = [f"<li>{text(note)}</li>" for note in report.notes]
    wrong = [
        f"<li>{text(shorten(one.file, 120))}, line {one.line}: {text(one.why)}<br><code>{text(one.text)}</code></li>"
        for one in report.examples[:_LISTED]
    ]
    more = report.unreadable - len(wrong)
    if wrong and more > 0:
        wrong.append(f"<li>… and {more:,} more.</li>")
    files_read = ", ".join(f"{name} ({form})" for name, form in report.files[:10] if form)
    folds = fold(f"Could not be read: {report.unreadable:,}", f"<ul>{''.join(wrong)}</ul>", name="unreadable") if wrong else ""
    listed = f'<ul class="mkh-notes">{"".join([*passed, *notes])}</ul>' if passed or notes else ""
    return (
        f'<section class="mk-card mk-{tone} mkh-read" aria-label="Files read"><h4 class="mk-headline">{text(head)}</h4>'
        f'<p class="mk-about">{text(shorten(files_read, 300))}. {text(about)}</p>{listed}{folds}</section>'
    )


def _failure(model: HistoryModel) -> str:
    error = model.progress.error
    known = isinstance(error, MailkitError)
    said = str(error) if known else "mailkit itself failed; this is a fault of the program, not of the mail."
    card = (
        '<section class="mk-card mk-error" aria-label="Error"><h4 class="mk-headline">'
        f'<span class="mk-word mk-error">Not done</span> {text(said)}</h4></section>'
    )
    if known or error is None:
        return card
    # The text of an error may quote what was read: only where it happened is shown.
    trace = "\n".join(text(line) for line in "".join(traceback.format_tb(error.__traceback__)).splitlines())
    return card + fold("Technical detail", f"<pre tabindex=0 {QUIET_KEYS}>{text(type(error).__name__)}\n{trace}</pre>")
