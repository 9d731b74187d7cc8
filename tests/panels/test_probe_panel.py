"""The panel without a browser, against real practice servers."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import ipywidgets
import pytest

import mailkit.panels
from mailkit.errors import InputError
from mailkit.panels import ProbePanel
from mailkit.panels.job import State
from mailkit.practice import practice_server
from mailkit.secret import Secret

MARKER = "vivid-marker-of-a-password"


@pytest.fixture
async def panel() -> AsyncIterator[ProbePanel]:
    built = ProbePanel()
    yield built
    built.close()
    await asyncio.sleep(0)


def widgets_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def state_of(panel: ProbePanel) -> str:
    """Everything the notebook could save of the panel."""
    return json.dumps([widget.get_state() for widget in widgets_of(panel.view)], default=repr)


async def until(panel: ProbePanel, reached: Callable[[], object]) -> None:
    """Wait for the panel's status line to change until something is so."""
    changed = asyncio.Event()
    panel._status.observe(lambda _: changed.set())
    while not reached():
        await changed.wait()
        changed.clear()


def button(panel: ProbePanel, name: str) -> Any:
    return next(w for w in widgets_of(panel.view) if isinstance(w, ipywidgets.Button) and w.description == name)


async def test_from_host_to_verdict(panel: ProbePanel) -> None:
    async with practice_server("http") as server:
        panel.form.fill(host=server.host, ports=str(server.port))
        (document,) = await panel.run()
    assert panel.model.state is State.DONE
    assert document is panel.document
    assert document.verdict == "error"
    assert "greeting.not-smtp" in {finding.code for finding in document.findings}


async def test_several_ports_give_a_document_each(panel: ProbePanel) -> None:
    async with practice_server("http") as first, practice_server("banner-421") as second:
        panel.form.fill(host=first.host, ports=f"{first.port}, {second.port}")
        documents = await panel.run()
    assert [document.endpoints[0].port for document in documents] == [first.port, second.port]


async def test_start_is_disabled_with_the_reason_until_a_host_is_given(panel: ProbePanel) -> None:
    start = button(panel, "Start")
    assert start.disabled
    assert "give the host" in state_of(panel)
    panel.form.fill(host="mail.example.com", ports="x")
    assert start.disabled
    panel.form.fill(ports="")
    assert not start.disabled
    panel.form.fill(host="")
    with pytest.raises(InputError, match="give the host"):
        await panel.run()


async def test_stop_keeps_what_was_found_until_then(panel: ProbePanel) -> None:
    async with practice_server("says-nothing") as server:
        panel.form.fill(host=server.host, ports=str(server.port))
        running = asyncio.create_task(panel.run())
        await until(panel, lambda: any(seen.__struct_config__.tag == "tcp" for _, seen in panel.model.events))
        assert not button(panel, "Stop").disabled
        assert button(panel, "Start").disabled
        button(panel, "Stop").click()
        (document,) = await running
    assert panel.model.state is State.CANCELLED
    assert document.stopped == "user"
    assert [stage.ok for stage in document.endpoints[0].stages][:1] == [True]
    assert "Stopped after" in state_of(panel)
    assert not button(panel, "Start").disabled


async def test_the_password_is_used_once_and_stays_nowhere(panel: ProbePanel) -> None:
    async with practice_server("good-starttls") as server:
        panel.form.fill(host=server.host, ports=str(server.port), user="frontdesk@hotel.test", allow_unverified=True)
        panel.form.password._handle_msg({"content": {"data": {"method": "custom", "content": {"typed": MARKER}}}, "buffers": []})
        assert panel.form.password.held
        await panel.run()
        attempts = server.accounts["frontdesk@hotel.test"].failures
    assert attempts == 1
    assert not panel.form.password.held
    assert "type the password" in state_of(panel)
    for text in (
        state_of(panel),
        panel.show_code(),
        repr(panel.model),
        *(content for _, content in (panel._as_json(), panel._as_ticket())),
    ):
        assert MARKER not in text


async def test_a_trait_never_holds_the_password(panel: ProbePanel) -> None:
    panel.form.password.hold(Secret(MARKER))
    assert MARKER not in state_of(panel) + repr(panel.form.password) + repr(panel.form.password.trait_values())
    taken = panel.form.password.take()
    assert taken is not None
    assert taken.reveal() == MARKER
    assert panel.form.password.take() is None


