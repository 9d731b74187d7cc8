"""Which deliveries a question is asked about, and in whose time zone a day begins.

A delivery belongs to the day on which it began: for the kit's own when it was queued, for others when they were first heard of.
"""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta
from functools import cache, reduce
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from mailkit.errors import InputError

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["DAY", "EVERYTHING", "HOUR", "Filter", "local", "micros", "moment", "wall"]

Words = str | tuple[str, ...] | None

HOUR = 3_600_000_000
DAY = 24 * HOUR
"""Microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_YEAR = 2100


class Filter(Struct, frozen=True, kw_only=True):
    """Which deliveries; ``None`` asks about all. Several words: one of them.

    ``since`` is the first moment that counts, ``until`` the first that does not; a date, and a time that names no zone, is one of
    ``zone`` (a name of the IANA time zone database such as ``America/Toronto``). ``source``: who recorded the first event.
    """

    since: dt.date | datetime | None = None
    until: dt.date | datetime | None = None
    user: Words = None
    domain: Words = None
    """Of the recipient."""
    kind: Words = None
    property: Words = None
    endpoint: Words = None
    source: Words = None
    mailing: Words = None
    account: Words = None
    state: Words = None
    """The latest."""
    zone: str = "UTC"

    def __post_init__(self) -> None:
        _zone(self.zone)
        first, end = self.span()
        if first is not None and end is not None and first >= end:
            raise InputError(f"nothing can be since {self.since} and before {self.until}; give an earlier start or a later end")

    def span(self) -> tuple[int | None, int | None]:
        """``since`` and ``until`` in microseconds since 1970."""
        return micros(self.since, self.zone), micros(self.until, self.zone)

    def of_lives(self, lives: ir.Table) -> ir.Table:
        """Keep the deliveries asked about, by when they began."""
        return self._within(self._named(lives), "began")

    def of_events(self, events: ir.Table, lives: ir.Table) -> ir.Table:
        """Keep the events asked about, by when they happened; whose they are is known from their deliveries."""
        chosen = self._within(events, "moment")
        return chosen if self._asks() == () else chosen.semi_join(self._named(lives), "delivery_id")

    def _asks(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        columns = {"domain": "recipient_domain", "source": "origin"}
        names = ("user", "domain", "kind", "property", "endpoint", "source", "mailing", "account", "state")
        return tuple((columns.get(name, name), _words(word)) for name in names if (word := getattr(self, name)) is not None)

    def _named(self, lives: ir.Table) -> ir.Table:
        return reduce(lambda table, ask: table.filter(table[ask[0]].isin(ask[1])), self._asks(), lives)

    def _within(self, table: ir.Table, column: str) -> ir.Table:
        first, end = self.span()
        if first is not None:
            table = table.filter(table[column] >= first)
        return table if end is None else table.filter(table[column] < end)


def micros(when: dt.date | datetime | None, zone: str) -> int | None:
    """Give the microseconds since 1970; a date is its first moment in ``zone``.

    >>> micros(dt.date(2026, 3, 1), "America/Toronto")
    1772341200000000
    """
    if when is None:
        return None
    if not isinstance(when, datetime):
        when = datetime.combine(when, dt.time())
    if when.tzinfo is None:
        when = when.replace(tzinfo=_zone(zone))
    return (when - _EPOCH) // _MICROSECOND


def moment(count: int) -> datetime:
    """Give the time back, in UTC."""
    return _EPOCH + timedelta(microseconds=count)


def wall(count: int) -> datetime:
    """Give what a clock on a wall shows, from the microseconds :func:`local` counts."""
    return datetime(1970, 1, 1) + timedelta(microseconds=count)  # noqa: DTZ001 - a wall clock has no zone


def local(column: ir.IntegerValue, zone: str, span: tuple[int, int]) -> Any:  # noqa: ANN401 - Ibis' own type
    """Count microseconds as a clock on the wall in ``zone`` shows them, for moments within ``span`` (first and last).

    Made of the zone's own changes between winter and summer time, as plain comparisons: engines know different zones, or none.
    """
    return column + _shift(column, _changes(zone, span[0], span[1]))


def _shift(column: Any, changes: tuple[tuple[int, int], ...]) -> Any:  # noqa: ANN401 - Ibis' own type
    import ibis  # noqa: PLC0415 - an optional extra

    if len(changes) == 1:
        return ibis.literal(changes[0][1], "int64")
    middle = len(changes) // 2
    return (column < changes[middle][0]).ifelse(_shift(column, changes[:middle]), _shift(column, changes[middle:]))


@cache
def _changes(zone: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """Give (from when, offset) in microseconds for each stretch of one offset between two moments."""
    rules = _zone(zone)
    # Beyond these years nobody has mail, only clocks that were never set.
    first, last = max(first, 0), min(last, micros(dt.date(_LAST_YEAR, 1, 1), "UTC") or 0)
    found = [(first, _offset(rules, first))]
    at, step = first, 7 * DAY
    while at < last:
        after = at + step
        if _offset(rules, after) != found[-1][1]:
            low, high = at, after
            while high - low > 1_000_000:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(rules, middle) == found[-1][1] else (low, middle)
            # Offsets change with a whole second.
            found.append((high - high % 1_000_000, _offset(rules, high)))
        at = after
    return tuple(found)


def _offset(rules: ZoneInfo, count: int) -> int:
    return (moment(count).astimezone(rules).utcoffset() or timedelta()) // _MICROSECOND


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"no time zone is called {name!r}; give a name such as UTC, America/Toronto or Europe/Paris") from None


def _words(word: str | tuple[str, ...]) -> tuple[str, ...]:
    return (word,) if isinstance(word, str) else tuple(word)


EVERYTHING = Filter()
"""All deliveries, in days of UTC."""
