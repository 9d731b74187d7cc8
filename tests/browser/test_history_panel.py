"""The panel "delivery history" as a person uses it: drop a log, read what stands out, open one mail, take a table along."""

from __future__ import annotations

import base64
import csv
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

PANEL = "import mailkit.panels\nmailkit.panels.history()"
OK = "250 2.0.0 Ok: queued as 9F3C1"
SLOW = "451 4.3.2 System not accepting network messages"
HOSTILE = "550 5.1.1 <img src=x onerror=document.title='broken-in'> user unknown"
Keep = Callable[..., None]


def log() -> str:
    """A day of a small Postfix, in which mx2 puts everything off."""
    lines = []
    for number in range(1, 13):
        host = "mx2.builder.test" if number % 3 == 0 else "mx1.builder.test"
        status, dsn, said = ("deferred", "4.3.2", SLOW) if number % 3 == 0 else ("sent", "2.0.0", OK)
        if number == 7:
            status, dsn = "bounced", "5.1.1"
            said = f"host mx1.builder.test[192.0.2.25] said: {HOSTILE} (in reply to RCPT TO command)"
        queue, start = f"4Xq{number:03}", f"2026-11-20T09:{number:02}"
        relay, took = f"relay={host}[192.0.2.25]:25", "delay=2.4, delays=0.1/0.1/1.2/1"
        result = f"dsn={dsn}, status={status} ({said})"
        lines += [
            f"{start}:01+00:00 mail postfix/qmgr[611]: {queue}: from=<desk@hotel.test>, size=2100, nrcpt=1 (queue active)",
            f"{start}:03+00:00 mail postfix/smtp[702]: {queue}: to=<guest{number}@builder.test>, {relay}, {took}, {result}",
        ]
    lines.append("2026-11-20T09:30:00+00:00 mail postfix/smtp[702]: 4Xq999: to=<a@b.test>, relay=none, delay=x, status=")
    return "\n".join(lines) + "\n"


def field(page: Page, label: str) -> Locator:
    return page.locator(".mailkit-panel").get_by_label(label, exact=True)


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
    page.locator(".mailkit-paste textarea").dispatch_event("drop", {"dataTransfer": handle})


def take(page: Page, button: str, to: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    download.value.save_as(to)
    return to


def test_a_log_that_was_dropped_is_answered_filtered_opened_and_taken_along(
    front: Any, keep_picture: Keep, tmp_path: Path
) -> None:
    page = front.show(PANEL)
    field(page, "Where the events are").select_option(label="Files: logs, exports, bounces")
    keep_picture(f"history-1-{front.kind}-empty")
    drop(page, {"mail.log": log()})
    headlines = page.locator(".mailkit-headlines")
    deferred = headlines.get_by_role("button", name=re.compile(r"^4 of 12 mails deferred, all of them at mx2"))
    expect(deferred).to_be_visible(timeout=60_000)
    expect(page.get_by_role("region", name="Files read")).to_contain_text("could not be read")
    for words in (
        "Of 12 mails due, 8 were accepted",
        "What became of the mails",
        "How long until",
        "Why mails did not get through",
    ):
        expect(page.get_by_role("img", name=re.compile(words))).to_be_visible(timeout=60_000)
    mails = page.locator(".mailkit-deliveries")
    expect(mails.get_by_role("button", name=re.compile("^guest"))).to_have_count(10, timeout=60_000)
    expect(page.locator(".mailkit-status progress").first).to_be_hidden(timeout=60_000)
    keep_picture(f"history-2-{front.kind}-answer", height=2400)
    deferred.click()
    expect(page.locator("[data-table=latest]")).to_be_focused()
    expect(mails.get_by_role("button", name=re.compile("^guest"))).to_have_count(4)
    mails.get_by_role("searchbox").fill("guest7")
    mails.get_by_role("button", name="guest7@builder.test").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="guest7@builder.test: bounced")).to_be_focused(timeout=60_000)
    story = page.locator(".mailkit-told")
    expect(story).to_contain_text("Who must act")
    expect(story).to_contain_text("<img src=x")
    keep_picture(f"history-3-{front.kind}-one", height=2400)
    page.get_by_role("button", name="Filters, and the time before and after a change").click()
    field(page, "State").select_option("deferred")
    expect(headlines.get_by_role("button", name=re.compile("^4 of 4 mails deferred"))).to_be_visible(timeout=60_000)
    expect(page.locator(".mailkit-status progress").first).to_be_hidden(timeout=60_000)
    with take(page, "Save as CSV", tmp_path / "mails.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["recipient"] for row in csv.DictReader(file)} == {f"guest{n}@builder.test" for n in (3, 6, 9, 12)}
    field(page, "Table").select_option(label="All tables")
    assert "xl/workbook.xml" in zipfile.ZipFile(take(page, "Save for Excel", tmp_path / "all.xlsx")).namelist()
    assert page.title() != "broken-in"
    assert not front.outside()
    assert not front.faults


def test_the_practice_history_in_light_and_dark_wide_and_narrow(lab: Any, keep_picture: Keep) -> None:
    page = lab.show(PANEL)
    field(page, "Where the events are").select_option(label="The practice history: a hotel and a builder")
    page.get_by_role("button", name="Practise", exact=True).click()
    silent = page.get_by_role("button", name=re.compile("^FD2 was silent"))
    expect(silent).to_be_visible(timeout=90_000)
    expect(page.locator(".mailkit-status progress").first).to_be_hidden(timeout=90_000)
    keep_picture("history-4-practice", height=2600)
    silent.click()
    fold = page.locator("details", has=page.locator("summary[data-table=gaps]"))
    expect(fold).to_have_attribute("open", "")
    expect(fold).to_contain_text("FD2")
    page.locator(".mailkit-deliveries tbody tr").first.locator("td").nth(2).click()
    expect(page.get_by_role("heading", name=re.compile("^guest.*: deferred"))).to_be_visible(timeout=60_000)
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    keep_picture("history-5-dark", height=3400)
    page.set_viewport_size({"width": 560, "height": 900})
    panel = page.locator(".mailkit-panel")
    assert panel.evaluate("element => element.scrollWidth <= element.clientWidth"), "nothing sticks out where it is narrow"
    if where := os.environ.get("MAILKIT_PICTURES"):
        page.set_viewport_size({"width": 560, "height": 4200})
        page.screenshot(path=str(Path(where) / "history-6-narrow.png"))
    assert not lab.outside()
    assert not lab.faults
