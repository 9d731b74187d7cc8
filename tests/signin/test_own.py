"""Testing one's own password: a case without a secret, one attempt, a result without a secret."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.mail.plan import plan
from mailkit.practice import PracticeSite, practice_site
from mailkit.secret import Secret
from mailkit.signin.own import OwnCase, own_case, read_case, read_result, write_case, write_result
from mailkit.signin.own_attempt import try_own
from mailkit.site import ErpSite
from mailkit.site.file import load

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
PASSWORD = "practice-frontdesk"

SITE = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "old"
deployment = "on-premises"

[general_settings]
mail_software = "smtp"

[general_settings.smtp]
server_name = "mail.hotel.test"
port = 587
use_ssl = true

[[users]]
number = 1
code = "frontdesk"
user_specific = false
user_name = "frontdesk@hotel.test"
from_address = "frontdesk@hotel.test"
password = "set"
"""


@pytest.fixture
async def site() -> AsyncIterator[PracticeSite]:
    async with practice_site(plays=["auth-accepted"]) as running:
        yield running


def a_case(site: PracticeSite, play: str = "auth-accepted", **changes: Any) -> OwnCase:
    server = site.server(play)
    fields: dict[str, Any] = {
        "product": "maestro-erp",
        "user": "frontdesk",
        "mailing": "standard",
        "rule": "R3",
        "host": server.host,
        "port": server.port,
        "security": "starttls",
        "login": "frontdesk@hotel.test",
        "server_name": server.name,
        "sender": "frontdesk@hotel.test",
        "recipient": "frontdesk@hotel.test",
    }
    return OwnCase(**fields | changes)


async def test_the_right_password_passes_with_one_attempt(site: PracticeSite, tmp_path: Path) -> None:
    secret = Secret(PASSWORD)
    result = await try_own(a_case(site), secret, ca_file=str(site.ca_file))
    assert (result.passed, result.outcome, result.attempts, result.mail) == (True, "accepted", 1, None)
    assert result.mechanism
    assert result.tls
    assert "accepted the password" in result.summary
    assert site.accounts["frontdesk@hotel.test"].attempts == 1
    file = tmp_path / "result.json"
    await asyncio.to_thread(write_result, result, file, secret)
    assert await asyncio.to_thread(read_result, file) == result
    assert PASSWORD not in file.read_text()


async def test_a_mail_to_oneself_is_sent_if_wanted(site: PracticeSite) -> None:
    result = await try_own(a_case(site), Secret(PASSWORD), send=True, ca_file=str(site.ca_file))
    assert (result.passed, result.mail) == (True, "accepted")
    assert "whether it arrives" in result.summary
    (mail,) = site.mailboxes["frontdesk@hotel.test"]
    assert str(result.message_id).encode() in mail.content
    assert PASSWORD.encode() not in mail.content


async def test_a_wrong_password_costs_one_attempt_and_is_explained(site: PracticeSite) -> None:
    result = await try_own(a_case(site), Secret("MARKER-wrong"), send=True, ca_file=str(site.ca_file))
    assert (result.passed, result.outcome, result.attempts, result.mail) == (False, "refused", 1, None)
    assert result.reply is not None
    assert result.reply.code == 535
    assert result.explanation is not None
    assert result.explanation.account_risk
    account = site.accounts["frontdesk@hotel.test"]
    assert (account.attempts, account.failures) == (1, 1)
    assert "MARKER" not in repr(result)


async def test_a_password_is_not_given_to_a_server_that_is_not_the_one_it_says_it_is(site: PracticeSite) -> None:
    result = await try_own(a_case(site, server_name="mail.elsewhere.test"), Secret(PASSWORD), ca_file=str(site.ca_file))
    assert (result.passed, result.attempts) == (False, 0)
    assert result.outcome in {"no-connection", "not-tried"}
    assert site.accounts.attempts == 0


async def test_without_encryption_the_password_stays_here_unless_its_owner_agrees(site: PracticeSite) -> None:
    case = a_case(site, security="none")
    result = await try_own(case, Secret(PASSWORD), ca_file=str(site.ca_file))
    assert (result.outcome, result.attempts) == ("not-tried", 0)
    assert site.accounts.attempts == 0


async def test_where_nobody_answers_the_password_is_not_tried(unused_tcp_port: int, site: PracticeSite) -> None:
    result = await try_own(a_case(site, host="127.0.0.1", port=unused_tcp_port), Secret(PASSWORD))
    assert (result.outcome, result.attempts, result.stage) == ("no-connection", 0, "connect")
    assert result.explanation is not None


