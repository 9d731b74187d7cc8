"""Charts as SVG, drawn by matplotlib: for a notebook, a served page and a report in a file, on light and dark grounds alike.

Every chart has a title that says what it shows, and words for those who do not see it; its numbers stand in a table beside it.
matplotlib draws without a display and is imported when the first chart is made.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mailkit.report.markup import text
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "WIDTH", "Drawing", "bars", "columns", "ranges"]

COLOURS: dict[str, str] = {
    "delivered": "#1f8a4c",
    "accepted": "#58b37f",
    "unheard": "#58b37f",
    "pending": "#8b949e",
    "unattempted": "#8b949e",
    "skipped": "#b6bdc6",
    "sending": "#5a9bd8",
    "deferred": "#d79a2b",
    "uncertain": "#b07cc6",
    "expired": "#c26a1b",
    "rejected": "#d1483c",
    "bounced": "#9c2f5b",
    "stuck": "#c26a1b",
}
"""A colour for each state, readable on both grounds; the legend names them."""

_INK = "#010203"
"""Stands for the colour of the text around the chart, whatever that is."""
_PLAIN = "#5a9bd8"
WIDTH = 8.6
"""Of a chart that stands alone."""
_LABEL = 42
_MOST = 25


class Drawing(Struct, frozen=True, kw_only=True):
    """One chart."""

    title: str
    """What it shows, in one sentence."""
    alt: str
    """The same in words, with the numbers that matter."""
    svg: str

    @property
    def figure(self) -> str:
        """The chart as HTML with its title."""
        return (
            f'<figure class="mk-chart"><figcaption>{text(self.title)}</figcaption>'
            f'<div class="mk-drawing" role="img" aria-label="{text(self.alt)}">{self.svg}</div></figure>'
        )


def bars(
    title: str,
    counted: Sequence[tuple[str, float]],
    *,
    unit: str,
    colours: Mapping[str, str] = COLOURS,
    width: float = WIDTH,
) -> Drawing:
    """Draw one horizontal bar for each thing counted, from top to bottom, with its number beside it.

    Args:
        title: what is counted.
        counted: names and numbers; at most 25 are drawn.
        unit: what the numbers are of.
        colours: by name; names without one are all alike.
        width: in inches of 72 points; the letters have nine of these. A chart fills what it stands in.
    """
    shown = list(counted[:_MOST])
    names = [_named(name) for name, _ in shown]

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - an optional extra

        made = axes.barh(
            range(len(shown)), [number for _, number in shown], color=[colours.get(name, _PLAIN) for name, _ in shown]
        )
        axes.bar_label(made, labels=[f"{number:,.0f}" for _, number in shown], padding=4, color=_INK)
        axes.set_yticks(range(len(shown)), names)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    more = f"; and {len(counted) - _MOST} more" if len(counted) > _MOST else ""
    alt = f"{title}: " + ", ".join(f"{visible(name)} {number:,.0f}" for name, number in shown) + more
    return _drawn(title, alt, draw, width=width, height=0.9 + 0.3 * max(len(shown), 1))


def columns(
    title: str,
    moments: Sequence[datetime],
    layers: Mapping[str, Sequence[float]],
    *,
    unit: str,
    days: float = 1.0,
    colours: Mapping[str, str] = COLOURS,
    width: float = WIDTH,
) -> Drawing:
    """Draw stacked columns over time.

    Args:
        title: what is shown.
        moments: the beginnings of the stretches of time.
        layers: by name, one number for each moment; from bottom to top.
        unit: what the numbers are of.
        days: how long a stretch is, in days.
        colours: by name of the layer.
        width: as for :func:`bars`.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415 - an optional extra
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - an optional extra

        under = [0.0] * len(moments)
        stamps: Any = list(moments)
        for name, numbers in layers.items():
            # Most layers have nothing on most days, and every bar costs.
            seen = [at for at, number in enumerate(numbers) if number]
            axes.bar(
                [stamps[at] for at in seen],
                [numbers[at] for at in seen],
                bottom=[under[at] for at in seen],
                width=days * 0.86,
                align="edge",
                label=name,
                color=colours.get(name, _PLAIN),
            )
            under = [below + number for below, number in zip(under, numbers, strict=True)]
        if moments:  # also where nothing is
            axes.set_xlim(stamps[0], stamps[-1] + timedelta(days=days))
        locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]  # matplotlib has no types there
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # matplotlib has no types there
        axes.set_ylabel(unit)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=9, reverse=True)

    sums = ", ".join(f"{name} {sum(numbers):,.0f}" for name, numbers in layers.items())
    span = f"{moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}" if moments else "no time"
    return _drawn(title, f"{title}, {span}: {sums}", draw, width=width, height=2.8)


