"""An audit as one HTML page, complete in itself: the verdict, who must do what, the evidence behind folds, charts as SVG.

It asks no other machine for anything, prints with its folds open, and follows the reader's light or dark. The words around the
findings are in ``audit.toml``; the findings are in the language they were made in (:func:`mailkit.knowledge.speaking`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from mailkit.audit.comparison import AuditComparison
from mailkit.audit.document import Audit, AuditTable, Cell
from mailkit.finding import Finding, Severity, Who
from mailkit.knowledge import Filling, Meta, in_each_language, language, number, read
from mailkit.observation import ProbeDocument
from mailkit.report.drawing import COLOURS, Drawing, bars, columns
from mailkit.report.evidence import beyond_words
from mailkit.report.markup import text
from mailkit.report.page import fold, style, waterfall
from mailkit.report.places import place
from mailkit.report.words import duration, moment

__all__ = ["audit_words", "page"]

_SHOWN = 200
"""Rows of a table that the page has."""
_NAMED = 12
"""Subjects that are named where the same was found about many."""
_OUTCOMES = (
    "delivered",
    "unheard",
    "bounced",
    "rejected",
    "expired",
    "uncertain",
    "deferred",
    "sending",
    "unattempted",
    "skipped",
)
_BAD: tuple[Severity, ...] = ("error", "warning")


class AuditWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``audit.toml``."""

    meta: Meta
    words: dict[str, str]
    who: dict[Who, str]
    states: dict[str, str]

    def say(self, name: str, **told: object) -> str:
        """Give a sentence, filled in."""
        return self.words[name].format_map(Filling(told))


@in_each_language
def audit_words() -> AuditWords:
    """Give the words of the language that is spoken."""
    return read(Path(str(files("mailkit.report") / "audit.toml")), AuditWords)


class _Together(Struct, frozen=True, kw_only=True):
    """One thing that was found, and everything it was found about."""

    finding: Finding
    subjects: tuple[str, ...]


def page(audit: Audit, comparison: AuditComparison | None = None) -> str:
    """Return the page.

    Args:
        audit: what was seen.
        comparison: what changed since an earlier one.
    """
    words = audit_words()
    title = words.say("title", site=audit.site or words.say("unnamed", file=audit.file))
    parts = (
        f"<h2>{text(title)}</h2>",
        _verdict(audit, words),
        _changes(comparison, words) if comparison else "",
        _to_do(audit, words),
        _findings(audit, words),
        _history(audit, words),
        _servers(audit, words),
        _left_out(audit, words),
    )
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style()}{_audit_style()}</style></head>\n"
        f'<body class="mailkit-page"><main class="mailkit mk-audit">{"".join(parts)}</main></body></html>\n'
    )


def _audit_style() -> str:
    return files("mailkit.report").joinpath("audit.css").read_text(encoding="utf-8")


def _verdict(audit: Audit, words: AuditWords) -> str:
    about = [words.say("made", when=moment(audit.made), tool=audit.tool, took=duration(audit.duration_ms))]
    if audit.first and audit.last:
        about.append(words.say("period", first=f"{audit.first:%Y-%m-%d}", last=f"{audit.last:%Y-%m-%d}"))
    ended = f'<p class="mk-ended">{text(words.say("stopped"))}</p>' if audit.stopped else ""
    told = "".join(f"<li>{text(one)}</li>" for one in audit.sentences)
    sentences = f'<ul class="mk-sentences">{told}</ul>' if told else ""
    headline = f'<h3 class="mk-headline">{_word(audit.verdict, words)}{text(audit.headline)}</h3>'
    made = f'<p class="mk-about">{text(" · ".join(about))}</p>'
    return f'<section class="mk-card mk-{audit.verdict}">{headline}{made}{ended}{sentences}</section>'


