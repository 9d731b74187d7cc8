"""Whatever comes in, the readers answer, in bounded time and memory."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.explain import explain, explanations, looks_like_mail, read_bounce
from mailkit.text import visible

HEAD = b"From: MAILER-DAEMON@a.test\nSubject: Returned mail\nTo: desk@site.test\n"
WHOLE = (
    HEAD
    + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\n'
    + b"<guest@other.test>: 550 5.1.1 user unknown\n"
    + b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; guest@other.test\n"
    + b"Action: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\nFrom: desk@site.test\n"
    + b"To: guest@other.test\n\nhello\n--b--\n"
)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert read_bounce(HEAD + b"\n" + raw).kind
    assert read_bounce(raw).kind
    assert looks_like_mail(raw) in {True, False}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_bounce_cut_off_or_with_a_byte_flipped_is_read(end: int, at: int, byte: int) -> None:
    assert read_bounce(WHOLE[:end]).kind
    assert read_bounce(WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]).kind


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=600))
def test_any_text_is_explained(text: str) -> None:
    assert explain(text).cause
    assert explanations("220 mx\nMAIL FROM:<a@b.test>\n" + text)


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\n" + b"a" * 50_000_000,
        HEAD + b"\n" + b"guest@other.test " * 200_000,
        HEAD + b"\n" + b"@" * 1_000_000,
        HEAD + b"\n" + b" " * 1_000_000 + b"\n" + b"\t \n" * 200_000,
        HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)),
        HEAD + b"Content-Type: message/rfc822\n\n" * 20_000,
        HEAD + b"X-Failed-Recipients: " + b"a@b.test, " * 100_000 + b"\n\n",
        HEAD + b"Content-Type: text/html\n\n" + b"<style><a <b " * 80_000,
        b"Subject: =?utf-8?b?a?=\n\n" + b"=?utf-8?q?a?= " * 50_000,
        b'Content-Type: text/plain; charset="no-such"\nContent-Transfer-Encoding: base64\nFrom: MAILER-DAEMON@a.test\n\n!!!!',
        b"",
        b"\n\n\n",
    ],
    ids=[
        "50 MB",
        "addresses",
        "at signs",
        "blanks",
        "nested parts",
        "nested mails",
        "field",
        "markup",
        "words",
        "charset",
        "empty",
        "lines",
    ],
)
def test_a_mail_made_to_exhaust_is_read(raw: bytes) -> None:
    assert read_bounce(raw).kind


@pytest.mark.parametrize(
    "piece", ["550 ", "host ", "[", "(550 ", "a.b", "SomeError: ", "status=bounced (", "<** 550 x\n", "5.1.1.", "user "]
)
def test_a_text_made_to_exhaust_is_explained(piece: str) -> None:
    assert explain(piece * 300_000).cause


def test_what_is_shown_of_a_bounce_is_harmless() -> None:
    fact = read_bounce(HEAD + b"\n<guest@other.test>: 550 \x1b[31muser unknown\x07\n").facts[0]
    assert fact.words == visible(fact.words or "")
    assert "\x1b" not in (fact.words or "")
