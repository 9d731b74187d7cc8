"""Routes: what is said when little is known, when much is wrong, and when the table is somebody's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mailkit.site.routing
from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.site import ErpSite, PmsSite
from mailkit.site.erp import MAILINGS, GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.pms import Clerk, EmailSetup, Property
from mailkit.site.route import TRANSPORTS, Route, RouteValue
from mailkit.site.routing import route, routes, rules, trace_rules

GENERAL = SmtpSettings(
    server_name="mail.builder.test",
    port=587,
    use_ssl=True,
    user_name="office@builder.test",
    password="set",
    from_address="office@builder.test",
)
EMPTY = SmtpSettings(server_name="", port="", use_ssl=False, user_name="", password="empty", from_address="")


def erp(user: User | None = None, **site: Any) -> ErpSite:
    """An older installation on the site's own machines, sending by SMTP, unless said otherwise."""
    software, smtp = site.pop("mail_software", "smtp"), site.pop("smtp", GENERAL)
    known = {"version": "old", "deployment": "on-premises"} | site
    users = (user,) if user else ()
    return ErpSite(general_settings=GeneralSettings(mail_software=software, smtp=smtp), users=users, **known)


def standard(user: User, **site: Any) -> Route:
    return route(erp(user, **site), user)


def codes(found: Route) -> list[str]:
    return [finding.code for finding in found.findings]


def only(found: Route, code: str) -> Finding:
    (finding,) = [finding for finding in found.findings if finding.code == code]
    return finding


# ── what is not known ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_default_is_not_taken_for_the_usual_one() -> None:
    found = standard(User(code="estimating", user_specific=False), mail_software=None)
    assert found.transport is None
    assert (found.rule, found.confidence) == ("R1", "guess")
    assert (found.assumed[0].where, found.assumed[0].value) == ("erp.mail_software", "outlook")
    others = {one.rule: (one.transport, one.when) for one in found.alternatives}
    assert others["R3"] == ("smtp", "Mail Software is SMTP")
    assert others["R5"] == ("mapi", "Mail Software is Other")
    assert others["R7"] == ("notes", "Mail Software is Lotus Notes")


def test_what_to_look_up_is_said_with_the_field_and_its_screen() -> None:
    finding = standard(User(code="estimating", user_specific=False), mail_software=None).findings[0]
    assert (finding.code, finding.severity) == ("site.not-known", "warning")
    (fix,) = finding.fix
    assert (fix.where, fix.who) == ("erp.mail_software", "support")
    assert "General Settings > General" in fix.action


def test_what_all_rows_agree_on_is_known_although_the_row_is_not() -> None:
    user = User(code="estimating", user_name="estimating@builder.test", password="set", server_name="own.builder.test")
    found = standard(user)
    assert found.transport == "smtp"
    assert found.fields.login.value == "estimating@builder.test"
    assert found.fields.server.value is None
    assert found.fields.server.otherwise is not None
    assert found.fields.server.otherwise.value == "mail.builder.test"
    assert [one.where for one in found.assumed] == ["erp.user_specific"]


def test_mobile_mail_is_known_even_where_the_default_is_not() -> None:
    found = route(erp(mail_software=None), None, "mobile")
    assert (found.transport, found.fields.server.value, found.confidence) == ("smtp", "mail.builder.test", "likely")
    assert "site.not-known" not in codes(found)


def test_nothing_known_gives_a_route_without_a_value() -> None:
    for found in routes(ErpSite()):
        assert found.rule
        assert found.alternatives
        assert not [value for value in values(found) if value.value is not None]


def test_a_copy_that_was_not_looked_up_is_not_known_and_probably_still_the_original() -> None:
    found = standard(User(code="estimating", user_specific=True, port=465))
    assert (found.rule, found.fields.port.value) == ("R4", 465)
    server = found.fields.server
    assert (server.value, server.set, server.where) == (None, None, "erp.user_server_name")
    assert server.otherwise is not None
    assert (server.otherwise.value, server.otherwise.source) == ("mail.builder.test", "general")


def test_a_copy_that_differs_is_said_beside_the_value() -> None:
    found = standard(User(code="estimating", user_specific=True, server_name="old.builder.test"))
    assert found.fields.server.value == "old.builder.test"
    assert "mail.builder.test" in str(found.fields.server.note)


