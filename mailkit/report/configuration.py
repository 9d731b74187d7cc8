"""Findings about a configuration or a workstation, for a terminal and as HTML: the worst first, what is good at the end.

There is no document behind these findings, no steps and no transcript, so this is shorter than :mod:`.terminal` and :mod:`.page`;
words, fields and evidence are those of all other ways out. What is the same about several users or fields is said once, with all
of them named.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from mailkit.finding import Finding, Fix, Severity
from mailkit.report import markup
from mailkit.report.evidence import beyond_words, facts
from mailkit.report.outline import Alike, asked_to_act
from mailkit.report.page import fold, listed, style
from mailkit.report.places import place
from mailkit.report.words import SEVERITY, count, who_words
from mailkit.text import shorten, visible

__all__ = ["fragment", "render"]

_SGR: dict[str, str] = {"error": "1;31", "warning": "1;33", "info": "1;36", "ok": "1;32", "strong": "1", "quiet": "2"}
_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}
_NARROWEST, _WIDEST = 44, 120
_LABEL = 18
_NAMED = 12
"""Subjects that are named when the same was found about many."""
_NOT_KNOWN = {"site.look-up", "workstation.not-known"}
_HOW_SURE = {"likely": "likely, not certain", "guess": "a guess"}


def render(findings: Sequence[Finding], *, width: int = 80, colour: bool = False) -> str:
    """Return the findings as text, lines of at most ``width`` columns (44 to 120), ending with a line end.

    Args:
        findings: in the order in which they cause each other; the worst that comes first is the verdict.
        width: columns of the terminal.
        colour: with ANSI colours; no information is in the colour alone.
    """
    return "\n".join(_Writer(findings, width=width, colour=colour).lines()) + "\n"


def fragment(findings: Sequence[Finding]) -> str:
    """Return the findings as one piece of HTML with its styles: how many, who must act, and each with its way out."""
    found = sorted(_together(findings), key=lambda alike: _RANK[alike.finding.severity])
    by = {severity: [one for one in found if one.finding.severity == severity] for severity in SEVERITY}
    bad = by["error"] + by["warning"]
    tone: Severity = "error" if by["error"] else "warning" if bad else "ok"
    counted = [count(len(by[name]), name) for name in ("error", "warning") if by[name]]
    fine = _nothing_wrong(findings)[1] if found else "There was nothing to judge."
    headline = " and ".join(counted) if counted else fine
    actors = Counter(who for one in bad for who in asked_to_act(one.finding))
    acting = "; ".join(f"{markup.text(who)} ({number})" for who, number in actors.most_common())
    rows = f'<dl class="mk-rows"><dt>Who must act</dt><dd>{acting}</dd></dl>' if acting else ""
    card = (
        f'<section class="mk-card mk-{tone if found else "unknown"}" aria-label="Verdict">'
        f'<h3 class="mk-headline">{headline}</h3>{rows}</section>'
    )
    groups = (("To put right", bad), ("For information", by["info"]))
    told = "".join(f'<section class="mk-group"><h4>{title}</h4>{listed(some)}</section>' for title, some in groups if some)
    good = fold(f"Checked and good: {len(by['ok'])}", listed(by["ok"]), name="good", opened=not bad) if by["ok"] else ""
    return f'<style>{style()}</style><div class="mailkit">{card}{told}{good}</div>'


class _Writer:
    """Lays out one list of findings; every method yields finished lines."""

    def __init__(self, findings: Sequence[Finding], *, width: int, colour: bool) -> None:
        self.found = sorted(_together(findings), key=lambda alike: _RANK[alike.finding.severity])
        self.width = max(_NARROWEST, min(width, _WIDEST))
        self.colour = colour

    def lines(self) -> Iterator[str]:
        if not self.found:
            yield from self.hanging("NOT JUDGED  ", "There was nothing that could be judged.", tone="strong")
            return
        first, *others = self.found
        if first.finding.severity in ("error", "warning"):
            yield from self.cause(first)
        else:
            others = self.found
            word, headline = _nothing_wrong(findings=[one.finding for one in self.found])
            yield from self.hanging(f"{word}  ", headline, tone="ok" if word == "OK" else "warning")
        yield from self.listed("Also found", [one for one in others if one.finding.severity in ("error", "warning")])
        yield from self.listed("For information", [one for one in others if one.finding.severity == "info"])
        good = [one.finding.summary for one in others if one.finding.severity == "ok"]
        if good:
            yield ""
            yield from self.hanging("Good  ", " ".join(good), tone="ok")

    def cause(self, alike: Alike) -> Iterator[str]:
        """The verdict: what is wrong, who must act, what to change, how we know."""
        finding = alike.finding
        yield from self.hanging(f"{SEVERITY[finding.severity].upper()}  ", finding.summary, tone=finding.severity)
        yield ""
        people = asked_to_act(finding)
        rows = [
            ("About", _subjects(alike)),
            ("Who must act", "; ".join(people)),
            *self.steps("What to change", finding.fix, named=len(people) > 1),
            ("In detail", finding.detail),
            *(
                ("How we know" if number == 0 else "", f"{key}: {value}")
                for number, (key, value) in enumerate(facts(finding.evidence))
            ),
            ("Careful", "trying again with the same password may lock the account." if finding.account_risk else None),
            ("How sure", _HOW_SURE.get(finding.confidence)),
            *(("Read more" if number == 0 else "", ref) for number, ref in enumerate(finding.refs)),
        ]
        for label, text in rows:
            if text:
                yield from self.hanging(f"  {label}".ljust(_LABEL), text)

    def listed(self, title: str, found: Sequence[Alike]) -> Iterator[str]:
        if not found:
            return
        yield ""
        yield self.paint(title, "strong")
        for alike in found:
            finding = alike.finding
            label = f"  {SEVERITY[finding.severity]:<8}"
            yield from self.hanging(label, finding.summary, tone=finding.severity)
            indent = " " * len(label)
            shown = "; ".join(f"{key}: {value}" for key, value in beyond_words(finding))
            about = f"{_subjects(alike)}  [{finding.code}]" + (f"  {shown}" if shown else "")
            yield from (self.paint(line, "quiet") for line in self.hanging(indent, about))
            for number, (_, text) in enumerate(self.steps("", finding.fix, named=True)):
                yield from self.hanging(indent + ("    " if number else "Do: "), text)
            sure = _HOW_SURE.get(finding.confidence)
            if sure:
                yield from self.hanging(indent, f"How sure: {sure}.")

    def steps(self, label: str, fixes: Sequence[Fix], *, named: bool) -> Iterator[tuple[str, str]]:
        for number, fix in enumerate(fixes):
            where = place(fix.where)
            who = f"{who_words(fix.who, start=True)}: " if named else ""
            mark = f"{number + 1}. " if len(fixes) > 1 else ""
            yield (label if number == 0 else ""), f"{mark}{who}{fix.action}" + (f" ({where})" if where else "")

    def hanging(self, label: str, text: str, *, tone: str | None = None) -> Iterator[str]:
        """Lines of ``text`` behind a label; the label alone takes the colour."""
        room = max(self.width - len(label), 16)
        first, *rest = textwrap.wrap(visible(text), room, break_on_hyphens=False) or [""]
        yield (self.paint(label, tone) if tone else label) + first
        yield from (" " * len(label) + line for line in rest)

    def paint(self, text: str, tone: str) -> str:
        return f"\x1b[{_SGR[tone]}m{text}\x1b[0m" if self.colour and text.strip() else text


def _nothing_wrong(findings: Sequence[Finding]) -> tuple[str, str]:
    """Say that nothing is wrong, or that too little is known to say so."""
    if any(finding.code in _NOT_KNOWN for finding in findings):
        return "NOT KNOWN", "Nothing is wrong in what is known, but not everything is known yet."
    return "OK", "Nothing wrong was found."


def _together(findings: Sequence[Finding]) -> Iterator[Alike]:
    """Put together what is said in the same words, or would be but for the subject, with the same way out."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        words = "\n".join((finding.summary, *(f"{fix.who} {fix.where} {fix.action}" for fix in finding.fix)))
        same = words.replace(finding.subject, "\0") if finding.subject and finding.severity != "ok" else words
        groups.setdefault((finding.code, finding.severity, same), []).append(finding)
    for first, *more in groups.values():
        yield Alike(finding=first, also=tuple(one.subject for one in more))


def _subjects(alike: Alike) -> str:
    names = list(dict.fromkeys((alike.finding.subject, *alike.also)))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return shorten(", ".join(names[:_NAMED]), 1000) + more
