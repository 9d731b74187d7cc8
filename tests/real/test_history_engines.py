"""The same questions asked of a shared PostgreSQL and of Spark: the tables agree with plain Python to the row."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest

from mailkit.errors import InputError
from mailkit.history import questions as ask
from mailkit.history.engine import History, open_history
from mailkit.history.parquet import export_parquet
from mailkit.journal.opening import open_store

from ..history.answers import ANSWERS, FILTERS, Journal, differences
from ..history.generated import NOW, journal
from ..history.reference import check as checked
from .ground.postgres import PASSWORD, Postgres, postgres, programs

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
# Spark warns of much: of pandas 3, of sockets it leaves open, of itself.
of_spark = pytest.mark.filterwarnings("ignore")

EVENTS = journal(8, 900)
QUICK = (
    "latest",
    "funnel by day and user",
    "latency by user",
    "latency by hour_of_day",
    "queue by domain and endpoint",
    "reasons",
    "stuck",
    "unattempted",
    "silence",
    "duplicates",
    "gaps of user every day",
    "before and after by None",
    "before and after by user",
)
"""Every question once: Spark takes about a second for each, however few the events."""


def missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)  # there, a test that silently does not run is worse than one that fails
    pytest.skip(why)


@pytest.fixture(scope="module")
def server(ground: Path) -> Iterator[Postgres]:
    if programs() is None:
        missing("Debian packages missing: postgresql")
    with postgres(ground / "history-postgres") as running:
        yield running


@pytest.fixture(scope="module")
def shared(server: Postgres) -> str:
    url = server.fresh()
    with open_store(url) as store:
        store.add_events(EVENTS)
    return url


@pytest.fixture(scope="module")
def told(shared: str) -> Journal:
    with open_store(shared) as store:
        return Journal.of(store.events())


@pytest.fixture(scope="module")
def on_postgres(shared: str) -> Iterator[History]:
    with open_history(shared) as history:
        yield history


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    if shutil.which("java") is None:
        missing("Debian packages missing: openjdk-17-jre-headless")
    folder = tmp_path_factory.mktemp("spark")
    with open_store(folder / "history.sqlite3") as store:
        store.add_events(EVENTS)
    with open_history(folder / "history.sqlite3") as history:
        export_parquet(history, folder / "events")
    with spark(folder) as session, open_history(ibis.pyspark.connect(session), parquet=folder / "events") as history:
        yield history


class spark:  # noqa: N801 - used as a function is
    """Spark in this machine's local mode: one core, loopback only, nothing left in the folder it is started in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Any:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - slow, and only some tests need it

        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.warehouse.dir": str(self._folder / "warehouse"),
            "spark.local.dir": str(self._folder),
            "spark.log.level": "ERROR",
            # A session elsewhere has another zone; days must not depend on it.
            "spark.sql.session.timeZone": "Asia/Tokyo",
        }
        builder = SparkSession.builder.master("local[1]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        return self._session

    def __exit__(self, *_: object) -> None:
        gateway = self._session.sparkContext._gateway
        self._session.stop()
        process: subprocess.Popen[bytes] = gateway.proc
        gateway.shutdown()
        if process.stdin:
            process.stdin.close()
        process.wait(timeout=20)


@pytest.mark.parametrize("question", ANSWERS)
def test_postgresql_agrees_with_the_reference_to_the_row(on_postgres: History, told: Journal, question: str) -> None:
    ask_engine, ask_reference = ANSWERS[question]
    for which in ("everything", "three weeks of three places"):
        assert (which, differences(ask_engine(on_postgres, FILTERS[which]), ask_reference(told, FILTERS[which]))) == (which, [])


def test_postgresql_is_asked_itself_and_answers_about_new_events_after_a_refresh(server: Postgres) -> None:
    url = server.fresh()
    with open_store(url) as store:
        store.add_events(EVENTS[:100])
        with open_history(url) as history, open_history(store) as second:
            assert (history.engine, second.engine) == ("postgres", "postgres")
            before = len(ask.latest(history, limit=10_000))
            store.add_events(EVENTS[100:300])
            assert len(ask.latest(history, limit=10_000)) == before
            assert history.refresh().last > 100
            assert len(ask.latest(history, limit=10_000)) == len({event.delivery_id for event in EVENTS[:300]})


def test_one_who_may_only_read_can_ask(server: Postgres, shared: str, told: Journal) -> None:
    database = shared.rpartition("/")[2]
    server.sql("CREATE ROLE reader LOGIN PASSWORD 'reader'", database)
    server.sql(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", database)
    server.sql("GRANT USAGE ON SCHEMA mailkit TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA mailkit TO reader", database)
    with open_history(server.url(database, "reader", "reader")) as history:
        where = FILTERS["everything"]
        for question in ("funnel by day", "reasons"):
            assert differences(ANSWERS[question][0](history, where), ANSWERS[question][1](told, where)) == []


def test_a_postgresql_without_a_store_or_without_an_answer_is_one_line(server: Postgres, shared: str) -> None:
    for url, words in (
        (server.fresh(), "no mailkit store"),
        (shared.replace("correct", "wrong"), "cannot be asked"),
        (shared.replace("127.0.0.1", "127.0.0.2").replace(str(server.port), "1"), "cannot be asked"),
    ):
        with pytest.raises(InputError, match=words) as raised:
            open_history(url)
        assert "\n" not in str(raised.value)
        assert PASSWORD not in str(raised.value)
        assert "correct%2F" not in str(raised.value)


@of_spark
@pytest.mark.parametrize("question", QUICK)
def test_spark_agrees_with_the_reference_to_the_row(on_spark: History, told: Journal, question: str) -> None:
    assert on_spark.engine == "pyspark"
    ask_engine, ask_reference = ANSWERS[question]
    which = "three weeks of three places" if "day" in question else "everything"
    assert differences(ask_engine(on_spark, FILTERS[which]), ask_reference(told, FILTERS[which])) == []


@of_spark
def test_the_rules_of_the_log_are_the_same_everywhere(on_postgres: History, on_spark: History, told: Journal) -> None:
    expected = checked(told.events, told.lives, NOW)
    for history in (on_postgres, on_spark):
        table = ask.check(history, now=NOW)
        assert dict(zip(table["rule"], table["broken"], strict=True)) == expected
    assert ask.story(on_spark, "d000006").equals(ask.story(on_postgres, "d000006"))