def test_which_outlook_is_not_known_leaves_the_way_and_says_so() -> None:
    found = standard(User(code="estimating", user_specific=False), mail_software="outlook")
    assert (found.rule, found.transport, found.confidence) == ("R1", "outlook", "sure")
    assert [one.where for one in found.assumed] == ["users.outlook"]
    assert [(one.rule, one.transport) for one in found.alternatives] == [("R1", "none")]
    assert only(found, "site.not-known").severity == "info"


def test_a_mailing_mode_anywhere_on_the_site_says_that_the_version_is_a_newer_one() -> None:
    site = ErpSite(deployment="on-premises", users=(User(code="a", mailing_mode="smtp"), User(code="b", mailing_mode="other")))
    found = list(routes(site, mailing="standard"))
    assert [one.rule for one in found] == ["R27", "R28"]
    assert {one.confidence for one in found} == {"likely"}
    assert [(one.where, one.value) for one in found[0].assumed] == [("site.version", "new")]


def test_a_box_that_is_not_shown_says_that_mail_software_is_smtp() -> None:
    row = MailingRow(form="Invoice", account="billing@builder.test", use_smtp="not-shown")
    site = erp(User(code="estimating"), mail_software=None, mailing_configuration=(row,))
    (found,) = routes(site, mailing="bulk")
    assert (found.rule, found.transport) == ("R18", "smtp")
    assert [one.where for one in found.assumed] == ["erp.mail_software"]


def test_bulk_mail_of_which_no_row_is_listed_has_an_unknown_account() -> None:
    found = route(erp(mail_software="outlook"), User(code="estimating", user_specific=True), "bulk")
    assert found.transport is None
    assert {"erp.mailing_account"} <= {one.where for one in found.assumed}
    assert {"R15", "R16", "R17"} & {one.rule for one in found.alternatives}


# ── the sender ─────────────────────────────────────────────────────────────────────────────────────────────────────

SENDERS = (
    ("from_address", "a@builder.test", "a@builder.test"),
    ("user_name", "b@builder.test", "b@builder.test"),
    ("contact_email", "c@builder.test", "c@builder.test"),
    ("code", "d@builder.test", "d@builder.test"),
)
NO_SENDER = {"from_address": "", "user_name": "", "contact_email": "", "code": "", "user_specific": True}


@pytest.mark.parametrize(("field", "value", "sender"), SENDERS)
def test_each_place_of_the_sender_is_taken_when_those_before_it_are_empty(field: str, value: str, sender: str) -> None:
    assert standard(User(**(NO_SENDER | {field: value}))).fields.sender.value == sender


def test_the_sender_of_last_resort_stands_in_general_settings() -> None:
    user = User(**NO_SENDER)
    assert standard(user).fields.sender.source == "general"
    without = msgspec.structs.replace(GENERAL, from_address="")
    last = standard(user, smtp=without).fields.sender
    assert (last.value, last.where) == ("office@builder.test", "erp.general_user_name")
    nowhere = standard(user, smtp=EMPTY).fields.sender
    assert (nowhere.value, nowhere.set) == (None, False)


def test_a_log_in_that_is_no_address_is_no_sender() -> None:
    user = User(**(NO_SENDER | {"user_name": "BUILDER\\estimating", "contact_email": "c@builder.test"}))
    assert standard(user).fields.sender.value == "c@builder.test"


def test_an_unknown_place_stops_the_search_and_the_rest_is_said_beside_it() -> None:
    user = User(**(NO_SENDER | {"contact_email": None}))
    sender = standard(user).fields.sender
    assert (sender.value, sender.set) == (None, None)
    assert sender.otherwise is not None
    assert sender.otherwise.value == "office@builder.test"


def test_a_code_gets_the_domain_of_the_installation() -> None:
    user = User(**(NO_SENDER | {"code": "estimating"}))
    assert standard(user, code_domain="builder.test").fields.sender.value == "estimating@builder.test"
    assert standard(user, code_domain="").fields.sender.value == "office@builder.test"
    assert standard(user).fields.sender.value is None


def test_in_cloud_the_log_in_is_the_code_until_something_else_is_seen_there() -> None:
    user = User(code="estimating@builder.test", user_specific=False)
    login = standard(user, deployment="cloud").fields.login
    assert (login.value, login.where) == ("estimating@builder.test", "erp.user_code")
    assert login.note
    other = standard(msgspec.structs.replace(user, user_name="old@builder.test"), deployment="cloud").fields.login
    assert (other.value, other.where) == ("old@builder.test", "erp.user_name")
    assert "estimating@builder.test" in str(other.note)


