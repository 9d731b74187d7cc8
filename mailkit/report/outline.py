"""What comes first and what belongs together: the order in which a document is told, for a terminal, a page and a ticket alike.

Takes a :class:`~mailkit.observation.ProbeDocument` (also an unfinished or undiagnosed one) and returns an :class:`Outline`: the
cause, what could not be tested because of it, the other findings, what is good, and the steps as :class:`Lane` and :class:`Bar`,
positioned in time (each lane has an axis of its own, lest one silent address squeeze all others flat). Works with :mod:`.steps`,
which says in one line what a step saw.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from mailkit.finding import Finding, Severity
from mailkit.observation import EndpointResult, Line, NotTested, Observation, ProbeDocument, Security
from mailkit.report.spoken import said
from mailkit.report.steps import DOUBTFUL, NOT_TRIED, good, label, result, saw, stage_name
from mailkit.report.words import duration, stage_words, who_words

__all__ = ["Alike", "Bar", "Lane", "Outline", "Untested", "asked_to_act", "conversations", "outline"]


class Bar(Struct, frozen=True, kw_only=True):
    """One step of the waterfall: ``start_ms`` counts from the start of the probe."""

    stage: str
    label: str
    word: str
    ok: bool | None
    start_ms: float
    duration_ms: float
    took: str
    """The duration in words; empty for a step that did not take place."""
    connection: int | None
    saw: str


class Lane(Struct, frozen=True, kw_only=True):
    """The steps at one address of one endpoint: look-ups first, then in order of time.

    Look-ups about the whole target have a lane without address.
    """

    key: str
    title: str
    address: str | None
    security: Security | None
    leading: bool
    bars: tuple[Bar, ...]

    @property
    def connections(self) -> int:
        """How many connections the steps used."""
        return len({bar.connection for bar in self.bars if bar.connection is not None})

    @property
    def start_ms(self) -> float:
        """Where the time axis of this lane begins, counted from the start of the probe."""
        return min((bar.start_ms for bar in self.bars), default=0.0)

    @property
    def span_ms(self) -> float:
        """The length of the time axis of this lane, never zero."""
        return max((bar.start_ms + bar.duration_ms - self.start_ms for bar in self.bars), default=0.0) or 1.0

    @property
    def smooth(self) -> bool:
        """Every step worked."""
        return all(bar.ok for bar in self.bars)


class Alike(Struct, frozen=True, kw_only=True):
    """A finding, and where else the same was found with the same way out."""

    finding: Finding
    also: tuple[str, ...] = ()


class Untested(Struct, frozen=True, kw_only=True):
    """Stages that were not reached, where, and the finding in their way."""

    labels: tuple[str, ...]
    subjects: tuple[str, ...]
    because: str
    summary: str | None


class Outline(Struct, frozen=True, kw_only=True):
    """A document in the order in which it is told."""

    verdict: Severity | None
    headline: str | None
    """The verdict in one sentence, up to what is wrong: who must act and what to change have lines of their own."""
    cause: Alike | None
    """The finding that decides the verdict; ``None`` when nothing is wrong."""
    untested: tuple[Untested, ...]
    others: tuple[Alike, ...]
    """Further errors and warnings."""
    notes: tuple[Alike, ...]
    good: tuple[Alike, ...]
    lanes: tuple[Lane, ...]
    ended: str | None
    """A sentence when the probe ended before it was complete."""


def outline(document: ProbeDocument) -> Outline:
    """Put a document in order. Pure; an undiagnosed document has no verdict and no findings."""
    found = _together(document.findings)
    cause = None
    if document.verdict in ("error", "warning"):
        cause = next((alike for alike in found if alike.finding.severity == document.verdict), None)
    rest = [alike for alike in found if alike is not cause]
    return Outline(
        verdict=document.verdict,
        headline=_headline(document.headline, cause.finding if cause else None),
        cause=cause,
        untested=_untested(document),
        others=tuple(alike for alike in rest if alike.finding.severity in ("error", "warning")),
        notes=tuple(alike for alike in rest if alike.finding.severity == "info"),
        good=tuple(alike for alike in rest if alike.finding.severity == "ok"),
        lanes=_lanes(document),
        ended=_ended(document),
    )


def asked_to_act(finding: Finding) -> tuple[str, ...]:
    """Return who must act, in words, each once, in the order of the fixes."""
    return tuple(dict.fromkeys(who_words(fix.who) for fix in finding.fix))


def _together(findings: Iterable[Finding]) -> tuple[Alike, ...]:
    """Put what was found in several places with the same way out together; what is good stays one by one."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        same = (
            finding.code,
            finding.severity,
            finding.detail,
            finding.fix,
            finding.summary if finding.severity == "ok" else None,
        )
        groups.setdefault(same, []).append(finding)
    return tuple(Alike(finding=first, also=tuple(finding.subject for finding in more)) for first, *more in groups.values())


