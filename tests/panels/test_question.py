"""What is filled in, as targets, as settings and as code."""

from __future__ import annotations

import ast
import shlex

import pytest

from mailkit.errors import InputError
from mailkit.panels.question import Question
from mailkit.secret import Secret


@pytest.mark.parametrize(
    ("host", "ports", "targets"),
    [
        ("mail.example.com", "", ("mail.example.com",)),
        ("mail.example.com", "587", ("mail.example.com:587",)),
        (" mail.example.com ", " 465, 587;2525 587 ", ("mail.example.com:465", "mail.example.com:587", "mail.example.com:2525")),
        ("mail.example.com:587", "", ("mail.example.com:587",)),
        ("mx:example.com", "", ("mx:example.com",)),
        ("2001:db8::25", "587", ("[2001:db8::25]:587",)),
        ("[2001:db8::25]", "587", ("[2001:db8::25]:587",)),
    ],
)
def test_host_and_ports_become_targets(host: str, ports: str, targets: tuple[str, ...]) -> None:
    assert Question(host=host, ports=ports).targets() == targets


@pytest.mark.parametrize(
    ("filled", "reason"),
    [
        ({}, "give the host"),
        ({"host": "mail.example.com", "ports": "smtp"}, "'smtp'"),
        ({"host": "mail.example.com", "ports": "70000"}, "'70000'"),
        ({"host": "mail.example.com:25", "ports": "587"}, "already names port 25"),
        ({"host": "https://mail.example.com"}, "address of a page"),
        ({"host": "mail.example.com", "sender": "not an address"}, "sender"),
        ({"host": "mail.example.com", "user": "frontdesk"}, "type the password"),
    ],
)
def test_what_cannot_start_says_why(filled: dict[str, str], reason: str) -> None:
    assert reason in (Question(**filled).obstacle(password=False) or "")


def test_a_password_without_a_user_is_an_obstacle() -> None:
    question = Question(host="mail.example.com")
    assert question.obstacle(password=False) is None
    assert "user" in (question.obstacle(password=True) or "")


def test_no_host_is_an_input_error() -> None:
    with pytest.raises(InputError):
        Question().targets()


FULL = Question(
    host="mail.example.com",
    ports="587",
    security="starttls",
    user="frontdesk@hotel.example",
    product="maestro-pms",
    sender="frontdesk@hotel.example",
    recipient="guest@home.example",
    resolver="192.0.2.53",
    ca_file="authorities of ours.pem",
    allow_unverified=True,
)


@pytest.mark.parametrize(
    "question",
    [
        Question(),
        Question(host="x'); import os; ('"),
        FULL,
        Question(host="h", ports="25 587"),
        Question(host="h", practice=True),
    ],
)
def test_the_python_shown_is_python(question: Question) -> None:
    compile(question.as_python(), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_python_shown_says_everything_filled_in_and_asks_for_the_password() -> None:
    text = FULL.as_python()
    for words in (
        "'mail.example.com:587'",
        "security='starttls'",
        "resolver='192.0.2.53'",
        "allow_unverified=True",
        "'maestro-pms'",
        "getpass(",
    ):
        assert words in text


def test_the_command_shown_is_understood_by_the_command_line() -> None:
    words = shlex.split(FULL.as_command())
    assert words[:3] == ["mailkit", "probe", "mail.example.com:587"]
    for option, value in (
        ("--from", "frontdesk@hotel.example"),
        ("--to", "guest@home.example"),
        ("--ca-file", "authorities of ours.pem"),
    ):
        assert words[words.index(option) + 1] == value
    assert "--allow-unverified" in words


def test_neither_version_holds_a_password() -> None:
    FULL.settings(Secret("correct horse"))
    assert "correct horse" not in FULL.as_python() + FULL.as_command() + repr(FULL.settings(Secret("correct horse")))


def test_the_password_goes_into_the_settings_only_with_its_user() -> None:
    with_user = FULL.settings(Secret("correct horse"))
    assert with_user.credentials is not None
    assert with_user.credentials.password.reveal() == "correct horse"
    assert Question(host="h").settings(Secret("correct horse")).credentials is None
