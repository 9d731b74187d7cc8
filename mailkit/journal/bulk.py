"""Events by the million: what other systems recorded, added in pieces, each thing once however often it is read.

Used by the importers through :meth:`mailkit.journal.store.Store.add_events`. Memory is bounded by the piece; a run that is
stopped has added whole pieces, and the next run adds the rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Connection, MetaData, func, select
from sqlalchemy.dialects import postgresql

from mailkit.journal.change import Change, moves_from
from mailkit.journal.database import Database
from mailkit.journal.event import Event
from mailkit.journal.reading import event_query, numbered
from mailkit.journal.recorder import Recorder, without_empty
from mailkit.journal.rows import EVENT_COLUMNS, event_row
from mailkit.journal.tables import DELIVERY, EVENT

if TYPE_CHECKING:
    from psycopg import Cursor  # an optional extra, and here for its type only

__all__ = ["Added", "add_events"]

_PIECE = 20_000
_ASKED_AT_ONCE = 500


class Added(Struct, frozen=True, kw_only=True):
    """What an import added."""

    new: int = 0
    known: int = 0
    """Seen before, by ``source`` and ``source_key``."""


def add_events(database: Database, recorder: Recorder, events: Iterable[Event]) -> Iterator[Added]:
    """Add ``events``; gives the sum so far after every piece."""
    new = known = 0
    coming = iter(events)
    while piece := list(itertools.islice(coming, _PIECE)):
        rows = [event_row(one) for one in piece]
        with database.writing() as connection:
            database.adding(connection)
            before = connection.scalar(select(func.max(EVENT.c.event_id))) or 0
            added = recorder.add_new.run(connection, rows) if database.is_sqlite else _copied(connection, rows)
            if added:
                _move_rows(connection, recorder, piece, before)
        new, known = new + added, known + len(piece) - added
        yield Added(new=new, known=known)


def _copied(connection: Connection, rows: Sequence[tuple[object, ...]]) -> int:
    """Send the rows as a stream into a table of this connection, and take over what is new."""
    piece = EVENT.to_metadata(MetaData(), name="piece")
    used, filled = without_empty(rows)
    names = [EVENT_COLUMNS[place].name for place in used]
    empty = "CREATE TEMPORARY TABLE IF NOT EXISTS piece ON COMMIT DELETE ROWS AS SELECT * FROM event LIMIT 0"
    connection.exec_driver_sql(empty)
    cursor: Cursor[object] = connection.connection.cursor()  # type: ignore[assignment]  # psycopg's own, which has COPY
    with cursor, cursor.copy(f"COPY piece ({', '.join(names)}) FROM STDIN".encode()) as stream:
        for row in filled:
            stream.write_row(row)
    taken = select(*(piece.c[name] for name in names))
    new = postgresql.insert(EVENT).from_select(names, taken).on_conflict_do_nothing()
    return connection.execute(new, execution_options={"preserve_rowcount": True}).rowcount


def _move_rows(connection: Connection, recorder: Recorder, piece: list[Event], before: int) -> None:
    """Move the outbox rows of which these events tell the end (a mail log says that a mail of the kit's own was delivered)."""
    if connection.scalar(select(DELIVERY.c.number).limit(1)) is None:
        return
    telling = sorted({one.delivery_id for one in piece if moves_from(one)})
    for start in range(0, len(telling), _ASKED_AT_ONCE):
        asked = telling[start : start + _ASKED_AT_ONCE]
        ours = connection.execute(select(DELIVERY.c.delivery_id).where(DELIVERY.c.delivery_id.in_(asked))).scalars().all()
        if ours:
            added = event_query().where(EVENT.c.event_id > before, EVENT.c.delivery_id.in_(ours))
            told = [numbered(row)[1] for row in connection.execute(added)]
            recorder.move(connection, [Change(one.delivery_id, one) for one in told if moves_from(one)])