async def test_every_field_has_its_name(panel: ProbePanel) -> None:
    fields = [
        w
        for w in widgets_of(panel.view)
        if isinstance(w, ipywidgets.Text | ipywidgets.Dropdown | ipywidgets.Checkbox | ipywidgets.Button)
    ]
    assert len(fields) > 10
    assert all(field.description for field in fields)
    assert not [field for field in fields if getattr(field, "icon", "")]


async def test_the_practice_switch_leads_from_a_planted_fault_to_its_name(panel: ProbePanel) -> None:
    panel.practice.switch.value = True
    await panel.practice.ready()
    site = panel.practice.site
    assert site is not None
    listed = dict(panel.practice.server.options)
    for planted in site.planted:
        assert f"{planted.host}: {planted.sentence}" in listed
    panel.practice.server.value = "mx2.hotel.test"
    assert panel.form.host.value == "mx2.hotel.test"
    assert panel.form.resolver.value == site.resolver
    (document,) = await panel.run()
    assert "tls.certificate-expired" in {finding.code for finding in document.findings}
    assert "practice_site()" in panel.show_code()
    panel.practice.switch.value = False
    assert panel.form.host.value == ""


async def test_the_python_shown_comes_to_the_same_verdict(panel: ProbePanel) -> None:
    panel.practice.switch.value = True
    await panel.practice.ready()
    panel.practice.server.value = "mx2.hotel.test"
    (document,) = await panel.run()
    names: dict[str, Any] = {}
    await eval(compile(panel.question.as_python(), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    assert [finding.code for finding in names["document"].findings] == [finding.code for finding in document.findings]


async def test_the_practice_site_can_be_switched_off_and_on_at_once(panel: ProbePanel) -> None:
    panel.practice.switch.value = True
    await panel.practice.ready()
    first = panel.practice.site
    panel.practice.switch.value = False
    panel.practice.switch.value = True
    await panel.practice.ready()
    assert panel.practice.site is not None
    assert panel.practice.site is not first
    assert panel.form.host.value


async def test_a_practice_account_fills_in_user_and_password(panel: ProbePanel) -> None:
    panel.practice.switch.value = True
    await panel.practice.ready()
    panel.practice.server.value = "mail.hotel.test"
    panel.practice.account.value = "frontdesk@hotel.test"
    assert panel.form.user.value == "frontdesk@hotel.test"
    (document,) = await panel.run()
    assert document.endpoints[0].auth.result == "accepted"
    assert panel.form.password.held


async def test_another_product_judges_the_same_observations_again(panel: ProbePanel) -> None:
    async with practice_server("closed-port") as server:
        panel.form.fill(host=server.host, ports=str(server.port))
        await panel.run()
        connections = server.connections
        panel.form.fill(product="maestro-pms")
        assert server.connections == connections
    assert panel.document is not None
    assert any((fix.where or "").startswith("pms.") for finding in panel.document.findings for fix in finding.fix)


async def test_a_setting_that_cannot_be_used_is_said_and_not_raised_into_the_notebook(panel: ProbePanel) -> None:
    panel.form.fill(host="127.0.0.1", ports="25", ca_file="no such file.pem")
    panel.start()
    await until(panel, lambda: panel.model.state not in (State.IDLE, State.RUNNING))
    assert panel.model.state is State.FAILED
    assert "no such file.pem" in state_of(panel)


async def test_saving_gives_a_file_name_any_system_takes(panel: ProbePanel) -> None:
    async with practice_server("http") as server:
        panel.form.fill(host=server.host, ports=str(server.port))
        await panel.run()
    name, text = panel._as_json()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzTZ0123456789.-")
    assert json.loads(text)["schema"] == "mailkit.probe/1"
    name, text = panel._as_ticket()
    assert "127.0.0.1" not in name + text


async def test_running_the_cell_again_closes_the_panel_before() -> None:
    async with practice_server("says-nothing") as server:
        first = mailkit.panels.probe()
        first.form.fill(host=server.host, ports=str(server.port))
        running = asyncio.create_task(first.run())
        await until(first, lambda: first.model.events)
        second = mailkit.panels.probe()
        await running
    assert first.model.state is State.CANCELLED
    assert second.model.state is State.IDLE
    second.close()


async def test_the_panel_shows_itself_in_a_notebook(panel: ProbePanel) -> None:
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in (bundle[0] if isinstance(bundle, tuple) else bundle)
