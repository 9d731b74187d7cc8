"""Days and hours as exports write them: ISO, 20/11/2026 08:30, 20-Nov-2026, 20 nov. 2026, the numbers Excel counts days by.

What may be two days, as 11/02/2026 may, is not guessed: :func:`order_of` finds out from the other rows, or the site file says it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

__all__ = ["Ambiguous", "clock", "order_of", "parse"]


class Ambiguous(ValueError):
    """It may be two days."""


_DATE = re.compile(
    r"(?P<date>(?P<a>\d{1,4})\s*[-/. ]\s*(?P<b>\d{1,2}|[^\W\d_]{3,10}\.?)\s*[-/. ,]\s*(?P<c>\d{4}|\d{1,2})"
    r"|(?P<word>[^\W\d_]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4}))"
    r"(?:[T ,]\s*(?:at |à )?(?P<hour>\d{1,2})\s*[:hH.]\s*(?P<minute>\d{2})?(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[aApP]\.?[mM]\.?)?)?\s*"
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})\s*[:hH.]?\s*(?P<minute>\d{2})?(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?\s*(?P<half>[aApP]\.?[mM]\.?)?"
)
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d{1,12}))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2}):?(\d{2}):?(\d{2})?)?")
_NUMBERS = re.compile(r"(\d{1,2})\s*[-/. ]\s*(\d{1,2})\s*[-/. ]\s*(?:\d{4}|\d{2})(?!\d)")

_LONGEST = 60
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a day of the calendar, in no zone yet
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier",
            "feb february fev fevr fevrier fév févr février",
            "mar march mars",
            "apr april avr avril",
            "may mai",
            "jun june juin",
            "jul july juil juillet",
            "aug august aou aout aoû août",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december déc decembre décembre",
        ),
        1,
    )
    for name in names.split()
}


def parse(text: str, *, day_first: bool | None) -> dt.datetime | dt.date | None:
    """Read one cell; a day without an hour is a :class:`datetime.date`, an hour without a zone a naive time; ``None``: no date.

    Raises:
        Ambiguous: it may be two days, and ``day_first`` does not say which.

    >>> parse("2026-11-20 08:30", day_first=None), parse("20 nov. 2026", day_first=None)
    (datetime.datetime(2026, 11, 20, 8, 30), datetime.date(2026, 11, 20))
    """
    if len(text) > _LONGEST:
        return None
    try:
        if text[4:5] == "-":
            return _iso(text)
    except ValueError:
        pass  # 2026-11-20 8:30 is no ISO, and not hard to read
    try:
        if found := _COMPACT.fullmatch(text):
            date = dt.date(int(found[1]), int(found[2]), int(found[3]))
            return _put_together(date, found[4], found[5], found[6], None)
        if found := _SERIAL.fullmatch(text):
            return _serial(float(f"{found[1]}.{found[2] or 0}"))
        return _worded(text, day_first)
    except Ambiguous:
        raise
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> dt.datetime | dt.date:
    if len(text) == len("2026-11-20"):
        return dt.date.fromisoformat(text)
    return dt.datetime.fromisoformat(f"{text.removesuffix(' UTC')}+00:00" if text.endswith(" UTC") else text)


def clock(text: str) -> dt.time | None:
    """Read an hour that has a cell of its own: 8:30, 8h30, 0830, 08:30:00, 8.30 PM, or the fraction of a day of a spreadsheet."""
    if re.fullmatch(r"0[.,]\d{1,20}", text):
        seconds = round(float(text.replace(",", ".")) * 86400)
        return (_EXCEL_EPOCH + dt.timedelta(seconds=min(seconds, 86399))).time()
    found = _CLOCK.fullmatch(text.strip())
    try:
        return _hour(found["hour"], found["minute"], found["second"], found["half"]) if found else None
    except ValueError:
        return None


def order_of(texts: Iterable[str]) -> bool | None:
    """Say whether the day comes first in these cells; ``None``: none of them tells, or they contradict each other."""
    first = second = False
    for text in texts:
        found = _NUMBERS.match(text)
        if found:
            first = first or int(found[1]) > 12
            second = second or int(found[2]) > 12
    return None if first == second else first


def _serial(days: float) -> dt.datetime | dt.date | None:
    """Read a day as spreadsheets count it; only of the years 2000 to 2099, for other numbers are no days."""
    if not 36526 <= days < 73051:
        return None
    moment = _EXCEL_EPOCH + dt.timedelta(seconds=round(days * 86400))
    return moment if days % 1 else moment.date()


def _worded(text: str, day_first: bool | None) -> dt.datetime | dt.date | None:  # noqa: FBT001 - as in parse
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    if found["word"]:
        date = _date(found["day"], found["word"], found["year"])
    elif len(found["a"]) == 4:
        date = _date(found["c"], found["b"], found["a"])
    elif found["b"].isdigit():
        day, month = _in_order(found["a"], found["b"], day_first)
        date = _date(day, month, found["c"])
    else:
        date = _date(found["a"], found["b"], found["c"])
    return _put_together(date, found["hour"], found["minute"], found["second"], found["half"]) if date else None


def _in_order(one: str, other: str, day_first: bool | None) -> tuple[str, str]:  # noqa: FBT001 - as in parse
    """Say which of two numbers is the day, and which the month."""
    if int(other) > 12:
        return other, one
    if int(one) > 12 or one == other or day_first:
        return one, other
    if day_first is None:
        raise Ambiguous(f"{one}, {other}")
    return other, one


def _date(day: str, month: str, year: str) -> dt.date | None:
    number = int(month) if month.isdigit() else _MONTHS.get(month.rstrip(".").lower())
    return dt.date(int(year) + (2000 if len(year) < 3 else 0), number, int(day)) if number else None


def _put_together(
    date: dt.date, hour: str | None, minute: str | None, second: str | None, half: str | None
) -> dt.datetime | dt.date:
    return date if hour is None else dt.datetime.combine(date, _hour(hour, minute, second, half))


def _hour(hour: str, minute: str | None, second: str | None, half: str | None) -> dt.time:
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError(hour)
        number = number % 12 + (12 if half[0] in "pP" else 0)
    return dt.time(number, int(minute or 0), int(second or 0))
