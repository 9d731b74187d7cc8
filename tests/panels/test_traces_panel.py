"""The panel "traces" without a browser: on the practice hotel, whose mail server runs in this process."""

from __future__ import annotations

import ast
import asyncio
import csv
import datetime as dt
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mailkit.panels
from mailkit.errors import InputError
from mailkit.journal import Change, happened
from mailkit.panels import TracesPanel
from mailkit.panels.job import State
from mailkit.panels.traces.code import as_python
from mailkit.panels.traces.export import Kind, exported
from mailkit.panels.traces.practice import Hotel
from mailkit.practice import practice_site
from mailkit.secret import Secret
from mailkit.site import PmsSite
from mailkit.site.file import load

MARKER = "vivid-marker-of-a-password"
SITE = """
schema = "mailkit.site/1"
product = "maestro-pms"
name = "Lake House"
version = "5.1"
time_zone = "UTC"

[email_setup]
server = "mail.hotel.test"
port = {port}
trace_rep_addr = "frontdesk@hotel.test"
mechanism = "LOGIN"
auth_name = "frontdesk@hotel.test"
password = "set"
email_traces = "N"

[traces.source]
file = "traces.csv"

[[clerks]]
code = "FD"
email = "frontdesk@hotel.test"
status = "active"

[[clerks]]
code = "MGR"
email = "manager@hotel.test"
status = "active"

[[clerks]]
code = "<script>alert(1)</script>"
email = ""
status = "active"
"""


def write_traces(path: Path, count: int = 4) -> None:
    today = dt.datetime.now(tz=dt.UTC).date()
    rows = [f"{n},{('FD', 'MGR')[n % 2]},=cmd {n},{today - dt.timedelta(days=1)} 09:00" for n in range(count)]
    rows += [f"{count},<script>alert(1)</script>,x,{today - dt.timedelta(days=1)} 09:00", f"{count + 1},FD,y,31/02/2026"]
    path.write_text("Trace ID,Clerk,Message,Created\n" + "".join(f"{row}\n" for row in rows))


@pytest.fixture
async def hotel(tmp_path: Path) -> AsyncIterator[Hotel]:
    """A hotel of its own with the practice site's mail server."""
    from mailkit.mail.planned import PlanSettings  # noqa: PLC0415 - beside what it is for

    async with practice_site(plays=[]) as site:
        text = SITE.format(port=site.server("mail.hotel.test").port)
        (tmp_path / "hotel.site.toml").write_text(text)
        write_traces(tmp_path / "traces.csv")
        settings = PlanSettings(resolver=site.resolver, ca_file=str(site.ca_file))
        yield Hotel(tmp_path, settings, Secret(site.accounts["frontdesk@hotel.test"].password))


@pytest.fixture
async def panel() -> AsyncIterator[TracesPanel]:
    built = TracesPanel()
    yield built
    built.close()
    await asyncio.sleep(0)


async def loaded(panel: TracesPanel, hotel: Hotel) -> None:
    await panel.load(hotel.file, resolver=hotel.settings.resolver, ca_file=hotel.settings.ca_file)


async def activated(panel: TracesPanel, hotel: Hotel) -> None:
    await loaded(panel, hotel)
    await panel.preview()
    panel.agree()
    await panel.activate()


async def until(true: Callable[[], object]) -> None:
    last_moment = asyncio.get_running_loop().time() + 20
    while not true():
        assert asyncio.get_running_loop().time() < last_moment, "it did not happen in time"
        await asyncio.sleep(0.02)


def widgets_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def state_of(panel: TracesPanel) -> str:
    """Everything the notebook could save of the panel."""
    return json.dumps([widget.get_state() for widget in widgets_of(panel.view)], default=repr)


def site_of(hotel: Hotel) -> PmsSite:
    site = load(hotel.file).site
    assert isinstance(site, PmsSite)
    return site


async def test_from_preview_to_accepted_and_nothing_twice(panel: TracesPanel, hotel: Hotel) -> None:
    await loaded(panel, hotel)
    assert "Email Traces is N" in state_of(panel)
    await panel.preview()
    seen = panel.model.previewed
    assert seen is not None
    assert (seen.preview.sending, seen.preview.unusable) == (4, 1)
    assert not (hotel.folder / "history.sqlite3").exists(), "looking makes no store"
    panel.agree()
    await panel.activate()
    assert site_of(hotel).email_setup.email_traces is True
    assert panel.model.view.standing is not None
    assert panel.model.view.standing.states["pending"] == 4
    panel.password("frontdesk@hotel.test", hotel.password)
    await panel.send()
    assert panel.model.view.standing.states["accepted"] == 4
    await panel.preview()
    panel.agree()
    await panel.activate()
    assert panel.model.activated is not None
    assert (panel.model.activated.again, panel.model.activated.queued.queued) == (True, 0)
    assert "nothing is sent again" in state_of(panel)
    assert panel.model.view.standing.states["accepted"] == 4


