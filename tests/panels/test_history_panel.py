"""The panel "delivery history" without a browser."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import mailkit.panels
from mailkit.errors import InputError
from mailkit.history.importing import Report
from mailkit.journal import Event, open_store
from mailkit.panels import HistoryPanel
from mailkit.panels.history.choice import Choice
from mailkit.panels.history.code import as_command, as_python
from mailkit.panels.history.exports import file_of
from mailkit.panels.history.source import bare
from mailkit.panels.job import State
from mailkit.practice.history import STORIES, practice_events
from mailkit.secret import Secret

# ibis of today still asks duckdb of today in a way it will drop.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

HOSTILE = "<img src=x onerror=alert(1)>=cmd|' /C calc'!A0\x1b[31m"
MARKER = "vivid-marker-of-a-password"


@pytest.fixture
async def panel() -> AsyncIterator[HistoryPanel]:
    built = HistoryPanel()
    yield built
    built.close()
    await asyncio.sleep(0)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three mails: one taken, one put off at mx2 with a hostile reply, one refused."""
    path = tmp_path / "history.sqlite3"
    now = dt.datetime.now(dt.UTC) - dt.timedelta(hours=3)

    def event(number: int, state: Any, *, days: float = 0, **facts: Any) -> Event:
        who = {
            "recipient": f"guest{number}@hotel.test",
            "recipient_domain": "hotel.test",
            "user": "FD1",
            "message_id": f"<m{number}@x.test>",
        }
        way = {"endpoint": f"mx{number}.example.com:25", "attempt": 1}
        key = f"{number}/{state}"
        moment = now - dt.timedelta(days=days)
        return Event(
            moment=moment, delivery_id=f"d{number}", state=state, source="postfix", source_key=key, **(who | way | facts)
        )

    refused = {"reply_code": 550, "enhanced_code": "5.1.1", "reply": "550 5.1.1 user unknown", "reason": "userunknown"}
    with open_store(path) as kept:
        kept.add_events(
            [
                event(1, "accepted"),
                event(2, "deferred", reply=HOSTILE, subject=HOSTILE),
                event(3, "rejected", days=20, cause="recipient_unknown", **refused),
            ]
        )
    return path


def widgets_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def state_of(panel: HistoryPanel) -> str:
    """Everything the notebook could save of the panel."""
    return json.dumps([widget.get_state() for widget in widgets_of(panel.view)], default=repr)


