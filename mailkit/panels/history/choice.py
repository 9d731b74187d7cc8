"""Which deliveries the panel asks about: a frozen value, and the filter that it stands for. No widget in here."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailkit.errors import InputError
from mailkit.history.choice import Filter

__all__ = ["NAMES", "PERIODS", "WORDS", "Choice", "here"]

PERIODS = (("All", "all"), ("Last 7 days", "7"), ("Last 30 days", "30"), ("Last 90 days", "90"), ("From, to", "between"))
WORDS = ("user", "domain", "endpoint", "property")
"""Filters that are typed; several words with commas between them."""
NAMES = (*WORDS, "kind", "state", "source")
"""All filters."""


@dataclass(frozen=True)
class Choice:
    """What is chosen. ``until`` is the last day that counts."""

    period: str = "all"
    since: dt.date | None = None
    until: dt.date | None = None
    zone: str = "UTC"
    user: str = ""
    domain: str = ""
    endpoint: str = ""
    property: str = ""
    kind: str = ""
    state: str = ""
    source: str = ""
    by: str = "endpoint"
    """What is counted together in charts and tables."""
    at: dt.date | None = None
    """The day of a change: the time before it is compared with the time after."""
    days: int = 14
    """How long before and after."""

    def where(self, today: dt.date | None = None) -> Filter:
        """Give the filter.

        Args:
            today: for the last days; the present day in the chosen zone when not given.

        Raises:
            InputError: the zone is unknown, or the period ends before it begins.
        """
        since, until = self._span(today)
        return Filter(since=since, until=until, zone=self.zone, **self.words())

    def words(self) -> dict[str, Any]:
        """Give what is filled in of the filters: one word, or several."""
        made: dict[str, Any] = {}
        for name in NAMES:
            given = tuple(word for part in getattr(self, name).split(",") if (word := part.strip()))
            if given:
                made[name] = given[0] if len(given) == 1 else given
        return made

    def obstacle(self) -> str | None:
        """Say why nothing can be asked like this."""
        try:
            self.where()
        except InputError as error:
            return str(error)
        return None

    def _span(self, today: dt.date | None) -> tuple[dt.date | None, dt.date | None]:
        if self.period == "all":
            return None, None
        if self.period == "between":
            if self.since and self.until and self.since > self.until:
                raise InputError(f"the last day, {self.until}, is before the first, {self.since}; change one of them")
            return self.since, self.until + timedelta(days=1) if self.until else None
        Filter(zone=self.zone)  # says what a zone is called when there is none of that name
        last = today or datetime.now(ZoneInfo(self.zone)).date()
        return last - timedelta(days=int(self.period) - 1), None


def here() -> str:
    """Name this machine's time zone where it can be told, else UTC."""
    for named in (os.environ.get("TZ", "").removeprefix(":"), os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]):
        with suppress(ValueError, OSError, ZoneInfoNotFoundError):
            return ZoneInfo(named).key
    return "UTC"
