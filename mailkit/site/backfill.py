"""What the first activation of trace mail would send: which days, how much, to whom not, and how long it takes.

When ``Email Traces`` is changed to Y for the first time, Maestro PMS sends what was not e-mailed in the days before. It is
documented that these are seven days; by which date they are counted and whether the first and last day belong to them is not, so
these are parameters with defaults that the preview repeats. Pure: used by the panels, the report and whoever sends traces.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

from msgspec import Struct

from mailkit.finding import Finding
from mailkit.site.check.clerks import clerk_label, shared_addresses
from mailkit.site.check.password import hosted
from mailkit.site.check.pms import ever_activated, has_traces, setups
from mailkit.site.mailbox import Flaw, flaw_of
from mailkit.site.opinion import Opinion, worded
from mailkit.site.pms import Clerk, EmailSetup, PmsSite
from mailkit.site.providers import Provider, providers

__all__ = ["Activation", "BackfillPreview", "Basis", "Edges", "Hindrance", "Limit", "Reason", "Skipped", "preview", "window"]

Basis = Literal["created", "due", "business"]
"""By which date the days are counted: the day a trace was made, the day it is due, or the hotel's own date."""

Edges = Literal["both", "first", "last", "neither"]
"""Which of the two days at the ends belong to the window."""

Activation = Literal["first", "again", "on", "unknown"]
"""What the change would be: the first one; a later one, of which nobody says whether it repeats the back-fill; none, as the flag
is Y already; or not known."""

Hindrance = Literal["flag-off", "version-too-old", "no-server", "no-port", "no-sender", "sender-invalid"]
"""What keeps every mail back until it is put right."""

Reason = Literal["not-known", "inactive", "no-address", "several", "display-name", "blank", "no-domain", "malformed"]
"""Why a clerk gets none."""

_REASONS: dict[Flaw, Reason] = {
    "empty": "no-address",
    "several": "several",
    "display-name": "display-name",
    "blank": "blank",
    "no-domain": "no-domain",
    "malformed": "malformed",
}
_OLDEST = dt.date.min
_LONGEST = 3660  # ten years, as in a site file


class Skipped(Struct, frozen=True, kw_only=True):
    """Clerks who would get none, and why."""

    reason: Reason
    count: int
    clerks: tuple[str, ...]


class Limit(Struct, frozen=True, kw_only=True):
    """How much the provider of the server takes; ``None``: not known."""

    provider: str
    per_minute: int | None
    per_day: int | None
    connections: int | None
    minutes: int | None
    """How long the waiting messages take at that rate, one after the other."""
    days: int | None
    """Over how many days they have to be spread."""


class BackfillPreview(Struct, frozen=True, kw_only=True):
    """What the first activation would send. Dates are days of the calendar, both included."""

    schema: Literal["mailkit.backfill/1"] = "mailkit.backfill/1"
    at: dt.date
    days: int
    basis: Basis
    edges: Edges
    first: dt.date
    last: dt.date
    """Before ``first``: no day at all belongs to the window."""
    business_date: dt.date | None
    shift_days: int | None
    """How many days the hotel's date is behind the calendar."""
    activation: Activation
    waiting: int | None
    """How many messages wait; ``None``: not known."""
    hindrances: tuple[Hindrance, ...]
    receiving: int
    """Clerks who would get theirs."""
    skipped: tuple[Skipped, ...]
    shared: dict[str, tuple[str, ...]]
    """Addresses that get the copies of more than one clerk."""
    limits: tuple[Limit, ...]
    findings: tuple[Finding, ...]
    """What to know before the change."""


def preview(
    site: PmsSite,
    at: dt.date,
    *,
    days: int | None = None,
    basis: Basis = "created",
    edges: Edges = "both",
) -> BackfillPreview:
    """Foresee what changing ``Email Traces`` to Y on a day would send.

    Args:
        site: The hotel.
        at: The day of the change.
        days: How many days back it reaches, 0 to 3660; as the site file says (7, if it says nothing).
        basis: By which date the days are counted; not documented.
        edges: Which of the two outermost days belong to the window; not documented.
    """
    reach = site.traces.days if days is None else min(max(0, days), _LONGEST)
    anchor = site.business_date if basis == "business" and site.business_date is not None else at
    first, last = window(anchor, reach, edges)
    labelled = [(clerk_label(clerk, number), clerk) for number, clerk in enumerate(site.clerks, 1)]
    skipped = _skipped(labelled)
    activation = _activation(site)
    limits = _limits(site)
    return BackfillPreview(
        at=at,
        days=reach,
        basis=basis,
        edges=edges,
        first=first,
        last=last,
        business_date=site.business_date,
        shift_days=(at - site.business_date).days if site.business_date is not None else None,
        activation=activation,
        waiting=site.traces.waiting,
        hindrances=_hindrances(site),
        receiving=len(labelled) - sum(one.count for one in skipped),
        skipped=skipped,
        shared={address: tuple(labels) for address, labels in shared_addresses(labelled).items()},
        limits=limits,
        findings=tuple(worded(opinion, site.product) for opinion in _opinions(site, at, reach, activation, limits)),
    )


