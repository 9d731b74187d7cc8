"""Days and hours as exports write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mailkit.traces.moments import Ambiguous, clock, order_of, parse

DAY = dt.date(2026, 11, 20)
HALF_PAST_EIGHT = dt.datetime(2026, 11, 20, 8, 30)  # noqa: DTZ001 - cells know no zone


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20", "20/11/2026", "11/20/2026", "20.11.2026", "2026/11/20", "20/11/26", "20261120", "46346"),
        *("20-Nov-2026", "20-NOV-26", "20 nov. 2026", "20 novembre 2026", "Nov 20, 2026"),
    ],
)
def test_a_day(text: str) -> None:
    assert parse(text, day_first=None) == DAY


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20 08:30", "2026-11-20T08:30:00", "2026-11-20 8:30", "20261120 0830", "20.11.2026 08.30"),
        *("20/11/2026 8:30 AM", "20 novembre 2026 8 h 30", "46346,354166667", "46346.354166667"),
    ],
)
def test_an_hour(text: str) -> None:
    assert parse(text, day_first=None) == HALF_PAST_EIGHT


def test_a_zone_is_kept() -> None:
    found = parse("2026-11-20T08:30:00-05:00", day_first=None)
    assert isinstance(found, dt.datetime)
    assert found.astimezone(dt.UTC).hour == 13


def test_a_day_that_may_be_two_is_not_guessed() -> None:
    with pytest.raises(Ambiguous):
        parse("11/02/2026", day_first=None)
    assert parse("11/02/2026", day_first=True) == dt.date(2026, 2, 11)
    assert parse("11/02/2026", day_first=False) == dt.date(2026, 11, 2)
    assert order_of(["11/02/2026", "3/25/2026"]) is False
    assert order_of(["11/02/2026"]) is None
    assert order_of(["25/3/2026", "3/25/2026"]) is None


@pytest.mark.parametrize("text", ["", "soon", "31/02/2026", "2026-13-01", "4711", "12:30", "99/99/9999", "1.5", "20 xyz 2026"])
def test_what_is_no_day(text: str) -> None:
    assert parse(text, day_first=None) is None


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("8:30", (8, 30)),
        ("0830", (8, 30)),
        ("8h30", (8, 30)),
        ("8:30 pm", (20, 30)),
        ("0.5", (12, 0)),
        ("12 AM", (0, 0)),
        ("0.3541666666666667", (8, 30)),
    ],
)
def test_an_hour_in_a_cell_of_its_own(text: str, hour: tuple[int, int]) -> None:
    found = clock(text)
    assert found is not None
    assert (found.hour, found.minute) == hour


@given(some.text(max_size=40) | some.from_regex(r"[\d/.\- :,apmh]{0,25}", fullmatch=True))
def test_no_cell_stops_the_reading(text: str) -> None:
    for first in (None, True, False):
        try:
            parse(text, day_first=first)
        except Ambiguous:
            assert first is None
    clock(text)


@given(some.datetimes(min_value=dt.datetime(2000, 1, 1), max_value=dt.datetime(2099, 1, 1)))  # noqa: DTZ001 - cells know no zone
def test_what_programs_write_is_read_back(moment: dt.datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    assert parse(moment.isoformat(" "), day_first=None) == moment
    assert parse(f"{moment:%d/%m/%Y %H:%M}", day_first=True) == moment
    assert parse(f"{moment:%m/%d/%Y %I:%M %p}", day_first=False) == moment
