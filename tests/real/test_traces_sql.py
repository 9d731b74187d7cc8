"""Traces in a real PostgreSQL, read as a stranger with a password may read them; activated into a store on the same server."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.journal import open_store
from mailkit.secret import Secret
from mailkit.site.pms import Clerk, EmailSetup, PmsSite, Traces
from mailkit.traces.desk import Desk
from mailkit.traces.source import Source, open_source
from mailkit.traces.standing import standing
from mailkit.traces.trace import Trace
from mailkit.traces.zones import local_zone

from .ground.postgres import Postgres, postgres, programs

NOW = dt.datetime(2026, 11, 21, 17, tzinfo=dt.UTC)
SITE = PmsSite(
    name="Lake House",
    version="5.1",
    time_zone="America/Toronto",
    email_setup=EmailSetup(
        server="mail.hotel.test",
        port=587,
        trace_rep_addr="traces@hotel.test",
        mechanism="LOGIN",
        auth_name="traces",
        password="set",
    ),
    clerks=(Clerk(code="FD", email="frontdesk@hotel.test"),),
    traces=Traces(activated=False),
)
TABLE = """
CREATE TABLE traces
  (id bigint PRIMARY KEY, clerk text, message text, created timestamptz, due date, at time, done boolean, mailed boolean);
INSERT INTO traces SELECT n, 'FD', '100 % sure: :since', timestamptz '2026-11-20 08:30-05' - n * interval '1 second',
  date '2026-11-22', time '08:15', false, n % 2 = 0 FROM generate_series(1, 20000) n;
CREATE ROLE reader LOGIN PASSWORD 'only/reads@here';
GRANT SELECT ON traces TO reader
"""
QUERY = "SELECT id, clerk, message, created, due, at AS due_time, done, mailed FROM traces WHERE message LIKE '%sure%'"
PASSWORD = Secret("only/reads@here")


@pytest.fixture(scope="module")
def server(ground: Path) -> Iterator[Postgres]:
    if programs() is None:
        if os.environ.get("CI"):
            pytest.fail("Debian package missing: postgresql")
        pytest.skip("Debian package missing: postgresql")
    with postgres(ground / "traces-sql") as running:
        running.sql("CREATE DATABASE pms")
        running.sql(TABLE, "pms")
        yield running


def source(server: Postgres, query: str = QUERY, password: Secret | None = PASSWORD, **how: Any) -> Source:
    url = f"postgresql://reader@127.0.0.1:{server.port}/pms"
    return open_source(SITE, url, now=NOW, query=query, password=password, **how)


def test_every_row_is_read_with_the_databases_own_types(server: Postgres) -> None:
    found = [one for one in source(server) if isinstance(one, Trace)]
    assert len(found) == 20_000
    assert (found[0].id, found[0].text, found[0].status, found[0].mailed) == ("1", "100 % sure: :since", "open", False)
    assert found[0].created == dt.datetime(2026, 11, 20, 13, 29, 59, tzinfo=dt.UTC)
    assert found[0].due == dt.datetime(2026, 11, 22, 13, 15, tzinfo=dt.UTC)


def test_a_reader_who_stops_leaves_no_connection_behind(server: Postgres) -> None:
    coming = iter(source(server))
    assert isinstance(next(coming), Trace)
    coming.close()
    end = time.monotonic() + 10
    while server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'") != "0":
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("query", "password", "words"),
    [
        (QUERY, Secret("wrong"), "password authentication failed"),
        (QUERY, None, "password"),
        ("SELECT id FROM nowhere", PASSWORD, "nowhere"),
        (
            "WITH a AS (INSERT INTO traces (id) VALUES (0) RETURNING id) SELECT id, 'FD' AS clerk FROM a",
            PASSWORD,
            "read-only|data-modifying",
        ),
    ],
)
def test_what_the_server_refuses_is_one_line_without_the_password(
    server: Postgres, query: str, password: Secret | None, words: str
) -> None:
    with pytest.raises(InputError, match=words) as refused:
        source(server, query, password)
    assert "\n" not in str(refused.value)
    assert "only/reads@here" not in str(refused.value)
    assert "wrong" not in str(refused.value)


def test_a_server_that_nobody_runs_is_said(server: Postgres) -> None:
    del server  # it runs, elsewhere
    with pytest.raises(InputError, match="did not answer"):
        open_source(SITE, "postgresql://reader@127.0.0.1:1/pms", now=NOW, query=QUERY)


def test_activated_into_a_store_on_postgresql_nothing_is_queued_twice(server: Postgres) -> None:
    few = f"{QUERY} AND id <= 1500"
    with open_store(server.fresh()) as store:
        first = Desk(SITE, source(server, few), now=NOW, store=store)
        assert first.preview().sending == first.activate().queued == 750
        second = Desk(first.site, source(server, few), now=NOW + dt.timedelta(hours=1), store=store)
        assert (second.kind, second.collect().queued, second.activate().queued) == ("active", 0, 0)
        found = standing(store, now=NOW, zone=local_zone(NOW))
        assert (found.states, [row.who for row in found.rows]) == ({"pending": 750}, ["FD"])
        assert store.check() == []
