"""The outbox: queueing, claiming under a lease, and what becomes of a claim whose owner is gone.

Functions over an open transaction, called by :class:`mailkit.journal.store.Store`. No lock is held while a mail is on its way:
who claims gets a lease, and who lost it finds out before he sends (:class:`mailkit.journal.change.Change`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Select, TextClause, and_, func, null, or_, select, update

from mailkit.journal.change import Change, happened
from mailkit.journal.database import Database
from mailkit.journal.delivery import Delivery
from mailkit.journal.recorder import Recorder
from mailkit.journal.rows import DELIVERY_COLUMNS, delivery, delivery_row, micros
from mailkit.journal.tables import CONTENT, DELIVERY, HELD, SENDING, UNCERTAIN, WAITING

__all__ = ["LONGEST_LEASE", "claim", "enqueue", "leased_by", "recover", "release", "renew"]

LONGEST_LEASE = timedelta(hours=1)
"""A lease that ends later than this from now was given by a clock that has been set back since: it is over."""

_FEW_ACCOUNTS = 64
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=4)


def enqueue(connection: Connection, recorder: Recorder, items: Sequence[tuple[Delivery, bytes | None]], now: datetime) -> int:
    """Queue what is not there yet; returns how many were added."""
    names = [column.name for column in DELIVERY_COLUMNS]
    queued = [(replace(one, changed=now), message) for one, message in items]
    added = recorder.database.insert_new(DELIVERY).returning(DELIVERY.c.delivery_id)
    new = set(connection.execute(added, [dict(zip(names, delivery_row(one), strict=True)) for one, _ in queued]).scalars())
    _refuse_foreign(connection, [one for one, _ in queued if one.delivery_id not in new])
    first = {one.delivery_id: (one, message) for one, message in reversed(queued) if one.delivery_id in new}
    if contents := [{"delivery_id": one, "message": message} for one, (_, message) in first.items() if message is not None]:
        connection.execute(CONTENT.insert(), contents)
    recorder.add(
        connection,
        [
            happened(
                one,
                one.state,
                now,
                source_key=f"{one.delivery_id}/queued",
                reason=one.skip,
                # Without it, what is due tomorrow would look stuck today.
                next_try=one.due if one.state == "pending" else None,
            )
            for one, _ in first.values()
        ],
    )
    return len(new)


def _refuse_foreign(connection: Connection, known: list[Delivery]) -> None:
    """What was not added must be there under its key; a token given to two mails would lose one of them silently."""
    keys = {one.key for one in known}
    if keys and connection.scalar(select(func.count()).where(DELIVERY.c.key.in_(keys))) != len(keys):
        raise ValueError("a delivery_id is in use for another key: it must be made anew for every delivery")


def claim(
    connection: Connection,
    owner: str,
    *,
    accounts: Collection[str] | None,
    batch: str | None,
    kinds: Collection[str] | None,
    limit: int,
    lease: timedelta,
    now: datetime,
    clock: int,
) -> list[Delivery]:
    """Give ``owner`` the deliveries that are due, the longest due first; ``clock`` is :func:`leased_by`."""
    if not timedelta() < lease <= LONGEST_LEASE:
        raise ValueError(f"a lease is longer than nothing and at most {LONGEST_LEASE}")
    free = (
        select(DELIVERY.c.due, DELIVERY.c.number)
        .where(
            WAITING, DELIVERY.c.account.is_not(None), DELIVERY.c.due <= micros(now), or_(DELIVERY.c.owner.is_(None), _over(clock))
        )
        .order_by(DELIVERY.c.due, DELIVERY.c.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if batch is not None:
        free = free.where(DELIVERY.c.batch == batch)
    if kinds is not None:
        free = free.where(DELIVERY.c.kind.in_(kinds))
    chosen = sorted(tuple(row) for query in _by_account(connection, free, accounts) for row in connection.execute(query))
    numbers = [number for _, number in chosen[:limit]]
    if not numbers:
        return []
    taking = update(DELIVERY).where(DELIVERY.c.number.in_(numbers)).values(owner=owner, lease=clock + micros_of(lease))
    taken = connection.execute(taking.returning(DELIVERY.c.number, *DELIVERY_COLUMNS)).all()
    place = {number: place for place, number in enumerate(numbers)}
    return [delivery(row[1:]) for row in sorted(taken, key=lambda row: place[row[0]])]


def _by_account(connection: Connection, free: Select[Any], accounts: Collection[str] | None) -> Iterable[Select[Any]]:
    """Ask account by account while they are few: the index then gives the longest due without looking at all that wait."""
    if accounts is None:
        found: list[str] = []
        last = ""
        following = select(func.min(DELIVERY.c.account)).where(WAITING)
        while len(found) <= _FEW_ACCOUNTS and (last := connection.scalar(following.where(DELIVERY.c.account > last))):
            found.append(last)
        if len(found) > _FEW_ACCOUNTS:
            return [free]
        accounts = found
    if len(accounts) > _FEW_ACCOUNTS:
        return [free.where(DELIVERY.c.account.in_(accounts))]
    return [free.where(DELIVERY.c.account == account) for account in sorted(accounts)]


def release(connection: Connection, owner: str) -> int:
    """Give back what ``owner`` has not begun to send."""
    free = update(DELIVERY).where(DELIVERY.c.owner == owner, WAITING).values(owner=null(), lease=null())
    return connection.execute(free).rowcount


def renew(connection: Connection, owner: str, lease: timedelta, clock: int) -> int:
    """Let everything ``owner`` holds last for another ``lease``."""
    held = update(DELIVERY).where(DELIVERY.c.owner == owner).values(lease=clock + micros_of(lease))
    return connection.execute(held).rowcount


def recover(connection: Connection, recorder: Recorder, now: datetime) -> list[Delivery]:
    """Take back what nobody holds any more, and decide about the uncertain where the decision was made beforehand."""
    at, clock = micros(now), leased_by(connection, recorder.database, now)
    connection.execute(update(DELIVERY).where(WAITING, HELD, _over(clock)).values(owner=null(), lease=null()))
    # Put off by a clock that has been set back since: it would wait until the clock is there again.
    put_off = and_(
        DELIVERY.c.due > at,
        DELIVERY.c.changed > at + micros_of(LONGEST_LEASE),
        or_(DELIVERY.c.state == "deferred", DELIVERY.c.due <= DELIVERY.c.changed),
    )
    connection.execute(update(DELIVERY).where(WAITING, DELIVERY.c.account.is_not(None), put_off).values(due=at))
    found = {}
    for lost in _locked(connection, SENDING, HELD, or_(DELIVERY.c.lease.is_(None), _over(clock))):
        event = happened(
            lost,
            "uncertain",
            now,
            attempt=lost.attempts or None,
            stage="data",
            note="the sender was gone before the reply was recorded",
        )
        found[lost.delivery_id] = _record(connection, recorder, Change(lost.delivery_id, event), lost)
    for doubtful in _locked(connection, UNCERTAIN, DELIVERY.c.on_uncertain == "resend"):
        if doubtful.expires is not None and doubtful.expires <= now:
            continue
        event = happened(doubtful, "pending", now, note="to be sent again: it may come twice, with the same Message-ID")
        change = Change(doubtful.delivery_id, event, due=now + _pause(doubtful.attempts))
        found[doubtful.delivery_id] = _record(connection, recorder, change, doubtful)
    return list(found.values())


def _locked(connection: Connection, *conditions: ColumnElement[bool] | TextClause) -> list[Delivery]:
    query = select(*DELIVERY_COLUMNS).where(*conditions).order_by(DELIVERY.c.number).with_for_update(skip_locked=True)
    return [delivery(row) for row in connection.execute(query)]


def _record(connection: Connection, recorder: Recorder, change: Change, to: Delivery) -> Delivery:
    recorder.one(connection, change)
    return change.applied(to)


def _pause(attempts: int) -> timedelta:
    """How long to wait before sending again what may have arrived: a server that cuts the line every time gets few copies."""
    return timedelta() if attempts <= 1 else min(_FIRST_PAUSE * 2 ** min(attempts - 2, 10), _LONGEST_PAUSE)


def leased_by(connection: Connection, database: Database, now: datetime) -> int:
    """Give ``now`` in microseconds on the clock by which leases are kept."""
    return micros(now) + database.skew(connection)


def _over(clock: int) -> ColumnElement[bool]:
    return or_(DELIVERY.c.lease <= clock, DELIVERY.c.lease > clock + micros_of(LONGEST_LEASE))


def micros_of(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
