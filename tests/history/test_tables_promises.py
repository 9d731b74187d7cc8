"""The columns of every table are promised: their names, types and order, whatever the answer is."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.history import questions as ask
from mailkit.history.choice import Filter
from mailkit.history.engine import History
from mailkit.history.questions import TABLES

from .generated import NOW

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

NOBODY = Filter(user="nobody")


def tables(history: History, where: Filter) -> dict[str, Any]:
    return {
        "latest": ask.latest(history, where),
        "funnel": ask.funnel(history, None, where, now=NOW),
        "latency": ask.latency(history, None, where),
        "reasons": ask.reasons(history, where),
        "stuck": ask.stuck(history, where, now=NOW),
        "queue": ask.queue(history, None, where, now=NOW),
        "unattempted": ask.unattempted(history, where, now=NOW),
        "silence": ask.silence(history, where, now=NOW),
        "duplicates": ask.duplicates(history, where),
        "gaps": ask.gaps(history, "user", where),
        "before-after": ask.before_after(history, dt.date(2026, 10, 12), None, where, now=NOW),
        "story": ask.story(history, "d000001" if where.user is None else "nothing"),
        "check": ask.check(history, now=NOW),
    }


@pytest.mark.parametrize("where", [Filter(), NOBODY], ids=["of all", "of nothing"])
def test_every_table_has_the_columns_that_are_promised(small: History, where: Filter) -> None:
    made = tables(small, where)
    assert made.keys() == TABLES.keys()
    for name, frame in made.items():
        promised = [(column.name, column.dtype) for column in TABLES[name].columns]
        assert [(column, str(kind)) for column, kind in frame.dtypes.items()] == promised, name


def test_what_a_table_is_counted_by_stands_in_front(small: History) -> None:
    frame = ask.funnel(small, ("day", "user"), now=NOW)
    assert [(name, str(kind)) for name, kind in frame.dtypes.items()][:2] == [("day", "datetime64[us]"), ("user", "string")]
    assert str(ask.latency(small, "hour_of_day")["hour_of_day"].dtype) == "Int64"


def test_a_table_says_when_there_are_more_rows(small: History) -> None:
    assert ask.latest(small, limit=5).attrs["more"] is True
    assert len(ask.latest(small, limit=5)) == 5
    assert ask.latest(small, limit=100_000).attrs["more"] is False


def test_every_column_says_what_it_is() -> None:
    for table in TABLES.values():
        assert table.asks.endswith("?")
        assert len(set(table.names)) == len(table.names)
        assert all(column.says for column in table.columns)


def test_a_day_begins_where_the_reader_is(small: History) -> None:
    # In Toronto the last Sunday of summer time has 25 hours.
    before, after = datetime(2026, 11, 1, 3, 59, tzinfo=UTC), datetime(2026, 11, 2, 4, 59, tzinfo=UTC)
    day = Filter(since=dt.date(2026, 11, 1), until=dt.date(2026, 11, 2), zone="America/Toronto")
    began = ask.latest(small, day, limit=1000)["began"]
    assert len(began) > 0
    assert before < began.min() < began.max() <= after
    assert list(ask.funnel(small, "day", day, now=NOW)["day"].dt.date) == [dt.date(2026, 11, 1)]


def test_what_cannot_be_asked_is_said_in_one_line(small: History) -> None:
    for wrong in (
        lambda: Filter(zone="Nowhere/Land"),
        lambda: Filter(since=dt.date(2026, 2, 1), until=dt.date(2026, 1, 1)),
        lambda: ask.funnel(small, "colour"),  # type: ignore[arg-type]
        lambda: ask.gaps(small, every="minute"),  # type: ignore[arg-type]
        lambda: ask.before_after(small, NOW, now=NOW),
    ):
        with pytest.raises(InputError) as raised:
            wrong()
        assert "\n" not in str(raised.value)


def test_a_story_is_found_by_its_message_id_too(small: History) -> None:
    name = ask.latest(small, Filter(state="delivered"), limit=1)["message_id"][0]
    for asked in (name, name.strip("<>")):
        found = ask.story(small, asked)
        assert set(found["message_id"].dropna()) == {name}
    assert ask.story(small, "<never@heard.test>").empty


def test_the_headlines_name_what_most_of_the_failures_share(small: History) -> None:
    said = ask.headlines(small, now=NOW)
    assert [one.severity for one in said] == sorted((one.severity for one in said), key=["error", "warning", "info", "ok"].index)
    twice = ask.duplicates(small)["delivery_id"].nunique()
    assert next(one for one in said if one.code == "duplicates").text.startswith(f"Taken or arrived more than once: {twice} of ")
    rejected = next(one for one in said if one.code == "rejected")
    count = int(ask.funnel(small, None, now=NOW)["rejected"][0])
    assert rejected.text.startswith(f"{count} of ")
    assert rejected.table in TABLES
    french = ask.headlines(small, now=NOW, language="fr")
    assert [one.code for one in french] == [one.code for one in said]
    assert "Refusés définitivement" in next(one for one in french if one.code == "rejected").text
    assert [one.code for one in ask.headlines(small, NOBODY, now=NOW)] == ["nothing"]
