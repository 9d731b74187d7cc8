"""A finding: an opinion about observations, with its evidence and the way out."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

__all__ = ["PRODUCTS", "Finding", "Fix", "Product", "Severity", "Who"]

Severity = Literal["error", "warning", "info", "ok"]

Who = Literal["user", "support", "site-admin", "provider", "network", "recipient"]
"""Who can act: the mail user; the support engineer; the administrator of the site or its tenant; whoever runs the server asked;
the owner of the network in between; the owner of the recipient's domain."""

Product = Literal["maestro-erp", "maestro-pms"]
"""The construction ERP maestro* and the hotel system Maestro PMS: two products with two sets of screens."""

PRODUCTS: tuple[Product, ...] = ("maestro-erp", "maestro-pms")


class Fix(Struct, frozen=True, kw_only=True):
    """One thing to do: who, what, and where on the product's screens (a field such as ``erp.port``, or on none)."""

    who: Who
    action: str
    where: str | None = None


class Finding(Struct, frozen=True, kw_only=True):
    """One opinion. ``code`` is ``<stage>.<what>`` and stable; ``summary`` is one plain sentence; ``evidence`` is how we know."""

    code: str
    severity: Severity
    stage: str
    subject: str
    """What it is about: ``host:port``, ``host:port [address]``, or a name."""
    summary: str
    detail: str | None = None
    evidence: dict[str, Any] = {}
    fix: tuple[Fix, ...] = ()
    refs: tuple[str, ...] = ()
    temporary: bool | None = None
    """True: waiting may help. False: it will not. None: cannot tell."""
    account_risk: bool = False
    """Trying again with the same data may lock the account."""
    confidence: Literal["sure", "likely", "guess"] = "sure"
