"""What becomes of a delivery after an attempt: the change for the journal, why, and what it means for the whole account.

Pure: the attempt's end and a moment in, a :class:`Ruling` out. Used by :mod:`mailkit.mail.lane`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from mailkit.explain import Explanation, explain
from mailkit.journal import Change, Delivery, happened
from mailkit.mail.pipeline import Handed
from mailkit.mail.retry import Next, after_refusal

__all__ = ["Ruling", "rule"]

_TEMPORARY = 400


class Ruling(Struct, frozen=True, kw_only=True):
    """The end of one attempt."""

    change: Change
    explanation: Explanation | None = None
    next: Next | None = None


def rule(delivery: Delivery, handed: Handed, *, attempt: int, moment: datetime, host: str, facts: dict[str, Any]) -> Ruling:
    """Rule what an attempt that ended so means.

    Args:
        delivery: as it was before.
        handed: the end of the attempt.
        attempt: its number.
        moment: when it ended.
        host: who was talked to: some servers' words are known.
        facts: further fields of the event.
    """
    reply = handed.reply
    facts = dict(facts, attempt=attempt, stage=handed.stage, transmit_ms=handed.transmit_ms)
    if reply is not None:
        facts |= {"reply_code": reply.code, "enhanced_code": reply.enhanced_code, "reply": reply.text}
    if handed.outcome == "accepted":
        event = happened(delivery, "accepted", moment, queue_id=handed.queue_id, **facts)
        return Ruling(change=Change(delivery.delivery_id, event))
    # How long it was waited says nothing about why.
    words = f"{reply.code} {reply.text}" if reply is not None else str(handed.problem).partition(" after ")[0]
    told = explain(words, stage=handed.stage if reply is not None else "session", host=host)
    facts |= {"reason": told.reason, "cause": told.cause}
    if handed.problem is not None:
        facts["note"] = handed.problem.text
    if handed.outcome == "uncertain":
        return Ruling(change=Change(delivery.delivery_id, happened(delivery, "uncertain", moment, **facts)), explanation=told)
    if handed.outcome == "unsendable":
        return Ruling(change=Change(delivery.delivery_id, happened(delivery, "rejected", moment, **facts)), explanation=told)
    code = reply.code if reply is not None else _TEMPORARY
    following = after_refusal(told, code=code, attempt=attempt, now=moment, created=delivery.created, expires=delivery.expires)
    if following.halt:
        # The next one would hear the same: it is the account that has to be mended, and this mail waits with the others.
        waits = happened(delivery, "deferred", moment, **facts)
        return Ruling(change=Change(delivery.delivery_id, waits, due=moment), explanation=told, next=following)
    event = happened(delivery, following.state, moment, next_try=following.due, **facts)
    return Ruling(change=Change(delivery.delivery_id, event, due=following.due), explanation=told, next=following)
