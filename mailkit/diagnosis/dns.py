"""Judge the look-ups: names and addresses, mail exchangers, reverse names.

What a name server did not say is not held against the name: no answer, a failure and a refusal to answer are findings of their
own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import mailkit.address as literal
from mailkit.diagnosis.case import Opinion, Place
from mailkit.observation import DnsStage, DnsStatus, EndpointResult, ProbeDocument

__all__ = ["judge_dns"]

_CODES: dict[DnsStatus, str] = {
    "not-found": "dns.name-not-found",
    "no-data": "dns.no-address",
    "server-failure": "dns.server-failure",
    "timeout": "dns.timeout",
    "refused": "dns.refused",
    "alias-loop": "dns.alias-loop",
    "bogus": "dns.bogus",
    "malformed": "dns.malformed",
    "no-resolver": "dns.no-resolver",
}

_UNTOLD: frozenset[DnsStatus] = frozenset({"server-failure", "timeout", "refused", "bogus", "malformed", "no-resolver"})
"""Answers that leave open whether the record exists."""


# Addresses nobody outside can ask about: RFC 1918, 6598, 3927, 4193, 4291, 1122.
_INTERNAL = tuple(
    ipaddress.ip_network(net)
    for net in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


def judge_dns(document: ProbeDocument) -> Iterator[Opinion]:
    """Judge all look-ups of a document."""
    whole = Place(document=document, stages=document.stages)
    for look_up in document.stages:
        if look_up.what == "mx":
            yield from _exchangers(whole, look_up)
        elif look_up.what == "address":
            yield from _addresses(whole, look_up)
    seen: set[tuple[str, str]] = set()
    for endpoint in document.endpoints:
        place = Place(document=document, endpoint=endpoint)
        for stage in (one for one in endpoint.stages if isinstance(one, DnsStage)):
            if (stage.what, stage.name) in seen:
                continue
            seen.add((stage.what, stage.name))
            if stage.what == "address":
                yield from _exchanger_address(place, stage) if endpoint.preference is not None else _addresses(place, stage)
            elif stage.what == "reverse":
                yield from _reverse(place, stage)
            elif stage.what == "tlsa" and stage.status in _UNTOLD - {"no-resolver"}:
                yield _open(place, stage, _CODES[stage.status], "aside", record="TLSA")


def _facts(stage: DnsStage) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": stage.name, "what": stage.what, "status": stage.status, "resolver": stage.resolver}
    if stage.source != "dns":
        facts["source"] = stage.source
    if stage.answers:
        facts["answers"] = list(stage.answers)
    if stage.aliases:
        facts["aliases"] = list(stage.aliases)
    if stage.problem_text:
        facts["problem_text"] = stage.problem_text
    return facts


def _open(place: Place, stage: DnsStage, code: str, variant: str | None = None, *, blocks: bool = False, **facts: Any) -> Opinion:  # noqa: ANN401 (evidence is of any kind)
    return Opinion(
        code=code,
        place=place,
        at="dns",
        variant=variant,
        evidence=_facts(stage) | facts,
        subject=stage.name,
        about=stage.name,
        blocks=blocks,
    )


def _addresses(place: Place, stage: DnsStage) -> Iterator[Opinion]:
    if stage.status != "ok":
        yield _open(place, stage, _CODES[stage.status], blocks=True)
        return
    for record, status in stage.family_status.items():
        if status in _UNTOLD:
            yield _open(place, stage, _CODES[status], "aside", record=record)
    yield _open(place, stage, "dns.ok")


def _exchanger_address(place: Place, stage: DnsStage) -> Iterator[Opinion]:
    """Judge the look-up of a host that an MX record names."""
    domain = _domain(place.document)
    if is_address(stage.name):
        return
    if stage.aliases:
        yield _open(place, stage, "dns.mx-is-alias", domain=domain, canonical=stage.aliases[-1])
    spare = "spare" if _another_found(place.document, stage.name) else None
    if stage.status == "not-found":
        yield _open(place, stage, "dns.mx-not-found", spare, blocks=True, domain=domain)
    elif stage.status == "no-data":
        yield _open(place, stage, "dns.no-address", spare or "exchanger", blocks=True, domain=domain)
    else:
        yield from _addresses(place, stage)


def _exchangers(place: Place, stage: DnsStage) -> Iterator[Opinion]:
    """Judge the MX look-up of a domain."""
    document = place.document
    if stage.status == "not-found":
        yield _open(place, stage, "dns.name-not-found", "domain", blocks=True)
        return
    if stage.status not in ("ok", "no-data"):
        yield _open(place, stage, _CODES[stage.status], blocks=True)
        return
    if not stage.exchangers:
        found = any(_resolved(endpoint) for endpoint in document.endpoints)
        yield _open(place, stage, "dns.no-mx", None if found else "nowhere", blocks=not found)
        return
    real = [one for one in stage.exchangers if one.host.strip(".")]
    if len(real) < len(stage.exchangers):
        yield _open(place, stage, "dns.null-mx", "mixed" if real else None, blocks=not real)
    for one in real:
        if is_address(one.host):
            spare = "spare" if _another_found(document, one.host) else None
            place_of = next((e for e in document.endpoints if e.host == one.host), None)
            yield Opinion(
                code="dns.mx-is-address",
                place=Place(document=document, endpoint=place_of),
                at="dns",
                variant=spare,
                evidence={**_facts(stage), "name": one.host, "domain": stage.name},
                subject=one.host,
                about=one.host,
                blocks=True,
            )
    if real:
        ordered = sorted(real, key=lambda one: one.preference)
        evidence = _facts(stage) | {"answers": [f"{one.host} ({one.preference})" for one in ordered]}
        yield Opinion(code="dns.ok", place=place, at="dns", variant="mx", evidence=evidence, subject=stage.name, about=stage.name)


def _reverse(place: Place, stage: DnsStage) -> Iterator[Opinion]:
    mx = "mx" if place.document.kind == "mx" else None
    if stage.status in _UNTOLD:
        yield _open(place, stage, _CODES[stage.status], "reverse")
    elif stage.status != "ok" or not stage.answers:
        # Who probes exchangers on an internal network has asked a name server that could know.
        if mx or not _internal(stage.name):
            yield _open(place, stage, "dns.reverse-missing", mx)
    elif not stage.confirmed:
        yield _open(place, stage, "dns.reverse-mismatch", mx, pointers=list(stage.answers))
    else:
        yield _open(place, stage, "dns.ok", "reverse", pointers=list(stage.confirmed))


def is_address(name: str) -> bool:
    """Tell whether a name is an IPv4 or IPv6 address, with or without brackets or a dot behind."""
    return literal.is_address(name.strip("[]."))


def _internal(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(parsed in net for net in _INTERNAL if net.version == parsed.version)


def _domain(document: ProbeDocument) -> str:
    return next((stage.name for stage in document.stages if stage.what == "mx"), document.target.removeprefix("mx:"))


def _resolved(endpoint: EndpointResult) -> bool:
    return bool(endpoint.addresses) or any(
        isinstance(stage, DnsStage) and stage.what == "address" and stage.answers for stage in endpoint.stages
    )


def _another_found(document: ProbeDocument, host: str) -> bool:
    return any(endpoint.host != host and not is_address(endpoint.host) and _resolved(endpoint) for endpoint in document.endpoints)
