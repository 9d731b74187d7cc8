"""What a check of a configuration says, and what it leaves unsaid; each test is one thing about a site."""

from __future__ import annotations

import datetime as dt
import tomllib
from importlib.resources import files
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mailkit.finding import Finding
from mailkit.practice.cast import CAST
from mailkit.practice.site_files import SITE_FILES, with_ports
from mailkit.site import ErpSite, PmsSite, check_erp, check_pms
from mailkit.site.check import check
from mailkit.site.check_password import password_ends
from mailkit.site.erp import GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.facts import Fact, facts
from mailkit.site.mailbox import flaw_of
from mailkit.site.opinion import worded
from mailkit.site.pms import LEAVE, Clerk, EmailSetup, LeaveFields, Property, Switch, Traces
from mailkit.site.providers import providers
from mailkit.site.routing import routes

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


# ── nothing wrong ──


@pytest.mark.parametrize(
    "site",
    [
        builder(),
        builder(user(), user("payroll", access="maestro-and-mobile")),
        builder(user(user_specific=True, server_name="submit.builder.test", port=587, use_ssl=True)),
        cloud(),
        hotel(),
        hotel(operating_system="Windows Server 2022"),
        hotel(mechanism="none", auth_name="", server="relay.hotel.test", port=25),
    ],
)
def test_a_good_site_is_said_to_be_good(site: ErpSite | PmsSite) -> None:
    assert wrong(site) == set()
    assert found(site, "site.ok").severity == "ok"


def test_what_was_found_good_is_counted() -> None:
    assert found(builder(user(), user("payroll")), "site.ok").summary.startswith("2 users; standard, bulk")
    assert found(builder(user(), user("payroll", password="empty")), "site.ok").summary.startswith("1 of 2 users;")


@pytest.mark.parametrize("name", SITE_FILES)
def test_the_practice_sites_have_exactly_the_mistakes_that_were_planted(name: str) -> None:
    file = SITE_FILES[name]
    seen = {(one.code, one.severity) for one in check(file.site(), TODAY) if one.severity in ("error", "warning")}
    assert seen == {(one.code, one.severity) for one in file.planted}


@pytest.mark.parametrize("name", SITE_FILES)
def test_the_practice_sites_name_hosts_that_play_a_part(name: str) -> None:
    cast = {host.name: 2000 + number for number, host in enumerate(CAST)}
    site = with_ports(SITE_FILES[name].site(), cast)
    if isinstance(site, PmsSite):
        assert site.email_setup.port == cast[site.email_setup.server or ""]
    else:
        hosts = {site.general_settings.smtp.server_name, *(one.server_name for one in site.users)} - {None}
        assert hosts <= cast.keys()
        assert site.general_settings.smtp.port == cast["submit.builder.test"]


# ── one site for each thing that can be wrong: the code, its severity, and words that the sentence must have ──

MICROSOFT: dict[str, Any] = {"smtp": msgspec.structs.replace(SMTP, server_name="smtp.office365.com")}
MOBILE = user(access="maestro-and-mobile")
OUTLOOK = {"mail_software": "outlook", "rows": (MailingRow(form="Invoice", account="office@builder.test", use_smtp="off"),)}
AT_MICROSOFT = {"version": "new", "mail_software": "smtp", "provider": "microsoft365"}
NEW = {"version": "new", "mail_software": "smtp"}


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
    (builder(**MICROSOFT), "site.basic-auth-ends", "warning", "in 40 days"),
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
        made = check_erp.opinions(site, [*routes(site)], day) if isinstance(site, ErpSite) else check_pms.opinions(site, day)
        used |= {(opinion.code, opinion.variant) for opinion in made}
    rest = {(code, variant) for code, variant in worded_ - used if variant is not None or not table[code].get("variants")}
    elsewhere = {"site.ok", "site.look-up", "site.backfill-over-limit", "site.backfill-business-date"}
    assert {one for one in rest if one[0] not in elsewhere} == set()


@pytest.mark.parametrize("field", LEAVE)
def test_a_field_to_leave_that_was_changed_is_to_be_put_back_as_it_was(field: str) -> None:
    finding = found(hotel(**{field: "something else"}), "site.leave-field-changed")
    assert "was N and is something else now" in finding.summary
    (fix,) = finding.fix
    assert fix.where == f"pms.{field}"
    assert "as it was (N)" in fix.action