# ── what is wrong ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_listed_with_screen_and_person() -> None:
    user = User(code="estimating", user_specific=False, user_name="", password="empty", from_address="a@builder.test")
    finding = only(standard(user), "site.route-incomplete")
    assert (finding.severity, finding.subject) == ("error", "estimating")
    assert [(fix.where, fix.who) for fix in finding.fix] == [("erp.user_name", "site-admin"), ("erp.password", "user")]


def test_mobile_without_a_general_account_is_an_error_for_those_who_use_it() -> None:
    for access, severity in (("maestro-and-mobile", "error"), ("mobile", "error"), (None, "warning")):
        found = route(erp(smtp=EMPTY), User(code="site", access=access), "mobile")
        assert only(found, "site.mobile-needs-general-smtp").severity == severity


def test_a_route_nobody_takes_says_only_that() -> None:
    for user, mailing in (
        (User(code="a", access="mobile"), "standard"),
        (User(code="a", access="maestro"), "mobile"),
        (User(code="a", status="inactive"), "bulk"),
    ):
        found = route(erp(smtp=EMPTY), user, mailing)
        assert codes(found) == ["site.route-not-used"]
        assert found.rule


def test_an_inferred_row_asks_for_a_test_mail_and_a_documented_one_does_not() -> None:
    user = User(code="estimating", user_specific=True, user_name="a@builder.test", password="set")
    assert only(standard(user, mail_software="other"), "site.inferred-rule").severity == "info"
    assert "site.inferred-rule" not in codes(standard(user))


def test_an_outlook_that_cannot_be_driven_is_an_error_in_older_versions_too() -> None:
    found = standard(User(code="estimating", user_specific=False, outlook="new"), mail_software="outlook")
    assert (found.rule, found.transport) == ("R1", "none")
    assert only(found, "site.new-outlook").severity == "error"


@pytest.mark.parametrize("version", ["old", "new"])
@pytest.mark.parametrize("software", ["modern-auth", "lotus-notes"])
def test_a_mode_the_version_does_not_have_is_an_answer(version: str, software: str) -> None:
    for mailing in MAILINGS:
        found = route(erp(version=version, mail_software=software), User(user_specific=False, mailing_mode=""), mailing)
        assert found.rule in rules().ids
        assert found.reason
    if (version, software) != ("old", "lotus-notes") and (version, software) != ("new", "modern-auth"):
        found = route(erp(version=version, mail_software=software), User(user_specific=False, mailing_mode=""))
        assert "site.mode-not-in-version" in codes(found)


def test_bulk_mail_under_modern_authentication_is_not_described_and_that_is_said() -> None:
    row = MailingRow(form="Invoice", account="billing@builder.test", use_smtp="off")
    found = route(erp(version="new", mail_software="modern-auth"), User(), "bulk", row=row)
    assert (found.rule, found.transport, found.alternatives) == ("R34", None, ())
    assert "not described" in found.reason


def test_general_values_stand_in_for_screens_newer_versions_do_not_show() -> None:
    found = standard(User(mailing_mode="smtp", user_name="a@builder.test", password="set"), version="new")
    assert (found.rule, found.fields.server.value, found.fields.server.source) == ("R27", "mail.builder.test", "general")
    assert found.fields.server.note


@pytest.mark.parametrize(
    ("user", "site", "transport"),
    [
        ({"email": "a@gmail.com"}, {"provider": "microsoft365"}, "none"),
        ({"email": "a@builder.test"}, {"provider": "microsoft365"}, "modern_auth"),
        ({"email": "a@builder.test", "provider": ""}, {"provider": "microsoft365"}, "none"),
        ({"email": "a@builder.test", "provider": "Microsoft-365"}, {"provider": ""}, "modern_auth"),
        ({"email": "a@builder.test"}, {}, "modern_auth"),
    ],
)
def test_modern_authentication_works_where_the_mailbox_is_at_microsoft(
    user: dict[str, Any], site: dict[str, Any], transport: str
) -> None:
    found = standard(User(mailing_mode="modern-auth", **user), version="new", **site)
    assert found.transport == transport


