"""What was seen of a mail becomes what is known of its delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from mailkit.explain import read_bounce
from mailkit.journal import Delivery, State, open_store
from mailkit.mail.follow import Arrival
from mailkit.mail.follow.arrival import Copy, Looked
from mailkit.mail.follow.joining import change_for, settle

NOW = datetime(2026, 3, 3, 12, 5, tzinfo=UTC)
LOOKED = Looked(where=("a mailbox",), times=3)
SEEN = Arrival(
    message_id="<q@builder.test>",
    accepted=NOW,
    found="arrived",
    looked=LOOKED,
    copies=(Copy(folder="Junk", use="junk", arrived=NOW - timedelta(seconds=3), seen=NOW),),
)
BACK = Arrival(
    message_id="<q@builder.test>",
    found="returned",
    looked=LOOKED,
    returned=(
        read_bounce(b"From: MAILER-DAEMON@mx.test\nSubject: Undelivered Mail\n\n<guest@hotel.test>: 550 5.1.1 user unknown\n"),
    ),
)
ABSENT = Arrival(message_id="<q@builder.test>", found="missing", looked=LOOKED)


def delivery(state: State = "accepted") -> Delivery:
    return Delivery(
        delivery_id="4f1f00aa11bb22cc33dd",
        key="test:1",
        kind="test",
        state=state,
        message_id="<q@builder.test>",
        sender="desk@builder.test",
        recipient="guest@hotel.test",
        account=None,
        created=NOW,
        due=NOW,
    )


def test_what_was_seen_is_recorded_once(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.sqlite3") as store:
        store.enqueue([(delivery("pending"), b"mail")], now=NOW)
        event = settle(store, replace(delivery(), state="uncertain"), SEEN, now=NOW)
        assert event is not None
        assert (event.state, event.source, event.stage) == ("delivered", "mailbox", "arrival")
        assert event.moment == NOW  # a mailbox whose clock is behind does not turn time back
        settle(store, replace(delivery(), state="uncertain"), SEEN, now=NOW)
        found = store.delivery("test:1")
        assert found is not None
        assert found.state == "delivered"
        assert [one.state for one in store.story(found.delivery_id)] == ["pending", "delivered"]


def test_a_bounce_is_recorded_with_its_reason() -> None:
    change = change_for(delivery(), BACK, now=NOW)
    assert change is not None
    event = change.event
    assert (event.state, event.source, event.reason, event.enhanced_code, event.reply_code) == (
        "bounced",
        "bounce",
        "userunknown",
        "5.1.1",
        550,
    )


def test_not_to_be_seen_changes_nothing() -> None:
    assert change_for(delivery(), ABSENT, now=NOW) is None
    assert change_for(delivery("delivered"), BACK, now=NOW) is None
