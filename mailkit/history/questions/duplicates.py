"""Who got it twice."""

# ruff: noqa: PD004 - isnull and notnull are what Ibis calls them; pandas is not meant

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailkit.history.choice import EVERYTHING, Filter
from mailkit.history.engine import History
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

__all__ = ["DUPLICATES", "duplicates", "repeated"]

DUPLICATES = Table(
    name="duplicates",
    asks="Who got it twice?",
    columns=(
        column("delivery_id", "text", "the delivery"),
        column("what", "text", "accepted: one server took it more than once; delivered: more than one copy was seen"),
        column("times", "count", "how often"),
        column("first", "moment", "the first time"),
        column("last", "moment", "the last time"),
        column("gap_ms", "ms", "between the first and the last"),
        column("same_message_id", "yes", "whether all had one Message-ID; missing: not known"),
        column("message_id", "text", "the Message-ID"),
        column("after_uncertain", "yes", "whether a line had been cut after the last dot: then it was sent again knowingly"),
        column("source", "text", "who recorded it"),
        column("kind", "text", "test, trace, staff, alert"),
        column("property", "text", "the property"),
        column("user", "text", "user code or clerk code"),
        column("recipient", "text", "the recipient"),
        column("subject", "text", "the subject"),
    ),
)


def duplicates(history: History, where: Filter = EVERYTHING, *, limit: int = 1000) -> pd.DataFrame:
    """Give mails that one recipient got, or one server took, more than once, the latest first.

    A mail that passes several servers is taken by each of them; only what one and the same source says of one and the same server
    counts as twice.

    Args:
        history: what to ask.
        where: which deliveries (by when they began).
        limit: the most rows to give.

    Returns:
        The columns of :data:`DUPLICATES`.
    """
    twice, several = _twice(history, where)
    events = history.events.semi_join(several, "delivery_id")
    doubtful = events.filter(events.state == "uncertain").group_by("delivery_id").agg(doubts=events.event_id.min())
    whose = several.select("delivery_id", "kind", "property", "user", "recipient", "subject")
    joined = twice.inner_join(whose, "delivery_id").left_join(doubtful, "delivery_id")
    # One server's and another's word about the same thing: one row for each, told apart by their numbers.
    rows = history.rows(joined.order_by([joined["last"].desc(), joined.tie.desc()]).limit(limit + 1))
    return DUPLICATES.frame([_told(row) for row in rows[:limit]], more=len(rows) > limit)


def repeated(history: History, where: Filter = EVERYTHING) -> int:
    """Count the mails that :func:`duplicates` is about."""
    twice, _ = _twice(history, where)
    return int(history.one(twice.agg(mails=twice.delivery_id.nunique()))["mails"])


def _twice(history: History, where: Filter) -> tuple[ir.Table, ir.Table]:
    """Find what one source says twice of one server; and the lives among which that can be."""
    lives = where.of_lives(history.lives)
    several = lives.filter((lives.acceptances > 1) | (lives.arrivals > 1))
    events = history.events.semi_join(several, "delivery_id")
    taken = events.filter(events.state.isin(("accepted", "delivered")))
    # The kit talks to a relay under several names; whom it handed a mail twice it handed it twice.
    server = (taken.source == "mailkit").ifelse("", taken.endpoint.fill_null(""))
    counted = taken.group_by("delivery_id", "state", "source", server=server).agg(
        times=taken.count(),
        first=taken.moment.min(),
        last=taken.moment.max(),
        ids=taken.message_id.nunique(),
        named=taken.message_id.count(),
        tie=taken.event_id.max(),
        message_id=taken.message_id.argmax(taken.event_id, where=taken.message_id.notnull()),
    )
    return counted.filter(counted.times > 1), several


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "what": row["state"],
        "gap_ms": (row["last"] - row["first"]) / 1000,
        "same_message_id": None if row["named"] < 2 else row["ids"] == 1,
        "after_uncertain": row["doubts"] is not None,
    }
