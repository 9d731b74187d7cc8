"""One site for each thing that can be wrong, and the wording of each."""

from __future__ import annotations

import datetime as dt
import tomllib
from importlib.resources import files

import msgspec
import pytest

from mailkit.site import ErpSite, PmsSite
from mailkit.site.check import erp as of_erp
from mailkit.site.check import pms as of_pms
from mailkit.site.erp import MailingRow, SmtpSettings, User
from mailkit.site.pms import LEAVE, Clerk, Traces
from mailkit.site.routing import routes

from .samples import (
    AT_MICROSOFT,
    CLERKS,
    MICROSOFT,
    MOBILE,
    NEW,
    OUTLOOK,
    SMTP,
    TODAY,
    builder,
    cloud,
    found,
    hotel,
    user,
)


def at(server: str, port: int | None = 587, *, ssl: bool | None = True) -> ErpSite:
    return builder(smtp=msgspec.structs.replace(SMTP, server_name=server, port=port, use_ssl=ssl))


WRONG: list[tuple[ErpSite | PmsSite, str, str, str]] = [
    # maestro*, CLOUD
    (cloud(user(code="estimator")), "site.user-code-not-address", "error", "estimator"),
    (cloud(user(code="a b@builder.test"), code_domain="builder.test"), "site.user-code-not-address", "error", "a b@builder.test"),
    (builder(user(code="")), "site.user-code-not-address", "error", "no User Code"),
    (cloud(mail_software="outlook"), "site.cloud-needs-smtp", "error", "Outlook"),
    (cloud(User(code="estimator@builder.test"), mail_software="other"), "site.cloud-needs-smtp", "error", "Other"),
    (cloud(user(code="e@builder.test", mailing_mode="outlook"), **NEW), "site.mode-not-in-cloud", "error", "e@builder.test"),
    (cloud(smtp=SmtpSettings(server_name="", port="")), "site.general-smtp-incomplete", "error", "server name, Port"),
    (cloud(smtp=SmtpSettings(server_name=""), mail_software="outlook"), "site.general-smtp-incomplete", "error", "server name"),
    (cloud(user(code="new@builder.test")), "site.user-copy-stale", "warning", "estimator@builder.test; the User Code is new@"),
    # maestro*, General Settings and copies
    (builder(smtp=SmtpSettings(server_name="", port=587, use_ssl=True)), "site.general-smtp-incomplete", "error", "server name"),
    (
        builder(user(user_specific=True, server_name="", port=587)),
        "site.route-incomplete",
        "error",
        "estimator lacks server name",
    ),
    (
        builder(user(access="maestro-and-mobile"), smtp=SmtpSettings(server_name=""), **OUTLOOK),
        "site.mobile-needs-general-smtp",
        "error",
        "MOBILE",
    ),
    (
        builder(user(user_specific=True, server_name="old.builder.test", port=587)),
        "site.user-copy-stale",
        "warning",
        "old.builder",
    ),
    (builder(user(user_specific=True, server_name=SMTP.server_name, port=25)), "site.user-copy-stale", "warning", "still 25"),
    (
        builder(user(user_specific=True, server_name=SMTP.server_name, port=587, use_ssl=False)),
        "site.user-copy-stale",
        "warning",
        "is not ticked; in General Settings it is ticked",
    ),
    (builder(user(password="empty")), "site.password-missing", "error", "estimator"),
    (builder(user(group="")), "site.group-missing", "warning", "estimator"),
    (builder(user(), user(code="ESTIMATOR ")), "site.code-duplicated", "warning", "estimator"),
    (builder(user(number=3), user("payroll", number=3)), "site.code-duplicated", "warning", "number 3"),
    (builder(user(), user("payroll", status="inactive")), "site.user-inactive", "info", "payroll"),
    # maestro*, senders and log-ins
    (
        builder(
            User(code="", group="g", user_name="", from_address="", contact_email="", password="set", user_specific=False),
            smtp=SmtpSettings(server_name="s.builder.test", port=587, use_ssl=True, user_name="", from_address=""),
        ),
        "site.from-missing",
        "error",
        "no sender",
    ),
    (builder(user(from_address="")), "site.from-missing", "info", "estimator@builder.test"),
    (builder(user(from_address="Estimating <e@builder.test>")), "site.from-invalid", "error", "Estimating <e@builder.test>"),
    (builder(user(from_address="accounting@builder.test")), "site.from-not-login", "warning", "accounting@builder.test"),
    (builder(user(from_address="e@elsewhere.test")), "site.from-not-login", "warning", "another domain"),
    (builder(user(from_address="e@elsewhere.test"), **MICROSOFT), "site.from-not-login", "warning", "Microsoft 365"),
    (
        builder(MOBILE, smtp=msgspec.structs.replace(SMTP, from_address="x@b.test")),
        "site.from-not-login",
        "warning",
        "General Settings",
    ),
    (
        builder(MOBILE, smtp=msgspec.structs.replace(MICROSOFT["smtp"], from_address="x@builder.test")),
        "site.from-not-login",
        "warning",
        "General Settings is x@builder.test, but office@builder.test logs in for it at Microsoft 365",
    ),
    (
        builder(rows=(MailingRow(form="Invoice", account="billing@builder.test", use_smtp="not-shown"),)),
        "site.from-not-login",
        "warning",
        "Mailing Configuration sends as billing@builder.test",
    ),
    (
        builder(rows=(MailingRow(form="Invoice", account="billing@builder.test", use_smtp="not-shown"),), **MICROSOFT),
        "site.from-not-login",
        "warning",
        "logs in for it at Microsoft 365",
    ),
    (builder(user(user_name="info@builder.test"), **MICROSOFT), "site.shared-mailbox", "info", "info@builder.test"),
    (builder(user(user_name="estimator"), **MICROSOFT), "site.auth-name-without-domain", "error", "whole e-mail address"),
    (builder(user(user_name="estimator@builder.test ")), "site.login-blank", "warning", "estimator@builder.test"),
    (hotel(auth_name=" frontdesk@hotel.test"), "site.login-blank", "warning", "frontdesk@hotel.test"),
    (builder(**MICROSOFT), "site.basic-auth-ends", "warning", "days left: 40"),
    # maestro*, servers
    (at("192.0.2.25"), "site.server-is-address", "info", "192.0.2.25"),
    (at("8.8.8.8"), "site.server-is-address", "warning", "8.8.8.8"),
    (at("smtp://mail.builder.test"), "site.server-invalid", "error", "a link"),
    (at("mail.builder.test:587"), "site.server-invalid", "error", "a server and a port"),
    (at("mail builder.test"), "site.server-invalid", "error", "a blank"),
    (at("mail.builder.test", 993), "site.port-unusual", "error", "reading mail (IMAP)"),
    (at("mail.builder.test", 5870), "site.port-unusual", "info", "5870"),
    (at("mail.builder.test", 25), "site.port-unusual", "info", "Port 25"),
    (at("mail.builder.test", 465, ssl=False), "site.encryption-off", "error", "not ticked"),
    (at("mail.builder.test", 587, ssl=False), "site.encryption-off", "warning", "not ticked"),
    (at("smtp.office365.com", 587, ssl=False), "site.encryption-off", "error", "not ticked"),
    (at("smtp.office365.com", 465), "site.provider-differs", "error", "does not take mail in at port 465"),
    # maestro*, other modes
    (builder(user(outlook="new"), **OUTLOOK), "site.new-outlook", "error", "estimator"),
    (
        builder(user(mailing_mode="modern-auth", email="e@b.test", authentication="not-authenticated"), **AT_MICROSOFT),
        "site.sign-in-missing",
        "error",
        "estimator",
    ),
    (
        builder(user(mailing_mode="modern-auth", email="e@gmail.com"), **NEW),
        "site.modern-auth-not-microsoft",
        "error",
        "estimator",
    ),
    (builder(deployment="terminal-server", **OUTLOOK), "site.client-on-terminal-server", "info", "terminal server"),
    (builder(mail_software="lotus-notes"), "site.inferred-rule", "info", "concluded"),
    # maestro*, Mailing Configuration
    (builder(rows=(MailingRow(form="Invoice", account="billing"),)), "site.mailing-account-invalid", "error", "billing"),
    (builder(rows=(MailingRow(form="Invoice", account=""),)), "site.mailing-account-missing", "info", "Invoice"),
    (builder(rows=(MailingRow(form="Invoice", use_smtp="off"),)), "site.use-smtp-inconsistent", "info", "Invoice"),
    (
        builder(mail_software="outlook", rows=(MailingRow(form="Invoice", use_smtp="not-shown"),)),
        "site.use-smtp-inconsistent",
        "info",
        "not shown",
    ),
    (builder(**OUTLOOK), "site.mailing-needs-access", "info", "office@builder.test"),
    (builder(User()), "site.look-up", "info", "Not known yet"),
    # Maestro PMS
    (hotel(version="4.9"), "site.version-too-old", "error", "4.9"),
    (hotel(email_traces=False), "site.trace-flag-off", "error", "Email Traces is N"),
    (hotel(server=""), "site.route-incomplete", "error", "Email server IP"),
    (hotel(Clerk(code="FD1", email="")), "site.clerk-without-address", "error", "No clerk"),
    (hotel(Clerk(code="HSK", email=" "), *CLERKS), "site.clerk-without-address", "warning", "HSK"),
    (hotel(Clerk(code="FD1", email="a@hotel.test, b@hotel.test")), "site.clerk-address-invalid", "error", "more than one"),
    (hotel(Clerk(code="FD1", email="Desk <a@hotel.test>")), "site.clerk-address-invalid", "error", "a name around it"),
    (hotel(Clerk(code="FD1", email="a@hotel.test ")), "site.clerk-address-invalid", "warning", "blank"),
    (hotel(Clerk(code="FD1", email="frontdesk")), "site.clerk-address-invalid", "error", "no domain"),
    (hotel(Clerk(code="FD1", email="a@@hotel.test")), "site.clerk-address-invalid", "error", "not one address"),
    (hotel(*CLERKS, Clerk(code="FD2", email="FrontDesk@hotel.test")), "site.clerk-address-shared", "info", "FD1, FD2"),
    (hotel(*CLERKS, Clerk(code="OLD", email="x@hotel.test", status="inactive")), "site.clerk-inactive", "info", "OLD"),
    (hotel(*CLERKS, CLERKS[0]), "site.code-duplicated", "warning", "fd1"),
    (hotel(trace_rep_addr=""), "site.from-missing", "error", "Trace Rep Addr is empty"),
    (hotel(trace_rep_addr="traces"), "site.trace-sender-not-real", "warning", "no domain"),
    (hotel(trace_rep_addr="traces", server="smtp.office365.com"), "site.trace-sender-not-real", "error", "no domain"),
    (hotel(trace_rep_addr="Traces <t@hotel.test>"), "site.trace-sender-not-real", "error", "well-formed"),
    (hotel(trace_rep_addr="traces@hotel"), "site.trace-sender-not-real", "warning", "hotel is not a whole domain"),
    (hotel(trace_rep_addr="traces@hotel", server="exchange"), "site.trace-sender-not-real", "info", "own network"),
    (hotel(trace_rep_addr="traces@hotel.invalid"), "site.trace-sender-not-real", "warning", "never exist"),
    (hotel(trace_rep_addr="traces@hotel.local"), "site.trace-sender-not-real", "warning", "own network"),
    (hotel(trace_rep_addr="traces@hotel.local", server="10.0.0.5"), "site.trace-sender-not-real", "info", "own network"),
    (hotel(trace_rep_addr="traces@example.com"), "site.trace-sender-not-real", "warning", "from an example"),
    (hotel(trace_rep_addr="traces@elsewhere.test"), "site.trace-sender-not-real", "warning", "two different domains"),
    (
        hotel(trace_rep_addr="traces@hotel.test", server="smtp.gmail.com", auth_name="hotel@gmail.com"),
        "site.trace-sender-not-real",
        "warning",
        "Gmail",
    ),
    (
        hotel(trace_rep_addr="b@gmail.com", server="smtp.gmail.com", auth_name="a@gmail.com"),
        "site.from-not-login",
        "warning",
        "will replace the sender b@gmail.com by a@gmail.com",
    ),
    (hotel(trace_rep_addr="traces@hotel.test"), "site.from-not-login", "warning", "traces@hotel.test"),
    (hotel(trace_rep_addr="traces@hotel.test", server="smtp.office365.com"), "site.from-not-login", "warning", "will refuse"),
    (hotel(auth_name="frontdesk"), "site.auth-name-without-domain", "warning", "frontdesk"),
    (hotel(auth_name="frontdesk", server="smtp.office365.com"), "site.auth-name-without-domain", "error", "Microsoft 365"),
    (hotel(auth_name="frontdesk", server="exchange.hotel.local"), "site.auth-name-without-domain", "info", "right for"),
    (hotel(server="203.0.113.25"), "site.server-is-address", "info", "203.0.113.25"),
    (hotel(password="empty"), "site.password-blank", "warning", "blank"),
    (hotel(password="empty", operating_system="Windows 7"), "site.password-blank", "warning", "Windows 7"),
    (hotel(password="empty", server="smtp.gmail.com"), "site.password-blank", "error", "Gmail"),
    (hotel(mechanism="none"), "site.auth-contradiction", "warning", "never used"),
    (hotel(auth_name=""), "site.auth-contradiction", "error", "Email Auth Name is empty"),
    (hotel(mechanism="none", auth_name="", server="smtp.office365.com"), "site.auth-contradiction", "error", "without a log-in"),
    (hotel(mechanism="NTLM", server="smtp.office365.com"), "site.auth-contradiction", "error", "NTLM"),
    (hotel(server="smtp.office365.com", operating_system="Windows Server 2008 R2"), "site.tls-too-old", "warning", "TLS 1.0"),
    (hotel(server="smtp-mail.outlook.com"), "site.basic-auth-ends", "error", "16 September 2024"),
    (hotel(server="smtp.gmail.com"), "site.basic-auth-ends", "info", "app password"),
    (hotel(server="smtp.gmail.com", provider="microsoft365"), "site.provider-differs", "warning", "does not belong to"),
    (hotel(auth_name="hotel@hotmail.com"), "site.provider-differs", "warning", "hotel@hotmail.com is a mailbox at Outlook.com"),
    (hotel(auth_name="hotel@hotmail.com"), "site.basic-auth-ends", "error", "16 September 2024"),
    (builder(user(user_name="e@hotmail.com")), "site.provider-differs", "warning", "e@hotmail.com is a mailbox at Outlook.com"),
    (hotel(port=995), "site.port-unusual", "error", "fetching mail"),
    (hotel(traces=Traces(activated=False), email_traces=False), "site.backfill-pending", "warning", "the last 7 days"),
    (hotel(traces=Traces(activated=False, waiting=38), email_traces=False), "site.backfill-pending", "warning", "38 messages"),
    (hotel(traces=Traces(activated=False)), "site.backfill-pending", "warning", "goes out now"),
    (hotel(traces=Traces(activated=False, waiting=2)), "site.backfill-pending", "warning", "2 messages"),
    (hotel(traces=Traces(first_activated=dt.date(2026, 11, 18))), "site.backfill-pending", "info", "2026-11-18"),
    (hotel(email_traces=False), "site.backfill-pending", "info", "has been on before"),
    (hotel(server=None), "site.look-up", "info", "Email server IP"),
]


