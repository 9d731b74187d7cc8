"""A bounce of whatever program is read: whom it is about, why, and in whose words; what is none is said to be none."""

from __future__ import annotations

import json

import pytest

from mailkit.explain import read_bounce

RETURNED = """
Received: from pc (pc [192.0.2.1]) by mail.site.test; Mon, 1 Jun 2026 09:00:00 +0000
Message-ID: <sent-1@site.test>
From: desk@site.test
To: guest@other.test
Subject: hello
MIME-Version: 1.0

hello
"""


def mail(sender: str, subject: str, body: str, *fields: str) -> bytes:
    head = [f"From: {sender}", "To: desk@site.test", f"Subject: {subject}", "Date: Mon, 1 Jun 2026 10:00:00 +0000", *fields]
    return ("\n".join(head) + "\n\n" + body).encode()


def report(group: str, words: str = "Something went wrong.", returned: str = RETURNED) -> bytes:
    """Return a delivery status notification (RFC 3464)."""
    return mail(
        "Mail Delivery System <MAILER-DAEMON@site.test>",
        "Undelivered Mail",
        f"--b\n\n{words}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.site.test\n\n{group}\n"
        f"--b\nContent-Type: message/rfc822\n{returned}\n--b--\n",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    )


NOTICES = {
    "before a colon": (
        "failure notice",
        "Hi. I was not able to deliver your message to the following addresses.\n\n<guest@other.test>:\n"
        "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n" + RETURNED,
        "recipient_unknown",
    ),
    "alone on a line": (
        "Mail delivery failed",
        "A message that you sent could not be delivered:\n\n  guest@other.test\n"
        "    host mx.other.test [192.0.2.5]: 552 5.2.2 mailbox full\n\n------ This is a copy of the message ------\n" + RETURNED,
        "mailbox_full",
    ),
    "in a session": (
        "Returned mail",
        (
            "   ----- The following addresses had permanent fatal errors -----\n<guest@other.test>\n\n"
            "   ----- Transcript of session follows -----\n>>> RCPT To:<guest@other.test>\n<<< 554 5.7.1 Relaying denied\n"
        ),
        "relay_denied",
    ),
    "behind a label": (
        "DELIVERY FAILURE",
        (
            "Your message\n\n  Subject: hello\n\nwas not delivered to:\n\n  guest@other.test\n\nbecause:\n\n"
            "  User guest (guest@other.test) not listed in the directory\n"
        ),
        "recipient_unknown",
    ),
    "in quotation marks": (
        "Unzustellbar: hello",
        (
            "Ihre Nachricht\n\n  An:      guest@other.test\n  Betreff: hello\n\nkonnte folgende Empfänger nicht erreichen:\n\n"
            "'guest@other.test' am 01.06.2026 09:01\n    550 5.1.1 User unknown\n"
        ),
        "recipient_unknown",
    ),
    "in a sentence": (
        "Mail could not be delivered",
        "Unable to deliver message to <guest@other.test>\nThe message is larger than the maximum message size.\n",
        "too_big",
    ),
    "in French": (
        "Échec de remise",
        "Votre message n'a pas pu être remis à l'adresse suivante :\n\n guest@other.test\n\nMotif : boîte aux lettres pleine\n",
        "mailbox_full",
    ),
    "in Japanese": (
        "エラーメール",
        "次の宛先に配信できませんでした。\n\n<guest@other.test>\n\n宛先のメールアドレスが見つかりません。\n",
        "recipient_unknown",
    ),
    "of a name that does not exist": (
        "failure notice",
        "<guest@other.test>:\nSorry, I couldn't find any host named other.test. (#5.1.2)\n" + RETURNED,
        "recipient_domain",
    ),
}


@pytest.mark.parametrize(("subject", "text", "cause"), NOTICES.values(), ids=NOTICES)
def test_words_for_people_are_read_by_their_structure(subject: str, text: str, cause: str) -> None:
    reading = read_bounce(mail("MAILER-DAEMON@other.test", subject, text))
    assert reading.is_bounce
    assert [(fact.recipient, fact.cause) for fact in reading.facts] == [("guest@other.test", cause)]


def test_fields_for_programs_are_read() -> None:
    group = (
        "Final-Recipient: rfc822; guest@other.test\nAction: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.other.test\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <guest@other.test>:\n    user unknown"
    )
    reading = read_bounce(report(group))
    (fact,) = reading.facts
    assert (reading.kind, reading.decoder, reading.message_id) == ("bounce", "delivery-status", "<sent-1@site.test>")
    assert (fact.recipient, fact.reason, fact.bounce, fact.class_) == ("guest@other.test", "userunknown", "hard", "permanent")
    assert (fact.status, fact.replycode, fact.remote) == ("5.1.1", "550", "mx.other.test")
    assert "user unknown" in (fact.words or "")


def test_each_recipient_has_a_fact_of_its_own() -> None:
    group = (
        "Final-Recipient: rfc822; a@other.test\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; b@other.test\nAction: failed\nStatus: 5.2.2\n\n"
        "Final-Recipient: rfc822; c@other.test\nAction: delivered\nStatus: 2.0.0\n"
    )
    reading = read_bounce(report(group))
    assert [(fact.recipient, fact.reason) for fact in reading.facts] == [
        ("a@other.test", "userunknown"),
        ("b@other.test", "mailboxfull"),
        ("c@other.test", "delivered"),
    ]


