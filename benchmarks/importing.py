"""Measure how fast a Postfix log is imported, beside ``pflogsumm`` on the same file.

``python benchmarks/importing.py [MEGABYTES]`` prints a Markdown table (1,000 by default: a log of 1 GB, made here). ``read``
makes the events; ``import`` also puts them into a fresh store; ``import again`` finds them all there. ``pflogsumm`` only counts.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

REPLIES = (
    ("5.1.1", "bounced", "said: 550 5.1.1 <{to}>: Recipient address rejected: User unknown (in reply to RCPT TO command)"),
    ("4.2.2", "deferred", "said: 452 4.2.2 The mailbox of {to} is over quota (in reply to RCPT TO command)"),
    ("4.7.1", "deferred", "said: 450 4.7.1 <{to}>: Greylisted, come back in {n} seconds (in reply to RCPT TO command)"),
    ("4.4.2", "deferred", "refused to talk to me: 421 4.7.0 Too many connections from your network, try again later"),
    ("5.7.1", "bounced", "said: 554 5.7.1 Message {n} looks like spam (in reply to end of DATA command)"),
)
_START = datetime(2026, 3, 1)  # noqa: DTZ001 - a log's own wall clock


def lines(seed: int = 1) -> Iterator[str]:
    """Give the lines of a busy relay, for ever: nine lines a message, other programs in between."""
    chance = random.Random(seed)
    now, number = _START, 0
    while True:
        number += 1
        now += timedelta(milliseconds=chance.randrange(400))
        stamp = f"{now:%b} {now.day:2d} {now:%H:%M:%S} relay"
        name = f"4{number:07X}zKq{number % 97:02d}"
        domain, sender = f"guest{number % 4000}.test", f"clerk{number % 300}@hotel{number % 40}.test"
        pid = 1000 + number % 400
        client = f"pc{number % 200}.hotel.test[192.0.2.{number % 250}]"
        yield f"{stamp} postfix/submission/smtpd[{pid}]: connect from {client}\n"
        yield f"{stamp} postfix/submission/smtpd[{pid}]: {name}: client={client}, sasl_method=PLAIN, sasl_username={sender}\n"
        yield f"{stamp} postfix/cleanup[{pid + 1}]: {name}: message-id=<{number:x}.{number % 971}@hotel{number % 40}.test>\n"
        yield f"{stamp} postfix/qmgr[812]: {name}: from=<{sender}>, size={chance.randrange(90000)}, nrcpt=1 (queue active)\n"
        yield (
            f"{stamp} postfix/submission/smtpd[{pid}]: disconnect from {client} ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1"
            " quit=1 commands=8\n"
        )
        if number % 3 == 0:
            yield f"{stamp} dovecot: imap-login: Login: user=<{sender}>, method=PLAIN, rip=192.0.2.7, TLS\n"
        if number % 11 == 0:
            yield (
                f"{stamp} postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from unknown[203.0.113.{number % 250}]: 554 5.7.1"
                f" <x{number}@{domain}>: Relay access denied; from=<spam{number % 99}@spam.test> to=<x{number}@{domain}>"
                " proto=ESMTP helo=<pc>\n"
            )
        to, mx, ip = f"guest{number}@{domain}", f"mx{number % 3}.{domain}", f"198.51.100.{number % 250}"
        if chance.random() < 0.1:
            dsn, status, reply = chance.choice(REPLIES)
            reply = f"host {mx}[{ip}] {reply.format(to=to, n=chance.randrange(10_000_000))}"
        else:
            dsn, status, reply = "2.0.0", "sent", f"250 2.0.0 Ok: queued as {number:010X}"
        yield (
            f"{stamp} postfix/smtp[{pid + 2}]: {name}: to=<{to}>, relay={mx}[{ip}]:25, delay={chance.random() * 3:.2f},"
            f" delays=0.0{number % 9}/0.01/0.{number % 99}/{chance.random():.2f}, dsn={dsn}, status={status} ({reply})\n"
        )
        if status != "deferred":
            yield f"{stamp} postfix/qmgr[812]: {name}: removed\n"


def make_log(path: Path, megabytes: int) -> int:
    """Write a log of about that size; give the number of its lines."""
    wanted, written, count = megabytes * 1_000_000, 0, 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines():
            file.write(line)
            written, count = written + len(line), count + 1
            if written >= wanted:
                return count
    return count


_READ = """
import sys
from mailkit.history.importing import read
print(sum(1 for _ in read(sys.argv[1], zone="UTC", year=2026)))
"""
_IMPORT = """
import sys
from mailkit.history.importing import import_into
from mailkit.journal import open_store
with open_store(sys.argv[2]) as store:
    report = import_into(store, sys.argv[1], zone="UTC", year=2026)
print(report.new, report.known, report.unreadable)
"""


def _run(command: list[str], output: int) -> tuple[float, float, float, str]:
    """Run a program: seconds by the clock and of processor time, peak memory of all until now in MiB, what it printed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=output, text=True, check=True)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent, after.ru_maxrss / 1024, (done.stdout or "").strip()


def _python(code: str, *arguments: Path) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def importing(megabytes: int = 1000) -> str:
    """Return the results as Markdown."""
    with tempfile.TemporaryDirectory(prefix="mailkit-import-") as name:
        folder = Path(name)
        log = folder / "mail.log"
        count = make_log(log, megabytes)
        rows = [
            f"## A Postfix log of {megabytes:,} MB ({count:,} lines)\n",
            "|  | seconds | processor seconds | MB per processor second | lines per processor second | peak MiB | result |",
            "|---|--:|--:|--:|--:|--:|---|",
        ]

        def row(title: str, run: tuple[float, float, float, str], result: str) -> None:
            seconds, spent, peak, _ = run
            rates = f"{megabytes / spent:.1f} | {count / spent:,.0f}"
            rows.append(f"| {title} | {seconds:.1f} | {spent:.1f} | {rates} | {peak:,.0f} | {result} |")

        run = _run(_python(_READ, log), subprocess.PIPE)
        row("mailkit read", run, f"{run[3]} events")
        for title in ("mailkit import", "mailkit import again"):
            run = _run(_python(_IMPORT, log, folder / "history.sqlite3"), subprocess.PIPE)
            row(title, run, "{} new, {} known, {} unreadable".format(*run[3].split()))
        if program := shutil.which("pflogsumm"):
            row("pflogsumm (peak: not its own)", _run([program, str(log)], subprocess.DEVNULL), "counts only")
        else:
            rows.append("| pflogsumm is not installed | | | | | | |")
        return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(importing(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
