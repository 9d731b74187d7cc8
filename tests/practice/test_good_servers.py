"""The good servers are as other people's programs expect a mail server to be."""

from __future__ import annotations

import asyncio
import smtplib
import ssl

import aiosmtplib
import pytest

from mailkit.practice import PracticeServer, practice_server

from .talk import talking

GOOD = [
    *("good-starttls", "good-implicit", "good-submission", "split-replies", "greeting-of-many-lines", "bare-line-feeds"),
    *("lower-case-keywords", "login-only", "tls-12-only", "tls-13-only", "hostile-text", "drop-at-quit"),
]
NOTE = "From: frontdesk@hotel.test\nTo: sales@hotel.test\nSubject: practice\n\nOne.\n.hidden\n..\nEnd.\n"


def send_with_smtplib(server: PracticeServer) -> str:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    kind = smtplib.SMTP_SSL if server.security == "implicit" else smtplib.SMTP
    options = {"context": context} if server.security == "implicit" else {}
    client = kind(server.host, server.port, timeout=10, **options)
    try:
        if server.security == "starttls":
            client.starttls(context=context)
        client.login("frontdesk@hotel.test", "practice-frontdesk")
        assert client.sendmail("frontdesk@hotel.test", ["sales@hotel.test"], NOTE) == {}
        version = client.sock.version()
        assert isinstance(version, str)
        return version
    finally:
        client.close()


@pytest.mark.parametrize("play", GOOD)
async def test_a_good_server_lets_a_mail_through_and_keeps_it(play: str) -> None:
    async with practice_server(play) as server:
        version = await asyncio.to_thread(send_with_smtplib, server)
        (kept,) = server.mailboxes["sales@hotel.test"]
        assert kept.content.endswith(b"\r\n\r\nOne.\r\n.hidden\r\n..\r\nEnd.\r\n")
        assert kept.content.startswith(
            b"Return-Path: <frontdesk@hotel.test>\r\nDelivered-To: sales@hotel.test\r\nReceived: from "
        )
        assert (kept.user, kept.encrypted, kept.server) == ("frontdesk@hotel.test", True, f"{play}.practice.test")
        assert version == {"tls-12-only": "TLSv1.2"}.get(play, "TLSv1.3")
        assert server.connections == 1


@pytest.mark.parametrize("play", ["good-starttls", "good-implicit"])
async def test_an_asynchronous_program_sends_by_every_address(play: str) -> None:
    async with practice_server(play) as server:
        for address in server.addresses:
            await aiosmtplib.send(
                NOTE.encode(),
                sender="frontdesk@hotel.test",
                recipients=["sales@hotel.test"],
                hostname=address,
                port=server.port,
                use_tls=play == "good-implicit",
                start_tls=play == "good-starttls",
                cert_bundle=str(server.ca_file),
                timeout=10,
            )
        assert len(server.mailboxes["sales@hotel.test"]) == server.connections == len(server.addresses)


async def test_a_good_server_lists_what_real_ones_list_and_the_login_only_inside_tls() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        greeting = await talk.reply()
        assert greeting == ["220 good-starttls.practice.test ESMTP mailkit practice"]
        before = await talk.ask("EHLO client.test")
        await talk.ask("STARTTLS")
        await talk.secure()
        after = await talk.ask("EHLO client.test")
        assert before.splitlines() == [
            *("250-good-starttls.practice.test", "250-PIPELINING", "250-SIZE 10240000", "250-STARTTLS"),
            *("250-ENHANCEDSTATUSCODES", "250-8BITMIME", "250-DSN", "250 SMTPUTF8"),
        ]
        assert "250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER" in after.splitlines()
        assert "STARTTLS" not in after


async def test_the_vulnerable_server_carries_out_inside_tls_what_came_in_the_clear() -> None:
    async with practice_server("starttls-injection") as server, talking(server) as talk:
        await talk.reply()
        await talk.ask("EHLO client.test")
        talk.send(b"STARTTLS\r\nNOOP\r\n")
        await talk.reply()
        await talk.secure()
        assert await talk.reply() == ["250 2.0.0 Ok"]


async def test_a_good_server_forgets_what_came_in_the_clear_behind_starttls() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.reply()
        await talk.ask("EHLO client.test")
        talk.send(b"STARTTLS\r\nNOOP\r\n")
        await talk.reply()
        await talk.secure()
        # It has also forgotten the greeting of before (RFC 3207, 4.2).
        assert await talk.ask("MAIL FROM:<sales@hotel.test>") == "503 5.5.1 Error: send HELO/EHLO first"


async def test_commands_may_be_sent_in_one_go() -> None:
    async with practice_server("good-exchanger") as server, talking(server) as talk:
        await talk.begin()
        talk.send(b"MAIL FROM:<>\r\nRCPT TO:<sales@hotel.test>\r\nRCPT TO:<nobody@hotel.test>\r\nDATA\r\n")
        codes = [(await talk.reply())[0][:9] for _ in range(4)]
        assert codes == ["250 2.1.0", "250 2.1.5", "550 5.1.1", "354 End d"]
        assert (await talk.ask("Subject: x\r\n\r\nx\r\n.")).startswith("250 2.0.0 Ok: queued as ")


async def test_a_lone_line_feed_does_not_end_a_message() -> None:
    async with practice_server("good-exchanger") as server, talking(server) as talk:
        await talk.begin()
        for line in ("MAIL FROM:<traces@hotel.test>", "RCPT TO:<sales@hotel.test>", "DATA"):
            await talk.ask(line)
        talk.send(b"one\r\n\n.\nMAIL FROM:<smuggled@hotel.test>\r\n")
        assert (await talk.ask(".")).startswith("250")
        (kept,) = server.mailboxes["sales@hotel.test"]
        assert kept.content.endswith(b"\r\none\r\n\n\nMAIL FROM:<smuggled@hotel.test>\r\n")


async def test_whoever_makes_too_many_errors_is_shown_out() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.reply()
        replies = [await talk.ask("HOW DO YOU DO") for _ in range(20)]
        assert replies[0] == "500 5.5.2 Error: command not recognized"
        assert replies[-1] == "421 4.7.0 good-starttls.practice.test Error: too many errors"
        assert await talk.read() == b""


async def test_an_endless_line_is_refused_and_the_session_goes_on() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.reply()
        assert await talk.ask("NOOP " + "x" * 100_000) == "500 5.5.2 Error: line too long"
        assert await talk.ask("NOOP") == "250 2.0.0 Ok"


async def test_a_silent_client_is_told_so_and_shown_out() -> None:
    async with practice_server("good-starttls", idle=0.1) as server, talking(server) as talk:
        await talk.reply()
        assert await talk.reply() == ["421 4.4.2 good-starttls.practice.test Error: timeout exceeded"]
        assert await talk.read() == b""


async def test_each_reply_line_can_be_delayed() -> None:
    async with practice_server("good-starttls", reply_delay=0.3) as server, talking(server) as talk:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.reader.readline(), 0.1)
        await talk.reply()