@pytest.mark.parametrize(("site", "code", "severity", "words"), WRONG, ids=[f"{row[1]}-{row[3]}" for row in WRONG])
def test_what_is_wrong_is_said(site: ErpSite | PmsSite, code: str, severity: str, words: str) -> None:
    finding = found(site, code)
    assert finding.severity == severity
    assert words in finding.summary


PROMISED = (
    "cloud-needs-smtp mode-not-in-cloud user-code-not-address general-smtp-incomplete route-incomplete "
    "user-copy-stale password-missing from-missing from-not-login new-outlook mobile-needs-general-smtp "
    "modern-auth-not-microsoft basic-auth-ends inferred-rule trace-flag-off clerk-without-address "
    "clerk-address-invalid trace-sender-not-real auth-name-without-domain server-is-address password-blank "
    "backfill-pending"
)


def test_every_promised_code_has_a_case_here() -> None:
    assert {f"site.{code}" for code in PROMISED.split()} <= {code for _, code, _, _ in WRONG}


def test_every_wording_of_the_checks_is_used() -> None:
    table = tomllib.loads((files("mailkit.site") / "findings" / "checks.toml").read_text(encoding="utf-8"))["findings"]
    worded_ = {(code, variant) for code, entry in table.items() for variant in (None, *entry.get("variants", ()))}
    used: set[tuple[str, str | None]] = set()
    left = [hotel(**{field: "other"}) for field in LEAVE]
    later = [(builder(**MICROSOFT), day) for day in (dt.date(2027, 1, 1), dt.date(2027, 7, 1))]
    for site, day in (*((row[0], TODAY) for row in WRONG), *((site, TODAY) for site in left), *later):
        made = of_erp.opinions(site, [*routes(site)], day) if isinstance(site, ErpSite) else of_pms.opinions(site, day)
        used |= {(opinion.code, opinion.variant) for opinion in made}
    rest = {(code, variant) for code, variant in worded_ - used if variant is not None or not table[code].get("variants")}
    elsewhere = {"site.ok", "site.look-up", "site.backfill-over-limit", "site.backfill-business-date"}
    assert {one for one in rest if one[0] not in elsewhere} == set()
