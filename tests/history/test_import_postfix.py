"""A mail log of Postfix tells what became of each message and recipient, whoever wrote it down and however it was rotated."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .imports import SAMPLES, both, events, sent, written

WHEN = datetime(2026, 3, 2, 8, 0, 1, tzinfo=UTC)


def test_one_message_to_three_recipients_is_three_deliveries() -> None:
    found = events(SAMPLES / "postfix.log", zone="America/Toronto", year=2025)
    assert [(one.recipient, one.state, one.attempt) for one in found] == [
        ("guest@guest.test", "accepted", 1),
        ("missing@guest.test", "bounced", 1),
        ("slow@slow.test", "deferred", 1),
        ("slow@slow.test", "accepted", 2),
    ]
    assert len({one.delivery_id for one in found}) == 3
    assert len({one.source_key for one in found}) == 4


def test_an_event_holds_what_several_lines_say() -> None:
    first, refused, waiting, _ = events(SAMPLES / "postfix.log", zone="America/Toronto", year=2025)
    assert first.moment == datetime(2026, 1, 1, 4, 59, 52, tzinfo=UTC)
    assert (first.message_id, first.sender, first.account) == (
        "<trace-1@hotel.test>",
        "frontdesk@hotel.test",
        "frontdesk@hotel.test",
    )
    assert (first.endpoint, first.address, first.tls, first.queue_id) == ("mx.guest.test:25", "198.51.100.5", "TLSv1.3", "9F1C2")
    assert (first.before_ms, first.queue_ms, first.connect_ms, first.transmit_ms) == (50, 10, 300, 1240)
    assert (refused.reply_code, refused.enhanced_code, refused.reason, refused.stage) == (
        550,
        "5.1.1",
        "userunknown",
        "recipient",
    )
    assert str(refused.reply).startswith("host mx.guest.test[198.51.100.5] said: 550")
    assert (waiting.endpoint, waiting.stage, waiting.cause) == ("mx.slow.test:25", "connect", "connect_timeout")


def test_lines_of_other_programs_are_no_errors() -> None:
    _, unreadable, tally = both(SAMPLES / "postfix.log", zone="UTC", year=2025)
    assert (unreadable, tally.foreign) == ([], 7)


def test_a_message_that_comes_back_from_a_content_filter_is_handed_over_once() -> None:
    found = events(SAMPLES / "postfix_filter.log")
    assert [(one.recipient, one.state) for one in found] == [
        ("guest@guest.test", "pending"),
        ("desk@hotel.test", "pending"),
        ("guest@guest.test", "accepted"),
        ("staff@hotel.test", "delivered"),
        ("desk@hotel.test", "skipped"),
    ]
    assert found[0].delivery_id == found[2].delivery_id
    assert found[1].delivery_id == found[4].delivery_id


def test_taken_by_a_server_is_accepted_and_put_into_a_mailbox_is_delivered(tmp_path: Path) -> None:
    told = {
        "smtp": ("mx.guest.test[198.51.100.5]:25", "250 ok", "accepted"),
        "lmtp": ("hotel.test[private/dovecot-lmtp]", "250 2.0.0 <a> x Saved", "delivered"),
        "virtual": ("virtual", "delivered to maildir", "delivered"),
        "local": ("local", "delivered to mailbox", "delivered"),
        "pipe": ("dovecot", "delivered via dovecot service", "delivered"),
        "relay/pipe": ("fax", "delivered via fax service", "accepted"),
        "x/local": ("local", 'delivered to command: "|/usr/bin/procmail"', "delivered"),
        "y/local": ("local", "delivered to command: /usr/bin/print", "accepted"),
        "z/local": ("local", "forwarded as 4ABCDEF", "skipped"),
        "discard": ("none", "guest.test", "skipped"),
    }
    lines = [
        f"2026-03-02T09:00:01+01:00 relay postfix/{program}[1]: 4A{number:04d}: to=<a@b.test>, relay={relay}, delay=1,"
        f" delays=0/0/0/1, dsn=2.0.0, status=sent ({reply})\n"
        for number, (program, (relay, reply, _)) in enumerate(told.items())
    ]
    found = events(written(tmp_path, "".join(lines)))
    assert [one.state for one in found] == [state for _, _, state in told.values()]


@pytest.mark.parametrize(
    ("status", "reply", "state"),
    [
        (
            "deferred",
            "lost connection with mx[192.0.2.1] while sending end of data -- message may be sent more than once",
            "uncertain",
        ),
        ("SOFTBOUNCE", "host mx[192.0.2.1] said: 550 no (in reply to RCPT TO command)", "deferred"),
        ("expired", "delivery temporarily suspended: connect to mx[192.0.2.1]:25: Connection refused", "expired"),
        ("undeliverable", "host mx[192.0.2.1] said: 550 no (in reply to RCPT TO command)", "rejected"),
    ],
)
def test_every_status_has_its_state(tmp_path: Path, status: str, reply: str, state: str) -> None:
    line = (
        "Mar  2 09:00:01 relay postfix-out/smtp[1]: 4A0001: to=<a@b.test>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.2,"
        f" status={status} ({reply})\n"
    )
    (one,) = events(written(tmp_path, line), zone="UTC", year=2026)
    assert one.state == state


@pytest.mark.parametrize(
    "line",
    [
        sent("Mar  2 08:00:01"),
        sent("Mar 02 08:00:01"),
        sent("<22>Mar  2 08:00:01"),
        sent("2026-03-02T08:00:01Z"),
        sent("2026-03-02T03:00:01.000000-05:00"),
        sent("2026-03-02T09:00:01+0100"),
        sent("2026-03-02 08:00:01"),
        sent("Mar  2 08:00:01").replace("[9]: ", "[9]: [ID 197553 mail.info] "),
        sent("<22>1 2026-03-02T08:00:01.000Z").replace("postfix/smtp[9]:", "postfix/smtp 9 - -"),
        sent("Mar  2 08:00:01").replace("\n", "\r\n"),
        "\0\0\0" + sent("Mar  2 08:00:01"),
    ],
)
def test_every_way_to_write_a_line_is_read(tmp_path: Path, line: str) -> None:
    (one,) = events(written(tmp_path, line), zone="UTC", year=2026, kind="postfix")
    assert (one.moment, one.recipient) == (WHEN, "guest@guest.test")


def test_what_journalctl_exports_is_read(tmp_path: Path) -> None:
    text = sent("x").partition("]: ")[2].strip()
    entry = {
        "__REALTIME_TIMESTAMP": str(int(WHEN.timestamp() * 1e6)),
        "_HOSTNAME": "relay",
        "SYSLOG_IDENTIFIER": "postfix/smtp",
        "_PID": "9",
        "MESSAGE": text,
    }
    exported = "".join(f"{name}={value}\n" for name, value in entry.items()) + "\n"
    length = len(text.encode()).to_bytes(8, "little")
    binary = exported.replace(f"MESSAGE={text}\n", "").encode()[:-1] + b"MESSAGE\n" + length + text.encode() + b"\n\n"
    files = [
        written(tmp_path, exported, "a.export"),
        written(tmp_path, binary, "b.export"),
        written(tmp_path, json.dumps(entry) + "\n", "c.json"),
        written(tmp_path, json.dumps({"log": sent("2026-03-02T08:00:01Z"), "stream": "stdout"}) + "\n", "d.json"),
    ]
    for file in files:
        (one,) = events(file)
        assert (one.moment, one.recipient) == (WHEN, "guest@guest.test")


def test_a_refusal_at_the_door_is_one_delivery_a_day(tmp_path: Path) -> None:
    refusal = (
        "{stamp} relay postfix/smtpd[5]: NOQUEUE: reject: RCPT from unknown[203.0.113.7]: {said}; from=<a@b.test> to=<c@d.test>"
        " proto=ESMTP helo=<h>\n"
    )
    log = written(
        tmp_path,
        refusal.format(stamp="Mar  2 09:00:01", said="450 4.2.0 <c@d.test>: Recipient address rejected: Greylisted")
        + refusal.format(stamp="Mar  2 09:10:01", said="554 5.7.1 <c@d.test>: Relay access denied")
        + refusal.format(stamp="Mar  3 09:10:01", said="554 5.7.1 <c@d.test>: Relay access denied")
        + "Mar  3 09:10:02 relay postfix/postscreen[5]: NOQUEUE: reject: RCPT from [203.0.113.7]:4711: 550 5.7.1 Service"
        " unavailable; client [203.0.113.7] blocked using list.test; from=<a@b.test>, to=<c@d.test>, proto=ESMTP, helo=<h>\n"
        + "Mar  3 09:10:03 relay postfix/smtpd[5]: NOQUEUE: reject: CONNECT from pc[203.0.113.7]: 554 5.7.1 no; proto=SMTP\n",
    )
    found = events(log, zone="UTC", year=2026)
    assert [(one.state, one.reply_code, one.enhanced_code, one.stage) for one in found] == [
        ("deferred", 450, "4.2.0", "recipient"),
        ("rejected", 554, "5.7.1", "recipient"),
        ("rejected", 554, "5.7.1", "recipient"),
        ("rejected", 550, "5.7.1", "recipient"),
    ]
    assert len({one.delivery_id for one in found}) == 2
    assert found[1].cause == "relay_denied"


def test_what_a_milter_refuses_or_holds_belongs_to_its_message(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        "Mar  2 09:00:01 relay postfix/cleanup[2]: 4A0001: message-id=<m1@h.test>\n"
        "Mar  2 09:00:01 relay postfix/cleanup[2]: 4A0001: milter-reject: END-OF-MESSAGE from pc[203.0.113.7]: 5.7.1 Spam;"
        " from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<h>\n"
        "Mar  2 09:00:02 relay postfix/cleanup[2]: 4A0002: message-id=<m2@h.test>\n"
        "Mar  2 09:00:02 relay postfix/cleanup[2]: 4A0002: milter-hold: END-OF-MESSAGE from pc[192.0.2.9]: milter triggers HOLD"
        " action; from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<h>\n"
        "Mar  2 09:00:03 relay postfix/cleanup[2]: 4A0003: reject: header Subject: win big; from=<x> from pc[192.0.2.9];"
        " from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<h>: 5.7.1 no lotteries\n",
    )
    found = events(log, zone="UTC", year=2026)
    assert [(one.state, one.message_id, one.reply) for one in found] == [
        ("rejected", "<m1@h.test>", "5.7.1 Spam"),
        ("pending", "<m2@h.test>", "milter triggers HOLD action"),
        ("rejected", None, "5.7.1 no lotteries"),
    ]


def test_a_message_that_is_given_up_ends_for_all_who_waited(tmp_path: Path) -> None:
    waiting = (
        "Mar  2 09:00:01 relay postfix/smtp[2]: {name}: to=<{to}@slow.test>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1,"
        " status=deferred (connect to mx.slow.test[192.0.2.1]:25: Connection refused)\n"
    )
    log = written(
        tmp_path,
        waiting.format(name="4A0001", to="a")
        + waiting.format(name="4A0001", to="b")
        + waiting.format(name="4A0002", to="c")
        + "Mar  7 09:00:01 relay postfix/qmgr[3]: 4A0001: from=<x@y.test>, status=expired, returned to sender\n"
        "Mar  7 09:00:02 relay postfix/postsuper[4]: 4A0002: removed\n"
        "Mar  7 09:00:03 relay postfix/qmgr[3]: 4A0009: from=<x@y.test>, status=expired, returned to sender\n",
    )
    found, unreadable, _ = both(log, zone="UTC", year=2026)
    assert [(one.recipient, one.state) for one in found[3:]] == [
        ("a@slow.test", "expired"),
        ("b@slow.test", "expired"),
        ("c@slow.test", "expired"),
    ]
    assert found[3].delivery_id == found[0].delivery_id
    assert [(one.line, "earlier log" in one.why) for one in unreadable] == [(6, True)]


def test_a_queue_id_that_is_used_again_is_another_message(tmp_path: Path) -> None:
    again = "".join(
        f"Mar  2 09:0{minute}:00 relay postfix/smtpd[1]: A1B2C: client=pc[192.0.2.1]\n"
        f"Mar  2 09:0{minute}:00 relay postfix/cleanup[1]: A1B2C: message-id=<m{minute}@h.test>\n"
        f"Mar  2 09:0{minute}:01 relay postfix/smtp[1]: A1B2C: to=<g@g.test>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1,"
        " status=deferred (connect to mx[192.0.2.1]:25: Connection refused)\n"
        for minute in (1, 2)
    )
    found = events(written(tmp_path, again), zone="UTC", year=2026)
    assert [(one.message_id, one.attempt) for one in found] == [("<m1@h.test>", 1), ("<m2@h.test>", 1)]
    assert found[0].delivery_id != found[1].delivery_id


def test_rotated_logs_are_read_as_one_oldest_first(tmp_path: Path) -> None:
    lines = (SAMPLES / "postfix.log").read_text().splitlines(keepends=True)
    (tmp_path / "mail.log.2.gz").write_bytes(gzip.compress("".join(lines[:4]).encode()))
    written(tmp_path, "".join(lines[4:8]), "mail.log.1")
    written(tmp_path, "".join(lines[8:]), "mail.log")
    for path in tmp_path.iterdir():
        os.utime(path, (datetime(2026, 1, 2, tzinfo=UTC).timestamp(),) * 2)
    whole = events(SAMPLES / "postfix.log", zone="UTC", year=2025)
    assert events(tmp_path, zone="UTC") == whole
    assert events([tmp_path / "mail.log", tmp_path / "mail.log.2.gz", tmp_path / "mail.log.1"], zone="UTC") == whole


def test_half_a_line_and_a_line_no_postfix_writes_are_listed_with_their_number(tmp_path: Path) -> None:
    line = sent("2026-03-02T08:00:01Z")
    log = written(tmp_path, line + line.replace("status=sent", "status=beamed") + line.replace("delay=1,", "") + line[:-30])
    found, unreadable, _ = both(log)
    assert len(found) == 1
    assert [one.line for one in unreadable] == [2, 3, 4]
    assert "ends in the middle" in unreadable[-1].why
    assert unreadable[-1].text.startswith("2026-03-02T08:00:01Z relay")


def test_hostile_values_show_themselves_and_end(tmp_path: Path) -> None:
    line = sent("2026-03-02T08:00:01Z").encode()
    hostile = line.replace(b"guest@guest", b"caf\xe9\x1b[31m@guest").replace(b"250 2.0.0", b"250 \x07" + b"x" * 20_000)
    (one,) = events(written(tmp_path, hostile))
    assert one.recipient == "café\\x1b[31m@guest.test"
    assert len(str(one.reply)) <= 4000
    assert "\x07" not in str(one.reply)
