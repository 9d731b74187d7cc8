"""Exim's main log tells what became of each message and recipient."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from .imports import SAMPLES, both, events, written


def test_the_lines_of_a_main_log_become_events() -> None:
    found, unreadable, tally = both(SAMPLES / "exim_main.log", zone="America/Toronto")
    assert [(one.recipient, one.state, one.attempt) for one in found] == [
        ("guest@guest.test", "accepted", 1),
        ("missing@guest.test", "bounced", 1),
        ("slow@slow.test", "deferred", 1),
        ("frontdesk@hotel.test", "delivered", 1),
        ("slow@slow.test", "deferred", 2),
        ("slow@slow.test", "expired", None),
        ("office@other.test", "rejected", 1),
        ("frontdesk@hotel.test", "deferred", 1),
        ("staff@hotel.test", "delivered", 1),
        ("second@guest.test", "accepted", 1),
        ("archive@hotel.test", "accepted", 1),
        ("noreply@hotel.test", "skipped", 1),
    ]
    assert [one.line for one in unreadable] == [22]
    assert tally.foreign == 9


def test_an_event_holds_what_the_message_and_the_line_say() -> None:
    found, _, _ = both(SAMPLES / "exim_main.log", zone="America/Toronto")
    first, refused, waiting = found[:3]
    assert first.moment == datetime(2026, 3, 2, 14, 0, 2, tzinfo=UTC)
    assert (first.message_id, first.sender, first.account) == ("<trace-1@hotel.test>", "frontdesk@hotel.test", "frontdesk")
    assert (first.endpoint, first.address, first.tls) == ("mx1.guest.test", "198.51.100.21", "TLS1.3")
    assert (first.reply, first.queue_id) == ("250 2.0.0 Ok: queued as 7C1E2A", "7C1E2A")
    assert (first.queue_ms, first.transmit_ms) == (500, 750)
    assert (refused.reply_code, refused.enhanced_code, refused.reason) == (550, "5.1.1", "userunknown")
    assert (waiting.reply, waiting.stage, waiting.cause) == ("Connection timed out", "connect", "connect_timeout")
    assert found[9].endpoint == "mx1.guest.test:25"


def test_zones_process_numbers_and_syslog_are_understood(tmp_path: Path) -> None:
    done = '1tABCe-00000001cD5-3x2F => a@guest.test R=dnslookup T=remote_smtp H=mx.guest.test [198.51.100.21] C="250 ok"\n'
    log = written(
        tmp_path,
        f"2026-03-02 09:00:00.250 +0100 [77] {done}"
        f"Mar  2 08:00:01 mail exim[77]: 2026-03-02 08:00:01 {done}"
        f"2026-03-02T09:00:02+01:00 mail exim4[77]: {done}",
    )
    found = events(log, zone="UTC", kind="exim")
    assert [one.moment for one in found] == [
        datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC),
        datetime(2026, 3, 2, 8, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 2, 8, 0, 2, tzinfo=UTC),
    ]


def test_what_exim_says_with_every_detail_switched_on_is_understood(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        "2026-03-02 09:00:01.044 [15] 1xUwnu-00049T-2Q <= a@hotel.test H=(pc) [192.0.2.1]:49568 P=esmtp L.- S=200"
        ' M8S=0 RT=0.001s id=m@hotel.test T="\\"x\\" y" from <a@hotel.test> for b@g.test\n'
        "2026-03-02 09:00:02.044 [16] 1xUwnu-00049T-2Q ** nobody@void.test F=<a@hotel.test>: Unrouteable address DT=0.000s\n"
        "2026-03-02 09:00:02.044 [16] 1xUwnu-00049T-2Q == x@dead.test R=dead T=smtp defer (111): Connection refused DT=0.000s\n"
        "2026-03-02 09:00:02.144 [16] 1xUwnu-00049T-2Q => b@g.test F=<a@hotel.test> P=<a@hotel.test> R=sink T=remote_smtp S=238"
        ' H=mx.g.test [198.51.100.2]:587 I=[192.0.2.9]:42908 L C="250 2.0.0 Ok" QT=1m1.268s DT=0.268s\n'
        "2026-03-02 09:00:02.144 [16] 1xUwnu-00049T-2Q Completed QT=1m2s\n",
    )
    nowhere, refused, taken = events(log, zone="UTC")
    assert (nowhere.state, nowhere.reply, nowhere.cause) == ("bounced", "Unrouteable address", "recipient_domain")
    assert (refused.reply, refused.stage, refused.cause) == ("Connection refused", "connect", "connect_refused")
    assert (taken.endpoint, taken.queue_ms, taken.transmit_ms) == ("mx.g.test:587", 61_000, 268)


def test_the_same_delivery_has_one_name_in_every_log(tmp_path: Path) -> None:
    """Exim writes Message-IDs without their brackets."""
    postfix = written(
        tmp_path,
        "2026-03-02T08:00:00Z relay postfix/cleanup[1]: 4A0001: message-id=<trace-1@hotel.test>\n"
        "2026-03-02T08:00:01Z relay postfix/smtp[1]: 4A0001: to=<Guest@guest.test>, relay=exim[192.0.2.1]:25, delay=1,"
        " delays=0/0/0/1, dsn=2.0.0, status=sent (250 OK id=1tABCd-0001aB-2C)\n",
    )
    (handed,) = events(postfix)
    taken = both(SAMPLES / "exim_main.log", zone="UTC")[0][0]
    assert handed.delivery_id == taken.delivery_id
