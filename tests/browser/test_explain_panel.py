"""The panel "what does it mean" as a person uses it: paste and read, drop bounces and take the table along."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

PANEL = "import mailkit.panels\nmailkit.panels.explain()"
MARKER = "vivid-marker-of-a-password"
SESSION = f"""\
220 smtp.gmail.com ESMTP
AUTH LOGIN
334 VXNlcm5hbWU6
b2ZmaWNl
334 UGFzc3dvcmQ6
{MARKER}
535-5.7.8 Username and Password not accepted.
535 5.7.8 https://support.google.com/mail/?p=BadCredentials
"""
MAIL = (
    "From: Mail Delivery <MAILER-DAEMON@site.test>\nTo: desk@site.test\nSubject: Undelivered mail\n"
    "Date: {day:02} Jun 2026 09:00:00 +0000\n\nYour mail could not be delivered.\n\n<{to}>: {said}\n"
)
MAILS = {
    "one.eml": MAIL.format(day=1, to="guest@hotel.test", said="550 5.1.1 user unknown"),
    "two.eml": MAIL.format(day=2, to="owner@builder.test", said="550 5.1.1 user unknown"),
    "three.eml": MAIL.format(day=3, to="clerk@hotel.test", said="552 5.2.2 <script>alert(1)</script> mailbox full"),
}
Keep = Callable[..., None]


def area(page: Page) -> Locator:
    return page.get_by_label("A reply, an error", exact=False)


def drop(page: Page, files: dict[str, str]) -> None:
    """Drop files on the field."""
    handle = page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, data] of files) {
            transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name));
          }
          return transfer;
        }""",
        [[name, base64.b64encode(text.encode()).decode()] for name, text in files.items()],
    )
    area(page).dispatch_event("drop", {"dataTransfer": handle})


def test_paste_read_drop_and_take_along(lab: Any, keep_picture: Keep, tmp_path: Path) -> None:
    page = lab.show(PANEL)
    keep_picture("explain-1-empty", height=700)
    area(page).fill(SESSION)
    area(page).press("Control+Enter")
    card = page.get_by_role("region", name="Explanation").first
    expect(card).to_contain_text("app password")
    for words in ("Does waiting help?", "Is the address dead?", "Careful", "Who must act", "What to change", "In maestro*"):
        expect(card).to_contain_text(words)
    expect(area(page)).to_have_value(re.compile("<redacted>"))
    keep_picture("explain-2-reply", height=1180)
    page.locator(".mailkit-panel").get_by_label("Product", exact=True).select_option(label="Maestro PMS (hotel)")
    expect(card).not_to_contain_text("In maestro*")
    lab.do("docmanager:save")
    assert MARKER not in lab.notebook.read_text()
    assert MARKER not in page.content()
    assert "app password" in json.dumps(json.loads(lab.notebook.read_text())["metadata"]["widgets"])
    drop(page, MAILS)
    expect(area(page)).to_have_value("")
    expect(page.get_by_role("img", name="Reasons: userunknown 2, mailboxfull 1")).to_be_visible()
    table = page.locator(".mailkit-row-table table")
    expect(table.get_by_role("row", name="userunknown")).to_contain_text("2026-06-02")
    keep_picture("explain-3-many", height=1100)
    reason = table.get_by_role("button", name="userunknown")
    reason.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="mailboxfull", exact=False).first).to_be_focused()
    expect(page.get_by_text("clerk@hotel.test").last).to_be_visible()
    assert page.locator(".mailkit-sheet script").count() == 0
    keep_picture("explain-4-group", height=1500)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the table (CSV)").click()
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["reason"], row["count"], row["first_seen"][:10]) for row in csv.DictReader(file)] == [
            ("userunknown", "2", "2026-06-01"),
            ("mailboxfull", "1", "2026-06-03"),
        ]
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    keep_picture("explain-5-dark", height=1500)
    assert not lab.outside()
    assert not lab.faults


def test_it_works_without_a_notebook_and_with_the_keyboard(voila: Any, keep_picture: Keep) -> None:
    page = voila.show(PANEL)
    area(page).focus()
    page.keyboard.type("550 5.7.1 Relay access denied")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Explain", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    card = page.get_by_role("region", name="Explanation")
    expect(card).to_contain_text("Who must act")
    fold = card.locator("summary", has_text="Why")
    fold.focus()
    page.keyboard.press("Enter")
    expect(card.get_by_text("On the words")).to_be_visible()
    keep_picture("explain-6-voila", height=1000)
    assert not voila.outside()
    assert not voila.faults
