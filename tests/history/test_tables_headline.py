"""The first sentence about a history names the server, the user or the domain at which most of it went wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mailkit.history import questions as ask
from mailkit.history.engine import open_history
from mailkit.journal import Event
from mailkit.journal.opening import open_store

from .generated import NOW

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def handed_over(number: int, state: str, endpoint: str) -> Event:
    return Event(
        moment=NOW - timedelta(minutes=number % 50),
        delivery_id=f"d{number}",
        state=state,  # type: ignore[arg-type]
        source="postfix",
        source_key=str(number),
        endpoint=endpoint,
        recipient=f"clerk{number % 7}@hotel.test",
        recipient_domain="hotel.test",
        reply="450 4.7.1 try again later" if state == "deferred" else "250 ok",
    )


def test_a_headline_says_at_which_server_mails_were_deferred(tmp_path: Path) -> None:
    events = [handed_over(number, "accepted", f"mx{number % 2 + 1}.hotel.test:25") for number in range(1588)]
    events += [handed_over(2000 + number, "deferred", "mx2.hotel.test:25") for number in range(380)]
    events += [handed_over(3000 + number, "deferred", "mx1.hotel.test:25") for number in range(32)]
    with open_store(tmp_path / "history.sqlite3") as store:
        store.add_events(events)
    with open_history(tmp_path / "history.sqlite3") as history:
        said = ask.headlines(history, now=NOW)
    assert said[0].text == "412 of 2,000 mails deferred, 380 of them at mx2.hotel.test:25."