# ── whose routes ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_that_send_alike_share_a_route() -> None:
    rows = (
        MailingRow(form="Invoice", account="billing@builder.test", use_smtp="on"),
        MailingRow(form="Statement", account="billing@builder.test", use_smtp="on"),
        MailingRow(form="Purchase order", account="", use_smtp="off"),
        MailingRow(form="Work order", mailing="dispatch", account="dispatch@builder.test", use_smtp="off"),
    )
    site = erp(User(code="estimating", user_specific=False), mail_software="outlook", mailing_configuration=rows)
    assert [(one.mailing, one.documents, one.rule) for one in routes(site)] == [
        ("standard", (), "R1"),
        ("bulk", ("Invoice", "Statement"), "R17"),
        ("bulk", ("Purchase order",), "R22"),
        ("dispatch", ("Work order",), "R15"),
        ("mobile", (), "R13"),
    ]


@pytest.mark.parametrize("wanted", ["ESTIMATING", " estimating ", "7", "the estimating office"])
def test_a_user_is_found_by_code_number_or_name(wanted: str) -> None:
    user = User(code="estimating", number=7, name="The Estimating Office")
    found = list(routes(erp(user), wanted, "standard"))
    assert [one.user for one in found] == ["estimating"]
    assert route(erp(user), wanted).user == "estimating"


def test_an_unknown_user_is_one_line_that_says_which_there_are() -> None:
    site = ErpSite(users=tuple(User(code=f"user{number}\x1b[31m") for number in range(50)))
    with pytest.raises(InputError, match=r"there is user0.*42 more") as wrong:
        routes(site, "nobody\nhere")
    assert "\n" not in str(wrong.value)
    assert "\x1b" not in str(wrong.value)


def test_an_unknown_mailing_type_is_one_line_that_says_which_there_are() -> None:
    with pytest.raises(InputError, match="standard, bulk, dispatch, mobile"):
        routes(ErpSite(), mailing="trace")
    with pytest.raises(InputError, match="trace, staff, alert"):
        routes(PmsSite(), mailing="bulk")


def test_a_site_without_users_gives_the_routes_of_anybody() -> None:
    assert [(one.user, one.mailing) for one in routes(erp())] == [(None, mailing) for mailing in MAILINGS]


# ── Maestro PMS ────────────────────────────────────────────────────────────────────────────────────────────────────

SETUP = EmailSetup(
    server="mail.hotel.test",
    port=587,
    trace_rep_addr="traces@hotel.test",
    auth_meth="LOGIN",
    auth_name="traces@hotel.test",
    password="set",
    email_traces=True,
)


def pms(**site: Any) -> PmsSite:
    known = {"version": "5.4", "email_setup": SETUP, "clerks": (Clerk(code="FD", email="frontdesk@hotel.test"),)}
    return PmsSite(**(known | site))


def test_traces_and_staff_messages_go_to_the_clerk_and_alerts_to_the_guest() -> None:
    found = list(routes(pms()))
    assert [(one.user, one.mailing, one.rule, one.transport, one.recipient) for one in found] == [
        ("FD", "trace", "H1", "smtp", "frontdesk@hotel.test"),
        ("FD", "staff", "H2", "smtp", "frontdesk@hotel.test"),
        (None, "alert", "H3", "smtp", None),
    ]
    fields = found[0].fields
    assert (fields.server.value, fields.server.where) == ("mail.hotel.test", "pms.server")
    assert (fields.sender.value, fields.login.value, fields.password.set) == ("traces@hotel.test", "traces@hotel.test", True)
    assert (fields.security.value, fields.security.set) == (None, None)
    assert fields.security.note
    assert [one.confidence for one in found] == ["sure", "likely", "likely"]


@pytest.mark.parametrize(
    "site",
    [
        {"email_setup": msgspec.structs.replace(SETUP, email_traces=False)},
        {"clerks": (Clerk(code="FD", email=""),)},
        {"version": "5.0.12"},
        {"version": "v4"},
    ],
)
def test_what_keeps_a_trace_from_leaving_is_the_reason(site: dict[str, Any]) -> None:
    found = route(pms(**site), "FD")
    assert (found.transport, found.rule) == ("none", "H1")
    assert found.reason


