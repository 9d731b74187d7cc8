"""Which of the mails that were sent came back: by the message id of the mail that was returned, and by the recipient."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from mailkit.attempt import Attempt, Outcome
from mailkit.explain import BounceReading, correlate, read_bounce
from mailkit.report.machine import line


def attempt(
    delivery: str, to: str, *, message_id: str = "<One.1@site.test>", number: int = 1, outcome: Outcome = "accepted"
) -> Attempt:
    return Attempt(message_id=message_id, delivery_id=delivery, number=number, kind="trace", recipient=to, outcome=outcome)


def returned(*recipients: str, message_id: str = "<One.1@site.test>") -> BounceReading:
    refused = "\n".join(f"<{one}>: 550 5.1.1 user unknown" for one in recipients)
    return read_bounce(
        (
            "From: MAILER-DAEMON@mx.test\nTo: traces@site.test\nSubject: Undelivered mail\n"
            'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\n\nYour mail was not delivered.\n\n{refused}\n\n--b\nContent-Type: message/rfc822\n\n"
            f"From: traces@site.test\nTo: guest@hotel.test\nMessage-ID: {message_id}\nSubject: Trace\n\nHello\n--b--\n"
        ).encode()
    )


def test_a_bounce_finds_the_attempt_with_its_fact() -> None:
    (found,) = correlate(
        [returned("guest@hotel.test")], [attempt("d1", "guest@hotel.test"), attempt("d2", "x@y.test", message_id="<2@b>")]
    ).returned
    assert found.attempt.delivery_id == "d1"
    assert found.fact is not None
    assert found.fact.reason == "userunknown"


@pytest.mark.parametrize("spelling", ["One.1@site.test", "<one.1@SITE.test>", "<One.1\r\n @site.test>", " <One.1@site.test> "])
def test_a_message_id_is_known_in_any_spelling(spelling: str) -> None:
    told = correlate([returned("guest@hotel.test")], [attempt("d1", "guest@hotel.test", message_id=spelling)])
    assert [one.attempt.delivery_id for one in told.returned] == ["d1"]


def test_of_one_message_to_several_each_recipient_finds_his_own() -> None:
    sent = [attempt(name, f"{name}@hotel.test") for name in ("ann", "bo", "cy")]
    told = correlate([returned("BO@hotel.test", "cy@hotel.test", "dee@hotel.test")], sent)
    assert [one.attempt.delivery_id for one in told.returned] == ["bo", "cy"]
    assert [(one.why, one.fact and one.fact.recipient) for one in told.unmatched] == [("recipient-unclear", "dee@hotel.test")]


def test_a_mail_forwarded_to_another_address_is_still_the_one_that_was_sent() -> None:
    told = correlate([returned("elsewhere@other.test")], [attempt("d1", "guest@hotel.test")])
    assert [one.attempt.delivery_id for one in told.returned] == ["d1"]


def test_of_several_attempts_the_one_that_was_taken_came_back() -> None:
    sent = [
        attempt("d1", "guest@hotel.test", number=2),
        attempt("d1", "guest@hotel.test", number=1, outcome="deferred"),
        attempt("d1", "guest@hotel.test", number=3, outcome="rejected"),
    ]
    (found,) = correlate([returned("guest@hotel.test")], sent).returned
    assert found.attempt.number == 2


def test_what_is_about_no_mail_of_ours_is_listed() -> None:
    nameless = read_bounce(b"From: MAILER-DAEMON@a.test\nSubject: Returned mail\n\n<guest@hotel.test>: 550 5.1.1 user unknown\n")
    ordinary = read_bounce(b"From: a@b.test\nTo: c@d.test\nSubject: Lunch\n\nAt noon.\n")
    told = correlate(
        [nameless, returned("guest@hotel.test", message_id="<other@else.test>"), ordinary], [attempt("d1", "guest@hotel.test")]
    )
    assert not told.returned
    assert [one.why for one in told.unmatched] == ["no-message-id", "not-sent"]


def test_an_attempt_is_a_document_that_comes_back_as_it_was() -> None:
    one = attempt("d1", "guest@hotel.test")
    document: dict[str, Any] = json.loads(line(one))
    assert (document["schema"], document["next_try"]) == ("mailkit.attempt/1", None)
    assert msgspec.json.decode(line(one), type=Attempt) == one
