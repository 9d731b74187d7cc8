"""What an arrival means for a delivery in the journal: seen in the mailbox, confirmed by a report, or come back."""

from __future__ import annotations

import hashlib
from datetime import datetime

from mailkit.explain import BounceReading, Fact
from mailkit.journal import Change, Delivery, Event, Store, happened
from mailkit.mail.follow.arrival import Arrival, Copy
from mailkit.text import shorten

__all__ = ["change_for", "settle"]

_WORDS = 500


def settle(store: Store, delivery: Delivery, arrival: Arrival, *, now: datetime) -> Event | None:
    """Record what became of a delivery; blocking, and the same twice records nothing twice.

    Args:
        store: where the delivery is.
        delivery: as it is there.
        arrival: what was seen of it.
        now: the moment of recording.

    Returns:
        the event, or ``None`` when nothing was learnt: not to be seen proves nothing, and ``accepted`` stays so.
    """
    change = change_for(delivery, arrival, now=now)
    if change is None:
        return None
    store.record([change])
    return change.event


def change_for(delivery: Delivery, arrival: Arrival, *, now: datetime) -> Change | None:
    """Give what would be recorded; pure. For a journal in an event loop: ``await journal.record(change)``."""
    if delivery.state in ("delivered", "skipped"):
        return None
    if arrival.copies:
        event = _seen(delivery, arrival, min(arrival.copies, key=lambda one: one.arrived or one.seen or now), now)
    elif delivery.state == "bounced":
        return None
    else:
        confirmed = next((one for one in arrival.returned if one.kind == "delivered"), None)
        bounced = next((one for one in arrival.returned if one.kind == "bounce"), None)
        if bounced is not None:
            event = _bounced(delivery, bounced, now)
        elif confirmed is not None:
            event = happened(
                delivery,
                "delivered",
                now,
                source="bounce",
                source_key=f"{delivery.delivery_id}/confirmed",
                stage="arrival",
                note="confirmed by a report",
            )
        else:
            return None
    return Change(delivery.delivery_id, event)


def _seen(delivery: Delivery, arrival: Arrival, copy: Copy, now: datetime) -> Event:
    moment = copy.arrived or copy.seen or now
    if arrival.accepted is not None:
        moment = max(moment, arrival.accepted)  # two clocks: what arrived was sent before
    several = f", {len(arrival.copies)} copies" if len(arrival.copies) > 1 else ""
    where = f"{copy.use}: {copy.folder}" if copy.folder else "shown by its source"
    return happened(
        delivery,
        "delivered",
        moment,
        source="mailbox",
        source_key=f"{delivery.delivery_id}/seen",
        stage="arrival",
        note=shorten(f"{where}{several}", 200),
    )


def _bounced(delivery: Delivery, reading: BounceReading, now: datetime) -> Event:
    fact = _fact(delivery, reading)
    told = fact.words if fact else None
    mark = hashlib.sha256(repr((reading.date, reading.message_id, told)).encode()).hexdigest()[:12]
    code = fact.replycode if fact else None
    return happened(
        delivery,
        "bounced",
        now,
        source="bounce",
        source_key=f"{delivery.delivery_id}/bounced/{mark}",
        stage="arrival",
        reply_code=int(code) if code and code.isdigit() else None,
        enhanced_code=fact.status if fact else None,
        reply=shorten(told, _WORDS) if told else None,
        reason=fact.reason if fact else None,
        cause=fact.cause if fact else None,
        endpoint=None,
        note=shorten(fact.summary, 200) if fact else None,
    )


def _fact(delivery: Delivery, reading: BounceReading) -> Fact | None:
    """Give what is said of this recipient; one other alone is an address the mail was passed on to, of several none is meant."""
    same = [one for one in reading.facts if one.recipient and one.recipient.casefold() == delivery.recipient.casefold()]
    return same[0] if same else reading.facts[0] if len(reading.facts) == 1 else None
