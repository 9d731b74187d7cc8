"""The times in tables, in the many forms in which programs and people write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Literal

from mailkit.history.importing.moment import utc

__all__ = ["Dates", "Order", "order_of"]

Order = Literal["dmy", "mdy"]

_NUMBERS = re.compile(
    r"(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})"
    r"(?:[ ,T]+(\d{1,2})[:h.](\d{2})(?:[:.m](\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([AaPp])\.?\s?[Mm]\.?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_NAMED = re.compile(
    r"(?:[A-Za-zÀ-ÿ]{2,10}\.?,?\s+)??(?:(\d{1,2})\.?\s+([A-Za-zÀ-ÿ]{3,10})\.?,?\s+(\d{4})|([A-Za-zÀ-ÿ]{3,10})\.?\s+(\d{1,2}),?\s+(\d{4}))"
    r"(?:,?\s+(?:at\s+|à\s+)?(\d{1,2})[:h](\d{2})(?::(\d{2}))?\s*(?:([AaPp])\.?\s?[Mm]\.?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv january janvier", "feb fev fév févr fevr february février fevrier", "mar mars march", "apr avr avril april",
            "may mai", "jun juin june", "jul juil july juillet", "aug aou aoû août aout august", "sep sept september septembre",
            "oct october octobre", "nov november novembre", "dec déc december décembre decembre",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d{1,15}))?")
_EPOCH = re.compile(r"\d{10}(?:\.\d{1,9})?|\d{13}")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a day on a wall calendar: what workbooks count from


def order_of(texts: Iterable[str]) -> Order | None:
    """Say in which order day and month stand, where some of the dates can only be read one way; ``None``: none tells.

    >>> order_of(["03/04/2026 08:00", "25/04/2026 09:00"])
    'dmy'
    """
    american = False
    for text in texts:
        found = _NUMBERS.match(text.strip())
        if found is None or len(found[1]) == 4:
            continue
        if int(found[1]) > 12:
            return "dmy"
        if int(found[2]) > 12:
            return "mdy"
        american = american or bool(found[8])
    return "mdy" if american else None


class Dates:
    """Reads the times of one column.

    Args:
        zone: of those that name none; ``None``: this machine's.
        order: of day and month, where the year comes last.
        formats: how they are written (as for ``strptime``), when it is known; tried first.
    """

    def __init__(self, zone: tzinfo | None, order: Order = "dmy", formats: Sequence[str] = ()) -> None:
        self._zone, self._order, self._formats = zone, order, formats
        self.guessed_zone = False
        """Whether a time was read in this machine's zone, because none was known."""

    def read(self, text: str) -> datetime:
        """Give the moment in UTC.

        Raises:
            ValueError: it is no time that is known to be written so.
        """
        text = " ".join(text.split())
        for form in self._formats:
            try:
                return self._utc(datetime.strptime(text, form))  # noqa: DTZ007 - the zone comes from the settings where the text has none
            except ValueError:
                continue
        try:
            return self._utc(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            pass
        try:
            return self._loose(text)
        except OverflowError:
            raise ValueError(text) from None

    def _utc(self, one: datetime) -> datetime:
        if one.tzinfo is not None:
            return one.astimezone(UTC)
        self.guessed_zone = self.guessed_zone or self._zone is None
        return utc(one, self._zone)

    def _loose(self, text: str) -> datetime:
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(float(text) / (1000 if len(text) == 13 else 1), UTC)
        if (serial := _SERIAL.fullmatch(text)) and 20_000 < int(serial[1]) < 80_000:
            return self._utc(_DAY_ZERO + timedelta(days=float(text.replace(",", "."))))
        if found := _NUMBERS.fullmatch(text):
            first, second, third = (int(found[at]) for at in (1, 2, 3))
            if len(found[1]) == 4:
                day = dt.date(first, second, third)
            else:
                year = third if len(found[3]) == 4 else 2000 + third
                day = dt.date(year, second, first) if self._order == "dmy" else dt.date(year, first, second)
            return self._at(day, found.group(4, 5, 6, 8, 9), found[7])
        if found := _NAMED.fullmatch(text):
            name = (found[2] or found[4]).lower()
            if name not in _MONTHS:
                raise ValueError(text)
            day = dt.date(int(found[3] or found[6]), _MONTHS[name], int(found[1] or found[5]))
            return self._at(day, found.group(7, 8, 9, 10, 11))
        try:
            return self._utc(parsedate_to_datetime(text))
        except (TypeError, ValueError, IndexError):
            raise ValueError(text) from None

    def _at(self, day: dt.date, told: tuple[str | None, ...], fraction: str | None = None) -> datetime:
        hour, minute, second, half, zone = told
        hours = int(hour or 0)
        if half:
            hours = hours % 12 + (12 if half in "Pp" else 0)
        clock = dt.time(hours, int(minute or 0), int(second or 0), int(f"{fraction or 0:0<6}"[:6]))
        one = datetime.combine(day, clock)
        if not zone:
            return self._utc(one)
        offset = "+00:00" if zone in ("Z", "UTC", "GMT") else zone
        return datetime.fromisoformat(f"{one.isoformat()}{offset}").astimezone(UTC)
