"""A document as HTML: fragments for a notebook, and a whole page for a file.

What comes first is decided in :mod:`.outline`; the looks are in ``page.css`` beside this module, which follows the light and dark
themes of JupyterLab and has colours of its own elsewhere. Every text of unknown origin passes :func:`_text`: escaped, and without
characters that act instead of showing themselves. No fragment has a script, loads anything, or needs one to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import islice

from mailkit.finding import Finding, Severity
from mailkit.observation import EndpointResult, ProbeDocument
from mailkit.report.evidence import about, beyond_words, facts
from mailkit.report.outline import Alike, Bar, Lane, Outline, asked_to_act, conversations, outline
from mailkit.report.places import place
from mailkit.report.spoken import said
from mailkit.report.words import SECURITY, SEVERITY, count, duration, for_whom, moment, who_words
from mailkit.text import shorten, visible

__all__ = ["QUIET_KEYS", "findings", "fold", "fragment", "listed", "page", "style", "transcript", "verdict", "waterfall"]

TRANSCRIPT_LINES = 1000
"""Lines of all transcripts in a page; the JSON has them all."""

LINE = 500
"""Characters of such a line."""

QUIET_KEYS = 'data-lm-suppress-shortcuts="true"'
"""On everything that can have the focus: JupyterLab would take Enter and the arrows for commands to the notebook."""

_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#=&%+-]+")
_RFC = re.compile(r"RFC (\d+)(?:, ([\d.]+))?")
_TONE = {True: "ok", False: "error", None: "unknown"}
_SPEAKER = {"client": "mailkit", "server": "server", "note": "note"}


@cache
def style() -> str:
    """Return the style sheet; all its rules are below the class ``mailkit``."""
    return files("mailkit.report").joinpath("page.css").read_text(encoding="utf-8")


def page(document: ProbeDocument) -> str:
    """Return a whole HTML page, complete in itself, to be kept or mailed."""
    title = _text(f"{document.target}: {SEVERITY[document.verdict] if document.verdict else 'not judged'}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'</head>\n<body class="mailkit-page"><main>{fragment(document)}</main></body></html>\n'
    )


def fragment(document: ProbeDocument) -> str:
    """Return everything about a document as one piece of HTML with its styles, as the output of a notebook cell is."""
    body = "".join(part(document) for part in (verdict, waterfall, findings, transcript))
    return f'<style>{style()}</style><div class="mailkit">{body}</div>'


def verdict(document: ProbeDocument) -> str:
    """Return the card on top: what it comes down to, who must act, what to change, how we know, what could not be tested."""
    told = outline(document)
    tone: Severity | str = told.verdict or "unknown"
    headline = told.headline or "Not judged yet."
    rows = list(_cause(told, told.cause.finding, told.cause.also)) if told.cause else []
    rows += _untested(told)
    when = f"{_text(document.target)} · {moment(document.started)} · {duration(document.duration_ms)}"
    ended = f'<p class="mk-ended">{told.ended}</p>' if told.ended else ""
    whom = f'<p class="mk-whom">{_text(for_whom(document.used_by))}</p>' if document.used_by else ""
    listed = f'<dl class="mk-rows">{"".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in rows)}</dl>' if rows else ""
    return (
        f'<section class="mk-card mk-{tone}" aria-label="Verdict">'
        f'<h3 class="mk-headline">{_word(told.verdict)}{_text(headline)}</h3>'
        f'<p class="mk-about">{when}</p>{whom}{ended}{listed}</section>'
    )


def waterfall(document: ProbeDocument) -> str:
    """Return the steps, one table per address, each step with its result, its place in time and what it saw.

    Once a document is judged, further addresses at which all went well are folded away.
    """
    judged = document.verdict is not None
    return "".join(
        _folded(lane) if judged and lane.smooth and not lane.leading else _lane(lane) for lane in outline(document).lanes
    )


def findings(document: ProbeDocument) -> str:
    """Return what was found beside the cause: errors and warnings, then notes, then what is good (folded, unless all is good)."""
    told = outline(document)
    groups = (("Also found", told.others), ("For information", told.notes))
    open_groups = "".join(
        f'<section class="mk-group"><h4>{title}</h4>{listed(found)}</section>' for title, found in groups if found
    )
    good = f"Checked and good: {len(told.good)}"
    return open_groups + (fold(good, listed(told.good), name="good", opened=told.cause is None) if told.good else "")


def transcript(document: ProbeDocument) -> str:
    """Return what was said, one folded block per endpoint; empty when nothing was."""
    talks = [endpoint for endpoint in document.endpoints if endpoint.transcript]
    return "".join(_talk(endpoint, TRANSCRIPT_LINES // len(talks)) for endpoint in talks)


def _cause(told: Outline, cause: Finding, also: Sequence[str]) -> Iterator[tuple[str, str]]:
    if cause.summary not in (told.headline or ""):
        yield "Cause", _text(cause.summary)
    if also:
        yield "The same at", _text(", ".join(also))
    people = asked_to_act(cause)
    if people:
        yield "Who must act", "; ".join(_text(who) for who in people)
    if cause.fix:
        yield "What to change", _fixes(cause, named=len(people) > 1)
    if cause.detail:
        yield "In detail", _text(cause.detail)
    yield "How we know", _evidence([("about", cause.subject), *facts(cause.evidence)])
    if cause.account_risk:
        yield "Careful", "Trying again with the same password may lock the account."
    elif cause.temporary:
        yield "Later?", "This may pass by itself: try again in some minutes."
    if cause.confidence != "sure":
        yield "How sure", {"likely": "Likely, not certain.", "guess": "A guess."}[cause.confidence]
    if cause.refs:
        yield "Read more", _links(cause)


def _untested(told: Outline) -> Iterator[tuple[str, str]]:
    if not told.untested:
        return
    entries = []
    for entry in told.untested:
        where = f" at {_text(', '.join(entry.subjects))}" if entry.subjects else ""
        because = (
            "because of this"
            if told.cause and entry.because == told.cause.finding.code
            else f"because: {_text(entry.summary or entry.because)}"
        )
        entries.append(f"<li>{_text(', '.join(entry.labels))}{where}, {because}</li>")
    yield "Not tested", f"<ul>{''.join(entries)}</ul>"


def listed(found: Sequence[Alike]) -> str:
    """Return findings as a list, each with what to do and how we know."""
    return f'<ul class="mk-findings">{"".join(_finding(alike.finding, alike.also) for alike in found)}</ul>'


def _finding(finding: Finding, also: Sequence[str]) -> str:
    head = f'{_word(finding.severity)}<span class="mk-summary">{_text(finding.summary)}</span>{_text(about(finding))}'
    if finding.severity == "ok":
        return f"<li>{head}</li>"
    rest = f"<p>The same at {_text(', '.join(also))}</p>" if also else ""
    rest += f"<p>{_text(finding.detail)}</p>" if finding.detail else ""
    rest += _fixes(finding, named=True)
    rest += _evidence([("code", finding.code), *beyond_words(finding)])
    if finding.refs:
        rest += f"<p>{_links(finding)}</p>"
    return f'<li>{head}<div class="mk-more">{rest}</div></li>'


def _fixes(finding: Finding, *, named: bool) -> str:
    if not finding.fix:
        return ""
    entries = []
    for fix in finding.fix:
        who = f"<b>{_text(who_words(fix.who, start=True))}:</b> " if named else ""
        where = place(fix.where)
        entries.append(f"<li>{who}{_text(fix.action)}{f' <span class=mk-place>{_text(where)}</span>' if where else ''}</li>")
    return f'<ol class="mk-fixes{"" if len(entries) > 1 else " mk-single"}">{"".join(entries)}</ol>'


def _evidence(shown: Iterable[tuple[str, str]]) -> str:
    return (
        f'<ul class="mk-evidence">{"".join(f"<li>{_text(key)}: <code>{_text(value)}</code></li>" for key, value in shown)}</ul>'
    )


def _folded(lane: Lane) -> str:
    steps = count(len(lane.bars), said("step"))
    title = said("{lane}: all {steps} ok, {took}").format(
        lane=f"{lane.title} {lane.address or ''}", steps=steps, took=duration(lane.span_ms)
    )
    return fold(title, _lane(lane), name=lane.key)


def _lane(lane: Lane) -> str:
    chips = [lane.address, said(SECURITY[lane.security]) if lane.security else None]
    if lane.connections > 1:
        chips.append(count(lane.connections, said("connection")))
    caption = f"<b>{_text(lane.title)}</b>" + "".join(f' <span class="mk-chip">{_text(chip)}</span>' for chip in chips if chip)
    heads = "".join(f'<th scope="col">{_text(said(head))}</th>' for head in ("Step", "Result", "When", "Time", "What was seen"))
    return (
        f'<table class="mk-lane"><caption>{caption} <span class="mk-total">{duration(lane.span_ms)}</span></caption>'
        f"<colgroup>{''.join(f'<col class=mk-col-{name}>' for name in ('step', 'result', 'track', 'time', 'saw'))}</colgroup>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(_rows(lane))}</tbody></table>"
    )


def _rows(lane: Lane) -> Iterator[str]:
    last: int | None = None
    for bar in lane.bars:
        # A new connection starts a new group of rows; its number is said only where there are several.
        fresh = lane.connections > 1 and bar.connection is not None and bar.connection != last
        last = bar.connection if bar.connection is not None else last
        numbered = f" <small>{said('connection')} {bar.connection}</small>" if fresh else ""
        label = f"{_text(bar.label)}{numbered}"
        yield (
            f'<tr class="mk-{_TONE[bar.ok]}{" mk-fresh" if fresh else ""}"><th scope="row">{label}</th>'
            f'<td class="mk-result">{_text(bar.word)}</td><td class="mk-track" aria-hidden="true">{_drawn(bar, lane)}</td>'
            f'<td class="mk-time">{bar.took}</td><td class="mk-saw">{_text(bar.saw)}</td></tr>'
        )


def _drawn(bar: Bar, lane: Lane) -> str:
    left = 100 * (bar.start_ms - lane.start_ms) / lane.span_ms
    wide = 100 * bar.duration_ms / lane.span_ms
    return f'<span class="mk-bar" style="margin-left:{min(left, 99):.2f}%;width:{min(wide, 100 - min(left, 99)):.2f}%"></span>'


def _talk(endpoint: EndpointResult, limit: int) -> str:
    title = f"Transcript of {endpoint.host}:{endpoint.port}"
    left_out = len(endpoint.transcript) - limit
    more = f"<p>{left_out} more lines are in the JSON.</p>" if left_out > 0 else ""
    return fold(title, f'<div class="mk-talk" tabindex="0" {QUIET_KEYS}>{"".join(islice(_said(endpoint), limit))}</div>{more}')


def fold(title: str, inside: str, *, name: str | None = None, opened: bool = False) -> str:
    """Return a block that can be folded away; ``inside`` is markup. A live view keeps blocks of the same name as they are."""
    state = " open" if opened else ""
    return (
        f'<details class="mk-fold" data-fold="{_text(name or title)}"{state}>'
        f"<summary {QUIET_KEYS}>{_text(title)}</summary>{inside}</details>"
    )


def _said(endpoint: EndpointResult) -> Iterator[str]:
    """One piece of markup per line; the heading of a conversation comes with its first line."""
    for (address, connection), lines in conversations(endpoint).items():
        heading = f'<p class="mk-call">{_text(address or "")} connection {connection}</p>'
        for line in lines:
            yield (
                f'{heading}<p class="mk-{line.direction}"><span class="mk-at">{line.at_ms:.0f} ms</span>'
                f'<span class="mk-who">{_SPEAKER[line.direction]}</span><code>{_text(shorten(line.line, LINE))}</code></p>'
            )
            heading = ""


def _word(severity: Severity | None) -> str:
    return f'<span class="mk-word mk-{severity}">{SEVERITY[severity]}</span> ' if severity else ""


def _links(finding: Finding) -> str:
    return " · ".join(_link(ref) for ref in finding.refs)


def _link(ref: str) -> str:
    """A link to a plain web address or to the section of an RFC; anything else stays text."""
    if rfc := _RFC.fullmatch(ref):
        address = f"https://www.rfc-editor.org/rfc/rfc{rfc[1]}" + (f"#section-{rfc[2]}" if rfc[2] else "")
    elif _LINK.fullmatch(ref):
        address = ref
    else:
        return _text(ref)
    return f'<a href="{_text(address)}" target="_blank" rel="noopener noreferrer">{_text(ref.removeprefix("https://"))}</a>'


def _text(text: str) -> str:
    return escape(visible(text))
