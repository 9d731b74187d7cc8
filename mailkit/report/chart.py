"""A bar chart as HTML: bars with words and numbers beside them, which is readable without its colours and without seeing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from mailkit.report.markup import text
from mailkit.report.page import fold

__all__ = ["Bar", "bars"]

MOST = 20
"""Bars that are drawn; the table behind them has all."""


class Bar(Struct, frozen=True):
    """One bar: what is counted, how many, what it means, and the tone of its colour (a severity, or ``unknown``)."""

    label: str
    number: int
    words: str = ""
    tone: str = "unknown"


def bars(title: str, counted: Sequence[Bar], *, unit: str, legend: Mapping[str, str]) -> str:
    """Return the chart with the longest bar as its measure, and all its numbers as a table in a fold.

    Args:
        title: what is counted.
        counted: the bars, from top to bottom.
        unit: what the numbers are of, in the heading of the table.
        legend: what each tone stands for.
    """
    if not counted:
        return ""
    most = max(bar.number for bar in counted) or 1
    left_out = len(counted) - MOST
    more = f"; and {left_out} more" if left_out > 0 else ""
    alt = f"{title}: " + ", ".join(f"{bar.label} {bar.number}" for bar in counted[:MOST]) + more
    drawn = "".join(
        f'<div class="mk-bars-row mk-{bar.tone}"><span class="mk-bars-label">{text(bar.label)}</span>'
        f'<span class="mk-bars-track"><span class="mk-bars-bar" style="width:{100 * bar.number / most:.1f}%"></span>'
        f'<span class="mk-bars-number">{bar.number:,}</span></span></div>'
        for bar in counted[:MOST]
    )
    rows = "".join(
        f'<tr><th scope="row">{text(bar.label)}</th><td class="mk-number">{bar.number:,}</td><td>{text(bar.words)}</td></tr>'
        for bar in counted
    )
    table = (
        f'<table class="mk-table"><caption>{text(title)}</caption><thead><tr><th scope="col">What</th>'
        f'<th scope="col">{text(unit)}</th><th scope="col">Meaning</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    tones = {bar.tone for bar in counted[:MOST]}
    keys = "".join(f'<li class="mk-{tone}"><span></span>{text(words)}</li>' for tone, words in legend.items() if tone in tones)
    rest = f'<p class="mk-about">{left_out} more are in the table.</p>' if left_out > 0 else ""
    return (
        f'<figure class="mk-chart"><figcaption>{text(title)}</figcaption>'
        f'<div class="mk-bars" role="img" aria-label="{text(alt)}"><div aria-hidden="true">{drawn}</div></div>'
        f'<ul class="mk-legend" aria-hidden="true">{keys}</ul>{rest}'
        f"{fold('The numbers as a table', table, name=f'numbers {title}')}</figure>"
    )
