"""The panel "what does it mean" without a browser."""

from __future__ import annotations

import ast
import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import mailkit.panels
from mailkit.errors import InputError
from mailkit.explain import BounceReading, Explanation
from mailkit.panels import ExplainPanel
from mailkit.panels.explain.code import as_python
from mailkit.panels.explain.given import Given
from mailkit.panels.job import State

MARKER = "vivid-marker-of-a-password"
SESSION = f"""\
220 smtp.site.test ESMTP
EHLO pc
250 AUTH LOGIN
AUTH LOGIN
334 VXNlcm5hbWU6
{MARKER}-as-user
334 UGFzc3dvcmQ6
{MARKER}
535 5.7.8 Error: authentication failed
"""


def bounce(recipient: str, said: str, day: int = 1) -> str:
    return (
        f"From: Mail Delivery <MAILER-DAEMON@site.test>\nTo: desk@site.test\nSubject: Undelivered mail\n"
        f"Date: {day:02} Jun 2026 09:00:00 +0000\nAuto-Submitted: auto-replied\n\n"
        f"Your mail could not be delivered.\n\n<{recipient}>: {said}\n"
    )


def mbox(*mails: str) -> bytes:
    return "".join(f"From MAILER-DAEMON@site.test Mon Jun  1 09:00:00 2026\n{mail}\n" for mail in mails).encode()


@pytest.fixture
async def panel() -> AsyncIterator[ExplainPanel]:
    built = ExplainPanel()
    yield built
    built.close()
    await asyncio.sleep(0)


def widgets_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def state_of(panel: ExplainPanel) -> str:
    """Everything the notebook could save of the panel."""
    return json.dumps([widget.get_state() for widget in widgets_of(panel.view)], default=repr)


