"""`mailkit test`: shown first, sent after a yes, followed until it arrived, every attempt written down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailkit.journal import open_store
from mailkit.practice.site_files import SITE_FILES

Command = Callable[..., Any]

USER = """
[[users]]
code = "{code}"
access = "maestro"
status = "active"
user_specific = false
user_name = "{login}"
password = "set"
from_address = "{login}"
"""

SITE = """
schema = "mailkit.site/1"
product = "maestro-erp"
version = "old"
deployment = "terminal-server"
[general_settings]
mail_software = "{mode}"
[general_settings.smtp]
server_name = "{host}"
port = {port}
use_ssl = true
user_name = "office@builder.test"
password = "set"
from_address = "office@builder.test"
"""

PASSWORDS = {
    "MAIL_ESTIMATOR_BUILDER_TEST": "practice-estimator",
    "MAIL_FRONTDESK_HOTEL_TEST": "practice-frontdesk",
}


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A practice site whose mail can be looked into."""
    folder = tmp_path_factory.mktemp("post")
    command = [sys.executable, "-m", "mailkit", "practice", "--maildir", str(folder / "mail")]
    with (folder / "errors").open("w") as errors:
        site = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert site.stdout is not None
        with site:
            try:
                yield json.loads(site.stdout.readline())
            finally:
                site.terminate()
                site.wait(10)


@pytest.fixture
def write(post: dict[str, Any], tmp_path: Path) -> Callable[..., str]:
    """Write a site file for one practice server, with a user for each log-in."""

    def written(host: str, *logins: str, mode: str = "smtp") -> str:
        server = next(one for one in post["servers"] if one["host"] == host)
        users = "".join(USER.format(code=login.partition("@")[0], login=login) for login in logins)
        file = tmp_path / "site.toml"
        file.write_text(SITE.format(mode=mode, host=host, port=server["port"]) + users, encoding="utf-8")
        return str(file)

    return written


@pytest.fixture
def sends(mailkit: Command, post: dict[str, Any]) -> Command:
    """Run the command against the practice site, with the passwords of its accounts in variables."""

    def ran(file: str, *arguments: str, stdin: str = "", **environment: str) -> Any:
        known = ["--resolver", post["resolver"], "--ca-file", post["ca_file"]]
        return mailkit("test", file, *known, *arguments, stdin=stdin, **(PASSWORDS | environment))

    return ran


MINE = ["--mailing", "standard", "--yes", "--password-env", "MAIL_{user}"]


def box(post: dict[str, Any], address: str) -> str:
    return f"maildir:{post['mail_folder']}/{address}"


def test_a_mail_is_sent_by_the_users_way_found_in_the_mailbox_and_written_down(
    sends: Command, write: Any, post: dict[str, Any], tmp_path: Path
) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    ran = sends(file, *MINE, "--follow", box(post, "estimator@builder.test"), "--wait", "2", "--json")
    assert ran.status == 0, ran.err
    attempt, arrival = ran.documents()
    assert attempt["schema"] == "mailkit.attempt/1"
    assert (attempt["user"], attempt["mailing"], attempt["rule"], attempt["kind"]) == ("estimator", "standard", "R3", "test")
    assert (attempt["outcome"], attempt["reply_code"], attempt["number"]) == ("accepted", 250, 1)
    assert attempt["sender"] == attempt["recipient"] == "estimator@builder.test"
    assert arrival["schema"] == "mailkit.arrival/1"
    assert (arrival["found"], arrival["message_id"]) == ("arrived", attempt["message_id"])
    assert "Test mails: 1 mail to send" in ran.err
    with open_store(tmp_path / "site.history.sqlite3", create=False) as store:
        (row,) = store.deliveries()
        assert row.state == "delivered"
        assert [event.state for event in store.story(row.delivery_id)] == ["pending", "sending", "accepted", "delivered"]
        assert not store.check()


