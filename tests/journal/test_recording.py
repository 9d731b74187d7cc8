"""Event and row move together or not at all, and every story adds up."""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import LeaseLost
from mailkit.journal import Change, Delivery, Event, State, Store, happened, open_store

from .queued import LATER, LEASE, MESSAGE, NOW, accepted, ended, fill, on_its_way, sending, states, waiting


def test_an_event_reads_as_it_was_written(store: Store) -> None:
    fill(store, 1)
    full = Event(
        moment=NOW + timedelta(microseconds=1),
        delivery_id="id0",
        state="deferred",
        source="mailkit",
        source_key="full",
        kind="trace",
        attempt=1,
        message_id="<id0@hotel.test>",
        property="MAIN",
        user="FD",
        mailing="trace",
        rule="H1",
        sender="traces@hotel.test",
        recipient="küche@hotel.test",
        recipient_domain="hotel.test",
        subject="Spur 4711 ✓",
        account="a",
        endpoint="smtp.hotel.test:587",
        address="2001:db8::25",
        stage="recipient",
        reply_code=450,
        enhanced_code="4.2.0",
        reply="450 4.2.0 first line\nsecond line",
        reason="greylisted",
        cause="greylisting",
        tls="TLSv1.3",
        queue_id="4F2",
        before_ms=0.1,
        queue_ms=2.0,
        connect_ms=0.0,
        transmit_ms=12.5,
        next_try=NOW + timedelta(minutes=5),
        run="a run",
        note="a note",
    )
    store.record([Change("id0", full)])
    assert store.story("id0")[1] == full


def test_a_change_does_to_the_row_what_it_says_it_does(store: Store) -> None:
    fill(store, 1)
    (held,) = store.claim("one", limit=1, lease=LEASE, now=NOW)
    begun = sending(held, "one").applied(held)
    store.record([sending(held, "one")])
    assert store.delivery("id0") == begun
    put_off = ended(begun, "deferred", LATER, reply_code=450, reply="450 later", next_try=LATER + timedelta(minutes=5))
    store.record([put_off])
    assert store.delivery("id0") == put_off.applied(begun)
    row = store.delivery("id0")
    assert row
    assert (row.state, row.due, row.attempts, row.reply_code, row.owner) == (
        "deferred",
        LATER + timedelta(minutes=5),
        1,
        450,
        None,
    )


def test_several_changes_are_recorded_together_or_not_at_all(store: Store) -> None:
    fill(store, 2)
    one, two = store.claim("one", limit=2, lease=LEASE, now=NOW)
    with pytest.raises(LeaseLost):
        store.record([sending(one, "one"), sending(two, "somebody else")])
    assert store.counts() == {"pending": 2}
    assert states(store.story("id0")) == ["pending"]
    assert store.record([sending(one, "one"), sending(two, "one")]) == 2


def test_what_one_may_not_record_does_not_stop_the_others(store: Store) -> None:
    fill(store, 3)
    one, two, three = store.claim("one", limit=3, lease=LEASE, now=NOW)
    results = store.record_all([[sending(one, "one")], [sending(two, "somebody else")], [sending(three, "one")]])
    assert [type(result) for result in results] == [int, LeaseLost, int]
    assert store.counts() == {"pending": 1, "sending": 2}
    assert store.check() == []


