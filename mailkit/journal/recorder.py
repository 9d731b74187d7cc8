"""Recording changes: the statements, made once, and the two ways through them.

Nearly always all changes of a group are new and their rows are where they should be: three statements for the whole group. When
one is not (an event seen before, a lease lost), the group is done again, call by call, so that only that one is left out.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Connection,
    Integer,
    Text,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from mailkit.errors import LeaseLost
from mailkit.journal.change import SAID, Change, moves_from, said
from mailkit.journal.database import Database
from mailkit.journal.delivery import State
from mailkit.journal.event import Event
from mailkit.journal.rows import EVENT_COLUMNS, event_row, micros
from mailkit.journal.tables import DELIVERY, EVENT, WAITING, Moment

__all__ = ["Adder", "Prepared", "Recorder", "without_empty"]

_NAMES = [column.name for column in EVENT_COLUMNS]
_MOMENT, _NEXT_TRY, *_SAID = (_NAMES.index(name) for name in ("moment", "next_try", *SAID))
_STATEMENTS = 100


class Prepared:
    """A statement written out once for one database, and run by its driver: what is done twice for every mail should be quick."""

    def __init__(self, statement: ClauseElement, database: Database, column_keys: list[str] | None = None) -> None:
        compiled = cast("SQLCompiler", statement.compile(dialect=database.engine.dialect, column_keys=column_keys))
        self._sql = str(compiled)
        self._in_order = itemgetter(*(compiled.positiontup or ()))

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run it for every row (values in the order of the columns) and return how many rows of the table it touched."""
        if not rows:
            return 0
        cursor = connection.connection.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(self._sql, rows[0])
            else:
                cursor.executemany(self._sql, rows)
            return cursor.rowcount
        finally:
            cursor.close()

    def run_named(self, connection: Connection, values: Iterable[dict[str, Any]]) -> int:
        """Run it for every set of values."""
        return self.run(connection, [self._in_order(one) for one in values])


class Adder:
    """An INSERT into the events that names only the columns in which there is something: half of them are empty in any log."""

    def __init__(self, statement: ClauseElement, database: Database) -> None:
        self._statement, self._database = statement, database
        self._made: dict[tuple[int, ...], Prepared] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert rows of all columns; returns how many were inserted."""
        if not rows:
            return 0
        used, filled = without_empty(rows)
        prepared = self._made.get(used)
        if prepared is None:
            if len(self._made) > _STATEMENTS:
                self._made.clear()
            prepared = self._made[used] = Prepared(self._statement, self._database, [_NAMES[place] for place in used])
        return prepared.run(connection, filled)


def without_empty(rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[int, ...], list[tuple[Any, ...]]]:
    """Leave out columns in which there is nothing; gives the places of the others, and the rows with these alone."""
    used = tuple(place for place, column in enumerate(zip(*rows, strict=True)) if any(value is not None for value in column))
    return used, list(map(itemgetter(*used), rows)) if rows else []


class Recorder:
    """Writes changes into one store."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._refused = database.engine.dialect.loaded_dbapi.IntegrityError
        self._add = Adder(insert(EVENT).inline(), database)
        self.add_new = Adder(database.insert_new(EVENT).inline(), database)
        self._hold = Prepared(_hold(), database)
        self._move = Prepared(_move(), database)

    def record(self, calls: Sequence[Sequence[Change]]) -> list[int | LeaseLost]:
        """Record the changes of several callers in one transaction; each call is recorded as a whole or not at all.

        Returns:
            For each call how many of its events were new, or why it was not recorded.

        Raises:
            StoreError: none of them is recorded.
        """
        try:
            with self.database.writing() as connection:
                return list(self._all_at_once(connection, calls))
        except _NotAsExpected:
            pass
        with self.database.writing() as connection:
            return [self._one_by_one(connection, changes) for changes in calls]

    def _all_at_once(self, connection: Connection, calls: Sequence[Sequence[Change]]) -> list[int]:
        changes = [change for call in calls for change in call]
        rows = [event_row(change.event) for change in changes]
        values = [_values(change, row) for change, row in zip(changes, rows, strict=True)]
        self.database.adding(connection)
        # The rows first, always in the same order: their locks also decide the order of the events (PostgreSQL).
        if not self.database.is_sqlite:
            values.sort(key=itemgetter("an_id"))
        holds = [one for one in values if one["a_state"] == "sending"]
        moves = [one for one in values if one["a_state"] != "sending"]
        if holds and moves and {one["an_id"] for one in holds} & {one["an_id"] for one in moves}:
            raise _NotAsExpected
        if self._hold.run_named(connection, holds) != len(holds):
            raise _NotAsExpected
        self._move.run_named(connection, moves)
        try:
            self._add.run(connection, rows)
        except self._refused:
            raise _NotAsExpected from None
        return [len(call) for call in calls]

    def _one_by_one(self, connection: Connection, changes: Sequence[Change]) -> int | LeaseLost:
        try:
            with connection.begin_nested():
                return sum(self.one(connection, change) for change in changes)
        except LeaseLost as lost:
            return lost

    def add(self, connection: Connection, events: Iterable[Event]) -> None:
        """Append events that are new for certain, in a transaction that is open already; no row moves."""
        self.database.adding(connection)
        self._add.run(connection, [event_row(event) for event in events])

    def move(self, connection: Connection, changes: Iterable[Change]) -> None:
        """Move the rows alone, of events that are appended already."""
        self._move.run_named(connection, [_values(change, event_row(change.event)) for change in changes])

    def one(self, connection: Connection, change: Change) -> bool:
        """Record one change in a transaction that is open already; ``False``: it was known.

        Raises:
            LeaseLost: to be undone by the caller.
        """
        self.database.adding(connection)
        moved = select(DELIVERY.c.number).where(DELIVERY.c.delivery_id == change.delivery_id)
        connection.execute(moved.with_for_update())
        row = event_row(change.event)
        if not self.add_new.run(connection, [row]):
            return False
        if change.event.state == "sending":
            if not self._hold.run_named(connection, [_values(change, row)]):
                lost = f"{change.delivery_id} is not held by {change.owner} any more, who may not send it"
                raise LeaseLost(f"{self.database.shown}: {lost}")
        else:
            self._move.run_named(connection, [_values(change, row)])
        return True


