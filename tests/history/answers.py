"""Every question as it is asked of an engine, beside what the reference says: one list for every engine."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from mailkit.history import questions as ask
from mailkit.history.choice import Filter
from mailkit.history.engine import History
from mailkit.journal import Event

from . import reference
from .generated import NOW

PASSWORD_CHANGED = dt.date(2026, 10, 12)
TORONTO = Filter(zone="America/Toronto")
FILTERS: dict[str, Filter] = {
    "everything": Filter(),
    "one user": Filter(user="frontdesk", zone="America/Toronto"),
    "three weeks of three places": Filter(
        since=dt.date(2026, 10, 19),
        until=dt.date(2026, 11, 9),
        domain=("hotel.test", "example.com"),
        property="MAIN",
        zone="Europe/Paris",
    ),
    "a moment, and traces": Filter(
        since=datetime(2026, 10, 1, 12, 30, tzinfo=UTC), kind=("trace", "staff"), zone="Australia/Lord_Howe"
    ),
    "of a mail log": Filter(source="postfix", endpoint=("mx1.example.com:587", "mx.example.org:25")),
    "nothing": Filter(user="nobody"),
}


@dataclass(frozen=True)
class Journal:
    """Events with their numbers, and the lives that the reference makes of them."""

    events: list[reference.Numbered]
    lives: list[reference.Life]

    @classmethod
    def of(cls, events: Iterable[tuple[int, Event]]) -> Journal:
        numbered = list(events)
        return cls(numbered, reference.lives(numbered))


Answer = tuple[Callable[[History, Filter], pd.DataFrame], Callable[[Journal, Filter], list[reference.Row]]]


def _by(*by: str) -> dict[str, Answer]:
    name = " and ".join(by) or "all together"
    return {
        f"funnel by {name}": (
            lambda history, where: ask.funnel(history, by, where, now=NOW),  # type: ignore[arg-type]
            lambda journal, where: reference.funnel(journal.lives, by, where, NOW),
        ),
        f"latency by {name}": (
            lambda history, where: ask.latency(history, by, where),  # type: ignore[arg-type]
            lambda journal, where: reference.latency(journal.lives, by, where),
        ),
        f"queue by {name}": (
            lambda history, where: ask.queue(history, by, where, now=NOW),  # type: ignore[arg-type]
            lambda journal, where: reference.queue(journal.lives, by, where, NOW),
        ),
    }


def _gaps(by: Any, every: Any) -> dict[str, Answer]:
    return {
        f"gaps of {by} every {every}": (
            lambda history, where: ask.gaps(history, by, where, every=every, limit=100_000),
            lambda journal, where: reference.gaps(journal.lives, by, where, every),
        )
    }


def _before_after(by: Any) -> dict[str, Answer]:
    return {
        f"before and after by {by}": (
            lambda history, where: ask.before_after(history, PASSWORD_CHANGED, by, where, now=NOW),
            lambda journal, where: reference.before_after(
                journal.events, journal.lives, PASSWORD_CHANGED, by, where, days=14, now=NOW
            ),
        )
    }


ANSWERS: dict[str, Answer] = {
    "latest": (
        lambda history, where: ask.latest(history, where, limit=100_000),
        lambda journal, where: reference.latest(journal.lives, where, 100_000),
    ),
    "the latest ten": (
        lambda history, where: ask.latest(history, where, limit=10),
        lambda journal, where: reference.latest(journal.lives, where, 10),
    ),
    **_by(),
    **_by("day"),
    **_by("hour"),
    **_by("hour_of_day"),
    **_by("week", "kind"),
    **_by("user"),
    **_by("domain", "endpoint"),
    **_by("property"),
    **_by("source"),
    **_by("day", "user"),
    "reasons": (
        ask.reasons,
        lambda journal, where: reference.reasons(journal.events, journal.lives, where),
    ),
    "the first two reasons": (
        lambda history, where: ask.reasons(history, where, limit=2),
        lambda journal, where: reference.reasons(journal.events, journal.lives, where, 2),
    ),
    "stuck": (
        lambda history, where: ask.stuck(history, where, now=NOW),
        lambda journal, where: reference.stuck(journal.lives, where, NOW),
    ),
    "unattempted": (
        lambda history, where: ask.unattempted(history, where, now=NOW),
        lambda journal, where: reference.unattempted(journal.lives, where, NOW),
    ),
    "silence": (
        lambda history, where: ask.silence(history, where, now=NOW),
        lambda journal, where: reference.silence(journal.lives, where, NOW),
    ),
    "duplicates": (
        ask.duplicates,
        lambda journal, where: reference.duplicates(journal.lives, where),
    ),
    **_gaps("user", "day"),
    **_gaps(None, "day"),
    **_gaps(None, "hour"),
    **_gaps("domain", "day"),
    **_before_after(None),
    **_before_after("user"),
    **_before_after("endpoint"),
}


def differences(frame: pd.DataFrame, rows: Sequence[Mapping[str, Any]], leave: Sequence[str] = ("because",)) -> list[str]:
    """Say where a table and the reference's rows differ: nothing, when they agree to the row.

    Sentences (``because``) are left out where the reference has none.
    """
    if len(frame) != len(rows):
        return [f"{len(frame)} rows, not {len(rows)}"]
    found = []
    for name in frame.columns:
        if not rows or (name in leave and name not in rows[0]):
            continue
        for at, (shown, row) in enumerate(zip(frame[name], rows, strict=True)):
            if not _same(_plain(shown), row[name]):
                found.append(f"row {at}, {name}: {shown!r}, not {row[name]!r}")
    return found[:20]


def _plain(value: Any) -> Any:
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return reference.us(value.to_pydatetime() if value.tzinfo else value.to_pydatetime().replace(tzinfo=UTC))
    return value


def _same(shown: Any, said: Any) -> bool:
    if isinstance(said, float) and shown is not None:
        # As far as shown: to three places.
        return math.isclose(shown, said, abs_tol=0.000_51)
    return bool(shown == said) and (shown is None) == (said is None)
