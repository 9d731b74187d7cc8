"""The panel "send test mails" without a browser."""

from __future__ import annotations

import ast
import asyncio
import base64
import csv
import io
import json
import shlex
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import mailkit.panels
from mailkit.errors import InputError
from mailkit.explain import explain
from mailkit.panels import SendPanel
from mailkit.panels.job import State
from mailkit.secret import Secret

MARKER = "vivid-marker-of-a-password"
ESTIMATOR = "estimator@builder.test"

SITE = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "old"
deployment = "terminal-server"
[general_settings]
mail_software = "{mode}"
[general_settings.smtp]
server_name = "127.0.0.1"
port = 9
use_ssl = {tls}
user_name = "office@builder.test"
password = "set"
from_address = "office@builder.test"
[[users]]
code = "scheduler"
access = "maestro"
status = "active"
user_specific = false
user_name = "scheduler@builder.test"
password = "set"
from_address = "scheduler@builder.test"
"""


@pytest.fixture
async def panel() -> AsyncIterator[SendPanel]:
    explain("250 2.0.0 Ok")  # its knowledge is read from files, once
    built = SendPanel()
    yield built
    built.close()
    await asyncio.sleep(0.2)


@pytest.fixture
async def builder(panel: SendPanel) -> SendPanel:
    panel.source.practise("builder")
    await panel.source.ready()
    return panel


def site(folder: Path, mode: str = "smtp", tls: str = "true") -> Path:
    file = folder / "site.toml"
    file.write_text(SITE.format(mode=mode, tls=tls), encoding="utf-8")
    return file


def widgets_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def state_of(panel: SendPanel) -> str:
    """Everything the notebook could save of the panel."""
    return json.dumps([widget.get_state() for widget in widgets_of(panel.view)], default=repr)


def typed(field: Any, text: str) -> None:
    """Do what the front end does when somebody types a password and leaves the field."""
    field.filled = True
    field._handle_msg({"content": {"data": {"method": "custom", "content": {"typed": text}}}, "buffers": []})


def said(panel: SendPanel) -> str:
    return str(panel._status.text)


def cells(panel: SendPanel, row: int) -> list[str]:
    return next(cells for number, cells in panel._table.rows if number == row)


def states(panel: SendPanel) -> dict[str | None, str]:
    return {one.delivery.user: one.delivery.state for one in panel.records}


async def test_some_arrive_and_the_others_say_who_must_act(builder: SendPanel) -> None:
    builder.choose(users=["estimator", "payroll"], mailing="standard")
    builder.preview()
    records = await builder.run()
    assert states(builder) == {"estimator": "delivered", "payroll": "rejected"}
    assert records[0].findings[0].code == "arrival.ok"
    assert [event.state for event in records[0].story] == ["pending", "sending", "accepted", "delivered"]
    assert "delivered" in cells(builder, 0)[1]
    assert "log-in refused" in said(builder)
    refused = next(row for row, record in builder.model.by_row.items() if record.delivery.user == "payroll")
    builder.open(refused)
    assert "Who must act" in json.dumps(builder._opened.sections)
    assert "What was said" in json.dumps(builder._opened.sections)


async def test_only_what_the_preview_showed_can_be_sent(builder: SendPanel) -> None:
    builder.choose(users=["estimator"], mailing="standard")
    with pytest.raises(InputError, match="preview"):
        await builder.run()
    builder.preview()
    assert not builder._send.disabled
    assert builder._send.description == "Send 1 mail"
    for change in ({"language": "fr"}, {"to": "lost@builder.test"}, {"retry": 15}):
        builder.form.fill(**change)
        assert builder._send.disabled, change
        builder.preview()
    builder.choose(users=["payroll"], mailing="standard")
    assert builder._send.disabled
    with pytest.raises(InputError, match="preview"):
        await builder.run()
    assert not builder.records


async def test_everything_can_go_to_one_test_address(builder: SendPanel) -> None:
    builder.form.fill(to="estimator@builder.test")
    builder.choose(users=["estimator", "scanner"], mailing="standard")
    builder.preview()
    assert "meant for scanner@builder.test" in json.dumps(builder._shown.sections)
    builder.form.fill(to="no address")
    assert builder._send.disabled
    assert "no address" in said(builder)


async def test_a_choice_is_not_sent_before_everybody_has_typed_his_password(panel: SendPanel, tmp_path: Path) -> None:
    panel.load(site(tmp_path))
    panel.choose(mailing="standard")
    panel.preview()
    assert "type the password of scheduler@builder.test" in said(panel).casefold()
    assert cells(panel, 0)[1] == "password needed"
    panel.hold("scheduler@builder.test", Secret(MARKER))
    assert cells(panel, 0)[1] == "ready"
    assert said(panel) == "Ready to send."


async def test_those_without_a_password_can_be_left_out(builder: SendPanel) -> None:
    builder.choose(mailing="standard")
    builder.leave_out()
    assert {builder.model.plan.mails[row].user for row in builder.model.ticked} == {"estimator", "payroll", "scanner"}


async def test_a_password_typed_twice_has_to_be_the_same(panel: SendPanel, tmp_path: Path) -> None:
    panel.load(site(tmp_path))
    panel.choose(mailing="standard")
    panel.log_ins.twice.value = True
    first, second = panel.log_ins._grid.children
    typed(first, MARKER)
    assert "type the password" in said(panel).casefold()
    typed(second, "another")
    panel.preview()
    assert panel._send.disabled
    assert "not the same" in said(panel)
    typed(second, MARKER)
    assert said(panel) == "Ready to send."
    assert MARKER not in state_of(panel)


async def test_no_state_document_or_export_holds_the_password(builder: SendPanel) -> None:
    builder.choose(users=["estimator"], mailing="standard")
    builder.hold(ESTIMATOR, Secret(MARKER))
    builder.preview()
    before = state_of(builder)
    await builder.run()
    builder.open(next(iter(builder.model.by_row)))
    assert states(builder) == {"estimator": "rejected"}
    made = [make()[1] for make in builder.saving.texts.values()]
    everything = "\n".join([before, state_of(builder), builder.show_code(), *made])
    assert ESTIMATOR in everything
    for form in (MARKER, *(base64.b64encode(b"\0" * lead + MARKER.encode()).decode()[4:-4] for lead in range(3))):
        assert form not in everything


async def test_stop_keeps_what_happened_until_then(builder: SendPanel) -> None:
    builder.form.fill(to="lost@builder.test")
    builder.choose(users=["estimator"], mailing="standard")
    builder.preview()
    builder.start()
    async with asyncio.timeout(30):
        while "Looking" not in said(builder):  # noqa: ASYNC110 - the panel is looked at as a person does
            await asyncio.sleep(0.05)
        builder.stop()
        while builder.model.progress.running:  # noqa: ASYNC110 - the panel has no event to wait for
            await asyncio.sleep(0.05)
    assert states(builder) == {"estimator": "accepted"}
    assert said(builder).startswith("Stopped")
    assert "Accepted is not delivered" in said(builder)


async def test_a_source_pasted_later_is_told_by_its_code(builder: SendPanel) -> None:
    builder.form.fill(follow="none")
    builder.choose(users=["estimator"], mailing="standard")
    builder.preview()
    (record,) = await builder.run()
    assert record.delivery.state == "accepted"
    token = record.delivery.message_id
    source = (
        f"Received: from pc (pc [192.0.2.1]) by mx.builder.test with ESMTPS; Sun, 22 Nov 2026 12:00:00 +0000\n"
        f"Message-ID: {token}\nFrom: {ESTIMATOR}\nSubject: Test\n\nHello\n"
    )
    builder.recognise((b"Subject: something else\nMessage-ID: <other@builder.test>\n\nHello\n", source.encode()))
    await builder.noted()
    assert "none of the mails" in json.dumps(builder._sheet.sections)
    assert states(builder) == {"estimator": "delivered"}
    assert builder.records[0].arrival is not None


async def test_a_mail_sent_by_hand_is_explained_and_its_outcome_written_down(panel: SendPanel, tmp_path: Path) -> None:
    panel.load(site(tmp_path, mode="outlook"))
    panel.choose(mailing="standard")
    assert cells(panel, 0)[1] == "by hand"
    panel.preview()
    assert panel._send.description == "Begin 1 mail by hand"
    (record,) = await panel.run()
    assert record.delivery.state == "pending"
    panel.open(0)
    assert record.delivery.subject is not None
    assert record.delivery.subject in json.dumps(panel._opened.sections, ensure_ascii=False)
    panel.after.words.value = "550 5.7.1 Unable to relay"
    panel.after.buttons["rejected"].click()
    await panel.noted()
    assert states(panel) == {"scheduler": "rejected"}
    assert "Unable to relay" in json.dumps(panel._opened.sections)
    panel.after.buttons["accepted"].click()
    await panel.noted()
    assert states(panel) == {"scheduler": "accepted"}


async def test_a_consent_is_asked_for_only_where_it_applies(panel: SendPanel, tmp_path: Path) -> None:
    panel.load(site(tmp_path))
    panel.choose(mailing="standard")
    assert panel.form.consents.layout.display == "none"
    panel.load(site(tmp_path, tls="false"))
    panel.choose(mailing="standard")
    assert panel.form.allow_plaintext_auth.layout.display != "none"
    assert panel.form.allow_unverified.layout.display == "none"


async def test_a_server_that_cannot_be_reached_is_asked_itself(panel: SendPanel, tmp_path: Path) -> None:
    panel.load(site(tmp_path))
    panel.choose(mailing="standard")
    panel.hold("scheduler@builder.test", Secret(MARKER))
    panel.preview()
    await panel.run()
    assert panel.model.progress.state is State.DONE
    assert "What 127.0.0.1:9 itself says" in json.dumps(panel._sheet.sections)
    assert "no connection" in cells(panel, 0)[1]


async def test_what_is_wrong_with_a_site_file_is_said(panel: SendPanel, tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text("product = 7\n")
    panel.load(file)
    assert "mistake" in json.dumps(panel.source._sheet.sections)
    assert panel.site is None
    panel.load(tmp_path / "none.toml")
    assert "none.toml" in json.dumps(panel.source._sheet.sections)


async def test_the_code_it_shows_is_code(builder: SendPanel) -> None:
    builder.choose(users=["estimator", "scanner"], mailing="standard")
    builder.choose(users=["estimator"], mailing="bulk")
    builder.form.fill(follow="imap", box=f"{ESTIMATOR}@imap.builder.test", to="test@builder.test", retry=15, language="fr")
    order = builder.order
    assert order is not None
    compile(order.as_python(), "cell", "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    lines = [shlex.split(one) for one in order.as_command().splitlines() if not one.startswith("#")]
    assert [one[:5] for one in lines] == [
        ["mailkit", "test", "builder.site.toml", "--mailing", kind] for kind in ("standard", "bulk")
    ]
    assert lines[0][lines[0].index("--user") + 1 :][:2] == ["estimator", "scanner"]
    assert f"imap:{ESTIMATOR}@imap.builder.test" in lines[0]


async def test_the_table_can_be_taken_along_and_names_hidden(builder: SendPanel) -> None:
    builder.form.fill(follow="none")
    builder.choose(users=["estimator"], mailing="standard")
    builder.preview()
    await builder.run()
    (row,) = csv.DictReader(io.StringIO(builder.saving.texts["table"]()[1]))
    assert (row["user"], row["state"], row["reply_code"]) == ("estimator", "accepted", "250")
    assert [json.loads(one)["schema"] for one in builder.saving.texts["lines"]()[1].splitlines()] == ["mailkit.attempt/1"]
    assert "builder.test" not in builder.saving.texts["ticket"]()[1]
    builder.saving.mask.value = False
    assert "estimator@builder.test" in builder.saving.texts["ticket"]()[1]
    assert builder.saving.texts["page"]()[1].startswith("<!doctype html>")


async def test_running_the_cell_again_closes_the_panel_before(tmp_path: Path) -> None:
    first = mailkit.panels.send("twice")
    first.load(site(tmp_path))
    first.choose(mailing="standard")
    first.hold("scheduler@builder.test", Secret(MARKER))
    second = mailkit.panels.send("twice")
    assert not first.log_ins.given
    assert second is not first
    second.close()
