"""Which days the back-fill reaches, and what comes after it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from mailkit.traces.trace import Trace
from mailkit.traces.window import Reach, Window
from mailkit.traces.zones import Zone

ZONE = Zone(name="UTC", info=dt.UTC, known=True)
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)


def made(moment: str) -> Trace:
    when = dt.datetime.fromisoformat(f"{moment}+00:00")
    return Trace(row=2, id="1", created=when, created_on=when.date())


def on(day: str) -> Trace:
    return Trace(row=2, id="1", created_on=dt.date.fromisoformat(day))


def window(now: dt.datetime = NOW, *, repeats: bool = True, **reach: Any) -> Window:
    return Window.of(Reach(**reach), ZONE, activated=NOW, now=now, anchor=None, repeats=repeats)


@pytest.mark.parametrize(
    ("edges", "inside", "outside"),
    [
        ("both", ["2026-11-14 00:00", "2026-11-21 16:59"], {"2026-11-13 23:59": "too-old", "2026-11-21 17:01": "later"}),
        ("first", ["2026-11-14 00:00", "2026-11-20 23:59"], {"2026-11-21 10:00": "at-the-edge", "2026-11-13 23:59": "too-old"}),
        ("last", ["2026-11-15 00:00", "2026-11-21 10:00"], {"2026-11-14 12:00": "at-the-edge", "2026-11-13 12:00": "too-old"}),
        (
            "neither",
            ["2026-11-15 00:00", "2026-11-20 23:59"],
            {"2026-11-14 12:00": "at-the-edge", "2026-11-21 10:00": "at-the-edge"},
        ),
        ("hours", ["2026-11-14 17:00", "2026-11-21 16:59"], {"2026-11-14 16:59": "too-old"}),
    ],
)
def test_the_days_at_the_ends_are_a_choice(edges: Any, inside: list[str], outside: dict[str, str]) -> None:
    assert [window(edges=edges).outside(made(moment)) for moment in inside] == [None] * len(inside)
    assert {moment: window(edges=edges).outside(made(moment)) for moment in outside} == outside


def test_what_comes_after_the_activation_belongs_to_it() -> None:
    later = NOW + dt.timedelta(days=30)
    assert window(later, edges="neither").outside(made("2026-11-21 17:01")) is None
    assert window(later).outside(made("2026-12-20 08:00")) is None
    assert window(later).outside(made("2026-11-13 08:00")) == "too-old"


def test_a_later_activation_repeats_nothing_and_loses_nothing() -> None:
    assert window(repeats=False).outside(made("2026-11-21 16:59")) == "before-activation"
    assert window(repeats=False).outside(on("2026-11-20")) == "before-activation"
    tomorrow = NOW + dt.timedelta(days=1)
    assert window(tomorrow, repeats=False).outside(made("2026-11-21 17:01")) is None
    assert window(tomorrow, repeats=False).outside(on("2026-11-21")) is None


def test_the_basis_is_a_choice() -> None:
    trace = Trace(row=2, id="1", created_on=dt.date(2026, 10, 1), due_on=dt.date(2026, 11, 20), business=dt.date(2026, 10, 1))
    assert window(basis="created").outside(trace) == "too-old"
    assert window(basis="due").outside(trace) is None
    assert window(basis="business").outside(trace) == "too-old"
    assert window(basis="due").outside(on("2026-11-20")) == "no-date"


def test_what_is_due_another_day_waits_for_it() -> None:
    trace = Trace(row=2, id="1", created_on=dt.date(2026, 11, 20), due_on=dt.date(2026, 11, 25))
    assert window(basis="due").outside(trace) == "later"
    assert window(NOW + dt.timedelta(days=4), basis="due").outside(trace) is None


def test_the_hotels_own_date_is_counted_from_where_it_stands() -> None:
    found = Window.of(Reach(basis="business"), ZONE, activated=NOW, now=NOW, anchor=dt.date(2026, 11, 19))
    assert (found.first, found.last) == (dt.date(2026, 11, 12), dt.date(2026, 11, 19))


@pytest.mark.parametrize("days", [0, 1, 3660])
def test_any_number_of_days_can_be_counted(days: int) -> None:
    found = window(days=days)
    assert found.outside(made("2026-11-21 08:00")) is None
    assert (found.outside(made("2026-11-20 08:00")) is None) == (days > 0)
