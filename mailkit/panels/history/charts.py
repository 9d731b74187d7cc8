"""The charts beside the tables: the funnel, the days, how long it took, and the reasons. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailkit.panels.history.choice import Choice
from mailkit.report.drawing import COLOURS, Drawing, bars, columns, ranges

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STAGES", "drawn"]

STAGES = (
    "due",
    "attempted",
    "accepted",
    "delivered",
    "unheard",
    "bounced",
    "rejected",
    "expired",
    "uncertain",
    "sending",
    "deferred",
    "unattempted",
    "skipped",
)
"""The funnel from top to bottom."""
_LAYERS = ("delivered", "unheard", "sending", "deferred", "uncertain", "rejected", "bounced", "expired", "unattempted", "skipped")
_STRETCHES = {"hour": 1 / 24, "day": 1.0, "week": 7.0}
_BARS = 12
_WIDTH = 5.7
"""Inches: two charts stand side by side."""
_BY = {"endpoint": "server", "domain": "recipients' domain"}


def drawn(name: str, frame: pd.DataFrame, choice: Choice) -> Drawing | None:
    """Draw the chart of a table; ``None``: it has none, or nothing to draw."""
    charts: dict[str, Callable[[pd.DataFrame, Choice], Drawing | None]] = {
        "funnel": _funnel,
        "timeline": _timeline,
        "latency": _latency,
        "reasons": _reasons,
    }
    return charts[name](frame, choice) if name in charts and len(frame) else None


def _funnel(frame: pd.DataFrame, _choice: Choice) -> Drawing:
    counted = [(name, int(frame[name].sum())) for name in STAGES]
    shown = [(name, number) for name, number in counted if number or name in {"due", "attempted", "accepted"}]
    due, accepted = counted[0][1], dict(counted)["accepted"]
    return bars(f"Of {due:,} mails due, {accepted:,} were accepted by a server", shown, unit="mails", width=_WIDTH)


def _timeline(frame: pd.DataFrame, choice: Choice) -> Drawing:
    stretch = next(name for name in _STRETCHES if name in frame)
    moments = list(frame[stretch].dt.to_pydatetime())
    layers = {name: [int(number) for number in frame[name]] for name in _LAYERS if int(frame[name].sum())}
    title = f"What became of the mails, by {stretch} ({choice.zone})"
    # A chart of one column is no chart: with its neighbours it shows that there was nothing.
    if len(moments) == 1:
        moments.append(moments[0] + timedelta(days=_STRETCHES[stretch]))
        layers = {name: [*numbers, 0] for name, numbers in layers.items()}
    return columns(title, moments, layers, unit="mails", days=_STRETCHES[stretch], colours=COLOURS, width=_WIDTH)


def _latency(frame: pd.DataFrame, choice: Choice) -> Drawing | None:
    total = frame[(frame["part"] == "total") & (frame["count"] > 0)]
    measured: list[Any] = [
        (_name(row[choice.by]), row["p50_ms"] / 1000, row["p95_ms"] / 1000, row["p99_ms"] / 1000)
        for row in total.to_dict("records")[:_BARS]
    ]
    if not measured:
        return None
    by = _BY.get(choice.by, choice.by.replace("_", " "))
    return ranges(f"How long until a server took a mail, by {by}", measured, unit="seconds", width=_WIDTH)


def _reasons(frame: pd.DataFrame, _choice: Choice) -> Drawing:
    counted = [
        (_name(row["cause"] if isinstance(row["cause"], str) else row["reason"]).replace("_", " "), int(row["deliveries"]))
        for row in frame.to_dict("records")[:_BARS]
    ]
    first, number = counted[0]
    return bars(
        f"Why mails did not get through: most often {first} ({number:,})", counted, unit="mails that it hit", width=_WIDTH
    )


def _name(value: Any) -> str:  # noqa: ANN401 - whatever was counted by
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    return str(value) if isinstance(value, str | int) else "not known"
