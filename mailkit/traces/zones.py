"""The time zone of each property: where the site file says it lies, else the hotel's, else the one this computer is in."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.site.pms import PmsSite
from mailkit.text import shorten, visible

__all__ = ["Zone", "Zones", "local_zone"]


class Zone(Struct, frozen=True, kw_only=True):
    """A time zone, its name, and whether the site file says it."""

    name: str
    info: dt.tzinfo
    known: bool

    def day(self, moment: dt.datetime) -> dt.date:
        """Give the day of the calendar there."""
        return moment.astimezone(self.info).date()


def local_zone(now: dt.datetime) -> Zone:
    """Give the zone this computer is in; of one that has no name only the distance from UTC at that moment is known."""
    info = now.astimezone().tzinfo or dt.UTC
    return Zone(name=info.tzname(now) or "UTC", info=info, known=False)


class Zones:
    """The zones of one site."""

    def __init__(self, site: PmsSite, otherwise: Zone) -> None:
        self.hotel = _zone(site.time_zone, "time_zone") or otherwise
        self._of = {
            one.code.strip().casefold(): _zone(one.time_zone, f"time_zone of property {visible(one.code)}") or self.hotel
            for one in site.properties
        }

    def of(self, property_: str | None) -> Zone:
        """Give the zone of a property; the hotel's for one that is not known."""
        return self._of.get(property_.strip().casefold(), self.hotel) if property_ and self._of else self.hotel


def _zone(name: str | None, field: str) -> Zone | None:
    if name is None or not name.strip():
        return None
    try:
        return Zone(name=name.strip(), info=zoneinfo.ZoneInfo(name.strip()), known=True)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        shown = visible(shorten(name, 60))
        hint = "" if zoneinfo.available_timezones() else "; this computer has no time zone database: pip install tzdata"
        raise InputError(f"{field} is {shown!r}, which is no time zone; write one such as America/Toronto{hint}") from None
