"""The probe panel as a person uses it, in JupyterLab and in Voila."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

PANEL = "import mailkit.panels\nmailkit.panels.probe()"
MARKER = "vivid-marker-of-a-password"
Keep = Callable[..., None]


def button(page: Page, name: str) -> Locator:
    return page.locator(".mailkit-panel").get_by_role("button", name=name, exact=True)


def field(page: Page, name: str) -> Locator:
    return page.locator(".mailkit-panel").get_by_label(name, exact=True)


def practise(page: Page, server: str) -> None:
    """Turn the practice site on and choose one of its servers."""
    page.get_by_label("Practice site", exact=False).check()
    chooser = field(page, "Practice server")
    expect(chooser).to_be_visible()
    label = chooser.locator("option", has_text=server).first.inner_text()
    chooser.select_option(label=label)
    expect(field(page, "Host")).to_have_value(re.compile("test$"))


def test_from_a_click_to_the_verdict(front: Any, keep_picture: Keep) -> None:
    page = front.show(PANEL)
    expect(button(page, "Start")).to_be_disabled()
    expect(page.get_by_text("To start, give the host")).to_be_visible()
    practise(page, "mx2.hotel.test")
    keep_picture(f"{front.kind}-ready")
    button(page, "Start").click()
    card = page.get_by_role("region", name="Verdict")
    expect(card).to_contain_text("The certificate", timeout=30_000)
    expect(card).to_contain_text("Who must act")
    expect(card).to_contain_text("What to change")
    expect(page.get_by_role("status").filter(has_text="Done in")).to_be_visible()
    for step in ("Name look-up", "Connection", "Greeting", "EHLO", "STARTTLS", "Encryption (TLS)"):
        expect(page.get_by_role("rowheader", name=re.compile(re.escape(step))).first).to_be_visible()
    assert not front.outside()
    assert not front.faults
    keep_picture(f"{front.kind}-verdict", height=1180)


def test_stop_keeps_what_was_found_until_then(lab: Any, keep_picture: Keep) -> None:
    page = lab.show(PANEL)
    practise(page, "says-nothing")
    button(page, "Start").click()
    expect(page.get_by_role("rowheader", name="Connection").first).to_be_visible()
    expect(page.get_by_role("progressbar", name="Running")).to_be_visible()
    keep_picture("lab-running")
    button(page, "Stop").click()
    expect(page.get_by_role("status").filter(has_text="Stopped after")).to_be_visible()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("Stopped before the end")
    expect(page.get_by_role("rowheader", name="Connection").first).to_be_visible()
    expect(button(page, "Start")).to_be_enabled()
    expect(button(page, "Stop")).to_be_disabled()
    keep_picture("lab-stopped")


def test_no_file_ever_holds_the_password(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = lab.show(PANEL)
    practise(page, "good-starttls")
    field(page, "User").fill("frontdesk@hotel.test")
    field(page, "Password").fill(MARKER)
    field(page, "Password").press("Tab")
    expect(field(page, "Password")).to_have_value("")
    expect(field(page, "Password")).to_have_attribute("placeholder", re.compile("kept in memory"))
    lab.do("docmanager:save")
    button(page, "Start").click()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("535", timeout=30_000)
    lab.do("docmanager:save")
    notebook = json.loads(lab.notebook.read_text())
    assert "frontdesk@hotel.test" in json.dumps(notebook["metadata"]["widgets"])  # the widget state was saved indeed
    files = [file for file in tmp_path_factory.getbasetemp().rglob("*") if file.is_file()]  # checkpoints, logs and settings too
    assert any(".ipynb_checkpoints" in file.parts for file in files)
    assert not [file for file in files if MARKER.encode() in file.read_bytes()]
    assert MARKER not in page.content()


def test_the_password_can_be_typed_and_start_pressed_at_once(lab: Any) -> None:
    page = lab.show(PANEL)
    practise(page, "good-starttls")
    field(page, "User").fill("frontdesk@hotel.test")
    expect(page.get_by_text("type the password")).to_be_visible()
    expect(button(page, "Start")).to_be_disabled()
    field(page, "Password").press_sequentially("practice-frontdesk")
    expect(button(page, "Start")).to_be_enabled()
    button(page, "Start").click()
    expect(page.get_by_role("row", name="Log-in")).to_contain_text("235", timeout=30_000)
    expect(page.get_by_text("type the password")).to_be_visible()


def test_what_a_hostile_server_says_stays_text(lab: Any) -> None:
    page = lab.show(PANEL)
    practise(page, "hostile-text")
    button(page, "Start").click()
    expect(page.get_by_role("status").filter(has_text="Done in")).to_be_visible(timeout=30_000)
    assert page.locator(".mailkit-sheet script, .mailkit-sheet img").count() == 0
    expect(page.get_by_text("<script>").first).to_be_attached()


def test_everything_can_be_done_with_the_keyboard(lab: Any) -> None:
    page = lab.show(PANEL)
    practise(page, "mx2.hotel.test")
    field(page, "User").focus()
    for name in ("Password", "Product"):
        page.keyboard.press("Tab")
        expect(field(page, name)).to_be_focused()
    button(page, "Start").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Done in")).to_be_visible(timeout=30_000)
    fold = page.locator(".mailkit-panel summary", has_text="Show the code")
    fold.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("In a terminal:")).to_be_visible()
    expect(page.locator(".mailkit-panel pre", has_text="mailkit probe mx2.hotel.test")).to_be_visible()


def test_the_result_can_be_saved_as_json_and_as_a_ticket(lab: Any, tmp_path: Path) -> None:
    page = lab.show(PANEL)
    practise(page, "mx2.hotel.test")
    button(page, "Start").click()
    with page.expect_download(timeout=30_000) as download:
        button(page, "Save as JSON").click()
    download.value.save_as(tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text())["verdict"] == "error"
    with page.expect_download() as download:
        button(page, "Save text for a ticket").click()
    download.value.save_as(tmp_path / "ticket.md")
    text = (tmp_path / "ticket.md").read_text()
    assert "Who must act" in text
    assert "hotel.test" not in text
    assert not lab.outside()


def test_the_panel_is_readable_in_the_dark_theme(lab: Any, keep_picture: Keep) -> None:
    page = lab.show(PANEL)
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    practise(page, "mx2.hotel.test")
    button(page, "Start").click()
    card = page.get_by_role("region", name="Verdict")
    expect(card).to_contain_text("Who must act", timeout=30_000)
    colour = card.evaluate("card => getComputedStyle(card).color")
    assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 200
    keep_picture("lab-dark")
