"""What differs between two probes, as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mailkit.diagnosis import Comparison
from mailkit.report.words import SEVERITY, moment
from mailkit.text import visible

__all__ = ["render"]


def render(comparison: Comparison, *, width: int = 80) -> str:
    """Return the comparison as text: what was compared, the headline, one line for each difference."""
    return "\n".join(_lines(comparison, width)) + "\n"


def _lines(comparison: Comparison, width: int) -> Iterator[str]:
    yield from textwrap.wrap(visible(comparison.headline), width)
    yield ""
    for label, target, started, verdict in (
        ("first", comparison.first, comparison.first_started, comparison.first_verdict),
        ("second", comparison.second, comparison.second_started, comparison.second_verdict),
    ):
        yield f"  {label:8}{visible(target)}, {moment(started)}: {SEVERITY[verdict]}"
    if comparison.differences:
        yield ""
    for difference in comparison.differences:
        sentence = visible(difference.sentence)
        yield from textwrap.wrap(sentence, width, initial_indent="  - ", subsequent_indent="    ")
        if difference.subject not in (comparison.first, comparison.second) and difference.subject not in sentence:
            yield f"    ({visible(difference.subject)})"
