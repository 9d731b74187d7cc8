"""The panel "send test mails" as a person uses it: from a click until the mail was seen in the mailbox."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from ..real.ground.post import HOST, PASSWORD, USER, PostOffice

PANEL = "import mailkit.panels\nmailkit.panels.send()"
PRACTICE = "import os\nos.environ['MAILKIT_PRACTICE'] = '1'\nimport mailkit.panels\nmailkit.panels.send()"
SITE = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "old"
deployment = "terminal-server"

[general_settings]
mail_software = "smtp"

[general_settings.smtp]
server_name = "{host}"
port = {port}
use_ssl = true
user_name = "{user}"
password = "set"
from_address = "{user}"

[[users]]
code = "frontdesk"
access = "maestro"
status = "active"
user_specific = false
user_name = "{user}"
password = "set"
from_address = "{user}"
"""
Keep = Callable[..., None]


def panel(page: Page) -> Locator:
    return page.locator(".mailkit-panel")


def button(page: Page, name: str | re.Pattern[str]) -> Locator:
    return panel(page).get_by_role("button", name=name, exact=isinstance(name, str))


def field(page: Page, name: str) -> Locator:
    return panel(page).get_by_label(name, exact=True)


def row(page: Page, name: str) -> Locator:
    return page.locator(".mailkit-row-table tbody tr").filter(has=page.get_by_role("button", name=name, exact=True))


def give_site(page: Page, post: PostOffice) -> None:
    content = SITE.format(host=HOST, port=post.submission, user=USER)
    panel(page).locator("input[type=file]").first.set_input_files(
        {"name": "site.toml", "mimeType": "text/plain", "buffer": content.encode()}
    )
    expect(row(page, "frontdesk: standard mail")).to_be_visible()
    button(page, re.compile("More: sign-in")).click()
    field(page, "Name server").fill(post.resolver)
    field(page, "Trusted authorities (PEM file)").fill(str(post.ca_file))
    field(page, "Trusted authorities (PEM file)").press("Tab")


def follow(page: Page, post: PostOffice) -> None:
    field(page, "Then look for the mails").select_option(label="In a mailbox on a server (IMAP)")
    field(page, "Mailbox").fill(post.box)
    field(page, "Mailbox").press("Tab")
    field(page, "Password of the mailbox").fill(PASSWORD)


def dark(page: Page) -> None:
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def test_from_a_click_to_delivered_by_real_servers(lab: Any, post: PostOffice, keep_picture: Keep, tmp_path: Path) -> None:
    post.imap.empty()
    page = lab.show(PANEL)
    expect(page.get_by_text("Choose a site file first")).to_be_visible()
    keep_picture("send-1-empty", height=700)
    give_site(page, post)
    mail = row(page, "frontdesk: standard mail")
    expect(mail).to_contain_text("password needed")
    page.get_by_label("Choose frontdesk: standard mail", exact=True).check()
    expect(button(page, "Send 1 mail")).to_be_disabled()
    follow(page, post)
    field(page, f"Password of {USER} at {HOST}:{post.submission}").press_sequentially(PASSWORD)
    button(page, "Preview").click()
    expect(mail).to_contain_text("ready")
    expect(page.get_by_role("table", name="Test mails").last).to_contain_text(f"logged in as {USER}")
    expect(button(page, "Send 1 mail")).to_be_enabled()
    keep_picture("send-2-preview", height=1500)
    field(page, "Language of the mails").select_option(label="French")
    expect(button(page, "Send 1 mail")).to_be_disabled()  # not exactly what was shown
    expect(page.get_by_text("Something was changed since")).to_be_visible()
    button(page, "Preview").click()
    button(page, "Send 1 mail").click()
    expect(mail).to_contain_text("delivered", timeout=60_000)
    expect(page.get_by_role("status").filter(has_text="1 delivered")).to_be_visible(timeout=60_000)
    button(page, "frontdesk: standard mail").click()
    expect(page.get_by_role("region", name="Result")).to_contain_text("Delivered")
    expect(page.get_by_role("table", name=re.compile("The way it took"))).to_contain_text("logged in")
    talk = page.locator("summary", has_text="What was said")
    talk.click()
    expect(page.get_by_role("region", name="What was said")).to_contain_text("AUTH")
    keep_picture("send-3-delivered", height=2300)
    assert PASSWORD not in page.content()
    with page.expect_download() as download:
        button(page, "Save the table (CSV)").click()
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        assert [(one["user"], one["state"], one["folder"]) for one in csv.DictReader(file)] == [
            ("frontdesk", "delivered", "INBOX")
        ]
    with page.expect_download() as download:
        button(page, "Save attempts and arrivals (JSON Lines)").click()
    download.value.save_as(tmp_path / "lines.jsonl")
    schemas = [json.loads(one)["schema"] for one in (tmp_path / "lines.jsonl").read_text("utf-8").splitlines()]
    assert schemas == ["mailkit.attempt/1", "mailkit.arrival/1"]
    (arrived,) = [file for file in post.imap.maildir().rglob("*") if file.is_file() and file.parent.name in ("new", "cur")]
    assert b"X-Mailkit-Token" in arrived.read_bytes()
    assert not lab.outside()
    assert not lab.faults


def test_on_the_practice_builder_some_arrive_and_the_others_say_who_must_act(lab: Any, keep_picture: Keep) -> None:
    page = lab.show(PRACTICE)
    expect(row(page, "estimator: standard mail")).to_contain_text("ready", timeout=30_000)
    panel(page).get_by_role("searchbox", name="Filter").fill("standard mail")
    expect(page.locator(".mailkit-row-table tbody tr")).to_have_count(7)
    page.get_by_label("all", exact=True).check()
    expect(page.locator(".mailkit-finder")).to_contain_text("4 chosen")
    button(page, "Leave out those without").click()
    expect(page.locator(".mailkit-finder")).to_contain_text("3 chosen")
    button(page, "Preview").click()
    keep_picture("send-4-practice-preview", height=1700)
    button(page, "Send 3 mails").click()
    expect(row(page, "estimator: standard mail")).to_contain_text("delivered", timeout=30_000)
    expect(row(page, "payroll: standard mail")).to_contain_text("log-in refused", timeout=30_000)
    keep_picture("send-5-practice-running", height=1700)
    button(page, "Stop").click()
    expect(page.get_by_role("status").filter(has_text="Stopped after")).to_be_visible(timeout=30_000)
    expect(row(page, "estimator: standard mail")).to_contain_text("delivered")
    button(page, "payroll: standard mail").click()
    expect(page.get_by_role("region", name="Explanation")).to_contain_text("Who must act")
    keep_picture("send-6-practice-refused", height=2300)
    dark(page)
    keep_picture("send-7-dark", height=2300)
    assert not lab.outside()
    assert not lab.faults


def test_it_works_without_a_notebook_and_with_the_keyboard(voila: Any, keep_picture: Keep) -> None:
    page = voila.show(PRACTICE)
    expect(row(page, "estimator: standard mail")).to_contain_text("ready", timeout=30_000)
    box = page.get_by_label("Choose estimator: standard mail", exact=True)
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    button(page, "Preview").focus()
    page.keyboard.press("Enter")
    expect(button(page, "Send 1 mail")).to_be_enabled()
    button(page, "Send 1 mail").focus()
    page.keyboard.press("Enter")
    expect(row(page, "estimator: standard mail")).to_contain_text("delivered", timeout=30_000)
    keep_picture("send-8-voila", height=1500)
    assert not voila.outside()
    assert not voila.faults
