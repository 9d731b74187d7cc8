"""Activating trace mail: once, as previewed, and what comes after; the store is a real one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.journal import Change, Store, happened, open_store
from mailkit.practice.traces import PLANTED, hotel_on, traces_path
from mailkit.site.pms import Clerk, PmsSite, Property
from mailkit.site.traces import TraceMail
from mailkit.traces.decision import Decider
from mailkit.traces.desk import Desk, accounts
from mailkit.traces.rerouting import reroute
from mailkit.traces.sorting import Exclusion
from mailkit.traces.standing import standing
from mailkit.traces.zones import local_zone

from .hotel import NOW, SETUP, hotel, opened, table

OFF = replace(SETUP, email_traces=False)
LINES = ("1,FD,one,2026-11-20 09:00", "2,HSK,two,2026-11-19 09:00", "3,MNT,three,2026-11-20 09:00", "4,FD,four,2026-10-01 09:00")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.sqlite3") as opened_store:
        yield opened_store


def desk(store: Store, path: Path, site: PmsSite | None = None, *, after: dt.timedelta = dt.timedelta(), **how: Any) -> Desk:
    site = site or hotel(email_setup=OFF)
    return Desk(site, opened(path, site), now=NOW + after, store=store, **how)


def test_activating_queues_exactly_what_the_preview_showed(store: Store) -> None:
    site = hotel_on(PLANTED.day)
    made = desk(store, traces_path(), site)
    shown = made.preview()
    done = made.activate()
    assert done.queued == shown.sending == PLANTED.sending
    assert {one.reason: one.count for one in shown.left} == done.skipped
    assert store.counts(states=("pending",)) == {"pending": PLANTED.sending}
    assert {one.user for one in store.deliveries(states=("pending",), kinds=("trace", "staff"))} >= {"FD1", "FD2", "Housekeeping"}


def test_a_second_activation_and_a_second_run_queue_nothing_again(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    first = desk(store, path)
    assert first.activate().queued == 2
    again = desk(store, path, first.site, after=dt.timedelta(hours=1))
    assert again.kind == "active"
    assert (again.activate().queued, again.collect().queued) == (0, 0)
    assert again.preview().sending == 0
    assert store.counts(states=("pending",)) == {"pending": 2}


def test_an_activation_that_was_cut_short_is_simply_done_again(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    cut = desk(store, path)
    cut._queue(cut._windows(planned=True), cut.flagged, None, mark_sent=False, batch="backfill-cut", progress=None)
    flagged = hotel(email_setup=replace(OFF, email_traces=True))
    again = desk(store, path, flagged, after=dt.timedelta(minutes=5))
    assert again.kind == "first"
    done = again.activate()
    assert (done.activated, done.queued, done.already) == (True, 0, 2)


def test_what_is_new_after_the_activation_is_queued_by_the_next_run(store: Store, tmp_path: Path) -> None:
    first = desk(store, table(tmp_path, *LINES))
    first.activate()
    path = table(tmp_path, *LINES, "5,FD,five,2026-11-28 09:00", "6,FD,six,2026-12-30 09:00")
    later = desk(store, path, first.site, after=dt.timedelta(days=10))
    done = later.collect()
    assert (done.queued, done.already, done.skipped) == (1, 2, {"no-address": 1, "too-old": 1, "later": 1})


def test_each_delivery_has_all_that_sending_needs(store: Store, tmp_path: Path) -> None:
    headers = "Trace ID,Type,Clerk,Guest e-mail,Message,Created"
    made = desk(store, table(tmp_path, "1,T,FD,,one,2026-11-20", "2,A,,guest@example.com,two,2026-11-20", headers=headers))
    made.activate()
    trace, alert = store.deliveries(states=("pending",))
    assert (trace.key, trace.kind, trace.user, trace.rule, trace.mailing) == (
        "trace:-:1:frontdesk@hotel.test",
        "trace",
        "FD",
        "H1",
        "trace",
    )
    assert (trace.on_uncertain, alert.on_uncertain) == ("resend", "ask")
    assert trace.account == "traces@hotel.test at mail.hotel.test:587"
    assert trace.account in accounts(made.site)
    content = store.content(trace.delivery_id)
    assert content is not None
    assert f"Message-ID: {trace.message_id}\r\n".encode() in content
    assert b"Auto-Submitted: auto-generated\r\n" in content
    assert b"Date: Sat, 21 Nov 2026 17:00:00 +0000\r\n" in content


def test_why_nobody_gets_it_is_written_down_and_an_address_given_later_is_used(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    first = desk(store, path)
    first.activate()
    (skipped,) = store.deliveries(states=("skipped",))
    assert (skipped.skip, skipped.user, skipped.account) == ("no-address", "MNT", None)
    clerks = tuple(replace(one, email="maintenance@hotel.test") if one.code == "MNT" else one for one in first.site.clerks)
    later = desk(store, path, replace(first.site, clerks=clerks), after=dt.timedelta(days=1))
    assert later.collect().queued == 1


def test_a_new_address_does_not_send_everything_again(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    first = desk(store, path)
    first.activate()
    moved = tuple(Clerk(code="FD", email="desk@hotel.test") if one.code == "FD" else one for one in first.site.clerks)
    site = replace(first.site, clerks=moved)
    assert desk(store, path, site, after=dt.timedelta(days=1)).collect().queued == 0
    (delivery,) = (one for one in store.deliveries(states=("pending",)) if one.user == "FD")
    store.record([Change(delivery.delivery_id, happened(delivery, "rejected", NOW, reply_code=550))])
    assert desk(store, path, site, after=dt.timedelta(days=2)).collect().queued == 1


def test_what_was_left_out_stays_out(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    first = desk(store, path)
    done = first.activate(Exclusion(clerks=("FD", "MNT")))
    assert (done.queued, done.excluded) == (1, 2)
    clerks = tuple(replace(one, email="new@hotel.test") if one.code in ("FD", "MNT") else one for one in first.site.clerks)
    later = desk(store, path, replace(first.site, clerks=clerks), after=dt.timedelta(days=1)).collect()
    assert (later.queued, later.already) == (0, 3)


def test_marked_as_sent_is_never_sent(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    first = desk(store, path)
    done = first.activate(mark_sent=True)
    assert (done.queued, done.marked) == (0, 2)
    assert {one.skip for one in store.deliveries(states=("skipped",))} == {"marked-sent", "no-address"}
    assert desk(store, path, first.site, after=dt.timedelta(days=1)).collect().queued == 0


def test_switched_off_nothing_is_queued_and_switched_on_again_nothing_is_repeated(store: Store, tmp_path: Path) -> None:
    first = desk(store, table(tmp_path, *LINES))
    first.activate()
    off = replace(first.site, email_setup=OFF)
    path = table(tmp_path, *LINES, "5,FD,while off,2026-11-25 09:00")
    assert desk(store, path, off, after=dt.timedelta(days=5)).collect().skipped["flag-off"] == 4
    again = desk(store, path, off, after=dt.timedelta(days=6))
    assert again.kind == "again"
    assert again.preview().sending == 0
    assert again.activate().queued == 0
    path = table(tmp_path, *LINES, "5,FD,while off,2026-11-25 09:00", "6,FD,on again,2026-11-28 09:00")
    assert desk(store, path, again.site, after=dt.timedelta(days=8)).collect().queued == 1


def test_switched_on_again_the_window_can_be_sent_if_it_is_said(store: Store, tmp_path: Path) -> None:
    first = desk(store, table(tmp_path, *LINES))
    first.activate()
    path = table(tmp_path, *LINES, "5,FD,while off,2026-11-25 09:00")
    off = replace(first.site, email_setup=OFF)
    reach = replace(first.reach, repeat=True)
    again = desk(store, path, off, after=dt.timedelta(days=6), reach=reach)
    assert again.activate().queued == 1


def test_activating_says_so_in_the_site(store: Store, tmp_path: Path) -> None:
    made = desk(store, table(tmp_path, *LINES))
    made.activate()
    assert made.site.email_setup.email_traces is True
    assert (made.site.traces.activated, made.site.traces.first_activated) == (True, dt.date(2026, 11, 21))
    assert [(one.on, one.to) for one in made.site.traces.switches] == [(dt.date(2026, 11, 21), True)]


def test_one_property_can_be_activated_alone(store: Store, tmp_path: Path) -> None:
    site = hotel(email_setup=OFF, properties=(Property(code="LAKE"), Property(code="HILL")))
    headers = "Trace ID,Property,Clerk,Message,Created"
    path = table(tmp_path, "1,LAKE,FD,x,2026-11-20", "1,HILL,FD,x,2026-11-20", headers=headers)
    lake = desk(store, path, site, properties=("LAKE",))
    assert lake.activate().queued == 1
    assert [one.email_setup.email_traces for one in lake.site.properties] == [True, None]
    assert lake.site.email_setup.email_traces is False
    hill = desk(store, path, lake.site, after=dt.timedelta(hours=1), properties=("HILL",))
    assert (hill.kind, hill.repeats) == ("taking-over", False)
    first = desk(
        store, path, lake.site, after=dt.timedelta(hours=1), properties=("HILL",), reach=replace(hill.reach, repeat=True)
    )
    assert first.activate().queued == 1
    assert {one.key for one in store.deliveries(states=("pending",))} == {
        "trace:lake:1:frontdesk@hotel.test",
        "trace:hill:1:frontdesk@hotel.test",
    }


def test_what_cannot_send_is_not_activated(store: Store, tmp_path: Path) -> None:
    made = desk(store, table(tmp_path, *LINES), hotel(email_setup=replace(OFF, server="")))
    with pytest.raises(InputError, match=r"cannot be activated: .*Email server IP"):
        made.activate()
    assert store.counts() == {}


def test_nothing_is_queued_before_the_activation(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has not been activated"):
        desk(store, table(tmp_path, *LINES), hotel()).collect()


def test_a_store_is_of_one_hotel(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, *LINES)
    desk(store, path).activate()
    with pytest.raises(InputError, match="holds the traces of 'Lake House', and this hotel is 'Hill House'"):
        desk(store, path, hotel(name="Hill House"))


def test_a_copy_can_leave_when_the_trace_is_due(store: Store, tmp_path: Path) -> None:
    site = hotel(email_setup=OFF)
    site = replace(site, traces=replace(site.traces, mail=TraceMail(leave="due")))
    path = table(
        tmp_path,
        "1,FD,x,2026-11-20,2026-11-25 08:00",
        "2,FD,x,2026-11-20,2026-11-19",
        headers="Trace ID,Clerk,Message,Created,Due",
    )
    desk(store, path, site).activate()
    assert [one.due for one in store.deliveries()] == [dt.datetime(2026, 11, 25, 13, tzinfo=dt.UTC), NOW]


def test_mails_that_wait_leave_as_the_corrected_site_file_says(store: Store, tmp_path: Path) -> None:
    first = desk(store, table(tmp_path, *LINES))
    first.activate()
    setup = replace(first.site.email_setup, server="right.hotel.test", trace_rep_addr="new@hotel.test")
    right = replace(first.site, email_setup=setup)
    before = {one.delivery_id: one.message_id for one in store.deliveries(states=("pending",))}
    assert reroute(store, Decider(right), NOW) == 2
    assert reroute(store, Decider(right), NOW) == 0
    for one in store.deliveries(states=("pending",)):
        assert (one.account, one.sender) == ("traces@hotel.test at right.hotel.test:587", "new@hotel.test")
        assert one.message_id == before[one.delivery_id]
        content = store.content(one.delivery_id)
        assert content is not None
        assert b"From: new@hotel.test\r\n" in content
        assert "another way" in (store.story(one.delivery_id)[-1].note or "")
    assert store.check() == []


def test_how_things_stand_is_counted_by_clerk_and_day(store: Store, tmp_path: Path) -> None:
    first = desk(store, table(tmp_path, *LINES))
    first.activate()
    one = next(iter(store.deliveries(states=("pending",))))
    store.claim("somebody", limit=1, lease=dt.timedelta(minutes=1), now=NOW)
    store.record([Change(one.delivery_id, happened(one, "sending", NOW, attempt=1), owner="somebody")])
    store.recover(NOW + dt.timedelta(hours=1))
    store.halt("traces@hotel.test at mail.hotel.test:587", '{"summary": "The password is wrong."}', NOW)
    found = standing(store, now=NOW, zone=local_zone(NOW), known=["another"])
    assert sum(found.states.values()) == 3
    assert {(row.who, tuple(row.skips)) for row in found.rows} == {("FD", ()), ("HSK", ()), ("MNT", ("no-address",))}
    assert found.stopped[0].cause == "The password is wrong."
    assert sum(found.elsewhere.values()) == found.stopped[0].waiting > 0


@pytest.mark.parametrize("said", [None, "resend", "ask", "look"])
def test_the_site_file_says_what_is_done_with_a_mail_that_may_have_arrived(store: Store, said: Any) -> None:
    site = hotel_on(PLANTED.day)
    site = replace(site, traces=replace(site.traces, mail=replace(site.traces.mail, uncertain=said)))
    made = desk(store, traces_path(), site)
    told = {one.name: (one.value, one.status) for one in made.preview().parameters}["uncertain"]
    assert told[1] == ("site-file" if said else "inferred")
    made.activate()
    policies = {one.kind: one.on_uncertain for one in store.deliveries(states=("pending",))}
    assert policies == {"trace": said or "resend", "staff": said or "resend", "alert": said or "ask"}
