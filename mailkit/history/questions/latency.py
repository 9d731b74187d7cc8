"""How long it took until a server had a mail, and in which part of the way the time went."""

# ruff: noqa: PD004 - isnull and notnull are what Ibis calls them; pandas is not meant

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mailkit.history.choice import EVERYTHING, Filter
from mailkit.history.engine import History
from mailkit.history.questions.grouping import By, Groups, grouped
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

__all__ = ["LATENCY", "PARTS", "latency"]

PARTS = ("total", "before", "queue", "connect", "transmit")

LATENCY = Table(
    name="latency",
    asks="Is it slow, and where?",
    columns=(
        column(
            "part",
            "text",
            "total, or before (until the first try), queue (waiting for its turn or the next try), connect, transmit",
        ),
        column("count", "count", "how many were measured"),
        column("p50_ms", "ms", "half took at most so long"),
        column("p95_ms", "ms", "95 of 100 took at most so long"),
        column("p99_ms", "ms", "99 of 100 took at most so long"),
        column("max_ms", "ms", "the slowest"),
    ),
)


def latency(
    history: History, by: By | Sequence[By] | None = "domain", where: Filter = EVERYTHING, *, limit: int = 1000
) -> pd.DataFrame:
    """Give percentiles of the time until the first server took a mail.

    The total is the four parts together where all are known; else the time from the first event to the one that says it was
    taken. Percentiles lie between two measurements where they fall between them.

    Args:
        history: what to ask.
        by: one or several of :data:`~mailkit.history.questions.grouping.By`; ``None``: all together.
        where: which deliveries (by when they began).
        limit: the most groups to give; the latest by time, else those with most mails.

    Returns:
        A column for each of ``by``, then those of :data:`LATENCY`; five rows for each group, in the order of :data:`PARTS`.
    """
    groups = Groups(history, grouped(by), where)
    lives = groups.lives.filter(groups.lives.taken.notnull())
    measured = dict(item for part in PARTS for item in _measures(lives, part).items())
    measured |= {"volume": lives.count(), "tie": lives.first_event.min()}
    counts = lives.group_by(groups.keys).agg(**measured) if groups.keys else lives.agg(**measured)
    rows, more = groups.asked(counts, "volume", limit)
    return LATENCY.led_by(*groups.columns).frame([one for row in rows for one in _parts(row)], more=more)


def _measures(lives: ir.Table, part: str) -> dict[str, Any]:
    took = lives[f"{part}_ms"]
    return {
        f"{part}_count": took.count(),
        # All at once: an engine then puts the values in order once, not three times.
        f"{part}_shares": took.quantile([0.5, 0.95, 0.99]),
        f"{part}_max": took.max(),
    }


def _parts(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in PARTS:
        said = dict(zip(("p50_ms", "p95_ms", "p99_ms"), row[f"{part}_shares"] or (None, None, None), strict=True))
        yield row | said | {"part": part, "count": row[f"{part}_count"], "max_ms": row[f"{part}_max"]}
