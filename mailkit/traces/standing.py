"""How the mails of traces stand: counted by clerk and day, what a person has to decide, and which accounts are stopped.

Counted in the database, so that a store with years in it answers as fast as a new one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection

import sqlalchemy as sa
from msgspec import Struct

from mailkit.journal import State, Store
from mailkit.journal.rows import moment
from mailkit.journal.tables import DELIVERY
from mailkit.text import shorten, visible
from mailkit.traces.trace import KINDS
from mailkit.traces.zones import Zone

__all__ = ["Doubt", "Row", "Standing", "Stopped", "standing"]

_HOUR = 3_600_000_000  # microseconds
_SHOWN = 200


class Row(Struct, frozen=True, kw_only=True):
    """The mails of one clerk that were queued on one day."""

    who: str | None
    """``None``: guests, and addresses that belong to no clerk."""
    property: str | None
    day: dt.date
    states: dict[State, int]
    skips: dict[str, int]
    """Of those that will not be sent: why."""


class Doubt(Struct, frozen=True, kw_only=True):
    """A mail that may have been taken: the line was cut after its last dot."""

    delivery_id: str
    recipient: str
    who: str | None
    kind: str
    subject: str | None
    since: dt.datetime | None
    asks: bool
    """A person has to decide; else it is sent again by itself."""


class Stopped(Struct, frozen=True, kw_only=True):
    """An account that is not used until a person says so."""

    account: str
    since: dt.datetime
    waiting: int
    cause: str | None
    """What was refused, as :mod:`mailkit.explain` read it: its sentence."""


class Standing(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.traces-status/1"):
    """The state of all mails of traces in a store."""

    at: dt.datetime
    store: str
    states: dict[State, int]
    rows: tuple[Row, ...]
    doubts: tuple[Doubt, ...]
    """The first two hundred."""
    stopped: tuple[Stopped, ...]
    elsewhere: dict[str, int]
    """Mails that wait for an account which the site file no longer has."""
    next_due: dt.datetime | None
    """When the next one that waits is to be tried; those of a stopped account wait for a person instead."""


def standing(store: Store, *, now: dt.datetime, zone: Zone, known: Collection[str] | None = None) -> Standing:
    """Look at a store.

    Args:
        store: the journal.
        now: the moment.
        zone: whose days they are.
        known: the accounts of the site file as it is now; ``None``: not known.

    Raises:
        StoreError: the store cannot be read.
    """
    of_traces = DELIVERY.c.kind.in_(KINDS)
    waits = DELIVERY.c.state.in_(("pending", "deferred"))
    # Written into the statement: PostgreSQL takes two parameters of the same value for two expressions.
    hour = (DELIVERY.c.created // sa.literal_column(str(_HOUR), sa.BigInteger)).label("hour")
    query = sa.select(DELIVERY.c.user_code, DELIVERY.c.property, hour, DELIVERY.c.state, DELIVERY.c.skip, sa.func.count())
    halted = store.halted()
    with store.reading() as connection:
        counted = connection.execute(
            query.where(of_traces).group_by(DELIVERY.c.user_code, DELIVERY.c.property, hour, DELIVERY.c.state, DELIVERY.c.skip)
        ).all()
        doubtful = (
            connection.execute(
                sa.select(DELIVERY).where(of_traces, DELIVERY.c.state == "uncertain").order_by(DELIVERY.c.number).limit(_SHOWN)
            )
            .mappings()
            .all()
        )
        waiting = {
            account: count
            for account, count in connection.execute(
                sa.select(DELIVERY.c.account, sa.func.count()).where(of_traces, waits).group_by(DELIVERY.c.account)
            ).all()
            if account is not None
        }
        able = sa.and_(DELIVERY.c.account.is_not(None), DELIVERY.c.account.not_in(tuple(halted)))
        due = connection.scalar(sa.select(sa.func.min(DELIVERY.c.due)).where(of_traces, waits, able))
    states: Counter[State] = Counter()
    by: dict[tuple[str | None, str | None, dt.date], tuple[Counter[State], Counter[str]]] = {}
    for who, property_, hours, state, skip, count in counted:
        states[state] += count
        day = zone.day(moment(int(hours) * _HOUR))
        row = by.setdefault((who, property_, day), (Counter(), Counter()))
        row[0][state] += count
        if state == "skipped" and skip:
            row[1][skip] += count
    return Standing(
        at=now,
        store=store.shown,
        states=dict(states),
        rows=tuple(
            Row(who=who, property=property_, day=day, states=dict(found), skips=dict(skips))
            for (who, property_, day), (found, skips) in sorted(by.items(), key=lambda item: (item[0][2], item[0][0] or "~"))
        ),
        doubts=tuple(
            Doubt(
                delivery_id=row["delivery_id"],
                recipient=row["recipient"],
                who=row["user_code"],
                kind=row["kind"],
                subject=row["subject"],
                since=moment(row["changed"]) if row["changed"] is not None else None,
                asks=row["on_uncertain"] != "resend",
            )
            for row in doubtful
        ),
        stopped=tuple(
            Stopped(account=one.account, since=one.since, waiting=waiting.get(one.account, 0), cause=_cause(one.explanation))
            for one in halted.values()
            # One that neither the site file knows nor any mail waits for is of the past, or of test mails.
            if known is None or one.account in known or waiting.get(one.account)
        ),
        elsewhere={account: count for account, count in waiting.items() if known is not None and account not in known},
        next_due=moment(due) if due is not None else None,
    )


def _cause(explanation: str) -> str | None:
    """Give the sentence of an explanation that was kept as JSON."""
    try:
        told = json.loads(explanation)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    said = next((told[name] for name in ("summary", "sentence", "cause", "text") if isinstance(told.get(name), str)), None)
    return visible(shorten(said, 300)) if said else None
