"""The command line: one document a line, one clear line for an error, exit statuses a script can use, no secret anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailkit.cli.lab import copy_notebooks

Server = Callable[[str], dict[str, Any]]
Command = Callable[..., Any]


def at(one: dict[str, Any]) -> str:
    return f"{one['address']}:{one['port']}"


def test_a_healthy_server_ends_with_status_0_and_a_broken_one_with_1(
    mailkit: Command, practice: dict[str, Any], server: Server
) -> None:
    good = mailkit("probe", at(server("good-starttls")), "--ca-file", practice["ca_file"], "--json")
    bad = mailkit("probe", at(server("certificate-expired")), "--ca-file", practice["ca_file"], "--json")
    assert (good.status, good.err) == (0, "")
    assert (bad.status, bad.err) == (1, "")
    assert good.documents()[0]["verdict"] == "ok"
    assert bad.documents()[0]["findings"][0]["code"] == "tls.certificate-expired"


def test_every_document_begins_with_its_schema_and_comes_in_the_order_of_the_targets(mailkit: Command, server: Server) -> None:
    targets = [at(server("banner-421")), at(server("good-starttls")), "127.0.0.1:1"]
    ran = mailkit("probe", *targets, "--json")
    assert [document["target"] for document in ran.documents()] == targets
    assert all(row.startswith('{"schema":"mailkit.probe/1"') for row in ran.out.splitlines())


def test_the_text_for_people_begins_with_the_verdict(mailkit: Command, server: Server) -> None:
    ran = mailkit("probe", at(server("starttls-masked")), "--product", "maestro-erp")
    assert ran.out.startswith("ERROR")
    assert "Who must act" in ran.out
    assert "\x1b" not in ran.out


def test_hostile_text_reaches_no_terminal(mailkit: Command, server: Server) -> None:
    ran = mailkit("probe", at(server("hostile-text")), "--transcript")
    assert not any(character < " " and character != "\n" for character in ran.out)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["probe"], "no target"),
        (["probe", ":25"], "no host"),
        (["probe", "host:99999"], "1 to 65535"),
        (["probe", "host", "--ca-file", "missing.pem"], "missing.pem"),
        (["probe", "host", "--resolver", "dns.example"], "IP:PORT"),
        (["probe", "host", "--user", "me", "--password-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (["probe", "host", "--user", "me"], "nobody can be asked"),
        (["probe", "host", "--password-stdin"], "--user"),
        (["probe", "--targets-file", "-", "--user", "me", "--password-stdin"], "both"),
        (["probe", "host", "--save", "no/such/folder/file"], "cannot be written"),
        (["probe", "host", "--targets-file", "missing.txt"], "missing.txt"),
        (["probe", "host", "--concurrency", "0"], "1 or more"),
        (["probe", "host", "--security", "ssl"], "starttls"),
        (["diagnose", "missing.json"], "missing.json"),
        (["diagnose", "a", "b", "c"], "two to compare"),
        (["schema", "letter"], "probe"),
        (["fly"], "probe"),
    ],
)
def test_unusable_input_gets_one_clear_line_and_status_2(mailkit: Command, arguments: list[str], said: str) -> None:
    ran = mailkit(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"), [("", "holds no target"), ("# only a comment\n", "holds no target"), ("good.example\nbad:port\n", "line 2")]
)
def test_a_targets_file_that_cannot_be_used_says_where(mailkit: Command, text: str, said: str, here: Path) -> None:
    (here / "hosts.txt").write_text(text)
    ran = mailkit("probe", "--targets-file", "hosts.txt")
    assert ran.status == 2
    assert said in ran.err


def test_targets_come_from_a_file_with_comments(mailkit: Command, server: Server, here: Path) -> None:
    (here / "hosts.txt").write_text(f"# the mail servers\n{at(server('good-starttls'))}  # first\n\n127.0.0.1:1\n")
    ran = mailkit("probe", "--targets-file", "hosts.txt", "--json")
    assert [document["target"] for document in ran.documents()] == [at(server("good-starttls")), "127.0.0.1:1"]


def test_a_password_from_standard_input_logs_in_and_is_nowhere_afterwards(
    mailkit: Command, practice: dict[str, Any], server: Server, here: Path
) -> None:
    account = next(account for account in practice["accounts"] if account["user"] == "frontdesk@hotel.test")
    ran = mailkit(
        "probe", at(server("good-submission")), "--ca-file", practice["ca_file"], "--user", account["user"], "--password-stdin",
        "--json", "--save", "seen.json", stdin=account["password"] + "\n",
    )  # fmt: skip
    assert ran.documents()[0]["endpoints"][0]["auth"]["result"] == "accepted"
    assert account["password"] not in ran.out + ran.err + (here / "seen.json").read_text()


@pytest.mark.usefixtures("here")
def test_saved_observations_are_judged_again_elsewhere(mailkit: Command, practice: dict[str, Any], server: Server) -> None:
    live = mailkit(
        "probe", at(server("certificate-all-wrong")), "--ca-file", practice["ca_file"], "--json", "--save", "seen.json"
    )
    again = mailkit("diagnose", "seen.json", "--json")
    assert again.status == 1
    assert again.documents() == live.documents()


@pytest.mark.usefixtures("here")
def test_two_saved_files_tell_what_differs(mailkit: Command, practice: dict[str, Any], server: Server) -> None:
    for name, play in (("before.json", "good-starttls"), ("after.json", "certificate-expired")):
        mailkit("probe", at(server(play)), "--ca-file", practice["ca_file"], "--save", name)
    ran = mailkit("diagnose", "before.json", "after.json", "--json")
    assert ran.status == 1
    assert ran.documents()[0]["schema"] == "mailkit.comparison/1"
    assert "tls.certificate-expired" in ran.out
    assert "tls.certificate-expired" not in mailkit("diagnose", "after.json", "after.json", "--json").out


def test_a_file_that_is_no_saved_probe_is_refused_with_its_line(mailkit: Command, here: Path) -> None:
    (here / "odd.json").write_text('{"schema": "mailkit.probe/1", "target": 5}\n')
    ran = mailkit("diagnose", "odd.json")
    assert ran.status == 2
    assert "odd.json, line 1" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_prints_what_was_found_until_then(server: Server) -> None:
    command = [sys.executable, "-m", "mailkit", "probe", at(server("says-nothing")), "--json", "--timeout", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(2)
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=20)
    document = json.loads(out)
    assert running.returncode == 130
    assert document["stopped"] == "user"
    assert document["endpoints"][0]["addresses"][0]["ok"] is True
    assert "stopped" in err


def test_the_demo_names_every_fault_that_was_planted(mailkit: Command) -> None:
    ran = mailkit("demo")
    assert ran.status == 0, ran.out
    assert "MISSED" not in ran.out
    assert "planted faults were named" in ran.out


@pytest.mark.parametrize("kind", ["probe", "comparison", "finding", "practice"])
def test_each_kind_of_document_has_a_schema(mailkit: Command, kind: str) -> None:
    schema = json.loads(mailkit("schema", kind).out)
    assert schema["$schema"].startswith("https://json-schema.org/")


def test_notebooks_are_copied_and_a_changed_one_is_never_overwritten(here: Path) -> None:
    folder = here / "notebooks"
    assert {state for _, state in copy_notebooks(folder)} == {"copied"}
    notebook = folder / "probe.ipynb"
    notebook.write_text("mine")
    states = dict(copy_notebooks(folder))
    assert notebook.read_text() == "mine"
    assert "left alone" in states["probe.ipynb"]
