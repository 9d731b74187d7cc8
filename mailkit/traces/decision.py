"""Who gets the copy of a trace, or why nobody does: one value for each reason, its words in ``reasons.toml``.

Pure: a site and a trace in, an address or a reason out. Which days count is :mod:`.window`; what the store knows already comes on
top in :mod:`.sorting`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from mailkit.finding import Finding
from mailkit.knowledge import Meta, read
from mailkit.mail.account import Account
from mailkit.mail.plan import PlanSettings
from mailkit.mail.ways import PmsWays
from mailkit.site.check.clerks import clerk_label
from mailkit.site.check.pms import has_traces, setups
from mailkit.site.mailbox import Flaw, flaw_of
from mailkit.site.pms import Clerk, Department, EmailSetup, PmsSite
from mailkit.site.routing import route
from mailkit.traces.trace import Kind, Trace

__all__ = [
    "REASONS",
    "Decider",
    "Decision",
    "Reason",
    "Way",
    "decide",
    "reason_words",
    "recorded",
    "retried",
    "switched_on",
    "what_to_do",
]

Reason = Literal[
    "version-too-old",
    "flag-off",
    "settings-incomplete",
    "unknown-property",
    "not-activated",
    "no-recipient",
    "unknown-clerk",
    "several-clerks",
    "address-not-known",
    "no-address",
    "several-addresses",
    "name-around",
    "blank",
    "no-domain",
    "malformed",
    "inactive",
    "unknown-department",
    "department-without-address",
    "guest-without-address",
    "no-consent",
    "excluded",
    "marked-sent",
    "duplicate-row",
    "already-sent",
    "already-queued",
    "cancelled",
    "completed",
    "open",
    "too-old",
    "at-the-edge",
    "before-activation",
    "later",
    "no-date",
]

REASONS: tuple[Reason, ...] = get_args(Reason)

_FLAWS: dict[Flaw, Reason] = {
    "empty": "no-address",
    "several": "several-addresses",
    "display-name": "name-around",
    "blank": "blank",
    "no-domain": "no-domain",
    "malformed": "malformed",
}
_NOBODY = Clerk(code="", email="clerk@example.com", status="active")
"""Stands for any clerk when the way of a property is asked for."""
_REMEMBERED = 20_000


class Decision(Struct, frozen=True, kw_only=True):
    """To whom, or why not."""

    recipient: str | None = None
    who: str | None = None
    """The clerk's code (or name), the department, or ``None``: a guest, or an address of the trace's own."""
    reason: Reason | None = None
    """``None``: it can be sent."""
    address: str | None = None
    """The address that is not usable, where that is the reason."""
    property: str | None = None
    """The trace's own, else its clerk's."""


class Way(Struct, frozen=True, kw_only=True):
    """By which account, from whom and by which rule the mails of one kind leave a property; or what is in the way."""

    account: Account | None = None
    sender: str | None = None
    rule: str | None = None
    reason: Reason | None = None
    finding: Finding | None = None
    """What is in the way, in words."""


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    say: str
    do: str
    record: bool
    retry: bool


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    reasons: dict[Reason, _Words]


@cache
def _table() -> dict[Reason, _Words]:
    return read(Path(__file__).with_name("reasons.toml"), _Table).reasons


def reason_words(reason: Reason) -> str:
    """Say why, as the end of a sentence."""
    return _table()[reason].say


def what_to_do(reason: Reason) -> str:
    """Say what to do about it; ``""``: nothing."""
    return _table()[reason].do


def recorded(reason: Reason) -> bool:
    """Say whether a trace that is not sent for this reason is written down as skipped."""
    return _table()[reason].record


def retried(reason: Reason) -> bool:
    """Say whether a trace that was written down as skipped for this reason is sent once the reason is gone."""
    return _table()[reason].retry


def decide(site: PmsSite, trace: Trace, *, flag_counts: bool = True) -> Decision:
    """Decide about one trace; for many, make a :class:`Decider` once.

    Args:
        site: the hotel.
        trace: the trace.
        flag_counts: False: as if ``Email Traces`` were Y everywhere.
    """
    return Decider(site if flag_counts else switched_on(site)).decide(trace)


class Decider:
    """Decides about the traces of one hotel; what is the same for many is found out once."""

    def __init__(self, site: PmsSite, settings: PlanSettings | None = None) -> None:
        self._site = site
        self._old = has_traces(site.version) is False
        self._setups = {(code or "").strip().casefold(): setup for code, setup in setups(site).items()}
        self._properties = {one.code.strip().casefold(): one.code for one in site.properties}
        self._settings = settings or PlanSettings()
        self._found: dict[tuple[str | None, Kind], Way] = {}
        self._clerks: dict[str, list[tuple[str, Clerk]]] = {}
        for number, clerk in enumerate(site.clerks, 1):
            label = clerk_label(clerk, number)
            for name in dict.fromkeys(one.strip().casefold() for one in (clerk.code, clerk.name) if one and one.strip()):
                self._clerks.setdefault(name, []).append((label, clerk))
        self._departments: dict[str, list[Department]] = {}
        for one in site.departments:
            for name in dict.fromkeys(word.strip().casefold() for word in (one.code, one.name) if word and word.strip()):
                self._departments.setdefault(name, []).append(one)
        self._people: dict[tuple[str, str | None], Decision] = {}
        self._offices: dict[tuple[str, str | None], Decision] = {}

    def decide(self, trace: Trace) -> Decision:
        """Decide to whom a trace goes, or why to nobody; days and the store are not looked at."""
        property_ = trace.property
        if trace.kind == "alert":
            to = _guest(trace)
        elif trace.clerk is not None:
            to = self._person(trace.clerk, property_)
        elif trace.department is not None:
            to = self._office(trace.department, property_)
        elif trace.address is not None:
            to = _checked(trace.address, None, property_)
        else:
            to = Decision(reason="no-recipient", property=property_)
        if property_ is not None and self._properties and property_.strip().casefold() not in self._properties:
            return _but(to, "unknown-property")
        way = self.way(to.property, trace.kind)
        if way.reason is not None:
            return _but(to, way.reason)
        if to.reason is None and trace.kind == "alert" and trace.consent is False:
            return _but(to, "no-consent")
        return to

    def way(self, property_: str | None, kind: Kind) -> Way:
        """Find out how mails of one kind leave a property."""
        code = (property_ or "").strip().casefold()
        key = (code if code in self._setups else None, kind)
        if key not in self._found:
            self._found[key] = self._way(property_ if key[0] else None, kind)
        return self._found[key]

    def _way(self, property_: str | None, kind: Kind) -> Way:
        setup = self._setups.get((property_ or "").strip().casefold(), self._site.email_setup)
        if self._old:
            return Way(reason="version-too-old")
        if setup.email_traces is False:
            return Way(reason="flag-off")
        # The rules are asked for one clerk of that property; that he has an address is the decision's affair. Alerts leave as
        # they do, and the property's own setup stands where a clerk's would be looked up.
        alone = msgspec.structs.replace(self._site, email_setup=setup, properties=(), clerks=())
        found = PmsWays(alone, self._settings, None).planned(
            route(alone, None if kind == "alert" else _NOBODY, None if kind == "alert" else kind)
        )
        obstacle = found.obstacle if found.obstacle is not None and found.obstacle.code != "test.recipient-missing" else None
        if obstacle is not None or found.account is None or found.sender is None:
            return Way(reason="settings-incomplete", finding=obstacle, rule=found.route.rule)
        return Way(account=found.account, sender=found.sender, rule=found.route.rule)

    # ── people ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _person(self, clerk: str, property_: str | None) -> Decision:
        key = (clerk, property_)
        if key not in self._people:
            if len(self._people) > _REMEMBERED:  # a source may name a new clerk in every row
                self._people.clear()
            self._people[key] = self._found_person(clerk, property_)
        return self._people[key]

    def _found_person(self, clerk: str, property_: str | None) -> Decision:
        every = self._clerks.get(clerk.strip().casefold(), [])
        own = _of_property(every, property_)
        # One clerk under two codes of the list, or listed twice with one address, is one recipient.
        distinct = {(one.email or "").strip().casefold(): (label, one) for label, one in own if one.status != "inactive"}
        if not own:
            return Decision(reason="unknown-clerk", who=clerk, property=property_)
        label, found = own[0]
        where = property_ or found.property
        if not distinct:
            return Decision(reason="inactive", who=label, property=where)
        if len(distinct) > 1:
            return Decision(reason="several-clerks", who=label, property=where)
        label, found = next(iter(distinct.values()))
        where = property_ or found.property
        if found.email is None:
            return Decision(reason="address-not-known", who=label, property=where)
        return _checked(found.email, label, where)

    def _office(self, department: str, property_: str | None) -> Decision:
        key = (department, property_)
        if key not in self._offices:
            if len(self._offices) > _REMEMBERED:
                self._offices.clear()
            found = [one for one in self._departments.get(department.strip().casefold(), []) if _fits(one.property, property_)]
            exact = [one for one in found if one.property is not None] or found
            if not exact:
                self._offices[key] = Decision(reason="unknown-department", who=department, property=property_)
            elif not (exact[0].email or "").strip():
                self._offices[key] = Decision(reason="department-without-address", who=exact[0].code, property=property_)
            else:
                self._offices[key] = _checked(exact[0].email or "", exact[0].code, property_ or exact[0].property)
        return self._offices[key]


def switched_on(site: PmsSite, properties: tuple[str, ...] | None = None) -> PmsSite:
    """Give the site with ``Email Traces`` at Y: everywhere, or (``properties``) for these properties alone.

    What a property does not say itself it takes from the general Email Setup, so switching on some leaves the general one alone.
    """
    if properties is None:
        on = msgspec.structs.replace(site.email_setup, email_traces=True)
        every = tuple(
            msgspec.structs.replace(one, email_setup=_on(one.email_setup)) if one.email_setup.email_traces is False else one
            for one in site.properties
        )
        return msgspec.structs.replace(site, email_setup=on, properties=every)
    chosen = {code.strip().casefold() for code in properties}
    some = tuple(
        msgspec.structs.replace(one, email_setup=_on(one.email_setup)) if one.code.strip().casefold() in chosen else one
        for one in site.properties
    )
    return msgspec.structs.replace(site, properties=some)


def _on(setup: EmailSetup) -> EmailSetup:
    return msgspec.structs.replace(setup, email_traces=True)


def _guest(trace: Trace) -> Decision:
    address = trace.guest_email if trace.guest_email is not None else trace.address
    if address is None or not address.strip():
        return Decision(reason="guest-without-address", property=trace.property)
    return _checked(address, None, trace.property)


def _checked(address: str, who: str | None, property_: str | None) -> Decision:
    flaw = flaw_of(address)
    if flaw is not None:
        return Decision(reason=_FLAWS[flaw], who=who, address=address or None, property=property_)
    return Decision(recipient=address, who=who, property=property_)


def _but(to: Decision, reason: Reason) -> Decision:
    return Decision(reason=reason, who=to.who, property=to.property)


def _fits(of: str | None, property_: str | None) -> bool:
    return of is None or property_ is None or of.strip().casefold() == property_.strip().casefold()


def _of_property(found: list[tuple[str, Clerk]], property_: str | None) -> list[tuple[str, Clerk]]:
    """Give the clerks of a property; else those of whom no property is known."""
    if property_ is None:
        return found
    exact = [one for one in found if one[1].property is not None and _fits(one[1].property, property_)]
    return exact or [one for one in found if one[1].property is None]
