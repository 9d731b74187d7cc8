"""What deliveries can be counted by: a stretch of time in the reader's zone, or a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from mailkit.errors import InputError
from mailkit.history.choice import DAY, HOUR, Filter, local
from mailkit.history.engine import History
from mailkit.history.table import Column

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["By", "Groups", "grouped"]

By = Literal[
    "day",
    "hour",
    "hour_of_day",
    "week",
    "user",
    "domain",
    "endpoint",
    "property",
    "kind",
    "mailing",
    "account",
    "rule",
    "source",
    "sender",
]
"""``day``, ``hour`` and ``week`` (from Monday) of when a delivery began; ``hour_of_day``: 0 to 23; ``domain``: of the recipient;
``source``: who recorded the first event."""

_TIMES = ("day", "hour", "hour_of_day", "week")
_MONDAY = 4 * DAY  # 5 January 1970, the first one there is
_COLUMNS = {"domain": "recipient_domain", "source": "origin"}
_SAYS = {
    "day": "the day on which the deliveries began, in the reader's time zone",
    "hour": "the hour in which they began, as the reader's clock shows it",
    "hour_of_day": "the hour of the day in which they began, 0 to 23, in the reader's time zone",
    "week": "the Monday of the week in which they began, in the reader's time zone",
    "user": "user code or clerk code; missing: not known",
    "domain": "the recipient's domain",
    "endpoint": "host:port of the server that was talked to last",
    "source": "who recorded the first event",
}


class Groups:
    """Some lives, with a column for each thing they are counted by."""

    def __init__(self, history: History, by: Sequence[By], where: Filter) -> None:
        unknown = [name for name in by if name not in get_args(By)]
        if unknown:
            raise InputError(f"nothing can be counted by {unknown[0]!r}; give one of {', '.join(get_args(By))}")
        self._history = history
        self.by = tuple(dict.fromkeys(by))
        chosen = where.of_lives(history.lives)
        self.lives = chosen.mutate(**_keys(history, chosen, self.by, where))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns for the front of the table."""
        kinds: dict[str, Any] = {"day": "wall", "hour": "wall", "week": "wall", "hour_of_day": "count"}
        return tuple(Column(name, kinds.get(name, "text"), _SAYS.get(name, f"the {name} of the deliveries")) for name in self.by)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the grouping columns in :attr:`lives`."""
        return tuple(f"by_{name}" for name in self.by)

    def asked(self, counts: ir.Table, volume: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Fetch what was counted: by time where it goes by time, else the largest first.

        Args:
            counts: one row per group, with a column ``tie`` that tells groups of one size apart the same way on every engine.
            volume: the column that says how large a group is.
            limit: the most rows to give; the latest, or the largest, are kept.

        Returns:
            The rows, and whether there were more.
        """
        times = [f"by_{name}" for name in self.by if name in _TIMES]
        order = [*(counts[key].desc() for key in times), counts[volume].desc(), counts.tie]
        rows = self._history.rows(counts.order_by(order).limit(limit + 1))
        more = len(rows) > limit
        kept = sorted(rows[:limit], key=lambda row: (*(row[key] for key in times), -row[volume], row["tie"]))
        return [row | {name: self.shown(name, row[f"by_{name}"]) for name in self.by} for row in kept], more

    @staticmethod
    def shown(name: By, value: Any) -> Any:  # noqa: ANN401 - whatever the engine gave
        """Give a group's value as the table has it."""
        return value // HOUR if name == "hour_of_day" else value


def grouped(by: By | Sequence[By] | None) -> tuple[By, ...]:
    """Give what to count by as a tuple; ``None`` is everything together."""
    if by is None:
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


def _keys(history: History, lives: ir.Table, by: tuple[By, ...], where: Filter) -> dict[str, Any]:
    keys: dict[str, Any] = {f"by_{name}": lives[_COLUMNS.get(name, name)] for name in by if name not in _TIMES}
    if any(name in _TIMES for name in by):
        clock = local(lives.began, where.zone, history.span)
        times = {
            "day": clock - clock % DAY,
            "hour": clock - clock % HOUR,
            "week": clock - (clock - _MONDAY) % (7 * DAY),
            "hour_of_day": clock % DAY - clock % HOUR,
        }
        keys |= {f"by_{name}": times[name] for name in by if name in _TIMES}
    return keys
