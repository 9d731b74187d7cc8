"""Killed, cut off, out of disk, locked out: nothing is lost, nothing comes twice, and what is doubtful is called so.

The sender is a process of its own that is killed (SIGKILL) when the server has seen a chosen step of a chosen mail, or at any
moment; what arrived is counted by Message-ID. ``python benchmarks/sending.py --kills 200`` does that as long as one likes.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit.journal import open_store
from mailkit.mail.account import Account, Pace

from .ground.dovecot import USER
from .ground.killing import MOMENTS, Counted, Moment, live_and_die
from .ground.nursery import Nursery, Order, nursery
from .ground.postfix import Postfix
from .ground.queueing import message_ids, queue
from .ground.receiver import receiving

MAILS = {1: 8, 10: 60, 50: 300}


@pytest.fixture(scope="module")
def senders() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


def assert_nothing_lost_or_doubled(counted: Counted) -> None:
    assert counted.deaths == 1
    assert (counted.lost, counted.copies, counted.strangers, counted.waiting) == (0, 0, 0, 0), counted
    assert counted.most_uncertain <= 1, counted


@pytest.mark.parametrize("connections", [1, 10, 50])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_step_it_loses_nothing_and_doubles_nothing(
    moment: Moment, connections: int, senders: Nursery, tmp_path: Path
) -> None:
    chance = random.Random(f"{moment} {connections}")
    counted = live_and_die(senders, tmp_path, moment=moment, mails=MAILS[connections], connections=connections, chance=chance)
    assert_nothing_lost_or_doubled(counted)
    if moment in ("connect", "EHLO"):
        assert not counted.uncertain


@pytest.mark.parametrize("connections", [1, 10])
@pytest.mark.parametrize("moment", ["DATA", "body", "dot", "answered"])
def test_where_the_uncertain_is_sent_again_there_is_one_copy_per_connection_at_most(
    moment: Moment, connections: int, senders: Nursery, tmp_path: Path
) -> None:
    chance = random.Random(f"{moment} {connections} again")
    counted = live_and_die(
        senders, tmp_path, moment=moment, mails=MAILS[connections], connections=connections, chance=chance, policy="resend"
    )
    assert_nothing_lost_or_doubled(counted)
    assert not counted.uncertain


@pytest.mark.parametrize("connections", [1, 10])
@pytest.mark.parametrize("moment", [one for one in MOMENTS if one != "any"])
def test_a_network_that_is_cut_loses_nothing_and_doubles_nothing(
    moment: Moment, connections: int, senders: Nursery, tmp_path: Path
) -> None:
    chance = random.Random(f"{moment} {connections} cut")
    counted = live_and_die(
        senders, tmp_path, moment=moment, mails=MAILS[connections], connections=connections, chance=chance, cut=True
    )
    assert_nothing_lost_or_doubled(counted)


def test_killed_again_and_again_in_front_of_postfix(senders: Nursery, mail: Postfix, tmp_path: Path) -> None:
    chance, mark = random.Random(7), mail.log.mark()
    account = Account(host="127.0.0.1", port=mail.ports["mx"], security="none", pace=Pace(connections=4))
    with open_store(tmp_path / "store.sqlite3") as store:
        made = queue(store, account, 120, recipient=USER)
        order = Order(store=str(tmp_path / "store.sqlite3"), port=account.port, connections=4)
        deaths = 0
        for _ in range(6):
            pid = senders.send(order)
            time.sleep(chance.uniform(0.02, 0.4))
            os.kill(pid, signal.SIGKILL)
            deaths += senders.ended(pid) == -signal.SIGKILL
        assert senders.ended(senders.send(order)) == 0
        counts = store.counts()
        uncertain = {one.message_id for one in store.deliveries(states=("uncertain",))}
    assert deaths
    assert set(counts) <= {"accepted", "uncertain"}
    assert len(uncertain) <= 4 * deaths

    def taken(lines: list[str]) -> Counter[str]:
        # A mail is in the queue when its queue manager says so; cleanup names it before.
        names = {found[1]: found[2] for line in lines if (found := re.search(r"cleanup\[\d+\]: (\w+): message-id=(<\S+>)", line))}
        return Counter(names[found[1]] for line in lines if (found := re.search(r"qmgr\[\d+\]: (\w+): from=", line)))

    lines = mail.log.wait(mark, lambda lines: len(taken(lines)) >= counts["accepted"])
    assert set(taken(lines).values()) == {1}
    assert set(taken(lines)) | uncertain == message_ids(made)


def test_two_senders_on_one_queue_send_nothing_twice(senders: Nursery, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with receiving() as server, open_store(path) as store:
        order = Order(store=str(path), port=server.port, connections=5, lease=5)
        made = queue(store, order.account, 1000)
        both = [senders.send(order), senders.send(order)]
        assert [senders.ended(pid) for pid in both] == [0, 0]
        assert store.counts() == {"accepted": 1000}
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        assert len({run.run_id for run in store.runs()}) >= 2


def test_after_a_death_the_next_sender_goes_on_when_the_lease_is_over(senders: Nursery, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with receiving() as server, open_store(path) as store:
        order = Order(store=str(path), port=server.port, lease=1)
        made = queue(store, order.account, 5)
        server.tell = lambda step, _: "silence" if step == "RCPT" else None
        pid = senders.send(order)
        end = time.monotonic() + 20
        while not any(line.startswith("RCPT") for line in server.said):
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        assert senders.ended(pid) == -signal.SIGKILL
        server.tell = lambda _step, _self: None
        held = [one for one in store.deliveries() if one.owner]
        assert held
        assert all(one.lease is not None for one in held)
        while store.counts() != {"accepted": 5}:
            assert time.monotonic() < end
            assert senders.ended(senders.send(Order(store=str(path), port=server.port, until_done=False))) == 0
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)


def test_a_disk_that_is_full_stops_it_before_a_body_leaves(senders: Nursery, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with receiving() as server, open_store(path) as store:
        order = Order(store=str(path), port=server.port, connections=2)
        made = queue(store, order.account, 200)
        full = Order(store=str(path), port=server.port, connections=2, largest_file=path.stat().st_size + 20_000)
        assert senders.ended(senders.send(full)) == 3
        taken = server.taken.total()
        assert 0 < taken < 200
        counts = store.counts()
        # What left is known to have left; at most one answer per connection could not be written down any more.
        assert counts["accepted"] <= taken <= counts["accepted"] + counts.get("sending", 0)
        assert counts.get("sending", 0) <= 2
        assert senders.ended(senders.send(order)) == 0
        doubtful = {one.message_id for one in store.deliveries(states=("uncertain",))}
        assert set(server.taken) | doubtful == message_ids(made)
        assert max(server.taken.values()) == 1


def test_a_store_that_another_program_has_locked_is_waited_for_and_nothing_leaves_meanwhile(
    senders: Nursery, tmp_path: Path
) -> None:
    path = tmp_path / "store.sqlite3"
    with receiving() as server, open_store(path) as store:
        order = Order(store=str(path), port=server.port)
        made = queue(store, order.account, 20)
        other = sqlite3.connect(path, isolation_level=None)
        locked: list[int] = []

        def tell(step: str, _: object) -> None:
            if step == "DATA" and not locked:
                other_thread.execute("BEGIN IMMEDIATE")
                locked.append(server.taken.total())

        other_thread = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        server.tell = tell  # type: ignore[assignment]  # narrower than declared
        pid = senders.send(order)
        end = time.monotonic() + 20
        while not locked:
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.3)
        assert server.taken.total() == locked[0]
        other_thread.rollback()
        assert senders.ended(pid) == 0
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        other.close()
        other_thread.close()


def test_a_store_that_stays_locked_is_told_in_one_line_and_nothing_left(senders: Nursery, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with receiving() as server, open_store(path) as store:
        order = Order(store=str(path), port=server.port, patience=0.2)
        made = queue(store, order.account, 5)
        locker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

        def tell(step: str, _: object) -> None:
            if step == "DATA" and not locker.in_transaction:
                locker.execute("BEGIN IMMEDIATE")

        server.tell = tell  # type: ignore[assignment]  # narrower than declared
        assert senders.ended(senders.send(order)) == 3
        assert not server.taken
        locker.rollback()
        server.tell = lambda _step, _self: None
        assert senders.ended(senders.send(order)) == 0
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        locker.close()
