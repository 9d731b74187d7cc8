"""Mails that came back become events, of the kit's own deliveries where they name them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mailkit.history.importing import Tally, read_mails

from .imports import both, events, written


def bounce(
    message_id: str = "<own-1@hotel.test>", action: str = "failed", said: str = "550 5.1.1 User unknown", number: int = 1
) -> str:
    return f"""From: MAILER-DAEMON@relay.test
To: frontdesk@hotel.test
Subject: Undelivered Mail
Message-ID: <dsn-{number}@relay.test>
Date: Mon, 02 Mar 2026 15:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail to guest@guest.test.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; guest@guest.test
Action: {action}
Status: {said[4:9]}
Diagnostic-Code: smtp; {said}

--b
Content-Type: message/rfc822

Message-ID: {message_id}
From: frontdesk@hotel.test
To: guest@guest.test
Subject: x

hello
--b--
"""


def test_a_bounce_is_an_event(tmp_path: Path) -> None:
    (one,) = events(written(tmp_path, bounce(), "a.eml"))
    assert (one.source, one.state, one.recipient, one.reason) == ("bounce", "bounced", "guest@guest.test", "userunknown")
    assert (one.moment, one.message_id) == (datetime(2026, 3, 2, 14, 0, tzinfo=UTC), "<own-1@hotel.test>")
    assert (one.reply_code, one.enhanced_code, one.stage) == (550, "5.1.1", "recipient")


def test_a_delay_a_success_and_a_time_out_are_told_apart(tmp_path: Path) -> None:
    written(tmp_path, bounce(action="delayed", said="451 4.4.1 No answer from host", number=1), "a.eml")
    written(tmp_path, bounce(action="delivered", said="250 2.1.5 Ok", number=2), "b.eml")
    written(tmp_path, bounce(said="451 4.4.7 Message expired", number=3), "c.eml")
    assert [one.state for one in events(tmp_path)] == ["deferred", "delivered", "expired"]


def test_an_mbox_and_a_folder_of_the_same_mails_say_the_same(tmp_path: Path) -> None:
    mails = [bounce(number=number, message_id=f"<own-{number}@hotel.test>") for number in (1, 2)]
    box = written(tmp_path, "".join(f"From x@y.test Mon Mar  2 15:00:00 2026\n{mail}\n" for mail in mails), "bounces.mbox")
    folder = tmp_path / "Maildir" / "cur"
    folder.mkdir(parents=True)
    for number, mail in enumerate(mails):
        (folder / f"177246{number}.M1P2.host:2,S").write_text(mail)
    assert events(box) == events(tmp_path / "Maildir")


def test_ordinary_mail_and_automatic_answers_are_passed_over(tmp_path: Path) -> None:
    mail = (
        "From: guest@guest.test\nTo: frontdesk@hotel.test\nSubject: Thank you\nDate: Mon, 02 Mar 2026 15:00:00 +0100\n\nNice.\n"
    )
    found, unreadable, tally = both(written(tmp_path, mail, "a.eml"))
    assert (found, unreadable, tally.foreign) == ([], [], 1)


def test_mails_from_elsewhere_are_joined_to_the_kits_own_deliveries() -> None:
    mails = [
        ("INBOX/7", bounce("<OWN-1@hotel.test>").encode()),
        ("INBOX/8", b"From: a@b.test\nTo: c@d.test\nSubject: hi\n\nhi\n"),
    ]
    tally = Tally()
    (one,) = read_mails(mails, own={"own-1@hotel.test": "delivery-1"}.get, tally=tally)
    assert (one.delivery_id, tally.foreign) == ("delivery-1", 1)
