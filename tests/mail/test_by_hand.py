"""Where a person sends the test mail, the kit says how, and keeps what the person saw."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.journal import Delivery, Store, open_store
from mailkit.mail.by_hand import OUTCOMES, by_hand, record_by_person, send_with_outlook
from mailkit.mail.plan import plan, queue
from mailkit.site.file import loads

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

SITE = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "new"
deployment = "on-premises"
[general_settings]
mail_software = "outlook"
[[users]]
code = "estimating"
access = "maestro"
status = "active"
mailing_mode = "modern-auth"
email = "estimating@builder.test"
authentication = "authenticated"
provider = "microsoft365"
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.sqlite3") as opened:
        yield opened


@pytest.fixture
def waiting(store: Store) -> Delivery:
    queue(store, plan(loads(SITE, "site.toml"), mailing="standard"), now=NOON, batch="hand")
    (row,) = store.deliveries(batch="hand")
    assert (row.state, row.account) == ("pending", None)
    return row


@pytest.mark.parametrize("transport", ["outlook", "mapi", "notes", "modern_auth"])
def test_each_way_has_steps_with_the_subject_to_type(transport: Any) -> None:
    told = by_hand(transport, subject="Test mail mk-4f1f00aa11", recipient="sales@hotel.test", user="{odd}")
    assert "Subject: Test mail mk-4f1f00aa11" in told.steps
    assert "Recipient: sales@hotel.test" in told.steps
    assert "{odd}" in told.who
    assert told.before
    assert told.notice


def test_mailkit_itself_sends_by_smtp() -> None:
    with pytest.raises(KeyError):
        by_hand("smtp", subject="x", recipient="y", user=None)


def test_what_the_person_saw_is_in_the_story_with_its_reason(store: Store, waiting: Delivery) -> None:
    words = "AADSTS50173: The provided grant has expired due to it being revoked\x1b[31m"
    now = record_by_person(store, waiting.delivery_id, "rejected", words, NOON + timedelta(minutes=5), product="maestro-erp")
    assert now.state == "rejected"
    row = store.delivery(waiting.delivery_id)
    assert row == now
    queued, seen = store.story(waiting.delivery_id)
    assert (queued.state, queued.source) == ("pending", "mailkit")
    assert (seen.state, seen.source, seen.attempt) == ("rejected", "person", 1)
    assert seen.reply is not None
    assert "AADSTS50173" in seen.reply
    assert "\x1b" not in seen.reply
    assert seen.reason is not None
    assert not store.check()


def test_it_left_and_later_it_arrived(store: Store, waiting: Delivery) -> None:
    record_by_person(store, waiting.delivery_id, "accepted", None, NOON + timedelta(minutes=1))
    row = record_by_person(store, waiting.delivery_id, "delivered", "  ", NOON + timedelta(minutes=2))
    assert row.state == "delivered"
    assert [event.state for event in store.story(waiting.delivery_id)] == ["pending", "accepted", "delivered"]
    assert not store.check()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_can_be_reported(store: Store, waiting: Delivery, outcome: Any) -> None:
    row = record_by_person(store, waiting.delivery_id, outcome, "said so", NOON + timedelta(minutes=1))
    assert row.state == outcome
    stored = store.delivery(waiting.delivery_id)
    assert stored is not None
    assert stored.state == outcome
    assert not store.check()


def test_a_report_of_nothing_that_exists_is_refused(store: Store, waiting: Delivery) -> None:
    with pytest.raises(InputError, match="no mail"):
        record_by_person(store, "0123456789", "accepted", None, NOON)
    with pytest.raises(InputError, match="no outcome"):
        record_by_person(store, waiting.delivery_id, "lost", None, NOON)  # type: ignore[arg-type]  # what a person may type


@pytest.mark.skipif(sys.platform == "win32", reason="there it would really ask Outlook")
def test_elsewhere_than_on_windows_outlook_is_not_asked() -> None:
    with pytest.raises(InputError, match="only on Windows"):
        send_with_outlook(subject="x", recipient="sales@hotel.test", text="x")
    with pytest.raises(InputError, match="no address"):
        send_with_outlook(subject="x", recipient="sales", text="x")