def window(anchor: dt.date, days: int, edges: Edges) -> tuple[dt.date, dt.date]:
    """Give the first and the last day that count, both included; the first behind the last: no day at all.

    >>> window(dt.date(2026, 11, 20), 7, "both")
    (datetime.date(2026, 11, 13), datetime.date(2026, 11, 20))
    """
    first = anchor - dt.timedelta(days=min(days, (anchor - _OLDEST).days))
    if edges in ("last", "neither"):
        first = min(first + dt.timedelta(days=1), dt.date.max) if first < dt.date.max else first
    last = anchor if edges in ("both", "last") or anchor == _OLDEST else anchor - dt.timedelta(days=1)
    return first, last


def _activation(site: PmsSite) -> Activation:
    ever = ever_activated(site)
    if site.email_setup.email_traces and ever is not False:
        return "on"
    return "unknown" if ever is None else "again" if ever else "first"


def _skipped(labelled: list[tuple[str, Clerk]]) -> tuple[Skipped, ...]:
    """Sort the clerks who get none by reason, the most frequent first."""
    by_reason: dict[Reason, list[str]] = {}
    for label, clerk in labelled:
        flaw = flaw_of(clerk.email) if clerk.email is not None else None
        if clerk.status == "inactive":
            by_reason.setdefault("inactive", []).append(label)
        elif clerk.email is None:
            by_reason.setdefault("not-known", []).append(label)
        elif flaw is not None:
            by_reason.setdefault(_REASONS[flaw], []).append(label)
    ranked = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    return tuple(Skipped(reason=reason, count=len(labels), clerks=tuple(labels)) for reason, labels in ranked)


def _hindrances(site: PmsSite) -> tuple[Hindrance, ...]:
    """Say what is known to keep all mail back, in any Email Setup of the site."""
    found: dict[Hindrance, None] = {}
    if has_traces(site.version) is False:
        found["version-too-old"] = None
    for setup in setups(site).values():
        found |= dict.fromkeys(_hindrances_of(setup))
    return tuple(found)


def _hindrances_of(setup: EmailSetup) -> tuple[Hindrance, ...]:
    sender = flaw_of(setup.trace_rep_addr) if setup.trace_rep_addr is not None else None
    told: dict[Hindrance, bool] = {
        "flag-off": setup.email_traces is False,
        "no-server": setup.server is not None and not setup.server.strip(),
        "no-port": setup.port == "",
        "no-sender": sender == "empty",
        "sender-invalid": sender not in (None, "empty"),
    }
    return tuple(name for name, true in told.items() if true)


def _limits(site: PmsSite) -> tuple[Limit, ...]:
    named = providers().get(site.provider or "")
    found: dict[str, Provider] = {}
    for setup in setups(site).values():
        provider = hosted(setup.server, named, setup.auth_name)
        if provider is not None:
            found[provider.id] = provider
    return tuple(_limit(provider, site.traces.waiting) for provider in found.values())


def _limit(provider: Provider, waiting: int | None) -> Limit:
    limits = provider.limits
    per_day = min((one for one in (limits.per_day, limits.recipients_per_day) if one is not None), default=None)
    return Limit(
        provider=provider.name,
        per_minute=limits.per_minute,
        per_day=per_day,
        connections=limits.connections,
        minutes=math.ceil(waiting / limits.per_minute) if waiting is not None and limits.per_minute else None,
        days=math.ceil(waiting / per_day) if waiting is not None and per_day else None,
    )


def _opinions(site: PmsSite, at: dt.date, days: int, activation: Activation, limits: tuple[Limit, ...]) -> list[Opinion]:
    """Say what to know before the flag is changed."""
    said: list[Opinion] = []
    waiting, subject = site.traces.waiting, "Email Traces"
    if activation != "on":
        on = site.email_setup.email_traces
        plain = ("now-counted" if on else "counted") if waiting is not None else "now" if on else None
        variant = "again" if activation == "again" else plain
        evidence = {"days": days, "waiting": waiting, "activation": activation}
        said.append(Opinion(code="site.backfill-pending", variant=variant, subject=subject, evidence=evidence))
    for limit in limits:
        if waiting is not None and ((limit.minutes or 0) > 1 or (limit.days or 0) > 1):
            told = {
                "waiting": waiting,
                "provider": limit.provider,
                "per_minute": limit.per_minute,
                "per_day": limit.per_day,
                "minutes": limit.minutes,
            }
            said.append(Opinion(code="site.backfill-over-limit", subject=subject, evidence=told))
    if site.business_date is not None and site.business_date != at:
        dates = {"business_date": site.business_date.isoformat(), "today": at.isoformat()}
        said.append(Opinion(code="site.backfill-business-date", subject=subject, evidence=dates))
    return said
