"""The questions without a server: a copy of a store's events in DuckDB, in this process, that grows as the store grows.

Events are only ever added, under a number that only grows, so the copy asks for what lies above the last number it has: the first
time for all, later for a few. The store's file is read with Python's own sqlite3 and nothing else: a second SQLite library in
the process (DuckDB's extension, ADBC, …) would drop the locks of a sender that works with the file. It is read in short pieces,
because whoever reads may keep a sender from committing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailkit.errors import InputError
from mailkit.history.columns import EVENT_COLUMNS, STORED
from mailkit.history.engine import Refreshed
from mailkit.history.life import lives

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

__all__ = ["Embedded", "copy_beside"]

_CHUNK = 50_000
"""Rows read at once: about a quarter of a second of the store's time."""

_BATCH = 5
"""Such pieces that DuckDB gets at once; it is slow with small ones."""

_MANY = 200_000
"""Events beyond which a copy belongs on the disk, where DuckDB packs it (a tenth of the size it has in memory)."""


def copy_beside(store: Path) -> Path:
    """Name the copy of a store that is kept beside it, in a folder that only its owner may read."""
    return store.with_name(f"{store.name}.copy") / "events.duckdb"


class Embedded:
    """A store in a SQLite file, asked by way of a copy in DuckDB."""

    name = "duckdb"

    def __init__(self, store: Path, cache: bool | str | os.PathLike[str] | None) -> None:  # noqa: FBT001 - as open_history has it
        self._store = store
        self._folder: Path | None = None
        with _reading(store) as connection:
            (events,) = connection.execute("SELECT count(*) FROM (SELECT 1 FROM event LIMIT ?)", (_MANY + 1,)).fetchone()
        large = events > _MANY
        keep = large if cache is None else cache
        wanted = copy_beside(store) if keep is True else Path(keep) if keep else None
        backend = _kept(wanted) if wanted else None
        if backend is None:
            if large:
                self._folder = Path(tempfile.mkdtemp(prefix="mailkit-history-"))
            backend = _connected(self._folder / "events.duckdb" if self._folder else ":memory:")
        self._backend: Any = backend
        self._duck = self._backend.con
        self._prepare()

    @property
    def events(self) -> ir.Table:
        """All events that were copied."""
        table: ir.Table = self._backend.table("event")
        return table

    @property
    def lives(self) -> ir.Table:
        """One row per delivery, kept up to date by :meth:`refresh`."""
        table: ir.Table = self._backend.table("life")
        return table

    def refresh(self, progress: Callable[[int, int], None] | None = None, stop: Callable[[], bool] | None = None) -> Refreshed:
        """Copy what is new, and fold anew the deliveries it is about."""
        started = time.perf_counter()
        with _reading(self._store) as connection:
            rebuilt = not self._continues(connection)
            if rebuilt:
                self._empty()
            first = self._last()
            mark = first
            newest = connection.execute("SELECT coalesce(max(event_id), 0) FROM event").fetchone()[0]
            added = 0
            for chunk in _batches(connection, mark, newest):
                self._duck.register("chunk", chunk)
                self._run("INSERT INTO event SELECT * FROM chunk")
                self._duck.unregister("chunk")
                mark = self._last()
                added += chunk.num_rows
                self._remember(connection)
                if progress is not None:
                    progress(mark - first, newest - first)
                if stop is not None and stop():
                    break
        self._fold()
        return Refreshed(added=added, last=mark, seconds=time.perf_counter() - started, rebuilt=rebuilt)

    def close(self) -> None:
        """Close the copy; one that was not to be kept is deleted."""
        self._backend.disconnect()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare(self) -> None:
        """Make the tables where they are not, or are not those of this mailkit."""
        tables = {row[0] for row in self._run("SELECT table_name FROM duckdb_tables()")}
        if "copied" in tables and self._run("SELECT made_as FROM copied")[0] == (_version(),):
            return
        for table in tables:
            self._run(f'DROP TABLE "{table}"')
        columns = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in EVENT_COLUMNS.items())
        self._run(f"CREATE TABLE event ({columns})")
        self._run(f"CREATE TABLE life AS {_folding('event')} LIMIT 0")
        self._run("CREATE TABLE copied (made_as VARCHAR, folded BIGINT, first_row VARCHAR, last_row VARCHAR, pruned VARCHAR)")
        self._run("INSERT INTO copied VALUES (?, 0, NULL, NULL, NULL)", (_version(),))

    def _continues(self, connection: sqlite3.Connection) -> bool:
        """Say whether the store is still the one that was copied, with nothing taken out of it."""
        seen = self._run("SELECT first_row, last_row, pruned FROM copied")[0]
        # A copy that was ended before it could remember what it has cannot know.
        return bool(seen == self._marks(connection)) if seen[1] is not None else self._last() == 0

    def _remember(self, connection: sqlite3.Connection) -> None:
        self._run("UPDATE copied SET first_row = ?, last_row = ?, pruned = ?", self._marks(connection))

    def _marks(self, connection: sqlite3.Connection) -> tuple[str | None, ...]:
        """Describe the oldest event of the store and the last one copied, so that another store or a pruned one is noticed."""
        (first,) = connection.execute("SELECT min(event_id) FROM event").fetchone()
        oldest, last = (connection.execute(_ROW, (number,)).fetchone() for number in (first, self._last()))
        pruned = connection.execute("SELECT content FROM meta WHERE name = 'pruned'").fetchone()
        return repr(oldest) if oldest else None, repr(last) if last else None, pruned[0].decode() if pruned else None

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        # Fetched to the end: DuckDB refuses the next statement while there is something left of the one before.
        rows: list[Any] = self._duck.execute(statement, values).fetchall()
        return rows

    def _last(self) -> int:
        (last,) = self._run("SELECT coalesce(max(event_id), 0) FROM event")[0]
        return int(last)

    def _empty(self) -> None:
        self._run("DELETE FROM event")
        self._run("DELETE FROM life")
        self._run("UPDATE copied SET folded = 0")

    def _fold(self) -> None:
        """Fold the deliveries that have events which were not folded yet."""
        (folded,) = self._run("SELECT folded FROM copied")[0]
        if folded == self._last():
            return
        self._run("BEGIN")
        try:
            if folded == 0:
                self._run("DELETE FROM life")
                self._run(f"INSERT INTO life {_folding('event')}")
            else:
                self._run(
                    "CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT delivery_id FROM event WHERE event_id > ?", (folded,)
                )
                # Older events are not even looked at: new ones are mostly about what began lately.
                (oldest,) = self._run("SELECT min(first_event) FROM life SEMI JOIN touched USING (delivery_id)")[0]
                self._run(
                    "CREATE OR REPLACE TEMP TABLE part AS "
                    "SELECT * FROM event SEMI JOIN touched USING (delivery_id) WHERE event_id >= ?",
                    (min(oldest or folded + 1, folded + 1),),
                )
                self._run("DELETE FROM life WHERE delivery_id IN (SELECT delivery_id FROM touched)")
                self._run(f"INSERT INTO life {_folding('part')}")
                self._run("DROP TABLE part")
                self._run("DROP TABLE touched")
            self._run("UPDATE copied SET folded = (SELECT coalesce(max(event_id), 0) FROM event)")
            self._run("COMMIT")
        except BaseException:
            self._run("ROLLBACK")
            raise


