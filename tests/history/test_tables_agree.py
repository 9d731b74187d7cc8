"""Every table says what a slow count in plain Python says, on journals in which everything happens that can happen to a mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit.history import questions as ask
from mailkit.history.engine import History, open_history
from mailkit.journal.change import moves_from
from mailkit.journal.opening import open_store

from . import reference
from .answers import ANSWERS, FILTERS, Journal, differences
from .generated import NOW, journal

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(scope="module", params=[1, 2])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def store(seed: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "history.sqlite3"
    with open_store(path) as store:
        store.add_events(journal(seed))
    return path


@pytest.fixture(scope="module")
def history(store: Path) -> Iterator[History]:
    with open_history(store) as history:
        yield history


@pytest.fixture(scope="module")
def told(store: Path) -> Journal:
    with open_store(store) as opened:
        return Journal.of(opened.events())


@pytest.mark.parametrize("question", ANSWERS)
def test_a_table_agrees_with_the_reference_to_the_row(history: History, told: Journal, seed: int, question: str) -> None:
    ask_engine, ask_reference = ANSWERS[question]
    for which in list(FILTERS)[seed % 2 :: 2]:
        assert (which, differences(ask_engine(history, FILTERS[which]), ask_reference(told, FILTERS[which]))) == (which, [])


def test_the_journals_hold_every_outcome_and_every_state(told: Journal) -> None:
    assert {life.outcome for life in told.lives} == set(ask.OUTCOMES)
    assert {event.state for _, event in told.events} == set(ask.STATES)


def test_one_story_is_told_in_order(history: History, told: Journal) -> None:
    for life in told.lives[:60]:
        frame = ask.story(history, life.delivery_id)
        assert differences(frame[["event_id", "moment", "state"]], reference.story(told.events, life.delivery_id)) == []


def test_the_rules_of_the_log_agree(history: History, told: Journal) -> None:
    frame = ask.check(history, now=NOW)
    assert dict(zip(frame["rule"], frame["broken"], strict=True)) == reference.check(told.events, told.lives, NOW)
    assert dict(zip(frame["rule"], frame["ok"], strict=True)) == {
        rule: count == 0 for rule, count in reference.check(told.events, told.lives, NOW).items()
    }


def test_the_state_of_the_kits_own_mail_is_the_one_in_the_outbox(told: Journal) -> None:
    own = [life for life in told.lives if life.origin == "mailkit"]
    assert len(own) > 1000
    for life in own:
        state = life.events[0][1].state
        for _, event in life.events[1:]:
            state = event.state if state in moves_from(event) else state
        assert (life.delivery_id, life.state) == (life.delivery_id, state)


def test_every_column_of_the_funnel_adds_up(history: History) -> None:
    for by in (None, "day", "user", ("domain", "kind")):
        table = ask.funnel(history, by, now=NOW).fillna({"user": "", "kind": ""})  # type: ignore[arg-type]
        assert (table["deliveries"] == table["skipped"] + table["due"]).all()
        assert (table["due"] == table["unattempted"] + table["attempted"]).all()
        parts = ["accepted", "rejected", "expired", "uncertain", "sending", "deferred"]
        assert (table["attempted"] == table[parts].sum(axis=1)).all()
        assert (table["accepted"] == table[["delivered", "bounced", "unheard"]].sum(axis=1)).all()
        assert table["deliveries"].sum() == ask.funnel(history, None, now=NOW)["deliveries"][0]
