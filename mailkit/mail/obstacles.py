"""What keeps a test mail from being sent, and what is to be known before one is, in words: ``obstacles.toml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from mailkit.finding import Finding, Fix, Product
from mailkit.knowledge import Entry, Filling, Meta, read

__all__ = ["finding", "obstacle_codes"]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    findings: dict[str, Entry]


@cache
def _entries() -> dict[str, Entry]:
    return read(Path(__file__).with_name("obstacles.toml"), _Table).findings


def obstacle_codes() -> tuple[str, ...]:
    """Give every code that only a plan uses."""
    return tuple(_entries())


def finding(code: str, product: Product, about: str, variant: str | None = None, **evidence: Any) -> Finding:  # noqa: ANN401 (evidence is of any kind)
    """Put one into words: its code, the product whose screens are named, whom or what it is about, and how we know."""
    entry = _entries()[code].seen_as(variant)
    filling = Filling({"subject": about, **evidence})
    return Finding(
        code=code,
        severity=entry.severity,
        stage="test",
        subject=about,
        summary=entry.summary.format_map(filling),
        detail=entry.detail.format_map(filling) if entry.detail else None,
        evidence={name: value for name, value in evidence.items() if value is not None},
        fix=tuple(
            Fix(who=fix.who, action=fix.action.format_map(filling), where=fix.where)
            for fix in (*entry.on_screens(product), *entry.fix)
        ),
        refs=entry.refs,
    )