async def test_a_yes_holds_for_exactly_what_was_previewed(panel: TracesPanel, hotel: Hotel) -> None:
    await loaded(panel, hotel)
    with pytest.raises(InputError, match="preview"):
        await panel.activate()
    await panel.preview()
    with pytest.raises(InputError, match="tick the yes"):
        await panel.activate()
    panel.agree()
    panel.choices.without.value = "MGR"
    assert not panel.model.agreed
    with pytest.raises(InputError, match="preview again"):
        await panel.activate()
    await panel.preview()
    panel.agree()
    write_traces(hotel.folder / "traces.csv", 6)  # the source grows between the yes and the deed
    with pytest.raises(InputError, match="have changed since the preview"):
        await panel.activate()
    assert site_of(hotel).email_setup.email_traces is False


async def test_what_is_left_out_or_marked_never_leaves(panel: TracesPanel, hotel: Hotel) -> None:
    await loaded(panel, hotel)
    panel.choices.without.value = "MGR"
    panel.choices.mark_sent.value = True
    await panel.preview()
    panel.agree()
    await panel.activate()
    assert panel.model.activated is not None
    done = panel.model.activated.queued
    assert (done.queued, done.marked, done.excluded) == (0, 2, 2)
    assert panel.model.view.standing is not None
    assert "pending" not in panel.model.view.standing.states


async def test_a_word_that_is_nobody_is_said_and_changes_nothing(panel: TracesPanel, hotel: Hotel) -> None:
    await loaded(panel, hotel)
    panel.choices.without.value = "NOBODY"
    with pytest.raises(InputError, match="no clerk of the site"):
        await panel.preview()
    assert "no clerk of the site" in state_of(panel)


async def test_a_refused_log_in_is_one_finding_until_a_person_says_so(panel: TracesPanel, hotel: Hotel) -> None:
    await activated(panel, hotel)
    panel.password("frontdesk@hotel.test", Secret("not the one"))
    await panel.send()
    (stopped,) = panel.model.view.standing.stopped if panel.model.view.standing else ()
    assert stopped.waiting == 4
    assert state_of(panel).count("Does waiting help?") == 1
    panel.password("frontdesk@hotel.test", hotel.password)
    with pytest.raises(InputError, match="stopped"):
        await panel.send()
    await panel.resume(stopped.account)
    await panel.send()
    assert panel.model.view.standing is not None
    assert panel.model.view.standing.states["accepted"] == 4


async def test_no_password_is_in_what_a_notebook_saves(panel: TracesPanel, hotel: Hotel) -> None:
    await activated(panel, hotel)
    (field,) = panel.sending.secrets.values()
    message = {"content": {"data": {"method": "custom", "content": {"typed": MARKER}}}, "buffers": []}
    field._handle_msg(message)
    assert field.held
    assert MARKER not in state_of(panel)
    await panel.send()
    everything = (state_of(panel), repr(panel.model), panel.show_code(), *(exported(panel.model, "jsonl", mask=False)))
    assert not [text for text in everything if MARKER in text]


async def test_an_uncertain_mail_is_decided_by_a_person(panel: TracesPanel, hotel: Hotel) -> None:
    await activated(panel, hotel)
    case = panel.model.case
    assert case is not None
    with case.open_store(create=False) as store:
        one = next(store.deliveries(states={"pending"}))
        event = happened(one, "uncertain", dt.datetime.now(dt.UTC), source="person", note="the line was cut")
        store.record([Change(one.delivery_id, event)])
    panel.open(one.delivery_id)
    await panel.look()
    assert [button.description for button in panel.frame.decisions.children] == [
        "It did not arrive: send it again",
        "It arrived: note it as taken",
    ]
    panel.frame.decisions.children[1].click()
    await until(lambda: panel.model.view.opened is not None and panel.model.view.opened.delivery.state == "accepted")


