"""From observations to one verdict: all judges are asked, their opinions ordered and worded, and summed up in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from mailkit.diagnosis.auth import judge_auth
from mailkit.diagnosis.case import Opinion, places
from mailkit.diagnosis.dns import judge_dns
from mailkit.diagnosis.ehlo import judge_ehlo
from mailkit.diagnosis.envelope import judge_envelope
from mailkit.diagnosis.greeting import judge_greeting
from mailkit.diagnosis.knowledge import knowledge
from mailkit.diagnosis.order import RANK, Group, merged, ordered
from mailkit.diagnosis.reach import not_reached, not_reached_at, unexplained
from mailkit.diagnosis.session import judge_session, judge_stopped
from mailkit.diagnosis.tcp import judge_tcp
from mailkit.diagnosis.tls import judge_tls
from mailkit.diagnosis.wording import filled, worded
from mailkit.finding import Finding, Fix, Product, Severity
from mailkit.observation import NotTested, ProbeDocument
from mailkit.site.screens import screens

__all__ = ["Diagnosis", "diagnose", "diagnosed"]


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What a document means."""

    findings: tuple[Finding, ...]
    """The cause first, then what follows from it, what else is wrong, hints, and what is good."""
    verdict: Severity
    """The worst of the findings: ``error``, ``warning`` or ``ok``."""
    headline: str
    """The verdict in one sentence: what broke, who must act, what to change."""
    not_tested: tuple[NotTested, ...]
    """Steps that were wanted and not reached, and because of which finding."""


def diagnose(document: ProbeDocument, product: Product | None = None) -> Diagnosis:
    """Judge a document.

    Args:
        document: observations, live or read back from a file. Findings already in it are not looked at.
        product: the product the site uses, for ways out in terms of its screens (``Fix.where``).

    Returns:
        Findings in causal order, the verdict and its sentence, and what was not reached.
    """
    return _diagnosis(document, _judged(document), product)


def diagnosed(document: ProbeDocument, product: Product | None = None) -> ProbeDocument:
    """Give a copy of the document with findings, verdict, headline and what was not tested; doing it twice changes nothing."""
    groups = _judged(document)
    result = _diagnosis(document, groups, product)
    return replace(
        document,
        verdict=result.verdict,
        headline=result.headline,
        findings=result.findings,
        not_tested=result.not_tested,
        endpoints=tuple(replace(one, not_tested=not_reached_at(document, one, groups)) for one in document.endpoints),
    )


def _judged(document: ProbeDocument) -> list[Group]:
    opinions = [*_opinions(document)]
    opinions += unexplained(document, merged(opinions))
    return ordered(document, merged(opinions))


def _diagnosis(document: ProbeDocument, groups: list[Group], product: Product | None) -> Diagnosis:
    findings = tuple(worded(group, product) for group in groups)
    verdict = _verdict(findings)
    return Diagnosis(
        findings=findings,
        verdict=verdict,
        headline=_headline(groups, findings, verdict),
        not_tested=not_reached(document, groups),
    )


def _opinions(document: ProbeDocument) -> Iterator[Opinion]:
    yield from judge_dns(document)
    yield from judge_tcp(document)
    for place in places(document):
        yield from judge_greeting(place)
        if place.other_service is not None:
            # What another kind of server answers to SMTP commands means nothing.
            continue
        yield from judge_ehlo(place)
        yield from judge_tls(place)
        yield from judge_auth(place)
        yield from judge_envelope(place)
        yield from judge_session(place)
    yield from judge_stopped(document)


def _verdict(findings: tuple[Finding, ...]) -> Severity:
    # Nothing seen is nothing known: not even that all is well.
    worst: Severity = min((finding.severity for finding in findings), key=RANK.__getitem__, default="warning")
    return "ok" if worst == "info" else worst


def _headline(groups: list[Group], findings: tuple[Finding, ...], verdict: Severity) -> str:
    words = knowledge().words
    if not findings:
        return words.headline["nothing"]
    if verdict == "ok":
        return _fine(groups)
    cause = findings[0]
    kind = _headline_kind(groups[0], cause, verdict)
    filling = {
        "stage": words.stages[groups[0].first.at if cause.stage == "session" else cause.stage],
        "summary": cause.summary,
        "who": words.who[cause.fix[0].who] if cause.fix else "",
        "action": _action(cause.fix[0]) if cause.fix else "",
    }
    return words.headline[kind if cause.fix else "unfixed"].format_map(filling)


def _action(fix: Fix) -> str:
    """Say what to do, and in which field, as its screen calls it."""
    if fix.where is None:
        return fix.action
    field = screens()[fix.where]
    return knowledge().words.headline["field"].format(label=field.label, path=field.path, action=fix.action)


def _headline_kind(group: Group, cause: Finding, verdict: Severity) -> str:
    if cause.code == "session.incomplete":
        return "incomplete"
    if cause.code.endswith(".timeout"):
        return "unknown"
    if verdict == "warning" and cause.temporary and group.first.blocks:
        return "warning_refused"
    return verdict


def _fine(groups: list[Group]) -> str:
    """Say what was found good, about the endpoint that got furthest."""
    words = knowledge().words
    endpoint = next((group.endpoint for group in groups if group.first.code == "tcp.ok"), None)
    said: dict[str, str] = {}
    for group in groups:
        one = group.first
        template = words.fine.get(one.code)
        if template and one.variant is None and one.code not in said and group.endpoint == endpoint:
            said[one.code] = filled(template, group)
    parts = [said[code] for code in words.fine if code in said]
    return words.headline["fine"].format(parts=", ".join(parts)) if parts else words.headline["nothing"]