def _changes(comparison: AuditComparison, words: AuditWords) -> str:
    rows = "".join(
        f"<tr><th scope=row>{text(words.words[change.what])}</th><td>{_word(change.severity, words) if change.severity else ''}"
        f"{text(change.sentence)}</td><td>{text(change.subject)}</td></tr>"
        for change in comparison.changes
    )
    head = text(words.say("changed", when=moment(comparison.first_made)))
    table = f'<div class="mk-wide"><table class="mk-table"><tbody>{rows}</tbody></table></div>' if rows else ""
    return f'<section class="mk-part"><h3>{head}</h3><p>{text(comparison.headline)}</p>{table}</section>'


def _to_do(audit: Audit, words: AuditWords) -> str:
    """Say what each can do, the weightiest first; the same step once, however many findings ask for it."""
    by_whom: dict[Who, dict[tuple[str, str | None], list[str]]] = {}
    for finding in audit.findings:
        for fix in finding.fix if finding.severity in _BAD else ():
            steps = by_whom.setdefault(fix.who, {})
            steps.setdefault((fix.action, fix.where), []).append(finding.subject)
    if not by_whom:
        inside = f"<p>{text(words.say('nothing'))}</p>"
    else:
        inside = "".join(
            f'<h4>{text(words.who[who])}</h4><ol class="mk-fixes">'
            + "".join(
                f"<li>{text(action)}{f' <span class=mk-place>{text(where)}</span>' if (where := place(field)) else ''}"
                f' <span class="mk-about">· {text(_some(subjects))}</span></li>'
                for (action, field), subjects in steps.items()
            )
            + "</ol>"
            for who, steps in by_whom.items()
        )
    return f'<section class="mk-part"><h3>{text(words.say("to_do"))}</h3>{inside}</section>'


def _findings(audit: Audit, words: AuditWords) -> str:
    together = _together(audit.findings)
    bad = [one for one in together if one.finding.severity != "ok"]
    good = [one for one in together if one.finding.severity == "ok"]
    listed = f'<ul class="mk-findings">{"".join(_found(one, words) for one in bad)}</ul>' if bad else ""
    fine = "".join(
        f"<li>{text(one.finding.summary)} <span class=mk-about>{text(_some(one.subjects))}</span></li>" for one in good
    )
    folded = fold(words.say("good", count=len(good)), f'<ul class="mk-findings">{fine}</ul>', name="good") if good else ""
    return f'<section class="mk-part"><h3>{text(words.say("findings"))}</h3>{listed}{folded}</section>'


def _found(one: _Together, words: AuditWords) -> str:
    finding = one.finding
    head = f'{_word(finding.severity, words)}<span class="mk-summary">{text(finding.summary)}</span> '
    about = f'<span class="mk-about">{text(_some(one.subjects))}</span>'
    detail = f"<p>{text(finding.detail)}</p>" if finding.detail else ""
    known = [("code", finding.code), *beyond_words(finding)]
    evidence = "".join(f"<li>{text(key)}: <code>{text(value)}</code></li>" for key, value in known)
    more = fold(words.say("known"), f'<ul class="mk-evidence">{evidence}</ul>')
    return f'<li>{head}{about}<div class="mk-more">{detail}{more}</div></li>'


def _history(audit: Audit, words: AuditWords) -> str:
    if not audit.tables and not audit.figures:
        return ""
    drawn = "".join(drawing.figure for drawing in _drawings(audit, words))
    tables = "".join(fold(words.say("table", title=table.title), _table(table, words), name=table.name) for table in audit.tables)
    return f'<section class="mk-part"><h3>{text(words.say("history"))}</h3>{drawn}{tables}</section>'


def _drawings(audit: Audit, words: AuditWords) -> Iterator[Drawing]:
    counted = [(state, audit.figures[state]) for state in _OUTCOMES if audit.figures.get(state)]
    if counted:
        colours = {words.states[state]: colour for state, colour in COLOURS.items() if state in words.states}
        title = words.say("outcomes", count=number(audit.figures.get("deliveries", 0)))
        yield bars(title, [(words.states[state], many) for state, many in counted], unit=words.say("deliveries"), colours=colours)
        if (by_day := _named(audit, "funnel")) and "day" in by_day.columns:
            yield from _by_day(by_day, words, colours)
    reasons = _named(audit, "reasons")
    if reasons and {"reason", "deliveries"} <= {*reasons.columns}:
        name, many = reasons.columns.index("reason"), reasons.columns.index("deliveries")
        pairs = [(str(row[name] or "—"), float(row[many] or 0)) for row in reasons.rows]
        if pairs:
            yield bars(words.say("reasons"), pairs, unit=words.say("deliveries"))