def test_a_case_is_prepared_from_the_way_the_user_really_has(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    site = load(str(tmp_path / "site.toml")).site
    assert isinstance(site, ErpSite)
    (one,) = plan(site, mailing="standard")
    case = own_case(one, prepared=NOW, note="Please run this today.")
    assert (case.host, case.port, case.login, case.sender) == (
        "mail.hotel.test",
        587,
        "frontdesk@hotel.test",
        "frontdesk@hotel.test",
    )
    assert case.where == "frontdesk@hotel.test at mail.hotel.test port 587"
    file = tmp_path / "case.json"
    write_case(case, file)
    assert read_case(file) == case


def test_a_case_can_be_written_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(
        'schema = "mailkit.own-case/1"\nproduct = "maestro-pms"\nmailing = "trace"\nrule = "P1"\nuser = "traces"\n'
        'host = "mail.hotel.test"\nport = 465\nsecurity = "implicit"\nlogin = "traces@hotel.test"\n'
    )
    case = read_case(file)
    assert case.security == "implicit"
    assert not case.can_send


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "MARKER"}, "holds no secret"),
        ({"Token": "MARKER"}, "holds no secret"),
        ({"host": "mail.hotel.test\r\nX"}, "host"),
        ({"host": "two words"}, "host"),
        ({"port": 0}, "port"),
        ({"login": ""}, "login"),
        ({"recipient": "a@b.test, c@d.test"}, "more than one"),
        ({"mechanism": "XOAUTH2"}, "token"),
        ({"mechanism": "ROT13"}, "not known"),
        ({"security": "ssl"}, "security"),
        ({"allow_plaintext_auth": True}, "unknown field"),
    ],
)
def test_what_is_no_case_is_refused_in_one_line(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    fields = {
        "schema": "mailkit.own-case/1", "product": "maestro-erp", "user": "frontdesk", "mailing": "standard", "rule": "R3",
        "host": "mail.hotel.test", "port": 587, "security": "starttls", "login": "frontdesk@hotel.test",
    }  # fmt: skip
    file = tmp_path / "case.json"
    file.write_text(json.dumps(fields | changes))
    with pytest.raises(InputError) as error:
        read_case(file)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert "MARKER" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b"{" + b" " * 2_000_000 + b"}"])
def test_what_is_no_document_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_bytes(content)
    for read in (read_case, read_result):
        with pytest.raises(InputError) as error:
            read(file)
        assert "\n" not in str(error.value)


async def test_a_secret_that_got_into_a_result_by_any_way_is_taken_out(site: PracticeSite, tmp_path: Path) -> None:
    secret = Secret('pass"word\\1')
    result = await try_own(a_case(site), secret, ca_file=str(site.ca_file))
    leaked = type(result)(
        **{name: getattr(result, name) for name in result.__struct_fields__}
        | {"summary": f"{secret.reveal()} and {base64.b64encode(f'x{secret.reveal()}'.encode()).decode()}"}
    )
    file = tmp_path / "result.json"
    await asyncio.to_thread(write_result, leaked, file, secret)
    text = file.read_text()
    assert json.loads(text)["summary"].startswith("<redacted> and ")
    assert "word" not in json.loads(text)["summary"]
    assert base64.b64encode(b'pass"word\\1').decode()[:10] not in text


async def test_the_command_prepares_tries_and_shows(site: PracticeSite, tmp_path: Path) -> None:
    server = site.server("auth-accepted")
    (tmp_path / "site.toml").write_text(SITE.replace("587", str(server.port)).replace("mail.hotel.test", server.name))

    async def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", _COMMAND, *arguments],
            input=given, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        )  # fmt: skip

    done = await run("prepare", "site.toml", "--note", "Please run this today.")
    assert done.returncode == 0, done.stderr
    assert "own-frontdesk.json" in done.stdout
    where = ["--ca-file", str(site.ca_file), "--resolver", site.resolver]
    done = await run("try", "own-frontdesk.json", "--password-stdin", "--send", *where, given=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert f"{server.name} port {server.port} and nowhere else" in done.stderr
    assert "accepted the password" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
    done = await run("try", "own-frontdesk.json", "--password-stdin", *where, given="MARKER-wrong\n")
    assert done.returncode == 1
    assert "535" in done.stdout
    failures = site.accounts["frontdesk@hotel.test"].failures
    done = await run("try", "own-frontdesk.json", "--password-stdin", *where, given="MARKER-wrong\n")
    assert done.returncode == 2
    assert "--again" in done.stderr
    assert site.accounts["frontdesk@hotel.test"].failures == failures == 1
    done = await run("show", "own-frontdesk.result.json")
    assert done.returncode == 1
    assert "Tried on" in done.stdout
    left = "".join(file.read_text() for file in tmp_path.iterdir())  # noqa: ASYNC240 - a test may wait for a file
    assert "MARKER" not in left
    assert PASSWORD not in left


_COMMAND = """
import argparse, sys
from mailkit.cli import own
from mailkit.errors import InputError
parser = argparse.ArgumentParser()
own.declare(parser)
chosen = parser.parse_args()
try:
    sys.exit(chosen.run(chosen))
except InputError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""
