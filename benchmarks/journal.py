"""Measure the store: durable records beside bare SQLite commits, claiming from a long queue, importing by the million.

``python benchmarks/journal.py [EVENTS]`` prints Markdown tables. A pair is what every mail costs: ``sending`` before its body
leaves and the reply after it. Bare is two rows and two commits with the standard library, as durable as the store.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailkit.journal import Change, Delivery, Event, Journal, Store, happened, open_store
from mailkit.journal.database import wal_is_safe

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
ACCOUNT = "traces@hotel.test at smtp.hotel.test:587"
MESSAGE = b"Subject: Trace\r\n\r\n" + b"Extra pillow, please.\r\n" * 90
PAIRS = {1: 500, 10: 3000, 50: 6000}


def _queued(count: int) -> Iterator[tuple[Delivery, bytes]]:
    for number in range(count):
        row = Delivery(
            delivery_id=f"t{number:x}",
            key=f"trace:MAIN:{number}:frontdesk@hotel.test",
            kind="trace",
            message_id=f"<t{number:x}@hotel.test>",
            sender="traces@hotel.test",
            recipient="frontdesk@hotel.test",
            account=ACCOUNT,
            created=NOW,
            due=NOW,
            user="FD",
            mailing="trace",
            subject=f"Trace {number}",
        )
        yield row, MESSAGE


def _pair(row: Delivery) -> tuple[Change, Change]:
    where = {"attempt": 1, "endpoint": "smtp.hotel.test:587", "address": "192.0.2.25"}
    said = {"stage": "data", "reply_code": 250, "enhanced_code": "2.0.0", "reply": "2.0.0 Ok: queued as 4F2", "queue_id": "4F2"}
    begun = Change(row.delivery_id, happened(row, "sending", NOW, **where), owner="bench")
    return begun, Change(row.delivery_id, happened(row, "accepted", NOW, **where, **said, connect_ms=0.0, transmit_ms=1.5))


def _bare(folder: Path, pairs: int) -> tuple[float, float]:
    """Two rows and two commits a pair, nothing else; returns pairs per second and processor milliseconds a pair."""
    with closing(sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode={'wal' if wal_is_safe() else 'persist'}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE state (id INTEGER PRIMARY KEY, state TEXT)")
        connection.execute("CREATE TABLE happened (id INTEGER PRIMARY KEY, who INTEGER, state TEXT, reply TEXT)")
        begun, used = time.perf_counter(), time.process_time()
        for number in range(pairs):
            for state in ("sending", "accepted"):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (number, state))
                connection.execute("INSERT INTO happened (who, state, reply) VALUES (?, ?, ?)", (number, state, "2.0.0 Ok"))
                connection.execute("COMMIT")
        return pairs / (time.perf_counter() - begun), (time.process_time() - used) * 1000 / pairs


async def _together(store: Store, width: int, pairs: int) -> tuple[float, float, float]:
    """Record pairs from ``width`` coroutines; returns pairs per second, processor milliseconds a pair, commits a record."""
    claimed = await asyncio.to_thread(lambda: store.claim("bench", accounts={ACCOUNT}, limit=pairs, lease=LEASE, now=NOW))
    rows = iter([_pair(row) for row in claimed])

    async def send(journal: Journal) -> None:
        for begun, ended in rows:
            await journal.record(begun)
            await journal.record(ended)

    async with Journal(store) as journal:
        begun, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(send(journal) for _ in range(width)))
        seconds, busy = time.perf_counter() - begun, time.process_time() - used
    return pairs / seconds, busy * 1000 / pairs, journal.commits / journal.recorded


def recording() -> str:
    """Measure durable records with 1, 10 and 50 connections."""
    lines = ["| durable pairs | pairs/s | processor ms a pair | commits a record |", "|---|--:|--:|--:|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rate, busy = _bare(folder, PAIRS[1])
        lines.append(f"| bare sqlite3, two commits a pair | {rate:,.0f} | {busy:.2f} | 1.000 |")
        for width, pairs in PAIRS.items():
            with open_store(folder / f"{width}.sqlite3") as store:
                store.enqueue(_queued(pairs), now=NOW)
                rate, busy, commits = asyncio.run(_together(store, width, pairs))
            lines.append(f"| journal, {width} at once | {rate:,.0f} | {busy:.2f} | {commits:.3f} |")
    kept = "write-ahead log" if wal_is_safe() else "rollback journal"
    return "\n".join([f"## Durable records (SQLite {sqlite3.sqlite_version}, {kept}, FULL)", "", *lines, ""])


def claiming(waiting: int = 100_000) -> str:
    """Measure queueing, and claiming a hundred of many that wait."""
    lines = [f"| {waiting:,} deliveries | |", "|---|--:|"]
    with tempfile.TemporaryDirectory() as name, open_store(Path(name) / "history.sqlite3") as store:
        begun = time.perf_counter()
        store.enqueue(_queued(waiting), now=NOW)
        lines.append(f"| queued a second, with their messages | {waiting / (time.perf_counter() - begun):,.0f} |")
        for what, chosen in (("of one account", {"accounts": {ACCOUNT}}), ("of any account", {})):
            taken = []
            for turn in range(20):
                begun = time.perf_counter()
                assert len(store.claim(f"bench {turn}", **chosen, limit=100, lease=LEASE, now=NOW)) == 100
                taken.append(time.perf_counter() - begun)
            lines.append(f"| claim 100 {what}, median ms | {sorted(taken)[10] * 1000:.1f} |")
        begun = time.perf_counter()
        store.counts()
        lines.append(f"| count by state, ms | {(time.perf_counter() - begun) * 1000:.0f} |")
        begun = time.perf_counter()
        store.recover(NOW)
        lines.append(f"| recover, nothing to do, ms | {(time.perf_counter() - begun) * 1000:.0f} |")
    return "\n".join(["## A long queue", "", *lines, ""])


def _logged(count: int) -> Iterator[Event]:
    dice = random.Random(5)
    for number in range(count):
        yield Event(
            moment=NOW + timedelta(milliseconds=7 * number),
            delivery_id=f"postfix:{dice.getrandbits(48):x}",
            state="accepted",
            source="postfix",
            source_key=f"mx1/{dice.getrandbits(60):x}",
            message_id=f"<{number}@hotel.test>",
            sender="office@hotel.test",
            recipient=f"clerk{number % 400}@d{number % 60}.test",
            recipient_domain=f"d{number % 60}.test",
            endpoint="mx.d.test:25",
            reply_code=250,
            enhanced_code="2.0.0",
            reply="250 2.0.0 Ok: queued as 7C1AB",
            queue_id=f"{number:X}",
            before_ms=1.0,
            queue_ms=2.0,
            connect_ms=12.5,
            transmit_ms=30.0,
        )


def importing(events: int = 500_000) -> str:
    """Measure adding events of which nothing is known yet, in the worst order for the indices, and reading them again."""
    lines = [f"| {events:,} events | |", "|---|--:|"]
    begun = time.process_time()
    sum(1 for _ in _logged(20_000))
    making = (time.process_time() - begun) / 20_000
    with tempfile.TemporaryDirectory() as name, open_store(Path(name) / "history.sqlite3") as store:
        begun, used = time.perf_counter(), time.process_time()
        assert store.add_events(_logged(events)).new == events
        seconds, busy = time.perf_counter() - begun, time.process_time() - used - making * events
        lines += [
            f"| added a second (with making them) | {events / seconds:,.0f} |",
            f"| added a second of processor time (without) | {events / busy:,.0f} |",
        ]
        begun = time.perf_counter()
        assert store.add_events(_logged(events // 10)).new == 0
        lines.append(f"| known already, a second | {events / 10 / (time.perf_counter() - begun):,.0f} |")
        begun = time.perf_counter()
        assert sum(1 for _ in store.events()) == events
        lines.append(f"| read a second | {events / (time.perf_counter() - begun):,.0f} |")
        assert store.path
        lines.append(f"| bytes an event in the file | {store.path.stat().st_size / events:,.0f} |")
    lines.append(f"| peak memory, MiB | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} |")
    return "\n".join(["## Importing", "", *lines, ""])


if __name__ == "__main__":
    print(recording())
    print(claiming())
    print(importing(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000))
