"""Going through a source: each trace with whom it goes to, or why to nobody. The preview counts what comes, queueing queues it.

Everything that decides meets here: the address (:mod:`.decision`), the days (:mod:`.window`), what a person left out, what the
store knows already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from mailkit.traces.decision import Decider, Decision, Reason
from mailkit.traces.ledger import Activation
from mailkit.traces.trace import Kind, Status, Trace, Unusable
from mailkit.traces.window import Reach, Window, day_of
from mailkit.traces.zones import Zone, Zones

__all__ = ["Exclusion", "Known", "Sorted", "Sorter", "Windows", "delivery_key", "skipped_key", "source_key"]

_CHUNK = 500

Known = Callable[[Sequence[tuple[str, str]]], set[str]]
"""Which traces have been dealt with: :meth:`mailkit.traces.ledger.Ledger.known`."""


class Exclusion(Struct, frozen=True, kw_only=True):
    """What a person leaves out of the back-fill; empty: nothing."""

    clerks: tuple[str, ...] = ()
    """Codes of clerks, or of departments."""
    kinds: tuple[Kind, ...] = ()
    before: dt.date | None = None
    """Whatever is of an earlier day, by the date that is counted."""
    traces: tuple[str, ...] = ()
    """Their ids."""

    def __bool__(self) -> bool:
        return self != Exclusion()


class Sorted(Struct, frozen=True):
    """A trace and what becomes of it."""

    trace: Trace
    decision: Decision
    source_key: str | None = None
    """The trace's own key, where it has a recipient."""
    key: str | None = None
    """The key of the delivery it would be."""


class Windows:
    """The window of each property, at one moment.

    Args:
        zones: where the properties lie.
        now: the moment.
        activations: what the store knows: the last activation by property.
        planned: how a property that has not been activated would be; ``None``: it is not looked at.
        repeats: whether that would send what is in the window.
        again: properties to be activated once more, all the same.
        anchor: the hotel's own date, where that is counted.
        only: the properties to be activated; ``None``: all.
    """

    def __init__(
        self,
        zones: Zones,
        now: dt.datetime,
        activations: Mapping[str, Activation],
        *,
        planned: Reach | None,
        repeats: bool = True,
        again: bool = False,
        anchor: dt.date | None = None,
        only: tuple[str, ...] | None = None,
    ) -> None:
        self._zones, self._now, self._activations = zones, now, {} if again else activations
        self._planned, self._repeats, self._anchor, self._only = planned, repeats, anchor, only
        self._found: dict[str | None, tuple[Window, Reach] | None] = {}

    def of(self, property_: str | None) -> tuple[Window, Reach] | None:
        """Give the window of a property and what was chosen for it; ``None``: it has not been activated."""
        if property_ not in self._found:
            self._found[property_] = self._window(property_)
        return self._found[property_]

    def activation(self, property_: str | None) -> Activation | None:
        """Give the activation that holds for a property; ``None``: there was none."""
        code = (property_ or "").strip().casefold()
        return self._activations.get(code) or self._activations.get("")

    def _window(self, property_: str | None) -> tuple[Window, Reach] | None:
        zone: Zone = self._zones.of(property_)
        was = self.activation(property_)
        if was is not None:
            window = Window.of(was.reach, zone, activated=was.moment, now=self._now, anchor=was.anchor, repeats=was.repeats)
            return window, was.reach
        if self._planned is None or (self._only is not None and (property_ or "").strip().casefold() not in self._only):
            return None
        window = Window.of(self._planned, zone, activated=self._now, now=self._now, anchor=self._anchor, repeats=self._repeats)
        return window, self._planned


