"""A change: something happened to a delivery, and by that its row moves to another state. And which event may move which row."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from mailkit.journal.delivery import STATES, Delivery, State
from mailkit.journal.event import Event, EventSource

__all__ = ["Change", "happened", "moves_from", "said"]

SAID = ("stage", "reply_code", "enhanced_code", "reply", "reason")
"""What a row keeps of the last attempt."""

_EVERY = frozenset(STATES)
_UNSETTLED = _EVERY - {"accepted", "delivered", "bounced"}
_GONE: frozenset[State] = frozenset({"accepted", "uncertain"})
_DOUBTFUL: frozenset[State] = frozenset({"uncertain"})
_NONE: frozenset[State] = frozenset()


class Change(Struct, frozen=True):
    """An event and what it does to its row: appended and moved in one transaction, or neither.

    ``sending`` needs its ``owner``: the row moves only if he holds it still. So a sender that slept past its lease cannot send
    what another took over.
    """

    delivery_id: str
    event: Event
    due: datetime | None = None
    """When to try again; without it the event's ``next_try``, and without that it stays as it is."""
    owner: str | None = None
    skip: str | None = None
    """Why it will not be sent (with the state ``skipped``)."""

    def __post_init__(self) -> None:
        """Refuse what could only be a mistake of the caller."""
        if self.delivery_id != self.event.delivery_id:
            raise ValueError(f"a change of {self.delivery_id} with an event of {self.event.delivery_id}")
        if self.event.state == "sending" and self.owner is None:
            raise ValueError("'sending' is recorded with the owner who holds the delivery")

    def applied(self, to: Delivery) -> Delivery:
        """Give the row as it is afterwards, so that nobody has to read it again."""
        event = self.event
        if to.state not in moves_from(event):
            return to
        holding = event.state == "sending"
        return msgspec.structs.replace(
            to,
            state=event.state,
            changed=event.moment,
            attempts=max(to.attempts, event.attempt or 0),
            due=self.due or event.next_try or to.due,
            skip=self.skip or to.skip,
            owner=to.owner if holding else None,
            lease=to.lease if holding else None,
            **({name: getattr(event, name) for name in SAID} if said(event) else {}),
        )


def moves_from(event: Event) -> frozenset[State]:
    """Say which states this event ends.

    What the kit found out late (a sender that was thought dead comes back with a reply) never takes back that a mail was
    accepted, seen or returned: it would be sent again. What others saw never makes a mail wait for another attempt: their
    ``deferred`` is the next server's queue, not ours. A person decides.
    """
    if event.source == "mailkit":
        return _UNSETTLED
    if event.source == "person":
        return _EVERY
    if event.state in {"delivered", "bounced"}:
        return _EVERY
    if event.state in {"rejected", "expired"}:
        return _GONE
    return _DOUBTFUL if event.state == "accepted" else _NONE


def said(event: Event) -> bool:
    """Say whether the event has news of what was said, or begins an attempt of which nothing was heard yet."""
    return (
        event.state == "sending"
        or event.stage is not None
        or event.reply_code is not None
        or event.enhanced_code is not None
        or event.reply is not None
        or event.reason is not None
    )


def happened(
    to: Delivery,
    state: State,
    moment: datetime,
    *,
    source: EventSource = "mailkit",
    source_key: str | None = None,
    **facts: Any,  # noqa: ANN401 (fields of Event, each of its own type)
) -> Event:
    """Make an event of a delivery: what the row knows is filled in, ``facts`` are further fields of :class:`Event`.

    ``source_key``: give one where the same thing can be seen twice (a mail in a mailbox); without it the event is a new one.
    """
    key = source_key or f"{to.delivery_id}/{facts.get('attempt') or 0}/{state}/{secrets.token_hex(6)}"
    known = {
        "kind": to.kind,
        "message_id": to.message_id,
        "property": to.property,
        "user": to.user,
        "mailing": to.mailing,
        "rule": to.rule,
        "sender": to.sender,
        "recipient": to.recipient,
        "recipient_domain": to.recipient.rpartition("@")[2].lower() or None,
        "subject": to.subject,
        "account": to.account,
    }
    return Event(moment=moment, delivery_id=to.delivery_id, state=state, source=source, source_key=key, **(known | facts))
