"""What changed between two audits of a site: findings that came, went or got worse, and what the history counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from mailkit.audit.document import Audit
from mailkit.audit.words import words
from mailkit.finding import Finding, Severity
from mailkit.knowledge import number

__all__ = ["AuditComparison", "Change", "compare"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}
_SHARES = ("accepted", "delivered", "deferred", "rejected", "bounced", "uncertain", "expired", "skipped")
_POINTS = 1.0
"""Percentage points by which a share must differ to be worth a line."""


class Change(Struct, frozen=True, kw_only=True):
    """One thing that is otherwise than before."""

    what: Literal["gone", "new", "worse", "better", "share", "server-gone", "server-new"]
    subject: str
    sentence: str
    severity: Severity | None = None
    """Of the finding, as it is now; of one that is gone, as it was."""
    before: float | str | None = None
    after: float | str | None = None


class AuditComparison(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.audit-comparison/1"):
    """What changed; what got worse comes first."""

    first: str
    second: str
    first_made: datetime
    second_made: datetime
    first_verdict: Severity
    second_verdict: Severity
    headline: str
    changes: tuple[Change, ...]


def compare(before: Audit, after: Audit) -> AuditComparison:
    """Say what changed from one audit to the next; findings are the same if code and subject are."""
    changes = (*_of_findings(before, after), *_of_servers(before, after), *_of_history(before, after))
    new = sum(change.what in ("new", "worse") and change.severity in ("error", "warning") for change in changes)
    gone = sum(change.what in ("gone", "better") and change.severity in ("error", "warning") for change in changes)
    name = "came-and-went" if new and gone else "came" if new else "went" if gone else "neither" if changes else "unchanged"
    return AuditComparison(
        first=before.site or before.file,
        second=after.site or after.file,
        first_made=before.made,
        second_made=after.made,
        first_verdict=before.verdict,
        second_verdict=after.verdict,
        headline=words().headline[name].format(came=_many(new), went=_many(gone)),
        changes=changes,
    )


def _many(count: int) -> str:
    return words().headline["one" if count == 1 else "many"].format(count=count)


def _of_findings(before: Audit, after: Audit) -> Iterator[Change]:
    was, now = _by_name(before), _by_name(after)
    for name, finding in now.items():
        old = was.get(name)
        if old is None:
            yield _change("new", finding)
        elif _RANK[finding.severity] < _RANK[old.severity]:
            yield _change("worse", finding, old)
    for name, finding in now.items():
        if name in was and _RANK[finding.severity] > _RANK[was[name].severity]:
            yield _change("better", finding, was[name])
    yield from (_change("gone", finding) for name, finding in was.items() if name not in now)


def _change(what: Literal["gone", "new", "worse", "better"], finding: Finding, old: Finding | None = None) -> Change:
    return Change(
        what=what,
        subject=finding.subject,
        sentence=finding.summary,
        severity=finding.severity,
        before=old.severity if old else None,
        after=finding.severity if old else None,
    )


def _by_name(audit: Audit) -> dict[tuple[str, str], Finding]:
    """Findings that are not good, each once; of several with one name the worst."""
    named: dict[tuple[str, str], Finding] = {}
    for finding in sorted(audit.findings, key=lambda one: _RANK[one.severity]):
        if finding.severity != "ok":
            named.setdefault((finding.code, finding.subject), finding)
    return named


def _of_servers(before: Audit, after: Audit) -> Iterator[Change]:
    was, now = ({document.target for document in audit.probes} for audit in (before, after))
    if not was or not now:  # one of them did not ask any server: nothing can be said
        return
    yield from (_server("server-new", target) for target in sorted(now - was))
    yield from (_server("server-gone", target) for target in sorted(was - now))


def _server(what: Literal["server-new", "server-gone"], target: str) -> Change:
    return Change(what=what, subject=target, sentence=words().changes[what].format(target=target))


def _of_history(before: Audit, after: Audit) -> Iterator[Change]:
    was, now = before.figures.get("deliveries", 0), after.figures.get("deliveries", 0)
    if not was or not now:
        return
    for state in _SHARES:
        old, new = (100 * audit.figures.get(state, 0) / audit.figures["deliveries"] for audit in (before, after))
        if abs(new - old) >= _POINTS:
            yield Change(
                what="share",
                subject=state,
                sentence=words()
                .changes["share"]
                .format(
                    state=words().states[state],
                    after=number(new, 1),
                    count=number(now),
                    before=number(old, 1),
                    count_before=number(was),
                ),
                before=round(old, 1),
                after=round(new, 1),
            )
