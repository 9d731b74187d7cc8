"""From many opinions to one verdict: the cause first, then what follows from it, what else is wrong, what is good.

Here opinions about several addresses are merged, put into causal order, worded, and summed up in a headline; here, too, it is
said which stages were not reached, and because of what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mailkit.diagnosis.auth import judge_auth
from mailkit.diagnosis.case import STEPS, Opinion, Place, Step, places
from mailkit.diagnosis.dns import judge_dns
from mailkit.diagnosis.ehlo import judge_ehlo
from mailkit.diagnosis.envelope import judge_envelope
from mailkit.diagnosis.greeting import judge_greeting
from mailkit.diagnosis.knowledge import Entry, knowledge, screens
from mailkit.diagnosis.session import judge_session, judge_stopped
from mailkit.diagnosis.tcp import judge_tcp
from mailkit.diagnosis.tls import judge_tls
from mailkit.finding import Finding, Fix, Product, Severity
from mailkit.observation import (
    AuthStage,
    EhloStage,
    EndpointResult,
    GreetingStage,
    NotTested,
    ProbeDocument,
    RecipientStage,
    SenderStage,
    Stage,
    StarttlsStage,
    TcpStage,
    TlsStage,
)
from mailkit.text import shorten

__all__ = ["Diagnosis", "diagnose", "diagnosed"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}

_REACHED: dict[Step, tuple[type[Stage], ...]] = {
    "tcp": (TcpStage,),
    "greeting": (GreetingStage,),
    "ehlo": (EhloStage,),
    "tls": (StarttlsStage, TlsStage),
    "auth": (AuthStage,),
    "sender": (SenderStage,),
    "recipient": (RecipientStage,),
}
"""By which observations one knows that a step was reached."""

_TEXT_IN_SENTENCE = 160
_NAMES_IN_SENTENCE = 4


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
        endpoints=tuple(replace(one, not_tested=tuple(_gaps(document, one, groups))) for one in document.endpoints),
    )


def _judged(document: ProbeDocument) -> list[_Group]:
    return _ordered(document, _merged(_opinions(document)))


def _diagnosis(document: ProbeDocument, groups: list[_Group], product: Product | None) -> Diagnosis:
    findings = tuple(_finding(group, product) for group in groups)
    verdict = _verdict(findings)
    missing = [gap for endpoint in document.endpoints for gap in _gaps(document, endpoint, groups)] or [
        *_no_endpoint(document, groups)
    ]
    return Diagnosis(
        findings=findings,
        verdict=verdict,
        headline=_headline(groups, findings, verdict),
        not_tested=tuple(gap for gap in missing if _matters(gap, groups)),
    )


def _opinions(document: ProbeDocument) -> Iterator[Opinion]:
    yield from judge_dns(document)
    yield from judge_tcp(document)
    for place in places(document):
        yield from judge_greeting(place)
        if any(stage.service is not None and stage.service != "tls" for stage in place.all(GreetingStage)):
            # What another kind of server answers to SMTP commands means nothing.
            continue
        yield from judge_ehlo(place)
        yield from judge_tls(place)
        yield from judge_auth(place)
        yield from judge_envelope(place)
        yield from judge_session(place)
    yield from judge_stopped(document)


# ── merging and ordering ───────────────────────────────────────────────────────────────────────────────────────────


class _Group(Struct, frozen=True):
    """Opinions that say the same about several addresses of one endpoint."""

    first: Opinion
    addresses: tuple[str, ...]
    entry: Entry

    @property
    def severity(self) -> Severity:
        return self.first.severity or self.entry.severity

    @property
    def endpoint(self) -> EndpointResult | None:
        return self.first.place.endpoint


def _merged(opinions: Iterable[Opinion]) -> list[_Group]:
    table = knowledge().findings
    groups: dict[tuple[str | None, ...], list[Opinion]] = {}
    for one in opinions:
        groups.setdefault((one.code, one.variant, one.subject or one.place.name, one.about), []).append(one)
    return [
        _Group(
            group[0],
            tuple(dict.fromkeys(one.place.address.address for one in group if one.place.address)),
            table[group[0].code].seen_as(group[0].variant),
        )
        for group in groups.values()
    ]


def _ordered(document: ProbeDocument, groups: list[_Group]) -> list[_Group]:
    """Sort: errors before warnings before hints before what is good, each in causal order; consequences behind their causes."""
    importance = {endpoint: number for number, endpoint in enumerate(_by_importance(document))}

    def key(group: _Group) -> tuple[int, int, int]:
        where = importance[_address_of(group.endpoint)] + 1 if group.endpoint is not None else 0
        return _RANK[group.severity], where, _step(group)

    todo = sorted(groups, key=key)
    done: list[_Group] = []
    while todo:
        cause = todo.pop(0)
        done.append(cause)
        if cause.severity == "ok":
            continue
        follows = [
            one for one in todo if one.severity != "ok" and cause.first.code in one.entry.follows and _together(cause, one)
        ]
        done += follows
        todo = [one for one in todo if one not in follows]
    return done


def _together(cause: _Group, one: _Group) -> bool:
    return one.endpoint is None or cause.endpoint is None or _address_of(one.endpoint) == _address_of(cause.endpoint)


def _address_of(endpoint: EndpointResult) -> tuple[str, int]:
    return endpoint.host, endpoint.port


def _by_importance(document: ProbeDocument) -> list[tuple[str, int]]:
    """Order the endpoints: of a domain the one senders try first, of a host the one that got furthest."""
    if document.kind == "mx":
        ordered = sorted(document.endpoints, key=lambda one: one.preference or 0)
    else:
        ordered = sorted(document.endpoints, key=lambda one: -len({type(stage) for stage in one.stages}))
    return [_address_of(one) for one in ordered]


def _step(group: _Group) -> int:
    """Number the step in the causal order; where TLS comes first, its step comes before the greeting."""
    step = group.entry.step or group.first.at
    number = STEPS.index(step) * 2 if step in STEPS else len(STEPS) * 2
    implicit = group.endpoint is not None and group.endpoint.security == "implicit"
    return STEPS.index("tcp") * 2 + 1 if step == "tls" and implicit else number


# ── words ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Filling(dict[str, str]):
    """What templates are filled with; what is missing is said to be unknown, not left as a brace."""

    def __missing__(self, _key: str) -> str:
        return knowledge().words.unknown


def _filling(group: _Group) -> _Filling:
    one = group.first
    place = {"host": one.place.host or one.place.name, "port": one.place.port, "subject": _subject(group)}
    return _Filling({name: _say(value) for name, value in {**place, **one.evidence, **one.words}.items()})


def _say(value: Any) -> str:  # noqa: ANN401 (evidence is of any kind)
    words = knowledge().words
    if value is None or value in ("", []):
        return words.unknown
    if isinstance(value, float):
        return f"{value:.0f}"
    if isinstance(value, list | tuple):
        shown = [str(one) for one in value[:_NAMES_IN_SENTENCE]]
        more = [words.and_more.format(count=len(value) - len(shown))] if len(value) > len(shown) else []
        return ", ".join(shown + more)
    return shorten(str(value), _TEXT_IN_SENTENCE)


def _subject(group: _Group) -> str:
    one = group.first
    if one.subject is not None:
        return one.subject
    endpoint = group.endpoint
    if endpoint is None or len(endpoint.addresses) <= len(group.addresses) or not group.addresses:
        return one.place.name
    return f"{one.place.name} [{', '.join(group.addresses)}]"


def _finding(group: _Group, product: Product | None) -> Finding:
    one, entry, means = group.first, group.entry, group.first.meaning
    filling = _filling(group)
    evidence: dict[str, Any] = {}
    if group.endpoint is not None and one.subject is None:
        evidence |= {"host": group.endpoint.host, "port": group.endpoint.port}
    if group.addresses:
        evidence["addresses"] = list(group.addresses)
    detail = entry.detail
    general, screens = entry.fix, entry.on_screens(product)
    risk = entry.account_risk
    temporary = one.temporary if one.temporary is not None else entry.temporary
    if means is not None:
        detail = means.cause or detail
        general = means.fix or general
        screens = means.product_fix.get(product, screens) if product else ()
        risk = risk or means.account_risk
    return Finding(
        code=one.code,
        severity=group.severity,
        stage=one.code.partition(".")[0],
        subject=_subject(group),
        summary=entry.summary.format_map(filling),
        detail=detail if detail is None or (means and means.cause) else detail.format_map(filling),
        evidence={**evidence, **one.evidence},
        fix=tuple(Fix(who=fix.who, action=fix.action.format_map(filling), where=fix.where) for fix in (*screens, *general)),
        refs=entry.refs,
        temporary=temporary,
        account_risk=risk,
        confidence=one.confidence,
    )


# ── the verdict ────────────────────────────────────────────────────────────────────────────────────────────────────


def _verdict(findings: tuple[Finding, ...]) -> Severity:
    worst: Severity = min((finding.severity for finding in findings), key=_RANK.__getitem__, default="ok")
    return "ok" if worst == "info" else worst


def _headline(groups: list[_Group], findings: tuple[Finding, ...], verdict: Severity) -> str:
    words = knowledge().words
    if verdict == "ok":
        return _fine(groups)
    cause = findings[0]
    kind = _headline_kind(groups, cause)
    filling = {
        "stage": words.stages[cause.stage],
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


def _headline_kind(groups: list[_Group], cause: Finding) -> str:
    if cause.evidence.get("problem") == "timeout" or cause.code.endswith(".timeout"):
        return "unknown"
    if cause.severity == "warning" and cause.temporary and groups[0].first.blocks:
        return "warning_refused"
    return cause.severity


def _fine(groups: list[_Group]) -> str:
    """Say what was found good, about the endpoint that got furthest."""
    words = knowledge().words
    endpoint = next((group.endpoint for group in groups if group.first.code == "tcp.ok"), None)
    said: dict[str, str] = {}
    for group in groups:
        one = group.first
        template = words.fine.get(one.code)
        if template and one.variant is None and one.code not in said and group.endpoint == endpoint:
            said[one.code] = template.format_map(_filling(group))
    parts = [said[code] for code in words.fine if code in said]
    return words.headline["fine"].format(parts=", ".join(parts)) if parts else words.headline["nothing"]


# ── what was not reached ───────────────────────────────────────────────────────────────────────────────────────────


def _wanted(document: ProbeDocument) -> list[Step]:
    return ["tcp", "greeting", "ehlo", "tls", *(step for step in STEPS if step in document.wanted)]


def _gaps(document: ProbeDocument, endpoint: EndpointResult, groups: list[_Group]) -> Iterator[NotTested]:
    """Name the steps that were not reached at the leading address of an endpoint, and what stood in the way."""
    leading = endpoint.leading_address or (endpoint.addresses[0].address if endpoint.addresses else None)
    stages = [stage for stage in endpoint.stages if stage.address == leading or leading is None]
    blocking = [group for group in groups if group.severity != "ok" and _concerns(group, endpoint, leading)]
    for step in _wanted(document):
        reached = [stage for stage in stages if isinstance(stage, _REACHED[step])]
        if step == "tls" and not reached:
            # Where nobody asked for encryption and none was offered, there was nothing to reach.
            reached = [stage for stage in stages if isinstance(stage, EhloStage) and stage.ok and endpoint.asked == "none"]
        if step == "auth":
            reached = [stage for stage in reached if isinstance(stage, AuthStage) and stage.why_not is None]
        if not reached and (because := _because(step, blocking, stages)):
            name = Place(document=document, endpoint=endpoint).name
            yield NotTested(stage=step, because=because, endpoint=name, address=leading if len(endpoint.addresses) > 1 else None)


def _no_endpoint(document: ProbeDocument, groups: list[_Group]) -> Iterator[NotTested]:
    """Say what was not reached of a target that led to no server at all."""
    blocking = [group for group in groups if group.first.blocks and group.severity != "ok"]
    if not document.endpoints and blocking:
        for step in _wanted(document):
            yield NotTested(stage=step, because=blocking[0].first.code)


def _concerns(group: _Group, endpoint: EndpointResult, leading: str | None) -> bool:
    if group.endpoint is None:
        return True
    if group.first.at == "dns":
        return group.endpoint.host == endpoint.host
    same = _address_of(group.endpoint) == _address_of(endpoint)
    return same and (leading is None or not group.addresses or leading in group.addresses)


def _because(step: Step, blocking: list[_Group], stages: list[Any]) -> str | None:
    """Name the finding that kept a step from being reached: the earliest that ends the dialogue before it."""
    attempts = [stage for stage in stages if isinstance(stage, AuthStage)]
    if step == "auth" and any(stage.why_not == "unverified" for stage in attempts):
        found = [one for one in blocking if one.first.code.startswith(("tls.certificate", "tls.chain"))]
        if found:
            return found[0].first.code
    number = STEPS.index(step)
    before = [one for one in blocking if one.first.blocks and (one.first.at == "session" or STEPS.index(one.first.at) <= number)]
    if not before and step in ("sender", "recipient") and any(stage.why_not == "unverified" for stage in attempts):
        return _because("auth", blocking, stages)
    if not before:
        return None
    return min(before, key=lambda one: (one.first.at == "session", STEPS.index(one.first.at))).first.code


def _matters(gap: NotTested, groups: list[_Group]) -> bool:
    """Leave out at the top what was not reached for a reason that is none to worry about (a closed port beside working ones)."""
    return any(group.first.code == gap.because and group.severity in ("error", "warning") for group in groups)
