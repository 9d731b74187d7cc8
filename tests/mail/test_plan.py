"""A plan says for each user and kind of mail by which way a test goes, to whom, and what is in the way."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.journal import Store, open_store
from mailkit.mail.obstacles import obstacle_codes
from mailkit.mail.plan import Planned, PlanSettings, key_of, lasts, plan, queue
from mailkit.practice.site_files import SITE_FILES
from mailkit.site import ErpSite, PmsSite
from mailkit.site.file import loads

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

ERP = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "old"
deployment = "on-premises"
[general_settings]
mail_software = "{mode}"
[general_settings.smtp]
server_name = "smtp.office365.com"
port = 587
use_ssl = true
user_name = "office@builder.test"
password = "set"
from_address = "office@builder.test"
{users}
"""

USER = """
[[users]]
code = "estimating"
name = "Estimating"
access = "maestro"
status = "active"
user_specific = false
user_name = "estimating@builder.test"
password = "set"
from_address = "estimating@builder.test"
"""

PMS = """
schema = "mailkit.site/1"
product = "maestro-pms"
version = "5.1"
[email_setup]
server = "mail.hotel.test"
port = 587
trace_rep_addr = "traces@hotel.test"
auth_meth = "Login"
mechanism = "LOGIN"
auth_name = "traces"
password = "set"
email_traces = "Y"
[[clerks]]
code = "FD"
email = "frontdesk@hotel.test"
status = "active"
"""


def erp(mode: str = "smtp", users: str = USER) -> ErpSite:
    site = loads(ERP.format(mode=mode, users=users), "site.toml")
    assert isinstance(site, ErpSite)
    return site


def pms(text: str = PMS) -> PmsSite:
    site = loads(text, "site.toml")
    assert isinstance(site, PmsSite)
    return site


def one(planned: tuple[Planned, ...], user: str | None, mailing: str) -> Planned:
    (found,) = [one for one in planned if (one.user, one.mailing) == (user, mailing)]
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.sqlite3") as opened:
        yield opened


def test_each_user_is_tried_by_the_server_log_in_and_sender_he_really_has() -> None:
    planned = plan(erp())
    own, mobile = one(planned, "estimating", "standard"), one(planned, "estimating", "mobile")
    assert own.account is not None
    assert (own.account.host, own.account.port, own.account.security) == ("smtp.office365.com", 587, "tls")
    assert (own.account.login, own.sender, own.recipient) == ("estimating@builder.test",) * 3
    assert (own.way, own.obstacle, own.needs_secret) == ("smtp", None, True)
    assert mobile.obstacle is not None
    assert (mobile.obstacle.code, mobile.obstacle.severity) == ("site.route-not-used", "info")


def test_an_unticked_box_means_no_encryption_and_one_that_nobody_looked_at_is_said_to_be_assumed() -> None:
    site = erp()
    smtp = site.general_settings.smtp
    for box, wanted, assumed in ((False, "none", False), (True, "tls", False), (None, "auto", True)):
        changed = replace(site, general_settings=replace(site.general_settings, smtp=replace(smtp, use_ssl=box)))
        own = one(plan(changed), "estimating", "standard")
        assert own.account is not None
        assert own.account.security == wanted
        assert ("test.assumed" in [note.code for note in own.notes]) == assumed


def test_maestro_pms_has_no_such_box_so_the_server_decides() -> None:
    own = one(plan(pms()), "FD", "trace")
    assert own.account is not None
    assert (own.account.security, own.account.mechanism, own.account.login) == ("auto", "LOGIN", "traces")
    assert (own.sender, own.recipient) == ("traces@hotel.test", "frontdesk@hotel.test")
    assert own.notes == ()


def test_the_providers_limits_become_the_pace_and_say_how_long_it_takes() -> None:
    users = "".join(USER.replace("estimating", f"user{number}") for number in range(3))
    planned = plan(erp(users=users), mailing="standard")
    assert [one.account.pace.per_minute for one in planned if one.account] == [30, 30, 30]
    assert lasts(planned) < timedelta(seconds=5)  # each has an account of his own
    assert timedelta(minutes=3) <= lasts([planned[0]] * 95) < timedelta(minutes=4)


