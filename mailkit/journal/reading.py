"""What the store holds, read page by page: whoever looks at a table of deliveries never keeps a transaction open meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, TypedDict, TypeVar, cast, get_args

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from mailkit.attempt import Attempt, Outcome, Purpose
from mailkit.journal.database import Database
from mailkit.journal.delivery import STATES, Delivery, State
from mailkit.journal.event import Event
from mailkit.journal.rows import DELIVERY_COLUMNS, EVENT_COLUMNS, delivery, event, micros
from mailkit.journal.tables import DELIVERY, EVENT

__all__ = ["Which", "attempts_of", "counts", "deliveries", "event_query", "events", "numbered", "one", "stories", "story"]

_PAGE = 500
_WORDS = ("batch", "user", "property", "mailing", "recipient")
_EVENTS_PAGE = 2000
_OUTCOMES = frozenset(get_args(Outcome))

T = TypeVar("T")


class Which(TypedDict, total=False):
    """Which deliveries; what is not given does not matter."""

    states: Collection[State] | None
    batch: str | None
    kinds: Collection[Purpose] | None
    accounts: Collection[str] | None
    user: str | None
    property: str | None
    mailing: str | None
    recipient: str | None
    due_before: datetime | None
    changed_since: datetime | None


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    unknown = set(which) - set(Which.__annotations__)
    if unknown:
        raise TypeError(f"there is no filter {', '.join(sorted(unknown))}")
    found: list[ColumnElement[bool]] = []
    for name, column in (("states", DELIVERY.c.state), ("kinds", DELIVERY.c.kind), ("accounts", DELIVERY.c.account)):
        if (values := which.get(name)) is not None:
            found.append(column.in_(sorted(cast("Collection[str]", values))))
    words = ((DELIVERY.c["user_code" if name == "user" else name], which.get(name)) for name in _WORDS)
    found.extend(column == value for column, value in words if value is not None)
    if (before := which.get("due_before")) is not None:
        found.append(DELIVERY.c.due < micros(before))
    if (since := which.get("changed_since")) is not None:
        found.append(DELIVERY.c.changed >= micros(since))
    return found


def one(connection: Connection, name: str, *, locked: bool = False) -> Delivery | None:
    """Find a delivery by its id or its key; ``locked``: nobody else moves it in this transaction."""
    query = select(*DELIVERY_COLUMNS).where(or_(DELIVERY.c.delivery_id == name, DELIVERY.c.key == name))
    row = connection.execute(query.with_for_update() if locked else query).first()
    return delivery(row) if row else None


def deliveries(database: Database, which: Which) -> Iterator[Delivery]:
    """Give deliveries in the order in which they were queued."""
    for page in _pages(database, which):
        yield from page


def _pages(database: Database, which: Which) -> Iterator[list[Delivery]]:
    query = select(DELIVERY.c.number, *DELIVERY_COLUMNS).where(*_conditions(which)).order_by(DELIVERY.c.number).limit(_PAGE)
    last = 0
    while True:
        with database.reading() as connection:
            rows = connection.execute(query.where(DELIVERY.c.number > last)).all()
        if rows:
            last = rows[-1][0]
            yield [delivery(row[1:]) for row in rows]
        if len(rows) < _PAGE:
            return


def counts(connection: Connection, which: Which) -> dict[State, int]:
    """Count deliveries by state; a state in which there is none is left out."""
    query = select(DELIVERY.c.state, func.count()).where(*_conditions(which)).group_by(DELIVERY.c.state)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    return {state: found[state] for state in STATES if state in found}


def numbered(row: Any) -> tuple[int, Event]:  # noqa: ANN401 (a row of SQLAlchemy)
    """Read a row of :func:`event_query`."""
    return row[0], event(row[1:])


def event_query() -> Select[Any]:
    """Ask for events with their numbers, in their order."""
    return select(EVENT.c.event_id, *EVENT_COLUMNS).order_by(EVENT.c.event_id)


def story(connection: Connection, delivery_id: str) -> tuple[Event, ...]:
    """Give all events of one delivery in the order in which they were recorded."""
    return tuple(numbered(row)[1] for row in connection.execute(event_query().where(EVENT.c.delivery_id == delivery_id)))


def events(database: Database, *, after: int, delivery_id: str | None, limit: int | None) -> Iterator[tuple[int, Event]]:
    """Give events with their numbers, from the first after ``after``; the last number is where to go on later."""
    with database.reading() as connection:
        database.settled(connection)
        newest = connection.scalar(select(func.max(EVENT.c.event_id))) or 0
    query = event_query().where(EVENT.c.event_id <= newest)
    if delivery_id is not None:
        query = query.where(EVENT.c.delivery_id == delivery_id)
    left = newest if limit is None else limit
    while left > 0:
        size = min(left, _EVENTS_PAGE)
        with database.reading() as connection:
            rows = connection.execute(query.where(EVENT.c.event_id > after).limit(size)).all()
        for row in rows:
            yield numbered(row)
        if len(rows) < size:
            return
        after = rows[-1][0]
        left -= size


def stories(database: Database, which: Which) -> Iterator[tuple[Delivery, tuple[Event, ...]]]:
    """Give each delivery with all its events."""
    for page in _pages(database, which):
        told: defaultdict[str, list[Event]] = defaultdict(list)
        # Read after the page: a delivery that went on meanwhile has events that its row here does not know of.
        with database.reading(steady=True) as connection:
            ids = [each.delivery_id for each in page]
            rows = connection.execute(
                select(*DELIVERY_COLUMNS).where(DELIVERY.c.delivery_id.in_(ids)).order_by(DELIVERY.c.number)
            ).all()
            for row in connection.execute(event_query().where(EVENT.c.delivery_id.in_(ids))):
                _, happened = numbered(row)
                told[happened.delivery_id].append(happened)
        for each in map(delivery, rows):
            yield each, tuple(told[each.delivery_id])


def attempts_of(to: Delivery, story: tuple[Event, ...]) -> Iterator[Attempt]:
    """Give the attempts of one delivery: what the kit itself saw of each, from ``sending`` to the reply."""
    tries: dict[int, list[Event]] = {}
    for happened in story:
        if happened.attempt is not None and happened.source == "mailkit":
            tries.setdefault(happened.attempt, []).append(happened)
    for number, seen in sorted(tries.items()):
        ends = [each for each in seen if each.state in _OUTCOMES]
        last = ends[-1] if ends else seen[-1]
        yield Attempt(
            message_id=to.message_id,
            delivery_id=to.delivery_id,
            number=number,
            kind=to.kind,
            user=to.user,
            mailing=to.mailing,
            rule=to.rule,
            sender=to.sender,
            recipient=to.recipient,
            endpoint=next((each.endpoint for each in reversed(seen) if each.endpoint), None),
            started=seen[0].moment if seen[0].state == "sending" else None,
            finished=last.moment if ends else None,
            stage=last.stage,
            reply_code=last.reply_code,
            enhanced_code=last.enhanced_code,
            reply=last.reply,
            outcome=cast("Outcome", last.state) if ends else None,
            next_try=last.next_try,
        )
