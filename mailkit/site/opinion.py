"""An opinion about a configuration, and its words: each code has its sentences in one of the files of ``findings/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from mailkit.finding import Finding, Fix, Product, Severity
from mailkit.knowledge import Entry, Filling, Meta, in_each_language, read
from mailkit.site.phrases import in_words

__all__ = ["Opinion", "entry_of", "finding_codes", "worded"]


class Opinion(Struct, frozen=True, kw_only=True):
    """One thing to say about a configuration: a code, what it is about, and how we know."""

    code: str
    subject: str
    """A user, a clerk, a field or the site: what a reader looks for."""
    variant: str | None = None
    evidence: dict[str, Any] = {}
    severity: Severity | None = None
    """Instead of the one in the table."""
    confidence: Literal["sure", "likely", "guess"] = "sure"


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    findings: dict[str, Entry]


@in_each_language
def _entries() -> dict[str, Entry]:
    files = sorted(file for file in (Path(__file__).parent / "findings").glob("*.toml") if "." not in file.stem)
    return {code: entry for file in files for code, entry in read(file, _Table).findings.items()}


def finding_codes() -> tuple[str, ...]:
    """Give every code the judges of configurations can use."""
    return tuple(_entries())


def entry_of(code: str) -> Entry:
    """Give what is known of a code (``KeyError`` for one that does not exist)."""
    return _entries()[code]


def worded(opinion: Opinion, product: Product | None) -> Finding:
    """Put an opinion into words, with what to do on the product's screens first."""
    entry = _entries()[opinion.code].seen_as(opinion.variant)
    filling = Filling({"subject": opinion.subject, **{name: in_words(name, value) for name, value in opinion.evidence.items()}})
    return Finding(
        code=opinion.code,
        severity=opinion.severity or entry.severity,
        stage=opinion.code.partition(".")[0],
        subject=opinion.subject,
        summary=entry.summary.format_map(filling),
        detail=entry.detail.format_map(filling) if entry.detail else None,
        evidence=opinion.evidence,
        fix=tuple(
            Fix(who=fix.who, action=fix.action.format_map(filling), where=fix.where)
            for fix in (*entry.on_screens(product), *entry.fix)
        ),
        refs=entry.refs,
        temporary=entry.temporary,
        account_risk=entry.account_risk,
        confidence=opinion.confidence,
    )
