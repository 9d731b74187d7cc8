"""Putting what other systems recorded into a store, and a report on it. Reading the same thing again adds nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo

from msgspec import Struct

from mailkit.history.importing.bounces import read_mails
from mailkit.history.importing.column_map import ColumnMap
from mailkit.history.importing.identity import Own, plain_id
from mailkit.history.importing.outcome import Progress, Stop, Tally, Unreadable
from mailkit.history.importing.run import Place, read
from mailkit.journal.event import Event
from mailkit.journal.store import Store

__all__ = ["Report", "import_into", "import_mails", "own_of"]

_LISTED = 200


class Report(Struct, frozen=True, kw_only=True):
    """What an import did."""

    files: tuple[tuple[str, str | None], ...] = ()
    """Each file with the name of its format; ``None``: of a folder, a file of no known format, passed over."""
    new: int = 0
    """Events added."""
    known: int = 0
    """Events that the store had already."""
    unreadable: int = 0
    """What should have been readable and was not."""
    examples: tuple[Unreadable, ...] = ()
    """The first of them."""
    foreign: int = 0
    """Lines, rows and mails that say nothing about a delivery; no fault."""
    states: dict[str, int] = {}
    """Events by state, new and known."""
    first: datetime | None = None
    last: datetime | None = None
    """The earliest and the latest moment met."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read: zones, dates, columns that were guessed."""
    stopped: bool = False
    """Stopped by a person; what was read until then is in the store."""
    duration_ms: float = 0


def import_into(
    store: Store,
    what: Place | Iterable[Place],
    kind: str = "auto",
    *,
    zone: str | tzinfo | None = None,
    year: int | None = None,
    columns: ColumnMap | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: Stop | None = None,
    listed: int = _LISTED,
) -> Report:
    """Put what files hold into a store; more on the arguments at :func:`mailkit.history.importing.read`.

    Args:
        store: where events go; mails that the kit itself sent are found there by their Message-ID.
        what: files, folders or streams.
        kind: of them; found out when not given.
        zone: of times that name none.
        year: of the first line of a log without years.
        columns: of tables.
        progress: called about five times a second.
        stop: asked now and then; what was read until it says yes is kept.
        listed: how many of the unreadable are listed; all are counted.

    Raises:
        InputError: a file is not there, or of no known format.
    """
    tally = Tally()
    items = read(what, kind, zone=zone, year=year, columns=columns, own=own_of(store), tally=tally, progress=progress, stop=stop)
    return _put(store, items, tally, listed)


def import_mails(store: Store, mails: Iterable[tuple[str, bytes]], *, stop: Stop | None = None, listed: int = _LISTED) -> Report:
    """Put bounces into a store that come from elsewhere than files: from a folder of a mailbox, say.

    Args:
        store: where events go.
        mails: names (for messages) and whole mails; taken one by one.
        stop: asked after each mail.
        listed: how many of the unreadable are listed.
    """
    tally = Tally()

    def until_stopped() -> Iterator[tuple[str, bytes]]:
        for one in mails:
            yield one
            if stop is not None and stop():
                tally.stopped = True
                return

    return _put(store, read_mails(until_stopped(), own=own_of(store), tally=tally), tally, listed)


def _put(store: Store, items: Iterable[Event | Unreadable], tally: Tally, listed: int) -> Report:
    begun = time.perf_counter()
    examples: list[Unreadable] = []
    states: Counter[str] = Counter()
    span: list[datetime] = []

    def events() -> Iterator[Event]:
        for one in items:
            if isinstance(one, Unreadable):
                if len(examples) < listed:
                    examples.append(one)
                continue
            states[one.state] += 1
            if not span:
                span[:] = one.moment, one.moment
            elif one.moment < span[0]:
                span[0] = one.moment
            elif one.moment > span[1]:
                span[1] = one.moment
            yield one

    added = store.add_events(events())
    return Report(
        files=tuple(tally.files),
        new=added.new,
        known=added.known,
        unreadable=tally.unreadable,
        examples=tuple(examples),
        foreign=tally.foreign,
        states=dict(states),
        first=span[0] if span else None,
        last=span[1] if span else None,
        notes=tuple(tally.notes),
        stopped=tally.stopped,
        duration_ms=(time.perf_counter() - begun) * 1000,
    )


def own_of(store: Store) -> Own:
    """Make the question which of the kit's own deliveries has a Message-ID. The store is read at the first question."""
    known: dict[int, str] = {}
    asked = False

    def own(message_id: str) -> str | None:
        nonlocal asked
        if not asked:
            asked = True
            known.update((hash(plain_id(one.message_id)), one.delivery_id) for one in store.deliveries())
        return known.get(hash(message_id))

    return own
