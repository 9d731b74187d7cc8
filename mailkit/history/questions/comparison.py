"""Before and after a moment: what changed when, say, the password was changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.history.choice import DAY, EVERYTHING, Filter, micros, moment
from mailkit.history.engine import History
from mailkit.history.life import FAILED
from mailkit.history.questions.funnel import added_up, tallies
from mailkit.history.questions.grouping import By, Groups, grouped
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMPARISON", "MEASURES", "before_after"]

MEASURES = (
    "deliveries",
    "skipped",
    "unattempted",
    "attempted",
    "accepted",
    "accepted_share",
    "delivered",
    "bounced",
    "rejected",
    "expired",
    "uncertain",
    "deferred",
    "p50_ms",
    "p95_ms",
)
"""As in the funnel and the latency table."""

COMPARISON = Table(
    name="before-after",
    asks="What changed then?",
    columns=(
        column("measure", "text", "one of the funnel's columns, a latency, or a reason with the number of mails it hit"),
        column("before", "number", "in the time before"),
        column("after", "number", "in as long a time after"),
        column("change", "number", "after less before"),
    ),
)


def before_after(
    history: History,
    when: dt.date | datetime,
    by: By | None = None,
    where: Filter = EVERYTHING,
    *,
    days: float = 14,
    now: datetime | None = None,
    limit: int = 50,
) -> pd.DataFrame:
    """Compare the time before a moment with as long a time after it.

    Args:
        history: what to ask.
        when: the moment; a date is its beginning in the filter's time zone.
        by: compare the same of each user, endpoint …; ``None``: everything together, and also the reasons of failures.
        where: which deliveries; its own ``since`` and ``until`` do not count here.
        days: how long before and after; less when less has passed since.
        now: the present when not given.
        limit: the most groups (and reasons) to give, those with most mails.

    Returns:
        A column for ``by``, then those of :data:`COMPARISON`. ``attrs["days"]`` says how long a time was compared.

    Raises:
        InputError: the moment is still to come.
    """
    at = micros(when, where.zone) or 0
    length = min(int(days * DAY), (micros(now or datetime.now(UTC), where.zone) or 0) - at)
    if length <= 0:
        raise InputError(f"nothing is known yet of the time after {when}; give a moment that has passed, and more than 0 days")
    within = replace(where, since=moment(at - length), until=moment(at + length))
    groups = Groups(history, grouped(by), within)
    lives = groups.lives.mutate(after=groups.lives.began >= at)
    counts = lives.group_by("after", *groups.keys).agg(
        **tallies(lives, now), p50_ms=lives.total_ms.quantile(0.5), p95_ms=lives.total_ms.quantile(0.95)
    )
    sides = _sides(history.rows(counts), groups.keys)
    largest = sorted(
        sides,
        key=lambda key: (-sum(row["deliveries"] for row in sides[key].values()), min(row["tie"] for row in sides[key].values())),
    )
    made = [row for key in largest[:limit] for row in _compared(key, sides[key], groups)]
    if by is None:
        made += list(_reasons(history, within, at, limit))
    table = COMPARISON.led_by(*groups.columns).frame(made, more=len(largest) > limit)
    table.attrs["days"] = timedelta(microseconds=length) / timedelta(days=1)
    return table


def _sides(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> dict[tuple[Any, ...], dict[bool, dict[str, Any]]]:
    sides: dict[tuple[Any, ...], dict[bool, dict[str, Any]]] = {}
    for row in rows:
        sides.setdefault(tuple(row[key] for key in keys), {})[bool(row["after"])] = added_up(row)
    return sides


def _compared(key: tuple[Any, ...], sides: dict[bool, dict[str, Any]], groups: Groups) -> Iterator[dict[str, Any]]:
    named = {name: groups.shown(name, value) for name, value in zip(groups.by, key, strict=True)}
    for measure in MEASURES:
        # A share and a time of nothing are unknown; a number of nothing is none.
        none = None if measure.endswith(("_share", "_ms")) else 0
        before, after = (sides[side][measure] if side in sides else none for side in (False, True))
        yield named | {"measure": measure, "before": before, "after": after, "change": _change(before, after)}


def _change(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _reasons(history: History, within: Filter, at: int, limit: int) -> Iterator[dict[str, Any]]:
    events = within.of_events(history.events, history.lives)
    events = events.filter(events.state.isin(FAILED)).mutate(after=events.moment >= at)
    each = events.group_by("after", "reason", "delivery_id").agg(tie=events.event_id.min())
    counts = each.group_by("reason").agg(
        before=each.count(where=~each.after), after=each.count(where=each.after), number=each.count(), tie=each.tie.min()
    )
    for row in history.rows(counts.order_by([counts.number.desc(), counts.tie]).limit(limit)):
        change = row["after"] - row["before"]
        yield {
            "measure": f"reason {row['reason'] or 'not known'}",
            "before": row["before"],
            "after": row["after"],
            "change": change,
        }
