"""PostgreSQL as the store that several machines share: a server of its own on a free port, with passwords.

It refuses to run as root, so it runs as Debian's user ``postgres``. Used by the tests of the journal and of whatever reads it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .running import Log, answers, free_ports, running

USER, PASSWORD = "mailkit", "correct/horse@battery"
_QUOTED = "correct%2Fhorse%40battery"
_CHOICES = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "-N")
_AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs (Debian keeps them off everybody's path); ``None``: not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return folders[-1].parent if folders and shutil.which("setpriv") else None


@dataclass
class Postgres:
    """A running server, and how to reach it."""

    port: int
    log: Log
    _names: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str, user: str = USER, password: str = _QUOTED) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the owner of everything; returns what psql prints."""
        psql = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        done = subprocess.run(
            [*psql, "-d", database, "-c", statement],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"PGPASSWORD": PASSWORD},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def locked(self, table: str, database: str) -> Iterator[None]:
        """Keep everybody else from a table, until the block ends."""
        where = f"host=127.0.0.1 port={self.port} user={USER}"
        command = f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep(60)"
        holding = subprocess.Popen(
            ["psql", "-X", "-q", "-c", command, "-d", f"{where} dbname={database} application_name=holder"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # its connection is ended from outside
            env=os.environ | {"PGPASSWORD": PASSWORD},
        )
        try:
            self._until("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation IS NOT NULL")
            yield
        finally:
            self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'")
            holding.wait(timeout=10)

    def cut_those_who_wait(self) -> None:
        """End the connections that wait for a lock, as soon as there is one."""
        self._until("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

    def cut_all(self) -> None:
        """End all connections."""
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mailkit' AND pid <> pg_backend_pid()")

    def _until(self, query: str) -> None:
        end = time.monotonic() + 20
        while self.sql(query) == "0":
            assert time.monotonic() < end, query
            time.sleep(0.05)

    def fresh(self) -> str:
        """Make a database and return its address."""
        name = f"store{next(self._names)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run a server in ``folder``."""
    bin_folder = programs()
    assert bin_folder
    folder.mkdir()
    (folder / "password").write_text(PASSWORD)
    for path in (folder, folder / "password"):
        shutil.chown(path, "postgres", "postgres")
    data = folder / "data"
    made = subprocess.run(
        [*_AS_POSTGRES, bin_folder / "initdb", "-D", data, "-U", USER, *_CHOICES, "--pwfile", folder / "password"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (port,) = free_ports(1)
    # No fsync: what is killed here is a program, not the machine.
    command = [*_AS_POSTGRES, bin_folder / "postgres", "-D", data, "-p", str(port), "-k", folder, "-F"]
    log = folder / "postgres.log"
    with running([*command, "-c", "listen_addresses=127.0.0.1"], log, lambda: answers("127.0.0.1", port)) as server:
        found = Postgres(port, Log(log))
        Log(log).wait(0, lambda lines: any("ready to accept connections" in line for line in lines))
        try:
            yield found
        finally:
            server.send_signal(signal.SIGINT)  # asked politely it would wait for its clients
