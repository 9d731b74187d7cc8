"""A route: by which transport one kind of mail of one person leaves, and where each of its values comes from."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from mailkit.finding import Finding

__all__ = ["TRANSPORTS", "Alternative", "Assumption", "Route", "RouteFields", "RouteValue", "Source", "Transport"]

Transport = Literal["smtp", "outlook", "mapi", "notes", "modern_auth", "none"]

TRANSPORTS: tuple[Transport, ...] = ("smtp", "outlook", "mapi", "notes", "modern_auth", "none")

Source = Literal["user", "general", "mailing", "property", "email-setup", "clerk", "client", "token"]
"""Whose value it is: the user's record, General Settings, the row of Mailing Configuration, the property's or the general Email
Setup, the clerk's record, the mail program of the workstation, the sign-in."""


class RouteValue(Struct, frozen=True, kw_only=True):
    """One value of a route and where it comes from."""

    value: str | int | None = None
    """``None``: not known here (see ``set`` and ``otherwise``), or a password."""
    source: Source | None = None
    where: str | None = None
    """The field it stands in, such as ``erp.port``."""
    set: bool | None = None
    """True: there is a value. False: the field is known to be empty. None: not known."""
    otherwise: RouteValue | None = None
    """What it would be if the field that is not known were empty, or still the copy it was made as."""
    note: str | None = None


class RouteFields(Struct, frozen=True, kw_only=True):
    """The six values of a route."""

    server: RouteValue = RouteValue()
    port: RouteValue = RouteValue()
    security: RouteValue = RouteValue()
    """``none``, or ``ssl``: the box is ticked, which of STARTTLS and TLS from the first byte it means is not documented."""
    login: RouteValue = RouteValue()
    password: RouteValue = RouteValue()
    sender: RouteValue = msgspec.field(name="from", default=RouteValue())


class Assumption(Struct, frozen=True, kw_only=True):
    """Something that is not known and decides: what was taken for it, and why that."""

    where: str
    """The field, such as ``erp.mail_software``; or ``site.version`` and ``site.deployment``."""
    value: str | bool
    because: str


class Alternative(Struct, frozen=True, kw_only=True):
    """Another rule that would decide if what is not known were otherwise."""

    rule: str
    transport: Transport | None
    when: str


class Route(Struct, frozen=True, kw_only=True):
    """By which way one kind of mail of one person leaves."""

    schema: Literal["mailkit.route/1"] = "mailkit.route/1"
    user: str | None
    """The user code (or name, or number) at maestro*; the clerk code at Maestro PMS; ``None``: the mail is nobody's own."""
    mailing: str
    """``standard``, ``bulk``, ``dispatch``, ``mobile`` at maestro*; ``trace``, ``staff``, ``alert`` at Maestro PMS."""
    documents: tuple[str, ...] = ()
    """The rows of Mailing Configuration it holds for; empty: all."""
    transport: Transport | None
    """``none``: nothing can leave like this (see ``reason``); ``None``: what is not known decides it (see ``alternatives``)."""
    rule: str
    as_rule: str | None = None
    """The row that decided in the end, where ``rule`` says "as the row of …"."""
    basis: Literal["documented", "inferred"]
    confidence: Literal["sure", "likely", "guess"]
    reason: str
    """The rule in one plain sentence."""
    sources: tuple[str, ...] = ()
    fields: RouteFields = RouteFields()
    assumed: tuple[Assumption, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    recipient: str | None = None
    """Maestro PMS: where the copy goes."""
    findings: tuple[Finding, ...] = ()
