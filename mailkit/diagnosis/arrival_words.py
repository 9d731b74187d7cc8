"""The words about a mail that was followed: ``knowledge/arrival.toml``, and how a finding is made of them."""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import Any, Literal

from msgspec import Struct

from mailkit.diagnosis.knowledge import read
from mailkit.finding import Finding, Fix, Product, Severity
from mailkit.knowledge import Entry, Filling, Meta
from mailkit.mail.follow.arrival import Arrival

__all__ = ["Knowledge", "Telling", "Thresholds", "Words", "knowledge", "span"]


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where healthy ends."""

    slow_ms: float
    held_ms: float
    greylist_from_ms: float
    greylist_to_ms: float
    clock_ms: float


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What fills the braces."""

    unknown: str
    and_more: str
    here: str
    no_reason: str
    nobody: str
    mailbox: str
    inbox: str
    archive: str
    trash: str
    folder: str
    source: str
    problems: dict[str, str]
    cat: dict[str, str]
    sfv: dict[str, str]
    compauth: dict[str, str]


class Knowledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``arrival.toml``."""

    meta: Meta
    thresholds: Thresholds
    words: Words
    findings: dict[str, Entry]


@cache
def knowledge() -> Knowledge:
    """Give words, thresholds and ways out."""
    return read("arrival", Knowledge)


class Telling:
    """Makes findings about one mail."""

    def __init__(self, arrival: Arrival, product: Product | None) -> None:
        self.arrival, self.product = arrival, product
        self.subject = arrival.recipient or arrival.message_id or "the mail"
        self._base = {
            "recipient": arrival.recipient or "the recipient",
            "sender": arrival.sender,
            "message_id": arrival.message_id,
        }

    def finding(
        self,
        code: str,
        variant: str | None = None,
        *,
        evidence: dict[str, Any] | None = None,
        words: dict[str, Any] | None = None,
        fix: tuple[Fix, ...] = (),
        severity: Severity | None = None,
        confidence: Literal["sure", "likely", "guess"] = "sure",
        temporary: bool | None = None,
    ) -> Finding:
        """Word one finding.

        Args:
            code: of the table.
            variant: of the code.
            evidence: how we know; what is ``None`` is left out.
            words: what only the sentences need.
            fix: instead of the table's.
            severity: the same.
            confidence: how sure.
            temporary: instead of the table's.
        """
        entry = knowledge().findings[code].seen_as(variant)
        kept = {key: value for key, value in (evidence or {}).items() if value not in (None, [], {})}
        told = knowledge().words
        facts = {**self._base, **kept, **(words or {})}
        filling = Filling(facts, unknown=told.unknown, more=told.and_more)
        general = fix or entry.fix
        screens = () if fix else entry.on_screens(self.product)
        return Finding(
            code=code,
            severity=severity or entry.severity,
            stage="arrival",
            subject=self.subject,
            summary=entry.summary.format_map(filling),
            detail=entry.detail.format_map(filling) if entry.detail and _known(entry.detail, facts) else None,
            evidence=kept,
            fix=tuple(Fix(who=one.who, action=one.action.format_map(filling), where=one.where) for one in (*screens, *general)),
            refs=entry.refs,
            temporary=temporary if temporary is not None else entry.temporary,
            account_risk=entry.account_risk,
            confidence=confidence,
        )


def span(milliseconds: float) -> str:
    """Say how long something took, as one says it.

    >>> [span(ms) for ms in (400, 1000, 42_000, 61_000, 312_000, 7_500_000)]
    ['less than a second', '1 second', '42 seconds', '1 minute 1 second', '5 minutes 12 seconds', '2 hours 5 minutes']
    """
    seconds = round(milliseconds / 1000)
    if milliseconds < 1000:
        return "less than a second"
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    parts: list[str] = []
    for name, size in units:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {name}{'s' if number > 1 else ''}")
    return " ".join(parts[:2])


def _known(template: str | None, facts: dict[str, Any]) -> bool:
    """A detail is left out rather than say that something is not known."""
    return template is not None and all(facts.get(name) is not None for _, name, _, _ in Formatter().parse(template) if name)
