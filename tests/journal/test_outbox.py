"""What is queued goes to one sender at a time, and comes back when that sender is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailkit.errors import InputError, LeaseLost
from mailkit.journal import Change, Event, Store, happened

from .queued import ACCOUNT, LATER, LEASE, MESSAGE, NOW, accepted, ended, fill, on_its_way, sending, states, waiting

HOUR = timedelta(hours=1)


def claim(store: Store, owner: str = "a sender", **other: Any) -> list[str]:
    asked: dict[str, Any] = {"limit": 100, "lease": LEASE, "now": NOW}
    return [one.delivery_id for one in store.claim(owner, **(asked | other))]


def test_what_is_queued_twice_is_kept_once(store: Store) -> None:
    first = store.enqueue([(waiting(1), MESSAGE), (waiting(2), MESSAGE)], now=NOW)
    again = [(waiting(1, delivery_id="another", message_id="<another@hotel.test>"), b"another"), (waiting(3), MESSAGE)]
    second = store.enqueue(again, now=LATER)
    assert (first.added, first.already, second.added, second.already) == (2, 0, 1, 1)
    kept = store.delivery("trace:MAIN:1:frontdesk@hotel.test")
    assert kept
    assert (kept.message_id, store.content(kept.delivery_id)) == ("<id1@hotel.test>", MESSAGE)
    assert store.delivery("another") is None
    assert states(store.story("id1")) == ["pending"]
    assert store.check() == []


def test_the_same_delivery_twice_in_one_call_is_kept_once(store: Store) -> None:
    assert store.enqueue([(waiting(1), MESSAGE), (waiting(1), MESSAGE)], now=NOW).added == 1
    assert store.check() == []


def test_a_token_used_for_two_mails_is_a_mistake_and_loses_neither_silently(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(ValueError, match="in use for another key"):
        store.enqueue([(waiting(0, key="trace:MAIN:other"), MESSAGE)], now=NOW)


def test_what_is_not_sent_is_queued_with_its_reason(store: Store) -> None:
    store.enqueue([(waiting(1, state="skipped", skip="no-address", account=None), None)], now=NOW)
    (event,) = store.story("id1")
    assert (event.state, event.reason) == ("skipped", "no-address")
    assert claim(store) == []


def test_a_row_reads_as_it_was_written(store: Store) -> None:
    full = waiting(
        1,
        due=NOW + timedelta(microseconds=1),
        expires=NOW + 96 * HOUR,
        property="MAIN",
        user="FD",
        mailing="trace",
        rule="H1",
        subject="Spur 4711: Kissen für das Zimmer",
        batch="first activation",
        intended="concierge@hotel.test",
        on_uncertain="resend",
        changed=NOW,
    )
    store.enqueue([(full, MESSAGE)], now=NOW)
    assert store.delivery("id1") == full


def test_the_longest_due_goes_first_and_what_is_not_due_waits(store: Store) -> None:
    store.enqueue([(waiting(n, due=NOW + timedelta(minutes=due)), MESSAGE) for n, due in enumerate((-1, 5, -3, 0, -2))], now=NOW)
    assert claim(store) == ["id2", "id4", "id0", "id3"]


def test_what_one_holds_no_other_gets(store: Store) -> None:
    fill(store, 5)
    assert claim(store, "one", limit=3) == ["id0", "id1", "id2"]
    assert claim(store, "two") == ["id3", "id4"]
    assert claim(store, "three") == []


def test_only_the_accounts_batches_and_kinds_asked_for_are_claimed(store: Store) -> None:
    accounts = [f"clerk{n}@hotel.test at smtp.hotel.test:587" for n in range(80)]
    store.enqueue([(waiting(n, account=account), MESSAGE) for n, account in enumerate(accounts)], now=NOW)
    store.enqueue([(waiting(100, batch="one", kind="test"), MESSAGE), (waiting(101, batch="two"), MESSAGE)], now=NOW)
    assert claim(store, accounts={accounts[7]}) == ["id7"]
    assert claim(store, accounts=set()) == []
    assert claim(store, accounts=set(accounts[8:78])) == [f"id{n}" for n in range(8, 78)]
    assert claim(store, batch="two") == ["id101"]
    assert claim(store, kinds={"test"}) == ["id100"]
    assert claim(store) == [f"id{n}" for n in (*range(7), 78, 79)]


def test_what_goes_by_hand_is_never_claimed(store: Store) -> None:
    fill(store, 1, account=None)
    assert claim(store) == []


def test_a_released_claim_can_be_taken_by_another_and_what_is_being_sent_cannot(store: Store) -> None:
    fill(store, 3)
    claimed = store.claim("one", limit=3, lease=LEASE, now=NOW)
    store.record([sending(claimed[0], "one")])
    assert store.release("one") == 2
    assert claim(store, "two") == ["id1", "id2"]


def test_who_lost_the_lease_may_not_send(store: Store) -> None:
    fill(store, 1)
    (slept,) = store.claim("asleep", limit=1, lease=LEASE, now=NOW)
    (taken,) = store.claim("awake", limit=1, lease=LEASE, now=LATER)
    with pytest.raises(LeaseLost, match="id0 is not held by asleep any more"):
        store.record([sending(slept, "asleep")])
    store.record([sending(taken, "awake")])
    assert states(store.story("id0")) == ["pending", "sending"]


def test_who_took_it_over_may_not_send_what_was_accepted_meanwhile(store: Store) -> None:
    fill(store, 1)
    (late,) = on_its_way(store, "late")
    assert [one.state for one in store.recover(LATER)] == ["uncertain"]
    store.settle("id0", "resend", by="support", now=LATER)
    (taken,) = store.claim("other", limit=1, lease=LEASE, now=LATER)
    store.record([accepted(late, LATER)])
    with pytest.raises(LeaseLost):
        store.record([sending(taken, "other", LATER)])
    assert store.counts() == {"accepted": 1}
    assert store.check() == []


def test_a_renewed_lease_lasts(store: Store) -> None:
    fill(store, 2)
    on_its_way(store, "one", limit=2)
    assert store.renew("one", LEASE, NOW + LEASE / 2) == 2
    assert store.recover(LATER) == []
    assert len(store.recover(LATER + LEASE / 2)) == 2


def test_what_was_being_sent_when_the_sender_died_is_uncertain_and_said_once(store: Store) -> None:
    fill(store, 3)
    on_its_way(store, "dead", limit=2)
    assert store.recover(NOW + LEASE / 2) == []
    assert {one.delivery_id: one.state for one in store.recover(LATER)} == {"id0": "uncertain", "id1": "uncertain"}
    assert store.recover(LATER) == []
    assert states(store.story("id0")) == ["pending", "sending", "uncertain"]
    assert claim(store, now=LATER) == ["id2"]
    assert store.check() == []


def test_what_may_come_twice_is_sent_again_with_the_same_message_id(store: Store) -> None:
    fill(store, 1, on_uncertain="resend")
    on_its_way(store)
    (again,) = store.recover(LATER)
    assert (again.state, again.due, again.message_id) == ("pending", LATER, "<id0@hotel.test>")
    assert states(store.story("id0")) == ["pending", "sending", "uncertain", "pending"]
    (second,) = store.claim("next", limit=1, lease=LEASE, now=LATER)
    assert sending(second, "next").event.attempt == 2


def test_a_server_that_cuts_the_line_every_time_gets_copies_at_growing_intervals(store: Store) -> None:
    fill(store, 1, on_uncertain="resend")
    moment, pauses = NOW, []
    for _ in range(6):
        (sent,) = on_its_way(store, now=moment)
        store.record([ended(sent, "uncertain", moment)])
        (again,) = store.recover(moment)
        pauses.append((again.due - moment) // timedelta(minutes=1))
        moment = again.due
    assert pauses == [0, 5, 10, 20, 40, 80]


def test_nothing_is_sent_again_after_its_time(store: Store) -> None:
    fill(store, 1, on_uncertain="resend", expires=NOW + timedelta(minutes=1))
    on_its_way(store)
    assert [one.state for one in store.recover(LATER)] == ["uncertain"]
    assert store.recover(LATER) == []


@pytest.mark.parametrize("policy", ["ask", "look"])
def test_other_uncertain_ones_wait_for_a_decision(store: Store, policy: str) -> None:
    fill(store, 1, on_uncertain=policy)
    on_its_way(store)
    store.recover(LATER)
    assert store.recover(LATER + HOUR) == []
    assert store.counts() == {"uncertain": 1}


@pytest.mark.parametrize(
    ("decision", "state"),
    [("resend", "pending"), ("accepted", "accepted"), ("delivered", "delivered"), ("rejected", "rejected")],
)
def test_a_person_settles_what_is_uncertain(store: Store, decision: Any, state: str) -> None:
    fill(store, 1)
    on_its_way(store)
    store.recover(LATER)
    settled = store.settle("id0", decision, by="support", now=LATER, note="asked the clerk")
    assert settled.state == state
    assert settled == store.delivery("id0")
    last = store.story("id0")[-1]
    assert (last.source, last.note) == ("person", f"support: {decision} (asked the clerk)")
    assert claim(store, now=LATER) == (["id0"] if decision == "resend" else [])
    assert store.check() == []


def test_nobody_settles_what_is_not_open(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(InputError, match="id0 is pending; 'resend' can be said of one that is bounced or deferred or"):
        store.settle("id0", "resend", by="support", now=NOW)
    with pytest.raises(InputError, match="there is no delivery id9"):
        store.settle("id9", "resend", by="support", now=NOW)


def test_a_clock_set_back_holds_nothing_for_ever(store: Store) -> None:
    fill(store, 3)
    on_its_way(store)
    (_held,) = store.claim("dead", limit=1, lease=LEASE, now=NOW)
    yesterday = NOW - timedelta(days=1)
    recovered = store.recover(yesterday)
    assert [(one.delivery_id, one.state) for one in recovered] == [("id0", "uncertain")]
    assert claim(store, now=yesterday) == ["id1", "id2"]


def test_a_retry_agreed_by_a_clock_set_back_since_does_not_wait_for_that_clock(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    store.record([ended(sent, "deferred", next_try=NOW + HOUR)])
    yesterday = NOW - timedelta(days=1)
    store.recover(yesterday)
    assert claim(store, now=yesterday) == ["id0"]


def test_a_clock_set_back_does_not_reorder_a_story(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store, now=NOW)
    store.record([accepted(sent, NOW - timedelta(days=365))])
    assert states(store.story("id0")) == ["pending", "sending", "accepted"]
    assert store.check() == []


def test_what_is_to_go_out_tomorrow_stays_until_then_though_the_clock_was_set_back(store: Store) -> None:
    fill(store, 1, due=NOW + timedelta(days=1))
    store.recover(NOW - timedelta(days=2))
    assert claim(store, now=NOW) == []


def test_a_lease_is_not_given_for_days(store: Store) -> None:
    with pytest.raises(ValueError, match="a lease is"):
        store.claim("one", limit=1, lease=timedelta(days=1), now=NOW)


def test_a_mail_withdrawn_by_a_person_is_not_sent_by_whoever_holds_it(store: Store) -> None:
    fill(store, 1)
    (held,) = store.claim("one", limit=1, lease=LEASE, now=NOW)
    event = happened(held, "skipped", NOW, source="person", note="support: not needed any more")
    store.record([Change("id0", event, skip="withdrawn")])
    with pytest.raises(LeaseLost):
        store.record([sending(held, "one")])
    kept = store.delivery("id0")
    assert kept
    assert (kept.state, kept.skip, kept.owner) == ("skipped", "withdrawn", None)


def test_moments_without_a_zone_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="needs its time zone"):
        store.enqueue([(waiting(1, due=NOW.replace(tzinfo=None)), MESSAGE)], now=NOW)


def test_limits_hold_over_runs(store: Store) -> None:
    fill(store, 3)
    for minute in range(3):
        on_its_way(store, now=NOW + timedelta(minutes=minute))
    since = store.sent_since(ACCOUNT, NOW + timedelta(minutes=1))
    assert since == [NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)]
    assert store.sent_since("somebody else", NOW) == []


def test_a_halted_account_stays_halted_until_a_person_says_so(store: Store) -> None:
    store.halt(ACCOUNT, '{"cause": "password"}', NOW)
    store.halt(ACCOUNT, '{"cause": "later"}', LATER)
    (halt,) = store.halted().values()
    assert (halt.account, halt.explanation, halt.since) == (ACCOUNT, '{"cause": "password"}', NOW)
    assert store.resume(ACCOUNT)
    assert not store.resume(ACCOUNT)
    assert store.halted() == {}


def test_runs_that_did_not_end_are_seen(store: Store) -> None:
    ended_run, killed = store.begin_run("send", NOW), store.begin_run("send", LATER)
    store.end_run(ended_run, "done", LATER)
    assert ended_run != killed
    assert [(run.run_id, run.outcome, run.ended) for run in store.runs()] == [(ended_run, "done", LATER), (killed, None, None)]


def test_deliveries_are_found_by_what_they_are(store: Store) -> None:
    store.enqueue([(waiting(n, user="FD" if n % 2 else "HK", batch=f"b{n % 3}"), MESSAGE) for n in range(1200)], now=NOW)
    on_its_way(store, limit=5)
    assert [one.delivery_id for one in store.deliveries()] == [f"id{n}" for n in range(1200)]
    assert {one.user for one in store.deliveries(user="FD", batch="b1")} == {"FD"}
    assert store.counts(user="FD") == {"pending": 598, "sending": 2}
    assert sum(1 for _ in store.deliveries(states={"sending"})) == 5
    assert sum(1 for _ in store.deliveries(accounts=set())) == 0
    with pytest.raises(TypeError, match="no filter colour"):
        store.counts(colour="red")  # type: ignore[call-arg]  # what is tested


def test_what_others_saw_never_makes_a_mail_go_out_again(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    store.record([accepted(sent)])
    relay = Event(moment=LATER, delivery_id="id0", state="deferred", source="postfix", source_key="1")
    store.add_events([relay])
    assert claim(store, now=LATER + HOUR) == []
    assert store.counts() == {"accepted": 1}
    assert store.check() == []
