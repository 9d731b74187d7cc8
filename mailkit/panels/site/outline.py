"""How far each step of the walk-through is: done, to do, or with a problem, and in a few words why. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from mailkit.finding import Finding
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.paths import value_at
from mailkit.panels.site.walk import Step, screen, walk
from mailkit.report.words import count

__all__ = ["Progress", "belonging", "outline"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A step and how far it is."""

    step: Step
    state: Literal["done", "to-do", "problem"]
    words: str


def outline(draft: SiteDraft) -> tuple[Progress, ...]:
    """Return every step with its state."""
    return tuple(_progress(draft, step) for step in walk(draft.product))


def belonging(draft: SiteDraft, step: Step) -> tuple[Finding, ...]:
    """Return the errors and warnings that are put right at this step."""
    if draft.product is None or (step.rows and not value_at(draft.present, step.rows)):
        return ()
    before = f"{step.rows}." if step.rows else ""
    # The one screen of all properties has a step of its own.
    names = [name for name in step.fields if not (step.rows and name.startswith("email_setup."))]
    places = {found[0] for name in names if (found := screen(draft.product, before + name))}
    return tuple(
        finding
        for finding in draft.findings
        if finding.severity in ("error", "warning") and next((fix.where for fix in finding.fix if fix.where), None) in places
    )


def _progress(draft: SiteDraft, step: Step) -> Progress:
    if draft.product is None:
        return Progress(step, "to-do", "to do")
    special = {"start": _start, "routes": _routes, "checks": _checks, "save": _save}.get(step.name)
    return special(draft, step) if special else _asked(draft, step)


def _asked(draft: SiteDraft, step: Step) -> Progress:
    """A step that asks for fields or rows."""
    refused = sum(
        path == name or path.startswith(f"{name}.")
        for path in draft.refused
        for name in ([step.rows] if step.rows else step.fields)
    )
    weight = Counter(finding.severity for finding in belonging(draft, step))
    if refused:
        return Progress(step, "problem", f"{count(refused, 'value')} cannot be used")
    if weight["error"]:
        return Progress(step, "problem", count(weight["error"], "error"))
    if step.rows:
        rows = len(value_at(draft.present, step.rows))
        if not rows:
            return Progress(step, "done" if step.optional else "to-do", "none" if step.optional else "none yet")
        said = count(rows, step.one, step.many)
    else:
        unknown = sum(draft.value(path) is None for path in step.needed)
        if unknown:
            return Progress(step, "to-do", f"{unknown} not known")
        said = "done"
    warned = f", {count(weight['warning'], 'warning')}" if weight["warning"] else ""
    return Progress(step, "done", said + warned)


def _start(draft: SiteDraft, step: Step) -> Progress:
    return Progress(step, "done", "maestro*" if draft.product == "maestro-erp" else "Maestro PMS")


def _routes(draft: SiteDraft, step: Step) -> Progress:
    stuck = sum(route.transport == "none" for route in draft.routes)
    open_ = sum(route.transport is None for route in draft.routes)
    if stuck:
        return Progress(step, "problem", f"{stuck} cannot leave")
    if open_ or not draft.routes:
        return Progress(step, "to-do", f"{open_} not decided" if open_ else "nobody yet")
    return Progress(step, "done", count(len(draft.routes), "route"))


def _checks(draft: SiteDraft, step: Step) -> Progress:
    weight = Counter(finding.severity for finding in draft.findings)
    said = ", ".join(count(weight[severity], severity) for severity in ("error", "warning") if weight[severity])
    if not said and any(finding.code == "site.look-up" for finding in draft.findings):
        return Progress(step, "to-do", "too little known")
    return Progress(step, "problem" if weight["error"] else "done", said or "nothing wrong")


def _save(draft: SiteDraft, step: Step) -> Progress:
    return Progress(step, "to-do" if draft.changed else "done", "not saved" if draft.changed else "saved")