def conversations(endpoint: EndpointResult) -> dict[tuple[str | None, int], list[Line]]:
    """Return the transcript taken apart: address and number of the connection to its lines, the leading address first."""
    apart: dict[tuple[str | None, int], list[Line]] = {}
    for line in sorted(endpoint.transcript, key=lambda line: line.address != endpoint.leading_address):
        apart.setdefault((line.address, line.connection), []).append(line)
    return apart


def _headline(headline: str | None, cause: Finding | None) -> str | None:
    if cause is None or headline is None:
        return headline or (cause.summary if cause else None)
    before, found, _ = headline.partition(cause.summary)
    return before + found


def _ended(document: ProbeDocument) -> str | None:
    if document.stopped == "user":
        return "Stopped before the end: this is what was found until then."
    if document.stopped == "deadline":
        return "The time allowed was over before the end: this is what was found until then."
    return None


def _untested(document: ProbeDocument) -> tuple[Untested, ...]:
    entries: Iterable[NotTested] = document.not_tested or [
        entry for endpoint in document.endpoints for entry in endpoint.not_tested
    ]
    subjects: dict[tuple[str, str], dict[str, None]] = {}  # a dict as a set that keeps its order
    for entry in entries:
        named = subjects.setdefault((entry.stage, entry.because), {})
        if entry.endpoint or entry.address:
            named[" ".join(part for part in (entry.endpoint, f"[{entry.address}]" if entry.address else None) if part)] = None
    summaries: dict[str, str] = {}
    for finding in document.findings:
        summaries.setdefault(finding.code, finding.summary)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (stage, because), named in subjects.items():
        together.setdefault((because, tuple(named)), []).append(stage_words(stage))
    return tuple(
        Untested(labels=tuple(labels), subjects=named, because=because, summary=summaries.get(because))
        for (because, named), labels in together.items()
    )


def _lanes(document: ProbeDocument) -> tuple[Lane, ...]:
    lanes = [_lane(document, f"{document.target}", None, None, document.stages)] if document.stages else []
    for endpoint in document.endpoints:
        lanes.extend(_endpoint_lanes(document, endpoint))
    return tuple(lanes)


def _endpoint_lanes(document: ProbeDocument, endpoint: EndpointResult) -> Iterable[Lane]:
    by_address: dict[str | None, list[Observation]] = {}
    for stage in endpoint.stages:
        by_address.setdefault(stage.address, []).append(stage)
    security = {address.address: address.security for address in endpoint.addresses}
    title = f"{f'[{endpoint.host}]' if ':' in endpoint.host else endpoint.host}:{endpoint.port}"
    general = by_address.pop(None, [])
    leading = endpoint.leading_address
    order = sorted(by_address, key=lambda address: (address != leading, min(s.started for s in by_address[address])))
    if general and not order:
        yield _lane(document, title, None, endpoint, general)
    for number, address in enumerate(order):
        # The look-up of the name belongs to the story of the address that is told first.
        stages = [*(general if number == 0 else []), *by_address[address]]
        lane = _lane(document, title, address, endpoint, stages)
        yield Lane(
            key=lane.key,
            title=lane.title,
            address=address,
            security=security.get(address or "") or (endpoint.security if address == leading else None),
            leading=address == leading or len(order) == 1,
            bars=lane.bars,
        )


def _lane(
    document: ProbeDocument, title: str, address: str | None, endpoint: EndpointResult | None, stages: Sequence[Observation]
) -> Lane:
    # Whether a doubtful certificate matters depends on the port: the findings know.
    broken = {finding.stage for finding in document.findings if finding.severity == "error"}
    bars = tuple(
        _bar(document, stage, broken) for stage in sorted(stages, key=lambda stage: (stage.connection or 0, stage.started))
    )
    return Lane(
        key=f"{title} {address or '-'}",
        title=title,
        address=address,
        security=endpoint.security if endpoint and address is None else None,
        leading=True,
        bars=bars,
    )


def _bar(document: ProbeDocument, stage: Observation, broken: Collection[str]) -> Bar:
    name, ok, word = stage_name(stage), good(stage), result(stage)
    return Bar(
        stage=name,
        label=label(stage),
        word=said(word),
        ok=False if word == DOUBTFUL and name in broken else ok,
        start_ms=max(0.0, (stage.started - document.started).total_seconds() * 1000),
        duration_ms=max(0.0, stage.duration_ms),
        took="" if word == NOT_TRIED else duration(stage.duration_ms),
        connection=stage.connection,
        saw=saw(stage),
    )
