"""What the routes of a site say, each thing once: a row that cannot work concerns everybody who is sent by it.

A route's findings are worded for one user. Here those that are alike are put together, and worded for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from mailkit.finding import Finding, Product, Severity
from mailkit.site.opinion import Opinion, entry_of, worded
from mailkit.site.phrases import phrase
from mailkit.site.route import Route

__all__ = ["merged"]

_NAMES = 4

_Key = tuple[str, Severity, str]


def merged(routes: Iterable[Route], product: Product) -> Iterator[Finding]:
    """Give the findings of the routes, in the order they are met; the evidence has all ``users``, ``mailings`` and ``rules``."""
    noun = "users" if product == "maestro-erp" else "clerks"
    first: dict[_Key, tuple[Finding, str | None]] = {}
    people: dict[_Key, dict[str, None]] = {}
    more: dict[_Key, dict[str, dict[str, None]]] = {}
    variants: dict[bytes, tuple[str | None, str]] = {}
    for route in routes:
        for finding in route.findings:
            said = msgspec.json.encode((finding.code, finding.severity, finding.detail, finding.evidence), order="deterministic")
            if said not in variants:
                variants[said] = _recognised(finding, product)
            variant, alike = variants[said]
            key = (finding.code, finding.severity, alike)
            first.setdefault(key, (finding, variant))
            if route.user is not None:
                people.setdefault(key, {})[route.user] = None
            seen = more.setdefault(key, {"mailings": {}, "rules": {}, "forms": {}})
            seen["mailings"][route.mailing] = None
            seen["rules"][route.rule] = None
            seen["forms"] |= dict.fromkeys(route.documents)
    for key, (finding, variant) in first.items():
        names = list(people.get(key, ()))
        evidence: dict[str, Any] = {
            **{name: value for name, value in finding.evidence.items() if name not in ("rule", "documents")},
            noun: names,
            **{name: list(values) for name, values in more[key].items() if values},
        }
        summary = _for_all(finding, variant, names, product)
        subject = phrase(noun, count=len(names)) if summary else finding.subject
        yield replace(finding, subject=subject, summary=summary or finding.summary, evidence=evidence)


def _recognised(finding: Finding, product: Product) -> tuple[str | None, str]:
    """Give the variant of a finding, and its sentence without whom it is about."""
    for variant in (None, *entry_of(finding.code).variants):
        if _again(finding, variant, finding.subject, product).summary == finding.summary:
            return variant, _again(finding, variant, "…", product).summary
    return None, finding.summary


def _again(finding: Finding, variant: str | None, subject: str, product: Product) -> Finding:
    return worded(Opinion(code=finding.code, subject=subject, variant=variant, evidence=finding.evidence), product)


def _for_all(finding: Finding, variant: str | None, names: list[str], product: Product) -> str | None:
    """Give the sentence for all of ``names``; ``None``: it is about one of them, or about none."""
    if len(names) < 2 or finding.subject not in names:
        return None
    shown = ", ".join(names[:_NAMES]) + (f", {len(names) - _NAMES} more" if len(names) > _NAMES else "")
    return _again(finding, variant, shown, product).summary
