"""Senders, recipients and messages are taken and refused as the table says."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mailkit.practice import PLAYS, practice_server

from .talk import talking

REFUSED = {
    "mail-needs-login": "530 5.7.0",
    "mail-needs-login-exchange": "550 5.7.57 SMTP; Client was not authenticated",
    "sender-not-permitted": "553 5.7.1",
    "sender-domain-unknown": "550 5.1.8",
    "sender-syntax": "501 5.1.7",
    "sender-rejected": "550 5.7.1",
    "sender-temporary-failure": "451 4.3.0",
    "recipient-unknown": "550 5.1.1",
    "relay-denied": "554 5.7.1",
    "greylisting": "450 4.2.0",
    "mailbox-full": "452 4.2.2",
    "mailbox-over-quota": "552 5.2.2",
    "recipient-moved": "551 5.1.6",
    "recipient-disabled": "550 5.2.1",
    "recipient-rejected": "550 5.7.1",
    "recipient-temporary-failure": "451 4.3.0",
    "message-content-rejected": "554 5.7.1",
    "message-unauthenticated": "550 5.7.26",
    "message-send-as-denied": "550 5.7.60",
    "message-temporary-failure": "451 4.3.0",
    "data-rejected": "554 5.5.1",
}


@pytest.mark.parametrize("play", REFUSED)
async def test_a_refusal_comes_at_the_last_step_and_not_before(play: str) -> None:
    ask = PLAYS[play].ask
    commands = [f"MAIL FROM:<{ask.sender}>", f"RCPT TO:<{ask.recipient}>", "DATA", "Subject: x\r\n\r\nx\r\n."]
    last = 1 if ask.recipient is None else 2 if not ask.message else 3 if play == "data-rejected" else 4
    async with practice_server(play) as server, talking(server) as talk:
        await talk.begin()
        if ask.user and ask.password:
            assert (await talk.log_in(ask.user, ask.password)).startswith("235 ")
        *earlier, refusal = [await talk.ask(command) for command in commands[:last]]
        assert all(reply[0] in "23" for reply in earlier)
        assert refusal.startswith(REFUSED[play])
        assert len(server.mailboxes) == 0


async def test_mail_is_refused_before_starttls_where_tls_is_needed() -> None:
    async with practice_server("mail-needs-tls") as server:
        async with talking(server) as talk:
            replies = await talk.all("EHLO client.test", "MAIL FROM:<traces@hotel.test>")
            assert replies[-1] == "530 5.7.0 Must issue a STARTTLS command first"
        async with talking(server) as talk:
            await talk.begin()
            assert (await talk.ask("MAIL FROM:<traces@hotel.test>")).startswith("250 ")


@pytest.mark.parametrize("play", ["open-relay", "good-starttls"])
async def test_mail_for_elsewhere_passes_an_open_relay_or_after_a_log_in(play: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        await talk.begin()
        if play == "good-starttls":
            await talk.log_in("frontdesk@hotel.test", "practice-frontdesk")
        await talk.ask("MAIL FROM:<frontdesk@hotel.test>")
        assert (await talk.ask("RCPT TO:<guest@elsewhere.test>")).startswith("250 ")


async def test_a_greylisted_pair_is_taken_later() -> None:
    impatient = replace(PLAYS["greylisting"], greylist=0.0)
    async with practice_server(impatient) as server, talking(server) as talk:
        await talk.begin()
        await talk.ask("MAIL FROM:<traces@hotel.test>")
        assert (await talk.ask("RCPT TO:<frontdesk@hotel.test>")).startswith("450 4.2.0")
        assert (await talk.ask("RCPT TO:<frontdesk@hotel.test>")).startswith("250 ")
        assert (await talk.ask("RCPT TO:<sales@hotel.test>")).startswith("450 4.2.0")


@pytest.mark.parametrize("announced", ["", " SIZE=2000"])
async def test_a_message_beyond_the_limit_is_refused_as_soon_as_its_size_is_known(announced: str) -> None:
    async with practice_server("message-too-large") as server, talking(server) as talk:
        await talk.begin()
        reply = await talk.ask(f"MAIL FROM:<traces@hotel.test>{announced}")
        if not announced:
            await talk.ask("RCPT TO:<frontdesk@hotel.test>")
            await talk.ask("DATA")
            reply = await talk.ask("x" * 500 + "\r\n" + "x" * 600 + "\r\n.")
        assert reply == "552 5.3.4 Message size exceeds fixed limit"
        assert len(server.mailboxes) == 0


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        (["MAIL FROM:<a@hotel.test>"], "503 5.5.1 Error: send HELO/EHLO first"),
        (["EHLO c", "RCPT TO:<sales@hotel.test>"], "503 5.5.1 Error: need MAIL command"),
        (["EHLO c", "DATA"], "503 5.5.1"),
        (["EHLO c", "MAIL FROM:<>", "MAIL FROM:<>"], "503 5.5.1 Error: nested MAIL command"),
        (["EHLO c", "MAIL FROM:<>", "RSET", "MAIL FROM:<>"], "250 2.1.0 Ok"),
        (["EHLO c", "MAIL FROM: a@hotel.test"], "501 5.5.4"),
        (["EHLO c", "MAIL FROM:<no domain>"], "501 5.1.7"),
        (["EHLO c", "MAIL FROM:<> COLOUR=red"], "555 5.5.4"),
        (["EHLO c", "MAIL FROM:<dépôt@hotel.test>"], "553 5.6.7"),
        (["EHLO c", "MAIL FROM:<dépôt@hotel.test> SMTPUTF8"], "250 2.1.0 Ok"),
        (["EHLO c", "MAIL FROM:<> SIZE=99999999999999999999999"], "552 5.3.4"),
        (["EHLO c", "MAIL FROM:<> RET=HDRS ENVID=x", "RCPT TO:<sales@hotel.test> NOTIFY=NEVER"], "250 2.1.5 Ok"),
        (["EHLO"], "501 5.5.4 Syntax: EHLO hostname"),
        (["VRFY sales"], "252 2.0.0"),
        (["QUIT"], "221 2.0.0 Bye"),
    ],
)
async def test_the_order_and_the_grammar_of_commands_are_watched(commands: list[str], reply: str) -> None:
    async with practice_server("good-exchanger") as server, talking(server) as talk:
        assert (await talk.all(*commands))[-1].startswith(reply)