def test_the_words_beside_the_fields_tell_where_the_fields_do_not() -> None:
    group = "Final-Recipient: rfc822; guest@other.test\nAction: failed\nStatus: 5.0.0"
    words = "<guest@other.test>: host mx.other.test[192.0.2.5] said: 550 5.7.26 DMARC check failed"
    assert read_bounce(report(group, words)).facts[0].reason == "authfailure"


def test_the_returned_mail_does_not_speak_for_the_server() -> None:
    returned = RETURNED.replace("hello\n", "user unknown, mailbox full, virus found\n")
    group = "Final-Recipient: rfc822; guest@other.test\nAction: failed\nStatus: 5.7.26"
    assert read_bounce(report(group, returned=returned)).facts[0].reason == "authfailure"


def test_a_delay_is_no_failure() -> None:
    reading = read_bounce(report("Final-Recipient: rfc822; guest@other.test\nAction: delayed\nStatus: 4.4.1"))
    assert reading.kind == "delay"
    assert reading.facts[0].bounce == "soft"


def test_a_success_is_told_as_one() -> None:
    reading = read_bounce(report("Final-Recipient: rfc822; guest@other.test\nAction: delivered\nStatus: 2.0.0"))
    assert (reading.kind, reading.is_bounce) == ("delivered", False)


def test_fields_in_a_mail_that_lost_its_header_are_found() -> None:
    text = (
        "--x\n\nSomething went wrong.\n\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.test\n\n"
        "Final-Recipient: rfc822; guest@other.test\nAction: failed\nStatus : 5.2.2\n\n--x\n" + RETURNED
    )
    reading = read_bounce(mail("MAILER-DAEMON@a.test", "Returned mail", text))
    assert [(fact.recipient, fact.reason) for fact in reading.facts] == [("guest@other.test", "mailboxfull")]


def test_a_complaint_is_told_as_one() -> None:
    body = (
        "--b\n\nThis is a report.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        f"Original-Rcpt-To: <guest@other.test>\n\n--b\nContent-Type: message/rfc822\n{RETURNED}\n--b--\n"
    )
    reading = read_bounce(
        mail("staff@other.test", "complaint", body, 'Content-Type: multipart/report; report-type=feedback-report; boundary="b"')
    )
    assert (reading.kind, reading.is_bounce) == ("complaint", False)
    assert [(fact.recipient, fact.reason, fact.bounce) for fact in reading.facts] == [("guest@other.test", "feedback", "none")]


def test_a_sending_service_s_notice_in_json_is_read() -> None:
    told = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [
                {"emailAddress": "guest@other.test", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
            ],
        },
        "mail": {"messageId": "abc"},
    }
    outer = json.dumps({"Type": "Notification", "Message": json.dumps(told)})
    for text in (json.dumps(told), outer):
        reading = read_bounce(mail("no-reply@service.test", "Notification", text))
        assert [(fact.recipient, fact.reason) for fact in reading.facts] == [("guest@other.test", "userunknown")]


def test_a_bounce_that_somebody_forwarded_as_a_quotation_is_read() -> None:
    inner = mail("MAILER-DAEMON@a.test", "Returned mail", "<guest@other.test>:\n550 5.1.1 user unknown\n").decode()
    text = "Please look:\n\n" + "\n".join(f"> {line}" for line in inner.split("\n"))
    reading = read_bounce(mail("boss@site.test", "Fwd: Returned mail", text))
    assert [(fact.recipient, fact.reason) for fact in reading.facts] == [("guest@other.test", "userunknown")]


@pytest.mark.parametrize(
    ("sender", "subject", "text", "kind"),
    [
        ("guest@other.test", "Out of office: hello", "I am away. My mailbox is full of mail.", "vacation"),
        ("guest@other.test", "Automatische Antwort: hello", "Ich bin im Urlaub.", "vacation"),
        ("guest@other.test", "Re: user unknown", "The address guest@x.test gives 550 user unknown. What now?", "ordinary"),
        ("guest@other.test", "Delivery of the concrete failed", "Nobody was at the gate; the delivery failed.", "ordinary"),
        ("news@shop.test", "Your delivery status", "Your parcel is delayed. Write to help@shop.test.", "ordinary"),
        ("list-owner@list.test", "Digest", "guest@x.test wrote:\n> my mail was rejected: 550 mailbox full", "ordinary"),
    ],
)
def test_no_bounce_is_seen_in_an_ordinary_mail(sender: str, subject: str, text: str, kind: str) -> None:
    reading = read_bounce(mail(sender, subject, text))
    assert (reading.kind, reading.is_bounce) == (kind, False)


def test_a_bounce_without_a_trace_of_the_mail_it_is_about_has_no_message_id() -> None:
    reading = read_bounce(mail("MAILER-DAEMON@a.test", "Returned mail", "<guest@other.test>: 550 user unknown\n"))
    assert reading.message_id is None
