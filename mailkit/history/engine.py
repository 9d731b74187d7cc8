"""Where the questions are asked: one seam between the events, wherever they are kept, and the expressions that ask.

:func:`open_history` gives a :class:`History` for

* a store that is one SQLite file: a copy in DuckDB, in this process, kept up to date by the number of the last event
  (:mod:`mailkit.history.embedded`);
* a store on PostgreSQL: asked where it is;
* Parquet files, as :func:`mailkit.history.parquet.export_parquet` writes them: read by DuckDB;
* a table of any Ibis back-end (Spark, Trino, ClickHouse, BigQuery, …), or such a connection and a Parquet folder it can read:
  asked where it is.

Needs the extra ``history``; for PostgreSQL also ``postgres``.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.history.columns import EVENT_COLUMNS, NUMBER, STORED
from mailkit.history.life import lives

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

__all__ = ["History", "Refreshed", "Source", "needs_extra", "open_history"]

NEEDED = "the delivery history needs more packages: pip install 'maestro-mailkit[history]'"


class Refreshed(Struct, frozen=True, kw_only=True):
    """What a look for new events found."""

    added: int | None
    """``None``: the engine has the events itself, nothing was copied."""
    last: int
    """The number of the newest event; 0: there is none."""
    seconds: float
    rebuilt: bool = False
    """The copy was made anew: the store had been pruned, or was another one."""


class Source:
    """Where events are. This one holds nothing itself: it asks a table of an engine, and lets that engine keep the lives."""

    name = "engine"

    def __init__(self, table: ir.Table, close: Callable[[], None] | None = None) -> None:
        self._table = canonical(table)
        self._close = close
        self._seen = (0, 0)
        self._lives: Any = None
        self._table_of_lives: str | None = None

    @property
    def events(self) -> ir.Table:
        """The events up to the last refresh, with the columns of :data:`~mailkit.history.columns.EVENT_COLUMNS`."""
        # Without the bound, two questions asked one after the other would be about different events.
        return self._table.filter(self._table[NUMBER] <= self._seen[0])

    @property
    def lives(self) -> ir.Table:
        """One row per delivery (:func:`mailkit.history.life.lives`)."""
        if self._lives is None:
            self._lives = self._kept(lives(self.events))
        table: ir.Table = self._lives
        return table

    def refresh(self, progress: Callable[[int, int], None] | None = None, stop: Callable[[], bool] | None = None) -> Refreshed:  # noqa: ARG002 - nothing is copied here
        """See which is the newest event."""
        started = time.perf_counter()
        # Counted too: on a server a lower number may be committed after a higher one.
        asked = self._table.agg(newest=self._table[NUMBER].max(), count=self._table.count())
        (found,) = asked.to_pyarrow().to_pylist()
        seen = found["newest"] or 0, found["count"]
        if seen != self._seen:
            self._forget()
            self._seen = seen
        return Refreshed(added=None, last=seen[0], seconds=time.perf_counter() - started)

    def close(self) -> None:
        """Let go of the engine; a connection that is closed forgets its own temporary table."""
        if self._close is not None:
            self._close()
        else:
            self._forget()

    def _kept(self, folded: ir.Table) -> ir.Table:
        """Let the engine keep the lives while the history is open; one that may not folds the events anew for each question."""
        backend: Any = folded.get_backend()
        try:
            if self.name == "pyspark":
                return folded.cache()
            self._table_of_lives = f"mailkit_life_{secrets.token_hex(6)}"
            kept: ir.Table = backend.create_table(self._table_of_lives, folded, temp=True)
        except Exception:  # noqa: BLE001 - each engine has errors of its own for what it may not or cannot do
            self._table_of_lives = None
            return folded
        return kept

    def _forget(self) -> None:
        if self._table_of_lives is not None:
            # Not by Ibis, whose statement has no name in it with the sqlglot of today.
            self._lives.get_backend().con.execute(f'DROP TABLE "{self._table_of_lives}"')
        elif hasattr(self._lives, "release"):
            self._lives.release()
        self._lives = self._table_of_lives = None


class History:
    """Delivery events, ready to be asked; the questions are functions of :mod:`mailkit.history.questions`.

    A context manager. It may be used from several threads, one at a time (each question waits for the one before).
    """

    def __init__(self, source: Any) -> None:  # noqa: ANN401 - a Source, or what looks like one
        self._source = source
        self._turn = threading.RLock()
        self._open = True
        self._span: tuple[int, int] | None = None

    @property
    def engine(self) -> str:
        """Which engine answers: ``duckdb``, ``postgres``, ``pyspark`` …."""
        return str(self._source.name)

    @property
    def events(self) -> ir.Table:
        """The events, as an Ibis table."""
        events: ir.Table = self._source.events
        return events

    @property
    def lives(self) -> ir.Table:
        """One row per delivery, as an Ibis table (:func:`mailkit.history.life.lives`)."""
        table: ir.Table = self._source.lives
        return table

    def refresh(self, progress: Callable[[int, int], None] | None = None, stop: Callable[[], bool] | None = None) -> Refreshed:
        """Look for new events; from then on the answers are about them too.

        Args:
            progress: told how many of how many have been copied.
            stop: asked now and then; when it says yes, what was copied until then is kept, and answers are about that.
        """
        with self._turn:
            refreshed: Refreshed = self._source.refresh(progress, stop)
            self._span = None
            return refreshed

    def arrow(self, expression: ir.Table) -> pa.Table:
        """Ask, and fetch the whole answer as an Arrow table."""
        with self._turn:
            return expression.to_pyarrow()

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """Ask, and fetch the whole answer; it is to be small."""
        fetched: list[dict[str, Any]] = self.arrow(expression).to_pylist()
        return fetched

    def one(self, expression: ir.Table) -> Mapping[str, Any]:
        """Ask for one row."""
        return self.rows(expression)[0]

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last moment (microseconds since 1970) at which one of the deliveries began; 0 when there is none."""
        with self._turn:
            if self._span is None:
                lives = self.lives
                ends = self.one(lives.agg(first=lives.began.min(), last=lives.began.max()))
                self._span = (ends["first"] or 0, ends["last"] or 0)
            return self._span

    def close(self) -> None:
        """Let go of the engine; a copy that is not to stay is deleted."""
        with self._turn:
            if self._open:
                self._open = False
                self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()