@pytest.mark.parametrize("version", ["5.1", "5.10.2", "V5.4", "6", " version 10.0"])
def test_versions_from_5_1_on_send_traces(version: str) -> None:
    assert route(pms(version=version), "FD").assumed == ()


@pytest.mark.parametrize("version", [None, "5", "", "latest"])
def test_a_version_that_says_too_little_is_not_known(version: str | None) -> None:
    found = route(pms(version=version), "FD")
    assert [one.where for one in found.assumed] == ["site.version"]
    assert found.transport == "smtp"


def test_without_a_log_in_neither_name_nor_password_is_missing() -> None:
    setup = msgspec.structs.replace(SETUP, auth_meth="", mechanism="none", auth_name="", password="empty")
    assert not route(pms(email_setup=setup), "FD").findings
    asked = msgspec.structs.replace(setup, mechanism="PLAIN")
    assert only(route(pms(email_setup=asked), "FD"), "site.route-incomplete").evidence["fields"] == [
        "pms.auth_name",
        "pms.password",
    ]


def test_what_a_property_says_goes_before_the_general_setup() -> None:
    north = Property(code="N", email_setup=EmailSetup(server="north.hotel.test"))
    clerks = (Clerk(code="A", email="a@hotel.test", property="n"), Clerk(code="B", email="b@hotel.test"))
    first, second, alert = (one for one in routes(pms(properties=(north,), clerks=clerks)) if one.mailing in {"trace", "alert"})
    assert (first.fields.server.value, first.fields.server.source) == ("north.hotel.test", "property")
    assert (first.fields.port.value, first.fields.port.source) == (587, "email-setup")
    assert second.fields.server.value is None
    assert second.fields.server.otherwise is not None
    assert second.fields.server.otherwise.value == "mail.hotel.test"
    assert (alert.documents, alert.fields.server.value) == (("N",), "north.hotel.test")


# ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SHIPPED = Path(mailkit.site.routing.__file__).with_name("rules.toml").read_text(encoding="utf-8")


def edited(folder: Path, old: str, new: str) -> Path:
    assert old in SHIPPED
    file = folder / "own.toml"
    file.write_text(SHIPPED.replace(old, new), encoding="utf-8")
    return file


def test_another_table_is_another_behaviour(tmp_path: Path) -> None:
    lines = "[places.from]", '[places.from]\nown = [{ take = "general_settings.smtp.from_address" }]'
    table = rules(edited(tmp_path, *lines))
    assert table.ids == rules().ids
    user = User(code="a", user_specific=False, from_address="a@builder.test", password="set", user_name="a")
    file = edited(tmp_path, 'password = "user", from = "logic-a" }', 'password = "user", from = "logic-b" }')
    assert route(erp(user), user, rules=rules(file)).fields.sender.value == "office@builder.test"
    assert route(erp(user), user).fields.sender.value == "a@builder.test"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('mail_software = "smtp", user_specific = false }', 'mail_sofware = "smtp", user_specific = false }', "mail_sofware"),
        ('mail_software = "smtp", user_specific = false }', 'mail_software = "smpt", user_specific = false }', "smpt"),
        ('server = "general", port = "general"', 'server = "genral", port = "general"', "genral"),
        ('take = "users.email"', 'take = "users.e_mail"', "e_mail"),
        ('id = "R2"', 'id = "R1"', "R1 is there twice"),
        ('sources = ["M3", "S1"]', 'sources = ["M99"]', "M99"),
        ('findings = ["site.new-outlook"]', 'findings = ["site.new-outluk"]', "site.new-outluk"),
        ('transport = "mapi"', 'transport = "pigeon"', "pigeon"),
        ('again = { mailing = "standard", single = false }', "again = { single = true }", "back to itself"),
        (', mailing_mode = "not-set" }\nagain', ', mailing_mode = "not-set", outlook = "new" }\nagain', "no row for"),
        (
            'when = { version = "new", mailing = "mobile" }',
            'when = { version = "new", mailing = "standard" }',
            "no row for .*mobile",
        ),
        ("[meta]", "[meta", "not a usable table"),
    ],
)
def test_a_mistake_in_a_table_is_one_line_with_the_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as wrong:
        rules(edited(tmp_path, old, new))
    assert "\n" not in str(wrong.value)
    assert "own.toml" in str(wrong.value)


