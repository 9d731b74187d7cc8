"""A site of the hotel system Maestro PMS: Email Setup, clerks and the master flag of traces, as far as they are known.

``None`` means *not known*, ``""`` means *known to be empty*. The password is ``"set"`` or ``"empty"`` (blank), never its value.
Field names are those of the screen Email Setup (:mod:`mailkit.site.screens`).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from mailkit.site.erp import Count, Password, Port, Prose, Text
from mailkit.site.traces import TraceMail, TraceSource

__all__ = ["LEAVE", "Clerk", "Department", "EmailSetup", "LeaveFields", "PmsSite", "Property", "Setting", "Switch", "Traces"]

Setting = bool | Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)] | Text
"""A value that is carried and compared, never interpreted."""

LEAVE: tuple[str, ...] = (
    "rep_address",
    "na_build",
    "na_send",
    "imm_send",
    "allow_cc",
    "gem_depart_emails",
    "language_specific",
)
"""The seven fields of Email Setup that belong to confirmations and the Guest Experience Module: not to be touched."""


class LeaveFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The seven fields to leave as they are, as they once were: the baseline they are compared with."""

    rep_address: Setting | None = None
    na_build: Setting | None = None
    na_send: Setting | None = None
    imm_send: Setting | None = None
    allow_cc: Setting | None = None
    gem_depart_emails: Setting | None = None
    language_specific: Setting | None = None


class EmailSetup(LeaveFields, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The screen Global Maintenance > Mail > Email Setup."""

    server: Text | None = None
    """``Email server IP``: a name or an address."""
    port: Port | None = None
    trace_rep_addr: Text | None = None
    auth_meth: Text | None = None
    """``Email Auth Meth`` in the words of the site's own F8 list; ``""``: none chosen."""
    mechanism: Literal["none", "PLAIN", "LOGIN", "CRAM-MD5", "NTLM"] | None = None
    """What that method means on the wire."""
    auth_name: Text | None = None
    password: Password | None = None
    email_traces: bool | None = None
    """The master flag ``Email Traces``; a file may also say ``"Y"`` or ``"N"``."""


class Property(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One property of a group of hotels; what its Email Setup says goes before the general one, field by field."""

    code: Text
    name: Text | None = None
    time_zone: Text | None = None
    """Where it lies, as the time zone database names it, such as ``America/Toronto``; else the hotel's."""
    email_setup: EmailSetup = EmailSetup()


class Department(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A department that traces are addressed to, and its mailbox: Maestro PMS knows clerks only, so this is the site's own."""

    code: Text
    name: Text | None = None
    email: Text | None = None
    property: Text | None = None


class Clerk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A clerk and the e-mail account linked to the clerk code."""

    code: Text | None = None
    name: Text | None = None
    department: Text | None = None
    email: Text | None = None
    status: Literal["active", "inactive"] | None = None
    property: Text | None = None
    """The code of the clerk's property."""


class Switch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change of the master flag."""

    on: dt.date
    to: bool


class Traces(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is known of trace mail: when it was first switched on, and what waits."""

    activated: bool | None = None
    """Trace mail has been on at some time."""
    first_activated: dt.date | None = None
    switches: tuple[Switch, ...] = ()
    days: Annotated[int, Meta(ge=0, le=3660)] = 7
    """How many days back the first activation reaches."""
    waiting: Count | None = None
    """How many traces and staff messages of those days have not been e-mailed."""
    source: TraceSource = TraceSource()
    mail: TraceMail = TraceMail()


class PmsSite(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="product", tag="maestro-pms"
):
    """All that is known of the mail configuration of one Maestro PMS installation."""

    schema: Literal["mailkit.site/1"] = "mailkit.site/1"
    name: Text | None = None
    version: Text | None = None
    """The program's version, such as ``5.1``: trace mail needs 5.1 or later."""
    business_date: dt.date | None = None
    """The hotel's date: behind the calendar until the night audit has run."""
    time_zone: Text | None = None
    """Where the hotel lies, as the time zone database names it, such as ``America/Toronto``."""
    operating_system: Text | None = None
    """Windows of the machine that sends, such as ``Windows Server 2008``."""
    provider: Text | None = None
    """Who runs the mail server, as named in ``mailkit.site.providers``; ``""``: none of those."""
    email_setup: EmailSetup = EmailSetup()
    baseline: LeaveFields = LeaveFields()
    """The seven fields to leave, as they were before anybody touched the screen."""
    properties: tuple[Property, ...] = ()
    clerks: tuple[Clerk, ...] = ()
    departments: tuple[Department, ...] = ()
    traces: Traces = Traces()
    notes: Prose | None = None

    @property
    def product(self) -> Literal["maestro-pms"]:
        """The product."""
        return "maestro-pms"
