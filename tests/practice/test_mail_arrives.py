"""What is sent to the practice site arrives as its mailboxes promise: at once, late, twice, as junk, never, or it comes back."""

from __future__ import annotations

import asyncio
import mailbox
from pathlib import Path

import aiosmtplib
import authres
import pytest

from mailkit.explain import read_bounce
from mailkit.practice import PracticeServer, practice_server, practice_site
from mailkit.practice.mailbox import Mailboxes, Message
from mailkit.practice.postman import FATES
from mailkit.practice.site_files import SITE_FILES, text_with_ports, with_ports
from mailkit.site.file import loads

from .talk import talking

SENDER = "frontdesk@hotel.test"


async def send(server: PracticeServer, *recipients: str, shown: str = SENDER) -> None:
    text = f"From: {shown}\r\nTo: {recipients[0]}\r\nSubject: practice\r\nMessage-ID: <token-1@hotel.test>\r\n\r\nHello.\r\n"
    await aiosmtplib.send(
        text.encode(),
        sender=SENDER,
        recipients=list(recipients),
        username=SENDER,
        password="practice-frontdesk",
        hostname=server.host,
        port=server.port,
        start_tls=True,
        cert_bundle=str(server.ca_file),
        timeout=10,
    )


async def arrived(mailboxes: Mailboxes, address: str, number: int = 1) -> tuple[Message, ...]:
    async with asyncio.timeout(10):
        while len(mailboxes.get(address, ())) < number:  # noqa: ASYNC110 - mailboxes tell nobody
            await asyncio.sleep(0.01)
    return mailboxes[address]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_mail_handed_in_passes_the_receiver_which_vouches_for_the_sender() -> None:
    async with practice_server("good-submission") as server:
        await send(server, "sales@hotel.test")
        (kept,) = server.mailboxes["sales@hotel.test"]
    head = kept.content.decode()
    first, second = (line for line in head.split("\r\n") if line.startswith("Received:"))
    assert first == "Received: from good-submission.practice.test (good-submission.practice.test [127.0.0.1])"
    assert second.endswith("([127.0.0.1])")
    assert "by mx1.hotel.test (mailkit practice)" in head
    results = next(part for part in head.replace("\r\n\t", " ").split("\r\n") if part.startswith("Authentication-Results:"))
    said = authres.AuthenticationResultsHeader.parse(results)
    assert said.authserv_id == "mx1.hotel.test"
    assert [(one.method, one.result) for one in said.results] == [("spf", "pass"), ("dkim", "none"), ("dmarc", "pass")]


async def test_a_sender_that_does_not_match_fails_at_the_receiver() -> None:
    async with practice_server("good-submission") as server:
        await send(server, "sales@hotel.test", shown="office@builder.test")
        assert b"dmarc=fail (p=none) header.from=builder.test" in server.mailboxes["sales@hotel.test"][0].content


async def test_a_late_mail_is_accepted_at_once_and_arrives_later() -> None:
    async with practice_server("good-submission", mail_delay=0.05) as server:
        await send(server, "late@hotel.test")
        (late,) = await arrived(server.mailboxes, "late@hotel.test")
    taken = late.content.decode().count("\r\nReceived:")
    assert taken == 2


async def test_a_mail_arrives_twice_as_junk_or_never() -> None:
    async with practice_server("good-submission") as server:
        await send(server, "twice@hotel.test", "junk@hotel.test", "lost@hotel.test", "sales@hotel.test")
        boxes = server.mailboxes
        assert [one.content for one in boxes["twice@hotel.test"]] == [boxes["twice@hotel.test"][0].content] * 2
        (junk,) = boxes["junk@hotel.test"]
        assert junk.folder == "Junk"
        assert b"spf=softfail" in junk.content
        assert b"dmarc=fail (p=quarantine)" in junk.content
        assert "lost@hotel.test" not in boxes
        assert boxes["sales@hotel.test"][0].folder == ""


@pytest.mark.parametrize(
    ("address", "reason"), [("bounces@hotel.test", "userunknown"), ("bounces-full@hotel.test", "mailboxfull")]
)
async def test_a_mail_comes_back_to_the_envelope_sender_with_the_reason(address: str, reason: str) -> None:
    async with practice_server("good-submission", mail_delay=0.01) as server:
        await send(server, address)
        (notice,) = await arrived(server.mailboxes, SENDER)
        assert address not in server.mailboxes
    read = read_bounce(notice.content)
    assert read.is_bounce
    assert notice.sender == ""
    assert read.message_id == "<token-1@hotel.test>"
    assert [(fact.recipient, fact.reason) for fact in read.facts] == [(address, reason)]


async def test_nobody_is_told_of_a_mail_without_an_envelope_sender() -> None:
    async with practice_server("good-exchanger") as server, talking(server) as talk:
        await talk.begin()
        for line in ("MAIL FROM:<>", "RCPT TO:<bounces@hotel.test>", "DATA"):
            await talk.ask(line)
        assert (await talk.ask("Subject: x\r\n\r\nx\r\n.")).startswith("250")
        assert len(server.mailboxes) == 0


async def test_each_address_has_a_maildir_that_other_programs_can_read(tmp_path: Path) -> None:
    async with practice_site(plays=[], mail_folder=tmp_path / "mail") as site:
        await send(site.server("submit.builder.test"), "sales@hotel.test", "junk@hotel.test", "twice@hotel.test")
        assert site.maildirs is not None
        sales, junk, twice = (site.maildirs.of(f"{name}@hotel.test") for name in ("sales", "junk", "twice"))
        assert site.describe()["mail_folder"] == str(tmp_path / "mail")
    # What arrived is written when the site has ended.
    assert [mail["Subject"] for mail in mailbox.Maildir(sales, create=False)] == ["practice"]
    assert len(mailbox.Maildir(twice, create=False)) == 2
    assert len(mailbox.Maildir(junk, create=False)) == 0
    assert len(mailbox.Maildir(junk, create=False).get_folder("Junk")) == 1


async def test_no_address_leads_out_of_the_folder(tmp_path: Path) -> None:
    async with practice_site(plays=[], mail_folder=tmp_path / "mail") as site:
        await send(site.server("submit.builder.test"), "../../out@elsewhere.test", "..@elsewhere.test")
    assert names(tmp_path) == {"mail"}
    assert {name for name in names(tmp_path / "mail") if "elsewhere" in name} == {"_.._out@elsewhere.test", "@elsewhere.test"}


async def test_the_site_names_its_special_mailboxes() -> None:
    async with practice_site(plays=[]) as site:
        named = {entry["address"]: entry["title"] for entry in site.describe()["mailboxes"]}
    assert named == {f"{local}@hotel.test": fate.title for local, fate in FATES.items()}


@pytest.mark.parametrize("name", ["hotel", "builder"])
async def test_the_site_files_can_be_had_with_the_ports_of_now(name: str) -> None:
    file = SITE_FILES[name]
    async with practice_site(plays=[]) as site:
        ports = {host: server.port for host, server in site.servers.items()}
    text = text_with_ports(file, ports)
    assert loads(text, "site.toml") == with_ports(file.site(), ports) != file.site()
    assert text.count("#") == file.text.count("#")
