"""The copy that answers: as current as its store, made anew when the store is another, and never in the way of a sender."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from mailkit.errors import InputError
from mailkit.history import questions as ask
from mailkit.history.embedded import copy_beside
from mailkit.history.engine import open_history
from mailkit.journal.opening import open_store

from .answers import ANSWERS, Journal, differences
from .answers import FILTERS as WHERE
from .generated import NOW, START, journal

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

EVENTS = journal(5, 400)
HALF = len(EVENTS) // 2

ANOTHER_WANTS_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
else:
    print("got it")
"""

OPEN_AND_WAIT = """
import sys
from mailkit.history.engine import open_history
with open_history(sys.argv[1], cache=True):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "history.sqlite3"
    with open_store(path) as store:
        store.add_events(EVENTS[:HALF])
    return path


def agrees(history: object, path: Path) -> bool:
    with open_store(path) as store:
        told = Journal.of(store.events())
    questions = ("latest", "funnel by day", "reasons", "duplicates")
    return all(
        differences(ANSWERS[one][0](history, WHERE["everything"]), ANSWERS[one][1](told, WHERE["everything"])) == []  # type: ignore[arg-type]
        for one in questions
    )


def test_a_copy_that_grew_in_steps_answers_as_one_made_at_once(path: Path) -> None:
    with open_history(path) as history:
        for start in range(HALF, len(EVENTS), 97):
            with open_store(path) as store:
                store.add_events(EVENTS[start : start + 97])
            refreshed = history.refresh()
            assert refreshed.added == len(EVENTS[start : start + 97])
            assert not refreshed.rebuilt
        assert history.refresh().added == 0
        assert agrees(history, path)


def test_nothing_is_seen_of_new_events_until_the_copy_is_refreshed(path: Path) -> None:
    with open_history(path) as history, open_store(path) as store:
        before = len(ask.latest(history, limit=10_000))
        store.add_events(EVENTS[HALF:])
        assert len(ask.latest(history, limit=10_000)) == before
        history.refresh()
        assert len(ask.latest(history, limit=10_000)) > before


def test_a_kept_copy_goes_on_where_it_ended(path: Path) -> None:
    with open_history(path, cache=True) as history:
        count = len(ask.latest(history, limit=10_000))
    assert copy_beside(path).is_file()
    if sys.platform != "win32":
        assert copy_beside(path).stat().st_mode & 0o077 == 0
        assert copy_beside(path).parent.stat().st_mode & 0o077 == 0
    with open_history(path, cache=True) as history:
        assert history.refresh().added == 0
        assert len(ask.latest(history, limit=10_000)) == count
    with open_store(path) as store:
        store.add_events(EVENTS[HALF:])
    with open_history(path, cache=True) as history:
        assert agrees(history, path)


def test_a_copy_of_a_store_that_was_pruned_or_replaced_is_made_anew(path: Path) -> None:
    with open_history(path) as history:
        with open_store(path) as store:
            assert store.prune(START + timedelta(days=10)).events > 0
            store.add_events(EVENTS[HALF:])
        assert history.refresh().rebuilt
        assert agrees(history, path)
    with open_history(path, cache=True):
        pass
    path.unlink()
    with open_store(path) as store:
        store.add_events(journal(6, 700))
    with open_history(path, cache=True) as history:
        assert agrees(history, path)


def test_while_another_program_uses_the_kept_copy_an_own_one_is_made(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with open_history(path, cache=True) as history:
            assert agrees(history, path)
        other.communicate("")
    assert other.returncode == 0


def test_a_damaged_copy_is_made_anew_and_a_foreign_file_is_left_alone(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    with open_history(path, cache=copy):
        pass
    content = bytearray(copy.read_bytes())
    content[100:6000] = bytes(5900)
    copy.write_bytes(content)
    with open_history(path, cache=copy) as history:
        assert agrees(history, path)
    foreign = tmp_path / "letter.txt"
    foreign.write_text("Dear customer, " * 1000)
    with pytest.raises(InputError, match="not a copy"):
        open_history(path, cache=foreign)
    assert foreign.read_text().startswith("Dear")


def test_copying_can_be_stopped_and_goes_on_later(path: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with open_history(path, cache=tmp_path / "copy.duckdb", progress=lambda *far: seen.append(far), stop=lambda: True):
        assert seen[-1][0] <= seen[-1][1] == HALF
    with open_history(path, cache=tmp_path / "copy.duckdb") as history:
        assert agrees(history, path)


def test_history_leaves_the_lock_of_a_sender_in_the_same_process_alone(path: Path) -> None:
    writer = sqlite3.connect(path, isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM halted")
        with open_history(path) as history:
            history.refresh()
            ask.funnel(history, "day", now=NOW)
        asked = [sys.executable, "-c", ANOTHER_WANTS_THE_LOCK, str(path)]
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "database is locked\n"
        writer.execute("ROLLBACK")
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "got it\n"
    finally:
        writer.close()


def test_duckdb_asks_nobody_for_an_extension(path: Path) -> None:
    with open_history(path) as history:
        agrees(history, path)
        loaded = (
            "SELECT extension_name FROM duckdb_extensions() WHERE loaded AND install_mode NOT IN ('STATICALLY_LINKED', 'BUILTIN')"
        )
        assert history.events.get_backend().con.execute(loaded).fetchall() == []


def test_what_is_no_store_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no store"):
        open_history(tmp_path / "missing.sqlite3")
    (tmp_path / "letter.txt").write_text("Dear customer")
    with pytest.raises(InputError, match="cannot be read as a store"):
        open_history(tmp_path / "letter.txt")
    with pytest.raises(InputError, match="no Parquet files"):
        open_history(tmp_path)
    shutil.rmtree(tmp_path)
