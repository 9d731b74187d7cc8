"""`mailkit own`: what a person reads before and after a password was tried."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]

SITE = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "old"
deployment = "on-premises"
[general_settings]
mail_software = "smtp"
[general_settings.smtp]
server_name = "{host}"
port = {port}
use_ssl = true
[[users]]
code = "frontdesk"
user_specific = false
user_name = "frontdesk@hotel.test"
from_address = "frontdesk@hotel.test"
password = "set"
[[users]]
code = "scanner"
user_specific = false
user_name = ""
from_address = ""
password = "empty"
"""


def test_who_has_no_case_is_told_what_is_wrong_with_his_way(mailkit: Command, here: Path) -> None:
    (here / "site.toml").write_text(SITE.format(host="mail.hotel.test", port=587), "utf-8")
    done = mailkit("own", "prepare", "site.toml")
    assert done.status == 0
    assert "scanner: " in done.out
    assert "user name" in next(line for line in done.out.splitlines() if line.startswith("scanner: "))
    assert (here / "own-frontdesk.json").exists()


def test_what_to_do_names_people_and_screens_each_once(
    mailkit: Command, here: Path, practice: dict[str, Any], server: Any
) -> None:
    found = server("good-starttls")
    (here / "site.toml").write_text(SITE.format(host=found["host"], port=found["port"]), "utf-8")
    mailkit("own", "prepare", "site.toml")
    wire = ("--ca-file", practice["ca_file"], "--resolver", practice["resolver"], "--password-env", "OWN")
    tried = mailkit("own", "try", "own-frontdesk.json", "--out", "result.json", *wire, OWN="not the password")
    assert tried.status == 1
    assert "site-admin:" not in tried.out
    assert "The site's administrator: " in tried.out
    assert "(Security Management > " in tried.out
    actions = [line.partition(": ")[2].partition(" (")[0] for line in tried.out.splitlines() if line.startswith("  ")]
    assert len(actions) == len(set(actions)) > 1
    assert "not the password" not in tried.out + tried.err + (here / "result.json").read_text("utf-8")
    assert json.loads((here / "result.json").read_text("utf-8"))["schema"] == "mailkit.own-result/1"
