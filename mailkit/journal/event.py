"""A delivery event: something that happened to one delivery at one moment. Never changed, only added to.

The same shape holds what mailkit did itself and what other systems recorded, so that one set of questions answers both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from mailkit.journal.delivery import State

__all__ = ["Event", "EventSource"]

EventSource = Literal["mailkit", "person", "mailbox", "bounce", "exchange-trace", "exchange-tracking", "postfix", "exim", "csv"]
"""Who saw it: the kit; a person who said so; the recipient's mailbox; a bounce; a message trace of Exchange Online; a tracking
log of Exchange; a mail log; a table somebody exported."""


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened. Times are in UTC, durations in milliseconds; ``None`` is not known."""

    moment: datetime
    delivery_id: str
    """Of the kit's own; of others one made of message and recipient, the same at every import."""
    state: State
    """What the delivery became with this."""
    source: EventSource
    source_key: str
    """Unique within ``source``: reading the same thing twice adds nothing."""
    kind: str | None = None
    """``test``, ``trace``, ``staff``, ``alert``; other systems do not say."""
    attempt: int | None = None
    """Counted from 1; ``None``: not an attempt (queued, skipped, seen in the mailbox)."""
    message_id: str | None = None
    property: str | None = None
    user: str | None = None
    mailing: str | None = None
    rule: str | None = None
    sender: str | None = None
    recipient: str | None = None
    recipient_domain: str | None = None
    subject: str | None = None
    account: str | None = None
    endpoint: str | None = None
    """``host:port`` of the server that was talked to."""
    address: str | None = None
    """Its IP address."""
    stage: str | None = None
    """How far: ``connect``, ``greeting``, ``ehlo``, ``tls``, ``auth``, ``sender``, ``recipient``, ``data`` or ``arrival``."""
    reply_code: int | None = None
    enhanced_code: str | None = None
    reply: str | None = None
    reason: str | None = None
    """A fixed word for why, as :mod:`mailkit.explain` has them."""
    cause: str | None = None
    """The finer one."""
    tls: str | None = None
    queue_id: str | None = None
    """The name the next server gave it."""
    before_ms: float | None = None
    """From due to the first attempt (Postfix: before the queue manager)."""
    queue_ms: float | None = None
    """Waiting for its turn, or for the next try."""
    connect_ms: float | None = None
    """Names, connection, TLS, log-in; 0 on a connection that was open already."""
    transmit_ms: float | None = None
    """From MAIL FROM to the reply after the last dot."""
    next_try: datetime | None = None
    run: str | None = None
    """Which run of the kit."""
    note: str | None = None
