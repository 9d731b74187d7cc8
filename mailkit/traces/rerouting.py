"""Mails that wait for a way the site file no longer has: after a correction of Email Setup they leave as it says now.

Without this a wrong server, once corrected, would leave everything queued before waiting for ever. What is on its way or done
with is not touched, the Message-ID stays, and the story of each mail says what was changed.
"""

from __future__ import annotations

import datetime as dt
import re

import sqlalchemy as sa

from mailkit.journal import Change, Delivery, Store, happened
from mailkit.journal.tables import CONTENT, DELIVERY
from mailkit.traces.decision import Decider, Way
from mailkit.traces.trace import KINDS

__all__ = ["reroute"]

_FROM = re.compile(rb"^From:.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE)


def reroute(store: Store, decider: Decider, now: dt.datetime) -> int:
    """Give everything that waits the account and the sender that hold now; returns how many were changed.

    Raises:
        StoreError: the store cannot be written.
    """
    waits = (DELIVERY.c.state.in_(("pending", "deferred")), DELIVERY.c.owner.is_(None), DELIVERY.c.account.is_not(None))
    groups = sa.select(DELIVERY.c.property, DELIVERY.c.kind, DELIVERY.c.account, DELIVERY.c.sender).distinct()
    with store.reading() as connection:
        found = connection.execute(groups.where(*waits, DELIVERY.c.kind.in_(KINDS))).all()
    old = {account for property_, kind, account, sender in found if _differs(decider.way(property_, kind), account, sender)}
    if not old:
        return 0
    changed = 0
    for one in store.deliveries(states=("pending", "deferred"), kinds=KINDS, accounts=old):
        way = decider.way(one.property, one.kind)  # type: ignore[arg-type]  # of the kinds asked for
        if one.owner is None and _differs(way, one.account, one.sender):
            changed += _moved(store, one, way, now)
    return changed


def _differs(way: Way, account: str | None, sender: str) -> bool:
    return way.account is not None and way.sender is not None and (account, sender) != (way.account.key, way.sender)


def _moved(store: Store, one: Delivery, way: Way, now: dt.datetime) -> int:
    """Change one row, unless somebody has taken it meanwhile."""
    assert way.account is not None, "asked before"
    assert way.sender is not None, "asked before"
    still = (DELIVERY.c.delivery_id == one.delivery_id, DELIVERY.c.state.in_(("pending", "deferred")), DELIVERY.c.owner.is_(None))
    with store.transaction() as connection:
        statement = sa.update(DELIVERY).where(*still).values(account=way.account.key, sender=way.sender)
        if connection.execute(statement).rowcount != 1:
            return 0
        if one.sender != way.sender:
            message = connection.scalar(sa.select(CONTENT.c.message).where(CONTENT.c.delivery_id == one.delivery_id))
            if message is not None:
                connection.execute(
                    sa.update(CONTENT)
                    .where(CONTENT.c.delivery_id == one.delivery_id)
                    .values(message=with_sender(message, one.sender, way.sender))
                )
    said = "the site file says another way now" if one.account != way.account.key else "the site file names another sender now"
    event = happened(one, one.state, now, account=way.account.key, sender=way.sender, note=said)
    store.record([Change(one.delivery_id, event, due=now)])
    return 1


def with_sender(message: bytes, before: str, after: str) -> bytes:
    r"""Put another address into From, in the head alone.

    >>> with_sender(b"Date: x\r\nFrom: a@x.test\r\nTo: a@x.test\r\n\r\na@x.test", "a@x.test", "b@x.test")
    b'Date: x\r\nFrom: b@x.test\r\nTo: a@x.test\r\n\r\na@x.test'
    """
    head, gap, body = message.partition(b"\r\n\r\n")
    lines = head + b"\r\n"
    changed = _FROM.sub(lambda found: found[0].replace(before.encode(), after.encode()), lines, count=1)
    return changed.removesuffix(b"\r\n") + gap + body
