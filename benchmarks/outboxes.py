"""The outbox beside those a Python person would pick: django-mailer and django-post-office, each in an environment of its own.

Each drains the same number of queued mails into the same kind of server, over SQLite; then each is killed half-way, started
again, and the server counts which mails came twice.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import environment
from sending import kit, table

_COMMON = """\
import os, sys, time
import django
from django.conf import settings
folder, port, task, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
settings.configure(
    SECRET_KEY="x", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder, "db.sqlite3")}},
    EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, INSTALLED_APPS=["django.contrib.contenttypes", APP],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], **MORE)
django.setup()
from django.core.mail import EmailMessage
from django.core.management import call_command
def mails():
    for number in range(count):
        to, told = [f"clerk{number}@hotel.test"], {"X-Token": f"t{number}"}
        yield EmailMessage("trace", "x" * 2000, "traces@hotel.test", to, headers=told)
if task == "queue":
    call_command("migrate", verbosity=0)
"""
_MAILER = (
    'APP = "mailer"; MORE = {"EMAIL_BACKEND": "mailer.backend.DbBackend", "MAILER_EMAIL_MAX_BATCH": None, '
    '"MAILER_USE_FILE_LOCK": False}\n'
    + _COMMON
    + """\
    for mail in mails():
        mail.send()
else:
    from mailer.engine import send_all
    began = time.perf_counter()
    send_all()
    print(count / (time.perf_counter() - began))
"""
)
_POST_OFFICE = (
    'APP = "post_office"; MORE = {"EMAIL_BACKEND": "post_office.EmailBackend", '
    '"POST_OFFICE": {"MESSAGE_ID_ENABLED": True, "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}}}\n'
    + _COMMON
    + """\
    from post_office.mail import create
    from post_office.models import PRIORITY, STATUS, Email
    for mail in mails():
        create(sender=mail.from_email, recipients=mail.to, subject=mail.subject, message=mail.body, headers=mail.extra_headers,
               priority=PRIORITY.medium)
else:
    from post_office.mail import send_queued
    began = time.perf_counter()
    send_queued()
    print(count / (time.perf_counter() - began))
"""
)
PEERS = {"django-mailer": ("django-mailer", _MAILER), "django-post-office": ("django-post-office", _POST_OFFICE)}


@contextmanager
def counting() -> Iterator[tuple[int, Callable[[], list[str]]]]:
    """Run a server that counts; gives its port, and what asks it for the tokens of what came, in order."""
    with tempfile.TemporaryDirectory() as folder:
        came = Path(folder, "came")
        command = [sys.executable, str(Path(__file__).with_name("counting.py")), str(came)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin
            assert process.stdout
            port = int(process.stdout.readline())
            yield port, lambda: came.read_text().splitlines()
            process.stdin.close()


@contextmanager
def peer(name: str) -> Iterator[list[str] | None]:
    """Give the command line of a peer; ``None`` when it cannot be installed."""
    package, script = PEERS[name]
    place = environment(package)
    if place is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "outbox.py")
        file.write_text(script)
        yield [str(place / "python"), str(file), folder]


def rate(command: list[str], port: int, count: int) -> float | None:
    """Queue and drain ``count`` mails; messages per second, or ``None`` when it failed."""
    for task in ("queue", "send"):
        done = subprocess.run([*command, str(port), task, str(count)], capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            print(done.stderr[-500:], file=sys.stderr)
            return None
    return float(done.stdout.split()[-1])


def killed(command: list[str], count: int) -> tuple[int, int] | None:
    """Kill a sender half-way, start it again until the queue is empty; how many mails came twice, how many never."""
    with counting() as (port, tokens):
        if subprocess.run([*command, str(port), "queue", str(count)], capture_output=True, check=False, timeout=300).returncode:
            return None
        first = subprocess.Popen([*command, str(port), "send", str(count)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while len(tokens()) < count // 2 and first.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        first.kill()
        first.wait()
        for _ in range(3):
            subprocess.run([*command, str(port), "send", str(count)], capture_output=True, check=False, timeout=300)
        copies = Counter(tokens())
        return sum(number - 1 for number in copies.values()), count - len(copies)


def of_outboxes(count: int = 300, rounds: int = 3) -> str:
    """Measure."""
    rows: list[tuple[str, ...]] = []
    with counting() as (port, _):
        rates = [kit(port, connections, count, None) for connections in (1, 10)]
    rows.append(("mailkit, 1 connection", f"{rates[0]:,.0f}", "measured by `run.py sending`", "-"))
    rows.append(("mailkit, 10 connections", f"{rates[1]:,.0f}", "measured by `run.py sending`", "-"))
    for name in PEERS:
        with peer(name) as command:
            if command is None:
                rows.append((name, "not installed", "-", "-"))
                continue
            with counting() as (port, _):
                speed = rate(command, port, count)
        twice, never = [], []
        for _ in range(rounds):
            with peer(name) as command:
                told = killed(command or [], 100)
            if told is not None:
                twice.append(told[0])
                never.append(told[1])
        rows.append(
            (
                name,
                f"{speed:,.0f}" if speed else "failed",
                f"{statistics.median(twice):g} ({min(twice)} to {max(twice)})" if twice else "-",
                f"{max(never)}" if never else "-",
            )
        )
    return table(
        f"Outboxes: {count} queued mails drained; 100 queued mails, killed half-way, {rounds} times",
        ("", "mails a second", "came twice, median (range)", "lost"),
        rows,
    )
