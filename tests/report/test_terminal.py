"""What a support engineer reads in a terminal."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import pytest

from mailkit.observation import ProbeDocument
from mailkit.report.terminal import render
from mailkit.report.words import who_words

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_the_verdict_comes_first_with_who_must_act_and_what_to_change(expired: ProbeDocument) -> None:
    text = render(expired, width=120)
    assert text.startswith("ERROR  The server's certificate ended on 2026-03-03")
    order = [
        f"Who must act    {who_words('provider')}",
        "Renew the certificate of mail.hotel.example",
        "How we know",
        "Not tested",
        "Steps",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_what_was_not_tested_is_said_with_its_reason(expired: ProbeDocument) -> None:
    assert "Log-in at mail.hotel.example:587 [192.0.2.25], because of this" in render(expired, width=120)


def test_the_same_finding_at_several_ports_is_told_once(expired: ProbeDocument) -> None:
    first = expired.findings[1]
    more = tuple(msgspec.structs.replace(first, subject=f"mail.hotel.example:{port}", evidence={}) for port in (25, 465))
    text = render(msgspec.structs.replace(expired, findings=(*expired.findings, *more)), width=120)
    assert text.count("take it out of the DNS") == 1
    assert "The same at mail.hotel.example:25, mail.hotel.example:465" in text


def test_the_same_cause_at_several_ports_is_told_once(expired: ProbeDocument) -> None:
    other = msgspec.structs.replace(expired.findings[0], subject="mail.hotel.example:465")
    text = render(msgspec.structs.replace(expired, findings=(*expired.findings, other)), width=120)
    assert text.count("Renew the certificate") == 1
    assert "The same at     mail.hotel.example:465" in text


def test_no_answer_is_not_called_a_failure(expired: ProbeDocument) -> None:
    silent = next(line for line in render(expired, width=120).splitlines() if "5.00 s" in line)
    assert "no answer" in silent
    assert "failed" not in silent


def test_a_doubtful_certificate_does_not_read_as_ok(expired: ProbeDocument) -> None:
    step = next(line for line in render(expired, width=120).splitlines() if "Encryption (TLS)" in line)
    assert "not verified" in step


@pytest.mark.parametrize("width", [10, 44, 60, 80, 91, 92, 120, 500])
def test_no_line_is_wider_than_the_terminal(expired: ProbeDocument, hostile: ProbeDocument, width: int) -> None:
    for document in (expired, hostile):
        longest = max(len(line) for line in render(document, width=width, transcript=True).splitlines())
        assert longest <= max(44, min(width, 120))


def test_colour_adds_nothing_but_colour(expired: ProbeDocument) -> None:
    plain, coloured = render(expired, width=100), render(expired, width=100, colour=True)
    assert "\x1b" not in plain
    assert COLOUR.search(coloured)
    assert COLOUR.sub("", coloured) == plain


def test_no_character_of_a_server_reaches_the_terminal_as_a_command(hostile: ProbeDocument) -> None:
    text = COLOUR.sub("", render(hostile, colour=True, transcript=True))
    assert not [character for character in text if ord(character) < 32 and character != "\n"]


def test_the_transcript_is_there_when_asked_for(expired: ProbeDocument) -> None:
    assert "EHLO desk7" not in render(expired, width=120)
    assert "> EHLO desk7.hotel.example" in render(expired, width=120, transcript=True)


def test_a_terminal_that_knows_only_ascii_gets_only_ascii(expired: ProbeDocument) -> None:
    assert render(expired, width=120, transcript=True, blocks=False).isascii()


def test_what_was_seen_can_be_shown_before_it_is_judged(expired: ProbeDocument) -> None:
    unjudged = msgspec.structs.replace(expired, verdict=None, headline=None, findings=(), not_tested=(), stopped="user")
    text = render(unjudged)
    assert text.startswith("NOT JUDGED  What was seen")
    assert "Stopped before the end" in text


def test_rendering_for_a_terminal_loads_nothing_heavy() -> None:
    program = "import sys, mailkit.report.terminal; print({'pandas', 'ipywidgets', 'anywidget', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