async def test_one_row_opened_shows_its_story(panel: TracesPanel, hotel: Hotel) -> None:
    await activated(panel, hotel)
    panel.password("frontdesk@hotel.test", hotel.password)
    await panel.send()
    panel.frame.table._handle_msg({"content": {"data": {"method": "custom", "content": {"choose": 0}}}, "buffers": []})
    await until(lambda: panel.model.view.opened)
    assert panel.model.view.opened is not None
    assert [event.state for event in panel.model.view.opened.story] == ["pending", "sending", "accepted"]
    assert "What happened" in state_of(panel)


async def test_stopping_keeps_what_was_sent(panel: TracesPanel, hotel: Hotel) -> None:
    write_traces(hotel.folder / "traces.csv", 300)
    await activated(panel, hotel)
    panel.password("frontdesk@hotel.test", hotel.password)
    running = asyncio.create_task(panel.send())
    await until(lambda: panel.model.round is not None and panel.model.round.states.get("accepted"))
    panel.stop()
    await running
    assert panel.model.progress.state is State.DONE
    states = panel.model.view.standing.states if panel.model.view.standing else {}
    assert states["accepted"] > 0
    assert states["accepted"] + states.get("pending", 0) == 300
    panel.password("frontdesk@hotel.test", hotel.password)
    await panel.send()
    assert panel.model.view.standing is not None
    assert panel.model.view.standing.states["accepted"] == 300


@pytest.mark.parametrize("kind", ["csv", "jsonl", "html", "txt"])
async def test_what_is_taken_along_is_harmless_and_names_nobody(panel: TracesPanel, hotel: Hotel, kind: Kind) -> None:
    await activated(panel, hotel)
    _, plain = await asyncio.to_thread(exported, panel.model, kind, mask=False)
    _, hidden = await asyncio.to_thread(exported, panel.model, kind, mask=True)
    assert "frontdesk@hotel.test" in plain
    assert "manager@hotel.test" not in hidden
    assert "Lake House" not in hidden
    if kind == "html":
        assert "<script" not in plain
    if kind == "csv":
        assert all(not cell.startswith("=") for row in csv.reader(io.StringIO(plain)) for cell in row)
    if kind == "jsonl":
        assert {json.loads(line)["schema"] for line in plain.splitlines()} >= {
            "mailkit.traces-preview/1",
            "mailkit.traces-status/1",
        }


async def test_files_that_a_browser_hands_over_are_enough(panel: TracesPanel, hotel: Hotel, tmp_path: Path) -> None:
    await panel.load(("hotel.site.toml", hotel.file.read_bytes()), store=str(tmp_path / "other.sqlite3"))
    panel.places.table._received("../x.csv", (hotel.folder / "traces.csv").read_bytes())
    await panel.preview()
    panel.agree()
    await panel.activate()
    assert panel.site_file is not None
    assert "email_traces = " in panel.site_file.text
    assert site_of(hotel).email_setup.email_traces is False, "the file on the disk is somebody else's"
    assert panel.site_text("site")[1] == panel.site_file.text
    own = panel._own
    assert own is not None
    panel.close()
    assert not own.exists()


async def test_a_file_that_is_no_hotel_is_refused_in_words(panel: TracesPanel, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('schema = "mailkit.site/1"\nproduct = "maestro-erp"\n')
    with pytest.raises(InputError, match="traces belong to the hotel"):
        await panel.load(wrong)
    wrong.write_text("product = 7\n")
    with pytest.raises(InputError):
        await panel.load(wrong)
    assert "Not done" in state_of(panel) or "Not loaded" in state_of(panel)


async def test_markup_of_a_stranger_does_nothing(panel: TracesPanel, hotel: Hotel) -> None:
    await activated(panel, hotel)
    sheets = [widget.sections for widget in widgets_of(panel.view) if hasattr(widget, "sections")]
    assert not [markup for sections in sheets for _, markup in sections if "<script" in markup]
    assert "&lt;script&gt;" in state_of(panel)


async def test_the_code_it_shows_is_python_and_names_the_choice(panel: TracesPanel, hotel: Hotel) -> None:
    await loaded(panel, hotel)
    panel.choices.days.value = "3"
    panel.choices.basis.value = "due"
    ast.parse(as_python(panel.model))
    assert "--days 3 --basis due" in panel.show_code()


async def test_running_the_cell_again_closes_the_panel_before() -> None:
    first = mailkit.panels.traces("twice")
    second = mailkit.panels.traces("twice")
    assert first is not second
    second.close()
    await asyncio.sleep(0)