_ROW = "SELECT event_id, moment, delivery_id, state, source, source_key FROM event WHERE event_id = ?"
_COLUMNS = ", ".join(STORED.values())
_SQL = {"int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR"}


@cache
def _folding(table: str) -> str:
    """Give the statement that makes lives of the events in a table."""
    import ibis  # noqa: PLC0415 - an optional extra

    return str(ibis.to_sql(lives(ibis.table(dict(EVENT_COLUMNS), name=table)), dialect="duckdb"))


def _version() -> str:
    """Tell copies apart whose tables were made by another mailkit."""
    return hashlib.blake2b(_folding("event").encode(), digest_size=12).hexdigest()


def _kept(path: Path) -> Any:  # noqa: ANN401 - an Ibis back-end
    """Open the copy on the disk; ``None``: another program has it (DuckDB lets in one at a time), or it cannot be written."""
    import duckdb  # noqa: PLC0415 - an optional extra

    try:
        if path.parent.name.endswith(".copy"):
            path.parent.mkdir(mode=0o700, exist_ok=True)
        new = not path.exists()
        backend = _connected(path)
        if new:
            path.chmod(0o600)
    except OSError:
        return None
    except duckdb.Error as error:
        if new or not os.access(path, os.W_OK) or re.search("lock|another process", str(error), re.IGNORECASE):
            return None
    else:
        return backend
    # Made by another DuckDB, or damaged: it is but a copy.
    if not _is_copy(path):
        raise InputError(f"{path} is there already, and is not a copy of delivery events; give another name for the copy")
    path.unlink()
    return _connected(path)


def _connected(path: Path | str) -> Any:  # noqa: ANN401 - an Ibis back-end
    import ibis  # noqa: PLC0415 - an optional extra

    return ibis.duckdb.connect(
        path,
        # Nothing is fetched from outside: what the wheel has is enough.
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        # Beyond that it works on the disk: a laptop has other things to do.
        memory_limit="2GB",
        preserve_insertion_order=False,
    )


def _is_copy(path: Path) -> bool:
    """Say whether a file is one of DuckDB's (its mark stands behind a checksum)."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


@contextlib.contextmanager
def _reading(store: Path) -> Iterator[sqlite3.Connection]:
    """Open the store to read, and only that.

    Raises:
        InputError: there is no store.
    """
    if not store.is_file():
        raise InputError(f"there is no store {store}; give the file that mails were sent or records imported with")
    connection = sqlite3.connect(
        f"{store.absolute().as_uri()}?mode=ro", uri=True, timeout=30, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes
    try:
        connection.execute("SELECT event_id FROM event LIMIT 1")
        yield connection
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"{store} cannot be read as a store ({error}); give the file that mails were sent or records imported with"
        ) from None
    finally:
        connection.close()


def _batches(connection: sqlite3.Connection, after: int, newest: int) -> Iterator[pa.Table]:
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    coming = _pieces(connection, after, newest)
    while some := list(islice(coming, _BATCH)):
        yield pa.concat_tables(some)


def _pieces(connection: sqlite3.Connection, after: int, newest: int) -> Iterator[pa.Table]:
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    kinds = {"int64": pa.int64(), "float64": pa.float64()}
    query = (
        f"SELECT {_COLUMNS} FROM event"  # noqa: S608 - these names are our own
        f" WHERE event_id > ? AND event_id <= ? ORDER BY event_id LIMIT {_CHUNK}"
    )
    while rows := connection.execute(query, (after, newest)).fetchall():
        columns = list(zip(*rows, strict=True))
        made = [
            _texts(values) if kind == "string" else pa.array(values, kinds[kind])
            for values, kind in zip(columns, EVENT_COLUMNS.values(), strict=True)
        ]
        yield pa.table(made, names=list(EVENT_COLUMNS))
        after = columns[0][-1]


def _texts(values: tuple[bytes | None, ...]) -> pa.Array:
    """Make a column of texts out of their UTF-8, a third faster than out of Python's own."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:  # written by another program
        return pa.array([None if value is None else value.decode("utf-8", "backslashreplace") for value in values], pa.string())
