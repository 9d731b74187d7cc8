"""Judge the connections: which addresses and ports answer, and what follows from those that do not.

A port that is closed, one that gives no answer and one there is no way to are three things; a time-out is never called a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.diagnosis.case import Opinion, Place
from mailkit.diagnosis.knowledge import knowledge
from mailkit.observation import AddressResult, EndpointResult, ProbeDocument, TcpStage

__all__ = ["judge_tcp"]

_CODES = {"refused": "tcp.refused", "timeout": "tcp.timeout", "unreachable": "tcp.unreachable"}

_STOPPED = ("cancelled", "deadline", "budget")
"""Not the network's fault: the session module speaks of it."""


def judge_tcp(document: ProbeDocument) -> Iterator[Opinion]:
    """Judge the connections of all endpoints."""
    yield from _port_25(document)
    for endpoint in document.endpoints:
        yield from _endpoint(document, endpoint)


def _endpoint(document: ProbeDocument, endpoint: EndpointResult) -> Iterator[Opinion]:
    working = [one for one in endpoint.addresses if one.ok]
    broken = [one for one in endpoint.addresses if not one.ok and one.error not in (None, *_STOPPED)]
    others = _working_ports(document, endpoint)
    for one in broken if not working else ():
        place = _place(document, endpoint, one)
        spare = document.kind == "host" and bool(others)
        code = _CODES.get(one.error or "", "tcp.failed")
        yield Opinion(
            code=code,
            place=place,
            at="tcp",
            variant="spare" if spare else None,
            evidence={"problem": one.error, "problem_text": _words(place), "waited_ms": _waited(place)},
            words={"working_ports": others, "problem_text": _words(place) or one.error},
            about=one.error or "",
            blocks=True,
        )
    if working and broken:
        yield _address_broken(document, endpoint, working, broken)
    for one in working:
        yield Opinion(code="tcp.ok", place=_place(document, endpoint, one), at="tcp", evidence={"connect_ms": one.connect_ms})


def _address_broken(
    document: ProbeDocument, endpoint: EndpointResult, working: list[AddressResult], broken: list[AddressResult]
) -> Opinion:
    reasons = knowledge().words.reasons
    # A machine without IPv6 says at once that there is no way: that costs nobody time and is no fault of the server.
    no_ipv6 = all(one.family == 6 and one.error == "unreachable" for one in broken)
    # One finding about the endpoint, anchored at its first broken address so that what follows there has its reason.
    return Opinion(
        code="tcp.address-broken",
        place=Place(document=document, endpoint=endpoint),
        at="tcp",
        variant="no-ipv6" if no_ipv6 and any(one.family == 4 for one in working) else None,
        evidence={
            "working": [one.address for one in working],
            "broken": [one.address for one in broken],
            "problems": {one.address: one.error for one in broken},
        },
        words={"why": "; ".join(f"{one.address}: {reasons.get(one.error or '', one.error)}" for one in broken) + "."},
    )


def _port_25(document: ProbeDocument) -> Iterator[Opinion]:
    on_25 = [endpoint for endpoint in document.endpoints if endpoint.port == 25 and endpoint.addresses]
    silent = [endpoint for endpoint in on_25 if all(one.error == "timeout" for one in endpoint.addresses)]
    if document.kind == "mx":
        if silent and len(silent) == len(on_25):
            tried = [one.address for endpoint in silent for one in endpoint.addresses]
            yield Opinion(
                code="tcp.port-25-blocked",
                place=Place(document=document),
                at="tcp",
                variant="mx",
                evidence={"tried": tried, "exchangers": [endpoint.host for endpoint in silent]},
                words={"domain": document.target.removeprefix("mx:")},
                confidence="likely" if len(tried) > 1 else "guess",
            )
        return
    for endpoint in silent:
        if others := _working_ports(document, endpoint):
            yield Opinion(
                code="tcp.port-25-blocked",
                place=Place(document=document, endpoint=endpoint),
                at="tcp",
                evidence={"working_ports": others, "tried": [one.address for one in endpoint.addresses]},
                confidence="likely",
            )


def _working_ports(document: ProbeDocument, endpoint: EndpointResult) -> list[int]:
    """Name the other ports of the same host that accept connections."""
    return [
        other.port
        for other in document.endpoints
        if other.host == endpoint.host and other.port != endpoint.port and any(one.ok for one in other.addresses)
    ]


def _place(document: ProbeDocument, endpoint: EndpointResult, address: AddressResult) -> Place:
    stages = tuple(stage for stage in endpoint.stages if stage.address == address.address)
    return Place(document=document, endpoint=endpoint, address=address, stages=stages)


def _words(place: Place) -> str | None:
    return next((stage.problem_text for stage in place.all(TcpStage) if stage.problem), None)


def _waited(place: Place) -> float | None:
    return next((stage.duration_ms for stage in place.all(TcpStage) if stage.problem), None)
