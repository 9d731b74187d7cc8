"""Many record at once, one thread commits: durable for each, and nobody's trouble is another's."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from mailkit.errors import LeaseLost, StoreError
from mailkit.journal import Change, Delivery, Journal, Store, open_store

from .queued import LEASE, NOW, accepted, fill, sending


@pytest.fixture
def claimed(store: Store) -> list[Delivery]:
    fill(store, 50)
    return store.claim("one", limit=50, lease=LEASE, now=NOW)


async def test_what_was_recorded_is_in_the_file_when_record_returns(store: Store, claimed: list[Delivery], file: Path) -> None:
    def seen_by_another(delivery_id: str) -> str:
        other = sqlite3.connect(file)
        try:
            ((state,),) = other.execute("SELECT state FROM delivery WHERE delivery_id = ?", (delivery_id,)).fetchall()
        finally:
            other.close()
        return str(state)

    async with Journal(store) as journal:

        async def send(one: Delivery) -> None:
            begun = sending(one, "one")
            await journal.record(begun)
            assert await asyncio.to_thread(seen_by_another, one.delivery_id) == "sending"
            await journal.record(accepted(begun.applied(one)))
            assert await asyncio.to_thread(seen_by_another, one.delivery_id) == "accepted"

        await asyncio.gather(*map(send, claimed))
        assert journal.recorded == 100
        assert journal.commits < 100
    assert await asyncio.to_thread(store.check) == []


async def test_a_lost_lease_is_told_to_its_own_sender_only(store: Store, claimed: list[Delivery]) -> None:
    async with Journal(store) as journal:
        changes = [sending(one, "somebody else" if one.delivery_id == "id7" else "one") for one in claimed]
        results = await asyncio.gather(*(journal.record(change) for change in changes), return_exceptions=True)
    assert [type(result) for result in results] == [LeaseLost if number == 7 else int for number in range(50)]
    assert await asyncio.to_thread(store.counts) == {"pending": 1, "sending": 49}


async def test_who_stops_waiting_loses_nothing_and_delays_nobody(store: Store, claimed: list[Delivery]) -> None:
    async with Journal(store) as journal:
        tasks = [asyncio.create_task(journal.record(sending(one, "one"))) for one in claimed]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 25
    assert await asyncio.to_thread(store.counts) == {"sending": 50}


async def test_the_end_waits_for_what_was_handed_in(store: Store, claimed: list[Delivery]) -> None:
    async with Journal(store) as journal:
        tasks = [asyncio.create_task(journal.record(sending(one, "one"))) for one in claimed]
        await asyncio.sleep(0)
    assert await asyncio.to_thread(store.counts) == {"sending": 50}
    assert await asyncio.gather(*tasks) == [1] * 50
    with pytest.raises(StoreError, match="the journal is closed"):
        await journal.record(accepted(claimed[0]))


async def test_a_locked_store_is_told_to_everybody_and_work_goes_on_afterwards(claimed: list[Delivery], file: Path) -> None:
    def locked() -> sqlite3.Connection:
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        return other

    impatient = await asyncio.to_thread(open_store, file, patience=0.05)
    async with Journal(impatient) as journal:
        other = await asyncio.to_thread(locked)
        changes = [sending(one, "one") for one in claimed]
        results = await asyncio.gather(*(journal.record(change) for change in changes), return_exceptions=True)
        assert {getattr(result, "problem", None) for result in results} == {"busy"}
        assert len({id(result) for result in results}) == 50
        await asyncio.to_thread(other.close)
        assert await journal.record(*changes) == 50
    await asyncio.to_thread(impatient.close)


async def test_a_defect_in_one_call_reaches_its_caller_and_the_journal_lives_on(store: Store, claimed: list[Delivery]) -> None:
    async with Journal(store) as journal:
        with pytest.raises(AttributeError):
            await journal.record("not a change")  # type: ignore[arg-type]  # what is tested
        assert await journal.record(sending(claimed[0], "one")) == 1


async def test_changes_of_one_call_are_one_commit(store: Store, claimed: list[Delivery]) -> None:
    async with Journal(store) as journal:
        changes: list[Change] = [sending(one, "one") for one in claimed]
        assert await journal.record(*changes) == 50
        assert journal.commits == 1