def ranges(title: str, measured: Sequence[tuple[str, float, float, float]], *, unit: str, width: float = WIDTH) -> Drawing:
    """Draw a line from the median to the slowest one in a hundred for each name, with a mark at one in twenty.

    Args:
        title: what is measured.
        measured: name, median, 95th and 99th percentile.
        unit: of the three, such as ``s``.
        width: as for :func:`bars`.
    """
    shown = list(measured[:_MOST])

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - an optional extra

        places = range(len(shown))
        axes.hlines(places, [one[1] for one in shown], [one[3] for one in shown], color="#b6bdc6", linewidth=3)
        for number, mark, name in (
            (1, "o", "half were quicker"),
            (2, "D", "19 of 20 were quicker"),
            (3, "|", "99 of 100 were quicker"),
        ):
            axes.plot([one[number] for one in shown], places, mark, color=_PLAIN, markersize=7, markeredgewidth=2, label=name)
        axes.set_yticks(places, [_named(one[0]) for one in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        largest, smallest = max((one[3] for one in shown), default=1), min((one[1] for one in shown if one[1] > 0), default=1)
        if largest > 100 * smallest:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axes.set_xlim(left=0)
        axes.set_xlabel(unit)
        narrow = width < WIDTH
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.45, 1.0),
            ncols=3,
            frameon=False,
            fontsize=8 if narrow else 9,
            **({"handletextpad": 0.2, "columnspacing": 1.0} if narrow else {}),
        )

    told = ", ".join(f"{visible(name)} half under {half:,.3g}, 95 % under {most:,.3g}" for name, half, most, _ in shown)
    return _drawn(title, f"{title} ({unit}): {told}", draw, width=width, height=1.3 + 0.34 * max(len(shown), 1))


def _drawn(title: str, alt: str, draw: Any, *, width: float, height: float) -> Drawing:  # noqa: ANN401 - a function on an axis
    # Not pyplot: it keeps figures, and asks for a display.
    from matplotlib import rc_context  # noqa: PLC0415 - an optional extra
    from matplotlib.figure import Figure  # noqa: PLC0415 - an optional extra

    ink = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK)
    settings: Any = {**ink, "svg.fonttype": "none", "svg.hashsalt": "mailkit", "font.size": 9, "text.parse_math": False}
    with rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        into = io.StringIO()
        figure.savefig(into, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Drawing(title=title, alt=shorten(alt, 2000), svg=_inlined(into.getvalue()))


def _inlined(svg: str) -> str:
    """Leave the ``<svg>`` element alone, in the colours of the page, with nothing that asks for another file."""
    inside = svg[svg.index("<svg") :]
    inside = re.sub(r"<metadata>.*?</metadata>", "", inside, flags=re.DOTALL)
    inside = re.sub(r' width="[\d.]+pt"', ' width="100%"', inside, count=1)
    inside = re.sub(r' height="[\d.]+pt"', "", inside, count=1)
    return inside.replace(_INK, "currentColor").strip()


def _named(name: str) -> str:
    return shorten(visible(name), _LABEL)
