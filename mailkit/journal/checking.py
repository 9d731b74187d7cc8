"""Does the store add up? Every row is compared with its story; used after accidents, and by the audit.

The rules are those that :mod:`mailkit.journal.change` and :mod:`mailkit.journal.outbox` keep; what is found here was done by
somebody else, or by a defect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from msgspec import Struct
from sqlalchemy import Connection, select

from mailkit.errors import StoreError
from mailkit.journal.change import moves_from
from mailkit.journal.database import Database
from mailkit.journal.delivery import Delivery, State
from mailkit.journal.event import Event
from mailkit.journal.reading import stories
from mailkit.journal.tables import CONTENT, DELIVERY, EVENT

__all__ = ["Problem", "check"]


class Problem(Struct, frozen=True, kw_only=True):
    """Something that does not add up."""

    delivery_id: str | None
    """``None``: it is about the store itself."""
    text: str


def check(database: Database) -> Iterator[Problem]:
    """Give everything that does not add up; where the store cannot even be read, that is the last thing given."""
    try:
        with database.reading() as connection:
            yield from _file(database, connection)
            yield from _without(connection)
        for row, story in stories(database, {}):
            for text in _of_one(row, story):
                yield Problem(delivery_id=row.delivery_id, text=text)
    except StoreError as error:
        yield Problem(delivery_id=None, text=error.text)


def _file(database: Database, connection: Connection) -> Iterator[Problem]:
    if database.is_sqlite:
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(20)").all():
            if line != "ok":
                yield Problem(delivery_id=None, text=f"the file is damaged: {line}")


def _without(connection: Connection) -> Iterator[Problem]:
    """Find what hangs in the air: events of the kit and messages without a row, rows to be sent without a message."""
    row = select(DELIVERY.c.number)
    for text, query in (
        (
            "has events of the kit, and is not in the outbox",
            select(EVENT.c.delivery_id)
            .where(EVENT.c.source == "mailkit", ~row.where(DELIVERY.c.delivery_id == EVENT.c.delivery_id).exists())
            .distinct(),
        ),
        (
            "has a message, and is not in the outbox",
            select(CONTENT.c.delivery_id).where(~row.where(DELIVERY.c.delivery_id == CONTENT.c.delivery_id).exists()),
        ),
        (
            "is to be sent, and has no message",
            select(DELIVERY.c.delivery_id).where(
                DELIVERY.c.state.in_(["pending", "deferred", "sending", "uncertain"]),
                DELIVERY.c.account.is_not(None),
                ~select(CONTENT.c.delivery_id).where(CONTENT.c.delivery_id == DELIVERY.c.delivery_id).exists(),
            ),
        ),
    ):
        for found in connection.execute(query.limit(1000)).scalars():
            yield Problem(delivery_id=found, text=text)


def _of_one(row: Delivery, story: tuple[Event, ...]) -> Iterator[str]:
    if not story:
        yield f"is {row.state}, and nothing is recorded of it"
        return
    state = story[0].state
    for event in story[1:]:
        state = event.state if state in moves_from(event) else state
    if state != row.state:
        yield f"is {row.state}, and by its story {state}"
    if story[0].state not in {"pending", "skipped"}:
        yield f"its story begins with {story[0].state}, not with its being queued"
    attempts = max((event.attempt or 0 for event in story), default=0)
    if attempts != row.attempts:
        yield f"counts {row.attempts} attempts, and its story {attempts}"
    if row.state == "sending" and row.owner is None:
        yield "is being sent, and by nobody"
    if row.owner is not None and row.state not in {"pending", "deferred", "sending"}:
        yield f"is {row.state}, and {row.owner} still holds it"
    yield from _handed_over(story)


def _handed_over(story: tuple[Event, ...]) -> Iterator[str]:
    """Nothing is accepted or uncertain that was not recorded before its body left."""
    sent: set[int | None] = set()
    for event in story:
        if event.state == "sending":
            if event.attempt in sent:
                yield f"attempt {event.attempt} was begun twice"
            sent.add(event.attempt)
        elif (
            event.source == "mailkit"
            and event.state in cast("set[State]", {"accepted", "uncertain"})
            and event.attempt not in sent
        ):
            yield f"attempt {event.attempt} is {event.state}, and was not recorded before it was sent"
