"""Mails are followed into a real mailbox: late, twice, in junk, come back, or not at all; read only, with one log-in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailkit.cli.main import main
from mailkit.diagnosis.arrival import judge_arrival
from mailkit.mail.follow import Arrival, Expected, Source, follow, open_source
from mailkit.mail.follow.imap import Imap
from mailkit.secret import Secret

from .ground.certificates import Certificates
from .ground.mailbox import JUNK, PASSWORD, USER, ImapServer, imap_server, token
from .ground.names import names


@pytest.fixture(scope="module")
def server(ground: Path, certificates: Certificates) -> Iterator[ImapServer]:
    with imap_server(ground / "imap", certificates) as running:
        yield running


@pytest.fixture
def box(server: ImapServer) -> ImapServer:
    server.made()
    server.empty()
    return server


def expected(number: int) -> Expected:
    name = f"{number:020x}"
    return Expected(
        message_id=f"<{name}@ci.test>", delivery_id=name, recipient=USER, sender="desk@ci.test", accepted=datetime.now(UTC)
    )


def content(sent: Expected, way: str = "1") -> bytes:
    mail = EmailMessage()
    mail["Return-Path"] = "<desk@ci.test>"
    mail["Received"] = f"from desk (desk [192.0.2.1]) by mx.ci.test with ESMTPS id {way}; Tue, 3 Mar 2026 12:00:00 +0000"
    mail["Message-ID"] = sent.message_id
    mail["From"] = "desk@ci.test"
    mail["Subject"] = "Test"
    mail.set_content("Hello")
    return mail.as_bytes()


def opened(
    server: ImapServer, certificates: Certificates, *, implicit: bool = False, folder: str = "", **settings: Any
) -> Source:
    port = server.implicit if implicit else server.clear
    chosen = {"secret": Secret(PASSWORD), "ca_file": certificates.anchor, "server_name": "mx.ci.test"} | settings
    return open_source(f"{'imaps' if implicit else 'imap'}:{USER}@127.0.0.1:{port}{folder and f'/{folder}'}", **chosen)


async def all_of(source: Source, *sent: Expected, seconds: float = 2.0) -> dict[str, Arrival]:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    told = follow(sent, source, until=until, polls=(0.2,), settling=timedelta(seconds=1))
    return {one.message_id or "": one async for one in told}


@pytest.mark.parametrize("implicit", [False, True])
async def test_each_mail_is_found_in_its_folder(box: ImapServer, certificates: Certificates, implicit: bool) -> None:  # noqa: FBT001
    inbox, junk, filed, absent = (expected(number) for number in range(1, 5))
    for sent, folder in ((inbox, None), (junk, JUNK), (filed, "Projects")):
        box.deliver(content(sent), folder)
    found = await all_of(opened(box, certificates, implicit=implicit), inbox, junk, filed, absent)
    uses = {name: [(copy.use, copy.folder) for copy in one.copies] for name, one in found.items()}
    assert uses == {
        inbox.message_id: [("inbox", "INBOX")],
        junk.message_id: [("junk", "Courrier indésirable")],
        filed.message_id: [("other", "Projects")],
        absent.message_id: [],
    }
    assert [judge_arrival(found[sent.message_id])[0].code for sent in (junk, absent)] == ["arrival.junk", "arrival.timeout"]


async def test_a_late_mail_and_a_second_copy_are_noticed_over_one_connection(box: ImapServer, certificates: Certificates) -> None:
    late, twice = expected(1), expected(2)
    box.deliver(content(twice))
    mark = box.log.mark()
    told: list[Arrival] = []
    until = datetime.now(UTC) + timedelta(seconds=30)
    async for arrival in follow(
        [late, twice], opened(box, certificates), until=until, polls=(0.2,), settling=timedelta(seconds=2)
    ):
        told.append(arrival)
        if len(told) == 1:
            box.deliver(content(late))
            box.deliver(content(twice, way="2"))
    last = {one.message_id: one for one in told}
    assert told[0].message_id == twice.message_id
    assert len(last[late.message_id].copies) == 1
    assert len(last[twice.message_id].copies) == 2
    assert "arrival.duplicate" in {one.code for one in judge_arrival(last[twice.message_id])}
    assert len(box.log_ins(mark)) == 1


async def test_a_mail_that_somebody_moves_is_not_a_second_copy(box: ImapServer, certificates: Certificates) -> None:
    sent = expected(1)
    first = box.deliver(content(sent))
    told = []
    until = datetime.now(UTC) + timedelta(seconds=30)
    async for arrival in follow([sent], opened(box, certificates), until=until, polls=(0.2,), settling=timedelta(seconds=2)):
        told.append(arrival)
        if first.exists():
            await asyncio.to_thread(first.rename, box.maildir(JUNK) / "new" / first.name)
    assert [len(one.copies) for one in told] == [1]


async def test_a_bounce_in_the_mailbox_ends_the_wait(box: ImapServer, certificates: Certificates) -> None:
    sent = expected(1)
    report = EmailMessage()
    report["From"] = "MAILER-DAEMON@mx.ci.test"
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report.set_content(f"<nobody@ci.test>: 550 5.1.1 user unknown\n\n--- the mail ---\n\nMessage-ID: {sent.message_id}\n")
    box.deliver(report.as_bytes())
    arrival = (await all_of(opened(box, certificates), sent, seconds=60))[sent.message_id]
    assert arrival.found == "returned"
    assert judge_arrival(arrival)[0].code == "arrival.bounced"


async def test_looking_marks_nothing_as_read_and_moves_nothing(box: ImapServer, certificates: Certificates) -> None:
    sent = expected(1)
    file = box.deliver(content(sent))
    await all_of(opened(box, certificates), sent)
    assert file.exists()  # still in "new", without a flag


async def test_a_token_opens_the_mailbox(box: ImapServer, certificates: Certificates) -> None:
    sent = expected(1)
    box.deliver(content(sent))

    async def fresh() -> Secret:
        return Secret(token())

    for secret in (Secret(token()), fresh):
        found = await all_of(opened(box, certificates, secret=secret, token=True), sent)
        assert found[sent.message_id].found == "arrived"


@pytest.mark.parametrize("wrong", [{"secret": Secret("wrong horse")}, {"secret": Secret(token(seconds=-60)), "token": True}])
async def test_a_wrong_secret_costs_one_log_in_and_ends_the_wait(
    box: ImapServer, certificates: Certificates, wrong: dict[str, Any]
) -> None:
    mark, sent = box.log.mark(), expected(1)
    arrival = (await all_of(opened(box, certificates, **wrong), sent, seconds=600))[sent.message_id]
    assert (arrival.found, arrival.looked.problem) == ("not-looked", "login-refused")
    assert judge_arrival(arrival)[0].account_risk
    (line,) = box.log_ins(mark)
    assert "FAIL" in line


async def test_a_certificate_for_another_name_stops_before_the_log_in(box: ImapServer, certificates: Certificates) -> None:
    mark, sent = box.log.mark(), expected(1)
    for implicit in (False, True):
        source = opened(box, certificates, server_name="other.test", implicit=implicit)
        arrival = (await all_of(source, sent, seconds=600))[sent.message_id]
        assert (arrival.found, arrival.looked.problem) == ("not-looked", "unverified")
    assert "passdb" not in "\n".join(box.log.since(mark))


async def test_a_mail_deep_in_a_full_folder_is_found(box: ImapServer, certificates: Certificates) -> None:
    sent = expected(1)
    box.deliver(content(sent))
    for number in range(700):
        box.deliver(content(expected(number + 100)))
    assert (await all_of(opened(box, certificates), sent, seconds=60))[sent.message_id].found == "arrived"


async def test_the_server_may_restart_meanwhile(ground: Path, certificates: Certificates) -> None:
    sent, late = expected(1), expected(2)
    folder = ground / "imap-cut"
    with imap_server(folder, certificates) as server:
        server.made()
        server.deliver(content(sent))
        told: list[Arrival] = []
        until = datetime.now(UTC) + timedelta(seconds=30)
        async for arrival in follow(
            [sent, late], opened(server, certificates), until=until, polls=(0.2,), settling=timedelta(seconds=1)
        ):
            told.append(arrival)
            if len(told) == 1:
                await asyncio.to_thread(server.cut_off)
                server.deliver(content(late))
    assert {one.message_id for one in told if one.found == "arrived"} == {sent.message_id, late.message_id}


async def test_every_mail_of_a_folder_can_be_taken_in_and_stays_unread(box: ImapServer, certificates: Certificates) -> None:
    filed = [box.deliver(content(expected(number)), "Bounces") for number in range(1, 4)]
    box.deliver(content(expected(9)))
    source = opened(box, certificates, folder="Bounces")
    assert isinstance(source, Imap)
    mails = [raw async for _, raw in source.mails()]
    await source.close()
    assert [number for number in range(1, 10) if any(expected(number).message_id.encode() in raw for raw in mails)] == [1, 2, 3]
    assert all(path.exists() for path in filed)


def test_bounces_in_a_folder_are_taken_into_the_history_once(
    box: ImapServer,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = EmailMessage()
    report["From"] = "MAILER-DAEMON@mx.ci.test"
    report["Date"] = "Tue, 3 Mar 2026 12:00:00 +0000"
    report["Message-ID"] = "<report.1@mx.ci.test>"
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report.set_content("<nobody@ci.test>: 550 5.1.1 user unknown\n\n--- the mail ---\n\nMessage-ID: <sent.1@ci.test>\n")
    filed = box.deliver(report.as_bytes(), "Bounces")
    monkeypatch.setenv("MAILBOX", PASSWORD)
    where = f"imap:{USER}@mx.ci.test:{box.clear}/Bounces"
    command = ["history", "import", where, "--store", str(tmp_path / "h.sqlite3"), "--password-env", "MAILBOX", "--json"]
    with names(tmp_path / "names", {}) as resolver:
        for new in (1, 0):
            assert main([*command, "--ca-file", str(certificates.anchor), "--resolver", resolver]) == 0
            told = json.loads(capsys.readouterr().out)
            assert (told["new"], told["known"]) == (new, 1 - new)
    assert filed.exists()
