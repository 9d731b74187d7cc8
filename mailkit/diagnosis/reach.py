"""What was not reached, and because of which finding: nothing is passed over in silence."""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.diagnosis.case import STEPS, Opinion, Place, Step
from mailkit.diagnosis.order import Group
from mailkit.diagnosis.session import incomplete
from mailkit.observation import (
    AuthStage,
    EhloStage,
    EndpointResult,
    GreetingStage,
    NotTested,
    Observation,
    ProbeDocument,
    RecipientStage,
    SenderStage,
    Stage,
    StarttlsStage,
    TcpStage,
    TlsStage,
)

__all__ = ["not_reached", "not_reached_at", "unexplained"]

_SEEN_BY: dict[Step, tuple[type[Stage], ...]] = {
    "tcp": (TcpStage,),
    "greeting": (GreetingStage,),
    "ehlo": (EhloStage,),
    "tls": (StarttlsStage, TlsStage),
    "auth": (AuthStage,),
    "sender": (SenderStage,),
    "recipient": (RecipientStage,),
}

_TLS_FIRST: tuple[Step, ...] = ("dns", "tcp", "tls", "greeting", "ehlo", "auth", "sender", "recipient", "session")
"""The order of the steps where TLS comes before the first word."""

_INCOMPLETE = "session.incomplete"


def not_reached(document: ProbeDocument, groups: list[Group]) -> tuple[NotTested, ...]:
    """Say what was not reached of the whole target.

    Left out is what was not reached for a reason that is none to worry about, such as a closed port beside working ones.
    """
    if not document.endpoints:
        blocking = [group for group in groups if group.first.blocks and group.severity != "ok"]
        return tuple(NotTested(stage=step, because=blocking[0].code) for step in _wanted(document)) if blocking else ()
    serious = {group.code for group in groups if group.severity in ("error", "warning")} | {_INCOMPLETE}
    gaps = (gap for endpoint in document.endpoints for gap in not_reached_at(document, endpoint, groups))
    return tuple(gap for gap in gaps if gap.because in serious)


def not_reached_at(document: ProbeDocument, endpoint: EndpointResult, groups: list[Group]) -> tuple[NotTested, ...]:
    """Say what was not reached at the leading address of one endpoint."""
    address = endpoint.leading_address if len(endpoint.addresses) > 1 else None
    name = Place(document=document, endpoint=endpoint).name
    return tuple(
        NotTested(stage=step, because=because, endpoint=name, address=address)
        for step, because in _gaps(document, endpoint, groups)
        if because is not None
    )


def unexplained(document: ProbeDocument, groups: list[Group]) -> Iterator[Opinion]:
    """Own up to steps that were not reached although nothing stood in the way: as a rule the connections allowed were used up."""
    for endpoint in document.endpoints:
        missing = [step for step, because in _gaps(document, endpoint, groups) if because is None]
        if missing:
            yield incomplete(Place(document=document, endpoint=endpoint), missing[0], "budget")


def _wanted(document: ProbeDocument) -> list[Step]:
    return ["tcp", "greeting", "ehlo", "tls", *(step for step in STEPS if step in document.wanted)]


def _gaps(document: ProbeDocument, endpoint: EndpointResult, groups: list[Group]) -> Iterator[tuple[Step, str | None]]:
    leading = endpoint.leading_address or (endpoint.addresses[0].address if endpoint.addresses else None)
    stages = [stage for stage in endpoint.stages if leading is None or stage.address == leading]
    blocking = [group for group in groups if group.severity != "ok" and _concerns(group, endpoint, leading)]
    for step in _wanted(document):
        if not _reached(step, stages, endpoint):
            yield step, _because(step, blocking, stages)


def _reached(step: Step, stages: list[Observation], endpoint: EndpointResult) -> bool:
    seen = [stage for stage in stages if isinstance(stage, _SEEN_BY[step])]
    if step == "auth":
        return any(isinstance(stage, AuthStage) and stage.why_not is None for stage in seen)
    if step == "tls" and endpoint.asked == "none":
        # Where nobody asked for encryption and none was offered, there was nothing to reach.
        return bool(seen) or any(isinstance(stage, EhloStage) and stage.ok for stage in stages)
    return bool(seen)


def _concerns(group: Group, endpoint: EndpointResult, leading: str | None) -> bool:
    if group.first.at == "dns" and group.endpoint is not None:
        return group.endpoint.host == endpoint.host
    return group.near(endpoint) and (leading is None or not group.addresses or leading in group.addresses)


def _because(step: Step, blocking: list[Group], stages: list[Observation]) -> str | None:
    """Name the finding that kept a step from being reached: the earliest that ends the dialogue before it."""
    implicit = any(isinstance(stage, TlsStage) and stage.mode == "implicit" for stage in stages)
    steps = _TLS_FIRST if implicit else STEPS
    ending = sorted((one for one in blocking if one.first.blocks), key=lambda one: steps.index(one.first.at))
    before = [one.code for one in ending if steps.index(one.first.at) <= steps.index(step)]
    stopped = [one.code for one in ending if one.first.at == "session"]
    if before or stopped:
        return [*before, *stopped][0]
    # A bad certificate stops nothing by itself; but nobody sends a password past it, and nothing behind the log-in.
    unverified = any(isinstance(stage, AuthStage) and stage.why_not == "unverified" for stage in stages)
    found = [one.code for one in blocking if one.code.startswith(("tls.certificate", "tls.chain"))]
    return found[0] if unverified and found else None
