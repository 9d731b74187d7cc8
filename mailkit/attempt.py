"""One attempt to hand over one mail: what was sent to whom by which way, and what the server said. A document, and no more."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = ["Attempt", "Outcome", "Purpose"]

Purpose = Literal["test", "trace", "staff", "alert"]
"""A test mail; the copy of a trace, of a message to staff, an alert to a guest."""

Outcome = Literal["accepted", "deferred", "rejected", "uncertain"]
"""``uncertain``: the line was cut after the last dot, so the mail may have been taken."""


class Attempt(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.attempt/1"):
    """The document ``attempt``. Unknown is ``None``; times are in UTC.

    The delivery is one mail to one recipient; its attempts are counted from 1, and all have the same ``message_id``.
    """

    message_id: str
    delivery_id: str
    number: int
    kind: Purpose
    user: str | None = None
    mailing: str | None = None
    rule: str | None = None
    """Which rule chose the way."""
    sender: str | None = None
    recipient: str | None = None
    endpoint: str | None = None
    """``host:port``."""
    started: datetime | None = None
    finished: datetime | None = None
    stage: str | None = None
    """How far it came."""
    reply_code: int | None = None
    enhanced_code: str | None = None
    reply: str | None = None
    outcome: Outcome | None = None
    next_try: datetime | None = None
