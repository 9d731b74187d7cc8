"""The latest state of each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailkit.history.choice import EVERYTHING, Filter
from mailkit.history.engine import History
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LATEST", "latest"]

LATEST = Table(
    name="latest",
    asks="What became of each mail?",
    columns=(
        column("delivery_id", "text", "the delivery: one mail to one recipient"),
        column("state", "text", "what it is now; accepted is not delivered"),
        column("changed", "moment", "when it became that"),
        column("began", "moment", "when it was queued, or first heard of"),
        column("attempts", "count", "how often it was tried"),
        column("kind", "text", "test, trace, staff, alert; other systems do not say"),
        column("property", "text", "the property"),
        column("user", "text", "user code or clerk code"),
        column("mailing", "text", "the mailing type"),
        column("sender", "text", "the envelope sender"),
        column("recipient", "text", "the recipient"),
        column("subject", "text", "the subject"),
        column("account", "text", "by which account"),
        column("endpoint", "text", "host:port of the server that was talked to last"),
        column("stage", "text", "how far the last event came"),
        column("reply_code", "count", "what was said there"),
        column("enhanced_code", "text", "the same, finer"),
        column("reply", "text", "the same, in words"),
        column("reason", "text", "why, in a fixed word"),
        column("cause", "text", "why, finer"),
        column("next_try", "moment", "when it is tried again"),
        column("message_id", "text", "the Message-ID"),
        column("source", "text", "who recorded the last event"),
    ),
)


def latest(history: History, where: Filter = EVERYTHING, *, limit: int = 1000) -> pd.DataFrame:
    """Give one row per delivery with what it is now, the one that changed last first.

    Args:
        history: what to ask.
        where: which deliveries (by when they began).
        limit: the most rows to give.

    Returns:
        The columns of :data:`LATEST`; ``attrs["more"]`` says whether there are more rows.
    """
    lives = where.of_lives(history.lives)
    chosen = lives.order_by([lives.changed.desc(), lives.last_event.desc()]).limit(limit + 1)
    rows = history.rows(chosen.select(*LATEST.names))
    return LATEST.frame(rows[:limit], more=len(rows) > limit)