@pytest.mark.parametrize(("was", "now"), [("Y", True), (True, "y"), ("N", False), ("5", 5), ("a@hotel.test", "A@hotel.test ")])
def test_the_same_value_in_another_spelling_is_no_change(was: str | bool, now: str | int | bool) -> None:  # noqa: FBT001 (values)
    site = hotel(baseline=LeaveFields(allow_cc=was), allow_cc=now)
    assert "site.leave-field-changed" not in wrong(site)


# ── everybody it concerns ──


def test_a_mistake_of_many_is_one_finding_that_names_them_all() -> None:
    finding = found(builder(*(user(f"user{number}", password="empty") for number in range(12))), "site.password-missing")
    assert finding.subject == "12 users"
    assert finding.evidence["users"] == [f"user{number}" for number in range(12)]
    assert finding.summary.endswith("user0, user1, user2, user3, 8 more.")
    assert [fix.who for fix in finding.fix] == ["user"]


def test_what_a_route_says_is_merged_too() -> None:
    finding = found(builder(*(user(f"user{number}", outlook="new") for number in range(6)), **OUTLOOK), "site.new-outlook")
    assert finding.subject == "6 users"
    assert finding.evidence["users"] == [f"user{number}" for number in range(6)]
    assert "user0, user1, user2, user3, 2 more" in finding.summary


def test_who_is_inactive_is_not_judged() -> None:
    idle = user("idle", status="inactive", password="empty", group="", from_address="no address")
    assert wrong(builder(user(), idle)) == set()
    assert wrong(hotel(*CLERKS, Clerk(code="OLD", email="", status="inactive"))) == set()


def test_a_server_of_the_users_own_provider_is_no_stale_copy() -> None:
    own = user(user_specific=True, server_name="smtp.gmail.com", port=465, use_ssl=True, provider="gmail")
    assert "site.user-copy-stale" not in wrong(builder(own))
    assert "site.user-copy-stale" not in wrong(builder(msgspec.structs.replace(own, provider=None)))


def test_a_copy_that_is_not_in_use_is_not_compared() -> None:
    assert wrong(builder(user(user_specific=False, server_name="old.builder.test", port=25))) == set()


def test_a_domain_that_is_added_to_each_code_makes_it_an_address() -> None:
    assert wrong(cloud(user(code="estimator"), code_domain="@builder.test")) == set()


def test_the_sender_of_a_form_is_compared_with_the_account_that_logs_in_for_it() -> None:
    site = builder(rows=(MailingRow(form="Invoice", account="billing@builder.test", use_smtp="not-shown"),))
    finding = found(site, "site.from-not-login")
    assert finding.fix[0].where == "erp.mailing_account"
    assert "office@builder.test" in finding.summary


def test_what_the_provider_will_answer_is_said() -> None:
    detail = found(builder(user(from_address="boss@builder.test"), **MICROSOFT), "site.from-not-login").detail or ""
    assert "5.7.60" in detail
    assert "SendAsDenied" in detail


def test_a_provider_that_lets_any_sender_of_the_domain_through_is_not_accused() -> None:
    relayed = next(one for one in providers().values() if one.sender and one.sender.rule in ("domain", "any") and one.hosts)
    host = relayed.server.host if relayed.server and not relayed.server.is_template else relayed.hosts[0].replace("*", "x")
    site = builder(user(from_address="boss@builder.test"), smtp=msgspec.structs.replace(SMTP, server_name=host))
    assert "site.from-not-login" not in {one.code for one in check(site, TODAY)}


def test_a_property_that_inherits_what_is_wrong_is_not_named_again() -> None:
    inherits, own = Property(code="A"), Property(code="B", email_setup=EmailSetup(auth_name="desk"))
    assert [one.code for one in check(hotel(auth_name="frontdesk", properties=(inherits,)), TODAY)].count(
        "site.auth-name-without-domain"
    ) == 1
    finding = found(hotel(properties=(inherits, own)), "site.auth-name-without-domain")
    assert finding.subject == "Email Auth Name of B"
    assert finding.evidence["properties"] == ["B"]


