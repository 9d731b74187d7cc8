"""Questions to the outbox that the sender has: the messages of many deliveries at once, and what still waits until when.

Blocking; called in threads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select

from mailkit.attempt import Purpose
from mailkit.journal import Store
from mailkit.journal.rows import moment
from mailkit.journal.tables import CONTENT, DELIVERY, WAITING

__all__ = ["contents", "left_over"]


def contents(store: Store, delivery_ids: Sequence[str]) -> dict[str, bytes]:
    """Give the messages of these deliveries, as far as they are there."""
    with store.reading() as connection:
        rows = connection.execute(select(CONTENT.c.delivery_id, CONTENT.c.message).where(CONTENT.c.delivery_id.in_(delivery_ids)))
        return {row.delivery_id: row.message for row in rows}


def left_over(
    store: Store, accounts: Collection[str], *, batch: str | None, kinds: Collection[Purpose] | None
) -> tuple[int, datetime | None]:
    """Give how many deliveries of these accounts wait, and when the first of them is due."""
    query = select(func.count(), func.min(DELIVERY.c.due)).where(WAITING, DELIVERY.c.account.in_(sorted(accounts)))
    if batch is not None:
        query = query.where(DELIVERY.c.batch == batch)
    if kinds is not None:
        query = query.where(DELIVERY.c.kind.in_(sorted(kinds)))
    with store.reading() as connection:
        count, first = connection.execute(query).one()
    return count, None if first is None else moment(first)