def test_everything_can_go_to_one_test_address_and_keeps_whom_it_was_meant_for() -> None:
    planned = plan(SITE_FILES["hotel"].site(), to="probe@elsewhere.test")
    going = [one for one in planned if one.obstacle is None]
    assert {one.recipient for one in going} == {"probe@elsewhere.test"}
    assert one(planned, "FD1", "trace").intended == "frontdesk@hotel.test"
    assert one(planned, None, "alert").intended is None
    # The clerk's field holds two addresses: the way can be tried, and the mistake is said.
    concierge = one(planned, "CON", "trace")
    assert concierge.way == "smtp"
    assert "site.clerk-address-invalid" in [note.code for note in concierge.notes]


def test_guests_are_never_written_to_for_a_test() -> None:
    alert = one(plan(pms()), None, "alert")
    assert alert.obstacle is not None
    assert (alert.obstacle.code, alert.obstacle.severity) == ("test.recipient-missing", "info")


def test_the_way_of_traces_can_be_tried_before_the_flag_is_switched_on() -> None:
    trace = one(plan(SITE_FILES["hotel"].site()), "FD1", "trace")
    assert (trace.way, trace.obstacle) == ("smtp", None)
    assert [note.code for note in trace.notes] == ["test.flag-off"]


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ('password = "set"|password = "empty"', "site.route-incomplete", "error"),
        ('server = "mail.hotel.test"|server = ""', "site.route-incomplete", "error"),
        ('server = "mail.hotel.test"\n|', "test.value-not-known", "warning"),
        ("port = 587\n|", "test.value-not-known", "warning"),
        ('server = "mail.hotel.test"|server = "mail hotel/test"', "test.server-malformed", "error"),
        (
            'trace_rep_addr = "traces@hotel.test"|trace_rep_addr = "Traces <traces@hotel.test>"',
            "site.trace-sender-not-real",
            "error",
        ),
        ('trace_rep_addr = "traces@hotel.test"\n|', "test.value-not-known", "warning"),
        ('auth_name = "traces"\n|', "test.value-not-known", "warning"),
        ('version = "5.1"|version = "4.9"', "site.trace-version", "error"),
        ('email = "frontdesk@hotel.test"|email = ""', "site.clerk-without-address", "warning"),
        ('email = "frontdesk@hotel.test"|email = "a@hotel.test; b@hotel.test"', "site.clerk-address-invalid", "error"),
        ('email = "frontdesk@hotel.test"\n|', "test.recipient-missing", "warning"),
        ('status = "active"|status = "inactive"', "test.clerk-inactive", "info"),
    ],
)
def test_what_cannot_be_sent_says_why_and_who_can_change_it(change: str, code: str, severity: str) -> None:
    old, _, new = change.partition("|")
    assert old in PMS
    trace = one(plan(pms(PMS.replace(old, new))), "FD", "trace")
    assert trace.obstacle is not None
    assert (trace.way, trace.obstacle.code, trace.obstacle.severity) == ("none", code, severity)
    assert trace.obstacle.fix or severity == "info"
    assert "{" not in trace.obstacle.summary


def test_a_method_without_a_log_in_needs_neither_name_nor_password() -> None:
    text = PMS.replace('mechanism = "LOGIN"', 'mechanism = "none"').replace('auth_name = "traces"\npassword = "set"\n', "")
    trace = one(plan(pms(text)), "FD", "trace")
    assert trace.account is not None
    assert (trace.way, trace.account.login, trace.needs_secret) == ("smtp", None, False)


def test_the_property_of_a_clerk_decides_by_which_method_he_is_written_to() -> None:
    text = PMS.replace('status = "active"', 'status = "active"\nproperty = "LAKE"') + (
        '[[properties]]\ncode = "LAKE"\n[properties.email_setup]\nmechanism = "CRAM-MD5"\nserver = "lake.hotel.test"\n'
    )
    trace = one(plan(pms(text)), "FD", "trace")
    assert trace.account is not None
    assert (trace.account.host, trace.account.mechanism) == ("lake.hotel.test", "CRAM-MD5")


@pytest.mark.parametrize(("mode", "transport"), [("outlook", "outlook"), ("other", "mapi"), ("lotus-notes", "notes")])
def test_a_way_through_a_mail_program_is_for_a_person(mode: str, transport: str) -> None:
    own = one(plan(erp(mode)), "estimating", "standard")
    assert (own.way, own.route.transport, own.account, own.obstacle) == ("by-hand", transport, None, None)
    assert own.recipient == "estimating@builder.test"