def send(widget: Any, content: dict[str, Any]) -> None:
    """Do what the front end does."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


async def seen(widget: Any, trait: str, words: str) -> None:
    """Wait until a widget shows the words."""
    there = asyncio.Event()
    widget.observe(lambda change: there.set() if words in change["new"] else None, trait)
    if words not in getattr(widget, trait):
        await asyncio.wait_for(there.wait(), 60)


def log(count: int) -> bytes:
    lines = []
    taken = "relay=mx.builder.test[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
    for number in range(count):
        start = f"2026-11-20T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+00:00 mail postfix"
        lines += [
            f"{start}/qmgr[1]: Q{number:05}: from=<desk@hotel.test>, size=10, nrcpt=1 (queue active)",
            f"{start}/smtp[2]: Q{number:05}: to=<g{number}@builder.test>, {taken}",
        ]
    return "\n".join(lines).encode() + b"\n"


async def test_a_store_is_answered_with_sentences_charts_and_tables(panel: HistoryPanel, store: Path) -> None:
    said = await panel.open(str(store))
    assert any("1 of 3 mails refused for good" in one.text for one in said)
    assert panel.table("latest")["state"].tolist() == ["deferred", "accepted", "rejected"]
    assert panel.answer is not None
    assert {name for name, part in panel.answer.tables.items() if part.drawing} == {
        "funnel",
        "timeline",
        "latency",
        "reasons",
    } - {"latency"}
    shown = state_of(panel)
    assert 'role=\\"img\\"' in shown
    assert "Of 3 mails due, 1 were accepted" in shown
    assert [row[4] for row in panel._headlines.headlines if "deferred" in row[2]] == ["deferred"]


async def test_a_filter_and_a_period_are_asked_anew(panel: HistoryPanel, store: Path) -> None:
    await panel.open(str(store))
    assert set((await panel.choose(period="7"))[0].text.split()) >= {"mails"}
    assert panel.table("latest")["delivery_id"].tolist() == ["d2", "d1"]
    await panel.choose(state="accepted", period="all")
    assert panel.table("latest")["delivery_id"].tolist() == ["d1"]
    await panel.choose(state="", endpoint="mx2.example.com:25, mx3.example.com:25")
    assert panel.table("latest")["delivery_id"].tolist() == ["d2", "d3"]
    with pytest.raises(InputError, match="no time zone is called"):
        await panel.choose(zone="Nowhere/Land")
    assert "No time zone is called" in panel._status.text


async def test_the_newest_choice_wins(panel: HistoryPanel, store: Path) -> None:
    await panel.open(str(store))
    for state in ("accepted", "rejected", "deferred"):
        panel.form.fill(state=state)
        await asyncio.sleep(0.01)
    await panel._done()
    assert panel.table("latest")["state"].tolist() == ["deferred"]
    assert panel.answer is not None
    assert panel.answer.choice.state == "deferred"


async def test_one_mail_is_opened_by_its_row_and_by_its_name(panel: HistoryPanel, store: Path) -> None:
    await panel.open(str(store))
    told = await panel.look("m3@x.test")
    assert told is not None
    assert told["state"].tolist() == ["rejected"]
    shown = "".join(markup for _, markup in panel._story.sections)
    assert "Who must act" in shown
    assert "550 5.1.1 user unknown" in shown
    panel._table.children[0].selected_rows = [0]
    await seen(panel._heading, "text", "guest2@hotel.test: deferred")
    await panel.look("no such mail")
    assert "Nothing is recorded of no such mail" in panel._heading.text


async def test_hostile_words_are_harmless_everywhere(panel: HistoryPanel, store: Path) -> None:
    await panel.open(str(store))
    await panel.look("d2")
    assert "<img" not in state_of(panel)
    assert "\\u001b" not in state_of(panel)
    assert panel.answer is not None
    content = {
        kind: file_of(panel._source, panel.answer.choice, ("latest",), kind)[1] for kind in ("csv", "html", "json", "xlsx")
    }
    row = next(row for row in csv.DictReader(io.StringIO(content["csv"].decode("utf-8-sig"))) if row["delivery_id"] == "d2")
    assert "\x1b" not in row["subject"]
    assert b"<img" not in content["html"]
    assert [json.loads(line)["delivery_id"] for line in content["json"].splitlines()] == ["d2", "d1", "d3"]
    assert content["xlsx"].startswith(b"PK")


async def test_files_are_read_counted_and_those_of_no_format_named(panel: HistoryPanel) -> None:
    await panel.read(("mail.log", log(5)), ("../notes.txt", b"buy milk\n"))
    assert len(panel.table("latest")) == 5
    (report,) = panel.model.reports
    assert dict(report.files) == {"mail.log": "postfix", "notes.txt": None}
    shown = state_of(panel)
    assert "of no known format, passed over" in shown
    assert "5 events read" in shown
    await panel.read(("again.log", log(6)))
    assert len(panel.table("latest")) == 6
    assert (panel.model.reports[1].new, panel.model.reports[1].known) == (1, 5)
    assert "mailkit history import" in panel.show_code()
    with pytest.raises(InputError, match=r"notes\.txt"):
        await panel.read(("notes.txt", b"buy milk\n"))
    assert "/drop-" not in state_of(panel)


async def test_an_import_can_be_stopped_and_what_was_read_is_asked_about(panel: HistoryPanel) -> None:
    reading = asyncio.create_task(panel.read(("mail.log", log(20_000))))
    await seen(panel._status, "text", "Reading mail.log")
    assert panel._stop.layout.display == ""
    panel.stop()
    await reading
    report: Report = panel.model.reports[0]
    assert report.stopped
    assert report.new < 20_000
    assert panel.model.progress.state is State.DONE
    assert "Stopped: what was read until then" in state_of(panel)


async def test_a_password_stays_nowhere(panel: HistoryPanel) -> None:
    panel.form.store.value = f"postgresql://reader:{MARKER}@127.0.0.1:1/mail"
    assert panel.form.store.value == "postgresql://reader@127.0.0.1:1/mail"
    assert panel.form.password.held
    with pytest.raises(InputError, match="cannot be asked") as refused:
        await panel.open(panel.form.store.value)
    everything = (state_of(panel), str(refused.value), repr(panel.model), panel.show_code())
    assert not [text for text in everything if MARKER in text]
    assert bare(f"postgresql://a:{MARKER}@b@c/d")[0].count(MARKER) == 0
    with pytest.raises(InputError, match="cannot be asked"):
        await panel.open("postgresql://reader@127.0.0.1:1/mail", Secret(MARKER))


async def test_what_cannot_be_opened_is_said_and_what_was_open_stays(panel: HistoryPanel, store: Path, tmp_path: Path) -> None:
    await panel.open(str(store))
    with pytest.raises(InputError, match=r"gone\.sqlite3"):
        await panel.open(str(tmp_path / "gone.sqlite3"))
    assert "Not done" in panel._status.text
    assert panel.model.name == str(store)
    await panel.choose(state="accepted")
    assert len(panel.table("latest")) == 1


async def test_the_stories_of_the_practice_history_are_found(panel: HistoryPanel) -> None:
    said = " ".join(one.text for one in await panel.practise())
    for words in (
        "all of them at mx2.hotel.test:25",
        "FD2 was silent",
        "all of them of payroll",
        "more than once",
        "exampel.com",
    ):
        assert words in said
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=STORIES["password"].days_ago)
    await panel.choose(user="estimator", at=day, days=8, zone="America/Toronto")
    change = panel.table("before-after").set_index("measure")["change"]
    assert change["rejected"] < -15
    assert change["accepted_share"] > 0.5


def test_the_practice_history_is_the_same_for_the_same_day() -> None:
    day = dt.date(2026, 3, 9)
    first, second = list(practice_events(day)), list(practice_events(day))
    assert first == second
    assert len({(one.source, one.source_key) for one in first}) == len(first) > 4000
    assert first[-1].moment.date() <= day


async def test_the_code_it_shows_does_the_same(panel: HistoryPanel, store: Path) -> None:
    await panel.open(str(store))
    change = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=10)
    await panel.choose(period="7", user="FD1", at=change)
    await panel.look("d1")
    names: dict[str, Any] = {}
    exec(as_python(panel.form.choice(), str(store), opened="d1"), names)
    assert names["mails"]["delivery_id"].tolist() == ["d2", "d1"]
    assert names["told"]["delivery_id"].tolist() == ["d1"]
    assert names["change"]["measure"].tolist()[0] == "deliveries"
    command = as_command(Choice(user="a b, c"), "x.sqlite3")
    assert "--user 'a b' --user c" in command


async def test_the_panel_shows_itself_in_a_notebook() -> None:
    panel = mailkit.panels.history(name="test")
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in (bundle[0] if isinstance(bundle, tuple) else bundle)
    assert mailkit.panels.history(name="test") is not panel
