"""``mailkit explain --sent``, and what is taken out of a text before anything of it is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailkit.attempt import Attempt
from mailkit.report.machine import line

Command = Callable[..., Any]
ATTEMPT = Attempt(message_id="<One.1@site.test>", delivery_id="d1", number=1, kind="trace", recipient="guest@hotel.test")


def test_the_command_names_the_delivery(mailkit: Command, tmp_path: Path) -> None:
    sent, mail = tmp_path / "attempts.jsonl", tmp_path / "back.eml"
    sent.write_text(line(ATTEMPT) + "\n", "utf-8")
    mail.write_bytes(
        b"From: MAILER-DAEMON@mx.test\nSubject: Returned mail\n\n<guest@hotel.test>: 550 5.1.1 user unknown\n\n"
        b"--- Original message ---\n\nFrom: traces@site.test\nTo: guest@hotel.test\nMessage-ID: <one.1@site.test>\n\nHello\n"
    )
    (document,) = mailkit("explain", "--json", "--sent", str(sent), str(mail)).documents()
    assert document["delivery_id"] == "d1"
    assert "trace mail to guest@hotel.test" in mailkit("explain", "--sent", str(sent), str(mail)).out
    sent.write_text("{}\n", "utf-8")
    wrong = mailkit("explain", "--sent", str(sent), str(mail))
    assert wrong.status == 2
    assert "line 1" in wrong.err


def test_what_was_sent_to_log_in_is_not_printed(mailkit: Command, tmp_path: Path) -> None:
    session = "AUTH PLAIN AGRlc2sAaHVudGVyMg==\n535 5.7.8 authentication failed\n"
    lines = tmp_path / "texts.jsonl"
    lines.write_text(json.dumps({"text": session}) + "\n", "utf-8")
    for arguments in (["--json", "-"], ["-"], ["--lines", str(lines)]):
        ran = mailkit("explain", *arguments, stdin=session)
        assert ran.status == 0
        assert "AGRlc2sA" not in ran.out
