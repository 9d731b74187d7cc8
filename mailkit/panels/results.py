"""What the panel shows of its model: the sections of the sheet and the words of the status line. Pure."""

from __future__ import annotations

import traceback
from html import escape

from mailkit.errors import MailkitError
from mailkit.observation import ProbeDocument
from mailkit.panels.job import State
from mailkit.panels.model import ProbeModel
from mailkit.panels.question import Question
from mailkit.report.page import QUIET_KEYS, findings, fold, transcript, verdict, waterfall
from mailkit.report.steps import label, result
from mailkit.report.words import SEVERITY, count, duration
from mailkit.text import visible

__all__ = ["code", "detail", "sections", "status"]

Section = tuple[str, str]


def sections(model: ProbeModel) -> list[Section]:
    """Return name and markup of each section, the verdict on top."""
    if model.state is State.FAILED:
        return [("error", _failure(model))]
    shown: list[Section] = []
    for document in model.documents:
        head = _waiting(document) if model.progress.running else verdict(document)
        said = "" if model.progress.running else transcript(document)
        parts = (
            ("verdict", head),
            ("steps", waterfall(document)),
            ("findings", findings(document)),
            ("transcript", said),
        )
        shown += [(f"{document.target} {name}", markup) for name, markup in parts if markup]
    return shown


def code(question: Question) -> list[Section]:
    """Return the fold with the Python and the command line that do the same."""
    python, command = escape(question.as_python()), escape(question.as_command())
    inside = (
        f"<p>In a notebook cell:</p><pre tabindex=0 {QUIET_KEYS}>{python}</pre>"
        f"<p>In a terminal:</p><pre tabindex=0 {QUIET_KEYS}>{command}</pre>"
    )
    return [("code", fold("Show the code", inside))]


def status(model: ProbeModel, obstacle: str | None) -> str:
    """Return one sentence on where the work is, and why it cannot be started when it cannot."""
    progress = model.progress
    if progress.running:
        return f"Probing {visible(', '.join(model.targets))}"
    why = f"To start, {obstacle}." if obstacle else ""
    if progress.state is State.IDLE:
        return why or "Ready."
    if progress.state is State.FAILED:
        return "Not done: see below."
    took = duration(progress.seconds * 1000)
    if progress.state is State.CANCELLED:
        return f"Stopped after {took}; what was found until then is below. {why}".rstrip()
    verdicts = ", ".join(SEVERITY[document.verdict].lower() if document.verdict else "not judged" for document in model.documents)
    return f"Done in {took}: {verdicts}. {why}".rstrip()


def detail(model: ProbeModel) -> str:
    """Return what happened last, while the work goes on."""
    if not (model.progress.running and model.events):
        return ""
    _, last = model.events[-1]
    return f"{count(len(model.events), 'step')}, last: {label(last)} {result(last)}"


def _waiting(document: ProbeDocument) -> str:
    return (
        '<section class="mk-card mk-unknown" aria-label="Verdict"><h3 class="mk-headline">Looking …</h3>'
        f'<p class="mk-about">{escape(visible(document.target))} · the verdict comes when all steps are done</p></section>'
    )


def _failure(model: ProbeModel) -> str:
    error = model.progress.error
    known = isinstance(error, MailkitError)
    headline = str(error) if known else "mailkit itself failed; this is a fault of the program, not of the server."
    card = (
        '<section class="mk-card mk-error" aria-label="Error"><h3 class="mk-headline">'
        f'<span class="mk-word mk-error">Not done</span> {escape(visible(headline))}</h3></section>'
    )
    if known or error is None:
        return card
    trace = "\n".join(visible(line) for line in "".join(traceback.format_exception(error)).splitlines())
    return card + fold("Technical detail", f"<pre tabindex=0 {QUIET_KEYS}>{escape(trace)}</pre>")
