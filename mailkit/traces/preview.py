"""What activating trace mail would send: to whom, of which days, how long it takes, and what is left out and why.

Made by going through the source once; what is kept is counted, so the memory does not grow with the source.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mailkit.finding import Finding
from mailkit.knowledge import Meta, read
from mailkit.mail.account import Account
from mailkit.mail.pace import forecast
from mailkit.site.traces import TraceMail
from mailkit.traces.columns import Column
from mailkit.traces.decision import REASONS, Decider, Reason, reason_words, what_to_do
from mailkit.traces.sorting import Sorted, Windows
from mailkit.traces.trace import Kind, Trace, Unusable
from mailkit.traces.window import BASES, EDGES, Basis, Edges, Reach, day_of
from mailkit.traces.zones import Zones

__all__ = [
    "ActivationKind",
    "Alternative",
    "ClerkShare",
    "Example",
    "Forecast",
    "Left",
    "Parameter",
    "Preview",
    "Tally",
    "WindowShown",
    "parameters",
]

ActivationKind = Literal["first", "taking-over", "again", "active"]
"""The first one; trace mail was on before, and this store knows nothing of it; it was switched off since; it is on."""

_EXAMPLES = 5
_NAMES = 20
_UNUSABLE_SHOWN = 500
_WHO_COUNTED = 2000
_OF_DAYS: frozenset[Reason | None] = frozenset({None, "too-old", "at-the-edge", "later", "no-date"})
"""With another way of counting the days, these would be sent or not."""


class Parameter(Struct, frozen=True, kw_only=True):
    """Something that decides what is sent, its value, and what that rests on."""

    name: str
    label: str
    value: str
    status: Literal["documented", "inferred", "chosen", "site-file"]
    why: str


class ClerkShare(Struct, frozen=True, kw_only=True):
    """What one clerk, department, or all guests together would get."""

    who: str | None
    """``None``: guests, and addresses that belong to no clerk."""
    kind: Literal["clerk", "guests", "addresses"]
    recipient: str | None
    property: str | None
    count: int
    days: dict[dt.date, int]
    oldest: dt.date | None
    newest: dt.date | None


class Example(Struct, frozen=True, kw_only=True):
    """One trace that is left out."""

    row: int
    id: str
    who: str | None
    address: str | None
    """The address that cannot be used, where that is the reason."""


class Left(Struct, frozen=True, kw_only=True):
    """The traces that are not sent for one reason."""

    reason: Reason
    say: str
    do: str
    count: int
    who: dict[str, int]
    """Whose they are, the most frequent first; not more than twenty."""
    examples: tuple[Example, ...]


class Forecast(Struct, frozen=True, kw_only=True):
    """How long an account takes for what it is to send."""

    account: str
    count: int
    per_minute: int | None
    per_day: int | None
    minutes: int | None
    """From the first to the last, limits of the day included; ``None``: no limit is known."""
    days: int | None
    """Over how many days the daily limit spreads it."""
    full_after: int | None
    """After how many mails the first day is full; ``None``: they fit into one."""


class Alternative(Struct, frozen=True, kw_only=True):
    """How many would be sent if the days were counted otherwise."""

    basis: Basis
    edges: Edges
    count: int


class WindowShown(Struct, frozen=True, kw_only=True):
    """The days of one property, or of all that share them."""

    properties: tuple[str, ...]
    """Empty: all."""
    zone: str
    zone_known: bool
    """The site file says it; else it is this computer's."""
    first: dt.date
    last: dt.date
    repeats: bool
    """False: nothing of these days, only what comes after them."""
    activated: dt.datetime | None
    """``None``: not yet."""


