"""Who gets the copy of a trace, or why nobody does."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from mailkit.site.pms import Clerk, EmailSetup, PmsSite, Property
from mailkit.traces.decision import REASONS, Decider, decide, reason_words, recorded, retried, what_to_do
from mailkit.traces.trace import Trace

from .hotel import HOTEL, SETUP, hotel


def trace(**fields: Any) -> Trace:
    return Trace(row=2, id="1", **fields)


def setup(**fields: Any) -> EmailSetup:
    return replace(SETUP, **fields)


@pytest.mark.parametrize(
    ("fields", "recipient"),
    [
        ({"clerk": "FD"}, "frontdesk@hotel.test"),
        ({"clerk": " fd "}, "frontdesk@hotel.test"),
        ({"clerk": "Front Desk"}, "frontdesk@hotel.test"),
        ({"clerk": "FD", "department": "BAR"}, "frontdesk@hotel.test"),
        ({"department": "spa"}, "spa@hotel.test"),
        ({"address": "someone@hotel.test"}, "someone@hotel.test"),
        ({"kind": "alert", "guest_email": "guest@example.com"}, "guest@example.com"),
        ({"kind": "alert", "guest_email": "guest@example.com", "clerk": "MNT", "consent": True}, "guest@example.com"),
        ({"kind": "staff", "clerk": "HSK"}, "housekeeping@hotel.test"),
    ],
)
def test_a_trace_goes_to_whom_it_names(fields: dict[str, Any], recipient: str) -> None:
    found = decide(HOTEL, trace(**fields))
    assert (found.recipient, found.reason) == (recipient, None)


CLERKS = HOTEL.clerks
REFUSED: list[tuple[PmsSite, dict[str, Any], str]] = [
    (hotel(version="5.0"), {"clerk": "FD"}, "version-too-old"),
    (hotel(email_setup=setup(email_traces=False)), {"clerk": "FD"}, "flag-off"),
    (hotel(email_setup=setup(server="")), {"clerk": "FD"}, "settings-incomplete"),
    (hotel(email_setup=setup(port="")), {"clerk": "FD"}, "settings-incomplete"),
    (hotel(email_setup=setup(trace_rep_addr="")), {"clerk": "FD"}, "settings-incomplete"),
    (hotel(email_setup=setup(trace_rep_addr="traces")), {"clerk": "FD"}, "settings-incomplete"),
    (hotel(properties=(Property(code="A"),)), {"clerk": "FD", "property": "B"}, "unknown-property"),
    (HOTEL, {}, "no-recipient"),
    (HOTEL, {"clerk": "ZZ"}, "unknown-clerk"),
    (hotel(clerks=(*CLERKS, Clerk(code="FD", email="other@hotel.test"))), {"clerk": "FD"}, "several-clerks"),
    (HOTEL, {"clerk": "NEW"}, "address-not-known"),
    (HOTEL, {"clerk": "MNT"}, "no-address"),
    (hotel(clerks=(Clerk(code="FD", email="a@hotel.test; b@hotel.test"),)), {"clerk": "FD"}, "several-addresses"),
    (hotel(clerks=(Clerk(code="FD", email="Desk <a@hotel.test>"),)), {"clerk": "FD"}, "name-around"),
    (hotel(clerks=(Clerk(code="FD", email="a@hotel.test "),)), {"clerk": "FD"}, "blank"),
    (hotel(clerks=(Clerk(code="FD", email="frontdesk"),)), {"clerk": "FD"}, "no-domain"),
    (hotel(clerks=(Clerk(code="FD", email="a@b..test"),)), {"clerk": "FD"}, "malformed"),
    (HOTEL, {"clerk": "OLD"}, "inactive"),
    (HOTEL, {"department": "GYM"}, "unknown-department"),
    (HOTEL, {"department": "BAR"}, "department-without-address"),
    (HOTEL, {"kind": "alert", "clerk": "FD"}, "guest-without-address"),
    (HOTEL, {"kind": "alert", "guest_email": "guest@example.com", "consent": False}, "no-consent"),
    (HOTEL, {"kind": "alert", "guest_email": "guest@"}, "no-domain"),
]


@pytest.mark.parametrize(("site", "fields", "reason"), REFUSED, ids=[reason for _, _, reason in REFUSED])
def test_each_reason_for_not_sending_is_a_value_of_its_own(site: PmsSite, fields: dict[str, Any], reason: str) -> None:
    found = decide(site, trace(**fields))
    assert (found.recipient, found.reason) == (None, reason)


def test_the_flag_can_be_looked_past_and_nothing_else() -> None:
    site = hotel(
        email_setup=setup(email_traces=False), properties=(Property(code="A", email_setup=EmailSetup(email_traces=False)),)
    )
    assert decide(site, trace(clerk="FD"), flag_counts=False).recipient == "frontdesk@hotel.test"
    assert decide(site, trace(clerk="FD", property="A"), flag_counts=False).recipient == "frontdesk@hotel.test"
    assert decide(replace(site, version="4"), trace(clerk="FD"), flag_counts=False).reason == "version-too-old"


def test_one_code_at_two_properties_is_two_clerks() -> None:
    site = hotel(
        properties=(Property(code="A"), Property(code="B")),
        clerks=(Clerk(code="FD", email="a@hotel.test", property="A"), Clerk(code="FD", email="b@hotel.test", property="B")),
    )
    assert decide(site, trace(clerk="FD", property="b")).recipient == "b@hotel.test"
    assert decide(site, trace(clerk="FD", property="A")).recipient == "a@hotel.test"
    assert decide(site, trace(clerk="FD")).reason == "several-clerks"


def test_a_clerk_who_left_does_not_hide_the_one_who_came() -> None:
    site = hotel(clerks=(Clerk(code="FD", email="gone@hotel.test", status="inactive"), Clerk(code="FD", email="new@hotel.test")))
    assert decide(site, trace(clerk="FD")).recipient == "new@hotel.test"


def test_a_property_sends_by_its_own_setup() -> None:
    own = EmailSetup(server="lake.hotel.test", trace_rep_addr="lake@hotel.test")
    decider = Decider(hotel(properties=(Property(code="LAKE", email_setup=own), Property(code="HILL"))))
    lake, hill = decider.way("lake", "trace"), decider.way("HILL", "alert")
    assert lake.account is not None
    assert hill.account is not None
    assert (lake.account.host, lake.sender, lake.rule) == ("lake.hotel.test", "lake@hotel.test", "H1")
    assert (hill.account.host, hill.sender, hill.rule) == ("mail.hotel.test", "traces@hotel.test", "H3")


def test_what_is_missing_in_email_setup_is_said() -> None:
    way = Decider(hotel(email_setup=setup(server=""))).way(None, "trace")
    assert way.finding is not None
    assert "Email server IP" in way.finding.summary


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_words(reason: Any) -> None:
    assert reason_words(reason)
    assert not reason_words(reason).endswith(".")
    assert what_to_do(reason) == "" or what_to_do(reason).endswith((".", ")."))
    assert retried(reason) or not what_to_do(reason)
    assert recorded(reason) in (True, False)
