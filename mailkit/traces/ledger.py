"""What the store remembers about traces beside the outbox: when trace mail was activated, and which trace has been dealt with.

Two tables of this room's own in the one store. An activation is never changed, only followed by another. A copy keeps of which
trace a mail was made, so that a clerk's new address does not send everything a second time: the key of a delivery names the
address, this one does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects import postgresql, sqlite

from mailkit.errors import InputError
from mailkit.journal.rows import micros, moment
from mailkit.journal.store import Store
from mailkit.journal.tables import DELIVERY, METADATA, Id, Moment
from mailkit.text import visible
from mailkit.traces.window import Reach

__all__ = ["Activation", "Ledger"]

ACTIVATION = sa.Table(
    "activation",
    METADATA,
    sa.Column("number", Id, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("moment", Moment, nullable=False),
    sa.Column("anchor", sa.Text),
    sa.Column("reach", sa.Text, nullable=False),
    sa.Column("repeats", sa.Integer, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
)

TRACE_COPY = sa.Table(
    "trace_copy",
    METADATA,
    sa.Column("source_key", sa.Text, primary_key=True),
    sa.Column("delivery_key", sa.Text, nullable=False),
    sa.Column("moment", Moment, nullable=False),
)

_FAILED = ("rejected", "bounced", "expired")
"""A mail that ended like this may be sent again once the address is another one."""
_AT_ONCE = 400


class Activation(Struct, frozen=True, kw_only=True):
    """Trace mail was switched on for a property (``scope``; ``""``: for all there are)."""

    scope: str
    site: str
    """The hotel's name in the site file."""
    moment: dt.datetime
    anchor: dt.date | None
    """The hotel's own date then, where that is what is counted."""
    reach: Reach
    repeats: bool
    """It sent what was in the window, not only what came after it."""
    batch: str


class Ledger:
    """The two tables in one store. Everything blocks while the disk or the server works.

    Raises:
        InputError: the store holds the traces of another hotel.
        StoreError: the store cannot be used.
    """

    def __init__(self, store: Store, site_name: str | None) -> None:
        self.store = store
        self._site = (site_name or "").strip()
        store.ensure("activation", "trace_copy")
        self._insert = sqlite.insert if store.path is not None else postgresql.insert

    def activations(self) -> dict[str, Activation]:
        """Give the last activation of each property."""
        with self.store.reading() as connection:
            rows = connection.execute(sa.select(ACTIVATION).order_by(ACTIVATION.c.number)).mappings().all()
        others = {row["site"] for row in rows} - {self._site}
        if others:
            of = visible(", ".join(sorted(others))) or "without a name"
            raise InputError(
                f"{self.store.shown} holds the traces of {of!r}, and this hotel is {visible(self._site) or 'without a name'!r};"
                " use a store for each hotel, or keep the name in the site file as it was"
            )
        return {
            row["scope"]: Activation(
                scope=row["scope"],
                site=row["site"],
                moment=moment(row["moment"]),
                anchor=dt.date.fromisoformat(row["anchor"]) if row["anchor"] else None,
                reach=msgspec.json.decode(row["reach"], type=Reach),
                repeats=bool(row["repeats"]),
                batch=row["batch"],
            )
            for row in rows
        }

    def activate(self, activations: Iterable[Activation]) -> None:
        """Write activations down, all or none."""
        rows = [
            {
                "scope": one.scope,
                "site": self._site,
                "moment": micros(one.moment),
                "anchor": one.anchor.isoformat() if one.anchor else None,
                "reach": msgspec.json.encode(one.reach).decode(),
                "repeats": int(one.repeats),
                "batch": one.batch,
            }
            for one in activations
        ]
        if rows:
            with self.store.transaction() as connection:
                connection.execute(ACTIVATION.insert(), rows)

    def known(self, copies: Sequence[tuple[str, str]]) -> set[str]:
        """Say which of these traces have been dealt with.

        Args:
            copies: the trace's own key, and the key its delivery would have.

        Returns:
            The traces' own keys. Not among them: what was refused or came back at another address than now.
        """
        found: set[str] = set()
        for start in range(0, len(copies), _AT_ONCE):
            piece = dict(copies[start : start + _AT_ONCE])
            query = (
                sa.select(TRACE_COPY.c.source_key, TRACE_COPY.c.delivery_key, DELIVERY.c.state)
                .join_from(TRACE_COPY, DELIVERY, DELIVERY.c.key == TRACE_COPY.c.delivery_key, isouter=True)
                .where(TRACE_COPY.c.source_key.in_(piece))
            )
            with self.store.reading() as connection:
                known = connection.execute(query).all()
                there = set(connection.execute(sa.select(DELIVERY.c.key).where(DELIVERY.c.key.in_([*piece.values()]))).scalars())
            found |= {source for source, key in piece.items() if key in there}
            found |= {row.source_key for row in known if row.state not in _FAILED or row.delivery_key == piece[row.source_key]}
        return found

    def queued(self, keys: Sequence[str]) -> set[str]:
        """Say which of these keys are in the outbox."""
        found: set[str] = set()
        for start in range(0, len(keys), _AT_ONCE):
            with self.store.reading() as connection:
                query = sa.select(DELIVERY.c.key).where(DELIVERY.c.key.in_(keys[start : start + _AT_ONCE]))
                found |= set(connection.execute(query).scalars())
        return found

    def remember(self, copies: Collection[tuple[str, str]], now: dt.datetime) -> None:
        """Keep of which trace each delivery was made; a later one for the same trace replaces it."""
        if not copies:
            return
        new = self._insert(TRACE_COPY)
        rows = [{"source_key": source, "delivery_key": key, "moment": micros(now)} for source, key in copies]
        statement = new.on_conflict_do_update(
            index_elements=["source_key"], set_={"delivery_key": new.excluded.delivery_key, "moment": new.excluded.moment}
        )
        with self.store.transaction() as connection:
            for start in range(0, len(rows), _AT_ONCE):
                connection.execute(statement, rows[start : start + _AT_ONCE])
