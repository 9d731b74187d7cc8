"""Stores with made-up journals for the tests of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit.history.engine import History, open_history
from mailkit.journal.opening import open_store

from .generated import journal


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "history.sqlite3"
    with open_store(path) as store:
        store.add_events(journal(3, 300))
    return path


@pytest.fixture(scope="session")
def small(small_store: Path) -> Iterator[History]:
    with open_history(small_store) as history:
        yield history
