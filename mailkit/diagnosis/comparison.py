"""What differs between two probes of one target: from two places, or on two days.

Only what has a meaning is compared; times, connection numbers and serial numbers in greetings are noise. Neither document is
taken for the right one. Words and limits are in ``knowledge/comparison.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct

from mailkit.diagnosis.case import STEPS
from mailkit.diagnosis.certificate import short_name
from mailkit.diagnosis.knowledge import knowledge, read
from mailkit.diagnosis.verdict import diagnose
from mailkit.finding import Finding, Severity
from mailkit.observation import (
    AuthStage,
    ClearMailStage,
    DnsStage,
    EhloStage,
    EndpointResult,
    GreetingStage,
    ProbeDocument,
    RecipientStage,
    Reply,
    SenderStage,
    Stage,
    StarttlsStage,
    TlsFacts,
)

__all__ = ["Comparison", "Difference", "compare"]

# RFC 5322, 3.3.
_DATE = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} \w{3} \d{4} [\d:]+(?: [+-]\d{4})?(?: \(\w+\))?")

_REPLIES: tuple[tuple[str, type[Stage]], ...] = (
    ("EHLO", EhloStage),
    ("STARTTLS", StarttlsStage),
    ("MAIL FROM before encryption", ClearMailStage),
    ("the log-in", AuthStage),
    ("MAIL FROM", SenderStage),
    ("RCPT TO", RecipientStage),
)


class Difference(Struct, frozen=True, kw_only=True):
    """One thing that differs."""

    what: str
    """``verdict``, ``finding_new``, ``certificate``, ``keywords_tls``, … (the sentences of ``comparison.toml``)."""
    subject: str
    first: Any
    second: Any
    sentence: str


class Comparison(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.comparison/1"):
    """What differs between two probes, the weightiest first."""

    first: str
    """The target of the first document."""
    second: str
    first_started: datetime
    second_started: datetime
    first_verdict: Severity
    second_verdict: Severity
    headline: str
    differences: tuple[Difference, ...]


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    same: str
    other_target: str
    some: str
    one: str
    nothing: str
    slower: float
    slower_by_ms: float
    sentences: dict[str, str]
    values: dict[str, str]
    weights: dict[str, int]


@cache
def _words() -> _Words:
    return read("comparison", _Words)


def compare(before: ProbeDocument, after: ProbeDocument) -> Comparison:
    """Tell what differs between two documents.

    Args:
        before: the first: an earlier day, or one of two places.
        after: the second.

    Both are diagnosed anew, so that two ages of this program make no difference.
    """
    words = _words()
    first, second = diagnose(before), diagnose(after)
    found = [*_verdicts(before.target, first.verdict, second.verdict), *_findings(first.findings, second.findings)]
    facts = [*_exchangers(before, after), *_endpoints(before, after)]
    facts.sort(key=lambda one: words.weights.get(one.what, 0))
    found += facts
    headline = words.same
    if found:
        headline = (words.one if len(found) == 1 else words.some).format(count=len(found), sentence=found[0].sentence)
    if before.target != after.target:
        headline = f"{words.other_target.format(first=before.target, second=after.target)} {headline}"
    return Comparison(
        first=before.target,
        second=after.target,
        first_started=before.started,
        second_started=after.started,
        first_verdict=first.verdict,
        second_verdict=second.verdict,
        headline=headline,
        differences=tuple(found),
    )


def _differ(what: str, subject: str, first: Any, second: Any, *, thing: str = "") -> Iterator[Difference]:  # noqa: ANN401 (values of any kind)
    if first == second:
        return
    told = {"subject": subject, "first": _say(first), "second": _say(second), "what": thing}
    yield Difference(what=what, subject=subject, first=first, second=second, sentence=_words().sentences[what].format(**told))


def _say(value: Any) -> str:  # noqa: ANN401 (values of any kind)
    if value is None:
        return knowledge().words.unknown
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or _words().nothing
    return str(value)


# ── findings ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _verdicts(target: str, first: Severity, second: Severity) -> Iterator[Difference]:
    yield from _differ("verdict", target, first, second)


def _findings(first: tuple[Finding, ...], second: tuple[Finding, ...]) -> Iterator[Difference]:
    """Name the findings only one side has; those that say that something is good are left out."""
    a, b = _by_code(first), _by_code(second)
    for key in [*a, *(key for key in b if key not in a)]:
        one, other = a.get(key), b.get(key)
        if one is not None and other is not None:
            yield from _differ("severity", one.subject, one.severity, other.severity, thing=one.code)
            continue
        finding = one or other
        assert finding is not None
        yield Difference(
            what="finding_gone" if one else "finding_new",
            subject=finding.subject,
            first=one.code if one else None,
            second=other.code if other else None,
            sentence=_words()
            .sentences["finding_gone" if one else "finding_new"]
            .format(first=finding.summary, second=finding.summary),
        )


def _by_code(findings: tuple[Finding, ...]) -> dict[tuple[str, str], Finding]:
    return {(one.code, one.subject): one for one in findings if one.severity != "ok"}


# ── the domain ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _exchangers(before: ProbeDocument, after: ProbeDocument) -> Iterator[Difference]:
    sets = [
        [[f"{one.host} ({one.preference})" for one in sorted(stage.exchangers, key=lambda one: (one.preference, one.host))]]
        for document in (before, after)
        for stage in document.stages
        if stage.what == "mx" and stage.status in ("ok", "no-data")
    ]
    if len(sets) == 2:
        yield from _differ("exchangers", before.target, sets[0][0], sets[1][0])


# ── endpoints ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _endpoints(before: ProbeDocument, after: ProbeDocument) -> Iterator[Difference]:
    first = {(one.host, one.port): one for one in before.endpoints}
    second = {(one.host, one.port): one for one in after.endpoints}
    if len(first) == len(second) == 1:
        # One server under two names or addresses, as seen from two places, is still compared.
        yield from _endpoint(before.endpoints[0], after.endpoints[0])
        return
    for key in [*first, *(key for key in second if key not in first)]:
        name = f"{key[0]}:{key[1]}"
        if key not in second:
            yield from _differ("endpoint_gone", name, name, None)
        elif key not in first:
            yield from _differ("endpoint_new", name, None, name)
        else:
            yield from _endpoint(first[key], second[key])


def _endpoint(first: EndpointResult, second: EndpointResult) -> Iterator[Difference]:
    name = f"{first.host}:{first.port}"
    values = _words().values
    yield from _differ("addresses", name, _addresses(first), _addresses(second))
    reached = {one.address: one for one in second.addresses}
    for one in first.addresses:
        other = reached.get(one.address)
        if other is not None and one.ok != other.ok:
            told = [values["reached" if result.ok else "unreached"] for result in (one, other)]
            yield from _differ("reachable", f"{one.address}, port {first.port}", *told)
    modes = knowledge().words.modes
    if first.security and second.security:
        yield from _differ("security", name, modes[first.security], modes[second.security])
    yield from _tls(name, first.tls, second.tls)
    yield from _keywords("keywords_clear", name, first.ehlo_before_tls, second.ehlo_before_tls)
    yield from _keywords("keywords_tls", name, first.ehlo_after_tls, second.ehlo_after_tls)
    if first.auth.offered_before_tls is not None and second.auth.offered_before_tls is not None:
        clear = sorted(first.auth.offered_before_tls), sorted(second.auth.offered_before_tls)
        yield from _differ("mechanisms_clear", name, *clear)
    if first.auth.offered is not None and second.auth.offered is not None:
        yield from _differ("mechanisms", name, sorted(first.auth.offered), sorted(second.auth.offered))
    yield from _conversation(name, first, second)


def _addresses(endpoint: EndpointResult) -> list[str]:
    looked_up = [
        one for stage in endpoint.stages if isinstance(stage, DnsStage) and stage.what == "address" for one in stage.answers
    ]
    return sorted(looked_up or [one.address for one in endpoint.addresses])


def _tls(name: str, first: TlsFacts | None, second: TlsFacts | None) -> Iterator[Difference]:
    if first is None or second is None:
        return
    if first.version and second.version:
        yield from _differ("tls_version", name, first.version, second.version)
        if first.version == second.version:
            yield from _differ("cipher", name, first.cipher, second.cipher)
    if not first.chain or not second.chain:
        return
    one, other = first.chain[0], second.chain[0]
    values = _words().values
    word = {True: values["passes"], False: values["fails"], None: values["unchecked"]}
    if one.sha256 != other.sha256:
        yield from _differ("certificate", name, one.serial, other.serial)
        yield from _differ("issuer", name, short_name(one.issuer), short_name(other.issuer))
        yield from _differ("not_after", name, f"{one.not_after:%Y-%m-%d}", f"{other.not_after:%Y-%m-%d}")
        yield from _differ("names", name, sorted(one.names), sorted(other.names))
    yield from _differ("verified", name, word[first.verified], word[second.verified])


def _keywords(what: str, name: str, first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> Iterator[Difference]:
    """Compare two lists of abilities by keyword; log-in methods are compared by themselves."""
    if first is None or second is None:
        return
    a, b = ({line.split(" ")[0].upper(): line for line in lines} for lines in (first, second))
    values = _words().values
    for keyword in sorted({*a, *b} - {"AUTH"}):
        if keyword.startswith("AUTH="):
            continue
        if keyword in a and keyword in b:
            yield from _differ(what, name, a[keyword], b[keyword], thing=keyword)
        else:
            told = [values["yes" if keyword in lines else "no"] for lines in (a, b)]
            yield from _differ(what, name, *told, thing=keyword)


def _conversation(name: str, first: EndpointResult, second: EndpointResult) -> Iterator[Difference]:
    """Compare greetings, reply codes and durations at the addresses that lead."""
    a, b = _leading(first), _leading(second)
    greetings = [next((one.reply for one in stages if isinstance(one, GreetingStage) and one.reply), None) for stages in (a, b)]
    if all(greetings):
        texts = [_steady(reply.text) for reply in greetings if reply]
        yield from _differ("banner", name, *texts)
    for thing, kind in _REPLIES:
        replies = [_reply(stages, kind) for stages in (a, b)]
        if all(replies):
            yield from _differ("reply", name, *(_code(reply) for reply in replies if reply), thing=thing)
    yield from _durations(name, a, b)


def _leading(endpoint: EndpointResult) -> list[Stage]:
    return [stage for stage in endpoint.stages if stage.address in (None, endpoint.leading_address)]


def _reply(stages: list[Stage], kind: type[Stage]) -> Reply | None:
    return next((reply for one in stages if isinstance(one, kind) and (reply := getattr(one, "reply", None))), None)


def _code(reply: Reply) -> str:
    return f"{reply.code} {reply.enhanced_code}" if reply.enhanced_code else str(reply.code)


def _steady(text: str) -> str:
    """Leave out of a greeting what is new each time: the date, and the number of the session."""
    host, *words = _DATE.sub(" ", text).split() or [""]
    return " ".join([host, *(word for word in words if len(word) < 8 or sum(map(str.isdigit, word)) < 3)])


def _durations(name: str, first: list[Stage], second: list[Stage]) -> Iterator[Difference]:
    words, steps = _words(), knowledge().words.steps
    a, b = _by_step(first), _by_step(second)
    for step in (*STEPS, "starttls"):
        one, other = a.get(step), b.get(step)
        if one is None or other is None:
            continue
        longer, shorter = max(one, other), min(one, other)
        if longer > words.slower * shorter and longer - shorter > words.slower_by_ms:
            yield from _differ("duration", name, round(one), round(other), thing=steps[step][0].upper() + steps[step][1:])


def _by_step(stages: list[Stage]) -> dict[str, float]:
    """Give the duration of the first successful observation of each kind."""
    durations: dict[str, float] = {}
    for stage in stages:
        if stage.ok:
            durations.setdefault(str(type(stage).__struct_config__.tag), stage.duration_ms)
    return durations
