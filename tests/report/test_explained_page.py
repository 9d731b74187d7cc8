"""Explanations as HTML: everything that was found is there, and nothing a stranger wrote acts."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from mailkit.explain import explanations, read_bounce
from mailkit.report.answers import Answer, grouped, groups_csv, rows, rows_csv
from mailkit.report.explained_page import fragment, page

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="x \x1b[31m\u202e'

SAID = (
    "550 5.1.1 user unknown",
    "550 5.1.1 user unknown",
    "552 5.2.2 mailbox full",
    "554 5.7.1 Relay access denied",
    "552 5.3.4 message too big",
    "451 4.7.1 greylisted, try again later",
    "535 5.7.8 authentication failed",
    "550 5.7.26 DMARC policy",
    "530 5.7.0 Must issue a STARTTLS command first",
)


def bounce(*refused: str, date: str = "Mon, 1 Jun 2026 09:00:00 +0000", name: str = "a.eml") -> Answer:
    text = f"From: MAILER-DAEMON@a.test\nSubject: Returned mail\nDate: {date}\n\nNot delivered:\n\n" + "\n".join(refused)
    return Answer(name, read_bounce(text.encode()))


class Reader(HTMLParser):
    """Takes a page apart: its tags, the attributes that act, and whether all that is opened is closed."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.acting: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.acting += [name for name, _ in attrs if name.startswith("on") or name == "src"]
        if tag not in {"br", "meta", "!doctype"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_card_answers_every_question() -> None:
    text = Reader(fragment([Answer("text", explanations("535 5.7.8 Username and Password not accepted"))])).text
    for words in (
        "Does waiting help?",
        "Is the address dead?",
        "Careful",
        "Who must act",
        "What to change",
        "In maestro*",
        "Global Maintenance > Mail > Email Setup",
        "Why",
        "On the words",
    ):
        assert words in text


def test_of_a_log_what_lines_say_alike_is_said_once_and_the_rest_is_counted() -> None:
    log = "\n".join(
        f"Jun  1 09:00:0{n} mail postfix/smtp[2]: A{n}: to=<g{n}@hotel.test>, status=bounced ({SAID[n]} g{n})" for n in range(9)
    )
    text = Reader(fragment([Answer("log", explanations(log))])).text
    assert "The same is said in 1 more line." in text
    assert "The recipient's mailbox is full. 1 line:" in text
    assert "… and 2 more telling lines." in text


def test_recipients_that_met_the_same_share_a_card() -> None:
    shown = Reader(
        fragment(
            [bounce("<a@h.test>: 550 5.1.1 user unknown", "<b@h.test>: 550 5.1.1 user unknown", "<c@h.test>: 552 mailbox full")]
        )
    )
    assert shown.tags.count("section") == 2
    assert "Recipients" in shown.text
    assert "a@h.test, b@h.test" in shown.text
    assert "it may be forged" in shown.text


def test_of_many_there_are_a_chart_with_words_and_a_table() -> None:
    many = [
        bounce("<a@h.test>: 550 5.1.1 user unknown"),
        bounce("<b@h.test>: 550 5.1.1 user unknown", date="Wed, 3 Jun 2026 09:00:00 +0000"),
        bounce("<c@h.test>: 552 5.2.2 mailbox full", date="nonsense"),
    ]
    markup = fragment(many)
    assert 'role="img" aria-label="Reasons: userunknown 2, mailboxfull 1"' in markup
    text = Reader(markup).text
    assert "2026-06-01" in text
    assert "2026-06-03" in text
    assert "not known" in text


@pytest.mark.parametrize(
    "answer",
    [
        Answer(HOSTILE, explanations(f"550 5.1.1 user unknown {HOSTILE}")),
        bounce(f"<guest@h.test>: 550 5.1.1 user unknown {HOSTILE}", name=HOSTILE),
        bounce(f"<{HOSTILE}@h.test>: 550 5.1.1 user unknown", date=HOSTILE, name=HOSTILE),
        Answer(HOSTILE, explanations(HOSTILE)),
    ],
)
def test_nothing_a_stranger_wrote_acts(answer: Answer) -> None:
    for markup in (page([answer], title=HOSTILE), page([answer, answer])):
        shown = Reader(markup)
        assert not shown.open
        assert not shown.acting
        assert not {"script", "img"} & set(shown.tags)
        assert "\x1b" not in markup
        assert "\u202e" not in markup


def test_a_spreadsheet_calculates_nothing() -> None:
    table = list(
        rows([bounce("<=1+1@h.test>: 550 5.1.1 user unknown", name="=x"), Answer("+y", explanations("@sum 550 user unknown"))])
    )
    for text in (rows_csv(table), groups_csv(grouped(table))):
        assert not [
            cell for line in text.splitlines() for cell in line.split(",") if cell.strip('"').startswith(("=", "+", "-", "@"))
        ]
