"""Measure the delivery history: how fast a store is copied, how large the copy is, how long each question takes.

``python benchmarks/history.py`` prints Markdown tables for a million and for ten million events (or as many as are named).
Each question is asked beside the same one written by hand in DuckDB's SQL, over the same events and in the same run, and
beside pandas; their answers are compared. What counts are the ratios: times depend on the machine and on what else it does.

The events are made here: 400 users, 60 domains, 120 days; of the mails 86 % are accepted, 6 % deferred first, 3 % refused,
2 % never tried, 1 % uncertain and sent again, 1 % sent twice, 1 % still waiting.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from mailkit.history import questions as ask
from mailkit.history.choice import micros
from mailkit.history.engine import History, open_history
from mailkit.journal import open_store

SIZES = (1_000_000, 10_000_000)
GOALS = {1_000_000: 1.0, 10_000_000: 3.0}
RATIO = 1.2
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CHANGED = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 120
FIRST = micros(NOW - timedelta(days=DAYS), "UTC") or 0
REASONS = (
    ("userunknown", "recipient_unknown", 550, "5.1.1", "550 5.1.1 no such user here"),
    ("mailboxfull", "mailbox_full", 452, "4.2.2", "452 4.2.2 the mailbox is full"),
    ("ratelimited", "rate_limit", 451, "4.7.0", "451 4.7.0 too many messages, try again later"),
    ("blocked", "ip_listed", 554, "5.7.1", "554 5.7.1 your address is on a list"),
)
STORIES = ("delivered",) * 86 + ("deferred",) * 6 + ("refused",) * 3 + ("never",) * 2 + ("lost", "twice", "waiting")
INSERT = (
    """INSERT INTO event (moment, delivery_id, state, source, source_key, kind, attempt, message_id, property, user_code, sender,
recipient, recipient_domain, subject, account, endpoint, stage, reply_code, enhanced_code, reply, reason, cause, before_ms,
queue_ms, connect_ms, transmit_ms, next_try) VALUES ("""
    + ",".join("?" * 27)
    + ")"
)


def events(count: int) -> Iterator[tuple[Any, ...]]:
    """Give about ``count`` events as rows, in the order of time of their mails."""
    dice = random.Random(7)
    made = number = 0
    while made < count:
        number += 1
        at = FIRST + int(made / count * DAYS * 86_400e6) + dice.randrange(1_000_000)
        user, domain = dice.randrange(400), dice.randrange(60)
        name = f"{number:08x}{dice.getrandbits(32):08x}"
        way = (f"clerk{user} at mx{user % 3}.example.com:587", f"mx{user % 3}.example.com:587")
        who = (
            f"<{name}@hotel.test>",
            f"P{user % 20}",
            f"clerk{user}",
            "traces@hotel.test",
            f"clerk{user}@d{domain}.test",
            f"d{domain}.test",
        )
        for step, (state, source, attempt, wait, failed) in enumerate(_steps(STORIES[dice.randrange(100)])):
            at += int(wait * 1e6 * dice.random())
            parts = (1000 * dice.random(), 5000 * dice.random(), 300 * dice.random(), 150 * dice.random())
            taken = state == "accepted"
            why = (
                REASONS[dice.randrange(4)]
                if failed
                else (None, None, 250 if taken else None, None, "250 2.0.0 Ok: queued" if taken else None)
            )
            due = at + 300_000_000 if state == "deferred" else None
            yield (
                *(
                    at,
                    name,
                    state,
                    source,
                    f"{name}/{step}",
                    "trace",
                    attempt,
                    *who,
                    f"Trace {number}",
                    *way,
                    "data" if attempt else None,
                ),
                *(why[2], why[3], why[4], why[0], why[1], *(parts if taken else (None,) * 4), due),
            )
            made += 1


def _steps(story: str) -> tuple[tuple[str, str, int | None, float, bool], ...]:
    """Give (state, source, attempt, seconds to wait at most before it, whether it failed)."""
    queued = (("pending", "mailkit", None, 0, False),)
    sent = (("sending", "mailkit", 1, 20, False), ("accepted", "mailkit", 1, 3, False))
    failed = ("sending", "mailkit", 1, 20, False)
    match story:
        case "delivered":
            return (*queued, *sent)
        case "deferred":
            return (
                *queued,
                failed,
                ("deferred", "mailkit", 1, 3, True),
                ("sending", "mailkit", 2, 900, False),
                ("accepted", "mailkit", 2, 3, False),
            )
        case "refused":
            return (*queued, failed, ("rejected", "mailkit", 1, 3, True))
        case "lost":
            return (
                *queued,
                failed,
                ("uncertain", "mailkit", 1, 3, False),
                ("sending", "mailkit", 2, 30, False),
                ("accepted", "mailkit", 2, 3, False),
            )
        case "twice":
            return (*queued, *sent, ("sending", "mailkit", 2, 900, False), ("accepted", "mailkit", 2, 3, False))
        case "waiting":
            return (*queued, failed, ("deferred", "mailkit", 1, 3, True))
    return queued


def make(path: Path, count: int) -> None:
    """Write a store with about ``count`` events."""
    with open_store(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.executemany(INSERT, events(count))
    connection.commit()
    connection.close()


def grow(path: Path, count: int, name: str) -> None:
    """Add ``count`` events of new mails, whose names begin with ``name``."""
    connection = sqlite3.connect(path)
    later = DAYS * 86_400_000_000
    rows = ((row[0] + later, f"{name}{row[1]}", *row[2:4], f"{name}{row[4]}", *row[5:]) for row in events(count))
    connection.executemany(INSERT, islice(rows, count))
    connection.commit()
    connection.close()


# What each delivery came to, as a person would fold it in SQL who knows that nobody but the kit wrote this journal.
FOLD = """WITH life AS (
  SELECT delivery_id, arg_max(state, event_id) AS state, min(moment) AS began, max(moment) AS changed,
    arg_max("user", event_id) AS who, arg_max(recipient_domain, event_id) AS domain, max(next_try) AS next_try,
    max(attempt) AS attempt, count(*) FILTER (state = 'accepted') AS accepted,
    arg_min(before_ms + queue_ms + connect_ms + transmit_ms, event_id) FILTER (state = 'accepted') AS total_ms,
    arg_min(before_ms, event_id) FILTER (state = 'accepted') AS before_ms,
    arg_min(queue_ms, event_id) FILTER (state = 'accepted') AS queue_ms,
    arg_min(connect_ms, event_id) FILTER (state = 'accepted') AS connect_ms,
    arg_min(transmit_ms, event_id) FILTER (state = 'accepted') AS transmit_ms
  FROM event GROUP BY delivery_id) """
OVERDUE = (micros(NOW, "UTC") or 0) - 3_600_000_000
WAITS = f"""accepted = 0 AND state IN ('pending', 'deferred') AND greatest(coalesce(next_try, changed), changed) < {OVERDUE}"""
FUNNEL = f"""count(*), count(*) FILTER (attempt IS NULL), count(*) FILTER (accepted > 0),
  count(*) FILTER (accepted > 0 AND attempt = 1), count(*) FILTER (accepted = 0 AND state = 'rejected'),
  count(*) FILTER (accepted = 0 AND state = 'deferred'), count(*) FILTER ({WAITS})"""
SHARES = ", ".join(
    f"count({part}_ms), quantile_cont({part}_ms, 0.5), quantile_cont({part}_ms, 0.95), quantile_cont({part}_ms, 0.99),"
    f" max({part}_ms)"
    for part in ("total", "before", "queue", "connect", "transmit")
)
SQL: dict[str, str] = {
    "latest": FOLD + "SELECT * FROM life ORDER BY changed DESC LIMIT 1001",
    "funnel by day": FOLD + f"SELECT began // 86400000000, {FUNNEL} FROM life GROUP BY 1 ORDER BY 1",
    "funnel by user": FOLD + f"SELECT who, {FUNNEL} FROM life GROUP BY 1 ORDER BY 2 DESC",
    "latency by domain": FOLD + f"SELECT domain, {SHARES} FROM life WHERE accepted > 0 GROUP BY 1",
    "reasons": """SELECT reason, cause, count(DISTINCT delivery_id), count(*), count(DISTINCT "user"),
  count(DISTINCT recipient_domain), count(DISTINCT endpoint), min(moment), max(moment), arg_max(reply, event_id),
  arg_max(delivery_id, event_id) FROM event
  WHERE state IN ('deferred', 'rejected', 'uncertain', 'bounced', 'expired') GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 21""",
    "stuck": FOLD + f"SELECT *, greatest(coalesce(next_try, changed), changed) AS since FROM life WHERE {WAITS}"
    " ORDER BY since LIMIT 1001",
    "duplicates": """SELECT delivery_id, count(*), min(moment), max(moment), count(DISTINCT message_id), any_value(recipient)
  FROM event WHERE state = 'accepted' GROUP BY 1 HAVING count(*) > 1 ORDER BY 4 DESC LIMIT 1001""",
}
"""By hand, over the events; ``user`` is quoted, for it is a word of SQL."""

NEEDED = """SELECT delivery_id, state, moment, "user", recipient_domain, reason, cause, before_ms, queue_ms,
  connect_ms, transmit_ms FROM event ORDER BY event_id"""


def in_pandas(table: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Give the same questions for pandas, over the columns they need, in memory already."""

    def fold() -> pd.DataFrame:
        mails = table.groupby("delivery_id", sort=False, observed=True)
        life = mails.agg(
            state=("state", "last"), began=("moment", "min"), user=("user", "last"), domain=("recipient_domain", "last")
        )
        taken = table[table["state"] == "accepted"].drop_duplicates("delivery_id").set_index("delivery_id")
        life["total"] = taken[["before_ms", "queue_ms", "connect_ms", "transmit_ms"]].sum(axis=1)
        return life

    def funnel(by: str) -> pd.DataFrame:
        life = fold()
        life["day"] = life["began"] // 86_400_000_000
        return pd.crosstab(life[by], life["state"])

    def reasons() -> pd.DataFrame:
        failed = table[table["state"].isin(("deferred", "rejected", "uncertain"))]
        groups = failed.groupby(["reason", "cause"], observed=True, dropna=False)
        return groups.agg(
            mails=("delivery_id", "nunique"), users=("user", "nunique"), first=("moment", "min"), last=("moment", "max")
        )

    def duplicates() -> pd.DataFrame:
        taken = table[table["state"] == "accepted"]
        twice = taken[taken["delivery_id"].duplicated(keep=False)]
        return twice.groupby("delivery_id", observed=True).agg(first=("moment", "min"), last=("moment", "max"))

    return {
        "funnel by day": lambda: funnel("day"),
        "funnel by user": lambda: funnel("user"),
        "latency by domain": lambda: fold().groupby("domain", observed=True)["total"].quantile([0.5, 0.95, 0.99]),
        "reasons": reasons,
        "duplicates": duplicates,
    }


def asked(history: History) -> dict[str, Callable[[], Any]]:
    """Give the questions as mailkit asks them."""
    name = history.rows(history.lives.select("delivery_id").limit(1))[0]["delivery_id"]
    return {
        "latest": lambda: ask.latest(history),
        "funnel by day": lambda: ask.funnel(history, "day", now=NOW),
        "funnel by user": lambda: ask.funnel(history, "user", now=NOW),
        "funnel by day and user": lambda: ask.funnel(history, ("day", "user"), now=NOW),
        "latency by domain": lambda: ask.latency(history, "domain"),
        "reasons": lambda: ask.reasons(history),
        "stuck": lambda: ask.stuck(history, now=NOW),
        "queue by domain": lambda: ask.queue(history, now=NOW),
        "unattempted": lambda: ask.unattempted(history, now=NOW),
        "silence": lambda: ask.silence(history, now=NOW),
        "duplicates": lambda: ask.duplicates(history),
        "gaps by user": lambda: ask.gaps(history),
        "before and after by user": lambda: ask.before_after(history, CHANGED, "user", now=NOW),
        "story": lambda: ask.story(history, name),
        "check": lambda: ask.check(history, now=NOW),
        "headlines (about a dozen questions)": lambda: ask.headlines(history, now=NOW),
    }


def median(question: Callable[[], Any], times: int = 3) -> float:
    """Ask once to warm up, then return the median seconds."""
    question()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        question()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def resident() -> int:
    """Return the most memory this process ever had, in MiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(count: int, folder: Path) -> dict[str, Any]:
    """Measure one size; run in a process of its own, so that the peak is its own."""
    store, copy = folder / "history.sqlite3", folder / "copy.duckdb"
    make(store, count)
    found: dict[str, Any] = {"count": count, "store": store.stat().st_size}
    begun, used = time.perf_counter(), time.process_time()
    with open_history(store, cache=copy) as history:
        found["copied"] = (time.perf_counter() - begun, time.process_time() - used)
        found["peak of copying"] = resident()
    found["copy"] = copy.stat().st_size
    begun = time.perf_counter()
    with open_history(store, cache=copy) as history:
        found["opened again"] = time.perf_counter() - begun
        for number in (10, 100, 10_000):  # the first one warms up
            grow(store, number, f"n{number}-")
            found[f"refreshed {number}"] = history.refresh().seconds
        found["refreshed with nothing new"] = history.refresh().seconds
        found["questions"] = {name: median(question) for name, question in asked(history).items()}
        found["peak"] = resident()
        duck = history.events.get_backend().con
        found["by hand"] = {name: median(lambda text=text: duck.execute(text).fetchall()) for name, text in SQL.items()}
        compare(history, duck)
        begun = time.perf_counter()
        table = duck.execute(NEEDED).df()
        found["into pandas"] = time.perf_counter() - begun
    found["pandas"] = {name: median(question, 1) for name, question in in_pandas(table).items()}
    found["peak with pandas"] = resident()
    return found


def compare(history: History, duck: duckdb.DuckDBPyConnection) -> None:
    """See that both ways say the same."""
    days = {row[0]: row for row in duck.execute(SQL["funnel by day"]).fetchall()}
    for row in ask.funnel(history, "day", now=NOW).itertuples():
        names = (row.deliveries, row.unattempted, row.accepted, row.first_try, row.rejected, row.deferred, row.stuck)
        assert days[row.day.value // 86_400_000_000_000][1:] == names, row
    assert len(duck.execute(SQL["duplicates"]).fetchall()) == len(ask.duplicates(history, limit=1001))
    told = {row[:2]: row[2:5] for row in duck.execute(SQL["reasons"]).fetchall()}
    for row in ask.reasons(history).itertuples():
        key = tuple(None if pd.isna(value) else value for value in (row.reason, row.cause))
        assert told[key] == (row.deliveries, row.times, row.users), row
    shares = {row[0]: row[1:6] for row in duck.execute(SQL["latency by domain"]).fetchall()}
    for row in ask.latency(history, "domain").query("part == 'total'").itertuples():
        count, p50, p95, p99, most = shares[row.domain]
        assert row.count == count
        assert all(abs(one - other) < 0.002 for one, other in zip((p50, p95, p99, most), row[4:8], strict=True)), row


def of_history(sizes: tuple[int, ...] = SIZES) -> str:
    """Measure all sizes and return Markdown tables."""
    parts = []
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=os.environ.get("MAILKIT_BENCH_DIR")) as folder:
            command = [sys.executable, str(Path(__file__)), "--one", str(size), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        parts.append(told(json.loads(done.stdout)))
    return "\n".join(parts)


def told(found: dict[str, Any]) -> str:
    """Return what was measured of one size as Markdown."""
    count, (wall, used) = found["count"], found["copied"]
    goal = GOALS.get(count)
    lines = [f"## Delivery history, {count:,} events", "", "| | |", "|---|--:|"]
    for name, value in {
        "store (SQLite)": f"{found['store'] / 2**20:,.0f} MiB",
        "copied into DuckDB, once": f"{wall:.1f} s ({used:.1f} s of processor time), {count / wall:,.0f} events/s",
        "the copy": f"{found['copy'] / 2**20:,.0f} MiB",
        "peak memory of copying, of asking": f"{found['peak of copying']:,} MiB, {found['peak']:,} MiB",
        "a kept copy opened again": f"{found['opened again']:.2f} s",
        "refreshed by 100 events, by 10,000": f"{found['refreshed 100'] * 1000:.0f} ms, {found['refreshed 10000'] * 1000:.0f} ms",
        "refreshed by nothing": f"{found['refreshed with nothing new'] * 1000:.0f} ms",
        "read into pandas from DuckDB, eleven columns": f"{found['into pandas']:.1f} s, peak {found['peak with pandas']:,} MiB",
    }.items():
        lines.append(f"| {name} | {value} |")
    lines += [
        "",
        "| question, seconds (warm, median of 3) | mailkit | by hand in DuckDB | ratio | pandas |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, seconds in found["questions"].items():
        bare, slow = found["by hand"].get(name), found["pandas"].get(name)
        late = f" (**over** {goal:g})" if goal and seconds > goal and "about" not in name else ""
        ratio = f"{seconds / bare:.2f}{'' if seconds / bare <= RATIO else f' (**over** {RATIO})'}" if bare else ""
        lines.append(
            f"| {name} | {seconds:.2f}{late} | {f'{bare:.2f}' if bare else ''} | {ratio} | {f'{slow:.2f}' if slow else ''} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]), Path(sys.argv[3]))))
    else:
        print(of_history(tuple(int(size) for size in sys.argv[1:]) or SIZES))