def test_a_table_that_is_not_there_is_one_line() -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml"):
        rules("nowhere.toml")


def test_a_table_of_the_other_product_is_refused() -> None:
    with pytest.raises(InputError, match="maestro-pms"):
        routes(ErpSite(), rules=trace_rules())


# ── whatever the site ──────────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.sampled_from([None, "", " ", "a", "a@builder.test", "b@hotel.test", "x\x00y", "DOM\\user"])
FLAGS = st.sampled_from([None, True, False])
PORTS = st.sampled_from([None, "", 25, 587])
PASSWORDS = st.sampled_from([None, "set", "empty"])
MODES = st.sampled_from([None, "outlook", "smtp", "other", "lotus-notes", "modern-auth"])

SMTP = st.builds(
    SmtpSettings, server_name=TEXTS, port=PORTS, use_ssl=FLAGS, user_name=TEXTS, password=PASSWORDS, from_address=TEXTS
)
USERS = st.builds(
    User,
    code=TEXTS,
    number=st.sampled_from([None, 0, 7]),
    access=st.sampled_from([None, "maestro", "mobile", "maestro-and-mobile"]),
    status=st.sampled_from([None, "active", "inactive"]),
    contact_email=TEXTS,
    user_specific=FLAGS,
    user_name=TEXTS,
    password=PASSWORDS,
    from_address=TEXTS,
    server_name=TEXTS,
    port=PORTS,
    use_ssl=FLAGS,
    mailing_mode=MODES | st.just(""),
    email=TEXTS,
    authentication=st.sampled_from([None, "authenticated", "not-authenticated"]),
    outlook=st.sampled_from([None, "classic", "new", "none"]),
    provider=st.sampled_from([None, "", "microsoft365", "gmail", "nobody"]),
)
ROWS = st.builds(
    MailingRow,
    form=st.sampled_from(["Invoice", "Work order"]),
    mailing=st.sampled_from(["bulk", "dispatch"]),
    account=TEXTS,
    use_smtp=st.sampled_from([None, "on", "off", "not-shown"]),
)
SITES = st.builds(
    ErpSite,
    version=st.sampled_from([None, "old", "new"]),
    deployment=st.sampled_from([None, "on-premises", "terminal-server", "cloud"]),
    code_domain=st.sampled_from([None, "", "builder.test"]),
    provider=st.sampled_from([None, "", "microsoft365"]),
    general_settings=st.builds(GeneralSettings, mail_software=MODES, smtp=SMTP),
    users=st.lists(USERS, max_size=2).map(tuple),
    mailing_configuration=st.lists(ROWS, max_size=3).map(tuple),
)
SETUPS = st.builds(
    EmailSetup,
    server=TEXTS,
    port=PORTS,
    trace_rep_addr=TEXTS,
    auth_meth=TEXTS,
    mechanism=st.sampled_from([None, "none", "PLAIN", "NTLM"]),
    auth_name=TEXTS,
    password=PASSWORDS,
    email_traces=FLAGS,
)
HOTELS = st.builds(
    PmsSite,
    version=st.sampled_from([None, "", "5.1", "4.9", "x"]) | st.text(max_size=8),
    email_setup=SETUPS,
    properties=st.lists(st.builds(Property, code=st.sampled_from(["N", "n", ""]), email_setup=SETUPS), max_size=2).map(tuple),
    clerks=st.lists(
        st.builds(Clerk, code=TEXTS, email=TEXTS, property=st.sampled_from([None, "N", "elsewhere"])), max_size=2
    ).map(tuple),
)


def values(found: Route) -> Iterator[RouteValue]:
    """Give the six values and what they would be otherwise."""
    for name in found.fields.__struct_fields__:
        value: RouteValue | None = getattr(found.fields, name)
        while value is not None:
            yield value
            value = value.otherwise


@settings(max_examples=150, deadline=None)
@given(site=SITES | HOTELS)
def test_no_site_raises_and_every_route_has_a_row_and_a_reason(site: ErpSite | PmsSite) -> None:
    known = rules().ids if isinstance(site, ErpSite) else trace_rules().ids
    for found in routes(site):
        assert found.rule in known
        assert found.as_rule is None or found.as_rule in known
        assert found.reason
        assert found.transport is None or found.transport in TRANSPORTS
        assert found.fields.password.value is None
        assert msgspec.json.decode(msgspec.json.encode(found), type=Route) == found