def open_history(
    where: Any,  # noqa: ANN401 - a place in one of several forms, see below
    *,
    parquet: str | os.PathLike[str] | None = None,
    cache: bool | str | os.PathLike[str] | None = False,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> History:
    """Open delivery events to ask questions of them.

    Args:
        where: a store (its file, its address ``postgresql://user@host/database``, or an open
            :class:`mailkit.journal.Store`); a folder of Parquet files, or one such file; an Ibis table of events; or an Ibis
            connection, together with ``parquet``.
        parquet: what an Ibis connection is to read, as it sees the path.
        cache: for a store in a file: ``True`` keeps the copy beside it (``<name>.copy``), so that the next to open it need not
            wait; ``None`` does so when the store is large; a path keeps it there; ``False`` makes one that is gone when the
            history is closed. While another program uses a copy, an own one is made.
        progress: told how many of how many events have been copied, the first time.
        stop: asked now and then; yes ends the copying, and answers are about what was copied.

    Raises:
        InputError: there is nothing that can be asked, or a package is missing.
    """
    needs_extra()
    history = History(_source(where, parquet, cache))
    try:
        history.refresh(progress, stop)
    except BaseException:
        history.close()
        raise
    return history


def needs_extra() -> None:
    """Say what to install when the questions cannot be asked.

    Raises:
        InputError: a package of the extra ``history`` is missing.
    """
    if any(importlib.util.find_spec(name) is None for name in ("ibis", "duckdb", "pandas", "pyarrow")):
        raise InputError(NEEDED)


def canonical(table: ir.Table) -> ir.Table:
    """Give a table of events the names and types that the questions expect.

    Raises:
        InputError: a column is missing.
    """
    there = {STORED[name] if STORED[name] in table.columns else name: name for name in EVENT_COLUMNS}
    missing = [name for name in there if name not in table.columns]
    if missing:
        raise InputError(f"this is not a table of delivery events: it has no column {', '.join(missing[:5])}")
    return table.select(
        **{
            # Also what is never missing is cast: of nothing, the largest is unknown.
            name: table[held] if str(table[held].type()) == EVENT_COLUMNS[name] else table[held].cast(EVENT_COLUMNS[name])
            for held, name in there.items()
        }
    )


def _source(where: Any, parquet: str | os.PathLike[str] | None, cache: bool | str | os.PathLike[str] | None) -> Any:  # noqa: ANN401, FBT001 - as open_history
    import ibis.expr.types as ir  # noqa: PLC0415 - an optional extra
    from ibis.backends import BaseBackend  # noqa: PLC0415 - an optional extra
    from sqlalchemy import Engine  # noqa: PLC0415 - slow to import

    if isinstance(where, ir.Table):
        return _named(Source(where), where.get_backend().name)
    if isinstance(where, BaseBackend):
        if parquet is None:
            raise InputError("a connection alone names no events: give its table of them, or the Parquet folder it is to read")
        return _named(Source(where.read_parquet(os.fspath(parquet))), where.name)
    if isinstance(engine := getattr(where, "engine", None), Engine):
        where = getattr(where, "path", None) or engine.url.render_as_string(hide_password=False)
    name = os.fspath(where)
    if name.lower().startswith(("postgres://", "postgresql://", "postgresql+")):
        return _postgres(name)
    path = Path(name.removeprefix("sqlite:///")).expanduser()
    if path.is_dir() or path.suffix == ".parquet":
        from mailkit.history.parquet import reading  # noqa: PLC0415 - one of several engines is needed

        return _named(reading(path), "duckdb")
    from mailkit.history.embedded import Embedded  # noqa: PLC0415 - one of several engines is needed

    return Embedded(path, cache)


def _named(source: Source, name: str) -> Source:
    source.name = name
    return source


def _postgres(address: str) -> Source:
    """Ask a PostgreSQL directly."""
    if importlib.util.find_spec("psycopg") is None:
        raise InputError("a store on PostgreSQL needs psycopg: pip install 'maestro-mailkit[postgres]'")
    import ibis  # noqa: PLC0415 - an optional extra
    import psycopg  # noqa: PLC0415 - an optional extra

    from mailkit.journal.database import SCHEMA  # noqa: PLC0415 - SQLAlchemy is slow to import
    from mailkit.journal.place import place  # noqa: PLC0415 - SQLAlchemy is slow to import

    at = place(address)
    target = at.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = psycopg.connect(target, connect_timeout=10, autocommit=True)
    except psycopg.Error as error:
        raise InputError(f"{at.shown} cannot be asked: {' '.join(str(error).split())}") from None
    backend = ibis.postgres.from_connection(connection)
    if "event" not in backend.list_tables(database=SCHEMA):
        backend.disconnect()
        raise InputError(f"{at.shown} has no mailkit store; give the address with which the mails were sent or imported")
    return _named(Source(backend.table("event", database=SCHEMA), backend.disconnect), "postgres")
