"""The funnel: of all that was due, what was tried, taken, delivered, and where the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailkit.history.choice import EVERYTHING, Filter, micros
from mailkit.history.engine import History
from mailkit.history.life import OUTCOMES
from mailkit.history.questions.grouping import By, Groups, grouped
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

__all__ = ["FUNNEL", "PATIENCE", "funnel", "overdue"]

PATIENCE = timedelta(hours=1)
"""What has not moved for so long, though it should have, is stuck."""

FUNNEL = Table(
    name="funnel",
    asks="How are we doing?",
    columns=(
        column("deliveries", "count", "mails to one recipient each = skipped + due"),
        column("skipped", "count", "not to be sent, for a reason"),
        column("due", "count", "to be sent = unattempted + attempted"),
        column("unattempted", "count", "never tried: waiting, or given up before a try"),
        column("attempted", "count", "tried = accepted + rejected + expired + uncertain + sending + deferred"),
        column("accepted", "count", "taken by a server, which is not delivered = delivered + bounced + unheard"),
        column("delivered", "count", "seen in the mailbox, or confirmed by a report"),
        column("bounced", "count", "came back, or was given up, after a server had taken it"),
        column("unheard", "count", "taken by a server, and nothing was heard since"),
        column("rejected", "count", "refused for good"),
        column("expired", "count", "tried, and given up"),
        column("uncertain", "count", "the line was cut after the last dot: it may have been taken"),
        column("sending", "count", "on its way, or its sender was ended meanwhile"),
        column("deferred", "count", "tried, and waits for the next try"),
        column("stuck", "count", "of those still open: should have moved an hour ago, and did not"),
        column("first_try", "count", "of the accepted: at the first try"),
        column("accepted_share", "share", "accepted / attempted"),
    ),
)


def funnel(
    history: History,
    by: By | Sequence[By] | None = "day",
    where: Filter = EVERYTHING,
    *,
    now: datetime | None = None,
    limit: int = 5000,
) -> pd.DataFrame:
    """Count deliveries by what became of them. Every delivery is in exactly one of the last columns, so each column adds up.

    Args:
        history: what to ask.
        by: one or several of :data:`~mailkit.history.questions.grouping.By`; ``None``: all together, in one row.
        where: which deliveries (by when they began).
        now: for ``stuck``; the present when not given.
        limit: the most rows to give; the latest by time, else the largest.

    Returns:
        A column for each of ``by``, then those of :data:`FUNNEL`.
    """
    groups = Groups(history, grouped(by), where)
    lives = groups.lives
    counts = lives.group_by(groups.keys).agg(**tallies(lives, now)) if groups.keys else lives.agg(**tallies(lives, now))
    rows, more = groups.asked(counts, "deliveries", limit)
    return FUNNEL.led_by(*groups.columns).frame([added_up(row) for row in rows], more=more)


def tallies(lives: ir.Table, now: datetime | None = None) -> dict[str, Any]:
    """Give what is counted in one scan; the other columns are sums of these."""
    ended = {f"in_{name}": lives.count(where=lives.outcome == name) for name in OUTCOMES}
    return ended | {
        "deliveries": lives.count(),
        "untried": lives.count(where=~lives.attempted & (lives.outcome == "expired")),
        "stuck": lives.count(where=overdue(lives, now)),
        "first_try": lives.count(where=lives.accepted & (lives.attempts <= 1)),
        "tie": lives.first_event.min(),
    }


def added_up(row: dict[str, Any]) -> dict[str, Any]:
    """Make the columns of the funnel of what was counted."""
    made = dict(row)
    made.update({name: row[f"in_{name}"] for name in OUTCOMES if name not in {"pending", "expired"}})
    made["expired"] = row["in_expired"] - row["untried"]
    made["unattempted"] = row["in_pending"] + row["untried"]
    made["due"] = row["deliveries"] - made["skipped"]
    made["attempted"] = made["due"] - made["unattempted"]
    made["accepted"] = made["delivered"] + made["bounced"] + made["unheard"]
    made["accepted_share"] = made["accepted"] / made["attempted"] if made["attempted"] else None
    return made


def overdue(lives: ir.Table, now: datetime | None = None, patience: timedelta = PATIENCE) -> Any:  # noqa: ANN401 - Ibis' own type
    """Say which lives are open and should have moved ``patience`` ago: nothing happened since the last event or the next try."""
    import ibis  # noqa: PLC0415 - an optional extra

    until = (micros(now or datetime.now(UTC), "UTC") or 0) - patience // timedelta(microseconds=1)
    waits_since = ibis.greatest(ibis.coalesce(lives.next_try, lives.changed), lives.changed)
    return lives.outcome.isin(("pending", "sending", "deferred", "uncertain")) & (waits_since < until)
