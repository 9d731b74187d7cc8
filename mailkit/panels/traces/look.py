"""How things stand in the store: counts, a page of the mails, one of them opened, what is stopped. Blocking, and read anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from mailkit.explain import Explanation
from mailkit.journal import Delivery, Event, State, Store
from mailkit.journal.rows import DELIVERY_COLUMNS, delivery
from mailkit.journal.tables import DELIVERY
from mailkit.panels.traces.case import Case
from mailkit.report.sending_words import means
from mailkit.traces.desk import accounts
from mailkit.traces.ledger import Activation, Ledger
from mailkit.traces.standing import Standing, standing
from mailkit.traces.trace import KINDS
from mailkit.traces.zones import Zones, local_zone

__all__ = ["PAGE", "Asked", "Opened", "View", "look"]

PAGE = 12
"""Rows on a page of the table."""
_WAITS: tuple[State, ...] = ("pending", "deferred", "sending", "uncertain")
"""``sending`` was left behind by a sender that is gone, and ``uncertain`` may be sent again by itself."""


@dataclass(frozen=True)
class Asked:
    """What is looked at: a word to look for, a state, a page, and the mail that is opened."""

    wanted: str = ""
    state: State | None = None
    page: int = 1
    opened: str | None = None


@dataclass(frozen=True)
class Opened:
    """One mail with everything that happened to it."""

    delivery: Delivery
    story: tuple[Event, ...]
    told: Explanation | None


@dataclass(frozen=True)
class View:
    """How things stand.

    Attributes:
        activations: when trace mail was switched on, by property.
        standing: counts, doubts, stopped accounts; ``None``: there is no store yet.
        waits: by account: how many mails wait for it.
        stopped: by account: why it is stopped, as far as the store kept it.
        found: how many mails are like what is asked for; ``rows``: those of the page.
        page, pages: counted from 1.
    """

    activations: Mapping[str, Activation] = field(default_factory=dict)
    standing: Standing | None = None
    waits: Mapping[str, int] = field(default_factory=dict)
    stopped: Mapping[str, Explanation] = field(default_factory=dict)
    found: int = 0
    rows: tuple[Delivery, ...] = ()
    page: int = 1
    pages: int = 1
    opened: Opened | None = None


def look(case: Case, asked: Asked) -> View:
    """Look at the store of a hotel.

    Raises:
        InputError: the store cannot be used, or is another hotel's.
    """
    if not case.store_is_there:
        return View()
    with case.open_store(create=False) as store:
        return _look(case, asked, store)


def _look(case: Case, asked: Asked, store: Store) -> View:
    activations = Ledger(store, case.site.name).activations()
    now = dt.datetime.now(dt.UTC)
    keys = accounts(case.site, case.settings).keys()
    found, rows, page = _rows(store, asked)
    told = {account: why for account, one in store.halted().items() if (why := _why(one.explanation)) is not None}
    return View(
        activations=activations,
        standing=standing(store, now=now, zone=Zones(case.site, local_zone(now)).hotel, known=keys),
        waits={key: sum(store.counts(states=_WAITS, accounts=(key,), kinds=KINDS).values()) for key in keys},
        stopped=told,
        found=found,
        rows=rows,
        page=page,
        pages=max(1, -(-found // PAGE)),
        opened=_opened(store, asked.opened),
    )


def _rows(store: Store, asked: Asked) -> tuple[int, tuple[Delivery, ...], int]:
    """Give how many there are, those of the page, and which page that is: the last one where there are not so many."""
    where: list[sa.ColumnElement[bool]] = [DELIVERY.c.kind.in_(KINDS)]
    if asked.state is not None:
        where.append(DELIVERY.c.state == asked.state)
    if asked.wanted.strip():
        columns = (DELIVERY.c.recipient, DELIVERY.c.user_code, DELIVERY.c.subject, DELIVERY.c.reply, DELIVERY.c.skip)
        like = [sa.func.lower(column).contains(asked.wanted.strip().lower(), autoescape=True) for column in columns]
        where.append(sa.or_(*like, DELIVERY.c.delivery_id == asked.wanted.strip()))
    with store.reading() as connection:
        found = int(connection.scalar(sa.select(sa.func.count()).select_from(DELIVERY).where(*where)) or 0)
        page = min(max(1, asked.page), max(1, -(-found // PAGE)))
        # What a person has to do something about comes first, then what happened last.
        urgent = sa.case(
            {"uncertain": 0, "rejected": 1, "bounced": 1, "expired": 1, "deferred": 2}, value=DELIVERY.c.state, else_=3
        )
        query = (
            sa.select(*DELIVERY_COLUMNS).where(*where).order_by(urgent, DELIVERY.c.number).limit(PAGE).offset((page - 1) * PAGE)
        )
        return found, tuple(delivery(row) for row in connection.execute(query)), page


def _opened(store: Store, name: str | None) -> Opened | None:
    one = store.delivery(name) if name else None
    return Opened(one, store.story(one.delivery_id), means(one, "maestro-pms")) if one is not None else None


def _why(explanation: str) -> Explanation | None:
    try:
        return msgspec.json.decode(explanation, type=Explanation)
    except msgspec.MsgspecError:  # of another version; the sentence of it is shown without
        return None
