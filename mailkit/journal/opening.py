"""Opening a store: is the place fit for it, is it a store, and is it one that this version understands?"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sqlalchemy import Connection, inspect, select

from mailkit.errors import InputError, StoreError
from mailkit.journal.database import SCHEMA, Database, wal_is_safe
from mailkit.journal.place import Place, place, share_of
from mailkit.journal.store import Store
from mailkit.journal.tables import META, METADATA, VERSION
from mailkit.journal.upkeep import copy_into, vacuum_into
from mailkit.text import visible

__all__ = ["backup", "open_store"]

_NO_STORE = "there is no store; correct the name, or make one by sending or importing something"
_CREATING = 0x6D61696D  # number of the advisory lock of those who make the tables


def open_store(
    where: str | os.PathLike[str],
    *,
    create: bool = True,
    readonly: bool = False,
    allow_share: bool = False,
    patience: float = 30.0,
) -> Store:
    """Open the store at ``where``, and make it when there is none.

    Args:
        where: ``history.sqlite3``, ``sqlite:///history.sqlite3`` or ``postgresql://user@host/database`` (a password is better
            left to ``PGPASSWORD`` or ``~/.pgpass``).
        create: ``False``: a store that is not there is an error.
        readonly: only look; also for a file on a medium that cannot be written.
        allow_share: take a file on a network share in spite of what that does to its locks.
        patience: how many seconds to wait for another program that has it locked.

    Raises:
        InputError: it cannot be used; one line says what is wrong, where, and what would be right. No password is in it.
    """
    at = place(where)
    on_share = share_of(at.path) if at.path else None
    if on_share and not (allow_share or readonly):
        raise InputError(
            f"{at.shown} is on a network share ({on_share}), whose locks cannot be relied on: mail might be sent twice or the"
            " file damaged; put it on a disk of this machine, or use a PostgreSQL (postgresql://user@host/database)"
        )
    if at.path:
        _look(at, at.path, create=create and not readonly, readonly=readonly)
    try:
        return _opened(Database(at, readonly=readonly, patience=patience, wal=wal_is_safe() and not on_share), create=create)
    except StoreError as error:
        # A file in write-ahead mode wants a second file beside it even of those who only look; on a medium where there can
        # be none, nobody can change it either.
        if readonly and error.problem == "gone" and at.path and at.path.exists() and not os.access(at.path.parent, os.W_OK):
            return _opened(Database(at, readonly=True, patience=patience, immutable=True), create=False)
        raise InputError(error.text) from None


def _opened(database: Database, *, create: bool) -> Store:
    try:
        _prepare(database, create=create and not database.readonly)
    except BaseException:
        database.close()
        raise
    return Store(database)


def _look(at: Place, path: Path, *, create: bool, readonly: bool) -> None:
    """See what can be seen from outside. The file is never opened: closing it again would drop the locks SQLite has on it."""
    try:
        if path.is_dir():
            raise InputError(f"{at.shown} is a folder; a store is a file, such as {visible(path.name)}/history.sqlite3")
        if not path.parent.is_dir():
            raise InputError(f"{at.shown}: there is no folder {visible(str(path.parent))}; make it first, or correct the name")
        there = path.exists()
        if there and not path.is_file():
            raise InputError(f"{at.shown} is not a file; a store is one, such as history.sqlite3")
    except OSError as error:
        raise InputError(f"{at.shown} cannot be used: {error.strerror}") from None
    if not there and not create:
        raise InputError(f"{at.shown}: {_NO_STORE}")
    if not readonly:
        _may_write(at, path, there=there)
    if not there:
        _touch(at, path)


def _may_write(at: Place, path: Path, *, there: bool) -> None:
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{at.shown}: its folder is read-only for this user, and a store keeps a second file beside its own")
    if there and not os.access(path, os.W_OK):
        raise InputError(f"{at.shown} is read-only for this user; change its permissions, or name a store of your own")


def _touch(at: Place, path: Path) -> None:
    # Messages and addresses are nobody else's business. SQLite gives its second file the same permissions.
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass  # another process was quicker
    except OSError as error:
        raise InputError(f"{at.shown} cannot be made: {error.strerror}") from None


def _prepare(database: Database, *, create: bool) -> None:
    with database.reading() as connection:
        version = _version(connection)
    if version is None and create:
        with database.writing() as connection:
            version = _version(connection)  # another process may have made it meanwhile
            if version is None:
                _make(database, connection)
                version = VERSION
    if version is None:
        raise InputError(f"{database.shown}: {_NO_STORE}")
    if version > VERSION:
        raise InputError(
            f"{database.shown} was made by a newer mailkit (its tables have version {version}, this one knows {VERSION}):"
            " update mailkit"
        )


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(META.name):
        return None
    found = connection.scalar(select(META.c.content).where(META.c.name == "schema"))
    return int(found) if found and found.isdecimal() else None


def _make(database: Database, connection: Connection) -> None:
    if database.is_sqlite:
        if others := inspect(connection).get_table_names():
            raise InputError(
                f"{database.shown} is the database of another program (it has a table {visible(others[0])}):"
                " name a new file for the store"
            )
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATING})")
        if _version(connection) is not None:
            return
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    METADATA.create_all(connection)
    connection.execute(META.insert().values(name="schema", content=str(VERSION)))


def backup(database: Database, path: Path) -> None:
    """Copy a store into a new SQLite file; see :meth:`mailkit.journal.store.Store.backup`."""
    if path.exists():
        raise InputError(f"{path} is there already; name a file that is not")
    if database.is_sqlite:
        vacuum_into(database, path)
        return
    beside = path.with_name(f"{path.name}.part")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        open_store(beside).close()
        copy = Database(place(beside))
        try:
            copy_into(database, copy, METADATA)
        finally:
            copy.close()
        beside.replace(path)
    finally:
        for leftover in (beside, beside.with_name(f"{beside.name}-journal")):
            with contextlib.suppress(FileNotFoundError):
                leftover.unlink()