def test_the_same_thing_seen_twice_is_recorded_once(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    store.record([accepted(sent)])
    seen = Change("id0", happened(sent, "delivered", LATER, source="mailbox", source_key="INBOX/17", stage="arrival"))
    assert store.record([seen]) == 1
    assert store.record([seen]) == 0
    assert states(store.story("id0")) == ["pending", "sending", "accepted", "delivered"]


def test_begun_and_ended_in_one_call_is_recorded_in_this_order(store: Store) -> None:
    fill(store, 1)
    (held,) = store.claim("one", limit=1, lease=LEASE, now=NOW)
    begun = sending(held, "one")
    assert store.record([begun, accepted(begun.applied(held))]) == 2
    assert states(store.story("id0")) == ["pending", "sending", "accepted"]
    assert store.check() == []


def test_a_mail_seen_before_its_reply_was_recorded_stays_seen(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    store.record([Change("id0", happened(sent, "delivered", NOW, source="mailbox", source_key="INBOX/17", stage="arrival"))])
    store.record([accepted(sent)])
    assert store.counts() == {"delivered": 1}
    assert states(store.story("id0")) == ["pending", "sending", "delivered", "accepted"]
    assert store.check() == []


def test_the_reply_stays_on_the_row_when_the_mail_is_seen(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    taken = accepted(sent)
    store.record([taken])
    seen = Change("id0", happened(sent, "delivered", LATER, source="mailbox", source_key="INBOX/17"))
    store.record([seen])
    row = store.delivery("id0")
    assert row == seen.applied(taken.applied(sent))
    assert row
    assert row.reply == "2.0.0 Ok: queued as 4F2"


def test_text_that_a_database_cannot_keep_is_shown_as_its_escape(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    store.record([ended(sent, "rejected", reply="550 \x00 \udcff no", queue_id=r"\u0000")])
    last = store.story("id0")[-1]
    assert (last.reply, last.queue_id) == (r"550 \x00 \udcff no", r"\u0000")


def test_sending_without_its_owner_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="with the owner"):
        Change("id0", happened(waiting(0), "sending", NOW))
    with pytest.raises(ValueError, match="an event of id0"):
        Change("id1", happened(waiting(0), "accepted", NOW))


def test_attempts_are_told_as_documents(store: Store) -> None:
    fill(store, 2)
    sent, other = on_its_way(store, limit=2)
    store.record([ended(sent, "deferred", LATER, reply_code=450, reply="450 later", next_try=LATER)])
    (again,) = on_its_way(store, now=LATER)
    store.record([accepted(again, LATER + LEASE)])
    first, second, open_one = store.attempts()
    assert (first.delivery_id, first.number, first.outcome, first.reply_code, first.next_try) == (
        "id0",
        1,
        "deferred",
        450,
        LATER,
    )
    assert (second.number, second.outcome, second.started, second.finished) == (2, "accepted", LATER, LATER + LEASE)
    assert (second.endpoint, second.message_id, second.kind) == ("smtp.hotel.test:587", "<id0@hotel.test>", "trace")
    assert (open_one.delivery_id, open_one.outcome, open_one.finished) == (other.delivery_id, None, None)
    assert [one.number for one in store.attempts(states={"sending"})] == [1]


STEPS = (
    "claim",
    "send",
    "accept",
    "defer",
    "reject",
    "cut",
    "recover",
    "resend",
    "seen",
    "bounced",
    "relayed",
    "withdraw",
    "die",
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.sampled_from("ab")), max_size=40))
def test_whatever_happens_in_whatever_order_every_story_adds_up(steps: list[tuple[str, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "history.sqlite3") as store:
        fill(store, 2, on_uncertain="ask")
        fill(store, 3, on_uncertain="resend")
        for number, (what, which, who) in enumerate(steps):
            _step(store, what, f"id{which}", who, NOW + timedelta(seconds=20 * number))
        assert store.check() == []
        for one in store.deliveries():
            attempts = [event.attempt for event in store.story(one.delivery_id) if event.state == "sending"]
            assert attempts == sorted(set(attempts), key=lambda attempt: attempt or 0)


def _step(store: Store, what: str, name: str, who: str, moment: datetime) -> None:
    if what == "claim":
        store.claim(who, limit=2, lease=LEASE, now=moment)
    elif what in {"recover", "die"}:
        store.recover(moment if what == "recover" else moment + LEASE)
    else:
        row = store.delivery(name)
        assert row
        if what == "send":
            _begin(store, row, who, moment)
        elif what == "resend":
            if row.state in {"uncertain", "deferred", "rejected", "bounced", "expired"}:
                store.settle(name, "resend", by="support", now=moment)
        elif what == "withdraw":
            store.record([Change(name, happened(row, "skipped", moment, source="person"), skip="withdrawn")])
        else:
            _told(store, row, what, moment)


def _begin(store: Store, row: Delivery, who: str, moment: datetime) -> None:
    change = sending(row, who, moment)
    if row.owner == who and row.state in {"pending", "deferred"}:
        store.record([change])
        assert store.delivery(row.delivery_id) == change.applied(row)
    else:
        with pytest.raises(LeaseLost):
            store.record([change])


OUTCOMES: dict[str, State] = {"accept": "accepted", "defer": "deferred", "reject": "rejected", "cut": "uncertain"}
SEEN: dict[str, State] = {"seen": "delivered", "bounced": "bounced", "relayed": "deferred"}


def _told(store: Store, row: Delivery, what: str, moment: datetime) -> None:
    if what in SEEN:
        event = happened(row, SEEN[what], moment, source="postfix")
        store.add_events([event])
        change = Change(row.delivery_id, event)
    elif row.attempts:  # also late, by one whose lease is over
        change = ended(row, OUTCOMES[what], moment, next_try=moment if what == "defer" else None)
        store.record([change])
    else:
        return
    assert store.delivery(row.delivery_id) == change.applied(row)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE delivery SET state = 'pending' WHERE delivery_id = 'id0'", "is pending, and by its story accepted"),
        ("DELETE FROM event WHERE delivery_id = 'id0'", "is accepted, and nothing is recorded of it"),
        ("DELETE FROM event WHERE delivery_id = 'id0' AND state = 'sending'", "was not recorded before it was sent"),
        ("DELETE FROM delivery WHERE delivery_id = 'id0'", "has events of the kit, and is not in the outbox"),
        ("DELETE FROM content WHERE delivery_id = 'id1'", "is to be sent, and has no message"),
        ("UPDATE delivery SET attempts = 7 WHERE delivery_id = 'id0'", "counts 7 attempts, and its story 1"),
        ("UPDATE delivery SET owner = 'x' WHERE delivery_id = 'id0'", "is accepted, and x still holds it"),
        ("DELETE FROM event WHERE delivery_id = 'id0' AND state = 'pending'", "its story begins with sending"),
    ],
)
def test_what_does_not_add_up_is_found(store: Store, file: Path, damage: str, says: str) -> None:
    store.enqueue([(waiting(0), MESSAGE), (waiting(1), MESSAGE)], now=NOW)
    (sent,) = on_its_way(store)
    store.record([accepted(sent)])
    assert store.check() == []
    with sqlite3.connect(file) as other:
        other.execute(damage)
    other.close()
    assert says in "\n".join(problem.text for problem in store.check())
