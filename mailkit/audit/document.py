"""The document ``audit``: what an audit saw and what it means. A value, and no more."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from mailkit.finding import Finding, Product, Severity
from mailkit.observation import ProbeDocument

__all__ = ["Audit", "AuditTable", "Cell", "LeftOut"]

Cell = str | int | float | bool | None


class AuditTable(Struct, frozen=True, kw_only=True):
    """One table of the history, as a person looks at it."""

    name: str
    """As ``mailkit history show`` calls it."""
    title: str
    sentence: str | None = None
    """What it comes to."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """Times are ISO 8601 in UTC."""
    left_out: int = 0
    """Rows beyond those kept here; the CSV file beside the report has them."""


class LeftOut(Struct, frozen=True, kw_only=True):
    """Something that was not looked at, why, and how it can be."""

    what: str
    why: str
    how: str


class Audit(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.audit/1"):
    """One audit. Times are in UTC; unknown is ``None``."""

    site: str | None
    """The site's own name."""
    file: str
    """What the site's file is called."""
    product: Product
    made: datetime
    duration_ms: float
    tool: str
    verdict: Severity
    """The worst of the findings: ``error``, ``warning`` or ``ok``."""
    headline: str
    """The verdict in one sentence."""
    findings: tuple[Finding, ...] = ()
    """The worst first; of the same severity the settings, then the servers, then the history."""
    probes: tuple[ProbeDocument, ...] = ()
    sentences: tuple[str, ...] = ()
    """What the history comes to."""
    first: datetime | None = None
    """The period of the history that was read."""
    last: datetime | None = None
    figures: dict[str, int] = {}
    """Deliveries of the period: ``deliveries``, and each state by its name."""
    tables: tuple[AuditTable, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    stopped: bool = False
    """A person ended it; what was seen until then is here."""
