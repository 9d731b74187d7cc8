"""The store on a real PostgreSQL: the same as on SQLite, for several machines at once."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import random
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from mailkit.errors import InputError, LeaseLost, StoreError
from mailkit.journal import Event, Journal, Store, open_store

from .ground.postgres import PASSWORD, Postgres, postgres, programs

pytest.importorskip("psycopg")


def _journal_tests() -> ModuleType:
    # Its tests' own values and its second process; the two folders are no packages that could import each other.
    path = Path(__file__).parents[1] / "journal" / "queued.py"
    spec = importlib.util.spec_from_file_location("queued_for_postgres", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


queued = _journal_tests()
NOW, LATER, LEASE = queued.NOW, queued.LATER, queued.LEASE


@pytest.fixture(scope="module")
def server(ground: Path) -> Iterator[Postgres]:
    if programs() is None:
        if os.environ.get("CI"):
            pytest.fail("Debian package missing: postgresql")
        pytest.skip("Debian package missing: postgresql")
    with postgres(ground / "postgres") as started:
        yield started


@pytest.fixture
def where(server: Postgres) -> str:
    return server.fresh()


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    with open_store(where) as opened:
        yield opened


def some_life(store: Store) -> None:
    """Everything that can happen to deliveries."""
    queued.fill(store, 12, on_uncertain="resend", user="FD", subject="Spur 4711 ✓")
    store.enqueue([(queued.waiting(99, state="skipped", skip="no-address", account=None), None)], now=NOW)
    sent = queued.on_its_way(store, "one", limit=6)
    store.record(
        [queued.accepted(sent[0]), queued.ended(sent[1], "rejected", reply_code=550, reply="550 5.1.1 no \x00 such user")]
    )
    store.record([queued.ended(sent[2], "deferred", next_try=NOW + timedelta(hours=1)), queued.ended(sent[3], "uncertain")])
    with pytest.raises(LeaseLost):
        store.record([queued.sending(sent[4], "two")])
    store.add_events(
        Event(moment=LATER, delivery_id=f"id{n}", state="delivered", source="postfix", source_key=f"{n // 2}", transmit_ms=1.5)
        for n in (0, 1, 40, 41, 42)
    )
    store.recover(LATER)
    store.settle("id1", "resend", by="support", now=LATER)
    store.halt("an account", "{}", NOW)
    store.release("one")
    store.prune(NOW - timedelta(days=1))


def test_both_databases_tell_the_same(store: Store, tmp_path: Path) -> None:
    told = []
    with open_store(tmp_path / "history.sqlite3") as file:
        for one in (store, file):
            some_life(one)
            assert one.check() == []
            own_keys = [event for _, event in one.events()]
            told.append(
                {
                    "rows": list(one.deliveries()),
                    "events": [
                        (e.delivery_id, e.moment, e.state, e.source, e.attempt, e.reply, e.note, e.transmit_ms) for e in own_keys
                    ],
                    "attempts": list(one.attempts()),
                    "counts": one.counts(),
                    "halted": one.halted(),
                    "sent": one.sent_since(queued.ACCOUNT, NOW),
                    "content": one.content("id3"),
                }
            )
    assert told[0] == told[1]


def test_two_processes_never_claim_the_same(store: Store, where: str) -> None:
    queued.fill(store, 600)
    with queued.process("claim", where, "one") as one, queued.process("claim", where, "two") as two:
        claimed = queued.claim_together(one, two)
    assert sorted(claimed[0] + claimed[1]) == sorted(f"id{number}" for number in range(600))
    assert all(claimed)


def test_two_processes_that_recover_say_it_once(store: Store, where: str) -> None:
    queued.fill(store, 300)
    queued.on_its_way(store, "dead", limit=300)
    with queued.process("recover", where) as one, queued.process("recover", where) as two:
        said = [line for running in (one, two) for line in running.communicate(timeout=60)[0].splitlines() if line != "ready"]
    assert sorted(said) == sorted(f"id{number} uncertain" for number in range(300))
    assert store.check() == []


@pytest.mark.parametrize("round_", range(3))
def test_what_was_reported_recorded_survives_a_kill(store: Store, where: str, round_: int) -> None:
    queued.fill(store, 2000)
    with queued.process("record", where, "one") as running:
        assert running.stdout
        said = [running.stdout.readline().split() for _ in range(random.Random(round_).randint(2, 120))][1:]
        running.kill()
        said += [words for line in running.stdout.readlines() if len(words := line.split()) == 2]
    told = {name: set(queued.states(store.story(name))) for name, _ in said}
    assert [one for one in said if one[1] not in told[one[0]]] == []
    assert store.counts().get("sending", 0) <= 1
    store.recover(LATER)
    assert store.check() == []


def test_a_reader_who_remembers_a_number_misses_nothing(store: Store, where: str) -> None:
    """A lower number may be committed after a higher one; the reader waits for it instead of going past it."""

    def event(name: str) -> Event:
        return Event(moment=NOW, delivery_id=name, state="delivered", source="csv", source_key=name)

    seen: list[str] = []
    with open_store(where) as slow:
        with slow.transaction() as open_one:
            slow._recorder.add(open_one, [event("first")])
            store.add_events([event("second")])
            reader = threading.Thread(target=lambda: seen.extend(e.delivery_id for _, e in store.events()))
            reader.start()
            reader.join(timeout=0.5)
            assert seen == []
        reader.join(timeout=30)
    assert seen == ["first", "second"]


def test_reading_the_same_log_twice_adds_nothing_and_hostile_text_survives(store: Store) -> None:
    nasty = ["'; DROP TABLE event; --", "\\N", "\\.", "a\tb\nc\\", "%s", "\x00", "🙂" * 1000, ""]
    events = [
        Event(moment=NOW, delivery_id="x", state="bounced", source="csv", source_key=str(number), reply=text)
        for number, text in enumerate(nasty)
    ]
    first, second = store.add_events(events * 2), store.add_events(events)
    assert (first.new, first.known, second.new, second.known) == (8, 8, 0, 8)
    assert [event.reply for event in store.story("x")] == [*nasty[:5], "\\x00", *nasty[6:]]


async def test_many_record_in_few_commits(store: Store) -> None:
    await asyncio.to_thread(queued.fill, store, 50)
    claimed = await asyncio.to_thread(lambda: store.claim("one", limit=50, lease=LEASE, now=NOW))
    async with Journal(store) as journal:
        await asyncio.gather(*(journal.record(queued.sending(one, "one")) for one in claimed))
        assert journal.commits < 50
        assert journal.recorded == 50
    assert await asyncio.to_thread(store.counts) == {"sending": 50}


async def test_a_connection_cut_in_the_middle_is_told_and_the_next_one_is_made(
    store: Store, server: Postgres, where: str
) -> None:
    await asyncio.to_thread(queued.fill, store, 2)
    one, two = await asyncio.to_thread(lambda: store.claim("one", limit=2, lease=LEASE, now=NOW))
    async with Journal(store) as journal:
        held = server.locked("mailkit.event", where.rpartition("/")[2])
        await asyncio.to_thread(held.__enter__)
        waiting = asyncio.create_task(journal.record(queued.sending(one, "one")))
        await asyncio.to_thread(server.cut_those_who_wait)
        with pytest.raises(StoreError) as caught:
            await waiting
        assert caught.value.problem == "gone"
        await asyncio.to_thread(held.__exit__, None, None, None)
        assert await journal.record(queued.sending(one, "one")) == 1
        await asyncio.to_thread(server.cut_all)  # as a restart does; nobody was waiting, so nobody needs to know
        assert await journal.record(queued.sending(two, "one")) == 1
    assert await asyncio.to_thread(store.check) == []


def test_a_backup_is_a_file_with_the_same_in_it(store: Store, tmp_path: Path) -> None:
    some_life(store)
    store.backup(tmp_path / "copy.sqlite3")
    with open_store(tmp_path / "copy.sqlite3", create=False) as copy:
        assert list(copy.deliveries()) == list(store.deliveries())
        assert list(copy.events()) == list(store.events())
        assert copy.content("id3") == store.content("id3")
        assert copy.check() == []


def refusal(where: str, **options: bool) -> str:
    with pytest.raises(InputError) as caught:
        open_store(where, **options)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
    assert not [part for part in (PASSWORD, "correct%2Fhorse", "correct/horse", "wrong-one") if part in told]
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_what_the_server_refuses_is_said_in_one_line_without_the_password(server: Postgres, where: str) -> None:
    assert "does not know the user, the password or the database (" in refusal(server.url("postgres", password="wrong-one"))
    assert 'password authentication failed for user "mailkit"' in refusal(server.url("postgres", password="wrong-one"))
    assert 'database "nothing" does not exist' in refusal(server.url("nothing"))
    assert "Connection refused" in refusal(server.url("x").replace(str(server.port), "1"))
    assert "there is no store" in refusal(where, create=False)
    server.sql("CREATE ROLE looker LOGIN PASSWORD 'looker'")
    assert "needs the right to create and use the schema 'mailkit'" in refusal(
        where.replace("mailkit:", "looker:").replace("correct%2Fhorse%40battery", "looker")
    )


def test_who_may_only_look_looks(server: Postgres, where: str) -> None:
    with open_store(where) as store:
        queued.fill(store, 3)
    database = where.rpartition("/")[2]
    server.sql("CREATE ROLE auditor LOGIN PASSWORD 'auditor'")
    server.sql("GRANT USAGE ON SCHEMA mailkit TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA mailkit TO auditor", database)
    with open_store(server.url(database, "auditor", "auditor"), readonly=True) as looking:
        assert looking.counts() == {"pending": 3}
        with pytest.raises(StoreError):
            queued.fill(looking, 4)


def test_a_store_of_a_newer_version_is_refused(server: Postgres, where: str) -> None:
    open_store(where).close()
    server.sql("UPDATE mailkit.meta SET content = '2'", where.rpartition("/")[2])
    assert "was made by a newer mailkit" in refusal(where)


def test_tables_of_others_in_the_same_database_are_left_alone(server: Postgres, where: str) -> None:
    database = where.rpartition("/")[2]
    server.sql("CREATE TABLE event (name text); CREATE TABLE meta (name text)", database)
    with open_store(where) as store:
        some_life(store)
        assert store.check() == []
    assert server.sql("SELECT count(*) FROM public.event", database) == "0"


def test_a_server_that_promises_less_is_asked_for_more(server: Postgres, where: str) -> None:
    server.sql(f"ALTER DATABASE {where.rpartition('/')[2]} SET synchronous_commit TO off")
    with open_store(where) as store, store.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
