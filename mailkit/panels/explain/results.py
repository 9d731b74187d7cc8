"""What the panel shows of its model: the sections of the sheets and the words of the status line. Pure."""

from __future__ import annotations

import traceback
from collections import Counter

from mailkit.errors import MailkitError
from mailkit.explain import BounceReading
from mailkit.panels.explain.given import PASTED
from mailkit.panels.explain.model import ExplainModel
from mailkit.panels.job import State
from mailkit.report.explained_page import answer, chart, day, group, style_explained
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold
from mailkit.report.words import count, duration
from mailkit.text import shorten, visible

__all__ = ["COLUMNS", "cells", "detail", "heading", "many", "sections", "status", "told_of_group"]

COLUMNS = ("Reason", "What it means", "Recipients", "Provider", "Count", "First seen", "Last seen")
_LISTED = 20
_NAMED = 2

Section = tuple[str, str]


def many(model: ExplainModel) -> bool:
    """Tell whether the answers are shown as a table."""
    return len(model.answers) > 1 or (model.progress.running and len(model.steps) > 1)


def sections(model: ExplainModel) -> list[Section]:
    """Return name and markup of each section above the table."""
    shown = [("looks", f"<style>{style_explained()}</style>")]
    if model.progress.state is State.FAILED:
        return [*shown, ("error", _failure(model))]
    if model.not_read:
        shown.append(("not read", _not_read(model)))
    if many(model):
        shown.append(("chart", chart(model.groups)))
    elif model.answers:
        shown.append(("answer", answer(model.answers[0], product=model.question.product)))
    return shown


def told_of_group(model: ExplainModel) -> list[Section]:
    """Return what the chosen row stands for."""
    if not (many(model) and 0 <= model.chosen < len(model.groups)):
        return []
    chosen = model.groups[model.chosen]
    return [(f"group {model.chosen}", group(chosen, product=model.question.product))]


def heading(model: ExplainModel) -> str:
    """Return the words above what the chosen row stands for."""
    chosen = model.groups[model.chosen]
    return f"{chosen.reason}{f' at {chosen.provider}' if chosen.provider else ''}, {count(chosen.count, 'time')}"


def cells(model: ExplainModel, number: int) -> list[str]:
    """Return a row of the table."""
    one = model.groups[number]
    names = [visible(shorten(name, 60)) for name in one.recipients]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return [
        one.reason,
        shorten(one.summary, 120),
        ", ".join(names[:_NAMED]) + more if names else "not named",
        visible(one.provider) if one.provider else "not known",
        f"{one.count:,}",
        day(one.first),
        day(one.last),
    ]


def status(model: ExplainModel) -> str:
    """Return one sentence on where the work is."""
    progress = model.progress
    if progress.state is State.IDLE:
        return "Nothing explained yet."
    if progress.running:
        return f"Reading {_names(model)}"
    if progress.state is State.FAILED:
        return "Not done: see below."
    took = duration(progress.seconds * 1000)
    told = _counted(model)
    if progress.state is State.CANCELLED:
        return f"Stopped after {took}; what was read until then is below: {told}"
    return told


def detail(model: ExplainModel) -> str:
    """Return how far it is, while the work goes on."""
    if not (model.progress.running and model.steps):
        return ""
    return f"{len(model.steps):,} read, {model.steps[-1].part:.0%}"


def _counted(model: ExplainModel) -> str:
    if not model.answers:
        return "Nothing could be read: see below."
    if len(model.answers) == 1:
        told = model.answers[0].told
        causes = [fact.cause for fact in told.facts] if isinstance(told, BounceReading) else [one.cause for one in told]
        others = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
        return f"Explained, see below: {causes[0]}{others}." if causes else "Explained, see below: no bounce."
    kinds = Counter(one.told.kind if isinstance(one.told, BounceReading) else "text" for one in model.answers)
    words = {"bounce": "bounce", "delay": "delay", "text": "text", "complaint": "complaint"}
    counted = [count(kinds.pop(kind), word) for kind, word in words.items() if kinds.get(kind)]
    if rest := sum(kinds.values()):
        counted.append(f"{rest} other")
    missed = f"; {len(model.not_read)} not read" if model.not_read else ""
    return f"{', '.join(counted)}{missed}."


def _names(model: ExplainModel) -> str:
    if model.names == (PASTED,):
        return "what was pasted"
    return visible(shorten(", ".join(model.names[:3]), 120)) + (
        f" and {len(model.names) - 3} more" if len(model.names) > 3 else ""
    )


def _not_read(model: ExplainModel) -> str:
    missed = model.not_read
    entries = "".join(f"<li>{text(shorten(one.name, 120))}: {text(one.why)}.</li>" for one in missed[:_LISTED])
    more = f"<li>… and {len(missed) - _LISTED:,} more.</li>" if len(missed) > _LISTED else ""
    return (
        '<section class="mk-card mk-warning" aria-label="Not read"><h4 class="mk-headline">Not read</h4>'
        f'<ul class="mk-findings">{entries}{more}</ul></section>'
    )


def _failure(model: ExplainModel) -> str:
    error = model.progress.error
    known = isinstance(error, MailkitError)
    headline = str(error) if known else "mailkit itself failed; this is a fault of the program, not of the mail."
    card = (
        '<section class="mk-card mk-error" aria-label="Error"><h4 class="mk-headline">'
        f'<span class="mk-word mk-error">Not done</span> {text(headline)}</h4></section>'
    )
    if known or error is None:
        return card
    # The text of an error may quote what was pasted: only where it happened is shown.
    trace = "\n".join(text(line) for line in "".join(traceback.format_tb(error.__traceback__)).splitlines())
    return card + fold("Technical detail", f"<pre tabindex=0 {QUIET_KEYS}>{text(type(error).__name__)}\n{trace}</pre>")
