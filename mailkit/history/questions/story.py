"""Everything that is known of one delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailkit.history.columns import EVENT_COLUMNS
from mailkit.history.engine import History
from mailkit.history.life import OWN
from mailkit.history.table import Kind, Table, column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STORY", "story"]

_MOST = 10_000
_KINDS: dict[str, Kind] = {"int64": "count", "float64": "ms", "string": "text"}
_FIRST = ("moment", "state", "attempt", "stage", "reply_code", "enhanced_code", "reply", "endpoint", "source")

STORY = Table(
    name="story",
    asks="Did this mail go out?",
    columns=(
        column("gap_ms", "ms", "since the event before"),
        *(
            column(name, "moment" if name in {"moment", "next_try"} else _KINDS[EVENT_COLUMNS[name]], f"{name} of the event")
            for name in (*_FIRST, *(name for name in EVENT_COLUMNS if name not in _FIRST))
        ),
    ),
)


def story(history: History, name: str) -> pd.DataFrame:
    """Give all events of one delivery, the first first.

    They are in the order of their times; only where a clock was set back, the kit's own stay in the order in which they were
    written down.

    Args:
        history: what to ask.
        name: the delivery's ``delivery_id``, or the Message-ID of a mail (all its deliveries then).

    Returns:
        The columns of :data:`STORY`, at most 10,000 rows; none when there is no such delivery.
    """
    events = history.events
    rows = history.rows(events.filter(events.delivery_id == name).order_by("event_id").limit(_MOST + 1))
    if not rows:
        plain = name.strip().strip("<>")
        named = events.message_id.isin((plain, f"<{plain}>"))
        whose = events.filter(named).select("delivery_id").distinct()
        rows = history.rows(events.semi_join(whose, "delivery_id").order_by("event_id").limit(_MOST + 1))
    told = _in_order(rows[:_MOST])
    for before, row in zip([None, *told], told, strict=False):
        row["gap_ms"] = None if before is None else (row["moment"] - before["moment"]) / 1000
    return STORY.frame(told, more=len(rows) > _MOST)


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    latest: dict[str, int] = {}
    keyed = []
    for row in rows:
        at = row["moment"]
        if row["source"] in OWN:
            at = latest[row["delivery_id"]] = max(at, latest.get(row["delivery_id"], at))
        keyed.append((at, row["event_id"], row))
    return [row for _, _, row in sorted(keyed, key=lambda one: one[:2])]
