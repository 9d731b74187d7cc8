"""Put the observations of one target in order. Pure, and content with any part of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from msgspec.structs import replace

from mailkit.address import is_address
from mailkit.observation import (
    AddressFamilyResult,
    AddressResult,
    AuthFacts,
    AuthStage,
    DnsStage,
    EhloStage,
    EndpointResult,
    GreetingStage,
    Observation,
    ProbeDocument,
    Security,
    Stage,
    StarttlsStage,
    TcpStage,
    TlsStage,
)
from mailkit.probe.keywords import mechanisms
from mailkit.probe.settings import ProbeSettings
from mailkit.probe.target import Target, parse_target
from mailkit.version import __version__

__all__ = ["assemble"]

S = TypeVar("S", bound=Stage)


def assemble(
    target: str, settings: ProbeSettings, observations: Iterable[Observation], *, stopped: Literal["user"] | None = None
) -> ProbeDocument:
    """Make the document of a probe, also of one that was stopped half-way.

    Args:
        target: as given to the probe.
        settings: as given to the probe.
        observations: in the order they came.
        stopped: ``"user"`` when a person ended it early.
    """
    parsed = parse_target(target)
    seen = list(observations)
    lookups = [one for one in seen if isinstance(one, DnsStage)]
    whole = tuple(one for one in lookups if one.what == "mx" and one.host is not None)
    relayed = next((one for one in lookups if one.what == "mx" and one.host is None), None)
    endpoints = tuple(_endpoint(host, port, preference, settings, seen) for host, port, preference in _endpoints(parsed, whole))
    began = min((one.started for one in seen), default=datetime.now(UTC))
    ended = max((one.started + timedelta(milliseconds=one.duration_ms) for one in seen), default=began)
    deadline = any(one.problem == "deadline" for one in seen)
    connections: dict[str, int] = {}
    reached: dict[str, AddressFamilyResult] = {}
    for result in (result for endpoint in endpoints for result in endpoint.addresses):
        connections[result.address] = connections.get(result.address, 0) + result.connections
        before = reached.get(result.address)
        if before is None or (result.ok and not before.ok):
            reached[result.address] = AddressFamilyResult(
                address=result.address, family=result.family, ok=result.ok, connect_ms=result.connect_ms, error=result.error
            )
    return ProbeDocument(
        target=parsed.text,
        kind=parsed.kind,
        started=began,
        duration_ms=round((ended - began).total_seconds() * 1000, 2),
        address_family_results=tuple(reached.values()),
        endpoints=endpoints,
        stages=tuple(replace(one, transcript=()) for one in whole),
        connections=connections,
        wanted=settings.wanted,
        recipient_exchangers=tuple(one.host for one in relayed.exchangers)
        if relayed is not None and relayed.status == "ok"
        else None,
        stopped=stopped or ("deadline" if deadline else None),
        tool=f"mailkit {__version__}",
    )


def _endpoints(target: Target, exchangers: Sequence[DnsStage]) -> list[tuple[str, int, int | None]]:
    if target.kind != "mx":
        return [(target.host, port, None) for port in target.ports]
    found = [(one.host, one.preference) for stage in exchangers for one in stage.exchangers]
    if not found and any(stage.status == "no-data" for stage in exchangers):
        return [(target.host, port, None) for port in target.ports]
    preferences: dict[str, int] = {}
    for host, preference in found:
        if host != ".":
            preferences.setdefault(host, preference)
    return [(host, port, preference) for host, preference in preferences.items() for port in target.ports]


def _endpoint(host: str, port: int, preference: int | None, settings: ProbeSettings, seen: list[Observation]) -> EndpointResult:
    mine = [
        one
        for one in seen
        if one.host == host and one.port in (None, port) and not (isinstance(one, DnsStage) and one.what == "mx")
    ]
    resolved = next((one for one in mine if isinstance(one, DnsStage) and one.what == "address"), None)
    known = (host,) if is_address(host) else resolved.answers if resolved is not None else ()
    tried = dict.fromkeys(one.address for one in mine if one.address and not isinstance(one, DnsStage))
    addresses = [address for address in known if address in tried] + [address for address in tried if address not in known]
    results = tuple(_address(address, [one for one in mine if one.address == address]) for address in addresses)
    leading = max(results, key=_progress, default=None)
    return EndpointResult(
        host=host,
        port=port,
        asked=settings.security,
        preference=preference,
        security=leading.security if leading else None,
        leading_address=leading.address if leading else None,
        addresses=results,
        stages=tuple(replace(one, transcript=()) for one in mine),
        tls=leading.tls if leading else None,
        ehlo_before_tls=leading.ehlo_before_tls if leading else None,
        ehlo_after_tls=leading.ehlo_after_tls if leading else None,
        auth=leading.auth if leading else AuthFacts(),
        transcript=tuple(sorted((line for one in mine for line in one.transcript), key=lambda line: line.at_ms)),
    )


def _progress(result: AddressResult) -> tuple[bool, ...]:
    """How far an address got; the first of equals leads."""
    return (
        result.auth.result == "accepted",
        result.auth.result != "not_tried",
        result.ehlo_after_tls is not None,
        result.ehlo_before_tls is not None,
        result.security is not None,
        bool(result.ok),
    )


def _address(address: str, stages: list[Observation]) -> AddressResult:
    connected = next((one for one in stages if isinstance(one, TcpStage)), None)
    clear = _first(stages, EhloStage, lambda one: bool(one.ok) and not one.encrypted)
    inside = _first(stages, EhloStage, lambda one: bool(one.ok) and one.encrypted)
    tls = _first(stages, TlsStage, lambda one: bool(one.ok)) or _first(stages, TlsStage, lambda _: True)
    log_in = _first(stages, AuthStage, lambda _: True)
    before = clear.keywords if clear is not None else None
    after = inside.keywords if inside is not None else None
    last = inside or clear
    connections = max((number for one in stages for number in _connections(one)), default=0)
    return AddressResult(
        address=address,
        family=6 if ":" in address else 4,
        ok=connected.ok if connected is not None else None,
        connect_ms=connected.duration_ms if connected is not None and connected.ok else None,
        error=connected.problem if connected is not None else None,
        security=_security(stages),
        tls=tls.tls if tls is not None else None,
        ehlo_before_tls=before,
        ehlo_after_tls=after,
        auth=AuthFacts(
            offered_before_tls=None if before is None else mechanisms(before),
            offered=None if last is None else mechanisms(last.keywords),
            tried=log_in.tried if log_in is not None else None,
            result=log_in.result if log_in is not None else "not_tried",
        ),
        connections=connections if connected is None or connected.ok or connections > 1 else 0,
    )


def _connections(stage: Observation) -> Iterable[int]:
    if stage.connection is not None:
        yield stage.connection
    for line in stage.transcript:
        yield line.connection


def _first(stages: list[Observation], kind: type[S], fits: object) -> S | None:
    return next((one for one in stages if isinstance(one, kind) and fits(one)), None)  # type: ignore[operator]  # a plain predicate


def _security(stages: list[Observation]) -> Security | None:
    """What the server speaks: told by a handshake that worked, else by how far one got."""
    handshakes = [one for one in stages if isinstance(one, TlsStage)]
    for one in handshakes:
        if one.ok:
            return one.mode
    if any(isinstance(one, StarttlsStage) and one.ok for one in stages):
        return "starttls"
    if any(isinstance(one, GreetingStage) and one.speaks_tls for one in stages):
        return "implicit"
    if any(one.mode == "implicit" and one.problem == "tls" and one.received is None for one in handshakes):
        return "implicit"
    if any(isinstance(one, GreetingStage) and one.ok and not one.encrypted for one in stages):
        return "none"
    return None
