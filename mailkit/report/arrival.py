"""What became of a mail, on paper: the verdict, its way with the delays, what the receiver said. For a terminal and as HTML.

Works on the document ``arrival`` and its findings (:func:`mailkit.diagnosis.arrival.judge_arrival`). Whatever stands in a mail
is a stranger's: it is escaped where a page is made, and shows itself in a terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from mailkit.finding import Finding
from mailkit.mail.follow.arrival import Arrival, Check, Copy, Hop, Told
from mailkit.report import configuration, markup
from mailkit.report.outline import Alike, asked_to_act
from mailkit.report.page import fold, listed, style
from mailkit.report.words import SEVERITY, count, duration, moment
from mailkit.text import shorten, visible

__all__ = ["fragment", "page", "render"]

_MOST_COPIES = 5
_BAR = 24
_NAME = 120
_METHODS = ("spf", "dkim", "dmarc", "compauth", "arc")
_BECAUSE = {"position": "by the receiver", "name": "under the receiver's name", "none": "not known to be the receiver's"}


def render(arrival: Arrival, findings: Sequence[Finding], *, width: int = 80, colour: bool = False) -> str:
    """Return everything as text, ending with a line end.

    Args:
        arrival: what was seen.
        findings: about it.
        width: columns of the terminal.
        colour: with ANSI colours; no information is in the colour alone.
    """
    lines = [configuration.render(findings, width=width, colour=colour).rstrip("\n")]
    for number, copy in enumerate(arrival.copies[:_MOST_COPIES], 1):
        title = f"Copy {number} of {len(arrival.copies)}" if len(arrival.copies) > 1 else "The way it took"
        lines += ["", visible(shorten(f"{title}: {_place(copy)}", width)), *_way(copy, width), *_proof(copy, width)]
    lines += ["", *_looked(arrival, width)]
    return "\n".join(lines) + "\n"


def page(arrival: Arrival, findings: Sequence[Finding]) -> str:
    """Return a whole HTML page, complete in itself, to be kept or mailed."""
    title = markup.text(f"Mail to {arrival.recipient or 'its recipient'}: what became of it")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'</head>\n<body class="mailkit-page"><main>{fragment(arrival, findings)}</main></body></html>\n'
    )


def fragment(arrival: Arrival, findings: Sequence[Finding]) -> str:
    """Return everything as one piece of HTML with its styles: the verdict, what to do, the way of each copy, where was looked."""
    copies = "".join(_copy(copy, number, len(arrival.copies)) for number, copy in enumerate(arrival.copies[:_MOST_COPIES], 1))
    looked = "".join(f"<dt>{label}</dt><dd>{markup.text(value)}</dd>" for label, value in _search(arrival))
    seen = fold("Where was looked", f'<dl class="mk-rows">{looked}</dl>', name="looked")
    return f'<style>{style()}</style><div class="mailkit">{_verdict(findings)}{copies}{seen}</div>'


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _way(copy: Copy, width: int) -> Iterator[str]:
    if not copy.hops:
        yield "  The source shows no server on the way."
        return
    longest = max((hop.delay_ms or 0.0 for hop in copy.hops), default=0.0)
    wide = width >= 70
    for number, hop in enumerate(copy.hops, 1):
        took = duration(hop.delay_ms) if hop.delay_ms is not None else "-"
        bar = f" {_drawn(hop, longest):<{_BAR // 2}}" if wide else ""
        head = f"  {number:>2} {took:>8}{bar}  "
        room = max(width - len(head), 24)
        first, *rest = textwrap.wrap(visible(_steps(hop)), room, break_on_hyphens=False) or [""]
        yield head + first
        yield from (" " * len(head) + line for line in rest)
    if copy.hops_left_out:
        yield f"     … and {count(copy.hops_left_out, 'line')} more in the middle, left out"
    if copy.latency_ms is not None:
        yield f"  In all {duration(copy.latency_ms)}{_clock(copy)}"


def _proof(copy: Copy, width: int) -> Iterator[str]:
    for label, value in _proofs(copy):
        yield from textwrap.wrap(visible(value), max(width, 44), initial_indent=f"  {label:<18}", subsequent_indent=" " * 20)


def _looked(arrival: Arrival, width: int) -> Iterator[str]:
    for label, value in _search(arrival):
        yield from textwrap.wrap(visible(value), max(width, 44), initial_indent=f"{label:<20}", subsequent_indent=" " * 20)


def _drawn(hop: Hop, longest: float) -> str:
    return "█" * round((hop.delay_ms or 0.0) / longest * _BAR / 2) if longest >= 1000 else ""


# ── words of both ────────────────────────────────────────────────────────────────────────────────────────────────────


def _steps(hop: Hop) -> str:
    who = hop.name or hop.from_ or "itself"
    address = f" [{hop.address}]" if hop.address and hop.address != who else ""
    how = ", ".join(
        word
        for word in (
            hop.protocol or "",
            hop.tls or ("encrypted" if hop.encrypted else "not encrypted" if hop.encrypted is False else ""),
            "logged in" if hop.logged_in else "",
            f"id {hop.id}" if hop.id else "",
        )
        if word
    )
    told = f"{shorten(who, _NAME)}{address} → {shorten(hop.by or 'a server without a name', _NAME)}" + (
        f" ({how})" if how else ""
    )
    if hop.outside:
        told += "; here it came into the receiver's servers"
    if hop.behind_ms:
        told += f"; this clock is {duration(hop.behind_ms)} behind the one before"
    return told


def _clock(copy: Copy) -> str:
    if copy.clock_behind_ms:
        return f" (the mailbox's clock is {duration(copy.clock_behind_ms)} behind this machine's)"
    if copy.seen_after_ms is not None:
        return f" by the mailbox's clock; seen here after {duration(copy.seen_after_ms)}"
    return ", from the first server's clock to the last one's" if copy.arrived is None else ""


def _place(copy: Copy) -> str:
    use = {"junk": "junk, ", "trash": "trash, ", "archive": "archive, ", "source": ""}.get(copy.use, "")
    when = f", {moment(copy.arrived)}" if copy.arrived else ""
    return f"{use}{shorten(copy.folder or 'as its source shows', _NAME)}{when}"


def _proofs(copy: Copy) -> Iterator[tuple[str, str]]:
    label = "The receiver says"
    for testimony in copy.testimony:
        if testimony.trust == "none" or not testimony.told:
            continue
        said = "; ".join(_result(told) for told in testimony.told if told.method in _METHODS)
        if said:
            yield label, f"{said} ({_BECAUSE[testimony.trust]}{f', {testimony.server}' if testimony.server else ''})"
            label = ""
    if copy.verified is not None:
        checked = copy.verified
        signed = [f"DKIM {_check(one)}" for one in checked.dkim] or ["DKIM none: the mail is not signed"]
        yield "Checked here", "; ".join([f"SPF {_check(checked.spf)}", *signed, f"DMARC {_check(checked.dmarc)}"])
    for one in copy.screening:
        if one.trust != "none":
            yield "Filter", f"{one.header}: {shorten(one.raw, 200)}"
    for change in copy.changes:
        yield "Changed", f"{change.field}: {change.was} → {change.now} ({change.how})"
    for note in copy.notes:
        yield "Source", note


def _result(told: Told) -> str:
    domain = told.properties.get("header.d") or told.properties.get("header.from") or told.properties.get("smtp.mailfrom")
    domain = domain if domain != "none" else None
    code = f" {told.reason}" if told.method == "compauth" and told.reason else ""
    method = told.method if told.method == "compauth" else told.method.upper()
    return f"{method} {told.result}{code}{f' for {domain}' if domain else ''}"


def _check(one: Check) -> str:
    result = "could not tell" if one.result == "unknown" else one.result
    return f"{result}{f' for {one.domain}' if one.domain else ''}{f' ({one.because})' if one.because else ''}"


def _search(arrival: Arrival) -> Iterator[tuple[str, str]]:
    looked = arrival.looked
    if arrival.message_id:
        yield "Message-ID", shorten(arrival.message_id, 200)
    if arrival.accepted:
        yield "Handed over", moment(arrival.accepted)
    if looked.where:
        yield "Looked into", ", ".join(looked.where)
    if looked.folders:
        more = f" ({count(looked.folders_left_out, 'folder')} left out)" if looked.folders_left_out else ""
        yield "Folders", shorten(", ".join(looked.folders), 300) + more
    if looked.until:
        yield "Looks", f"{looked.times}, until {moment(looked.until)}"
    if looked.problem_text:
        yield "Trouble", looked.problem_text


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _verdict(findings: Sequence[Finding]) -> str:
    if not findings:
        return '<section class="mk-card mk-unknown" aria-label="Verdict"><h3 class="mk-headline">Not judged.</h3></section>'
    first, *others = findings
    word = f'<span class="mk-word mk-{first.severity}">{SEVERITY[first.severity]}</span>'
    acting = "; ".join(markup.text(who) for who in asked_to_act(first))
    rows = f'<dl class="mk-rows"><dt>Who must act</dt><dd>{acting}</dd></dl>' if acting and first.severity != "ok" else ""
    card = (
        f'<section class="mk-card mk-{first.severity}" aria-label="Verdict">'
        f'<h3 class="mk-headline">{word}{markup.text(first.summary)}</h3>{rows}</section>'
    )
    detailed = first.severity != "ok" or first.detail
    shown = [Alike(finding=one, also=()) for one in ([first] if detailed else []) + others]
    return card + (f'<section class="mk-group"><h4>What was found</h4>{listed(shown)}</section>' if shown else "")


def _copy(copy: Copy, number: int, of: int) -> str:
    title = f"Copy {number} of {of}" if of > 1 else "The way it took"
    longest = max((hop.delay_ms or 0.0 for hop in copy.hops), default=0.0)
    rows = "".join(_row(at, hop, longest) for at, hop in enumerate(copy.hops, 1))
    total = f"In all {duration(copy.latency_ms)}{_clock(copy)}." if copy.latency_ms is not None else ""
    heads = "".join(f'<th scope="col">{one}</th>' for one in ("Step", "Waited", "Share", "From and to"))
    table = (
        f'<table class="mk-lane"><caption>{title}: {markup.text(_place(copy))}. {markup.text(total)}</caption>'
        '<colgroup><col class="mk-col-result"><col class="mk-col-time"><col class="mk-col-track"><col></colgroup>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
    if not copy.hops:
        table = f"<p>{title}: {markup.text(_place(copy))}. The source shows no server on the way.</p>"
    left_out = f"<p>… and {count(copy.hops_left_out, 'line')} more in the middle, left out.</p>" if copy.hops_left_out else ""
    proofs = "".join(f"<dt>{label}</dt><dd>{markup.text(value)}</dd>" for label, value in _proofs(copy))
    return table + left_out + (f'<dl class="mk-rows">{proofs}</dl>' if proofs else "")


def _row(number: int, hop: Hop, longest: float) -> str:
    took = duration(hop.delay_ms) if hop.delay_ms is not None else "-"
    share = (hop.delay_ms or 0.0) / longest * 100 if longest >= 1000 else 0.0
    bar = f'<svg width="100%" height="8" aria-hidden="true"><rect width="{share:.1f}%" height="8" fill="currentColor"/></svg>'
    when = f"<small>{moment(hop.moment)}</small>" if hop.moment else ""
    way = f"<td>{markup.text(_steps(hop))}{when}</td>"
    return f'<tr><th scope="row">{number}</th><td>{took}</td><td>{bar if share else ""}</td>{way}</tr>'