def test_the_documents_fit_their_schemas(sends: Command, mailkit: Command, write: Any) -> None:
    schema = json.loads(mailkit("schema", "attempt").out)
    ran = sends(write("submit.builder.test", "estimator@builder.test"), *MINE, "--to", "lost@builder.test", "--json")
    for document in ran.documents():
        jsonschema.validate(document, schema)


def test_nothing_leaves_without_a_yes(sends: Command, write: Any, tmp_path: Path) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    ran = sends(file, "--mailing", "standard", "--password-env", "MAIL_{user}", stdin="yes\n")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "nothing was sent" in ran.err
    assert "--yes" in ran.err
    assert not (tmp_path / "site.history.sqlite3").exists()


def test_a_dry_run_shows_all_and_sends_nothing(sends: Command, write: Any, tmp_path: Path) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    ran = sends(file, "--dry-run")
    assert ran.status == 0
    assert "from estimator@builder.test to estimator@builder.test" in ran.out
    assert not (tmp_path / "site.history.sqlite3").exists()
    documents = sends(file, "--dry-run", "--json").documents()
    assert {one["schema"] for one in documents} == {"mailkit.planned/1"}
    assert documents[0]["route"]["transport"] == "smtp"


def test_what_cannot_be_sent_is_an_error_even_when_nothing_else_is(mailkit: Command, here: Path) -> None:
    (here / "site.toml").write_text(SITE_FILES["builder"].text, encoding="utf-8")
    ran = mailkit("test", "site.toml", "--user", "super1", "--mailing", "standard", "--yes", "--json")
    assert ran.status == 1
    (finding,) = ran.documents()
    assert (finding["schema"], finding["code"]) == ("mailkit.finding/1", "site.route-incomplete")


def test_a_wrong_password_costs_one_log_in_and_says_whose_field_it_is(sends: Command, write: Any, tmp_path: Path) -> None:
    file = write("submit.builder.test", "estimator@builder.test", "estimator@builder.test")
    ran = sends(file, *MINE, MAIL_ESTIMATOR_BUILDER_TEST="tell-nobody-7")
    assert ran.status == 1
    assert ran.out.count("LOG-IN REFUSED") == 2
    assert "New Password" in ran.out
    assert "tell-nobody-7" not in ran.out + ran.err
    with open_store(tmp_path / "site.history.sqlite3", create=False) as store:
        attempts = list(store.attempts())
        assert [(one.stage, one.outcome, one.reply_code) for one in attempts] == [("auth", "rejected", 535)] * 2
        assert len(store.halted()) == 1
    for left in tmp_path.iterdir():
        assert b"tell-nobody-7" not in left.read_bytes()


def test_after_the_password_was_corrected_the_next_round_tries_again(sends: Command, write: Any, tmp_path: Path) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    assert sends(file, *MINE, MAIL_ESTIMATOR_BUILDER_TEST="wrong").status == 1
    ran = sends(file, *MINE, "--json")
    assert ran.status == 0
    assert [one["outcome"] for one in ran.documents()] == ["accepted"]
    with open_store(tmp_path / "site.history.sqlite3", create=False) as store:
        assert not store.halted()
        assert [row.state for row in store.deliveries()] == ["rejected", "accepted"]


def test_each_user_has_his_own_password_and_who_has_none_is_told(sends: Command, write: Any) -> None:
    file = write("submit.builder.test", "estimator@builder.test", "frontdesk@hotel.test", "superintendent@builder.test")
    rows = 'estimator@builder.test\tpractice-estimator\n{"user": "frontdesk@hotel.test", "password": "practice-frontdesk"}\n'
    ran = sends(file, "--mailing", "standard", "--yes", "--password-stdin", "--to", "sales@hotel.test", "--json", stdin=rows)
    assert ran.status == 1
    assert {one["user"]: one["outcome"] for one in ran.documents()} == {"estimator": "accepted", "frontdesk": "accepted"}
    assert "no password of superintendent@builder.test" in ran.err


