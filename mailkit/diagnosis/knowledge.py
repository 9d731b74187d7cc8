"""What is known, kept as data: the words, severities and ways out of every finding, and the fields of the products' screens.

The files are in ``knowledge/``; each is read once, when it is first needed, and checked while it is read. The judging modules
choose a code, a variant and the evidence; every sentence comes from here. :mod:`mailkit.diagnosis.replies` keeps its own file.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from mailkit.finding import Fix, Product, Severity, Who

__all__ = ["Entry", "Knowledge", "Screen", "Variant", "finding_codes", "knowledge", "read", "screens"]

T = TypeVar("T")


class Variant(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What is said differently when the same code is seen in another way; what is absent stays as in the entry."""

    severity: Severity | None = None
    summary: str | None = None
    detail: str | None = None
    temporary: bool | None = None
    account_risk: bool | None = msgspec.field(name="account_risk", default=None)
    fix: tuple[Fix, ...] | None = None
    maestro_erp: tuple[Fix, ...] | None = None
    maestro_pms: tuple[Fix, ...] | None = None
    follows: tuple[str, ...] | None = None
    refs: tuple[str, ...] | None = None


class Entry(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """One finding code: how bad it is, what to say and who can do what. Texts are templates over the evidence."""

    severity: Severity
    summary: str
    refs: tuple[str, ...]
    detail: str | None = None
    fix: tuple[Fix, ...] = ()
    maestro_erp: tuple[Fix, ...] = ()
    maestro_pms: tuple[Fix, ...] = ()
    temporary: bool | None = None
    account_risk: bool = msgspec.field(name="account_risk", default=False)
    step: str | None = None
    """The step of the dialogue it counts for, when that is not the first half of the code."""
    follows: tuple[str, ...] = ()
    """Codes of which this finding is a consequence."""
    variants: dict[str, Variant] = {}

    def seen_as(self, variant: str | None) -> Entry:
        """Give the entry with what the variant says in place (``KeyError`` for a variant that does not exist)."""
        if variant is None:
            return self
        other = self.variants[variant]
        changes = {name: value for name in Variant.__struct_fields__ if (value := getattr(other, name)) is not None}
        return msgspec.structs.replace(self, **changes)

    def on_screens(self, product: Product | None) -> tuple[Fix, ...]:
        """Give what to do on the product's screens, where the product is known."""
        return {"maestro-erp": self.maestro_erp, "maestro-pms": self.maestro_pms}[product] if product else ()


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


class Meta(Struct, frozen=True, kw_only=True):
    """When a file was last compared with its sources."""

    date: dt.date
    sources: tuple[str, ...] = ()


class Knowledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``findings.toml``."""

    meta: Meta
    thresholds: Thresholds
    words: Words
    findings: dict[str, Entry]


class Screen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a product: its label as shown, the way to it, and who keys it in."""

    label: str
    path: str
    who: Who
    note: str | None = None


class _Screens(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    meta: Meta
    maestro_erp: dict[str, Screen]
    maestro_pms: dict[str, Screen]


def read(name: str, kind: type[T]) -> T:
    """Read ``knowledge/<name>.toml``; anything that does not fit ``kind`` raises :class:`msgspec.ValidationError`."""
    return msgspec.toml.decode((Path(__file__).parent / "knowledge" / f"{name}.toml").read_bytes(), type=kind)


@cache
def knowledge() -> Knowledge:
    """Give the words, severities and ways out of every finding."""
    return read("findings", Knowledge)


@cache
def screens() -> dict[str, Screen]:
    """Give every field of both products' screens by its id (``erp.port``)."""
    known = read("screens", _Screens)
    return {**known.maestro_erp, **known.maestro_pms}


def finding_codes() -> tuple[str, ...]:
    """Give every code a diagnosis can contain, in the causal order of the stages."""
    return tuple(knowledge().findings)
