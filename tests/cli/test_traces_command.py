"""``mailkit traces``: preview, activate, send, status, settle, resume, as a person in a terminal uses them."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailkit.journal import Change, happened, open_store
from mailkit.practice.site_files import SITE_FILES
from mailkit.practice.traces import PLANTED, traces_csv

PASSWORD = {"HOTEL_PASSWORD": "practice-frontdesk"}
SITE = """\
product = "maestro-pms"
name = "Lake House"      # a remark that stays
version = "5.1"
[email_setup]
server = "{host}"
port = {port}
trace_rep_addr = "frontdesk@hotel.test"
mechanism = "LOGIN"
auth_name = "frontdesk@hotel.test"
password = "set"
email_traces = "N"
[traces]
activated = false
[traces.source]
file = "traces.csv"
[[clerks]]
code = "FD"
email = "sales@hotel.test"
[[clerks]]
code = "MNT"
email = ""
"""


class Hotel:
    """A site file and a table of traces in the current folder, and the practice server they are sent through."""

    def __init__(self, folder: Path, run: Callable[..., Any], practice: dict[str, Any], host: str, port: int) -> None:
        self.folder, self._run = folder, run
        self.wire = ("--ca-file", practice["ca_file"], "--resolver", practice["resolver"], "--password-env", "HOTEL_PASSWORD")
        self.site = folder / "site.toml"
        self.site.write_text(SITE.format(host=host, port=port), "utf-8")

    def traces(self, *lines: str) -> None:
        (self.folder / "traces.csv").write_text("\n".join(("Trace ID,Clerk,Message,Created", *lines)) + "\n", "utf-8")

    def run(self, command: str, *options: str, **environment: str) -> Any:
        store = () if command == "preview" else ("--store", "history.sqlite3")
        file = () if command in ("settle", "resume") else ("site.toml",)
        wire = self.wire if command == "send" else ()
        return self._run("traces", command, *file, *options, *store, *wire, **(PASSWORD | environment))


def today() -> str:
    return dt.datetime.now(dt.UTC).astimezone().date().isoformat()


@pytest.fixture
def hotel(here: Path, mailkit: Callable[..., Any], practice: dict[str, Any], server: Any) -> Hotel:
    found = server("good-starttls")
    made = Hotel(here, mailkit, practice, found["host"], found["port"])
    made.traces(f"1,FD,one,{today()}", f"2,FD,two,{today()}", f"3,MNT,three,{today()}")
    return made


def test_the_preview_tells_what_would_be_sent_and_changes_nothing(hotel: Hotel) -> None:
    before = hotel.site.read_text("utf-8")
    shown = hotel.run("preview")
    assert shown.status == 0
    for said in ("2 mails would be sent", "sales@hotel.test", "the clerk has no e-mail account"):
        assert said in shown.out
    assert "not documented, assumed" in shown.out
    assert "guessed by its header" in shown.out
    assert hotel.site.read_text("utf-8") == before
    assert {one.name for one in hotel.folder.iterdir()} == {"site.toml", "traces.csv"}


def test_the_preview_is_a_document(hotel: Hotel) -> None:
    (document,) = hotel.run("preview", "--json", "--days", "3", "--edges", "last").documents()
    assert document["schema"] == "mailkit.traces-preview/1"
    assert (document["sending"], document["activation"]) == (2, "first")
    assert {one["name"]: one["status"] for one in document["parameters"]}["edges"] == "chosen"


def test_a_preview_may_name_the_store_that_there_is_not_yet(hotel: Hotel) -> None:
    assert "2 mails would be sent" in hotel.run("preview", "--store", "history.sqlite3").out
    assert not (hotel.folder / "history.sqlite3").exists()
    assert "has not been activated yet" in hotel.run("status").err


def test_the_whole_way_from_activation_to_accepted(hotel: Hotel) -> None:
    early = hotel.run("send")
    assert (early.status, "mailkit traces activate" in early.err) == (2, True)
    refused = hotel.run("activate")
    assert (refused.status, "--yes" in refused.err) == (2, True)
    done = hotel.run("activate", "--yes")
    assert (done.status, "2 mails queued" in done.out) == (0, True)
    text = hotel.site.read_text("utf-8")
    assert "email_traces = true" in text
    assert "# a remark that stays" in text
    again = hotel.run("activate", "--yes", "--json")
    assert [one["queued"] for one in again.documents()] == [0]
    sent = hotel.run("send")
    assert (sent.status, "2 accepted" in sent.out) == (0, True), sent
    assert hotel.run("send").status == 0
    (status,) = hotel.run("status", "--json").documents()
    assert status["states"] == {"accepted": 2, "skipped": 1}
    assert "practice-frontdesk" not in "".join(path.read_bytes().decode("latin-1") for path in hotel.folder.iterdir())


def test_what_is_new_goes_out_with_the_next_run(hotel: Hotel) -> None:
    hotel.run("activate", "--yes", "--mark-sent")
    hotel.traces(f"1,FD,one,{today()}", f"2,FD,two,{today()}", f"4,FD,four,{today()}")
    sent = hotel.run("send", "--json")
    steps = [one for one in sent.documents() if one["schema"] == "mailkit.sending/1" and one["step"] == "moved"]
    assert [one["delivery"]["state"] for one in steps if one["delivery"]["state"] != "sending"] == ["accepted"]
    assert steps[0]["delivery"]["key"] == "trace:-:4:sales@hotel.test"


def test_a_refused_log_in_stops_the_account_until_a_person_says_so(hotel: Hotel) -> None:
    hotel.run("activate", "--yes")
    refused = hotel.run("send", HOTEL_PASSWORD="wrong")
    assert refused.status == 1
    assert refused.out.count("STOPPED") == 1
    assert "2 mails wait" in refused.out
    assert hotel.run("send").status == 1
    shown = hotel.run("status")
    assert (shown.status, "STOPPED" in shown.out) == (1, True)
    (document,) = hotel.run("status", "--json").documents()
    account = document["stopped"][0]["account"]
    assert hotel.run("resume", "nobody at nowhere:25").status == 2
    assert hotel.run("resume", account).status == 0
    assert "2 accepted" in hotel.run("send").out
    assert hotel.run("status").status == 0


def test_what_another_sender_holds_is_not_called_sent(hotel: Hotel) -> None:
    hotel.run("activate", "--yes")
    with open_store(hotel.folder / "history.sqlite3") as store:
        assert len(store.claim("gone", accounts=None, limit=9, lease=dt.timedelta(minutes=2), now=dt.datetime.now(dt.UTC))) == 2
    sent = hotel.run("send")
    assert sent.status == 1
    assert "2 are due and held by another sender" in sent.out


def test_what_was_refused_is_explained_once_with_who_acts_on_which_field(hotel: Hotel) -> None:
    text = hotel.site.read_text("utf-8")
    hotel.site.write_text(text.replace('"sales@hotel.test"', '"nobody@hotel.test"'), "utf-8")
    hotel.run("activate", "--yes")
    sent = hotel.run("send")
    assert sent.status == 1
    assert sent.out.count("The server has no such recipient.") == 1
    assert "Clerk maintenance" in " ".join(sent.out.split())
    assert "2 refused." in sent.out


def test_rows_that_are_wrong_in_the_same_way_are_one_line(hotel: Hotel) -> None:
    hotel.traces(*(f"{number},FD,one,sometime" for number in range(1, 31)))
    shown = " ".join(hotel.run("preview").out.split())
    assert "no row of the source can be used (30 rows" in shown
    assert shown.count("('sometime')") == 1
    assert "the same in row 3, 4, 5, 6, 7, 8 and 23 more" in shown


def test_the_practice_site_writes_the_traces_that_its_hotel_names(here: Path, mailkit: Callable[..., Any]) -> None:
    command = [sys.executable, "-m", "mailkit", "practice", "--json", "--sites", str(here)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.terminate()
    (document,) = mailkit("traces", "preview", "hotel.toml", "--json").documents()
    assert str(dt.date.today() - dt.timedelta(days=1)) in (here / "hotel.toml").read_text("utf-8")  # noqa: DTZ011 - the day of whoever practises
    assert document["sending"] > 0
    assert document["source"] == "hotel.traces.csv"


def test_a_corrected_site_file_takes_what_waits_along(hotel: Hotel) -> None:
    right = hotel.site.read_text("utf-8")
    hotel.site.write_text(right.replace("frontdesk@hotel.test", "nobody@hotel.test"), "utf-8")
    hotel.run("activate", "--yes")
    assert hotel.run("send").status == 1
    hotel.site.write_text(hotel.site.read_text("utf-8").replace("nobody@hotel.test", "frontdesk@hotel.test"), "utf-8")
    sent = hotel.run("send")
    assert (sent.status, "2 accepted" in sent.out) == (0, True), sent
    assert hotel.run("status").status == 0


def test_an_uncertain_mail_is_shown_with_the_decision_to_take(hotel: Hotel) -> None:
    hotel.run("activate", "--yes")
    now = dt.datetime.now(dt.UTC)
    with open_store(hotel.folder / "history.sqlite3") as store:
        (one, _) = store.claim("gone", limit=2, lease=dt.timedelta(seconds=1), now=now)
        store.record([Change(one.delivery_id, happened(one, "sending", now, attempt=1), owner="gone")])
        store.record([Change(one.delivery_id, happened(one, "uncertain", now, attempt=1))])
        store.release("gone")
    shown = hotel.run("status")
    assert "UNCERTAIN" in shown.out
    settled = hotel.run("settle", one.delivery_id, "accepted", "--json")
    assert json.loads(settled.out) == {"schema": "mailkit.settled/1", "delivery_id": one.delivery_id, "state": "accepted"}
    assert hotel.run("settle", one.delivery_id, "accepted").status == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--exclude", "ZZ"), "no clerk of the site; it has FD, MNT"),
        (("--days", "x"), "no number of days"),
        (("--since", "soon"), "no date"),
        (("--statuses", "open,lost"), "no list of statuses"),
        (("--traces", "nowhere.csv"), "cannot be read"),
        (("--traces", "postgresql://me:hunter2@db.test/pms", "--query", "SELECT 1"), "holds a password"),
        (("--basis", "due"), "has no column for the date to count by"),
        (("--property", "H9"), "'H9' is no property"),
        (("--store", "mysql://db/x"), "is not a store"),
    ],
)  # fmt: skip
def test_what_is_not_usable_ends_in_one_line(hotel: Hotel, options: tuple[str, ...], words: str) -> None:
    refused = hotel.run("preview", *options)
    assert (refused.status, refused.out) == (2, "")
    assert words in refused.err
    assert refused.err.count("\n") == 1
    assert "hunter2" not in refused.err


def test_a_site_of_the_other_product_has_no_traces(hotel: Hotel) -> None:
    hotel.site.write_text('product = "maestro-erp"\n', "utf-8")
    assert "construction ERP" in hotel.run("preview").err


def test_the_practice_hotel_can_be_previewed_as_it_ships(here: Path, mailkit: Callable[..., Any]) -> None:
    (here / "hotel.site.toml").write_text(SITE_FILES["hotel"].text, "utf-8")
    (here / "hotel.traces.csv").write_text(traces_csv(), "utf-8")
    (document,) = mailkit("traces", "preview", "hotel.site.toml", "--on", PLANTED.day.isoformat(), "--json").documents()
    assert (document["sending"], document["unusable"]) == (PLANTED.sending, len(PLANTED.unusable))


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C reaches every process there")
def test_a_sender_that_stays_takes_up_what_is_new_and_stops_cleanly(hotel: Hotel) -> None:
    hotel.run("activate", "--yes")
    command = [sys.executable, "-m", "mailkit", "traces", "send", "site.toml", "--store", "history.sqlite3", *hotel.wire]
    command += ["--watch", "--every", "1", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | PASSWORD
    ) as staying:
        assert staying.stdout is not None
        accepted = 0
        for line in staying.stdout:
            step = json.loads(line)
            if step.get("step") == "moved" and step["delivery"]["state"] == "accepted":
                accepted += 1
            if accepted == 2:
                hotel.traces(f"1,FD,one,{today()}", f"9,FD,nine,{today()}")
                accepted = 10
            if accepted == 11:
                break
        staying.send_signal(signal.SIGINT)
        rest = staying.stdout.read()
        assert staying.wait(30) == 130
    assert accepted == 11
    assert all(json.loads(line)["schema"].startswith("mailkit.") for line in rest.splitlines())
