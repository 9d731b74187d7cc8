"""What switching trace mail on would send, in words and markup. Pure; the facts are those of :mod:`mailkit.site.backfill`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailkit.finding import Finding
from mailkit.panels.site.markup import facts, found
from mailkit.panels.site.walk import of_backfill
from mailkit.report.words import count
from mailkit.site.backfill import BackfillPreview
from mailkit.text import shorten

__all__ = ["shown_backfill"]

NAMES = 300
"""Characters of a list of clerks."""


def shown_backfill(preview: BackfillPreview, known: Sequence[Finding]) -> str:
    """Return the preview: when, how much, to whom not, how long; and what to know that is not among the findings ``known``."""
    codes = {finding.code for finding in known}
    more = [finding for finding in preview.findings if finding.code not in codes]
    return facts("If Email Traces went to Y today", _told(preview)) + found("To know before", more)


def _told(preview: BackfillPreview) -> Iterator[tuple[str, str]]:
    yield "What it is", of_backfill("activation", preview.activation)
    if preview.last >= preview.first:
        yield "Which days", f"{preview.first:%Y-%m-%d} to {preview.last:%Y-%m-%d}, both included, by the day a trace was made"
    if preview.shift_days:
        side = "behind" if preview.shift_days > 0 else "ahead of"
        yield "Which days", f"The hotel's date is {count(abs(preview.shift_days), 'day')} {side} the calendar."
    yield "How many", "not known" if preview.waiting is None else count(preview.waiting, "message")
    yield "To whom", f"{count(preview.receiving, 'clerk')} would get theirs"
    for skipped in preview.skipped:
        yield "To whom not", f"{of_backfill('reason', skipped.reason)}: {shorten(', '.join(skipped.clerks), NAMES)}"
    for address, clerks in preview.shared.items():
        yield "Twice", f"{address} gets the copies of {shorten(', '.join(clerks), NAMES)}"
    for limit in preview.limits:
        pace = [
            f"{limit.per_minute} a minute" if limit.per_minute else "",
            f"{limit.per_day:,} a day" if limit.per_day else "",
            f"{count(limit.minutes, 'minute')} for all of it" if limit.minutes and limit.minutes > 1 else "",
        ]
        yield "How fast", f"{limit.provider}: {', '.join(part for part in pace if part) or 'no limit is known'}"
    if preview.hindrances:
        yield "Until then", f"Nothing leaves, because {', '.join(of_backfill('hindrance', one) for one in preview.hindrances)}."
