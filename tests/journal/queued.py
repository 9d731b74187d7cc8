"""Deliveries and changes for the tests of this folder, and a second process that works on a store.

Run as a program it claims whenever it is told to (``claim STORE OWNER``), records until it is killed (``record STORE OWNER``),
recovers (``recover STORE``) or takes the lock (``lock FILE``, ``try FILE``), and says what it has done line by line.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailkit.journal import Change, Delivery, Event, State, Store, happened, open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
LATER = NOW + LEASE + timedelta(seconds=1)
ACCOUNT = "traces@hotel.test at smtp.hotel.test:587"
MESSAGE = b"From: traces@hotel.test\r\nSubject: Trace\r\n\r\nExtra pillow in 4711.\r\n"


def waiting(number: int, **other: Any) -> Delivery:
    """Make a delivery that is due now."""
    plain: dict[str, Any] = {
        "delivery_id": f"id{number}",
        "key": f"trace:MAIN:{number}:frontdesk@hotel.test",
        "kind": "trace",
        "message_id": f"<id{number}@hotel.test>",
        "sender": "traces@hotel.test",
        "recipient": "frontdesk@hotel.test",
        "account": ACCOUNT,
        "created": NOW,
        "due": NOW,
    }
    return Delivery(**(plain | other))


def fill(store: Store, count: int, **other: Any) -> None:
    """Queue ``count`` deliveries."""
    store.enqueue(((waiting(number, **other), MESSAGE) for number in range(count)), now=NOW)


def sending(to: Delivery, owner: str, moment: datetime = NOW) -> Change:
    """Begin the next attempt."""
    event = happened(to, "sending", moment, attempt=to.attempts + 1, endpoint="smtp.hotel.test:587", address="192.0.2.25")
    return Change(to.delivery_id, event, owner=owner)


def ended(to: Delivery, state: State, moment: datetime = NOW, **facts: Any) -> Change:
    """End the attempt that was begun last."""
    return Change(to.delivery_id, happened(to, state, moment, attempt=to.attempts, stage="data", **facts))


def accepted(to: Delivery, moment: datetime = NOW) -> Change:
    """The server took it."""
    return ended(to, "accepted", moment, reply_code=250, enhanced_code="2.0.0", reply="2.0.0 Ok: queued as 4F2")


def on_its_way(store: Store, owner: str = "a sender", now: datetime = NOW, limit: int = 1) -> list[Delivery]:
    """Claim and begin to send."""
    claimed = store.claim(owner, limit=limit, lease=LEASE, now=now)
    changes = [sending(one, owner, now) for one in claimed]
    store.record(changes)
    return [change.applied(one) for one, change in zip(claimed, changes, strict=True)]


def states(story: Iterable[Event]) -> list[str]:
    """Give the states of a story, in order."""
    return [event.state for event in story]


@contextmanager
def process(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run this file as a process of its own; it is ended with the block."""
    command = [sys.executable, __file__, *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def _claim(store: Store, owner: str) -> None:
    while sys.stdin.readline():
        _say(*(one.delivery_id for one in store.claim(owner, limit=7, lease=LEASE, now=NOW)))


def claim_together(*processes: subprocess.Popen[str]) -> list[list[str]]:
    """Let processes that claim do so at the same moment, again and again, and give what each got."""
    claimed: list[list[str]] = [[] for _ in processes]
    heard = [_heard(running) for running in processes]
    assert heard == ["ready"] * len(processes)
    while any(heard):
        for running in processes:
            assert running.stdin
            running.stdin.write("go\n")
            running.stdin.flush()
        heard = [_heard(running) for running in processes]
        for mine, said in zip(claimed, heard, strict=True):
            mine.extend(said.split())
    return claimed


def _heard(running: subprocess.Popen[str]) -> str:
    assert running.stdout
    line = running.stdout.readline()
    assert line, "it ended"
    return line.rstrip("\n")


def _record(store: Store, owner: str) -> None:
    for one in store.claim(owner, limit=10_000, lease=LEASE, now=NOW):
        store.record([change := sending(one, owner)])
        _say(one.delivery_id, "sending")
        store.record([accepted(change.applied(one))])
        _say(one.delivery_id, "accepted")


def _lock(file: str, seconds: float) -> None:
    other = sqlite3.connect(file, isolation_level=None, timeout=0)
    try:
        other.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        _say("refused")
    else:
        _say("locked")
        time.sleep(seconds)


if __name__ == "__main__":
    what, where, *who = sys.argv[1:]
    if what in {"lock", "try"}:
        _lock(where, 60 if what == "lock" else 0)
    else:
        with open_store(where) as opened:
            _say("ready")
            if what == "recover":
                for one in opened.recover(LATER):
                    _say(one.delivery_id, one.state)
            else:
                {"claim": _claim, "record": _record}[what](opened, *who)
