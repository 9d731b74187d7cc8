"""The store: the one door to everything durable. See :func:`open_store`.

Everything here blocks while the disk or the server works: on an event loop call it in a thread, and record through
:class:`mailkit.journal.group.Journal`. A store may be used by several threads, and by several processes at once.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal, Self, Unpack

from msgspec import Struct
from sqlalchemy import Connection, Engine, MetaData, delete, insert, select, update

from mailkit.attempt import Attempt, Purpose
from mailkit.errors import InputError, LeaseLost
from mailkit.journal import outbox, reading, upkeep
from mailkit.journal.bulk import Added, add_events
from mailkit.journal.change import Change, happened
from mailkit.journal.checking import Problem, check
from mailkit.journal.database import Database
from mailkit.journal.delivery import Delivery, State
from mailkit.journal.event import Event
from mailkit.journal.reading import Which
from mailkit.journal.recorder import Recorder
from mailkit.journal.rows import micros, moment
from mailkit.journal.tables import CONTENT, EVENT, HALTED, METADATA, RUN, SENDING
from mailkit.journal.upkeep import Pruned

__all__ = ["Decision", "Enqueued", "Halt", "Run", "Store"]

Decision = Literal["resend", "accepted", "delivered", "rejected"]

_QUEUED_AT_ONCE = 500

_UNDECIDED: dict[Decision, frozenset[State]] = {
    "resend": frozenset({"uncertain", "deferred", "rejected", "bounced", "expired"}),
    "accepted": frozenset({"uncertain"}),
    "delivered": frozenset({"uncertain", "accepted"}),
    "rejected": frozenset({"uncertain", "deferred"}),
}
"""Of which states a person may say so."""


class Enqueued(Struct, frozen=True, kw_only=True):
    """What queueing did."""

    added: int
    already: int
    """There under the same key before, and left as they were."""


class Halt(Struct, frozen=True, kw_only=True):
    """An account that is not used until a person says so."""

    account: str
    explanation: str
    """JSON: why."""
    since: datetime


class Run(Struct, frozen=True, kw_only=True):
    """One run of the kit on the store."""

    run_id: str
    command: str
    host: str
    process: int
    started: datetime
    ended: datetime | None = None
    """``None``: it runs, or it was killed."""
    outcome: str | None = None
    note: str | None = None


class Store:
    """An open store; made by :func:`~mailkit.journal.opening.open_store`, closed by ``with`` or :meth:`close`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recorder = Recorder(database)

    def __repr__(self) -> str:
        return f"Store({self.shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    @property
    def shown(self) -> str:
        """The store's name for people: no password is in it."""
        return self._database.shown

    @property
    def path(self) -> Path | None:
        """The file; ``None``: it is on a server."""
        return self._database.place.path

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for questions that stay in the database; writing goes through :meth:`transaction`."""
        return self._database.engine

    # ── the tables of other rooms ──

    @property
    def metadata(self) -> MetaData:
        """Where a room declares its own tables (columns, times and names as in :mod:`mailkit.journal.tables`)."""
        return METADATA

    def ensure(self, *tables: str) -> None:
        """Make tables of :attr:`metadata` that are not there yet, by name."""
        with self.transaction() as connection:
            METADATA.create_all(connection, tables=[METADATA.tables[name] for name in tables])

    def transaction(self) -> AbstractContextManager[Connection]:
        """Open a transaction that writes: committed at the end of the block, undone when it raises. Keep it short."""
        return self._database.writing()

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that reads the store as it is at one moment."""
        return self._database.reading(steady=True)

    # ── the outbox ──

    def enqueue(self, items: Iterable[tuple[Delivery, bytes | None]], *, now: datetime) -> Enqueued:
        """Queue deliveries with their messages; each goes in with its first event, ``pending`` or ``skipped``.

        What is there under the same key is left alone, so that a run that was stopped can simply be done again. Written in
        pieces.
        """
        added = count = 0
        coming = iter(items)
        while piece := list(islice(coming, _QUEUED_AT_ONCE)):
            if odd := next((one for one, _ in piece if one.state not in {"pending", "skipped"}), None):
                raise ValueError(f"{odd.delivery_id} cannot be queued as {odd.state}")
            with self.transaction() as connection:
                added += outbox.enqueue(connection, self._recorder, piece, now)
            count += len(piece)
        return Enqueued(added=added, already=count - added)

    def claim(
        self,
        owner: str,
        *,
        accounts: Collection[str] | None = None,
        batch: str | None = None,
        kinds: Collection[Purpose] | None = None,
        limit: int,
        lease: timedelta,
        now: datetime,
    ) -> list[Delivery]:
        """Take up to ``limit`` deliveries that are due, the longest due first, and hold them until ``now + lease``.

        No two owners ever hold one delivery. ``owner`` must be a name that nobody else has or had (:meth:`begin_run` gives one).
        Deliveries without an account are by hand and never claimed. ``lease`` is at most
        :data:`~mailkit.journal.outbox.LONGEST_LEASE`.
        """
        with self.transaction() as connection:
            clock = outbox.leased_by(connection, self._database, now)
            return outbox.claim(
                connection, owner, accounts=accounts, batch=batch, kinds=kinds, limit=limit, lease=lease, now=now, clock=clock
            )

    def renew(self, owner: str, lease: timedelta, now: datetime) -> int:
        """Hold what ``owner`` holds until ``now + lease``; returns how many that are."""
        with self.transaction() as connection:
            return outbox.renew(connection, owner, lease, outbox.leased_by(connection, self._database, now))

    def release(self, owner: str) -> int:
        """Give back what ``owner`` has not begun to send; returns how many."""
        with self.transaction() as connection:
            return outbox.release(connection, owner)

    def recover(self, now: datetime) -> list[Delivery]:
        """Take back what a sender left behind whose lease is over; call it at the start and now and then.

        What waited can be claimed again. What was being sent becomes ``uncertain``. Where the delivery says ``resend``, every
        ``uncertain`` becomes ``pending`` again, also one that a living sender recorded: at once after the first attempt, later
        with growing pauses. Done exactly once, however many call this at the same time.

        Returns:
            What became ``uncertain`` or ``pending``, as it is now.
        """
        with self.transaction() as connection:
            return outbox.recover(connection, self._recorder, now)

    def settle(self, delivery_id: str, decision: Decision, *, by: str, now: datetime, note: str | None = None) -> Delivery:
        """Record what a person decided or found out about a delivery, and return it as it is now.

        Raises:
            InputError: there is no such delivery, or it is in a state of which this cannot be said.
        """
        with self.transaction() as connection:
            found = reading.one(connection, delivery_id, locked=True)
            if found is None:
                raise InputError(f"{self.shown}: there is no delivery {delivery_id}")
            if found.state not in _UNDECIDED[decision]:
                right = " or ".join(sorted(_UNDECIDED[decision]))
                raise InputError(f"{delivery_id} is {found.state}; '{decision}' can be said of one that is {right}")
            words = f"{by}: {decision}" + (f" ({note})" if note else "")
            event = happened(found, "pending" if decision == "resend" else decision, now, source="person", note=words)
            change = Change(found.delivery_id, event, due=now if decision == "resend" else None)
            self._recorder.one(connection, change)
            return change.applied(found)

    def record(self, changes: Sequence[Change]) -> int:
        """Append the events and move the rows, all in one transaction; durable when this returns.

        An event that is known already (``source`` and ``source_key``) changes nothing. Returns how many were new.

        Raises:
            LeaseLost: a delivery is not held by the owner of its change any more.
            StoreError: the store could not be written.
            In both cases nothing of it is recorded.
        """
        (result,) = self.record_all([changes])
        if isinstance(result, LeaseLost):
            raise result
        return result

    def record_all(self, calls: Sequence[Sequence[Change]]) -> list[int | LeaseLost]:
        """Do :meth:`record` for several callers in one commit; what one of them may not record does not stop the others."""
        return self._recorder.record(calls)

    # ── what is there ──

    def content(self, delivery_id: str) -> bytes | None:
        """Give the whole message of a delivery, as it goes out."""
        with self.reading() as connection:
            return connection.scalar(select(CONTENT.c.message).where(CONTENT.c.delivery_id == delivery_id))

    def delivery(self, name: str) -> Delivery | None:
        """Find one delivery by its id or its key."""
        with self.reading() as connection:
            return reading.one(connection, name)

    def deliveries(self, **which: Unpack[Which]) -> Iterator[Delivery]:
        """Give deliveries in the order in which they were queued, page by page."""
        return reading.deliveries(self._database, which)

    def counts(self, **which: Unpack[Which]) -> dict[State, int]:
        """Count deliveries by state."""
        with self.reading() as connection:
            return reading.counts(connection, which)

    def story(self, delivery_id: str) -> tuple[Event, ...]:
        """Give everything that happened to one delivery, in the order in which it was recorded."""
        with self.reading() as connection:
            return reading.story(connection, delivery_id)

    def events(self, *, after: int = 0, delivery_id: str | None = None, limit: int | None = None) -> Iterator[tuple[int, Event]]:
        """Give events with their numbers, those after number ``after`` only: remember the last one to go on from there later."""
        return reading.events(self._database, after=after, delivery_id=delivery_id, limit=limit)

    def attempts(self, **which: Unpack[Which]) -> Iterator[Attempt]:
        """Give the attempts of these deliveries as documents, delivery by delivery."""
        for one, story in reading.stories(self._database, which):
            yield from reading.attempts_of(one, story)

    def sent_since(self, account: str, since: datetime) -> list[datetime]:
        """Give the moments at which messages left by ``account``, so that limits hold over runs and processes."""
        query = select(EVENT.c.moment).where(SENDING, EVENT.c.account == account, EVENT.c.moment >= micros(since))
        with self.reading() as connection:
            return [moment(one) for one in connection.execute(query.order_by(EVENT.c.moment)).scalars()]

    def add_events(self, events: Iterable[Event]) -> Added:
        """Add what others recorded, each thing once; see :meth:`adding_events`."""
        added = Added()
        for added in self.adding_events(events):  # noqa: B007 (the last sum is the result)
            pass
        return added

    def adding_events(self, events: Iterable[Event]) -> Iterator[Added]:
        """Add events in pieces, and give the sum after each: progress, and a place to stop. Memory does not grow with them.

        A delivery needs no row for it. Where it has one, an event that tells its end moves it.
        """
        return add_events(self._database, self._recorder, events)

    # ── accounts and runs ──

    def halt(self, account: str, explanation: str, now: datetime) -> None:
        """Stop an account until :meth:`resume`; ``explanation`` is JSON. The first reason stays."""
        with self.transaction() as connection:
            new = self._database.insert_new(HALTED)
            connection.execute(new.values(account=account, explanation=explanation, since=micros(now)))

    def halted(self) -> dict[str, Halt]:
        """Give the accounts that are stopped."""
        with self.reading() as connection:
            rows = connection.execute(select(HALTED).order_by(HALTED.c.account)).all()
        return {row.account: Halt(account=row.account, explanation=row.explanation, since=moment(row.since)) for row in rows}

    def resume(self, account: str) -> bool:
        """Let an account be used again; ``False``: it was not stopped."""
        with self.transaction() as connection:
            return connection.execute(delete(HALTED).where(HALTED.c.account == account)).rowcount > 0

    def begin_run(self, command: str, now: datetime) -> str:
        """Note that a run begins; returns its name, which is also a good ``owner``: nobody else has or had it."""
        host = socket.gethostname()
        run_id = f"{host}:{os.getpid()}:{secrets.token_hex(6)}"
        with self.transaction() as connection:
            connection.execute(
                insert(RUN).values(run_id=run_id, command=command, host=host, process=os.getpid(), started=micros(now))
            )
        return run_id

    def end_run(self, run_id: str, outcome: str, now: datetime, *, note: str | None = None) -> None:
        """Note how a run ended (one word)."""
        with self.transaction() as connection:
            connection.execute(update(RUN).where(RUN.c.run_id == run_id).values(ended=micros(now), outcome=outcome, note=note))

    def runs(self) -> list[Run]:
        """Give all runs, in the order in which they began."""
        with self.reading() as connection:
            rows = connection.execute(select(RUN).order_by(RUN.c.started, RUN.c.run_id)).all()
        return [
            Run(
                run_id=row.run_id,
                command=row.command,
                host=row.host,
                process=row.process,
                started=moment(row.started),
                ended=None if row.ended is None else moment(row.ended),
                outcome=row.outcome,
                note=row.note,
            )
            for row in rows
        ]

    # ── upkeep ──

    def check(self) -> list[Problem]:
        """Compare every row with its story, and look at the file itself; an empty list is a good store."""
        return list(check(self._database))

    def prune(self, before: datetime) -> Pruned:
        """Forget all of deliveries that ended before, their keys too: what is queued again under such a key is sent again."""
        return upkeep.prune(self._database, before)

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a copy as an SQLite file, as the store is at this moment, while others go on working with it.

        Raises:
            InputError: there is something at ``path`` already, or it cannot be written.
        """
        from mailkit.journal.opening import backup  # noqa: PLC0415 (a copy of a server's store is itself a store that is opened)

        backup(self._database, Path(path))
