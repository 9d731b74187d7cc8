"""Looking after a store: a copy of it in another place, and forgetting what is old."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, MetaData, delete, func, insert, select

from mailkit.errors import InputError, StoreError
from mailkit.journal.database import Database
from mailkit.journal.delivery import OPEN
from mailkit.journal.rows import micros
from mailkit.journal.tables import CONTENT, DELIVERY, EVENT, META

__all__ = ["Pruned", "copy_into", "prune", "vacuum_into"]

_SLICE = 20_000
_ROWS = 1_000


class Pruned(Struct, frozen=True, kw_only=True):
    """What was forgotten."""

    deliveries: int
    events: int


def prune(database: Database, before: datetime) -> Pruned:
    """Forget every story whose last word is older than ``before``: events, row and message. What is open stays whole."""
    until = micros(before)
    deliveries = events = 0
    later = EVENT.alias("later")
    recent = select(later.c.event_id).where(later.c.moment >= until)
    over = (
        select(DELIVERY.c.delivery_id)
        .where(DELIVERY.c.state.not_in(sorted(OPEN)), DELIVERY.c.changed < until)
        .where(~recent.where(later.c.delivery_id == DELIVERY.c.delivery_id).exists())
        .limit(_ROWS)
    )
    more = True
    while more:
        with database.writing() as connection:
            ids = connection.execute(over).scalars().all()
            events += _without(connection, ids)
        deliveries += len(ids)
        more = bool(ids)
    with database.reading() as connection:
        newest = connection.scalar(select(func.max(EVENT.c.event_id))) or 0
        oldest = connection.scalar(select(func.min(EVENT.c.event_id))) or 0
    strangers = delete(EVENT).where(
        EVENT.c.moment < until,
        ~recent.where(later.c.delivery_id == EVENT.c.delivery_id).exists(),
        ~select(DELIVERY.c.number).where(DELIVERY.c.delivery_id == EVENT.c.delivery_id).exists(),
    )
    for start in range(oldest, newest + 1, _SLICE):
        with database.writing() as connection:
            events += connection.execute(strangers.where(EVENT.c.event_id.between(start, start + _SLICE - 1))).rowcount
    if events:
        with database.writing() as connection:  # whoever keeps a copy of the events has to make it anew
            connection.execute(delete(META).where(META.c.name == "pruned"))
            connection.execute(insert(META).values(name="pruned", content=secrets.token_hex(8)))
    return Pruned(deliveries=deliveries, events=events)


def _without(connection: Connection, ids: Sequence[str]) -> int:
    if not ids:
        return 0
    connection.execute(delete(CONTENT).where(CONTENT.c.delivery_id.in_(ids)))
    connection.execute(delete(DELIVERY).where(DELIVERY.c.delivery_id.in_(ids)))
    return connection.execute(delete(EVENT).where(EVENT.c.delivery_id.in_(ids))).rowcount


def vacuum_into(database: Database, target: Path) -> None:
    """Write a copy of an SQLite store; never by copying the file, which may be in the middle of a change."""
    beside = target.with_name(f"{target.name}.part")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        with database.alone() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(beside),))
        with beside.open("rb+") as file:  # SQLite does not wait for the disk here
            os.fsync(file.fileno())
        beside.replace(target)
    except StoreError as error:
        raise InputError(f"no backup at {target}: {error}") from None
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


def copy_into(database: Database, copy: Database, metadata: MetaData) -> None:
    """Copy every row into an empty store, as it was at one moment."""
    with database.reading(steady=True) as source, copy.writing() as target:
        for table in metadata.sorted_tables:
            target.execute(delete(table))
            for rows in source.execution_options(yield_per=_ROWS).execute(select(table)).partitions():
                target.execute(insert(table), [dict(row._mapping) for row in rows])  # noqa: SLF001 (its public name, in spite of the dash)
