"""The time stamps of logs: years left out, zones left out, hours that happen twice, clocks that jump.

What a stamp does not say is taken from what surrounds it: the year from the file's own date and from the lines before, the second
of two equal hours in autumn from the hour having passed once already.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from mailkit.history.importing.outcome import Tally

__all__ = ["Clock", "Dated", "utc"]

_MONTHS = {name: at for at, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_BACKWARDS = timedelta(days=30)
"""How far a line may lie before the one above it and still be of the same year."""
_AHEAD = timedelta(days=2)
"""How far a line may lie behind the date of its file: zones, and clocks that are set wrong."""
_SLACK = timedelta(minutes=10)
_HALF_A_YEAR = 6
_YEARLESS = re.compile(rb"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)")
_LATEST = datetime(9999, 12, 31)  # noqa: DTZ001 - a wall clock, as all stamps here
_LEAP = 8
"""Years until a 29 February comes again, at worst."""


class Dated(Protocol):
    """A file as the clock needs it."""

    @property
    def until(self) -> datetime | None:
        """When it was last written, as far as known."""

    def sample(self) -> list[bytes]:
        """Give some lines from all over it, in their order."""


def utc(naive: datetime, zone: tzinfo | None, after: datetime | None = None) -> datetime:
    """Give the moment of a local time.

    Args:
        naive: what the clock on the wall showed.
        zone: of that wall; ``None``: this machine's.
        after: a moment a little before it, which tells the two times apart that an hour in autumn has.
    """
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if after is not None and first < second and first < after - _SLACK else first


class Clock:
    """Turns the stamps of one log into moments in UTC.

    Args:
        zone: of stamps that name none; ``None``: this machine's.
        year: of the first stamp without one; ``None``: as the file's date suggests.
    """

    def __init__(self, zone: tzinfo | None, year: int | None) -> None:
        self._zone, self._year = zone, year
        self._end: datetime | None = None
        self._before: datetime | None = None
        self._last: datetime | None = None
        self._minute = b""
        self._base = datetime(1970, 1, 1, tzinfo=UTC)
        self.guessed_zone = False
        """Whether a stamp without a zone was met."""

    def begin(self, file: Dated) -> None:
        """Turn to another file."""
        self._minute = b""
        self._last = None
        if self._year is not None:
            return
        self._end = (file.until or datetime.now(UTC)).replace(tzinfo=None) + _AHEAD
        stamps = [(_MONTHS.get(found[1], 1), int(found[2])) for line in file.sample() if (found := _YEARLESS.search(line[:64]))]
        self._before = None
        if not stamps or not (last := self._latest(*stamps[-1], self._end)):
            return
        steps = [two[0] - one[0] for one, two in itertools.pairwise(stamps)]
        turns = sum(step <= -_HALF_A_YEAR for step in steps) - sum(step >= _HALF_A_YEAR for step in steps)
        first = _day(last.year - turns, *stamps[0])
        self._before = datetime.combine(first, dt.time()) if first else None

    def tell(self, file: str, tally: Tally) -> None:
        """Say what had to be assumed."""
        if self.guessed_zone and self._zone is None:
            tally.note(f"{file}: its times name no zone and were read in this machine's; give the server's if it is another")

    def moment(self, stamp: bytes) -> datetime:
        """Give the moment of a stamp: ``Nov  2 03:04:05[.678]``, or ISO 8601 with or without a zone.

        Raises:
            ValueError: it is none.
        """
        if stamp[:1].isdigit():
            return self._iso(stamp)
        if stamp[5:6] == b" ":
            stamp = stamp[:4] + b" " + stamp[4:]
        if stamp[:12] != self._minute:
            self._base = self._yearless(stamp)
            self._minute = stamp[:12]
        return self._base + timedelta(seconds=float(stamp[13:]))

    def _iso(self, stamp: bytes) -> datetime:
        if stamp[16:17] == b":" and not stamp[19:].strip(b".,0123456789"):
            if stamp[:16] != self._minute:
                self._base = self._known(datetime.fromisoformat(stamp[:16].decode("ascii")))
                self._minute = stamp[:16]
            return self._base + timedelta(seconds=float(stamp[17:].replace(b",", b".")))
        return datetime.fromisoformat(stamp.decode("ascii").replace(" +", "+").replace(" -", "-")).astimezone(UTC)

    def _known(self, naive: datetime) -> datetime:
        self.guessed_zone = True
        self._last = utc(naive, self._zone, self._last)
        return self._last

    def _yearless(self, stamp: bytes) -> datetime:
        found = _YEARLESS.match(stamp)
        if found is None or found[1] not in _MONTHS:
            raise ValueError(stamp)
        month, day, clock = _MONTHS[found[1]], int(found[2]), dt.time(int(found[3]), int(found[4]))
        naive = self._placed(month, day, clock)
        self._before = naive
        return self._known(naive)

    def _placed(self, month: int, day: int, clock: dt.time) -> datetime:
        if self._before is None:
            if self._year is not None:
                return datetime.combine(dt.date(self._year, month, day), clock)
            placed = self._latest(month, day, self._end or _LATEST)
            if placed is None:
                raise ValueError(month, day)
            return datetime.combine(placed, clock)
        year = self._before.year
        every = [datetime.combine(one, clock) for at in (year - 1, year, year + 1) if (one := _day(at, month, day))]
        past = [one for one in every if self._end is None or one <= self._end]
        near = [one for one in past if one >= self._before - _BACKWARDS]
        if not past:
            raise ValueError(month, day)
        return near[0] if near else past[-1]

    @staticmethod
    def _latest(month: int, day: int, end: datetime) -> datetime | None:
        """Give the last day of that name that is not behind ``end``."""
        days = (_day(end.year - back, month, day) for back in range(_LEAP + 1))
        return next((one for at in days if at and (one := datetime.combine(at, dt.time())) <= end), None)


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
