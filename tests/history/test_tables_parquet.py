"""Events as Parquet by day: complete, never twice, and answered from like a store."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mailkit.errors import InputError
from mailkit.history.engine import open_history
from mailkit.history.parquet import export_parquet
from mailkit.journal.opening import open_store

from .answers import ANSWERS, FILTERS, Journal, differences
from .generated import journal

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

EVENTS = journal(7, 500)
HALF = len(EVENTS) // 2


def numbers(folder: Path) -> list[int]:
    files = folder.glob("day=*/*.parquet")
    return sorted(number for file in files for number in pq.ParquetFile(file).read(["event_id"])["event_id"].to_pylist())


def test_an_export_adds_what_is_new_and_answers_like_the_store(tmp_path: Path) -> None:
    store, folder = tmp_path / "history.sqlite3", tmp_path / "events"
    for part in (EVENTS[:HALF], EVENTS[HALF:], []):
        with open_store(store) as opened:
            opened.add_events(part)
            told = Journal.of(opened.events())
        with open_history(store) as history:
            assert export_parquet(history, folder).events == len(part)
        assert numbers(folder) == [number for number, _ in told.events]
        with open_history(folder) as history:
            assert history.engine == "duckdb"
            for question in ("latest", "funnel by day and user", "latency by all together", "reasons", "gaps of user every day"):
                where = FILTERS["everything"]
                assert differences(ANSWERS[question][0](history, where), ANSWERS[question][1](told, where)) == []


def test_what_an_interrupted_export_left_is_cleared_away(small_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    with open_history(small_store) as history:
        export_parquet(history, folder)
        complete = numbers(folder)
        (folder / "_mailkit.json").write_text('{"last": 0}')  # its files were in place, and it had not been noted
        (folder / "_unfinished").mkdir()
        export_parquet(history, folder)
    assert numbers(folder) == complete
    assert not (folder / "_unfinished").exists()


def test_a_folder_with_other_things_is_left_alone(small_store: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear customer")
    with open_history(small_store) as history, pytest.raises(InputError, match="other things"):
        export_parquet(history, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]
