"""The chart of a preview: a bar for each day, and in it a piece for each clerk. Pure, but for what matplotlib imports."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from mailkit.report.drawing import Drawing, columns
from mailkit.report.words import count
from mailkit.text import shorten, visible
from mailkit.traces.preview import ClerkShare, Preview

__all__ = ["by_day_and_clerk", "who"]

_COLOURS = ("#3f7fc1", "#d79a2b", "#4fa37a", "#a06bb8", "#c8604f", "#5fa8b8", "#8f8a3c", "#b76a94")
"""Told apart on light and dark grounds, also by who sees few colours; the legend and the table name them."""
_REST = "#8b949e"
_FEWEST = 6
"""Days between the first and the last one drawn, at least: a single day is no wall."""


def who(share: ClerkShare) -> str:
    """Return who gets it."""
    name = visible(share.who) if share.who is not None else {"guests": "guests", "addresses": "addresses"}.get(share.kind, "")
    return f"{name} ({visible(share.property)})" if share.property else name


def by_day_and_clerk(preview: Preview) -> Drawing | None:
    """Draw the chart; ``None``: nothing would be sent, or matplotlib is not installed."""
    if not preview.by_day:
        return None
    counted = [window for window in preview.windows if window.repeats and window.first <= window.last]
    first = min([*preview.by_day, *(window.first for window in counted)])
    last = max([*preview.by_day, *(window.last for window in counted), first + dt.timedelta(days=_FEWEST)])
    days = [first + dt.timedelta(days=number) for number in range(min((last - first).days, 400) + 1)]
    layers: dict[str, list[float]] = {}
    colours: dict[str, str] = {}
    for share, colour in zip(preview.by_clerk, _COLOURS, strict=False):
        name = shorten(who(share), 24)
        colours.setdefault(name, colour)
        before = layers.get(name, [0.0] * len(days))
        layers[name] = [number + share.days.get(day, 0) for number, day in zip(before, days, strict=True)]
    if rest := preview.by_clerk[len(_COLOURS) :]:
        total: Counter[dt.date] = Counter()
        for share in rest:
            total.update(share.days)
        name = f"{len(rest)} more"
        colours[name] = _REST
        layers[name] = [float(total[day]) for day in days]
    busiest = max(preview.by_day, key=lambda day: preview.by_day[day])
    title = f"Of which day: {count(preview.by_day[busiest], 'mail')} of {busiest:%A %Y-%m-%d}, the most of one day"
    try:
        moments = [dt.datetime.combine(day, dt.time()) for day in days]
        return columns(title, moments, layers, unit="mails", colours=colours)
    except ImportError:  # an optional extra; the table has the same numbers
        return None
