"""The vocabulary of explanations: causes (what is wrong, who can change what) and above them reasons (why a mail was refused)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mailkit.finding import Fix, Product
from mailkit.knowledge import Meta, in_each_language, read
from mailkit.site.screens import screens

__all__ = ["Cause", "Reason", "ScreenFix", "causes", "codes", "on_screens", "reasons"]

KNOWLEDGE = Path(__file__).with_name("knowledge")


class ScreenFix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do on a product's screens, in one sentence, and the field (``None``: on no screen)."""

    action: str
    where: str | None = None


class Cause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong, in one word."""

    reason: str
    finding: str
    """The code of the probe's finding that says the same; ``*`` stands for the stage at which it was said."""
    summary: str
    fix: tuple[Fix, ...]
    erp: tuple[ScreenFix, ...]
    pms: tuple[ScreenFix, ...]
    at: dict[str, str] = {}
    """Another finding when it was said at the stage named."""
    retry_helps: bool | None = None
    address_dead: bool = False
    account_risk: bool = False

    def on(self, product: Product) -> tuple[ScreenFix, ...]:
        """Give what to do on a product's screens."""
        return self.erp if product == "maestro-erp" else self.pms


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a mail was refused, as collections of bounces count it."""

    family: str
    bounce: Literal["hard", "soft", "none"]
    cause: str


class Weak(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Codes that servers use for everything."""

    status: frozenset[str]


class Codes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What codes alone say: the causes of status codes (with or without class digit) and of reply codes."""

    meta: Meta
    status: dict[str, str]
    reply: dict[str, str]
    weak: Weak


class _Causes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    cause: dict[str, Cause]


class _Reasons(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    reason: dict[str, Reason]


@in_each_language
def causes() -> dict[str, Cause]:
    """Give the causes by name."""
    return read(KNOWLEDGE / "causes.toml", _Causes).cause


@cache
def reasons() -> dict[str, Reason]:
    """Give the reasons by name."""
    return read(KNOWLEDGE / "reasons.toml", _Reasons).reason


@cache
def codes() -> Codes:
    """Give what codes alone say."""
    return read(KNOWLEDGE / "codes.toml", Codes)


def on_screens(told: tuple[ScreenFix, ...]) -> tuple[Fix, ...]:
    """Give what to do on a product's screens; a field is keyed in by whoever its screen says."""
    fields = screens()
    return tuple(Fix(who=fields[fix.where].who if fix.where else "support", action=fix.action, where=fix.where) for fix in told)
