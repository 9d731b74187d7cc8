"""The panel "choose a mode" as a person uses it: from empty to a saved site, for both products."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from mailkit.site import ErpSite, PmsSite
from mailkit.site.erp import GeneralSettings, SmtpSettings, User
from mailkit.site.file import loads
from mailkit.site.pms import Clerk, EmailSetup, Traces

PANEL = "import mailkit.panels\nmailkit.panels.site()"
Keep = Callable[..., None]


def button(page: Page, name: str) -> Locator:
    return page.locator(".mailkit-panel").get_by_role("button", name=name, exact=True)


def field(page: Page, name: str) -> Locator:
    return page.locator(".mailkit-panel").get_by_label(name, exact=True)


def option(page: Page, group: str, name: str) -> Locator:
    """One of the few choices of a box or a question."""
    return page.get_by_role("radiogroup", name=group, exact=True).get_by_label(name, exact=True)


def step(page: Page, title: str, *, keyboard: bool = False) -> None:
    """Jump to a step by the list."""
    entry = page.get_by_role("navigation", name="Steps").get_by_role("button").filter(has_text=title)
    if keyboard:
        reach(page, entry, key="Shift+Tab")
        page.keyboard.press("Enter")
    else:
        entry.click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_focused()


def go_on(page: Page, title: str, key: str = "Enter") -> None:
    """Go to the next step with the keyboard."""
    reach(page, button(page, "Next"))
    page.keyboard.press(key)
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_focused()


def type_into(page: Page, name: str, text: str) -> None:
    reach(page, field(page, name))
    page.keyboard.type(text)


def reach(page: Page, there: Locator, *, key: str = "Tab") -> None:
    """Press a key until something has the focus."""
    there.wait_for()
    for _ in range(60):
        if there.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail(f"{key} does not lead to {there}")


BUILDER = ErpSite(
    name="Builder",
    version="old",
    deployment="terminal-server",
    provider="microsoft365",
    general_settings=GeneralSettings(
        mail_software="smtp",
        smtp=SmtpSettings(
            server_name="smtp.office365.com",
            port=587,
            use_ssl=True,
            user_name="office@builder.test",
            password="set",
            from_address="office@builder.test",
        ),
    ),
    users=(User(code="estimating", user_name="estimating@builder.test", password="empty", from_address=""),),
)


def test_maestro_from_empty_to_a_saved_site(lab: Any, keep_picture: Keep, tmp_path: Path) -> None:
    page = lab.show(PANEL)
    expect(button(page, "Next")).to_be_disabled()
    keep_picture("site-erp-1-start")
    option(page, "Product", "maestro* (construction)").check()
    button(page, "Next").click()
    field(page, "Name of the site").fill("Builder")
    option(page, "Version of the screens", "old: Mail Software").check()
    field(page, "Deployment").select_option(label="terminal server")
    keep_picture("site-erp-2-version")
    button(page, "Next").click()
    keep_picture("site-erp-3-mode", height=1100)
    button(page, "Take it over").click()
    expect(field(page, "Mail Software").locator("option:checked")).to_have_text("SMTP")
    general_settings(page)
    keep_picture("site-erp-4-general", height=1100)
    step(page, "Users")
    button(page, "Add a user").click()
    field(page, "User Code").fill("estimating")
    field(page, "user name").fill("estimating@builder.test")
    page.get_by_label('"From" Address: empty on the screen').check()
    option(page, "New Password and Confirmation: is one set?", "no").check()
    expect(page.get_by_role("rowheader", name="estimating")).to_be_visible()
    keep_picture("site-erp-5-users", height=1400)
    for title, words in (
        ("Mailing Configuration", "Add a form"),
        ("Who sends how", "estimating"),
        ("Checks", "password"),
    ):
        step(page, title)
        expect(page.locator(".mailkit-content")).to_contain_text(words)
        keep_picture(f"site-erp-{title.lower().replace(' ', '-')}", height=1300)
    step(page, "Save")
    with page.expect_download() as download:
        button(page, "Download the site file").click()
    assert download.value.suggested_filename == "site.toml"
    download.value.save_as(tmp_path / "site.toml")
    assert loads((tmp_path / "site.toml").read_text("utf-8")) == BUILDER
    button(page, "Save into this folder").click()
    expect(page.get_by_text("Saved as")).to_be_visible()
    keep_picture("site-erp-save")
    written = lab.notebook.with_name("site.toml")
    assert loads(written.read_text("utf-8")) == BUILDER
    written.unlink()
    assert not lab.outside()
    assert not lab.faults


def general_settings(page: Page) -> None:
    """Fill in the account, with a mistake on the way that is still there after going elsewhere."""
    step(page, "General Settings")
    field(page, "Mail provider").select_option(label="Microsoft 365 (Exchange Online)")
    expect(field(page, "server name")).to_have_value("smtp.office365.com")
    expect(page.get_by_role("region", name="Microsoft 365")).to_contain_text("30 messages a minute")
    field(page, "Port").fill("smtp")
    field(page, "Port").press("Tab")
    expect(page.get_by_text("1 to 65535")).to_be_visible()
    step(page, "Users")
    step(page, "General Settings")
    expect(field(page, "Port")).to_have_value("smtp")
    field(page, "Port").fill("587")
    field(page, "user").fill("office@builder.test")
    option(page, "password: is one set?", "yes").check()
    field(page, '"From"').fill("office@builder.test")
    field(page, '"From"').press("Tab")
    expect(page.get_by_text("1 to 65535")).to_have_count(0)


HOTEL = PmsSite(
    version="5.1",
    email_setup=EmailSetup(
        server="mail.hotel.test",
        port=587,
        trace_rep_addr="traces@hotel.test",
        auth_meth="Login",
        mechanism="LOGIN",
        auth_name="frontdesk@hotel.test",
        password="set",
        email_traces=False,
    ),
    clerks=(Clerk(code="FD1", email="frontdesk@hotel.test"),),
    traces=Traces(waiting=12),
)


def test_maestro_pms_from_empty_to_a_saved_site_with_the_keyboard_alone(lab: Any, keep_picture: Keep, tmp_path: Path) -> None:
    page = lab.show(PANEL)
    keys = page.keyboard
    page.get_by_role("heading", name="Product").focus()
    reach(page, option(page, "Product", "maestro* (construction)"))
    keys.press("ArrowDown")
    expect(option(page, "Product", "Maestro PMS (hotel)")).to_be_checked()
    go_on(page, "Hotel and version")
    type_into(page, "Version of Maestro PMS", "5.1")
    go_on(page, "Log-in method", key="Space")
    go_on(page, "Email Setup")
    email_setup(page)
    keep_picture("site-pms-3-email", height=1200)
    step(page, "Clerks", keyboard=True)
    reach(page, button(page, "Add a clerk"))
    keys.press("Enter")
    expect(field(page, "clerk code")).to_be_focused()
    keys.type("FD1")
    type_into(page, "e-mail account", "frontdesk@hotel.test")
    reach(page, button(page, "Back to the table"))
    keys.press("Enter")
    expect(page.get_by_role("rowheader").get_by_role("button", name="FD1")).to_be_focused()
    keep_picture("site-pms-5-clerks")
    go_on(page, "Switching traces on")
    reach(page, page.get_by_role("radiogroup", name="Email Traces").locator("input:checked"))
    keys.press("ArrowLeft")
    expect(option(page, "Email Traces", "N")).to_be_checked()
    type_into(page, "Messages waiting to be mailed", "12")
    keys.press("Tab")
    expect(page.get_by_role("region", name="If Email Traces went to Y today")).to_contain_text("12 messages")
    keep_picture("site-pms-6-traces", height=1200)
    for name in ("Who sends how", "Checks", "Save"):
        go_on(page, name)
        keep_picture(f"site-pms-{name.split()[0].lower()}", height=1300)
    reach(page, button(page, "Download the site file"))
    with page.expect_download() as download:
        keys.press("Enter")
    download.value.save_as(tmp_path / "site.toml")
    assert loads((tmp_path / "site.toml").read_text("utf-8")) == HOTEL
    assert not lab.faults


def email_setup(page: Page) -> None:
    for label, text in (
        ("Email server IP", "mail.hotel.test"),
        ("Email Server Port", "587"),
        ("Trace Rep Addr", "traces@hotel.test"),
        ("Email Auth Meth", "Login"),
        ("Email Auth Name", "frontdesk@hotel.test"),
    ):
        type_into(page, label, text)
    expect(field(page, "Email NA Send?")).to_have_attribute("readonly", "")
    password = "Window > Set Password: is one set?"
    reach(page, page.get_by_role("radiogroup", name=password).locator("input:checked"))
    page.keyboard.press("ArrowRight")
    expect(option(page, password, "yes")).to_be_checked()
    type_into(page, "What the method means on the wire", "LOGIN")
    expect(page.get_by_text("in two lines")).to_be_visible()


def test_a_loaded_table_of_five_hundred_users_can_be_looked_through(voila: Any, tmp_path: Path, keep_picture: Keep) -> None:
    page = voila.show(PANEL)
    table = tmp_path / "users.csv"
    rows = [f"user{number},user{number}@builder.test,hunter2" for number in range(500)]
    table.write_text("\n".join(["User Code,E-mail,Password,Shoe size", *rows]), "utf-8")
    option(page, "Product", "maestro* (construction)").check()
    expect(page.get_by_label("Site file", exact=True)).to_have_count(0)  # the server's folder is not the reader's
    step(page, "Users")
    page.get_by_label("Read users from a table").set_input_files(table)
    expect(page.get_by_role("status").filter(has_text="500 users")).to_be_visible(timeout=30_000)
    expect(page.locator(".mailkit-content")).to_contain_text("Shoe size")
    keep_picture("site-voila-import", height=1300)
    assert "hunter2" not in page.content()
    page.get_by_label("Filter").fill("user499")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    page.get_by_role("rowheader").get_by_role("button", name="user499").click()
    expect(field(page, "User Code")).to_have_value("user499")
    assert not voila.outside()
    assert not voila.faults