def test_every_combination_of_what_decides_has_a_row() -> None:
    table = rules()
    seen = set()
    for version, deployment, software, mode, us, outlook in itertools.product(
        ("old", "new"),
        ("on-premises", "cloud"),
        ("outlook", "smtp", "other", "lotus-notes", "modern-auth"),
        ("", "outlook", "smtp", "other", "lotus-notes", "modern-auth"),
        (False, True),
        ("classic", "new"),
    ):
        user = User(code="a", user_specific=us, mailing_mode=mode, outlook=outlook, provider="microsoft365")
        site = erp(user, version=version, deployment=deployment, mail_software=software)
        for mailing, account, box in itertools.product(MAILINGS, ("", "b@builder.test"), ("on", "off")):
            found = route(site, user, mailing, row=MailingRow(form="Invoice", account=account, use_smtp=box))
            seen.add(found.rule)
            assert not found.assumed
            assert not found.alternatives
    assert seen == set(table.ids) - {"R23", "R33"}


@st.composite
def more_and_less(draw: st.DrawFn) -> tuple[ErpSite, ErpSite]:
    """A site with one user and one row, and the same site with some of it not known.

    A user without a provider of his own has the site's: leaving it out is another fact, not less knowledge.
    """
    user, row = draw(USERS), draw(ROWS)
    more = msgspec.structs.replace(draw(SITES), users=(user,), mailing_configuration=(row,))
    less = msgspec.structs.replace(
        hidden(more, draw, ("version", "deployment", "code_domain", "provider")),
        general_settings=GeneralSettings(
            mail_software=more.general_settings.mail_software if draw(st.booleans()) else None,
            smtp=hidden(more.general_settings.smtp, draw, SmtpSettings.__struct_fields__),
        ),
        users=(hidden(user, draw, tuple(name for name in User.__struct_fields__ if name != "provider")),),
        mailing_configuration=(hidden(row, draw, ("account", "use_smtp")),),
    )
    return more, less


def possible(found: Route) -> set[str]:
    """Give the rows that may decide."""
    return {found.rule, *(one.rule for one in found.alternatives)}


def hidden(record: Any, draw: st.DrawFn, names: tuple[str, ...]) -> Any:
    gone = draw(st.sets(st.sampled_from(names), max_size=4))
    return msgspec.structs.replace(record, **dict.fromkeys(gone))


@settings(max_examples=400, deadline=None)
@given(sites=more_and_less(), mailing=st.sampled_from(MAILINGS))
def test_what_was_said_with_less_knowledge_stays_true_with_more(sites: tuple[ErpSite, ErpSite], mailing: str) -> None:
    later, sooner = (route(site, site.users[0], mailing, row=site.mailing_configuration[0]) for site in sites)
    assert possible(later) <= possible(sooner)
    if sooner.transport is not None and later.transport is not None:
        assert later.transport in {sooner.transport, *(one.transport for one in sooner.alternatives)}
    if not sooner.alternatives:
        assert (later.rule, later.as_rule, later.transport) == (sooner.rule, sooner.as_rule, sooner.transport)
    if not sooner.assumed:
        assert not sooner.alternatives
        assert not later.assumed
    concluded = {one.because for one in rules().deductions} & {one.because for one in sooner.assumed}
    if sooner.transport is not None and sooner.transport == later.transport and not concluded:
        for name in sooner.fields.__struct_fields__:
            before, after = getattr(sooner.fields, name), getattr(later.fields, name)
            if before.note is None and before.set is not None:
                assert (after.value, after.set) == (before.value, before.set), name


@settings(max_examples=200, deadline=None)
@given(site=SITES)
def test_no_value_comes_from_nowhere(site: ErpSite) -> None:
    for user, row in itertools.product(site.users or (User(),), site.mailing_configuration or (None,)):
        smtp = site.general_settings.smtp
        records = [smtp, user, *([row] if row else [])]
        there = {getattr(record, name) for record in records for name in record.__struct_fields__}
        there |= {f"{user.code}@{site.code_domain}"}
        there |= {"ssl" if box else "none" for box in (smtp.use_ssl, user.use_ssl) if box is not None}
        for mailing in MAILINGS:
            for value in values(route(site, user, mailing, row=row)):
                assert value.value is None or value.value in there
