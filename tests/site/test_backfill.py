"""What the first activation of trace mail would send, foreseen."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mailkit.practice.site_files import SITE_FILES
from mailkit.site import PmsSite
from mailkit.site.backfill import BackfillPreview, Basis, Edges, preview
from mailkit.site.pms import Clerk, EmailSetup, Property, Switch, Traces

AT = dt.date(2026, 11, 21)
READY = EmailSetup(server="mail.hotel.test", port=587, trace_rep_addr="traces@hotel.test", email_traces=False)


def hotel(**other: object) -> PmsSite:
    return msgspec.structs.replace(PmsSite(version="5.1", email_setup=READY, traces=Traces(activated=False)), **other)


def codes(seen: BackfillPreview) -> list[str]:
    return [finding.code for finding in seen.findings]


def test_it_reaches_seven_days_back_with_both_ends() -> None:
    seen = preview(hotel(), AT)
    assert (seen.first, seen.last) == (dt.date(2026, 11, 14), AT)
    assert (seen.days, seen.basis, seen.edges) == (7, "created", "both")


@pytest.mark.parametrize(
    ("edges", "first", "last"),
    [
        ("both", dt.date(2026, 11, 14), dt.date(2026, 11, 21)),
        ("first", dt.date(2026, 11, 14), dt.date(2026, 11, 20)),
        ("last", dt.date(2026, 11, 15), dt.date(2026, 11, 21)),
        ("neither", dt.date(2026, 11, 15), dt.date(2026, 11, 20)),
    ],
)
def test_whether_the_ends_belong_to_it_can_be_said(edges: Edges, first: dt.date, last: dt.date) -> None:
    seen = preview(hotel(), AT, edges=edges)
    assert (seen.first, seen.last) == (first, last)


def test_the_days_come_from_the_site_unless_said() -> None:
    assert preview(hotel(traces=Traces(days=3)), AT).first == dt.date(2026, 11, 18)
    assert preview(hotel(traces=Traces(days=3)), AT, days=1).first == dt.date(2026, 11, 20)
    assert preview(hotel(), AT, days=-5).first == AT


def test_counted_by_the_hotels_own_date_it_ends_there() -> None:
    site = hotel(business_date=dt.date(2026, 11, 19))
    seen = preview(site, AT, basis="business")
    assert (seen.first, seen.last, seen.shift_days) == (dt.date(2026, 11, 12), dt.date(2026, 11, 19), 2)
    assert "site.backfill-business-date" in codes(seen)
    assert preview(site, AT).last == AT


@pytest.mark.parametrize(
    ("traces", "flag", "activation"),
    [
        (Traces(activated=False), False, "first"),
        (Traces(activated=False), True, "first"),
        (Traces(activated=True), False, "again"),
        (Traces(first_activated=AT), False, "again"),
        (Traces(switches=(Switch(on=AT, to=True),)), None, "again"),
        (Traces(switches=(Switch(on=AT, to=False),)), None, "unknown"),
        (Traces(), True, "on"),
        (Traces(), False, "unknown"),
    ],
)
def test_a_first_activation_is_told_from_a_later_one(traces: Traces, flag: bool | None, activation: str) -> None:  # noqa: FBT001 (the value of a flag)
    site = hotel(traces=traces, email_setup=msgspec.structs.replace(READY, email_traces=flag))
    seen = preview(site, AT)
    assert seen.activation == activation
    assert ("site.backfill-pending" in codes(seen)) == (activation != "on")


def test_who_gets_none_is_counted_by_reason() -> None:
    clerks = (
        Clerk(code="A", email="a@hotel.test"),
        Clerk(code="B", email="A@hotel.test"),
        Clerk(code="C", email=""),
        Clerk(code="D", email=" "),
        Clerk(code="E", email="e@hotel.test; f@hotel.test"),
        Clerk(code="F"),
        Clerk(code="G", email="g@hotel.test", status="inactive"),
        Clerk(email="no domain"),
    )
    seen = preview(hotel(clerks=clerks), AT)
    assert {(one.reason, one.clerks) for one in seen.skipped} == {
        ("no-address", ("C", "D")),
        ("several", ("E",)),
        ("not-known", ("F",)),
        ("inactive", ("G",)),
        ("no-domain", ("clerk 8",)),
    }
    assert seen.skipped[0].count == 2
    assert seen.receiving == 2
    assert seen.shared == {"a@hotel.test": ("A", "B")}


def test_what_keeps_all_mail_back_is_named() -> None:
    setup = EmailSetup(server="", port="", trace_rep_addr="", email_traces=False)
    assert preview(hotel(version="5.0", email_setup=setup), AT).hindrances == (
        "version-too-old",
        "flag-off",
        "no-server",
        "no-port",
        "no-sender",
    )
    own = Property(code="B", email_setup=EmailSetup(trace_rep_addr="traces"))
    assert preview(hotel(properties=(own,)), AT).hindrances == ("flag-off", "sender-invalid")
    assert preview(PmsSite(), AT).hindrances == ()


def test_what_waits_is_measured_against_what_the_provider_takes() -> None:
    site = hotel(
        email_setup=msgspec.structs.replace(READY, server="smtp.office365.com"), traces=Traces(activated=False, waiting=200)
    )
    seen = preview(site, AT)
    (limit,) = seen.limits
    assert (limit.per_minute, limit.minutes, limit.days) == (30, 7, 1)
    assert "site.backfill-over-limit" in codes(seen)
    few = preview(msgspec.structs.replace(site, traces=Traces(activated=False, waiting=30)), AT)
    assert "site.backfill-over-limit" not in codes(few)


def test_how_long_it_takes_is_not_known_while_the_number_is_not() -> None:
    seen = preview(hotel(email_setup=msgspec.structs.replace(READY, server="smtp.office365.com")), AT)
    assert seen.waiting is None
    assert seen.limits[0].minutes is None


def test_a_server_of_the_house_has_no_published_limit() -> None:
    assert preview(hotel(), AT).limits == ()


def test_the_practice_hotel_can_be_previewed() -> None:
    site = SITE_FILES["hotel"].site()
    assert isinstance(site, PmsSite)
    seen = preview(site, AT)
    assert (seen.waiting, seen.activation, seen.receiving, seen.shift_days) == (38, "first", 5, 1)
    assert "38 messages" in seen.findings[0].summary


@settings(max_examples=100, deadline=None)
@given(
    some.dates(),
    some.none() | some.integers(-10, 10**9),
    some.sampled_from(["created", "due", "business"]),
    some.sampled_from(["both", "first", "last", "neither"]),
    some.none() | some.dates(),
)
def test_any_day_can_be_foreseen(at: dt.date, days: int | None, basis: Basis, edges: Edges, business: dt.date | None) -> None:
    seen = preview(hotel(business_date=business), at, days=days, basis=basis, edges=edges)
    assert seen.last - seen.first <= dt.timedelta(days=seen.days)
    assert msgspec.json.decode(msgspec.json.encode(seen), type=BackfillPreview) == seen
