"""What every known refusal of a sign-in says: the number or name, one plain sentence, and somebody who can act."""

from __future__ import annotations

from string import Formatter

import pytest

from mailkit.signin.failure import SignInFailed, _knowledge, refusal_codes, refused

ROWS = _knowledge().refusals
NUMBERS = [(number, code) for code, row in ROWS.items() for number in row.aadsts]
NAMES = [(name, code) for code, row in ROWS.items() for name in row.errors]
FILLED = {"login", "provider", "client_id", "tenant", "scopes", "granted", "said", "host"}
USER = "frontdesk@hotel.test"


@pytest.mark.parametrize("code", refusal_codes())
def test_each_row_is_whole(code: str) -> None:
    row = ROWS[code]
    assert code.startswith("signin.")
    assert row.summary.endswith(".")
    for variant in (None, *row.variants):
        entry = row.seen_as(variant)
        assert entry.fix
        for text in (entry.summary, entry.detail or "", *(fix.action for fix in entry.fix)):
            assert {name for _, name, _, _ in Formatter().parse(text) if name} <= FILLED


def test_no_number_and_no_name_is_in_two_rows() -> None:
    assert len({number for number, _ in NUMBERS}) == len(NUMBERS)
    assert len({name for name, _ in NAMES}) == len(NAMES)


@pytest.mark.parametrize(("number", "code"), NUMBERS)
def test_a_number_of_microsoft_is_recognised_in_its_list_and_in_its_words(number: int, code: str) -> None:
    words = f"AADSTS{number}: Some words.\r\nTrace ID: 0b8a-11\r\nCorrelation ID: 77"
    for answer in (
        {"error": "invalid_grant", "error_codes": [number, 1]},
        {"error": "invalid_grant", "error_description": words},
    ):
        finding = refused(USER, "Microsoft", answer)
        assert (finding.code, finding.evidence["number"]) == (code, f"AADSTS{number}")
        assert finding.refs[-1] == f"https://login.microsoftonline.com/error?code={number}"


@pytest.mark.parametrize(("name", "code"), NAMES)
def test_a_name_is_recognised_where_there_is_no_number(name: str, code: str) -> None:
    assert refused(USER, "Google", {"error": name}).code == code


def test_a_number_nobody_knows_is_told_as_it_is() -> None:
    finding = refused(
        USER,
        "Microsoft",
        {"error": "server_says_no", "error_description": "AADSTS9999999: Computer says no. Trace ID: 0b8a1234-1"},
    )
    assert finding.code == "signin.unknown"
    assert "Computer says no" in str(finding.detail)
    assert finding.evidence["trace_id"] == "0b8a1234-1"


def test_what_a_service_says_cannot_act_and_holds_no_token() -> None:
    said = f"AADSTS50126: \x1b[31mred\u202e access_token=eyJhbGciMARKER123 {'long ' * 500}"
    finding = refused(USER, "Microsoft", {"error": "x" * 500, "error_description": said, "correlation_id": "\x07"})
    text = repr(finding)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "MARKER" not in text
    assert len(text) < 3000


@pytest.mark.parametrize(
    "answer", [{}, {"error": None}, {"error_codes": "no list"}, {"error_codes": []}, {"error_description": 5}]
)
def test_an_answer_of_any_shape_becomes_a_finding(answer: dict[str, object]) -> None:
    finding = refused(USER, "Microsoft", answer)
    assert finding.code == "signin.unknown"
    assert str(SignInFailed(finding)).count("\n") == 0
