"""What is known, kept as data: the words, severities and ways out of every finding, and the names of steps, modes and people.

The files are in ``knowledge/``; each is read once, when it is first needed, and checked while it is read. The judging modules
choose a code, a variant and the evidence; every sentence comes from here. :mod:`mailkit.diagnosis.replies` keeps its own file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from mailkit import knowledge as shared
from mailkit.finding import Who
from mailkit.knowledge import Entry, Meta, in_each_language

__all__ = ["Knowledge", "finding_codes", "knowledge", "read"]

T = TypeVar("T")


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where healthy ends."""

    greeting_slow_ms: float
    certificate_soon_days: int
    rsa_bits: int
    ec_bits: int
    oldest_tls: str


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names for steps, modes, kinds of servers and people, and the sentences of the headline."""

    unknown: str
    and_more: str
    fetch: str
    steps: dict[str, str]
    stages: dict[str, str]
    modes: dict[str, str]
    usual_ports: dict[str, str]
    services: dict[str, str]
    who: dict[Who, str]
    headline: dict[str, str]
    fine: dict[str, str]
    reasons: dict[str, str]


class Knowledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``findings.toml``."""

    meta: Meta
    thresholds: Thresholds
    words: Words
    findings: dict[str, Entry]


def read(name: str, kind: type[T]) -> T:
    """Read ``knowledge/<name>.toml``; anything that does not fit ``kind`` raises :class:`msgspec.ValidationError`."""
    return shared.read(Path(__file__).parent / "knowledge" / f"{name}.toml", kind)


@in_each_language
def knowledge() -> Knowledge:
    """Give the words, severities and ways out of every finding."""
    return read("findings", Knowledge)


def finding_codes() -> tuple[str, ...]:
    """Give every code a diagnosis can contain, in the causal order of the stages."""
    return tuple(knowledge().findings)
