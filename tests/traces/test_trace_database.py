"""Traces from a database: read in chunks, never written to, no password kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mailkit.errors import InputError
from mailkit.site.pms import Traces
from mailkit.site.traces import TraceSource
from mailkit.traces.trace import Trace

from .hotel import hotel, opened, rows

QUERY = "SELECT id, clerk, message, created FROM traces ORDER BY id"


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "pms.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE traces (id INTEGER, clerk TEXT, message TEXT, created TEXT)")
        connection.executemany(
            "INSERT INTO traces VALUES (?, 'FD', 'x', '2026-11-20 08:30:00')", [(number,) for number in range(2500)]
        )
    connection.close()
    return f"sqlite:///{path}"


def test_every_row_of_a_query_is_read(database: str) -> None:
    found = rows(database, query=QUERY)
    assert [trace.id for trace in found] == [str(number) for number in range(2500)]  # type: ignore[union-attr]  # all are traces
    assert all(isinstance(trace, Trace) and trace.created for trace in found)


def test_the_site_file_may_hold_the_url_and_the_query(database: str) -> None:
    site = hotel(traces=Traces(source=TraceSource(url=database, query=f"{QUERY} LIMIT 3;")))
    assert len(list(opened_from_site(site))) == 3


def opened_from_site(site):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - a helper of one test
    from mailkit.traces.source import open_source  # noqa: PLC0415 - beside its only use

    from .hotel import NOW  # noqa: PLC0415 - loaded when it is needed

    return open_source(site, None, now=NOW)


@pytest.mark.parametrize(
    ("url", "query", "words"),
    [
        ("sqlite:///{folder}/nowhere.db", QUERY, "there is no database"),
        ("{database}", None, "say what to ask"),
        ("{database}", "DELETE FROM traces", "not one SELECT"),
        ("{database}", "SELECT 1; DROP TABLE traces", "not one SELECT"),
        ("{database}", "SELECT id FROM nowhere", "no such table"),
        ("postgresql://reader:hunter2@db.hotel.test/pms", QUERY, "holds a password"),
        ("nosuch://db/pms", QUERY, "knows no database 'nosuch'"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_line_without_a_secret(
    tmp_path: Path, database: str, url: str, query: str | None, words: str
) -> None:
    with pytest.raises(InputError, match=words) as refused:
        opened(url.format(folder=tmp_path, database=database), query=query)
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_nothing_can_be_written_through_a_source(database: str) -> None:
    with pytest.raises(InputError, match=r"readonly|read-only|no rows"):
        opened(database, query="WITH gone AS (SELECT 1) DELETE FROM traces")
    assert len(rows(database, query=QUERY)) == 2500
