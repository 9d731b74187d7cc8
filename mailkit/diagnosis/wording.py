"""Put an opinion into words: the templates of the knowledge, filled with the evidence."""

from __future__ import annotations

from typing import Any

from mailkit.diagnosis.knowledge import knowledge
from mailkit.diagnosis.order import Group
from mailkit.finding import Finding, Fix, Product
from mailkit.knowledge import Filling

__all__ = ["filled", "worded"]

_TESTS = frozenset({"erp.send_test"})
"""Places on the screens where something is tried, not changed."""


def filled(template: str, group: Group) -> str:
    """Fill a template with what a group of opinions is about."""
    return template.format_map(_filling(group))


def worded(group: Group, product: Product | None) -> Finding:
    """Make the finding of a group of opinions."""
    one, entry, means = group.first, group.entry, group.first.meaning
    filling = _filling(group)
    detail = entry.detail.format_map(filling) if entry.detail else None
    general, screens = entry.fix, entry.on_screens(product)
    if means is not None:
        # Where the words of the server are known, they say more than the code of the finding.
        detail = means.cause or detail
        general = means.fix or general
        screens = means.product_fix.get(product, screens) if product else ()
    return Finding(
        code=one.code,
        severity=group.severity,
        stage=one.code.partition(".")[0],
        subject=_subject(group),
        summary=entry.summary.format_map(filling),
        detail=detail,
        evidence=_evidence(group),
        fix=tuple(
            Fix(who=fix.who, action=fix.action.format_map(filling), where=fix.where)
            # Fields first, for they can be changed at once; testing again comes when all else is done.
            for fix in sorted((*screens, *general), key=lambda fix: fix.where in _TESTS)
        ),
        refs=entry.refs,
        temporary=one.temporary if one.temporary is not None else entry.temporary,
        account_risk=entry.account_risk or bool(means and means.account_risk),
        confidence=one.confidence,
    )


def _evidence(group: Group) -> dict[str, Any]:
    """Give how we know: where it was seen, the facts, and what it follows from."""
    where: dict[str, Any] = {}
    if group.endpoint is not None and group.first.subject is None:
        where = {"host": group.endpoint.host, "port": group.endpoint.port}
    if group.addresses:
        where["addresses"] = list(group.addresses)
    cause = {"follows_from": group.cause} if group.cause else {}
    return {**where, **group.first.evidence, **cause}


def _subject(group: Group) -> str:
    """Name what it is about; the addresses only where it is not true of all."""
    one, endpoint = group.first, group.endpoint
    if one.subject is not None:
        return one.subject
    if endpoint is None or not group.addresses or len(group.addresses) == len(endpoint.addresses):
        return one.place.name
    return f"{one.place.name} [{', '.join(group.addresses)}]"


def _filling(group: Group) -> Filling:
    one = group.first
    place = {"host": one.place.host or one.place.name, "port": one.place.port, "subject": _subject(group)}
    words = knowledge().words
    return Filling({**place, **one.evidence, **one.words}, unknown=words.unknown, more=words.and_more)