def test_one_variable_is_one_persons_password(sends: Command, write: Any) -> None:
    file = write("submit.builder.test", "estimator@builder.test", "frontdesk@hotel.test")
    ran = sends(file, "--mailing", "standard", "--yes", "--password-env", "MAIL_ESTIMATOR_BUILDER_TEST", "--json")
    assert [one["user"] for one in ran.documents()] == ["estimator"]
    assert "{user}" in ran.err


@pytest.mark.parametrize(
    "case",
    [
        ("twice@builder.test", "arrived", "arrival.duplicate", 0),
        ("junk@builder.test", "arrived", "arrival.junk", 0),
        ("lost@builder.test", "missing", "arrival.timeout", 1),
    ],
)
def test_it_is_followed_past_the_servers_250(
    sends: Command, write: Any, post: dict[str, Any], case: tuple[str, str, str, int]
) -> None:
    recipient, found, code, status = case
    file = write("submit.builder.test", "estimator@builder.test")
    ran = sends(file, *MINE, "--to", recipient, "--follow", box(post, recipient), "--wait", "2", "--json")
    assert ran.status == status, ran.err
    documents = ran.documents()
    assert [one["found"] for one in documents if one["schema"] == "mailkit.arrival/1"] == [found]
    assert code in [one["code"] for one in documents if one["schema"] == "mailkit.finding/1"]


def test_a_bounce_is_found_in_the_senders_mailbox_and_explained(
    sends: Command, write: Any, post: dict[str, Any], tmp_path: Path
) -> None:
    file = write("submit.builder.test", "frontdesk@hotel.test")
    boxes = ["--follow", box(post, "bounces@hotel.test"), "--follow", box(post, "frontdesk@hotel.test")]
    ran = sends(file, *MINE, "--to", "bounces@hotel.test", *boxes, "--wait", "15")
    assert ran.status == 1
    assert "CAME BACK" in ran.out
    assert "The server has no such recipient." in ran.out
    with open_store(tmp_path / "site.history.sqlite3", create=False) as store:
        (row,) = store.deliveries()
        assert (row.state, row.reason) == ("bounced", "userunknown")


def test_where_there_is_no_connection_the_server_itself_is_asked(sends: Command, write: Any) -> None:
    file = write("scan.hotel.test", "frontdesk@hotel.test")
    ran = sends(file, *MINE, "--timeout", "5")
    assert ran.status == 1
    assert "NO CONNECTION" in ran.out
    assert "SERVER  scan.hotel.test" in ran.out
    assert "refuses connections on port" in " ".join(ran.out.split())
    coded = sends(file, *MINE, "--timeout", "5", "--json").documents()
    assert (coded[0]["schema"], coded[0]["stage"], coded[0]["outcome"]) == ("mailkit.attempt/1", "connect", "deferred")
    assert coded[1]["code"] == "tcp.refused"


def test_a_line_cut_after_the_last_dot_is_uncertain(sends: Command, write: Any) -> None:
    file = write("drop-at-message.practice.test", "frontdesk@hotel.test")
    ran = sends(file, *MINE, "--to", "sales@hotel.test")
    assert ran.status == 1
    assert ran.out.count("UNCERTAIN") == 1
    assert "before sending again" in " ".join(ran.out.split())


def test_a_password_in_the_clear_needs_a_persons_word(sends: Command, write: Any) -> None:
    file = write("relay.hotel.test", "frontdesk@hotel.test")
    text = Path(file).read_text(encoding="utf-8").replace("use_ssl = true", "use_ssl = false")
    Path(file).write_text(text, encoding="utf-8")
    refused = sends(file, *MINE, "--to", "sales@hotel.test", "--json")
    assert refused.status == 1
    assert [one["outcome"] for one in refused.documents() if one["schema"] == "mailkit.attempt/1"] != ["accepted"]
    allowed = sends(file, *MINE, "--to", "sales@hotel.test", "--json", "--allow-plaintext-auth")
    assert [one["outcome"] for one in allowed.documents()] == ["accepted"]


