"""Findings about a configuration on a terminal: the verdict first, the same thing once, what is good in one line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailkit.finding import Finding, Fix
from mailkit.report.configuration import render


def finding(code: str = "site.password-missing", severity: str = "error", subject: str = "frontdesk", **more: Any) -> Finding:
    words = {
        "summary": f"{subject} has no password.",
        "fix": (Fix(who="user", action="Type it in.", where="erp.password"),),
        **more,
    }
    return Finding(code=code, severity=severity, stage=code.partition(".")[0], subject=subject, **words)


def test_the_worst_comes_first_with_who_must_act_and_the_way_to_the_field() -> None:
    text = render([finding(severity="warning", code="site.x", subject="b"), finding()], width=100)
    assert text.startswith("ERROR  frontdesk has no password.\n")
    assert re.search(r"Who must act +the mail user", text)
    assert "(Preferences > Email > Management of my Account > New Password and Confirmation)" in re.sub(r"\s+", " ", text)
    assert text.index("Also found") < text.index("b has no password.")


def test_the_same_about_many_users_is_said_once_and_names_them() -> None:
    text = render([finding(subject=f"user{number}") for number in range(20)], width=100)
    assert text.count("has no password") == 1
    assert "user11 and 8 more" in re.sub(r"\s+", " ", text)


def test_what_is_good_stands_in_one_paragraph_at_the_end() -> None:
    good = [finding(severity="ok", subject=name, summary=f"{name} is fine.", fix=()) for name in ("a", "b")]
    assert render(good).splitlines() == ["OK  Nothing wrong was found.", "", "Good  a is fine. b is fine."]


def test_nothing_judged_is_not_called_fine() -> None:
    assert render([]).startswith("NOT JUDGED")


@pytest.mark.parametrize("width", [1, 44, 80, 500])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    long = finding(
        detail="word " * 80, evidence={"path": "x" * 300}, refs=("https://example.com/" + "y" * 200,), confidence="likely"
    )
    assert max(len(line) for line in render([long, finding("site.y", subject="z" * 90)], width=width).splitlines()) <= max(
        44, min(width, 120)
    )


def test_nothing_an_export_says_reaches_the_terminal_as_a_command() -> None:
    text = render([finding(subject="\x1b]0;owned\x07", evidence={"key": "\x9b31m"})])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "\x1b[" in render([finding()], colour=True)


def test_too_little_known_is_not_called_fine() -> None:
    some = [finding(severity="ok", fix=()), finding(code="site.look-up", severity="info", fix=())]
    assert render(some).startswith("NOT KNOWN  Nothing is wrong in what is known")
