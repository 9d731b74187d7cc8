"""A document as text for a ticket: the verdict, who must act, the evidence with times in UTC, what was said.

Markdown that also reads well as plain text. Passwords never got as far as the document; with ``mask`` the names of hosts,
addresses and people are replaced as well (see :mod:`.mask`), so that the text can go to somebody outside. A server's words stand
in code, where a ticket system neither follows a link nor loads a picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from mailkit.finding import Finding
from mailkit.observation import Line, ProbeDocument
from mailkit.report.evidence import facts
from mailkit.report.mask import masker
from mailkit.report.outline import Alike, Lane, Outline, asked_to_act, outline
from mailkit.report.places import place
from mailkit.report.words import SECURITY, SEVERITY, duration, for_whom, moment, who_words
from mailkit.text import shorten, visible

__all__ = ["ticket"]

LINES = 120
"""Lines of transcript in a ticket; the JSON has them all."""

_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#=&%+-]+")
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~!@])")
ARROWS = {"client": "C:", "server": "S:", "note": "--"}


def ticket(document: ProbeDocument, *, mask: bool = False, transcript: bool = True) -> str:
    """Return the document as Markdown for a ticket.

    Args:
        document: diagnosed, or not yet, or unfinished.
        mask: replace host names, addresses, user names and mail addresses, each by the same word throughout (``host-1``).
        transcript: with what was said at the leading address, at most 120 lines.
    """
    hide = masker(document) if mask else visible
    return "\n".join(_lines(document, outline(document), hide=hide, transcript=transcript)) + "\n"


def _lines(document: ProbeDocument, told: Outline, *, hide: Callable[[str], str], transcript: bool) -> Iterator[str]:
    yield from _verdict(document, told, hide)
    for title, found in (("Also found", told.others), ("For information", told.notes), ("Checked and good", told.good)):
        if found:
            yield from ("", f"### {title}", "")
            for alike in found:
                yield from _finding(alike, hide)
    for lane in told.lanes:
        yield from _lane(document, lane, hide)
    if transcript:
        yield from _transcript(document, hide)
    if hide is not visible:
        yield from ("", "Names of hosts, addresses and people were replaced; the same word always stands for the same name.")


def _verdict(document: ProbeDocument, told: Outline, hide: Callable[[str], str]) -> Iterator[str]:
    word = SEVERITY[told.verdict] if told.verdict else "Not judged"
    headline = told.headline or "what was seen, without an opinion"
    yield f"## {word}: {_prose(hide(headline))}"
    yield ""
    yield f"- **Target:** {_code(hide(document.target))}"
    tool = f", by {_prose(visible(document.tool))}" if document.tool else ""
    yield f"- **Probed:** {moment(document.started)}, took {duration(document.duration_ms)}{tool}"
    if document.used_by:
        yield f"- **For whom:** {_prose(for_whom(document.used_by, hide))}"
    if told.ended:
        yield f"- **Not complete:** {told.ended}"
    if told.cause:
        yield from _cause(told.cause, hide)
    for entry in told.untested:
        where = f" at {', '.join(_code(hide(subject)) for subject in entry.subjects)}" if entry.subjects else ""
        why = "this" if told.cause and entry.because == told.cause.finding.code else _prose(hide(entry.summary or entry.because))
        yield f"- **Not tested:** {_prose(visible(', '.join(entry.labels)))}{where}, because of {why}"
    if told.cause and told.cause.finding.evidence:
        yield from ("", "### How we know", "")
        yield from _block(f"{key}: {hide(value)}" for key, value in facts(told.cause.finding.evidence))


def _cause(alike: Alike, hide: Callable[[str], str]) -> Iterator[str]:
    cause = alike.finding
    subjects = ", ".join(_code(hide(subject)) for subject in (cause.subject, *alike.also))
    yield f"- **Finding:** {_code(visible(cause.code))} about {subjects}"
    people = asked_to_act(cause)
    if people:
        yield f"- **Who must act:** {'; '.join(people)}"
    if cause.fix:
        yield "- **What to change:**"
        yield from _fixes(cause, hide, named=len(people) > 1)
    if cause.detail:
        yield f"- **In detail:** {_prose(hide(cause.detail))}"
    if cause.confidence != "sure":
        yield f"- **How sure:** {cause.confidence}"
    if cause.account_risk:
        yield "- **Careful:** trying again with the same password may lock the account."
    elif cause.temporary:
        yield "- **Later?** This may pass by itself."
    for ref in cause.refs:
        yield f"- **Read more:** {ref if _LINK.fullmatch(ref) else _prose(visible(ref))}"


def _finding(alike: Alike, hide: Callable[[str], str]) -> Iterator[str]:
    finding = alike.finding
    subject = f"{_code(hide(finding.subject))}, {_code(visible(finding.code))}"
    yield f"- **{SEVERITY[finding.severity]}:** {_prose(hide(finding.summary))} ({subject})"
    if alike.also:
        yield f"  - the same at {', '.join(_code(hide(subject)) for subject in alike.also)}"
    if finding.severity != "ok":
        for key, value in facts(finding.evidence):
            yield f"  - {_prose(key)}: {_code(hide(value))}"
        yield from _fixes(finding, hide, named=True)


def _fixes(finding: Finding, hide: Callable[[str], str], *, named: bool) -> Iterator[str]:
    for number, fix in enumerate(finding.fix, start=1):
        who = f"{who_words(fix.who, start=True)}: " if named else ""
        where = place(fix.where)
        yield f"  {number}. {who}{_prose(hide(fix.action))}{f' ({_prose(visible(where))})' if where else ''}"


def _lane(document: ProbeDocument, lane: Lane, hide: Callable[[str], str]) -> Iterator[str]:
    names = [_code(hide(lane.title)), *([_code(hide(lane.address))] if lane.address else [])]
    yield from ("", f"### Steps at {' '.join(names)}{f', {SECURITY[lane.security]}' if lane.security else ''}", "")
    yield from _block(
        f"{document.started + timedelta(milliseconds=bar.start_ms):%H:%M:%S.%f}"[:-3]
        + f" UTC  {visible(bar.label):<17} {bar.word:<14} {bar.took:>7}  {hide(bar.saw)}".rstrip()
        for bar in lane.bars
    )


def _transcript(document: ProbeDocument, hide: Callable[[str], str]) -> Iterator[str]:
    for endpoint in document.endpoints:
        told = [line for line in endpoint.transcript if line.address in (None, endpoint.leading_address)]
        if not told:
            continue
        yield from ("", f"### Transcript of {_code(hide(f'{endpoint.host}:{endpoint.port}'))}", "")
        left_out = [f"-- {len(told) - LINES} more lines are in the JSON"] if len(told) > LINES else []
        yield from _block([*(_said(line, hide) for line in told[:LINES]), *left_out])


def _said(line: Line, hide: Callable[[str], str]) -> str:
    return f"{line.connection}  {line.at_ms:7.0f} ms  {ARROWS[line.direction]} {shorten(hide(line.line), 500)}"


def _prose(text: str) -> str:
    """Text of unknown origin as Markdown prose: no link, no picture, no markup, no mention of a person."""
    return _MARKUP.sub(r"\\\1", text)


def _code(text: str) -> str:
    """Text as a code span; the fence is longer than any run of backticks inside (CommonMark, 6.1)."""
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if runs else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _block(lines: Iterable[str]) -> Iterator[str]:
    """Lines as a code block (CommonMark, 4.5), fenced longer than any run of backticks inside."""
    body = list(lines)
    runs = [len(run) for line in body for run in re.findall("`+", line)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    yield from (fence, *body, fence)