def test_a_person_sends_by_hand_and_reports_how_it_went(sends: Command, mailkit: Command, write: Any, tmp_path: Path) -> None:
    file = write("submit.builder.test", "estimator@builder.test", mode="outlook")
    ran = sends(file, "--mailing", "standard")
    assert ran.status == 0
    assert "BY HAND  estimator" in ran.out
    assert "classic Outlook" in ran.out
    with open_store(tmp_path / "site.history.sqlite3", create=False) as store:
        (row,) = store.deliveries()
    assert row.delivery_id in ran.out
    assert mailkit("test", file, "--record", row.delivery_id, "delivered").status == 0
    failed = mailkit("test", file, "--record", row.delivery_id, "rejected", "--words", "AADSTS65001: no consent")
    assert failed.status == 1
    assert "AADSTS65001" in failed.out
    assert mailkit("test", file, "--record", row.delivery_id, "perhaps").status == 2
    assert mailkit("test", file, "--record", "0123456789", "accepted").status == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "nobody"], "address"),
        (["--user", "nobody"], "no user of this site"),
        (["--mailing", "trace"], "no mailing type"),
        (["--follow", "maildir:nowhere"], "nowhere"),
        (["--follow", "imap:nobody"], "imap:user@host"),
        (["--follow-password-env", "X"], "--follow"),
        (["--oauth", "microsoft"], "--oauth-client"),
        (["--ca-file", "nowhere.pem"], "nowhere.pem"),
        (["--wait", "-1"], "seconds"),
        (["--store", "nowhere/deep/history.sqlite3"], "--store"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_sent(
    mailkit: Command, write: Any, arguments: list[str], words: str
) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    ran = mailkit("test", file, *MINE, *arguments, **PASSWORDS)
    assert ran.status == 2
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
@pytest.mark.parametrize(("answer", "status"), [("yes\n", 0), ("OUI\n", 0), ("y\n", 2), ("\n", 2)])
def test_at_a_terminal_the_yes_is_typed(post: dict[str, Any], write: Any, answer: str, status: int) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    command = [sys.executable, "-m", "mailkit", "test", file, "--mailing", "standard", "--password-env", "MAIL_{user}"]
    command += ["--resolver", post["resolver"], "--ca-file", post["ca_file"], "--to", "lost@builder.test"]
    ours, theirs = os.openpty()
    try:
        os.write(ours, answer.encode())
        done = subprocess.run(
            command, stdin=theirs, capture_output=True, text=True, timeout=30, check=False, env=os.environ | PASSWORDS
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Type yes to send" in done.stderr
    assert done.returncode == status
    assert ("ACCEPTED" in done.stdout) == (status == 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches the tests themselves there")
def test_ctrl_c_ends_it_kindly_with_what_was_found(post: dict[str, Any], write: Any, tmp_path: Path) -> None:
    file = write("submit.builder.test", "estimator@builder.test")
    command = [sys.executable, "-m", "mailkit", "test", file, *MINE, "--to", "lost@builder.test", "--json"]
    command += ["--resolver", post["resolver"], "--ca-file", post["ca_file"]]
    command += ["--follow", box(post, "lost@builder.test"), "--wait", "60"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | PASSWORDS
    ) as running:
        assert running.stdout is not None
        first = running.stdout.readline()  # the attempt; from here on it waits for the mail
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        rest, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert json.loads(first)["outcome"] == "accepted"
    assert "stopped" in errors
    assert "Traceback" not in errors
    assert [json.loads(row)["schema"] for row in rest.splitlines()[:1]] == ["mailkit.arrival/1"]
    with open_store(tmp_path / "site.history.sqlite3", create=False) as store:
        assert [row.state for row in store.deliveries()] == ["accepted"]
