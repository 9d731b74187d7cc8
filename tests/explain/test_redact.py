"""What was sent to log in, and passwords in what programs print, are taken out; all else stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.explain import explain, read_bounce, redact, redacted

MARKER = "Vividmarker42=="


@pytest.mark.parametrize(
    "text",
    [
        f"AUTH PLAIN {MARKER}",
        f" ~> AUTH LOGIN\n<~  334 VXNlcm5hbWU6\n ~> {MARKER}\n<~  334 UGFzc3dvcmQ6\n ~> {MARKER}\n<~* 535 no",
        f"AUTH LOGIN\n334 VXNlcm5hbWU6\n{MARKER}\n334 UGFzc3dvcmQ6\n{MARKER}\n535 no",
        f"send: 'AUTH PLAIN {MARKER}\\r\\n'\nreply: b'535 no\\r\\n'",
        f"send: 'AUTH LOGIN {MARKER}\\r\\n'\nreply: b'334 UGFzc3dvcmQ6\\r\\n'\nsend: '{MARKER}\\r\\n'",
        f"09:00:00\tCLIENT -> SERVER: AUTH LOGIN\n09:00:00\tSERVER -> CLIENT: 334 x\n09:00:00\tCLIENT -> SERVER: {MARKER}",
        f"[2026-06-01 09:00:00] DEBUG C: AUTH XOAUTH2 {MARKER}",
        f'    server.login("desk", "{MARKER}")',
        f'new NetworkCredential("desk", "{MARKER}")',
        f'password = "{MARKER}"',
        f"SMTP_PASSWORD={MARKER}",
        f'{{"user": "desk", "pass": "{MARKER}"}}',
        f"Password: {MARKER}",
        f"swaks --to a@b.test --auth-password {MARKER}",
        f"smtp://desk:{MARKER}@mail.site.test:587",
        f"Authorization: Bearer {MARKER}",
    ],
)
def test_what_proves_who_one_is_is_taken_out(text: str) -> None:
    assert "Vividmarker42" not in redact(text)
    assert "redacted" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "250-AUTH PLAIN LOGIN XOAUTH2",
        "250 AUTH=LOGIN PLAIN",
        "504 5.7.4 AUTH LOGIN disabled here",
        "535 5.7.8 Username and Password not accepted",
        "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
        "password: authentication failure",
        "550 5.1.1 <guest@hotel.test>: user unknown; see https://example.com/a?b=c",
        "AUTH LOGIN\n334 VXNlcm5hbWU6\n*\n501 cancelled\nQUIT",
    ],
)
def test_what_tells_stays(text: str) -> None:
    assert redact(text) == text


def test_what_is_left_is_explained_as_before() -> None:
    text = f"220 mx\nEHLO pc\n250 AUTH LOGIN\nAUTH LOGIN\n334 VXNlcm5hbWU6\n{MARKER}\n334 UGFzc3dvcmQ6\n{MARKER}\n535 5.7.8 no"
    assert explain(redact(text)) == explain(text)


def test_the_words_a_bounce_quotes_are_cleaned_too() -> None:
    mail = f"From: MAILER-DAEMON@a.test\nSubject: Returned mail\n\n<guest@hotel.test>: 550 user unknown password={MARKER}\n"
    reading = redacted(read_bounce(mail.encode()))
    assert reading.facts[0].words is not None
    assert "Vividmarker42" not in reading.facts[0].words


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["AUTH LOGIN", "334 x", "> ", "password", "=", "\n", '"', "://a:", "@", "eyJ", "a.b", " "]), max_size=40
    )
)
def test_any_text_keeps_its_lines_and_is_clean_after_once(parts: list[str]) -> None:
    text = "".join(parts)
    once = redact(text)
    assert once.count("\n") == text.count("\n")
    assert redact(once) == once


@pytest.mark.parametrize("piece", ["password", "AUTH LOGIN ", "x_", "://a:", "a.login(", '"', " ", "> ", "eyJa"])
def test_a_long_line_of_one_piece_comes_to_its_end(piece: str) -> None:
    assert "\n" not in redact(piece * (40_000 // len(piece)))


@pytest.mark.parametrize(
    "text",
    [
        "550 5.7.30 Basic authentication is not supported for Client Submission.",
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        "The bearer authentication of this account was refused.",
    ],
)
def test_words_about_kinds_of_log_in_are_no_secret(text: str) -> None:
    assert redact(text) == text