def test_where_what_is_not_known_decides_the_way_nothing_is_tried_and_the_ways_are_named() -> None:
    text = ERP.format(mode="smtp", users=USER).replace('mail_software = "smtp"', "").replace("user_specific = false\n", "")
    own = one(plan(loads(text, "site.toml")), "estimating", "standard")
    assert own.route.transport is None
    assert own.obstacle is not None
    assert (own.way, own.obstacle.code, own.obstacle.severity) == ("none", "test.way-not-known", "warning")
    assert "smtp if" in own.obstacle.summary


def test_a_sender_that_is_no_address_is_not_tried() -> None:
    users = USER.replace('from_address = "estimating@builder.test"', 'from_address = "Estimating <estimating@builder.test>"')
    own = one(plan(erp(users=users)), "estimating", "standard")
    assert own.obstacle is None or own.obstacle.code == "site.from-invalid"
    assert own.sender != "Estimating <estimating@builder.test>"


def test_a_users_own_address_is_the_contacts_then_the_log_in_then_the_sender_then_the_code() -> None:
    lines = {
        "contact_email": 'contact_email = "contact@builder.test"\n',
        "user_name": 'user_name = "estimating@builder.test"\n',
        "from_address": 'from_address = "department@builder.test"\n',
    }
    rest = USER.replace(lines["user_name"], "").replace('from_address = "estimating@builder.test"\n', "")
    rest = rest.replace('code = "estimating"', 'code = "code@builder.test"')
    wanted = ["contact@builder.test", "estimating@builder.test", "department@builder.test", "code@builder.test"]
    for number, address in enumerate(wanted):
        users = rest + "".join(list(lines.values())[number:])
        found = one(plan(erp(users=users)), "code@builder.test", "standard")
        assert (found.recipient or (found.obstacle and found.obstacle.code)) == address


def test_a_user_may_be_named_in_several_ways_and_is_tried_once() -> None:
    planned = plan(erp(), users=["estimating", "Estimating", "ESTIMATING"], mailing="standard")
    assert len(planned) == 1
    with pytest.raises(InputError, match="is no user of this site"):
        plan(erp(), users=["nobody"])
    with pytest.raises(InputError, match="one address"):
        plan(erp(), to="a@builder.test, b@builder.test")


def test_settings_hold_for_every_connection() -> None:
    settings = PlanSettings(ca_file="ca.pem", resolver="127.0.0.1:53", allow_unverified=True)
    for found in plan(erp(), settings=settings):
        if found.account is not None:
            assert (found.account.ca_file, found.account.resolver, found.account.allow_unverified) == (
                "ca.pem",
                "127.0.0.1:53",
                True,
            )
            assert not found.account.allow_plaintext_auth


def test_a_queued_plan_has_its_mails_ready_its_obstacles_skipped_and_its_own_account(store: Store) -> None:
    planned = plan(SITE_FILES["builder"].site())
    done = queue(store, planned, now=NOON, batch="round-1", machine="workstation")
    assert (done.added, done.already) == (len(planned), 0)
    rows = list(store.deliveries(batch="round-1"))
    assert [row.key for row in rows] == [key_of("round-1", number) for number in range(len(planned))]
    for found, row in zip(planned, rows, strict=True):
        assert (row.kind, row.user, row.mailing, row.batch) == ("test", found.user, found.mailing, "round-1")
        content = store.content(row.delivery_id)
        if found.obstacle is not None:
            assert (row.state, row.skip, row.account, content) == ("skipped", found.obstacle.code, None, None)
            continue
        assert found.account is not None
        assert (row.state, row.account, row.sender, row.recipient) == (
            "pending",
            found.account.key,
            found.sender,
            found.recipient,
        )
        assert content is not None
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert mail["Message-ID"] == row.message_id
        assert row.delivery_id in mail["X-Mailkit-Token"]
        assert mail["Subject"] == row.subject
        assert mail["From"] == found.sender
    again = queue(store, planned, now=NOON, batch="round-1", machine="workstation")
    assert (again.added, again.already) == (0, len(planned))
    assert queue(store, planned, now=NOON, batch="round-2").added == len(planned)


def test_a_mail_a_person_sends_waits_without_an_account(store: Store) -> None:
    planned = plan(erp("outlook"), mailing="standard")
    queue(store, planned, now=NOON, batch="hand")
    (row,) = store.deliveries(batch="hand")
    assert (row.state, row.account, row.sender, row.expires) == ("pending", None, "", None)
    assert row.message_id.endswith(">")


def test_every_sentence_of_the_plans_own_codes_can_be_filled() -> None:
    assert set(obstacle_codes()) >= {"test.recipient-missing", "test.value-not-known", "test.way-not-known", "test.flag-off"}
