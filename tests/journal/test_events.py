"""What others recorded goes in once, by the million, and can be read on from where one stopped."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

from mailkit.journal import Event, State, Store, open_store

from .queued import LATER, NOW, accepted, fill, on_its_way


def logged(count: int, start: int = 0, state: State = "delivered") -> Iterator[Event]:
    for number in range(start, start + count):
        yield Event(
            moment=NOW + timedelta(seconds=number),
            delivery_id=f"postfix:{number // 2}",
            state=state if number % 2 else "accepted",
            source="postfix",
            source_key=f"mx1/4F{number}",
            recipient=f"clerk{number % 50}@hotel.test",
            recipient_domain="hotel.test",
            reply="250 2.0.0 Ok: queued as 7C1",
            queue_id=f"4F{number}",
            connect_ms=12.5,
        )


def test_reading_the_same_log_twice_adds_nothing(store: Store) -> None:
    first, second = store.add_events(logged(2500)), store.add_events(logged(3000))
    assert (first.new, first.known, second.new, second.known) == (2500, 0, 500, 2500)
    assert [event for _, event in store.events()] == list(logged(3000))


def test_the_same_line_twice_in_one_log_is_one_event(store: Store) -> None:
    added = store.add_events(itertools.chain(logged(10), logged(10)))
    assert (added.new, added.known) == (10, 10)


def test_a_reader_goes_on_where_it_stopped(store: Store) -> None:
    store.add_events(logged(5000))
    seen = list(store.events(limit=4321))
    assert len(seen) == 4321
    store.add_events(logged(10, start=5000))
    rest = list(store.events(after=seen[-1][0]))
    assert [event for _, event in seen + rest] == list(logged(5010))
    numbers = [number for number, _ in seen + rest]
    assert numbers == sorted(set(numbers))


def test_a_number_is_never_given_twice(store: Store) -> None:
    store.add_events(logged(10))
    last = [number for number, _ in store.events()][-1]
    store.prune(NOW + timedelta(days=1))
    assert list(store.events()) == []
    store.add_events(logged(1))
    assert [number for number, _ in store.events()] > [last]


def test_progress_is_told_and_a_stop_keeps_what_was_added(store: Store) -> None:
    read = 0

    def reading() -> Iterator[Event]:
        nonlocal read
        for event in logged(45_000):
            read += 1
            yield event

    coming = store.adding_events(reading())
    first = next(coming)
    coming.close()
    assert first.new == read < 45_000  # nothing is read ahead of what is written
    assert sum(1 for _ in store.events()) == first.new
    added = store.add_events(logged(45_000))
    assert (added.new, added.known) == (45_000 - first.new, first.new)


def test_an_event_of_the_kits_own_mail_moves_its_row(store: Store) -> None:
    fill(store, 3)
    for sent in on_its_way(store, limit=3):
        store.record([accepted(sent)])
    told: list[tuple[str, State]] = [("id0", "delivered"), ("id1", "bounced"), ("id2", "deferred"), ("stranger", "delivered")]
    logged_events = [
        Event(moment=LATER, delivery_id=name, state=state, source="postfix", source_key=name) for name, state in told
    ]
    store.add_events(logged_events)
    assert {one.delivery_id: one.state for one in store.deliveries()} == {"id0": "delivered", "id1": "bounced", "id2": "accepted"}
    assert store.check() == []
    store.add_events(logged_events)
    assert store.check() == []


def test_a_mail_returned_and_then_resent_is_not_returned_again_by_the_old_log(store: Store) -> None:
    fill(store, 1)
    (sent,) = on_its_way(store)
    store.record([accepted(sent)])
    bounce = Event(moment=LATER, delivery_id="id0", state="bounced", source="bounce", source_key="<b1@mx.test>")
    store.add_events([bounce])
    store.settle("id0", "resend", by="support", now=LATER)
    store.add_events([bounce])
    assert store.counts() == {"pending": 1}


def test_hostile_text_comes_back_harmless_or_as_it_was(store: Store) -> None:
    nasty = ["'; DROP TABLE event; --", "=cmd|' /C calc'!A0", "\x1b[31m", "a\nb", "%s %(x)s :x", "\x00", "\ud800", "🙂" * 1000]
    store.add_events(
        Event(moment=NOW, delivery_id="x", state="bounced", source="csv", source_key=str(number), reply=text, subject=text)
        for number, text in enumerate(nasty)
    )
    replies = [event.reply for event in store.story("x")]
    assert replies == [*nasty[:5], "\\x00", "\\ud800", nasty[7]]


def test_a_backup_is_a_whole_store_made_while_others_write(store: Store, tmp_path: Path) -> None:
    fill(store, 5)
    store.add_events(logged(100))
    copy = tmp_path / "copy.sqlite3"
    store.backup(copy)
    on_its_way(store)
    with open_store(copy, create=False) as other:
        assert other.counts() == {"pending": 5}
        assert cast("object", list(other.events())[5:]) == [(n, e) for n, e in store.events() if e.source == "postfix"]
        assert other.check() == []


def test_what_is_old_is_forgotten_and_what_is_open_stays_whole(store: Store) -> None:
    fill(store, 4)
    for sent in on_its_way(store, limit=3):
        store.record([accepted(sent)])
    store.add_events([Event(moment=LATER, delivery_id="id0", state="delivered", source="postfix", source_key="late")])
    store.add_events(logged(40))  # until 40 s after NOW, in pairs
    pruned = store.prune(NOW + timedelta(seconds=21))
    assert (pruned.deliveries, pruned.events) == (2, 6 + 20)
    assert {one.delivery_id: one.state for one in store.deliveries()} == {"id0": "delivered", "id3": "pending"}
    assert store.content("id1") is None
    assert store.content("id3") is not None
    assert store.check() == []
