"""The panel "traces" as a person uses it: from the preview to "accepted" by real servers, and on the practice hotel."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from mailkit.site import PmsSite
from mailkit.site.file import load as load_site

from ..real.ground.post import HOST, PASSWORD, USER, PostOffice

PANEL = "import mailkit.panels\nmailkit.panels.traces()"
PRACTICE = "import os\nos.environ['MAILKIT_PRACTICE'] = '1'\nimport mailkit.panels\nmailkit.panels.traces()"
SITE = """
schema = "mailkit.site/1"
product = "maestro-pms"
name = "Lake House"
version = "5.1"
time_zone = "UTC"

[email_setup]   # this remark has to stay
server = "{host}"
port = {port}
trace_rep_addr = "{user}"
mechanism = "LOGIN"
auth_meth = "LOGIN"
auth_name = "{user}"
password = "set"
email_traces = "N"

[traces]
activated = false

[traces.source]
file = "traces.csv"

[[clerks]]
code = "FD"
email = "{user}"
status = "active"

[[clerks]]
code = "BK"
email = "bookkeeping@ci.test"
status = "active"

[[clerks]]
code = "GONE"
email = "unknown@ci.test"
status = "active"

[[clerks]]
code = "MNT"
email = ""
status = "active"
"""
ROWS = (
    "1,FD,Late arrival,{1}",
    "2,BK,Invoice,{2}",
    "3,FD,Crib,{2}",
    "4,MNT,Radiator,{1}",
    "5,FD,Old,{20}",
    "6,BK,Broken,31/02/2026",
)
MARKER = PASSWORD
Keep = Callable[..., None]


@pytest.fixture
def hotel(tmp_path: Path, post: PostOffice) -> Path:
    path = tmp_path / "hotel.site.toml"
    path.write_text(SITE.format(host=HOST, port=post.submission, user=USER))
    write_traces(tmp_path / "traces.csv", *ROWS)
    return path


def write_traces(path: Path, *rows: str) -> None:
    today = dt.datetime.now(tz=dt.UTC).date()
    days = [f"{today - dt.timedelta(days=number)} 09:00" for number in range(30)]
    path.write_text("Trace ID,Clerk,Message,Created\n" + "".join(f"{row.format(*days)}\n" for row in rows))


def panel(page: Page) -> Locator:
    return page.locator(".mailkit-panel")


def button(page: Page, name: str | re.Pattern[str]) -> Locator:
    return panel(page).get_by_role("button", name=name, exact=isinstance(name, str))


def field(page: Page, name: str) -> Locator:
    return panel(page).get_by_label(name, exact=True)


def states(page: Page) -> Locator:
    return page.get_by_role("table", name="By clerk and by state")


def rows(page: Page) -> Locator:
    return page.locator(".mailkit-row-table tbody tr")


def dark(page: Page) -> None:
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def load(page: Page, hotel: Path, post: PostOffice) -> None:
    field(page, "Site file").fill(str(hotel))
    field(page, "Site file").press("Tab")
    button(page, "Load").click()
    expect(page.get_by_text("Email Traces is N: nothing is queued")).to_be_visible()
    button(page, re.compile("More: name server")).click()
    field(page, "Name server").fill(post.resolver)
    field(page, "Trusted authorities (PEM file)").fill(str(post.ca_file))
    field(page, "Trusted authorities (PEM file)").press("Tab")


def test_from_preview_to_accepted_by_real_servers(lab: Any, post: PostOffice, hotel: Path, keep_picture: Keep) -> None:
    page = lab.show(PANEL)
    expect(page.get_by_text("Load the site file of a hotel, or practise.")).to_be_visible()
    keep_picture("traces-1-empty", height=500)
    load(page, hotel, post)

    expect(button(page, "Activate")).to_be_disabled()
    button(page, "Preview").click()
    expect(page.get_by_role("heading", name="Switching on now, for the first time, would send 3 mails.")).to_be_visible()
    expect(page.get_by_role("table", name="To whom").get_by_role("row", name="FD")).to_contain_text(USER)
    expect(page.get_by_role("table", name="Not sent: 2 traces")).to_contain_text("the clerk has no e-mail account")
    expect(page.get_by_role("table", name="Rows that cannot be used: 1")).to_contain_text("no day")
    expect(page.get_by_role("table", name="What decides").get_by_role("row", name="How far back")).to_contain_text("documented")
    expect(page.get_by_role("img", name=re.compile("Of which day.*BK 1"))).to_be_visible()
    keep_picture("traces-2-preview", height=3000)

    yes = panel(page).get_by_label(re.compile("^Yes: queue 3 mails, and write Email Traces = Y into hotel.site.toml"))
    yes.check()
    field(page, "Leave out for good").fill("BK")
    field(page, "Leave out for good").press("Tab")
    expect(button(page, "Activate")).to_be_disabled()  # the yes was said to something else
    field(page, "Leave out for good").fill("")
    field(page, "Leave out for good").press("Tab")
    expect(yes).not_to_be_checked()
    yes.check()
    button(page, "Activate").click()
    expect(page.get_by_text("3 mails queued; nothing has been sent yet.")).to_be_visible()
    assert isinstance(site := load_site(hotel).site, PmsSite)
    assert site.email_setup.email_traces is True
    assert "# this remark has to stay" in hotel.read_text()
    expect(states(page)).to_contain_text("waiting")

    expect(button(page, "Send")).to_be_disabled()
    field(page, f"Password of {USER}").fill(PASSWORD)
    button(page, "Send").click()
    expect(page.get_by_role("heading", name="Everything that was due was taken.")).to_be_visible()
    expect(states(page).get_by_role("row", name="Together")).to_contain_text("3")
    expect(rows(page).filter(has_text="accepted")).to_have_count(3)
    expect(page.get_by_text("Accepted means that the next server took it").first).to_be_visible()
    lab.do("docmanager:save")
    assert MARKER not in lab.notebook.read_text()
    assert "Lake House" not in page.evaluate("document.title")

    assert not lab.outside()
    assert not lab.faults


def test_a_refused_mail_is_opened_and_nothing_is_sent_twice(
    lab: Any, post: PostOffice, hotel: Path, keep_picture: Keep, tmp_path: Path
) -> None:
    write_traces(tmp_path / "traces.csv", *ROWS, "7,GONE,Keys,{1}")
    page = lab.show(PANEL)
    load(page, hotel, post)
    button(page, "Preview").click()
    panel(page).get_by_label(re.compile("^Yes: queue 4 mails")).check()
    button(page, "Activate").click()
    expect(page.get_by_text("4 mails queued; nothing has been sent yet.")).to_be_visible()
    field(page, f"Password of {USER}").fill(PASSWORD)
    button(page, "Send").click()
    expect(page.get_by_role("heading", name="Sent, and not everything was taken.")).to_be_visible()
    refused = rows(page).filter(has_text="unknown@ci.test")
    refused.get_by_role("button").click()
    expect(page.get_by_role("region", name="Explanation")).to_contain_text("Who must act")
    expect(page.get_by_role("table", name="What happened")).to_contain_text("refused")
    expect(button(page, "Send it again, once it is put right")).to_be_visible()
    keep_picture("traces-3-sent", height=4300)

    button(page, "Preview").click()
    expect(page.get_by_role("heading", name=re.compile("Trace mail is on, and nothing of before is sent again"))).to_be_visible()
    panel(page).get_by_label(re.compile("^Yes: queue 0 mails that came since; nothing is sent again")).check()
    button(page, "Activate").click()
    expect(page.get_by_role("heading", name="Trace mail was on already: nothing is sent again.")).to_be_visible()
    expect(states(page).get_by_role("row", name="Together")).to_contain_text("3")

    with page.expect_download() as download:
        button(page, "Save every mail (CSV)").click()
    download.value.save_as(tmp_path / "mails.csv")
    with (tmp_path / "mails.csv").open(encoding="utf-8", newline="") as file:
        saved = list(csv.DictReader(file))
    assert sorted(row["state"] for row in saved) == ["accepted", "accepted", "accepted", "not sent", "refused"]
    assert not [row for row in saved if "ci.test" in json.dumps(row)]
    dark(page)
    keep_picture("traces-4-dark", height=4300)
    assert not lab.outside()
    assert not lab.faults


def test_a_refused_log_in_is_one_finding_and_costs_one_attempt(
    lab: Any, post: PostOffice, hotel: Path, keep_picture: Keep
) -> None:
    page = lab.show(PANEL)
    load(page, hotel, post)
    button(page, "Preview").click()
    panel(page).get_by_label(re.compile("^Yes: queue 3 mails")).check()
    button(page, "Activate").click()
    mark = post.login.log.mark()
    field(page, f"Password of {USER}").fill("wrong horse")
    button(page, "Send").click()
    expect(page.get_by_role("heading", name=re.compile("^Stopped: .*3 mails wait for it"))).to_be_visible()
    expect(page.get_by_role("region", name="Explanation")).to_contain_text("Who must act")
    assert len(post.login.attempts(mark)) == 1
    keep_picture("traces-5-stopped", height=3300)
    field(page, f"Password of {USER}").fill(PASSWORD)
    expect(button(page, "Send")).to_be_disabled()
    button(page, re.compile("^Put right: let .* be used again")).click()
    expect(page.get_by_text("may be used again; the next sending tries it once.")).to_be_visible()
    button(page, "Send").click()
    expect(rows(page).filter(has_text="accepted")).to_have_count(3)
    assert not lab.faults


def test_the_practice_hotel_shows_it_all_without_a_notebook(voila: Any, keep_picture: Keep) -> None:
    page = voila.show(PRACTICE)
    expect(page.get_by_text("The practice hotel runs")).to_be_visible()
    field(page, "The hotel").select_option(label="with the log-in put right")
    expect(page.get_by_text("frontdesk@hotel.test, LOGIN, a password is set")).to_be_visible()
    button(page, "Preview").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Switching on now, for the first time, would send 38 mails.")).to_be_visible()
    keep_picture("traces-7-practice", height=1500)
    panel(page).get_by_label(re.compile("^Yes: queue 38 mails")).check()
    button(page, "Activate").click()
    expect(page.get_by_text("38 mails queued; nothing has been sent yet.")).to_be_visible()
    button(page, "Send").click()
    expect(states(page).get_by_role("row", name="Together")).to_contain_text("38")
    expect(page.get_by_role("heading", name="Everything that was due was taken.")).to_be_visible()
    field(page, "State").select_option(label="not sent")
    expect(rows(page)).to_have_count(12)
    keep_picture("traces-6-voila", height=4800)
    page.set_viewport_size({"width": 520, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not voila.outside()
    assert not voila.faults
