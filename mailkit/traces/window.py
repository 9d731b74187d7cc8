"""Which traces the back-fill reaches, and which come after it.

It is documented that the first activation sends what was not e-mailed in the previous seven days. By which date these are
counted, whether the days at the ends belong to them, and which statuses count is not: each is a parameter whose default is shown
together with what it rests on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from mailkit.site.backfill import Basis, window
from mailkit.traces.decision import Reason
from mailkit.traces.trace import Status, Trace
from mailkit.traces.zones import Zone

__all__ = ["BASES", "EDGES", "Basis", "Edges", "Reach", "Window", "alternatives", "day_of", "moment_of"]

Edges = Literal["both", "first", "last", "neither", "hours"]
"""Which of the two days at the ends belong to the window; ``hours``: it reaches back full days of 24 hours from this moment."""

BASES: tuple[Basis, ...] = ("created", "due", "business")
EDGES: tuple[Edges, ...] = get_args(Edges)


class Reach(Struct, frozen=True, kw_only=True):
    """How far the back-fill reaches, as far as a person can choose it."""

    days: int = 7
    basis: Basis = "created"
    edges: Edges = "both"
    statuses: tuple[Status, ...] = ("open", "completed")
    """A trace of which no status is known counts as open."""
    repeat: bool = False
    """A later activation sends what is in the window too, not only what comes after it."""


class Window(Struct, frozen=True, kw_only=True):
    """The days of one activation where a property lies, and everything after it."""

    basis: Basis
    first: dt.date
    last: dt.date
    """Before ``first``: no day at all."""
    outer: tuple[dt.date, dt.date]
    """The same with the days at both ends."""
    since: dt.datetime | None = None
    """Not before this moment, where hours are counted."""
    activated: dt.datetime
    """What came later than this belongs to it in any case."""
    anchor: dt.date
    """The day of the activation, by the date that is counted."""
    now: dt.datetime
    today: dt.date
    repeats: bool = True
    """False: a later activation, which sends only what comes after it."""

    @classmethod
    def of(
        cls, reach: Reach, zone: Zone, *, activated: dt.datetime, now: dt.datetime, anchor: dt.date | None, repeats: bool = True
    ) -> Window:
        """Find the window of an activation at a moment.

        ``anchor``: the day it happened on by the hotel's own date, where that is counted; ``None``: the calendar's.
        """
        day = anchor or zone.day(activated)
        first, last = window(day, reach.days, "both" if reach.edges == "hours" else reach.edges)
        return cls(
            basis=reach.basis,
            first=first,
            last=last,
            outer=window(day, reach.days, "both"),
            since=activated - dt.timedelta(days=reach.days) if reach.edges == "hours" else None,
            activated=activated,
            anchor=day,
            now=now,
            today=max(zone.day(now), day),
            repeats=repeats,
        )

    def outside(self, trace: Trace) -> Reason | None:
        """Say why a trace is not one of these days; ``None``: it is."""
        day, moment = day_of(trace, self.basis), moment_of(trace, self.basis)
        if day is None:
            return "no-date"
        if day > self.today or (moment is not None and moment > self.now):
            return "later"
        if self._after(day, moment):
            return None
        if not self.repeats:
            return "before-activation"
        if self.first <= day <= self.last:
            return "too-old" if self.since is not None and moment is not None and moment < self.since else None
        return "at-the-edge" if self.outer[0] <= day <= self.outer[1] else "too-old"

    def _after(self, day: dt.date, moment: dt.datetime | None) -> bool:
        """Say whether it came after the activation. Of a day without an hour that is not known: then it is not lost."""
        if moment is not None:
            return moment > self.activated
        return day > self.anchor or (day == self.anchor and not self.repeats)


def day_of(trace: Trace, basis: Basis) -> dt.date | None:
    """Give the day of a trace by one of its dates."""
    return trace.created_on if basis == "created" else trace.due_on if basis == "due" else trace.business


def moment_of(trace: Trace, basis: Basis) -> dt.datetime | None:
    """Give the moment of a trace by one of its dates; ``None``: no hour is known."""
    return trace.created if basis == "created" else trace.due if basis == "due" else None


def alternatives(reach: Reach) -> Iterator[Reach]:
    """Give the ways in which the days could be counted instead."""
    for basis in BASES:
        for edges in EDGES:
            if (basis, edges) != (reach.basis, reach.edges) and edges != "hours":
                yield msgspec.structs.replace(reach, basis=basis, edges=edges)