class Preview(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.traces-preview/1"):
    """What activating (``activation`` is not ``active``) or the next run (``active``) would send. Days are of the calendar."""

    at: dt.datetime
    site: str | None
    source: str
    columns: tuple[Column, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    activation: ActivationKind
    windows: tuple[WindowShown, ...]
    parameters: tuple[Parameter, ...]
    rows: int
    sending: int
    excluded: int
    by_kind: dict[Kind, int]
    by_clerk: tuple[ClerkShare, ...]
    by_day: dict[dt.date, int]
    oldest: dt.date | None
    newest: dt.date | None
    left: tuple[Left, ...]
    """What is not sent, by reason."""
    unusable: int
    unusable_rows: tuple[Unusable, ...]
    """Rows no trace could be made of, not more than five hundred."""
    shared: dict[str, tuple[str, ...]]
    """Addresses that get the copies of more than one clerk."""
    forecasts: tuple[Forecast, ...]
    alternatives: tuple[Alternative, ...]
    findings: tuple[Finding, ...]
    """What keeps mail back until it is put right, and what to know before."""


class _Row(Struct, frozen=True, forbid_unknown_fields=True):
    label: str
    basis: Literal["documented", "inferred"]
    why: str
    values: dict[str, str] = {}


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    parameters: dict[str, _Row]


@cache
def _table() -> dict[str, _Row]:
    return read(Path(__file__).with_name("parameters.toml"), _Table).parameters


def parameters(reach: Reach, chosen: Mapping[str, str], mail: TraceMail, zones: Zones) -> tuple[Parameter, ...]:
    """Give every parameter with its value.

    Args:
        reach: what holds.
        chosen: by name, who said so where it is not the default: ``chosen`` or ``site-file``.
        mail: what the site file says of the mails.
        zones: the time zones.
    """
    values: dict[str, tuple[str, ...]] = {
        "days": (str(reach.days),),
        "basis": (reach.basis,),
        "edges": (reach.edges,),
        "statuses": reach.statuses,
        "repeat": (str(reach.repeat).lower(),),
        "leave": (mail.leave or "at-once",),
        "uncertain": (mail.uncertain or "by-kind",),
        "mark": ("accepted",),
        "zone": (zones.hotel.name,),
    }
    found = []
    for name, row in _table().items():
        said = " and ".join(row.values.get(one, one) for one in values[name])
        shown = f"{said} days" if name == "days" and said != "1" else said
        status = "site-file" if name == "zone" and zones.hotel.known else chosen.get(name, row.basis)
        found.append(Parameter(name=name, label=row.label, value=shown, status=status, why=row.why))  # type: ignore[arg-type]  # the words are those of Parameter
    return tuple(found)


class _Pile:
    """The traces of one reason, counted."""

    def __init__(self) -> None:
        self.count = 0
        self.who: Counter[str] = Counter()
        self.examples: list[Example] = []

    def add(self, trace: Trace, who: str | None, address: str | None) -> None:
        self.count += 1
        name = who or trace.clerk or trace.department or (trace.guest or "a guest" if trace.kind == "alert" else "nobody")
        if name in self.who or len(self.who) < _WHO_COUNTED:
            self.who[name] += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(Example(row=trace.row, id=trace.id, who=who, address=address))


class _Share:
    def __init__(self) -> None:
        self.days: Counter[dt.date | None] = Counter()


class Tally:
    """Counts what a :class:`~mailkit.traces.sorting.Sorter` gives."""

    def __init__(self, decider: Decider, windows: Windows, reach: Reach, anchor: dt.date | None, *, compared: bool) -> None:
        self._decider, self._windows, self._reach, self._basis = decider, windows, reach, reach.basis
        self._anchor, self._compared = anchor, compared
        self.rows = self.unusable = self.sending = 0
        self.bad: list[Unusable] = []
        self._piles: dict[Reason, _Pile] = {}
        self._shares: dict[tuple[str | None, str, str | None, str | None], _Share] = {}
        self._kinds: Counter[Kind] = Counter()
        self._accounts: Counter[str] = Counter()
        self._account: dict[str, Account] = {}
        self._back: dict[Basis, Counter[int]] = {basis: Counter() for basis in BASES}
        self._findings: dict[str, Finding] = {}

    def add(self, one: Sorted | Unusable) -> None:
        """Count one row."""
        self.rows += 1
        if isinstance(one, Unusable):
            self.unusable += 1
            if len(self.bad) < _UNUSABLE_SHOWN:
                self.bad.append(one)
            return
        trace, to = one.trace, one.decision
        if self._compared and to.recipient is not None and to.reason in _OF_DAYS:
            self._compare(trace, to.property)
        if to.reason is not None:
            pile = self._piles.get(to.reason)
            if pile is None:
                pile = self._piles[to.reason] = _Pile()
            pile.add(trace, to.who, to.address)
            if to.reason == "settings-incomplete":
                self._blame(to.property, trace.kind)
            return
        self.sending += 1
        self._kinds[trace.kind] += 1
        kind = "clerk" if to.who is not None else "guests" if trace.kind == "alert" else "addresses"
        key = (to.who, kind, to.recipient if to.who is not None else None, to.property)
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = _Share()
        share.days[day_of(trace, self._basis)] += 1
        account = self._decider.way(to.property, trace.kind).account
        if account is not None:
            self._accounts[account.key] += 1
            self._account[account.key] = account

    def _compare(self, trace: Trace, property_: str | None) -> None:
        """Note how many days back a trace lies by each of its dates."""
        window = self._windows.of(property_)
        if window is None or (trace.status or "open") not in self._reach.statuses:
            return
        for basis in BASES:
            day = day_of(trace, basis)
            if day is not None:
                anchor = window[0].anchor if basis == self._basis or basis != "business" else self._anchor or window[0].anchor
                self._back[basis][(anchor - day).days] += 1

    def _blame(self, property_: str | None, kind: Kind) -> None:
        found = self._decider.way(property_, kind).finding
        if found is not None:
            self._findings.setdefault(found.summary, found)

    # ── results ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What keeps mail back."""
        return tuple(self._findings.values())

    def by_kind(self) -> dict[Kind, int]:
        """Count by kind of message."""
        return dict(self._kinds)

    def by_clerk(self) -> tuple[ClerkShare, ...]:
        """Count by clerk, the one who gets most first."""
        shares = []
        for (who, kind, recipient, property_), share in self._shares.items():
            days = {day: count for day, count in sorted(share.days.items(), key=lambda item: item[0] or dt.date.min) if day}
            shares.append(
                ClerkShare(
                    who=who,
                    kind=kind,  # type: ignore[arg-type]  # one of the words of ClerkShare
                    recipient=recipient,
                    property=property_,
                    count=sum(share.days.values()),
                    days=days,
                    oldest=min(days, default=None),
                    newest=max(days, default=None),
                )
            )
        return tuple(sorted(shares, key=lambda one: (-one.count, one.who or "")))

    def by_day(self) -> dict[dt.date, int]:
        """Count by day."""
        total: Counter[dt.date] = Counter()
        for share in self._shares.values():
            total.update({day: count for day, count in share.days.items() if day})
        return dict(sorted(total.items()))

    def left(self) -> tuple[Left, ...]:
        """Give what is not sent, in the order in which somebody has to do something about it."""
        return tuple(
            Left(
                reason=reason,
                say=reason_words(reason),
                do=what_to_do(reason),
                count=pile.count,
                who=dict(pile.who.most_common(_NAMES)),
                examples=tuple(pile.examples),
            )
            for reason in REASONS
            if (pile := self._piles.get(reason))
        )

    def count_of(self, reason: Reason) -> int:
        """Say how many are left out for one reason."""
        return self._piles[reason].count if reason in self._piles else 0

    def shared(self) -> dict[str, tuple[str, ...]]:
        """Give the addresses that get the copies of more than one clerk."""
        owners: dict[str, dict[str, None]] = {}
        for who, _, recipient, _ in self._shares:
            if who is not None and recipient is not None:
                owners.setdefault(recipient.casefold(), {})[who] = None
        return {address: tuple(names) for address, names in owners.items() if len(names) > 1}

    def alternatives(self, there: Sequence[Basis]) -> tuple[Alternative, ...]:
        """Count what would be sent if the days were counted otherwise, by the dates the source has."""
        if not self._compared:
            return ()
        days = self._reach.days
        ranges = {"both": range(days + 1), "first": range(1, days + 1), "last": range(days), "neither": range(1, days)}
        return tuple(
            Alternative(basis=basis, edges=edges, count=sum(self._back[basis][back] for back in ranges[edges]))
            for basis in there
            for edges in EDGES
            if edges in ranges and (basis, edges) != (self._reach.basis, self._reach.edges)
        )

    def forecasts(self) -> tuple[Forecast, ...]:
        """Say how long each account takes."""
        return tuple(_forecast(self._account[key], count) for key, count in self._accounts.most_common())


def _forecast(account: Account, count: int) -> Forecast:
    pace = account.pace
    told = forecast(count, pace)
    limited = pace.per_minute is not None or pace.per_day is not None
    return Forecast(
        account=account.key,
        count=count,
        per_minute=pace.per_minute,
        per_day=pace.per_day,
        minutes=math.ceil(told.duration.total_seconds() / 60) if limited else None,
        days=told.days if pace.per_day is not None else None,
        full_after=told.today if told.today < count else None,
    )
