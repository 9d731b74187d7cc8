"""Sites in which nothing is wrong, to be spoilt one field at a time, and what a check says of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from mailkit.finding import Finding
from mailkit.site import ErpSite, PmsSite
from mailkit.site.check import check
from mailkit.site.erp import GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.pms import LEAVE, Clerk, EmailSetup, LeaveFields, Property, Traces

TODAY = dt.date(2026, 11, 21)

SMTP = SmtpSettings(
    server_name="submit.builder.test",
    port=587,
    use_ssl=True,
    user_name="office@builder.test",
    password="set",
    from_address="office@builder.test",
)


def user(name: str = "estimator", **other: Any) -> User:
    """Return a user in whose record nothing is wrong."""
    address = f"{name}@builder.test"
    fine = {"code": name, "group": "Office", "access": "maestro", "status": "active", "user_specific": False}
    account = {"user_name": address, "password": "set", "from_address": address}
    return User(**{**fine, **account, **other})


def builder(*users: User, smtp: SmtpSettings = SMTP, rows: tuple[MailingRow, ...] = (), **other: Any) -> ErpSite:
    """Return a builder in whose configuration nothing is wrong."""
    known: dict[str, Any] = {"version": "old", "deployment": "on-premises", "provider": ""}
    software = other.pop("mail_software", "smtp")
    general = GeneralSettings(mail_software=software, smtp=smtp)
    rows = rows or (MailingRow(form="Invoice", account="office@builder.test", use_smtp="not-shown"),)
    return ErpSite(**{**known, **other}, general_settings=general, users=users or (user(),), mailing_configuration=rows)


def cloud(*users: User, **other: Any) -> ErpSite:
    return builder(*(users or (user(code="estimator@builder.test"),)), deployment="cloud", **other)


LEFT = dict.fromkeys(LEAVE, "N")

SETUP = {
    "server": "mail.hotel.test",
    "port": 587,
    "trace_rep_addr": "frontdesk@hotel.test",
    "auth_meth": "Login",
    "mechanism": "LOGIN",
    "auth_name": "frontdesk@hotel.test",
    "password": "set",
    "email_traces": True,
    **LEFT,
}

CLERKS = (Clerk(code="FD1", email="frontdesk@hotel.test", status="active"), Clerk(code="HSK", email="housekeeping@hotel.test"))


def hotel(*clerks: Clerk, properties: tuple[Property, ...] = (), **other: Any) -> PmsSite:
    """Return a hotel in whose configuration nothing is wrong; fields of Email Setup and of the site are told apart by name."""
    own = {name: other.pop(name) for name in ("version", "traces", "operating_system", "provider", "baseline") if name in other}
    known = {"version": "5.1", "traces": Traces(activated=True), "provider": "", "baseline": LeaveFields(**LEFT)}
    return PmsSite(
        **{**known, **own}, email_setup=EmailSetup(**{**SETUP, **other}), clerks=clerks or CLERKS, properties=properties
    )


def found(site: ErpSite | PmsSite, code: str, *, today: dt.date = TODAY) -> Finding:
    """Return the one finding with that code."""
    (finding,) = (one for one in check(site, today) if one.code == code)
    return finding


def wrong(site: ErpSite | PmsSite, today: dt.date = TODAY) -> set[str]:
    return {one.code for one in check(site, today) if one.severity in ("error", "warning")}


MICROSOFT: dict[str, Any] = {"smtp": msgspec.structs.replace(SMTP, server_name="smtp.office365.com")}
MOBILE = user(access="maestro-and-mobile")
OUTLOOK = {"mail_software": "outlook", "rows": (MailingRow(form="Invoice", account="office@builder.test", use_smtp="off"),)}
AT_MICROSOFT = {"version": "new", "mail_software": "smtp", "provider": "microsoft365"}
NEW = {"version": "new", "mail_software": "smtp"}