def _by_day(table: AuditTable, words: AuditWords, colours: dict[str, str]) -> Iterator[Drawing]:
    day = table.columns.index("day")
    rows = [row for row in table.rows if isinstance(row[day], str)]
    moments = [datetime.fromisoformat(str(row[day])) for row in rows]
    layers = {
        words.states[state]: [float(row[table.columns.index(state)] or 0) for row in rows]
        for state in _OUTCOMES
        if state in table.columns
    }
    layers = {name: numbers for name, numbers in layers.items() if any(numbers)}
    if len(moments) > 1 and layers:
        yield columns(words.say("by_day"), moments, layers, unit=words.say("deliveries"), colours=colours)


def _named(audit: Audit, name: str) -> AuditTable | None:
    return next((table for table in audit.tables if table.name == name), None)


def _table(table: AuditTable, words: AuditWords) -> str:
    if not table.rows:
        return f"<p>{text(words.say('empty'))}</p>"
    heads = "".join(f'<th scope="col">{text(column.replace("_", " "))}</th>' for column in table.columns)
    rows = "".join(f"<tr>{''.join(_cell(cell, words) for cell in row)}</tr>" for row in table.rows[:_SHOWN])
    left = table.left_out + max(0, len(table.rows) - _SHOWN)
    more = f'<p class="mk-about">{text(words.say("more", count=number(left)))}</p>' if left else ""
    said = f"<p>{text(table.sentence)}</p>" if table.sentence else ""
    drawn = f'<table class="mk-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'{said}<div class="mk-wide">{drawn}</div>{more}'


def _cell(cell: Cell, words: AuditWords) -> str:
    if cell is None:
        return "<td></td>"
    if isinstance(cell, bool):
        return f"<td>{text(words.say('yes' if cell else 'no'))}</td>"
    if isinstance(cell, int):
        return f'<td class="mk-number">{number(cell)}</td>'
    if isinstance(cell, float):
        return f'<td class="mk-number">{cell:,.3g}</td>' if abs(cell) < 100 else f'<td class="mk-number">{number(cell)}</td>'
    return f"<td>{text(cell)}</td>"


def _servers(audit: Audit, words: AuditWords) -> str:
    if not audit.probes:
        return ""
    told = "".join(_server(document, words) for document in audit.probes)
    return f'<section class="mk-part"><h3>{text(words.say("servers"))}</h3>{told}</section>'


def _server(document: ProbeDocument, words: AuditWords) -> str:
    severity: Severity = document.verdict or "info"
    title = f"{document.target}: {words.words[severity]}"
    headline = f"<p>{text(document.headline)}</p>" if document.headline else ""
    return fold(title, headline + waterfall(document), name=document.target)


def _left_out(audit: Audit, words: AuditWords) -> str:
    if not audit.left_out:
        return ""
    listed = "".join(
        f"<li><b>{text(one.what)}</b>: {text(one.why)}. {text(words.say('how'))} {text(one.how)}</li>" for one in audit.left_out
    )
    return f'<section class="mk-part"><h3>{text(words.say("left_out"))}</h3><ul>{listed}</ul></section>'


def _together(findings: Sequence[Finding]) -> tuple[_Together, ...]:
    """Put what is said with the same words about several things together, in the order of the first of each."""
    named: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        named.setdefault((finding.code, finding.summary), []).append(finding)
    return tuple(
        _Together(finding=some[0], subjects=tuple(dict.fromkeys(one.subject for one in some))) for some in named.values()
    )


def _some(subjects: Sequence[str]) -> str:
    shown = list(dict.fromkeys(subjects))
    more = f" … +{len(shown) - _NAMED}" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more


def _word(severity: Severity | None, words: AuditWords) -> str:
    return f'<span class="mk-word mk-{severity}">{text(words.words[severity])}</span>' if severity else ""
