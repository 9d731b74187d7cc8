"""Each faulty server plays what its title says."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl

import pytest

from mailkit.practice import practice_server

from .talk import talking


async def test_the_slow_banner_comes_late_but_comes() -> None:
    async with practice_server("banner-after-8s", banner_delay=0.3) as server, talking(server) as talk:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.reader.readline(), 0.1)
        assert (await talk.reply())[0].startswith("220 ")
        assert server.play.answers["greeting"].delay == 8


@pytest.mark.parametrize(
    ("play", "code", "words"),
    [
        ("banner-421", 421, b"too many connections from 127.0.0.1"),
        ("banner-554-blocklist", 554, b"blocked using dnsbl.practice.test"),
        ("banner-554-waits", 554, b"No SMTP service here"),
    ],
)
async def test_a_refusing_banner_reaches_other_programs(play: str, code: int, words: bytes) -> None:
    async with practice_server(play) as server:
        with pytest.raises(smtplib.SMTPConnectError) as caught:
            await asyncio.to_thread(smtplib.SMTP, server.host, server.port, timeout=10)
        assert caught.value.smtp_code == code
        assert isinstance(caught.value.smtp_error, bytes)
        assert words in caught.value.smtp_error


async def test_a_server_that_refused_waits_for_quit() -> None:
    async with practice_server("banner-554-waits") as server, talking(server) as talk:
        await talk.reply()
        assert await talk.ask("EHLO client.test") == "503 5.5.1 Bad sequence of commands"
        assert await talk.ask("QUIT") == "221 2.0.0 Bye"


async def test_withheld_starttls_is_not_listed_and_works() -> None:
    async with practice_server("starttls-withheld") as server, talking(server) as talk:
        await talk.reply()
        assert "STARTTLS" not in await talk.ask("EHLO client.test")
        assert (await talk.ask("STARTTLS")).startswith("220 ")
        assert (await talk.secure()).version() == "TLSv1.3"


async def test_masked_starttls_shows_the_marks_of_the_device_in_between() -> None:
    async with practice_server("starttls-masked") as server, talking(server) as talk:
        assert set((await talk.reply())[0]) == {*"220 *"}
        assert "250-XXXXXXXA" in await talk.ask("EHLO client.test")
        assert (await talk.ask("STARTTLS")).startswith("500 5.5.1 Command unrecognized")


@pytest.mark.parametrize(("play", "code"), [("starttls-454", "454"), ("starttls-554", "554")])
async def test_refused_starttls_leaves_the_session_in_the_clear(play: str, code: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        await talk.reply()
        assert "STARTTLS" in await talk.ask("EHLO client.test")
        assert (await talk.ask("STARTTLS")).startswith(code)
        assert await talk.ask("NOOP") == "250 2.0.0 Ok"


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        ("garbage-after-220", "WRONG_VERSION_NUMBER"),
        ("handshake-alert", "HANDSHAKE_FAILURE"),
        ("tls-10-only", "PROTOCOL_VERSION"),
        ("drop-at-handshake", None),
        ("reset-at-handshake", None),
    ],
)
async def test_the_handshake_fails(play: str, reason: str | None) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        await talk.reply()
        await talk.ask("EHLO client.test")
        assert (await talk.ask("STARTTLS")).startswith("220 ")
        with pytest.raises((ssl.SSLError, ConnectionError)) as caught:
            await talk.secure()
        assert reason is None or (isinstance(caught.value, ssl.SSLError) and reason in str(caught.value.reason))


async def test_the_old_server_does_speak_tls_10() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    async with practice_server("tls-10-only") as server, talking(server) as talk:
        await talk.reply()
        await talk.ask("EHLO client.test")
        await talk.ask("STARTTLS")
        assert (await talk.secure(context)).version() == "TLSv1"


@pytest.mark.parametrize("play", ["hang-after-220", "says-nothing", "hang-at-ehlo", "hang-at-starttls", "implicit-hang"])
async def test_a_silent_server_says_nothing_as_long_as_the_client_waits(play: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        if play not in {"says-nothing", "implicit-hang"}:
            await talk.reply()
            talk.send(b"EHLO client.test\r\n")
        if play in {"hang-after-220", "hang-at-starttls"}:
            await talk.reply()
            talk.send(b"STARTTLS\r\n")
        if play == "hang-after-220":
            await talk.reply()
        talk.send(b"\x16\x03\x01")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.reader.read(1), 0.1)


async def test_plain_text_comes_behind_the_220_in_the_same_breath_and_tls_works() -> None:
    async with practice_server("plaintext-after-220") as server, talking(server) as talk:
        await talk.reply()
        await talk.ask("EHLO client.test")
        talk.send(b"STARTTLS\r\n")
        assert await talk.read() == b"220 2.0.0 Ready to start TLS\r\n250-injected.practice.test\r\n250 AUTH PLAIN\r\n"
        await talk.secure()
        assert "AUTH PLAIN" in await talk.ask("EHLO client.test")


async def test_the_endless_reply_goes_on_and_on() -> None:
    async with practice_server("ehlo-endless") as server, talking(server) as talk:
        await talk.reply()
        talk.send(b"EHLO client.test\r\n")
        lines = [await talk.reader.readline() for _ in range(4)]
        assert lines[1:] == [b"250-PRACTICE-1\r\n", b"250-PRACTICE-2\r\n", b"250-PRACTICE-3\r\n"]


async def test_a_server_may_know_only_helo() -> None:
    async with practice_server("helo-only") as server, talking(server) as talk:
        await talk.reply()
        assert await talk.ask("EHLO client.test") == "502 5.5.1 Command not implemented"
        assert await talk.ask("HELO client.test") == "250 helo-only.practice.test"


async def test_ehlo_may_be_answered_with_421_and_the_end() -> None:
    async with practice_server("ehlo-421") as server, talking(server) as talk:
        await talk.reply()
        assert (await talk.ask("EHLO client.test")).startswith("421 4.7.0 ehlo-421.practice.test Error: too many connections")
        assert await talk.read() == b""


@pytest.mark.parametrize(
    ("play", "greeting", "answer"),
    [
        ("http", b"", b"HTTP/1.1 400 Bad Request"),
        ("ftp", b"220 Practice FTP server ready.", b"530 Please login"),
        ("ssh", b"SSH-2.0-", b"Invalid SSH"),
        ("pop3", b"+OK ", b"-ERR "),
        ("imap", b"* OK [CAPABILITY IMAP4rev1", b"EHLO BAD "),
        ("lmtp", b"220 lmtp.practice.test LMTP", b"500 5.5.1 Unknown command"),
    ],
)
async def test_another_service_answers_in_its_own_language(play: str, greeting: bytes, answer: bytes) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        if greeting:
            assert (await talk.read()).startswith(greeting)
        talk.send(b"EHLO client.test\r\n")
        assert (await talk.read()).startswith(answer)


async def test_an_implicit_port_says_nothing_to_whoever_expects_a_greeting() -> None:
    async with practice_server("implicit-asked-starttls") as server, talking(server) as talk:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.reader.read(1), 0.1)


async def test_the_closed_port_refuses_and_stays_closed() -> None:
    async with practice_server("closed-port") as server:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(server.host, server.port)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((server.host, server.port))


async def test_the_full_port_neither_accepts_nor_refuses() -> None:
    async with practice_server("no-answer") as server:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.open_connection(server.host, server.port), 0.3)


async def test_replies_may_arrive_in_many_segments() -> None:
    async with practice_server("split-replies") as server, talking(server) as talk:
        assert len(await talk.read()) < len("220 split-replies.practice.test ESMTP mailkit practice\r\n")
        await talk.reader.readline()
        assert (await talk.ask("EHLO client.test")).splitlines()[-1] == "250 SMTPUTF8"


@pytest.mark.parametrize(
    ("play", "commands"),
    [
        ("drop-at-greeting", []),
        ("reset-at-greeting", []),
        ("drop-at-ehlo", ["EHLO c"]),
        ("reset-at-ehlo", ["EHLO c"]),
        ("drop-in-ehlo-reply", ["EHLO c"]),
        ("drop-at-starttls", ["EHLO c", "STARTTLS"]),
    ],
)
async def test_a_server_may_hang_up_at_any_stage(play: str, commands: list[str]) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        with pytest.raises(ConnectionResetError if play.startswith("reset") else EOFError):
            await talk.all(*commands)


@pytest.mark.parametrize(
    ("play", "commands"),
    [
        ("drop-after-tls", []),
        ("drop-at-auth", ["AUTH PLAIN"]),
        ("drop-at-mail", ["MAIL FROM:<>"]),
        ("drop-at-rcpt", ["MAIL FROM:<>", "RCPT TO:<sales@hotel.test>"]),
        ("drop-at-data", ["MAIL FROM:<>", "RCPT TO:<sales@hotel.test>", "DATA"]),
        ("drop-at-message", ["MAIL FROM:<>", "RCPT TO:<sales@hotel.test>", "DATA", "."]),
        ("drop-at-quit", ["QUIT"]),
    ],
)
async def test_a_server_may_hang_up_inside_tls(play: str, commands: list[str]) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        *earlier, last = ["", *commands]
        if play == "drop-after-tls":
            with pytest.raises(EOFError):
                await talk.begin()
            return
        await talk.begin()
        for command in earlier[1:]:
            assert (await talk.ask(command))[0] in "23"
        with pytest.raises(EOFError):
            await talk.ask(last)
        assert len(server.mailboxes) == 0


async def test_hostile_text_is_sent_as_it_is() -> None:
    async with practice_server("hostile-text") as server, talking(server) as talk:
        greeting = await talk.read()
        assert all(bait in greeting for bait in (b"\x1b]0;owned\x07", b"\0", b"<img src=x", b"\xff\xfe"))
        talk.send(b"EHLO client.test\r\n")
        keywords = await talk.read()
        assert all(bait in keywords for bait in (b"\x1b[31m", b"<script>", "\u202e".encode()))


@pytest.mark.parametrize(
    ("play", "sent"), [("banner-long-line", 10_000_000), ("ehlo-long-line", 10_000_000), ("ehlo-flood", 14_000_000)]
)
async def test_a_flood_is_as_large_as_promised_and_ends(play: str, sent: int) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        if play.startswith("ehlo"):
            await talk.reply()
            talk.send(b"EHLO client.test\r\n")
        received = 0
        while data := await talk.read(1 << 20):
            received += len(data)
        assert received >= sent


async def test_a_trickling_server_sends_single_bytes() -> None:
    play = practice_server("banner-trickles", lifetime=1.5)
    async with play as server, talking(server) as talk:
        assert await talk.read() == b"2"
        assert await talk.read() == b""


async def test_a_server_may_answer_before_it_was_asked() -> None:
    async with practice_server("replies-unasked") as server, talking(server) as talk:
        assert (await talk.read()).count(b"\r\n") == 3