class Sorter:
    """Sorts the traces of one source.

    Args:
        decider: to whom.
        windows: which days.
        exclusion: what a person leaves out.
        known: what the store knows; ``None``: there is no store.
    """

    def __init__(
        self, decider: Decider, windows: Windows, *, exclusion: Exclusion | None = None, known: Known | None = None
    ) -> None:
        self._decider, self._windows, self._known = decider, windows, known
        self._exclusion = exclusion or None
        self._clerks = {name.strip().casefold() for name in self._exclusion.clerks} if self._exclusion else set()
        self._seen: set[str] = set()

    def sort(self, source: Iterable[Trace | Unusable]) -> Iterator[Sorted | Unusable]:
        """Give every row of a source, in its order, with what becomes of it."""
        coming = iter(source)
        while chunk := list(islice(coming, _CHUNK)):
            looked_at = [one if isinstance(one, Unusable) else self.one(one) for one in chunk]
            yield from looked_at if self._known is None else self._with_store(looked_at, self._known)

    def one(self, trace: Trace) -> Sorted:
        """Decide about one trace, without the store."""
        if trace.mailed:
            return Sorted(trace, Decision(reason="already-sent", who=trace.clerk or trace.department, property=trace.property))
        to = self._decider.decide(trace)
        found = self._windows.of(to.property)
        if found is None:
            return Sorted(trace, _because("not-activated", to))
        window, reach = found
        reason = window.outside(trace) or _of_status(trace.status, reach.statuses)
        if reason is not None:
            return Sorted(trace, _because(reason, to))
        if self._exclusion is not None and self._leaves_out(trace, to, window):
            to = Decision(recipient=to.recipient, reason="excluded", who=to.who, property=to.property)
        if to.reason == "excluded" and to.recipient is None:
            return Sorted(trace, to, source_key(trace, to), skipped_key(trace, to))
        if to.recipient is None or to.reason not in (None, "excluded"):
            return Sorted(trace, to)
        source, key = source_key(trace, to), delivery_key(trace, to)
        if key in self._seen:
            return Sorted(trace, _because("duplicate-row", to))
        self._seen.add(key)
        return Sorted(trace, to, source, key)

    def _leaves_out(self, trace: Trace, to: Decision, window: Window) -> bool:
        left = self._exclusion
        assert left is not None, "asked only where something is left out"
        if trace.kind in left.kinds or trace.id in left.traces:
            return True
        names = {name.strip().casefold() for name in (trace.clerk, trace.department, to.who) if name}
        if self._clerks and names & self._clerks:
            return True
        day = day_of(trace, window.basis)
        return left.before is not None and day is not None and day < left.before

    def _with_store(self, chunk: list[Sorted | Unusable], known: Known) -> Iterator[Sorted | Unusable]:
        asked = [(one.source_key, one.key) for one in chunk if isinstance(one, Sorted) and one.source_key and one.key]
        there = known(asked) if asked else set()
        for one in chunk:
            if isinstance(one, Sorted) and one.source_key in there:
                yield Sorted(one.trace, _because("already-queued", one.decision))
            else:
                yield one


def source_key(trace: Trace, to: Decision) -> str:
    """Give a trace's own key: which it is at the source, and for whom; not at which address."""
    whom = to.who if to.who is not None else "guest" if trace.kind == "alert" else (to.recipient or "")
    return f"{trace.kind}:{_scope(trace)}:{trace.id}:{whom.casefold()}"


def delivery_key(trace: Trace, to: Decision) -> str:
    """Give the key of the delivery: the trace and the address; two clerks who share a mailbox get one copy of one trace."""
    return f"{trace.kind}:{_scope(trace)}:{trace.id}:{(to.recipient or '').casefold()}"


def skipped_key(trace: Trace, to: Decision) -> str:
    """Give the key under which a trace without a recipient is written down as skipped."""
    return f"{trace.kind}:{_scope(trace)}:{trace.id}:!{to.reason}"


def _scope(trace: Trace) -> str:
    return (trace.property or "").strip().casefold() or "-"


def _because(reason: Reason, to: Decision) -> Decision:
    return Decision(recipient=to.recipient, reason=reason, who=to.who, property=to.property)


def _of_status(status: Status | None, counted: tuple[Status, ...]) -> Reason | None:
    status = status or "open"
    if status in counted:
        return None
    return status
