"""The connection to the database: what must be set so that a commit is on the disk, and how a transaction begins.

One place for all that differs between SQLite and PostgreSQL, so that the rest of the room is one code for both. Works with
:mod:`mailkit.journal.place` (which database) and :mod:`mailkit.journal.faults` (what it says when it fails).
"""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from mailkit.errors import InputError, StoreError
from mailkit.journal.faults import translated
from mailkit.journal.place import Place

__all__ = ["Database", "wal_is_safe"]

SCHEMA = "mailkit"
"""Of PostgreSQL: a database may have other tables called ``event``."""

_ALIKE = 2_000_000  # microseconds by which two clocks may differ and still be called equal
_WRITERS = 0x6D61696C  # number of the advisory lock that those who add events share, and a reader of the newest takes alone


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Say whether this SQLite may use its write-ahead log.

    Before 3.51.3 two connections could, very rarely, lose commits or damage the file (https://www.sqlite.org/wal.html, "the
    WAL-reset bug"); 3.50.7 and 3.44.6 have the cure too. Others keep the rollback journal, which is as durable and slower.

    >>> wal_is_safe((3, 40, 1)), wal_is_safe((3, 44, 6)), wal_is_safe((3, 50, 4)), wal_is_safe((3, 53, 0))
    (False, True, False, True)
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


class Database:
    """An engine with its settings; :meth:`writing` and :meth:`reading` are the only ways in."""

    def __init__(
        self, place: Place, *, readonly: bool = False, patience: float = 30, wal: bool = False, immutable: bool = False
    ) -> None:
        self.shown = place.shown
        self.place = place
        self.readonly = readonly
        self._patience = patience
        self._wal = wal
        self._immutable = immutable
        self._identity = _identity(place.path) if place.path else None
        # SQLite lets one write at a time; threads of this process wait here, in turn, instead of asking again and again.
        self._turn: contextlib.AbstractContextManager[Any] = threading.RLock() if place.path else contextlib.nullcontext()
        self.engine: Engine = self._sqlite(place) if place.path else self._postgres(place)
        self._driver: type[Exception] = self.engine.dialect.loaded_dbapi.Error

    @property
    def is_sqlite(self) -> bool:
        """SQLite, not PostgreSQL."""
        return self.place.path is not None

    def _sqlite(self, place: Place) -> Engine:
        if sqlite3.sqlite_version_info < (3, 35):
            raise InputError(f"SQLite {sqlite3.sqlite_version} is too old for the store, which needs 3.35 (2021): update Python")
        assert place.path
        name = f"{place.path.as_uri()}?mode={'ro' if self.readonly else 'rwc'}{'&immutable=1' if self._immutable else ''}"
        engine = create_engine(
            place.url,
            hide_parameters=True,
            pool_size=4,
            max_overflow=28,
            creator=lambda: sqlite3.connect(
                name, uri=True, timeout=self._patience, isolation_level=None, check_same_thread=False, cached_statements=64
            ),
        )
        event.listen(engine, "connect", self._set_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _set_sqlite(self, connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        if not self.readonly:
            # Kept and overwritten, not deleted: one change of the folder less for every commit.
            wanted = "wal" if self._wal else "persist"
            try:
                (mode,) = cursor.execute(f"PRAGMA journal_mode={wanted}").fetchone()
            except sqlite3.OperationalError:  # somebody works with it in the other mode
                (mode,) = cursor.execute("PRAGMA journal_mode").fetchone()
            if mode == "wal" and not self._wal:
                raise InputError(
                    f"{self.shown}: a program with another SQLite has it open in its write-ahead mode, which SQLite"
                    f" {sqlite3.sqlite_version} must not share: close that program and try again"
                )
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA journal_size_limit=67108864")
            if sys.platform == "darwin":
                cursor.execute("PRAGMA fullfsync=ON")  # there, fsync alone does not reach the disk
        cursor.execute("PRAGMA cache_size=-32768")
        cursor.close()

    def _postgres(self, place: Place) -> Engine:
        if importlib.util.find_spec("psycopg") is None:
            raise InputError("a store on PostgreSQL needs psycopg: pip install 'maestro-mailkit[postgres]'")
        query = place.url.query
        engine = create_engine(
            place.url,
            hide_parameters=True,
            paramstyle="format",
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=28,
            connect_args={} if "connect_timeout" in query else {"connect_timeout": 10},
        )
        event.listen(engine, "connect", self._set_postgres)
        return engine

    def _set_postgres(self, connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET search_path TO {SCHEMA}")
        cursor.execute("SET synchronous_commit TO on")  # a server may be set to promise less
        cursor.execute(f"SET lock_timeout TO {int(self._patience * 1000)}")
        cursor.execute(f"SET default_transaction_read_only TO {'on' if self.readonly else 'off'}")
        cursor.close()
        connection.commit()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes; it is committed at the end of the block, and undone when the block raises.

        On SQLite it has the lock from its beginning (``BEGIN IMMEDIATE``), so it does not fail half-way because of another.

        Raises:
            StoreError: nothing of the block is recorded.
        """
        with translated(self.place, self._driver), self._turn, self.engine.connect() as connection:
            self._same_file()
            connection.execution_options(mailkit_begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def reading(self, *, steady: bool = False) -> Iterator[Connection]:
        """Open a transaction that reads; ``steady``: all its statements see the store at one moment (SQLite's always do)."""
        with translated(self.place, self._driver), self.engine.connect() as connection:
            if steady and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def alone(self) -> Iterator[Connection]:
        """Open a connection to SQLite outside any transaction, for a statement that wants none."""
        with translated(self.place, self._driver), self.engine.connect() as connection:
            yield connection.execution_options(mailkit_begin=None)

    def insert_new(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Give an INSERT that leaves out rows whose key is there already."""
        return (sqlite.insert if self.is_sqlite else postgresql.insert)(table).on_conflict_do_nothing()

    def adding(self, connection: Connection) -> None:
        """Say that this transaction adds events.

        PostgreSQL gives a number when a row is made, and shows it when it is committed: a reader who remembers the last number he
        saw would miss a lower one that was committed later. So those who add share a lock, and :meth:`newest` waits for them.
        """
        if not self.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_WRITERS})")

    def settled(self, connection: Connection) -> None:
        """Wait until every event with a number lower than the newest visible one is visible too (see :meth:`adding`)."""
        if not self.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")

    def _same_file(self) -> None:
        """Refuse to write into a file that was deleted or replaced: SQLite would go on, and all of it would be lost."""
        if self.place.path and _identity(self.place.path) != self._identity:
            raise StoreError(f"{self.shown}: the file was moved, deleted or replaced while it was in use: start again", "gone")

    def skew(self, connection: Connection) -> int:
        """Give how many microseconds the server's clock is ahead of this machine's.

        Leases are kept in the server's time: a machine with a wrong clock would take from others what they are just sending.
        """
        if self.is_sqlite:
            return 0
        there: Decimal = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
        ahead = int((float(there) - time.time()) * 1e6)
        return ahead if abs(ahead) > _ALIKE else 0

    def close(self) -> None:
        """Close all connections that are not in use."""
        self.engine.dispose()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()  # without opening it: closing it again would drop the locks SQLite has on it
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: Connection) -> None:
    if begin := connection.get_execution_options().get("mailkit_begin", "BEGIN"):
        connection.exec_driver_sql(begin)
