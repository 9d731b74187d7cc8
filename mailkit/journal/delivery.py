"""A delivery: one mail to one recipient, from the moment it is queued to what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from mailkit.attempt import Purpose

__all__ = ["FINAL", "OPEN", "STATES", "Delivery", "OnUncertain", "State"]

State = Literal[
    "pending", "skipped", "sending", "accepted", "deferred", "rejected", "uncertain", "delivered", "bounced", "expired"
]
"""``pending``: not tried yet. ``skipped``: will not be sent, and there is a reason. ``sending``: the body may be on its way.
``accepted``: the next server took it, which is not "delivered". ``deferred``: refused for now, will be tried again. ``rejected``:
refused for good. ``uncertain``: the line was cut after the last dot, so it may have been taken. ``delivered``: seen in the
mailbox, or confirmed by a report. ``bounced``: came back. ``expired``: given up."""

STATES: tuple[State, ...] = (
    "pending",
    "skipped",
    "sending",
    "accepted",
    "deferred",
    "rejected",
    "uncertain",
    "delivered",
    "bounced",
    "expired",
)

OPEN: frozenset[State] = frozenset({"pending", "sending", "deferred", "uncertain"})
"""Something is still to be done or decided."""

FINAL: frozenset[State] = frozenset({"skipped", "rejected", "delivered", "bounced", "expired"})
"""Nothing more will happen. ``accepted`` is neither: it may still arrive or come back."""

OnUncertain = Literal["ask", "resend", "look"]
"""What to do when the line was cut after the last dot: leave it to a person; send again under the same Message-ID (it may come
twice); look into the mailbox first."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One row of the outbox. Times are in UTC; ``None`` is not known or does not apply."""

    delivery_id: str
    """The token in the Message-ID; made once, when it is queued, and the same for every attempt."""
    key: str
    """What it is at its source, unique in the store: ``trace:MAIN:4711:frontdesk@hotel.test``. Queued twice, it is kept once."""
    kind: Purpose
    state: State = "pending"
    message_id: str
    """With its angle brackets."""
    sender: str
    """The envelope sender: bounces go there."""
    recipient: str
    account: str | None
    """By which account it leaves (:attr:`mailkit.mail.account.Account.key`); ``None``: by hand, or not at all."""
    created: datetime
    due: datetime
    """Not to be tried before."""
    expires: datetime | None = None
    """Given up when it has not been taken until then."""
    property: str | None = None
    user: str | None = None
    """The user code at maestro*, the clerk code at Maestro PMS."""
    mailing: str | None = None
    rule: str | None = None
    subject: str | None = None
    batch: str | None = None
    """What it was queued with: one round of test mails, one back-fill."""
    intended: str | None = None
    """Whom it was meant for, when everything goes to a test address instead."""
    skip: str | None = None
    """Why it will not be sent: one word of the kind's own list."""
    attempts: int = 0
    on_uncertain: OnUncertain = "ask"
    owner: str | None = None
    """Which sender holds it, until ``lease``."""
    lease: datetime | None = None
    stage: str | None = None
    """How far the last attempt came, and what was said there."""
    reply_code: int | None = None
    enhanced_code: str | None = None
    reply: str | None = None
    reason: str | None = None
    """The reply's reason in the fixed words of :mod:`mailkit.explain`."""
    changed: datetime | None = None
    """When it entered its state."""