def test_an_in_house_windows_account_is_right_as_it_is() -> None:
    site = hotel(server="exchange.hotel.local", auth_name="HOTEL\\traces", mechanism="NTLM", trace_rep_addr="t@hotel.test")
    assert wrong(site) == set()


def test_an_activation_in_the_switches_counts_as_one() -> None:
    site = hotel(traces=Traces(switches=(Switch(on=dt.date(2025, 1, 1), to=True),)))
    assert "site.backfill-pending" not in {one.code for one in check(site, TODAY)}


# ── addresses ──


@pytest.mark.parametrize(
    "address",
    [
        "front.desk+traces@hotel.test",
        "o'neil@hotel.test",
        '"front desk"@hotel.test',
        "réception@hôtel.test",
        "用户@例え.jp",
        "desk@hotel.technology",
        "desk@xn--htel-vqa.test",
        "desk@[192.0.2.1]",
        "a/b@hotel.test",
    ],
)
def test_an_unusual_address_is_an_address(address: str) -> None:
    assert flaw_of(address) is None
    assert wrong(hotel(Clerk(code="FD1", email=address))) == set()


@pytest.mark.parametrize(
    ("address", "flaw"),
    [
        ("", "empty"),
        ("a@hotel.test;b@hotel.test", "several"),
        ("a@hotel.test / b@hotel.test", "several"),
        ('"Desk, front" <a@hotel.test>', "display-name"),
        ("a @hotel.test", "blank"),
        ("a@hotel.test\n", "blank"),
        ("n/a", "no-domain"),
        ("a@", "no-domain"),
        ("@hotel.test", "malformed"),
        ("a..b@hotel.test", "malformed"),
        ("a@-hotel.test", "malformed"),
        ("a@hotel..test", "malformed"),
        ("a@hotel.test.", "malformed"),
        ("mailto:a@hotel.test", "malformed"),
        ("a\u200b@hotel.test", "malformed"),
        ("x" * 65 + "@hotel.test", "malformed"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_apart(address: str, flaw: str) -> None:
    assert flaw_of(address) == flaw


# ── days ──


@pytest.mark.parametrize(
    ("today", "severity", "words"),
    [
        (dt.date(2026, 6, 1), "warning", "ends at the end of December 2026, in 213 days"),
        (dt.date(2026, 12, 30), "warning", "in 1 days"),
        (dt.date(2026, 12, 31), "error", "off by default since the end of December 2026, unless the administrator"),
        (dt.date(2027, 3, 1), "error", "unless the administrator has switched it on again"),
        (dt.date(2027, 7, 1), "warning", "is from 2026-11-21 and may no longer hold"),
    ],
)
def test_the_end_of_passwords_at_microsoft_365_depends_on_the_day(today: dt.date, severity: str, words: str) -> None:
    finding = found(builder(**MICROSOFT), "site.basic-auth-ends", today=today)
    assert finding.severity == severity
    assert words in finding.summary
    assert finding.evidence["users"] == ["estimator"]
    assert "techcommunity.microsoft.com" in (finding.detail or "")


def test_a_changed_row_of_facts_changes_what_is_said() -> None:
    row = msgspec.to_builtins(next(fact for fact in facts().fact if fact.id == "microsoft-365-password"))
    final = {"begins": "2027-12-01", "when": "1 December 2027", "kind": "gone", "then": "No password works any more."}
    changed = msgspec.convert({**row, "expires": "2028-06-01", "stages": [*row["stages"], final]}, Fact)
    provider = providers()["microsoft365"]
    sentences = [
        worded(opinion, "maestro-erp").summary
        for day in (dt.date(2027, 8, 1), dt.date(2027, 12, 1))
        for opinion in password_ends(provider, day, (), changed)
    ]
    assert "off by default since the end of December 2026" in sentences[0]
    assert "has not worked since 1 December 2027" in sentences[1]


def test_every_fact_is_of_a_known_provider_and_will_be_looked_at_again() -> None:
    for fact in facts().fact:
        assert {*fact.providers} <= providers().keys()
        assert fact.checked < fact.expires
        days = [stage.begins for stage in fact.stages if stage.begins]
        assert days == sorted(days)
        assert len(fact.source) <= 160
    assert facts().mechanisms.keys() <= providers().keys()


# ── any site whatsoever ──

TYPED = some.one_of(
    some.none(),
    some.sampled_from(
        ["", " ", "a", "None", "a@hotel.test", "b@x.test", "x@y@z", "a b@c.test", "{brace}", "a\x1b[31m", "é" * 300]
    ),
    some.sampled_from(["smtp.office365.com", "smtp.gmail.com", "10.0.0.1", "::1", "5.1", "mail.hotel.local", "microsoft365"]),
    some.text(max_size=12),
)


def any_of(kind: type[msgspec.Struct], **fixed: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    """Return any values of a type; texts are such as people type."""
    chosen: dict[str, some.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        said = str(field.type)
        if "max_length" in said and "Literal" not in said and "Struct" not in said and not field.required:
            chosen[field.name] = some.one_of(TYPED, some.booleans()) if "bool" in said else TYPED
        elif "Port" in said or "le=65535" in said:
            chosen[field.name] = some.sampled_from([None, "", 25, 465, 587, 993, 1, 65535])
        elif get_args(field.type) and not field.required and "Struct" not in said and "tuple" not in said and "Meta" not in said:
            choices = [one for part in get_args(field.type) for one in (get_args(part) or (part,))]
            chosen[field.name] = some.sampled_from([None, *(one for one in choices if isinstance(one, str))])
    return some.builds(kind, **{**chosen, **fixed})


DAYS = some.dates()
FLAGS = some.sampled_from([None, True, False])
SETUPS = any_of(EmailSetup, email_traces=FLAGS)
ERP = any_of(
    ErpSite,
    schema=some.just("mailkit.site/1"),
    general_settings=any_of(GeneralSettings, smtp=any_of(SmtpSettings, use_ssl=FLAGS)),
    users=some.lists(
        any_of(User, user_specific=FLAGS, use_ssl=FLAGS, number=some.sampled_from([None, 1, 2]), authenticated_on=some.none()),
        max_size=4,
    ).map(tuple),
    mailing_configuration=some.lists(
        any_of(
            MailingRow,
            form=some.sampled_from(["Invoice", "", "{x}"]),
            mailing=some.sampled_from(["bulk", "dispatch"]),
            archive=FLAGS,
        ),
        max_size=2,
    ).map(tuple),
)
PMS = any_of(
    PmsSite,
    schema=some.just("mailkit.site/1"),
    business_date=some.none() | DAYS,
    email_setup=SETUPS,
    baseline=any_of(LeaveFields),
    properties=some.lists(any_of(Property, code=some.sampled_from(["A", "", "{x}"]), email_setup=SETUPS), max_size=2).map(tuple),
    clerks=some.lists(any_of(Clerk), max_size=4).map(tuple),
    traces=some.builds(
        Traces,
        activated=FLAGS,
        first_activated=some.none() | DAYS,
        switches=some.lists(some.builds(Switch, on=DAYS, to=some.booleans()), max_size=2).map(tuple),
        days=some.sampled_from([0, 7, 3660]),
        waiting=some.sampled_from([None, 0, 1, 10**6]),
    ),
)


@settings(max_examples=250, deadline=None)
@given(ERP | PMS, DAYS)
def test_any_site_can_be_checked_on_any_day(site: ErpSite | PmsSite, today: dt.date) -> None:
    typed = msgspec.json.encode(site).decode()
    for finding in check(site, today):
        texts = [finding.summary, finding.detail or "", *(fix.action for fix in finding.fix)]
        assert finding.subject
        if "{" not in typed:
            assert not [text for text in texts if "{" in text or "}" in text]
        if "None" not in typed:
            assert not [text for text in texts if "None" in text]
        assert not [text for text in texts if "\x1b" in text]
        assert msgspec.json.decode(msgspec.json.encode(finding), type=Finding) == finding


@pytest.mark.parametrize("site", [ErpSite(), PmsSite(), ErpSite(users=(User(), User())), PmsSite(clerks=(Clerk(), Clerk()))])
def test_what_is_not_known_is_no_mistake_but_listed_once(site: ErpSite | PmsSite) -> None:
    assert {one.severity for one in check(site, TODAY)} == {"info"}
    assert found(site, "site.look-up").fix[0].who == "support"
