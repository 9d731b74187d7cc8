"""The preview before anything is switched on: exactly what would be sent, and why the rest is not."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.practice.traces import PLANTED, hotel_on, traces_csv, traces_path
from mailkit.site.pms import EmailSetup, PmsSite, Property, Traces
from mailkit.traces.decision import REASONS
from mailkit.traces.desk import Desk
from mailkit.traces.preview import Preview
from mailkit.traces.sorting import Exclusion
from mailkit.traces.trace import Unusable
from mailkit.traces.window import Reach

from .hotel import NOW, SETUP, hotel, opened, table

OFF = replace(SETUP, email_traces=False)


def preview(path: Path, site: PmsSite | None = None, exclusion: Exclusion | None = None, **how: Any) -> Preview:
    site = site or hotel(email_setup=OFF)
    return Desk(site, opened(path, site), now=NOW, **how).preview(exclusion)


def test_the_practice_hotel_sends_what_its_site_file_says_waits() -> None:
    site = hotel_on(PLANTED.day)
    found = preview(traces_path(), site)
    assert found.sending == PLANTED.sending == site.traces.waiting
    assert sum(one.count for one in found.left) == len(PLANTED.planted)
    assert sum(found.by_day.values()) == sum(one.count for one in found.by_clerk) == found.sending
    assert found.rows == found.sending + len(PLANTED.planted) + found.unusable


def test_everything_planted_in_the_practice_hotel_is_found_and_nothing_else() -> None:
    found = preview(traces_path(), hotel_on(PLANTED.day))
    seen = Counter((example.id, one.reason) for one in found.left for example in one.examples)
    assert seen == Counter((one.id, one.reason) for one in PLANTED.planted)
    assert [(one.row, one.reason) for one in found.unusable_rows] == [(one.row, one.reason) for one in PLANTED.unusable]


def test_the_practice_hotel_can_be_had_for_any_day(tmp_path: Path) -> None:
    day = dt.date(2027, 3, 2)
    path = tmp_path / "traces.csv"
    path.write_text(traces_csv(day), "utf-8")
    site = hotel_on(day)
    now = dt.datetime(2027, 3, 2, 17, tzinfo=dt.UTC)
    assert Desk(site, opened(path, site), now=now).preview().sending == PLANTED.sending


def test_reasons_that_a_table_can_cause_all_occur_in_the_practice_hotel() -> None:
    of_the_site = {"version-too-old", "flag-off", "settings-incomplete", "unknown-property", "not-activated"}
    of_the_site |= {"several-clerks", "address-not-known"}
    of_a_person = {"excluded", "marked-sent", "already-queued", "completed", "open", "at-the-edge", "before-activation"}
    assert {one.reason for one in PLANTED.planted} == {*REASONS} - of_the_site - of_a_person


def test_the_default_of_every_parameter_says_what_it_rests_on(tmp_path: Path) -> None:
    found = preview(table(tmp_path, "1,FD,x,2026-11-20"))
    status = {one.name: one.status for one in found.parameters}
    assert status["days"] == "documented"
    assert {status[name] for name in ("basis", "edges", "statuses", "repeat", "leave", "mark")} == {"inferred"}
    assert status["zone"] == "site-file"
    chosen = preview(table(tmp_path, "1,FD,x,2026-11-20"), reach=Reach(days=3, edges="first"), chosen=("days", "edges"))
    assert {one.name: one.status for one in chosen.parameters}["edges"] == "chosen"


def test_the_alternatives_are_what_the_other_choices_send(tmp_path: Path) -> None:
    lines = [f"{day},FD,x,2026-11-{day:02},2026-11-{day + 2:02},2026-11-{day - 1:02}" for day in range(10, 22)]
    path = table(tmp_path, *lines, headers="Trace ID,Clerk,Message,Created,Due,Business date")
    site = hotel(email_setup=OFF, business_date=dt.date(2026, 11, 20))
    found = preview(path, site)
    assert len(found.alternatives) == 11
    for other in found.alternatives:
        again = preview(path, site, reach=Reach(basis=other.basis, edges=other.edges), chosen=("basis", "edges"))
        assert again.sending == other.count, other


def test_another_date_is_counted_where_the_source_has_no_day_of_creation(tmp_path: Path) -> None:
    found = preview(table(tmp_path, "1,FD,x,2026-11-20", headers="Trace ID,Clerk,Message,Due"))
    assert found.sending == 1
    assert next(one.value for one in found.parameters if one.name == "basis") == "the day it is due"
    with pytest.raises(InputError, match="no column for the date to count by"):
        preview(table(tmp_path, "1,FD,x", headers="Trace ID,Clerk,Message"))


def test_what_is_missing_in_email_setup_is_an_error_of_the_preview(tmp_path: Path) -> None:
    found = preview(table(tmp_path, "1,FD,x,2026-11-20"), hotel(email_setup=replace(OFF, server="")))
    assert [one.reason for one in found.left] == ["settings-incomplete"]
    assert found.findings[0].severity == "error"
    assert "Email server IP" in found.findings[0].summary


def test_a_provider_that_is_known_says_how_long_it_takes(tmp_path: Path) -> None:
    path = table(tmp_path, *(f"{number},FD,x,2026-11-20" for number in range(70)))
    found = preview(path, hotel(email_setup=replace(OFF, server="smtp.office365.com")))
    (forecast,) = found.forecasts
    assert (forecast.count, forecast.per_minute, forecast.per_day, forecast.minutes) == (70, 30, 10_000, 3)


def test_clerks_who_share_a_mailbox_are_shown(tmp_path: Path) -> None:
    clerks = tuple(replace(one, email="desk@hotel.test") if one.code in ("FD", "HSK") else one for one in hotel().clerks)
    found = preview(table(tmp_path, "1,FD,x,2026-11-20", "2,HSK,x,2026-11-20"), hotel(email_setup=OFF, clerks=clerks))
    assert found.shared == {"desk@hotel.test": ("FD", "HSK")}


def test_clerks_kinds_days_and_traces_can_be_left_out(tmp_path: Path) -> None:
    headers = "Trace ID,Type,Clerk,Message,Created"
    lines = ("1,T,FD,x,2026-11-20", "2,T,HSK,x,2026-11-20", "3,M,FD,x,2026-11-20", "4,T,FD,x,2026-11-15", "5,T,FD,x,2026-11-20")
    left_out = Exclusion(clerks=("hsk",), kinds=("staff",), before=dt.date(2026, 11, 16), traces=("5",))
    found = preview(table(tmp_path, *lines, headers=headers), exclusion=left_out)
    assert (found.sending, found.excluded) == (1, 4)


def test_where_trace_mail_was_on_before_nothing_is_repeated_unless_it_is_said(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,x,2026-11-20")
    site = hotel(email_setup=OFF, traces=Traces(activated=True))
    found = preview(path, site)
    assert (found.activation, found.sending, found.left[0].reason) == ("taking-over", 0, "before-activation")
    assert preview(path, site, reach=Reach(repeat=True)).sending == 1


def test_one_property_can_be_previewed_alone(tmp_path: Path) -> None:
    site = hotel(
        email_setup=OFF,
        properties=(Property(code="LAKE"), Property(code="HILL", time_zone="Asia/Tokyo", email_setup=EmailSetup(port=465))),
    )
    path = table(tmp_path, "1,LAKE,FD,x,2026-11-20", "2,HILL,FD,x,2026-11-20", headers="Trace ID,Property,Clerk,Message,Created")
    found = preview(path, site, properties=("hill",))
    assert (found.sending, [one.reason for one in found.left]) == (1, ["not-activated"])
    both = preview(path, site)
    assert {(one.properties, one.zone, one.last) for one in both.windows} == {
        (("LAKE",), "America/Toronto", dt.date(2026, 11, 21)),
        (("HILL",), "Asia/Tokyo", dt.date(2026, 11, 22)),
    }
    with pytest.raises(InputError, match=r"'Sea' is no property.*LAKE, HILL"):
        preview(path, site, properties=("Sea",))


def test_a_long_list_of_rows_that_cannot_be_used_is_counted_and_bounded(tmp_path: Path) -> None:
    found = preview(table(tmp_path, *(f"{number},FD,x,never" for number in range(2000))))
    assert (found.unusable, len(found.unusable_rows)) == (2000, 500)
    assert isinstance(found.unusable_rows[0], Unusable)
