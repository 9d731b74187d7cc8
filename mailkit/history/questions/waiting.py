"""What hangs, and who gets nothing: open mails by age, and mails that were never tried, each with the reason for the silence."""

# ruff: noqa: PD003 - isnull and notnull are what Ibis calls them; pandas is not meant

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailkit.history.choice import DAY, EVERYTHING, HOUR, Filter, micros
from mailkit.history.engine import History
from mailkit.history.questions.funnel import PATIENCE, overdue
from mailkit.history.questions.grouping import By, Groups, grouped
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

__all__ = ["BANDS", "QUEUE", "SILENCE", "STUCK", "UNATTEMPTED", "queue", "silence", "stuck", "unattempted"]

_OPEN = ("pending", "sending", "deferred", "uncertain")

BANDS: tuple[tuple[str, str, int], ...] = (
    ("under_1h", "under 1 h", HOUR),
    ("h1_to_4", "1 to 4 h", 4 * HOUR),
    ("h4_to_24", "4 to 24 h", DAY),
    ("d1_to_3", "1 to 3 days", 3 * DAY),
    ("d3_to_7", "3 to 7 days", 7 * DAY),
)
"""Age bands: column, words, and the age in microseconds at which the band ends; beyond them is ``over_7d``."""

_OLDEST = ("over_7d", "over 7 days")

_BECAUSE = {
    "pending": "It was never tried: no sender was running, or its account is halted.",
    "sending": "Its sender was ended in the middle; the next one decides whether it may have arrived.",
    "deferred": "Its next try is overdue: no sender was running, or its account is halted.",
    "uncertain": "The line was cut after the last dot: somebody must decide whether to send it again.",
}

_MAIL = (
    column("kind", "text", "test, trace, staff, alert"),
    column("property", "text", "the property"),
    column("user", "text", "user code or clerk code"),
    column("mailing", "text", "the mailing type"),
    column("recipient", "text", "the recipient"),
    column("subject", "text", "the subject"),
    column("account", "text", "by which account; missing: by hand, or not known"),
)

STUCK = Table(
    name="stuck",
    asks="What hangs?",
    columns=(
        column("delivery_id", "text", "the delivery"),
        column("state", "text", "pending, sending, deferred or uncertain"),
        column("because", "text", "why nothing happens"),
        column("band", "text", "how long ago it began"),
        column("waits_since", "moment", "since when something should have happened"),
        column("began", "moment", "when it was queued, or first heard of"),
        column("attempts", "count", "how often it was tried"),
        *_MAIL,
        column("endpoint", "text", "host:port of the server that was talked to last"),
        column("reason", "text", "why the last try failed"),
        column("reply", "text", "what was said then"),
    ),
)

QUEUE = Table(
    name="queue",
    asks="What is still open, and how old is it?",
    columns=(
        column("open", "count", "mails of which something is still to be done or decided"),
        *(column(name, "count", f"of these: began {words} ago") for name, words, _ in BANDS),
        column(_OLDEST[0], "count", f"of these: began {_OLDEST[1]} ago"),
        column("oldest", "moment", "when the oldest began"),
    ),
)

UNATTEMPTED = Table(
    name="unattempted",
    asks="Who gets nothing?",
    columns=(
        column("delivery_id", "text", "the delivery"),
        column("because", "text", "the reason for the silence, in a fixed word"),
        column("band", "text", "how long ago it began"),
        column("began", "moment", "when it was queued, or first heard of"),
        column("next_try", "moment", "when it is due, where that is known"),
        *_MAIL,
        column("note", "text", "what was noted with it"),
    ),
)

SILENCE = Table(
    name="silence",
    asks="Why was it never tried?",
    columns=(
        column("because", "text", "the reason for the silence, in a fixed word"),
        column("deliveries", "count", "how many mails"),
        column("users", "count", "how many users or clerks"),
        column("oldest", "moment", "when the oldest began"),
        column("newest", "moment", "when the newest began"),
        column("sample_delivery", "text", "one of them"),
    ),
)


def stuck(
    history: History,
    where: Filter = EVERYTHING,
    *,
    now: datetime | None = None,
    patience: timedelta = PATIENCE,
    limit: int = 1000,
) -> pd.DataFrame:
    """Give open mails that should have moved ``patience`` ago and did not, the longest waiting first.

    Args:
        history: what to ask.
        where: which deliveries (by when they began).
        now: the present when not given.
        patience: how long a mail may wait beyond its next try, or after its last event.
        limit: the most rows to give.

    Returns:
        The columns of :data:`STUCK`.
    """
    import ibis  # noqa: PLC0415 - an optional extra

    lives = where.of_lives(history.lives)
    lives = lives.filter(overdue(lives, now, patience))
    lives = lives.mutate(waits_since=ibis.greatest(ibis.coalesce(lives.next_try, lives.changed), lives.changed))
    rows = history.rows(lives.order_by([lives.waits_since, lives.first_event]).limit(limit + 1))
    kept = [
        row | {"state": row["outcome"], "because": _BECAUSE[row["outcome"]], "band": _band(row["began"], now)}
        for row in rows[:limit]
    ]
    return STUCK.frame(kept, more=len(rows) > limit)


