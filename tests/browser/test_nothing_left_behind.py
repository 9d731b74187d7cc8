"""A round of test mails leaves no password behind: in no notebook, checkpoint, export, log, report, store or process list."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from ..real.ground.post import HOST, PASSWORD, USER, PostOffice
from .test_send_panel import PANEL, button, field, give_site, panel, row

WRONG = "vivid-marker-of-a-password-Zq7"
"""Typed for the mailbox; the right password of the account is looked for as well."""


def forms(secret: str) -> Iterator[bytes]:
    """Every shape in which a password may be written down; base64 has three, for each place the password may have in it."""
    raw = secret.encode()
    yield raw
    yield quote(secret, safe="").encode()
    yield secret.encode("utf-16-le")
    yield json.dumps(secret)[1:-1].encode()
    for lead in range(3):
        coded = base64.b64encode(b"\0" * lead + raw).rstrip(b"=")
        yield coded[(0, 2, 3)[lead] : len(coded) - (1 if (lead + len(raw)) % 3 else 0)]


def found_in(content: bytes) -> bool:
    return any(form in content for secret in (PASSWORD, WRONG) for form in forms(secret))


def command_lines() -> dict[str, bytes]:
    told = {}
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                told[f"{process.name}/{name}"] = (process / name).read_bytes()
            except OSError:
                continue  # it has ended
    return told


def keep(page: Page, name: str, folder: Path) -> None:
    with page.expect_download() as download:
        button(page, name).click()
    download.value.save_as(folder / download.value.suggested_filename)


def test_no_password_is_left_behind(lab: Any, post: PostOffice, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = lab.show(PANEL)
    give_site(page, post)
    page.get_by_label("Choose frontdesk: standard mail", exact=True).check()
    field(page, "Then look for the mails").select_option(label="In a mailbox on a server (IMAP)")
    field(page, "Mailbox").fill(post.box)
    field(page, "Mailbox").press("Tab")
    field(page, "Password of the mailbox").fill(WRONG)
    field(page, "Password of the mailbox").press("Tab")
    field(page, f"Password of {USER} at {HOST}:{post.submission}").fill(PASSWORD)
    lab.do("docmanager:save")  # while it stands in the field
    button(page, "Preview").click()
    lab.do("docmanager:save")  # while it is held in memory
    expect(button(page, "Send 1 mail")).to_be_enabled()
    button(page, "Send 1 mail").click()
    expect(page.get_by_role("status").filter(has_text="Accepted is not delivered")).to_be_visible(timeout=60_000)
    during = command_lines()
    button(page, "frontdesk: standard mail").click()
    page.locator("summary", has_text="What was said").click()
    expect(page.get_by_role("region", name="What was said")).to_contain_text(re.compile("AUTH .*<redacted>"))
    expect(panel(page)).to_contain_text("refused")  # by the mailbox
    lab.do("docmanager:save")
    panel(page).get_by_label("Hide names", exact=False).uncheck()
    for name in (
        "Save attempts and arrivals (JSON Lines)",
        "Save the table (CSV)",
        "Save as a page (HTML)",
        "Save text for a ticket",
        "Let the user test his own password: save the case for him",
    ):
        keep(page, name, tmp_path)
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(lab.notebook)], check=True, capture_output=True)
    assert USER in json.dumps(json.loads(lab.notebook.read_text())["metadata"]["widgets"])  # the widget state was saved indeed
    files = [file for file in tmp_path_factory.getbasetemp().rglob("*") if file.is_file()]
    kinds = {file.name for file in files} | {file.suffix for file in files} | {part for file in files for part in file.parts}
    assert {".ipynb_checkpoints", "server.log", "site.history.sqlite3", ".html", ".csv", ".jsonl", ".txt"} <= kinds
    assert any(USER.encode() in file.read_bytes() for file in files if file.name == "site.history.sqlite3")
    assert not [file for file in files if found_in(file.read_bytes())]
    assert not [name for name, line in (during | command_lines()).items() if found_in(line)]
    assert not found_in(page.content().encode())
    assert row(page, "frontdesk: standard mail").is_visible()