class _NotAsExpected(Exception):
    """An event is known already, a lease is lost, or the order of two changes of one delivery matters."""


def _values(change: Change, row: tuple[Any, ...]) -> dict[str, Any]:
    """Give the values of :func:`_hold` and :func:`_move`; ``row`` is the event's."""
    event = change.event
    stage, code, enhanced, reply, reason = [row[place] for place in _SAID]
    return {
        "an_id": change.delivery_id,
        "an_owner": change.owner,
        "a_state": event.state,
        "a_moment": row[_MOMENT],
        "an_attempt": event.attempt or 0,
        "a_due": micros(change.due) if change.due is not None else row[_NEXT_TRY],
        "a_skip": change.skip,
        "moves": _spaced(moves_from(event)),
        "has_said": int(said(event)),
        "a_stage": stage,
        "a_reply_code": code,
        "a_enhanced_code": enhanced,
        "a_reply": reply,
        "a_reason": reason,
    }


@functools.cache  # there are four such sets
def _spaced(states: frozenset[State]) -> str:
    return f" {' '.join(sorted(states))} "


def _hold() -> ClauseElement:
    """Begin an attempt, if the owner holds the row still."""
    return (
        update(DELIVERY)
        .where(DELIVERY.c.delivery_id == _given("an_id"), DELIVERY.c.owner == _given("an_owner"), WAITING)
        .values(
            state=_given("a_state"),
            changed=_given("a_moment"),
            attempts=_more_attempts(),
            **{name: _given(f"a_{name}") for name in SAID},
        )
    )


def _move() -> ClauseElement:
    """Move a row that is in one of the states the event ends, and let it go."""
    spaced = literal_column("'% '").concat(DELIVERY.c.state).concat(literal_column("' %'"))
    news = _given("has_said") == literal_column("1")
    return (
        update(DELIVERY)
        .where(DELIVERY.c.delivery_id == _given("an_id"), _given("moves").like(spaced))
        .values(
            state=_given("a_state"),
            changed=_given("a_moment"),
            attempts=_more_attempts(),
            due=func.coalesce(_given("a_due"), DELIVERY.c.due),
            skip=func.coalesce(_given("a_skip"), DELIVERY.c.skip),
            owner=null(),
            lease=null(),
            **{name: case((news, _given(f"a_{name}")), else_=DELIVERY.c[name]) for name in SAID},
        )
    )


_TYPES: dict[str, TypeEngine[Any]] = {
    "a_moment": Moment(),
    "a_due": Moment(),
    "an_attempt": Integer(),
    "has_said": Integer(),
    "a_reply_code": Integer(),
}


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=_TYPES.get(name, Text()))


def _more_attempts() -> ColumnElement[int]:
    return case((DELIVERY.c.attempts < _given("an_attempt"), _given("an_attempt")), else_=DELIVERY.c.attempts)