def send(widget: Any, content: dict[str, Any], *buffers: bytes) -> None:
    """Do what the front end does."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": list(buffers)})


async def test_a_reply_becomes_an_answer(panel: ExplainPanel) -> None:
    panel.product.value = "maestro-erp"
    (answer,) = await panel.run("550 5.7.1 <guest@hotel.test>: Relay access denied")
    assert isinstance(answer.told, tuple)
    assert answer.told[0].cause == "relay_denied"
    shown = state_of(panel)
    for words in ("Does waiting help?", "Is the address dead?", "Who must act", "In maestro*"):
        assert words in shown
    assert "In Maestro PMS" not in shown


async def test_the_answer_names_the_other_product_once_that_is_chosen(panel: ExplainPanel) -> None:
    panel.product.value = "maestro-erp"
    await panel.run("535 5.7.8 Username and Password not accepted")
    panel.product.value = "maestro-pms"
    await asyncio.sleep(0)
    await panel._job.run(lambda: pytest.fail("it is explained again already"))
    assert "In Maestro PMS" in state_of(panel)


async def test_what_was_sent_to_log_in_stays_nowhere(panel: ExplainPanel) -> None:
    send(panel._paste, {"text": SESSION})
    await asyncio.sleep(0)
    await panel._job.run(lambda: pytest.fail("it is explained already"))
    assert isinstance(told := panel.answers[0].told, tuple)
    assert told[0].stage == "auth"
    everything = (
        state_of(panel),
        repr(panel.model),
        repr(panel._given),
        panel.show_code(),
        panel._as_lines()[1],
        panel._as_page()[1],
    )
    assert not [text for text in everything if MARKER in text]
    assert "taken out" in state_of(panel)


async def test_many_bounces_become_a_table_that_can_be_looked_through(panel: ExplainPanel) -> None:
    mails = [bounce(f"guest{n}@hotel.test", "550 5.1.1 no such user here", n + 1) for n in range(3)]
    await panel.run(Given("back.mbox", mbox(*mails, bounce("=cmd@hotel.test", "552 5.2.2 mailbox full"))))
    first, second = panel.groups
    assert (first.reason, first.count, len(first.recipients), second.reason) == ("userunknown", 3, 3, "mailboxfull")
    assert (f"{first.first:%m-%d}", f"{first.last:%m-%d}") == ("06-01", "06-03")
    send(panel._table, {"filter": "FULL"})
    assert [row[1][0] for row in panel._table.rows] == ["mailboxfull"]
    send(panel._table, {"choose": 1})
    assert "mailboxfull" in panel._heading.text
    assert "back.mbox#4" in state_of(panel)
    assert "4 bounces" in panel._status.text


async def test_the_table_goes_out_as_csv_json_lines_and_a_page(panel: ExplainPanel) -> None:
    await panel.run(
        Given("a.eml", bounce("a@hotel.test", "550 5.1.1 user unknown").encode()),
        Given("b.txt", b"554 5.7.1 Relay access denied"),
        Given("=c.eml", bounce("c@hotel.test", "550 5.1.1 user unknown").encode()),
    )
    name, table = panel._as_table()
    assert name.endswith(".csv")
    assert [row["count"] for row in csv.DictReader(io.StringIO(table))] == ["2", "1"]
    rows = list(csv.DictReader(io.StringIO(panel._as_rows()[1])))
    assert [row["file"] for row in rows] == ["a.eml", "b.txt", "'=c.eml"]
    documents = [json.loads(row) for row in panel._as_lines()[1].splitlines()]
    assert [document["schema"] for document in documents] == ["mailkit.explanation/1"] * 3
    assert documents[0]["file"] == "a.eml"
    assert panel._as_page()[1].startswith("<!doctype html>")


async def test_an_archive_is_looked_into_and_what_cannot_be_read_is_told(panel: ExplainPanel) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.eml", bounce("a@hotel.test", "550 5.1.1 user unknown"))
        archive.writestr("empty.txt", " ")
    await panel.run(
        Given("mails.zip", packed.getvalue()),
        Given("x.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        Given("broken.zip", b"PK\x03\x04x"),
        Given("gone.eml", Path("no such file")),
    )
    assert [one.name for one in panel.answers] == ["mails.zip/one.eml"]
    assert [one.name for one in panel.model.not_read] == ["mails.zip/empty.txt", "x.msg", "broken.zip", "gone.eml"]
    assert "save the mail as .eml" in state_of(panel)


async def test_a_mail_that_is_no_bounce_is_told_kindly(panel: ExplainPanel) -> None:
    mail = (
        b"From: owner@hotel.test\nTo: desk@site.test\nSubject: Lunch\nDate: Mon, 1 Jun 2026 09:00:00 +0000\n\nSee you at noon.\n"
    )
    (answer,) = await panel.run(Given("lunch.eml", mail))
    assert isinstance(answer.told, BounceReading)
    assert "This mail is no bounce" in state_of(panel)


async def test_stop_keeps_what_was_read_until_then(panel: ExplainPanel) -> None:
    heap = Given("back.mbox", mbox(*[bounce(f"g{n}@hotel.test", "550 5.1.1 user unknown") for n in range(6000)]))
    begun = asyncio.Event()
    panel._status.observe(lambda _: begun.set() if panel.answers else None)
    running = asyncio.create_task(panel.run(heap))
    await begun.wait()
    panel.stop()
    answers = await running
    assert panel.model.progress.state is State.CANCELLED
    assert 0 < len(answers) < 6000
    assert "Stopped after" in panel._status.text
    assert not panel._save.disabled


async def test_a_dropped_file_comes_in_pieces(panel: ExplainPanel) -> None:
    mail = bounce("a@hotel.test", "550 5.1.1 user unknown").encode()
    send(panel._paste, {"begin": True})
    send(panel._paste, {"file": "a.eml", "first": True}, mail[:100])
    send(panel._paste, {"file": "a.eml", "first": False}, mail[100:])
    send(panel._paste, {"end": True})
    await asyncio.sleep(0)
    await panel._job.run(lambda: pytest.fail("it is read already"))
    assert [row.recipient for row in panel.model.rows] == ["a@hotel.test"]


async def test_the_code_it_shows_does_the_same(panel: ExplainPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.eml").write_text(bounce("a@hotel.test", "550 5.1.1 user unknown"), "utf-8")
    for thing in ("550 5.7.1 'quoted' relay access denied", Path("a.eml")):
        (answer,) = await panel.run(thing)
        *before, last = ast.parse(as_python(panel.model)).body
        names: dict[str, Any] = {}
        exec(compile(ast.Module(before, []), "cell", "exec"), names)
        assert isinstance(last, ast.Expr)
        result = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        assert result == (answer.told if isinstance(result, BounceReading) else answer.told[0])
        assert isinstance(result, BounceReading | Explanation)


async def test_own_rules_beside_the_site_file_go_first(
    panel: ExplainPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text("", "utf-8")
    rules = tmp_path / "explain.toml"
    rules.write_text('[[reply]]\nid = "gate"\nany = ["the gate is shut"]\nmeans = "policy"\nfix = "Ring the bell."\n', "utf-8")
    await panel.run("550 user unknown: the gate is shut")
    assert "Ring the bell." in state_of(panel)
    assert "gate (own rules)" in state_of(panel)
    assert "load_rules" in panel.show_code()
    rules.write_text("[[reply]]\n", "utf-8")
    with pytest.raises(InputError, match=r"explain\.toml"):
        await panel.run("550 user unknown")
    assert "explain.toml" in state_of(panel)


async def test_nothing_to_explain_is_an_error(panel: ExplainPanel) -> None:
    with pytest.raises(InputError, match="give a text"):
        await panel.run()


async def test_the_panel_shows_itself_in_a_notebook() -> None:
    panel = mailkit.panels.explain("test")
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in (bundle[0] if isinstance(bundle, tuple) else bundle)
    assert mailkit.panels.explain("test") is not panel
