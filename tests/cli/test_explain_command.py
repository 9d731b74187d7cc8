"""``mailkit explain``: texts, files, folders and JSON Lines in, words for people or documents out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

Command = Callable[..., Any]

BOUNCE = (
    "From: MAILER-DAEMON@a.test\nTo: desk@site.test\nSubject: Returned mail\nDate: Mon, 1 Jun 2026 10:00:00 +0000\n\n"
    "<guest@other.test>: 550 5.1.1 user unknown\n"
)


@pytest.fixture
def bounce(tmp_path: Path) -> Path:
    file = tmp_path / "bounce.eml"
    file.write_text(BOUNCE, encoding="utf-8")
    return file


def test_a_text_is_explained_for_people_even_without_quotes(mailkit: Command) -> None:
    ran = mailkit("explain", "550", "5.1.1", "user", "unknown")
    assert (ran.status, ran.err) == (0, "")
    assert "no such recipient" in ran.out
    assert "does not help" in ran.out
    assert "dead" in ran.out


def test_a_text_is_explained_for_programs(mailkit: Command) -> None:
    (document,) = mailkit("explain", "--json", "552 5.2.2 mailbox full").documents()
    assert document["schema"] == "mailkit.explanation/1"
    told = {name: document[name] for name in ("reply_code", "enhanced_code", "cause", "reason", "retry_helps", "address_dead")}
    assert told == {
        "reply_code": 552,
        "enhanced_code": "5.2.2",
        "cause": "mailbox_full",
        "reason": "mailboxfull",
        "retry_helps": True,
        "address_dead": False,
    }


def test_a_bounce_is_explained_recipient_by_recipient(mailkit: Command, bounce: Path) -> None:
    (document,) = mailkit("explain", "--json", str(bounce)).documents()
    assert document["file"] == str(bounce)
    (fact,) = document["facts"]
    assert (fact["recipient"], fact["reason"], fact["bounce"], fact["class"]) == (
        "guest@other.test",
        "userunknown",
        "hard",
        "permanent",
    )
    assert mailkit("explain", str(bounce)).out.startswith("BOUNCE")


def test_standard_input_may_be_a_mail_or_a_session(mailkit: Command) -> None:
    (mail,) = mailkit("explain", "--json", "-", stdin=BOUNCE).documents()
    assert mail["kind"] == "bounce"
    session = "220 mx\nMAIL FROM:<a@b.test>\n250 ok\nRCPT TO:<c@d.test>\n554 5.7.1 Relay access denied\n"
    (told,) = mailkit("explain", "--json", "-", stdin=session).documents()
    assert (told["stage"], told["cause"]) == ("recipient", "relay_denied")


def test_lines_come_out_in_the_order_they_went_in_with_their_texts(mailkit: Command, tmp_path: Path) -> None:
    texts = ["550 user unknown", "220 x\nDATA\n552 message too big", "zzz"]
    file = tmp_path / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    told = mailkit("explain", "--lines", str(file)).documents()
    assert [one["text"] for one in told] == texts
    assert [one["cause"] for one in told] == ["recipient_unknown", "too_big", "unclear"]


def test_a_folder_gives_a_document_for_each_mail_or_a_count_for_people(mailkit: Command, bounce: Path) -> None:
    (bounce.parent / "other.eml").write_text(BOUNCE.replace("550 5.1.1 user unknown", "552 mailbox full"), encoding="utf-8")
    documents = mailkit("explain", "--json", str(bounce.parent)).documents()
    assert [one["file"] for one in documents] == ["bounce.eml", "other.eml"]
    shown = mailkit("explain", str(bounce.parent)).out
    assert shown.startswith("2 mails")
    assert "mailboxfull" in shown


def test_why_names_the_rule_the_words_and_the_source(mailkit: Command) -> None:
    shown = mailkit("explain", "--why", "550 5.7.1 Relay access denied").out
    assert 'on the words "relay access denied"' in " ".join(shown.split())
    assert "From" in shown


def test_own_rules_go_first(mailkit: Command, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[reply]]\nid = "gate"\nany = ["the gate is shut"]\nmeans = "policy"\nfix = "Ring the bell."\n', encoding="utf-8"
    )
    ran = mailkit("explain", "--why", "--rules", str(rules), "550 user unknown: the gate is shut")
    assert "Ring the bell." in ran.out
    assert "gate (own rules)" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain"], "nothing to explain"),
        (["explain", "missing.eml"], "there is no file missing.eml"),
        (["explain", "--stage", "rcpt", "550 no"], "the stage 'rcpt' does not exist"),
        (["explain", "--rules", "missing.toml", "550 no"], "missing.toml cannot be read"),
        (["explain", "--lines", "missing.jsonl"], "missing.jsonl cannot be read"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(mailkit: Command, arguments: list[str], said: str) -> None:
    ran = mailkit(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_what_a_server_said_reaches_no_terminal_as_a_command(mailkit: Command) -> None:
    assert "\x1b" not in mailkit("explain", "550 \x1b[31muser unknown").out


def test_what_is_printed_fits_the_schema_that_is_shipped(mailkit: Command, bounce: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(mailkit("schema", "explanation").out))
    documents = [
        *mailkit("explain", "--json", "550 5.1.1 user unknown").documents(),
        *mailkit("explain", "--json", "zzz").documents(),
        *mailkit("explain", "--json", "--product", "maestro-pms", str(bounce)).documents(),
    ]
    assert len(documents) == 3
    assert not [error.message for document in documents for error in validator.iter_errors(document)]
