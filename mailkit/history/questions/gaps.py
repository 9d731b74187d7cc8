"""Holes: days or hours in which a user, or everything, fell silent against its own habit."""

# ruff: noqa: PD004 - isnull and notnull are what Ibis calls them; pandas is not meant

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mailkit.errors import InputError
from mailkit.history.choice import DAY, EVERYTHING, HOUR, Filter, local
from mailkit.history.engine import History
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

__all__ = ["GAPS", "gaps"]

_WEEKS = 4
_HABIT = 3

GAPS = Table(
    name="gaps",
    asks="Were there holes?",
    columns=(
        column("who", "text", "the user, domain …; missing: everything together, or not known"),
        column("silent", "wall", "the day or hour in which nothing was tried, as the reader's clock shows it"),
        column("usual", "number", "how many mails were tried then in the four weeks before, on average"),
        column("weeks", "count", "in how many of these four weeks there were any"),
        column("due", "count", "mails that began then, and were not tried then"),
    ),
)


def gaps(
    history: History,
    by: Literal["user", "property", "domain", "endpoint", "account"] | None = "user",
    where: Filter = EVERYTHING,
    *,
    every: Literal["day", "hour"] = "day",
    limit: int = 1000,
) -> pd.DataFrame:
    """Give the days (or hours) that were silent though they are not by habit, the latest first.

    The rule: nothing was tried for the first time on that day, though in at least three of the four weeks before something was
    on the same day of the week (and, for hours, in the same hour). The last day, which may not be over, never counts.

    Args:
        history: what to ask.
        by: whose habit; ``None``: that of everything together.
        where: which deliveries (by when they began). It needs four weeks before the days in question.
        every: days or hours.
        limit: the most rows to give.

    Returns:
        The columns of :data:`GAPS`.
    """
    if every not in {"day", "hour"} or by not in {None, "user", "property", "domain", "endpoint", "account"}:
        raise InputError("gaps are looked for every day or hour, by user, property, domain, endpoint, account or in everything")
    lives = where.of_lives(history.lives)
    length = DAY if every == "day" else HOUR
    tried = _counted(lives.filter(lives.first_try.notnull()), "first_try", by, where.zone, span=history.span, length=length)
    queued = _counted(lives, "began", by, where.zone, span=history.span, length=length)
    silent = _silent(tried)
    joined = silent.left_join(queued, _same(silent, queued))
    last = tried.slot.max().name("last")
    end = history.one(tried.agg(last))["last"]
    if end is None:
        return GAPS.frame([])
    chosen = joined.filter(joined.slot < end).select(
        "who", "slot", "usual", "weeks", due=joined.number.fill_null(0), tie=joined.tie
    )
    rows = history.rows(chosen.order_by([chosen.slot.desc(), chosen.tie]).limit(limit + 1))
    return GAPS.frame([_told(row) for row in rows[:limit]], more=len(rows) > limit)


def _counted(lives: ir.Table, moment: str, by: str | None, zone: str, *, span: tuple[int, int], length: int) -> ir.Table:
    """Count lives by whose they are and in which day or hour."""
    import ibis  # noqa: PLC0415 - an optional extra

    clock = local(lives[moment], zone, (span[0], span[1] + 366 * DAY))
    who = lives[{"domain": "recipient_domain"}.get(by, by)] if by else ibis.null("string")
    known = lives.mutate(who=who, slot=clock - clock % length)
    return known.group_by("who", "slot").agg(number=known.count(), tie=known.first_event.min())


def _silent(tried: ir.Table) -> ir.Table:
    """Find the slots that had something in the weeks before, and have nothing."""
    import ibis  # noqa: PLC0415 - an optional extra

    copies = [tried.select("who", "number", "tie", slot=tried.slot + week * 7 * DAY) for week in range(1, _WEEKS + 1)]
    habit = ibis.union(*copies)
    usual = habit.group_by("who", "slot").agg(total=habit.number.sum(), weeks=habit.count(), tie=habit.tie.min())
    usual = usual.filter(usual.weeks >= _HABIT)
    silent = usual.anti_join(tried, _same(usual, tried))
    return silent.select("who", "slot", "weeks", "tie", usual=silent.total / float(_WEEKS))


def _same(left: ir.Table, right: ir.Table) -> list[Any]:
    return [left.slot == right.slot, left.who.fill_null("") == right.who.fill_null("")]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"silent": row["slot"]}
