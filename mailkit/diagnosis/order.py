"""From many opinions to an ordered list: the same thing about several addresses is said once, causes come before consequences."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from mailkit.diagnosis.case import STEPS, Opinion
from mailkit.diagnosis.knowledge import knowledge
from mailkit.finding import Severity
from mailkit.knowledge import Entry
from mailkit.observation import EndpointResult, ProbeDocument

__all__ = ["RANK", "Group", "merged", "ordered"]

RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}


_USUAL_PORTS = (587, 465, 25, 2525)
"""Of ports that got equally far, the one people send through comes first."""


class Group(Struct, frozen=True, kw_only=True):
    """Opinions that say the same about several addresses of one endpoint."""

    first: Opinion
    addresses: tuple[str, ...]
    entry: Entry
    """The words, with those of the variant in place."""
    cause: str | None = None
    """The code of the finding this one follows from, when it is there too."""

    @property
    def code(self) -> str:
        """The finding's code."""
        return self.first.code

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.first.severity or self.entry.severity

    @property
    def endpoint(self) -> EndpointResult | None:
        """The endpoint it is about; ``None``: the target as a whole."""
        return self.first.place.endpoint

    def near(self, endpoint: EndpointResult | None) -> bool:
        """Tell whether it is about this endpoint, or about all."""
        mine = self.endpoint
        return mine is None or endpoint is None or (mine.host, mine.port) == (endpoint.host, endpoint.port)


def merged(opinions: Iterable[Opinion]) -> list[Group]:
    """Put together what differs in the address only."""
    table = knowledge().findings
    groups: dict[tuple[str | None, ...], list[Opinion]] = {}
    for one in opinions:
        groups.setdefault((one.code, one.variant, one.subject or one.place.name, one.about), []).append(one)
    return [
        Group(
            first=group[0],
            addresses=tuple(dict.fromkeys(one.place.address.address for one in group if one.place.address)),
            entry=table[group[0].code].seen_as(group[0].variant),
        )
        for group in groups.values()
    ]


def ordered(document: ProbeDocument, groups: list[Group]) -> list[Group]:
    """Sort: errors before warnings before hints before what is good, each in causal order.

    What follows from another finding stands right behind it; a cause is as important as the worst that follows from it.
    """
    importance = _importance(document)

    def key(group: Group) -> tuple[int, bool, int, int]:
        where = importance[group.endpoint.host, group.endpoint.port] + 1 if group.endpoint is not None else 0
        rank = min(RANK[one.severity] for one in (group, *_following(group, groups)))
        # Among warnings, what stands in the way today comes before what is unwise in general.
        standing = rank == RANK["warning"] and not group.first.blocks
        return rank, standing, where, _step(group)

    todo = sorted(groups, key=key)
    done: list[Group] = []
    while todo:
        cause = todo.pop(0)
        follows = _following(cause, todo)
        done += [cause, *(replace(one, cause=cause.code) for one in follows)]
        todo = [one for one in todo if one not in follows]
    return done


def _following(cause: Group, others: list[Group]) -> list[Group]:
    if cause.severity not in ("error", "warning"):
        # What is fine, or wanted so, explains no fault.
        return []
    return [
        one
        for one in others
        if one is not cause and one.severity != "ok" and cause.code in one.entry.follows and one.near(cause.endpoint)
    ]


def _importance(document: ProbeDocument) -> dict[tuple[str, int], int]:
    """Number the endpoints: of a domain first the one senders try first, of a host first the one that got furthest."""
    if document.kind == "mx":
        endpoints = sorted(document.endpoints, key=lambda one: one.preference or 0)
    else:
        ports = {port: number for number, port in enumerate(_USUAL_PORTS)}
        endpoints = sorted(
            document.endpoints, key=lambda one: (-len({type(stage) for stage in one.stages}), ports.get(one.port, len(ports)))
        )
    return {(one.host, one.port): number for number, one in enumerate(endpoints)}


def _step(group: Group) -> int:
    """Number the step in the causal order; where TLS comes first, its step comes before the greeting."""
    step = group.entry.step or group.first.at
    implicit = group.endpoint is not None and group.endpoint.security == "implicit"
    return STEPS.index("tcp") * 2 + 1 if step == "tls" and implicit else [*STEPS].index(step) * 2  # type: ignore[arg-type]  # steps of the file
