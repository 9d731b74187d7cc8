"""Measure how long the preview of a back-fill takes, and how much memory: 100,000 traces, beside reading the file with csv alone.

``python benchmarks/traces.py [TRACES]`` prints a Markdown table. Each line is a process of its own, so that its memory is its
own; the goal is five seconds, and a memory that does not grow with the source.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

GOAL_S = 5.0
NOW = dt.datetime(2026, 11, 21, 17, tzinfo=dt.UTC)
HEADERS = ["Trace ID", "Type", "Clerk", "Subject", "Message", "Reservation", "Room", "Guest", "Created", "Due"]
HEADERS += ["Business date", "Status", "E-mailed", "From clerk"]
CLERKS = 400
PROVIDER = "smtp.office365.com"


def traces(count: int) -> Iterator[list[object]]:
    """Return made-up traces of the last nine days, every seventh of them with something wrong."""
    chance = random.Random(1)
    for number in range(count):
        made = NOW.replace(tzinfo=None) - dt.timedelta(minutes=chance.randrange(60 * 24 * 9))
        clerk = f"C{chance.randrange(CLERKS)}" if number % 7 else chance.choice(["", "NOBODY", "EMPTY", "LEFT"])
        yield [
            100_000 + number, chance.choice(["Trace", "Trace", "Message"]), clerk, "Late arrival",
            "Please prepare the room; the guests, two of them,\narrive after midnight", 50_000 + number, 101 + number % 300,
            f"Guest {number % 900}", f"{made:%Y-%m-%d %H:%M}", (made + dt.timedelta(days=1)).date(), made.date(),
            chance.choice(["Open", "Open", "Completed", "Cancelled"]), chance.choice(["N", "N", "N", "Y"]), "C1",
        ]  # fmt: skip


def write(folder: Path, count: int) -> dict[str, str]:
    """Write the same traces as CSV, as a workbook and into a database; returns where each is."""
    import xlsxwriter  # noqa: PLC0415 - only the process that makes the files needs it

    with (folder / "traces.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADERS)
        out.writerows(traces(count))
    with xlsxwriter.Workbook(folder / "traces.xlsx", {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for number, row in enumerate(traces(count), 1):
            sheet.write_row(number, 0, [str(cell) if isinstance(cell, dt.date) else cell for cell in row])
    with sqlite3.connect(folder / "traces.db") as database:
        names = ", ".join(f'"{name}"' for name in HEADERS)
        database.execute(f"CREATE TABLE traces ({names})")
        marks = ", ".join("?" * len(HEADERS))
        database.executemany(f"INSERT INTO traces VALUES ({marks})", ([str(cell) for cell in row] for row in traces(count)))
    database.close()
    made = {"CSV": str(folder / "traces.csv"), "workbook (.xlsx)": str(folder / "traces.xlsx")}
    return {**made, "SQLite": f"sqlite:///{folder / 'traces.db'}"}


def measure(where: str) -> None:
    """Preview one source in this process and print what it took as JSON."""
    from mailkit.site.pms import Clerk, EmailSetup, PmsSite, Traces  # noqa: PLC0415 - of this process alone
    from mailkit.traces.desk import Desk  # noqa: PLC0415 - loaded when it is needed
    from mailkit.traces.source import open_source  # noqa: PLC0415 - loaded when it is needed

    clerks = [Clerk(code=f"C{number}", email=f"clerk{number}@hotel.test") for number in range(CLERKS)]
    clerks += [Clerk(code="EMPTY", email=""), Clerk(code="LEFT", email="left@hotel.test", status="inactive")]
    setup = EmailSetup(server=PROVIDER, port=587, trace_rep_addr="t@hotel.test", auth_name="t@hotel.test", password="set")
    site = PmsSite(
        version="5.1", time_zone="America/Toronto", email_setup=setup, clerks=tuple(clerks), traces=Traces(activated=False)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, used = time.perf_counter(), time.process_time()
    query = "SELECT * FROM traces" if where.startswith("sqlite") else None
    preview = Desk(site, open_source(site, where, now=NOW, query=query), now=NOW).preview()
    told = {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - used,
        "rows": preview.rows,
        "sending": preview.sending,
    }
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**told, "before_mib": before / 1024, "peak_mib": after / 1024}))


def bare(path: str) -> float:
    """Read the CSV with the standard library alone, as dictionaries, and parse its dates."""
    begun = time.process_time()
    with Path(path).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            dt.datetime.fromisoformat(row["Created"])
    return time.process_time() - begun


def of_many_traces(count: int = 100_000) -> str:
    """Return the results as Markdown."""
    lines = [
        f"## Preview of a back-fill of {count:,} traces\n",
        "|  | s | CPU s | traces to send | memory before, peak (MiB) |",
        "|---|--:|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        places = write(Path(folder), count)
        few = write_few(Path(folder), count // 10)
        for name, where in (*places.items(), ("CSV, a tenth of it", few)):
            done = subprocess.run([sys.executable, __file__, "--one", where], capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
            goal = f" ({'within' if told['seconds'] <= GOAL_S else '**over**'} {GOAL_S:g} s)" if where in places.values() else ""
            lines.append(
                f"| {name} | {told['seconds']:.2f}{goal} | {told['cpu']:.2f} | {told['sending']:,} |"
                f" {told['before_mib']:.0f}, {told['peak_mib']:.0f} |"
            )
        lines.append(f"| csv.DictReader and the dates alone |  | {bare(places['CSV']):.2f} |  |  |")
    return "\n".join(lines) + "\n"


def write_few(folder: Path, count: int) -> str:
    """Write fewer of them, to see whether memory grows."""
    path = folder / "few.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADERS)
        out.writerows(traces(count))
    return str(path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
    else:
        print(of_many_traces(*map(int, sys.argv[1:])))
