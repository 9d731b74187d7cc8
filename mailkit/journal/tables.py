"""The tables of the store, declared once for SQLite and PostgreSQL.

Times are whole microseconds since 1970 in UTC (``BIGINT``): no two engines agree on time stamps, and SQLite has none. A column is
called as the field of :class:`~mailkit.journal.delivery.Delivery` or :class:`~mailkit.journal.event.Event` that it holds, except
``user``, which SQL keeps for itself: there it is ``user_code``. Another room's own table belongs into :data:`METADATA` too, and
is made with :meth:`mailkit.journal.store.Store.ensure`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text, text

__all__ = [
    "CONTENT",
    "DELIVERY",
    "EVENT",
    "HALTED",
    "HELD",
    "META",
    "METADATA",
    "RUN",
    "SENDING",
    "UNCERTAIN",
    "VERSION",
    "WAITING",
    "Id",
    "Moment",
]

VERSION = 1
"""Of these tables; a store with a higher one was made by a newer mailkit and is refused."""

METADATA = MetaData()

Moment = BigInteger
"""Microseconds since 1970, UTC."""

Id = BigInteger().with_variant(Integer, "sqlite")
"""A growing integer key (SQLite counts by itself only what is called INTEGER)."""

# As literal text: an index over some rows serves only a query in the same words.
WAITING = text("state IN ('pending', 'deferred')")
"""Rows that a sender may take."""
HELD = text("owner IS NOT NULL")
SENDING = text("state = 'sending'")
UNCERTAIN = text("state = 'uncertain'")

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("number", Id, primary_key=True),  # the order in which they were queued
    Column("delivery_id", Text, nullable=False, unique=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("account", Text),
    Column("created", Moment, nullable=False),
    Column("due", Moment, nullable=False),
    Column("expires", Moment),
    Column("property", Text),
    Column("user_code", Text),
    Column("mailing", Text),
    Column("rule", Text),
    Column("subject", Text),
    Column("batch", Text),
    Column("intended", Text),
    Column("skip", Text),
    Column("attempts", Integer, nullable=False),
    Column("on_uncertain", Text, nullable=False),
    Column("owner", Text),
    Column("lease", Moment),
    Column("stage", Text),
    Column("reply_code", Integer),
    Column("enhanced_code", Text),
    Column("reply", Text),
    Column("reason", Text),
    Column("changed", Moment),
    Index("delivery_waiting", "account", "due", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("delivery_held", "owner", sqlite_where=HELD, postgresql_where=HELD),
    Index("delivery_uncertain", "number", sqlite_where=UNCERTAIN, postgresql_where=UNCERTAIN),
    Index("delivery_batch", "batch"),
    sqlite_autoincrement=True,
)
"""The outbox: one row per mail and recipient, moved from state to state."""

CONTENT = Table(
    "content",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("message", LargeBinary, nullable=False),
)
"""The messages as they go out, apart from their rows: a change of state then touches a small row."""

EVENT = Table(
    "event",
    METADATA,
    Column("event_id", Id, primary_key=True),
    Column("moment", Moment, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_key", Text, nullable=False),
    Column("kind", Text),
    Column("attempt", Integer),
    Column("message_id", Text),
    Column("property", Text),
    Column("user_code", Text),
    Column("mailing", Text),
    Column("rule", Text),
    Column("sender", Text),
    Column("recipient", Text),
    Column("recipient_domain", Text),
    Column("subject", Text),
    Column("account", Text),
    Column("endpoint", Text),
    Column("address", Text),
    Column("stage", Text),
    Column("reply_code", Integer),
    Column("enhanced_code", Text),
    Column("reply", Text),
    Column("reason", Text),
    Column("cause", Text),
    Column("tls", Text),
    Column("queue_id", Text),
    Column("before_ms", Double),
    Column("queue_ms", Double),
    Column("connect_ms", Double),
    Column("transmit_ms", Double),
    Column("next_try", Moment),
    Column("run", Text),
    Column("note", Text),
    Index("event_once", "source", "source_key", unique=True),
    Index("event_delivery", "delivery_id"),
    Index("event_sending", "account", "moment", sqlite_where=SENDING, postgresql_where=SENDING),
    sqlite_autoincrement=True,  # a number is never given twice, so that a reader may remember the last one it saw
)
"""What happened, only ever added to. ``event_id`` is the order; moments come from clocks, and clocks are set back."""

RUN = Table(
    "run",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("command", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("outcome", Text),
    Column("note", Text),
)
"""Who worked with the store, when, and how it ended; ``ended`` is unknown of one that was killed."""

HALTED = Table(
    "halted",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("explanation", Text, nullable=False),
    Column("since", Moment, nullable=False),
)
"""Accounts whose log-in was refused: nothing is tried with them until a person says so."""

META = Table("meta", METADATA, Column("name", Text, primary_key=True), Column("content", Text, nullable=False))
"""``schema``: the version of the tables; ``pruned``: another word each time something was forgotten."""
