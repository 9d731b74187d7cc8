"""Logs leave out years and zones, and clocks jump: every line still gets the moment it was written."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailkit.errors import InputError
from mailkit.history.importing import read

from .imports import both, events, sent, written


def dated(path: Path, *when: int) -> Path:
    moment = datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]  # a star of numbers
    os.utime(path, (moment, moment))
    return path


def stamps(path: Path, **how: object) -> list[str]:
    return [f"{one.moment:%Y-%m-%d %H:%M:%S}" for one in events(path, **({"zone": "UTC"} | how))]


def log(folder: Path, *when: str, name: str = "mail.log") -> Path:
    return written(folder, "".join(sent(stamp, number) for number, stamp in enumerate(when)), name)


def test_the_year_is_the_one_that_fits_the_files_date(tmp_path: Path) -> None:
    path = dated(log(tmp_path, "Nov 30 23:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01"), 2026, 1, 2)
    assert stamps(path) == ["2025-11-30 23:00:00", "2025-12-31 23:59:59", "2026-01-01 00:00:01"]


def test_a_day_of_rotation_in_the_name_outweighs_the_files_date(tmp_path: Path) -> None:
    path = dated(log(tmp_path, "Dec 31 23:00:00", name="maillog-20250104"), 2026, 6, 1)
    assert stamps(path) == ["2024-12-31 23:00:00"]


def test_a_year_that_is_given_is_the_first_lines(tmp_path: Path) -> None:
    path = log(tmp_path, "Dec 31 23:00:00", "Jan  1 00:00:01")
    assert stamps(path, year=2019) == ["2019-12-31 23:00:00", "2020-01-01 00:00:01"]


def test_a_log_of_several_years_ends_at_the_files_date(tmp_path: Path) -> None:
    months = ("Jan", "Mar", "May", "Jul", "Sep", "Nov")
    path = dated(log(tmp_path, *(f"{month} 10 08:00:00" for month in months * 3)), 2026, 11, 11)
    found = stamps(path)
    assert (found[0], found[-1]) == ("2024-01-10 08:00:00", "2026-11-10 08:00:00")


def test_a_leap_day_is_of_a_leap_year(tmp_path: Path) -> None:
    assert stamps(dated(log(tmp_path, "Feb 29 08:00:00"), 2026, 3, 1)) == ["2024-02-29 08:00:00"]


def test_a_clock_that_starts_wrong_does_not_move_the_year(tmp_path: Path) -> None:
    path = dated(log(tmp_path, "Nov 20 08:00:00", "Jan  1 00:00:10", "Nov 20 08:05:00"), 2026, 11, 21)
    assert stamps(path)[2] == "2026-11-20 08:05:00"


def test_a_line_that_comes_late_is_still_of_the_old_year(tmp_path: Path) -> None:
    path = dated(log(tmp_path, "Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:58", "Jan  1 00:00:01"), 2026, 1, 2)
    assert stamps(path) == ["2025-12-31 23:59:59", "2026-01-01 00:00:00", "2025-12-31 23:59:58", "2026-01-01 00:00:01"]


def test_the_hour_that_comes_twice_in_autumn_is_told_apart(tmp_path: Path) -> None:
    path = log(
        tmp_path, "Nov  1 00:59:00", "Nov  1 01:10:00", "Nov  1 01:50:00", "Nov  1 01:10:00", "Nov  1 01:50:00", "Nov  1 02:10:00"
    )
    assert stamps(path, zone="America/Toronto", year=2026) == [
        "2026-11-01 04:59:00",
        "2026-11-01 05:10:00",
        "2026-11-01 05:50:00",
        "2026-11-01 06:10:00",
        "2026-11-01 06:50:00",
        "2026-11-01 07:10:00",
    ]


def test_the_hour_that_is_left_out_in_spring_does_not_stop_the_clock(tmp_path: Path) -> None:
    path = log(tmp_path, "Mar  8 01:59:59", "Mar  8 03:00:00")
    assert stamps(path, zone="America/Toronto", year=2026) == ["2026-03-08 06:59:59", "2026-03-08 07:00:00"]


def test_a_zone_in_the_line_outweighs_the_one_given(tmp_path: Path) -> None:
    assert stamps(log(tmp_path, "2026-03-08T01:00:00+05:30"), zone="America/Toronto") == ["2026-03-07 19:30:00"]


def test_a_zone_that_was_assumed_is_said(tmp_path: Path) -> None:
    _, _, tally = both(log(tmp_path, "Mar  8 01:59:59"), year=2026)
    assert any("no zone" in note for note in tally.notes)
    _, _, tally = both(log(tmp_path, "2026-03-08T01:59:59Z"))
    assert tally.notes == {}


def test_a_time_that_cannot_be_is_unreadable(tmp_path: Path) -> None:
    _, unreadable, _ = both(log(tmp_path, "Mar  8 01:59:59", "Mar  8 27:00:00", "Feb 31 08:00:00"), zone="UTC", year=2026)
    assert [one.line for one in unreadable] == [2, 3]


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="Mars/Olympus"):
        read([], zone="Mars/Olympus")
