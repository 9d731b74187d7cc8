"""The words of the mails: both languages, the site's own texts, nothing of a trace that acts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.site.pms import Traces
from mailkit.site.traces import TraceMail
from mailkit.traces.decision import Decision
from mailkit.traces.letters import Letter, Letters
from mailkit.traces.trace import Trace
from mailkit.traces.zones import Zones, local_zone

from .hotel import NOW, hotel

TO = Decision(recipient="frontdesk@hotel.test", who="FD")


def written(trace: Trace, folder: Path | None = None, to: Decision = TO, **mail: Any) -> Letter:
    site = hotel(traces=Traces(mail=TraceMail(**mail)))
    return Letters(site, Zones(site, local_zone(NOW)), folder).write(trace, to)


def trace(**fields: Any) -> Trace:
    known: dict[str, Any] = {
        "clerk": "FD", "subject": "Late arrival", "text": "Hold the room.", "room": "204", "record": "R1", "sender": "HSK",
        "due": dt.datetime(2026, 11, 21, 4, 30, tzinfo=dt.UTC), "due_on": dt.date(2026, 11, 20), "status": "open",
    }  # fmt: skip
    return Trace(row=2, id="4711", **{**known, **fields})


def test_the_copy_of_a_trace_says_what_to_do_from_where_and_by_when() -> None:
    letter = written(trace(), reply_to="manager@hotel.test")
    assert letter.subject == "Trace, room 204: Late arrival"
    for said in ("At Lake House", "Hold the room.", "Reservation: R1", "From: Housekeeping", "What to do", "manager@hotel.test"):
        assert said in letter.text
    assert "Friday 20 November 2026, 23:30" in letter.text


def test_in_french_it_is_all_french() -> None:
    letter = written(trace(language="fr"))
    assert letter.subject == "Trace, chambre 204 : Late arrival"
    for said in ("vendredi 20 novembre 2026, 23 h 30", "À faire", "Personne ne lit les réponses", "Réservation : R1"):
        assert said in letter.text
    assert not [word for word in ("Reservation:", "What to do", "Nobody") if word in letter.text]
    assert written(trace(), language="fr").language == "fr"


def test_a_guest_reads_nothing_of_the_hotels_own() -> None:
    alert = trace(kind="alert", guest="Ms. Brook", guest_email="brook@example.com", sender="FD")
    letter = written(alert, to=Decision(recipient="brook@example.com"))
    assert "Dear Ms. Brook" in letter.text
    assert not [word for word in ("R1", "204", "FD", "4711", "Maestro", "Housekeeping") if word in letter.text + letter.subject]


def test_what_a_trace_says_does_not_act() -> None:
    hostile = trace(
        subject="x\r\nBcc: all@x.test", text="<script>alert(1)</script> {{ 7 * 7 }} {% raw %}", room="<b>", guest="{{ config }}"
    )
    letter = written(hostile)
    assert "\n" not in letter.subject
    assert letter.html is not None
    assert "<script>" not in letter.html
    assert "&lt;script&gt;" in letter.html
    assert "{{ 7 * 7 }}" in letter.text
    assert "49" not in letter.text


def test_a_task_that_is_done_is_not_asked_for_again() -> None:
    assert "marked as done already" in written(trace(status="completed")).text


def test_a_site_writes_its_own_text(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "trace.en.txt").write_text("Subject: {{ hotel }}: {{ title }}\n\n{{ body }} ({{ due }})", "utf-8")
    letter = written(trace(), tmp_path)
    assert (letter.subject, letter.html) == ("Lake House: Late arrival", None)
    assert letter.text == "Hold the room. (Friday 20 November 2026, 23:30)\n"
    assert "Personne" in written(trace(language="fr"), tmp_path).text
    (tmp_path / "texts" / "trace.en.html").write_text("<p>{{ body }}</p>", "utf-8")
    assert written(trace(text="a < b"), tmp_path).html == "<p>a &lt; b</p>"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("trace.en.txt", "Subject: {{ titel }}\n\nx", r"trace\.en\.txt, line 1: 'titel' is undefined"),
        ("trace.en.txt", "Subject: x\n\n{% if %}", r"trace\.en\.txt, line 3: "),
        ("trace.en.txt", "Hello\n\nx", "begin it with Subject:"),
        ("staff.fr.txt", "Subject: x\n\n{{ ''.__class__.__mro__ }}", r"staff\.fr\.txt, line 3: "),
        ("trace.en.txt", "Subject: x\n\n{% for a in range(99999) %}{{ body }}{% endfor %}", "longer than 100,000"),
        ("trace.en.txt", "Subject: x\n\n{{ 1 / 0 }}", "line 3: division by zero"),
        ("trace.en.txt", "Subject: x\n\n{% include '/etc/passwd' %}", "passwd"),
        ("traces.txt", "Subject: x", "is the name of no text"),
    ],
)
def test_a_mistake_in_a_text_is_one_clear_line_before_anything_is_queued(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=words) as refused:
        Letters(hotel(), Zones(hotel(), local_zone(NOW)), tmp_path)
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        written(trace(), tmp_path, templates="nowhere")
