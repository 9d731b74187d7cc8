"""The commands about a site: its file, its routes, its sheet, and the servers it uses."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

Server = Callable[[str], dict[str, Any]]
Command = Callable[..., Any]

BUILDER = """
product = "maestro-erp"
version = "old"
deployment = "on-premises"

[general_settings]
mail_software = "smtp"

[general_settings.smtp]
server_name = "{host}"
port = {port}
use_ssl = {ssl}
user_name = "office@builder.test"
password = "set"
from_address = "office@builder.test"

[[users]]
code = "estimating"
group = "Office"
user_specific = false
user_name = "estimating@builder.test"
password = "set"
from_address = "estimating@builder.test"

[[users]]
code = "payroll"
group = "Office"
user_specific = true
user_name = "payroll@builder.test"
password = "set"
from_address = "payroll@builder.test"
server_name = "{other_host}"
port = {other_port}
use_ssl = {ssl}
"""


def builder(folder: Path, first: dict[str, Any], second: dict[str, Any], *, ssl: bool = True) -> Path:
    """Write a site file that leads to two practice servers by their addresses."""
    file = folder / "site.toml"
    text = BUILDER.format(
        host=first["address"],
        port=first["port"],
        other_host=second["address"],
        other_port=second["port"],
        ssl=str(ssl).lower(),
    )
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def site(here: Path, server: Server) -> Path:
    return builder(here, server("good-starttls"), server("auth-in-clear-no-tls"))


def test_check_says_what_is_wrong_with_the_settings_alone(mailkit: Command, site: Path) -> None:
    ran = mailkit("site", "check", site.name, "--json")
    codes = {document["code"] for document in ran.documents()}
    assert {document["schema"] for document in ran.documents()} == {"mailkit.finding/1"}
    assert "site.user-copy-stale" in codes
    assert ran.err == ""


def test_check_of_a_file_with_mistakes_lists_them_all_and_shows_no_secret(mailkit: Command, here: Path) -> None:
    (here / "site.toml").write_text(
        'product = "maestro-pms"\n[email_setup]\nport = 70000\npassword = "vivid-marker"\nemail_trace = true\n', encoding="utf-8"
    )
    ran = mailkit("site", "check", "site.toml")
    assert (ran.status, ran.out) == (2, "")
    assert all(word in ran.err for word in ("line 3", "port", "line 4", "line 5", "email_traces"))
    assert "vivid-marker" not in ran.err


def test_check_judges_as_of_the_day_that_is_asked_for(mailkit: Command, here: Path) -> None:
    (here / "site.toml").write_text(
        BUILDER.format(host="smtp.office365.com", port=587, other_host="smtp.office365.com", other_port=587, ssl="true"),
        encoding="utf-8",
    )

    def severity(day: str) -> str:
        ran = mailkit("site", "check", "site.toml", "--on", day, "--json")
        return next(document["severity"] for document in ran.documents() if document["code"] == "site.basic-auth-ends")

    assert severity("2026-11-21") == "warning"
    assert mailkit("site", "check", "site.toml", "--on", "tomorrow").status == 2


def test_route_gives_one_document_per_user_and_mailing_type(mailkit: Command, site: Path) -> None:
    ran = mailkit("site", "route", site.name, "--json")
    assert all(row.startswith('{"schema":"mailkit.route/1"') for row in ran.out.splitlines())
    assert [(one["user"], one["mailing"]) for one in ran.documents()] == [
        (user, mailing) for user in ("estimating", "payroll") for mailing in ("standard", "bulk", "dispatch", "mobile")
    ]
    first = ran.documents()[0]
    assert (first["rule"], first["transport"]) == ("R3", "smtp")
    assert first["fields"]["password"] == {**first["fields"]["password"], "set": True, "value": None}


def test_route_for_one_user_names_the_screen_of_each_value(mailkit: Command, site: Path) -> None:
    ran = mailkit("site", "route", site.name, "--user", "payroll", "--mailing", "standard")
    assert "R4" in ran.out
    assert "Security Management" in ran.out
    assert mailkit("site", "route", site.name, "--user", "nobody").status == 2


def test_the_sheet_is_a_page_to_print_or_markdown(mailkit: Command, site: Path, here: Path) -> None:
    assert mailkit("site", "sheet", site.name, "--out", "sheet.html").status == 0
    page = (here / "sheet.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "Security Management" in page
    assert "| " in mailkit("site", "sheet", site.name).out


def test_probing_a_site_asks_each_server_once_and_says_for_whom_it_matters(
    mailkit: Command, practice: dict[str, Any], site: Path, server: Server
) -> None:
    ran = mailkit("probe", f"site:{site.name}", "--ca-file", practice["ca_file"], "--json")
    documents = {document["target"]: document for document in ran.documents()}
    good, bad = (server(name) for name in ("good-starttls", "auth-in-clear-no-tls"))
    assert [*documents] == [f"{one['address']}:{one['port']}" for one in (good, bad)]
    whom = [document["used_by"] for document in documents.values()]
    assert [one["users"] for one in whom] == [["estimating", "payroll"], ["payroll"]]
    assert whom[1]["mailings"][0] == "standard"
    assert "mobile" not in whom[1]["mailings"]
    text = mailkit("probe", f"site:{site.name}", "--ca-file", practice["ca_file"]).out
    assert "2 users send through this server" in text
    fixes = [fix for finding in documents[[*documents][1]]["findings"] for fix in finding["fix"]]
    assert any(fix["where"].startswith("erp.") for fix in fixes if fix["where"])


def test_a_site_without_a_mail_server_says_which_way_its_mail_goes_instead(mailkit: Command, here: Path) -> None:
    (here / "site.toml").write_text(
        'product = "maestro-erp"\nversion = "old"\ndeployment = "on-premises"\n[general_settings]\nmail_software = "outlook"\n'
        '[[users]]\ncode = "estimating"\nuser_specific = false\n',
        encoding="utf-8",
    )
    ran = mailkit("probe", "site:site.toml")
    assert (ran.status, ran.out) == (2, "")
    assert "mailkit site route" in ran.err


@pytest.mark.parametrize("arguments", [["check", "missing.toml"], ["route", "missing.toml"], ["sheet", "missing.toml"]])
def test_a_missing_site_file_is_one_clear_line(mailkit: Command, here: Path, arguments: list[str]) -> None:
    assert here.exists()
    ran = mailkit("site", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "missing.toml" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_the_schema_of_a_site_file_takes_what_the_command_line_takes(mailkit: Command, site: Path) -> None:
    schema = json.loads(mailkit("schema", "site").out)
    jsonschema.validate(tomllib.loads(site.read_text(encoding="utf-8")), schema)
