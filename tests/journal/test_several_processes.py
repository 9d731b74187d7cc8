"""Several processes work on one store, and some of them are killed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mailkit.errors import MailkitError
from mailkit.journal import Store, open_store

from .queued import LATER, LEASE, NOW, claim_together, fill, process, sending, states


def test_two_processes_never_claim_the_same(store: Store, file: Path) -> None:
    fill(store, 600)
    with process("claim", file, "one") as one, process("claim", file, "two") as two:
        claimed = claim_together(one, two)
    assert sorted(claimed[0] + claimed[1]) == sorted(f"id{number}" for number in range(600))
    assert all(claimed)
    assert {row.owner for row in store.deliveries()} == {"one", "two"}


def test_two_processes_that_recover_say_it_once(store: Store, file: Path) -> None:
    fill(store, 300)
    claimed = store.claim("dead", limit=300, lease=LEASE, now=NOW)
    store.record([sending(one, "dead") for one in claimed])
    with process("recover", file) as one, process("recover", file) as two:
        said = [line for running in (one, two) for line in running.communicate(timeout=60)[0].splitlines() if line != "ready"]
    assert sorted(said) == sorted(f"id{number} uncertain" for number in range(300))
    assert states(store.story("id7")) == ["pending", "sending", "uncertain"]
    assert store.check() == []


@pytest.mark.parametrize("round_", range(4))
def test_what_was_reported_recorded_survives_a_kill(file: Path, round_: int) -> None:
    with open_store(file) as store:
        fill(store, 2000)
    after = random.Random(round_).randint(1, 120)
    with process("record", file, "one") as running:
        assert running.stdout
        said = [running.stdout.readline().split() for _ in range(after)][1:]
        running.kill()
        said += [words for line in running.stdout.readlines() if len(words := line.split()) == 2]
    with open_store(file) as store:
        assert store.check() == []
        told = {name: set(states(store.story(name))) for name, _ in said}
        assert [one for one in said if one[1] not in told[one[0]]] == []
        lost = store.counts().get("sending", 0)
        assert lost <= 1
        assert len(store.recover(LATER)) == lost
        assert store.check() == []


def test_a_store_locked_by_another_program_is_waited_for_and_then_said(store: Store, file: Path) -> None:
    fill(store, 1)
    with process("lock", file) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        # With a write-ahead log it can be opened meanwhile, and not be written.
        with (
            pytest.raises(MailkitError, match="another program has locked it for too long: close"),
            open_store(file, patience=0.2) as opened,
        ):
            fill(opened, 2)
        other.kill()
        other.wait()
        with open_store(file) as again:
            assert again.counts() == {"pending": 1}


def test_making_a_store_at_the_same_time_makes_one(file: Path) -> None:
    with process("claim", file, "one") as one, process("claim", file, "two") as two, process("claim", file, "three") as three:
        for running in (one, two, three):
            assert running.stdout
            assert running.stdout.readline() == "ready\n"
    with open_store(file, create=False) as store:
        assert store.check() == []


def test_a_process_keeps_its_locks_when_it_opens_the_store_again(store: Store, file: Path) -> None:
    """Closing any descriptor of a file drops the locks of the whole process on it (POSIX): only SQLite may open it."""
    fill(store, 1)
    with store.transaction():
        with open_store(file, readonly=True) as again:
            assert again.counts() == {"pending": 1}
        with open_store(file) as again:
            assert again.counts() == {"pending": 1}
        with process("try", file) as other:
            assert other.communicate(timeout=60)[0] == "refused\n"
    with process("try", file) as other:
        assert other.communicate(timeout=60)[0] == "locked\n"