def queue(
    history: History,
    by: By | Sequence[By] | None = "domain",
    where: Filter = EVERYTHING,
    *,
    now: datetime | None = None,
    limit: int = 1000,
) -> pd.DataFrame:
    """Count open mails by age: at a glance it shows which destination hangs.

    Args:
        history: what to ask.
        by: one or several of :data:`~mailkit.history.questions.grouping.By`; ``None``: all together.
        where: which deliveries (by when they began).
        now: the present when not given.
        limit: the most rows to give.

    Returns:
        A column for each of ``by``, then those of :data:`QUEUE`; the largest first.
    """
    groups = Groups(history, grouped(by), where)
    lives = groups.lives.filter(groups.lives.outcome.isin(_OPEN))
    counted = _ages(lives, now) | {"open": lives.count(), "oldest": lives.began.min(), "tie": lives.first_event.min()}
    counts = lives.group_by(groups.keys).agg(**counted) if groups.keys else lives.agg(**counted)
    rows, more = groups.asked(counts, "open", limit)
    return QUEUE.led_by(*groups.columns).frame(rows, more=more)


def unattempted(history: History, where: Filter = EVERYTHING, *, now: datetime | None = None, limit: int = 1000) -> pd.DataFrame:
    """Give mails that were never tried, each with the reason for the silence, the newest first.

    The reason is ``waiting`` (due, and no sender took it), ``not-due`` yet, ``by-hand`` (it has no account), ``expired`` (given
    up before a try), or the word with which it was skipped.

    Args:
        history: what to ask.
        where: which deliveries (by when they began).
        now: the present when not given.
        limit: the most rows to give.

    Returns:
        The columns of :data:`UNATTEMPTED`.
    """
    lives = _silent(history, where, now)
    rows = history.rows(lives.order_by([lives.began.desc(), lives.first_event.desc()]).limit(limit + 1))
    return UNATTEMPTED.frame([row | {"band": _band(row["began"], now)} for row in rows[:limit]], more=len(rows) > limit)


def silence(history: History, where: Filter = EVERYTHING, *, now: datetime | None = None, limit: int = 100) -> pd.DataFrame:
    """Count mails that were never tried by the reason for the silence (see :func:`unattempted`), the most frequent first.

    Args:
        history: what to ask.
        where: which deliveries (by when they began).
        now: the present when not given.
        limit: the most rows to give.

    Returns:
        The columns of :data:`SILENCE`.
    """
    lives = _silent(history, where, now)
    counts = lives.group_by("because").agg(
        deliveries=lives.count(),
        users=lives.user.nunique(),
        oldest=lives.began.min(),
        newest=lives.began.max(),
        sample_delivery=lives.delivery_id.argmax(lives.first_event),
        tie=lives.first_event.min(),
    )
    rows = history.rows(counts.order_by([counts.deliveries.desc(), counts.tie]).limit(limit + 1))
    return SILENCE.frame(rows[:limit], more=len(rows) > limit)


def _silent(history: History, where: Filter, now: datetime | None) -> ir.Table:
    import ibis  # noqa: PLC0415 - an optional extra

    lives = where.of_lives(history.lives)
    lives = lives.filter(~lives.attempted & lives.outcome.isin(("pending", "skipped", "expired")))
    because = ibis.cases(
        (lives.outcome == "skipped", lives.reason.fill_null("skipped")),
        (lives.outcome == "expired", "expired"),
        (lives.account.isnull() & (lives.origin == "mailkit"), "by-hand"),
        (lives.next_try > _micros(now), "not-due"),
        else_="waiting",
    )
    return lives.mutate(because=because)


def _ages(lives: ir.Table, now: datetime | None) -> dict[str, Any]:
    """Count by age band; a mail from the future (a clock was set back) is of no age."""
    at = _micros(now)
    ends = [0, *(end for _, _, end in BANDS)]
    made: dict[str, Any] = {}
    for (name, _, end), begin in zip(BANDS, ends, strict=False):
        younger = lives.began > at - end
        made[name] = lives.count(where=younger & (lives.began <= at - begin) if begin else younger)
    made[_OLDEST[0]] = lives.count(where=lives.began <= at - ends[-1])
    return made


def _band(began: int, now: datetime | None) -> str:
    age = _micros(now) - began
    return next((words for _, words, end in BANDS if age < end), _OLDEST[1])


def _micros(now: datetime | None) -> int:
    return micros(now or datetime.now(UTC), "UTC") or 0
