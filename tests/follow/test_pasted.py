"""A source is read however it was copied, and a hostile one harms nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mailkit.diagnosis.arrival import judge_arrival
from mailkit.mail.follow import Expected, read_source
from mailkit.mail.follow.reading import read_copy
from mailkit.report.arrival import page, render

from .dialects import ALL, GMAIL, MICROSOFT

HEADER = GMAIL.partition(b"\n\n")[0].decode()


def facts(source: bytes) -> tuple[Any, ...]:
    copy = read_copy(source)
    return (
        [hop.by for hop in copy.hops],
        [hop.moment for hop in copy.hops],
        copy.message_id,
        copy.said("dmarc")[:1],
        copy.return_path,
    )


COPIED = {
    "windows line ends": HEADER.replace("\n", "\r\n"),
    "folds without their indent": re.sub(r"\n[ \t]+", "\n", HEADER),
    "every line indented": re.sub(r"(?m)^", "    ", HEADER),
    "quoted in an answer": re.sub(r"(?m)^", "> ", HEADER),
    "a blank line behind every line": HEADER.replace("\n", "\n\n"),
    "a label above": "Internet headers:\n\n" + HEADER,
    "a byte order mark": "\ufeff" + HEADER,
    "out of an mbox": "From frontdesk@builder.test Tue Mar  3 12:00:00 2026\n" + HEADER,
}


@pytest.mark.parametrize("how", COPIED)
def test_a_copied_header_says_the_same_as_the_mail(how: str) -> None:
    assert facts(COPIED[how].encode()) == facts(GMAIL)


def test_a_header_copied_from_a_web_page_is_read() -> None:
    web = HEADER.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert facts(("Original message\n" + web).encode())[2:] == facts(GMAIL)[2:]


async def test_the_whole_source_tells_when_it_is_what_was_sent() -> None:
    sent = Expected(
        message_id="<4f1f00aa11bb22cc33dd@builder.test>", delivery_id="4f1f00aa11bb22cc33dd", sender="bounces@builder.test"
    )
    arrival = await read_source(GMAIL, sent=sent)
    assert (arrival.found, arrival.copies[0].matched, arrival.recipient) == ("arrived", "message-id", "guest@gmail.com")
    assert [change.field for change in arrival.copies[0].changes] == ["Return-Path"]
    other = await read_source(GMAIL.replace(b"4f1f00aa11", b"0000000000"), sent=sent)
    assert other.found == "missing"


async def test_a_mail_that_got_another_message_id_is_known_by_its_token() -> None:
    sent = Expected(message_id="<4f1f00aa11bb22cc33dd@builder.test>", delivery_id="4f1f00aa11bb22cc33dd")
    changed = GMAIL.replace(b"<4f1f00aa11bb22cc33dd@builder.test>", b"<0100018f@relay.test>")
    assert (await read_source(changed, sent=sent)).copies[0].matched == "token"
    answer = changed.replace(b"Subject: ", b"In-Reply-To: <4f1f00aa11bb22cc33dd@builder.test>\nSubject: Re: ")
    assert (await read_source(answer, sent=sent)).found == "missing"


async def test_a_pasted_bounce_is_read_as_one() -> None:
    bounce = b"""\
Return-Path: <>
From: MAILER-DAEMON@mail.builder.test (Mail Delivery System)
To: frontdesk@builder.test
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.builder.test

Final-Recipient: rfc822; nobody@hotel.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <nobody@hotel.test>: user unknown

--b
Content-Type: text/rfc822-headers

Message-ID: <4f1f00aa11bb22cc33dd@builder.test>

--b--
"""
    arrival = await read_source(bounce)
    assert arrival.found == "returned"
    assert arrival.returned[0].facts[0].reason == "userunknown"
    assert judge_arrival(arrival)[0].code == "arrival.bounced"


HOSTILE = {
    "nothing": b"",
    "zeros": b"\0" * 5000,
    "one long line": b"Received: from " + b"a" * 1_000_000,
    "a megabyte of fields": b"X-A: b\n" * 150_000,
    "ten thousand hops": b"Received: from a.test (a.test [192.0.2.1]) by b.test; Tue, 3 Mar 2026 12:00:00 +0000\n" * 10_000,
    "comments without end": b"Received: " + b"(" * 100_000 + b"\nAuthentication-Results: " + b"(" * 100_000,
    "quotes without end": b'Authentication-Results: mx.test; spf="' + b'\\"' * 100_000,
    "blanks": b"Authentication-Results:" + b" " * 500_000 + b"x;" + b" " * 500_000,
    "spam scores": b"X-Spam-Status: " + b"yes score=" * 50_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?=41?= " * 50_000,
    "commands to a terminal": b"Received: from \x1b]0;owned\x07 (\x9b31m [192.0.2.1]) by \xe2\x80\xaeb.test; x\n"
    b"From: <script>alert(1)</script>@a.test\nSubject: \x1b[2J\n",
    "addresses": b"From: " + b"<" * 50_000 + b"a@b.test\nReturn-Path: " + b"(" * 50_000,
    "dates": b"Received: by a.test; " + b"Tue, 3 Mar 99999999999999999999 " * 2000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_source_is_read_in_bounded_time_and_shows_nothing_that_acts(name: str) -> None:
    arrival = await read_source(HOSTILE[name])
    findings = judge_arrival(arrival)
    assert findings
    told, shown = render(arrival, findings), page(arrival, findings)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told)
    assert "<script" not in shown
    assert len(shown) < 400_000


@settings(max_examples=150, deadline=None)
@given(some.binary(max_size=400), some.sampled_from(sorted(ALL)), some.integers(0, 900))
async def test_no_source_makes_reading_fail(noise: bytes, name: str, at: int) -> None:
    mail = ALL[name][:at] + noise + ALL[name][at + len(noise) :]
    arrival = await read_source(mail)
    assert judge_arrival(arrival)


async def test_text_is_read_like_bytes() -> None:
    assert (await read_source(MICROSOFT.decode())).copies == (await read_source(MICROSOFT)).copies
