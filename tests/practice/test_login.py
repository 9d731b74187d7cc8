"""Every mechanism logs in, every account is refused as it should be, and every attempt is counted."""

from __future__ import annotations

import asyncio
import base64
import json
import smtplib
import ssl

import aiosmtplib
import pytest
from scramp import ScramClient

from mailkit.practice import PLAYS, PracticeServer, practice_server

from .talk import Talk, coded, talking

USER, PASSWORD, TOKEN = "frontdesk@hotel.test", "practice-frontdesk", "practice-token-frontdesk"


def said(reply: str) -> str:
    """What a 334 says, decoded."""
    assert reply.startswith("334 ")
    return base64.b64decode(reply[4:]).decode()


async def scram(talk: Talk, mechanism: str, user: str, password: str) -> str:
    client = ScramClient([mechanism], user, password)
    reply = await talk.ask(f"AUTH {mechanism} {coded(client.get_client_first())}")
    client.set_server_first(said(reply))
    reply = await talk.ask(coded(client.get_client_final()))
    if not reply.startswith("334 "):
        return reply
    client.set_server_final(said(reply))  # the server has proved that it knows the password too
    return await talk.ask("")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_the_standard_library_logs_in(mechanism: str) -> None:
    def log_in(server: PracticeServer) -> int:
        with smtplib.SMTP(server.host, server.port, timeout=10) as client:
            client.starttls(context=ssl.create_default_context(cafile=str(server.ca_file)))
            client.ehlo()
            client.user, client.password = USER, PASSWORD
            return client.auth(mechanism, getattr(client, f"auth_{mechanism.lower().replace('-', '_')}"))[0]

    async with practice_server("good-starttls") as server:
        assert await asyncio.to_thread(log_in, server) == 235
        assert (server.accounts[USER].attempts, server.accounts[USER].failures) == (1, 0)


@pytest.mark.parametrize("mechanism", ["plain", "login", "crammd5", "xoauth2"])
async def test_one_wrong_password_costs_exactly_one_failed_log_in(mechanism: str) -> None:
    async with practice_server("good-implicit") as server:
        client = aiosmtplib.SMTP(hostname=server.host, port=server.port, use_tls=True, cert_bundle=str(server.ca_file))
        async with client:
            await client.ehlo()
            with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
                await getattr(client, f"auth_{mechanism}")(USER, "practice-wrong")
        assert caught.value.code == 535
        assert (server.accounts[USER].attempts, server.accounts[USER].failures, server.accounts.attempts) == (1, 1, 1)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
async def test_scram_proves_both_sides(mechanism: str) -> None:
    async with practice_server("good-starttls") as server:
        for user, password, code in ((USER, PASSWORD, "235 "), (USER, "practice-wrong", "535 "), ("nobody", PASSWORD, "535 ")):
            async with talking(server) as talk:
                await talk.begin()
                assert (await scram(talk, mechanism, user, password)).startswith(code)
        assert (server.accounts[USER].attempts, server.accounts[USER].failures) == (2, 1)
        assert server.accounts.unknown == {"nobody": 1}


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        ("XOAUTH2", "user={user}\1auth=Bearer {token}\1\1"),
        ("OAUTHBEARER", "n,a={user},\1host=h\1port=1\1auth=Bearer {token}\1\1"),
    ],
)
async def test_a_token_logs_in_and_its_refusal_is_explained_in_json(mechanism: str, message: str) -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.begin()
        refused = await talk.ask(f"AUTH {mechanism} {coded(message.format(user=USER, token='expired'))}")
        assert json.loads(said(refused))["status"] in {"400", "invalid_token"}
        assert (await talk.ask("")).startswith("535 5.7.8 ")
        assert (await talk.ask(f"AUTH {mechanism} {coded(message.format(user=USER, token=TOKEN))}")).startswith("235 ")
        assert (server.accounts[USER].attempts, server.accounts[USER].failures) == (2, 1)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (
            "bookkeeping@hotel.test",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        ),
        ("payroll@builder.test", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
        ("reservations@hotel.test", "534-5.7.9 Application-specific password required."),
        ("sales@hotel.test", "535 5.7.8 Error: authentication failed: account is locked"),
        ("manager@hotel.test", "421 4.7.0 Too many login attempts"),
        ("housekeeping@hotel.test", "454 4.7.0 Temporary authentication failure"),
        ("events@hotel.test", "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria"),
        ("concierge@hotel.test", "534-5.7.14 Please log in via your web browser"),
        ("scanner@builder.test", "535 5.7.8 Error: authentication failed: plaintext mechanisms are switched off"),
    ],
)
async def test_the_right_password_is_refused_in_the_words_of_real_servers(user: str, words: str) -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.begin()
        assert (await talk.log_in(user, server.accounts[user].password)).startswith(words)
        assert (server.accounts[user].attempts, server.accounts[user].failures) == (1, 0)
        if server.accounts[user].then_close:
            assert await talk.read() == b""


async def test_an_account_may_work_with_some_mechanisms_only() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.begin()
        assert (await scram(talk, "SCRAM-SHA-256", "scanner@builder.test", "practice-scanner")).startswith("235 ")


async def test_three_wrong_passwords_lock_the_account_even_for_the_right_one() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.begin()
        for _ in range(3):
            assert (await talk.log_in("maintenance@hotel.test", "wrong")).startswith(
                "535 5.7.8 Error: authentication failed: wrong"
            )
        assert "account is locked" in await talk.log_in("maintenance@hotel.test", "practice-maintenance")
        assert (server.accounts["maintenance@hotel.test"].attempts, server.accounts["maintenance@hotel.test"].failures) == (4, 3)


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        (["AUTH GSSAPI"], "504 5.5.4"),
        (["AUTH PLAIN !!!"], "501 5.5.2"),
        (["AUTH PLAIN", "*"], "501 5.7.0 Authentication aborted"),
        (["AUTH PLAIN " + coded("no separators")], "501 5.5.2"),
        (["AUTH LOGIN", coded(USER), "?"], "501 5.5.2"),
        (["AUTH XOAUTH2 " + coded("nonsense")], "501 5.5.2"),
        (["AUTH SCRAM-SHA-256 " + coded("nonsense")], "501 5.5.2"),
        (["MAIL FROM:<>", "AUTH PLAIN"], "503 5.5.1"),
    ],
)
async def test_a_broken_exchange_is_refused_and_costs_no_attempt(commands: list[str], reply: str) -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.begin()
        assert [await talk.ask(command) for command in commands][-1].startswith(reply)
        assert server.accounts.attempts == 0


async def test_a_second_log_in_is_refused() -> None:
    async with practice_server("good-starttls") as server, talking(server) as talk:
        await talk.begin()
        assert (await talk.log_in(USER, PASSWORD)).startswith("235 ")
        assert (await talk.log_in(USER, PASSWORD)).startswith("503 5.5.1")


@pytest.mark.parametrize(("play", "reply"), [("auth-needs-tls", "538 5.7.11"), ("auth-not-offered", "503 5.5.1")])
async def test_a_log_in_that_is_not_offered_is_refused(play: str, reply: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        await talk.reply()
        assert "AUTH" not in await talk.ask("EHLO client.test")
        assert (await talk.log_in(USER, PASSWORD)).startswith(reply)


@pytest.mark.parametrize("play", ["auth-in-clear", "auth-in-clear-no-tls"])
async def test_a_careless_server_takes_the_password_in_the_clear(play: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        await talk.reply()
        assert "250-AUTH PLAIN LOGIN" in await talk.ask("EHLO client.test")
        assert (await talk.log_in(USER, PASSWORD)).startswith("235 ")


@pytest.mark.parametrize(
    "play",
    [
        play.id
        for play in PLAYS.values()
        if play.ask.user and not play.answers and play.auth == "inside-tls" and "GSSAPI" not in play.mechanisms
    ],
)
async def test_every_log_in_of_the_table_gets_the_answer_it_promises(play: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        assert server.ask.user is not None
        assert server.ask.password is not None
        await talk.begin()
        if server.ask.mechanism is None:
            reply = await talk.log_in(server.ask.user, server.ask.password)
        else:
            message = {"XOAUTH2": "user={}\1auth=Bearer {}\1\1", "OAUTHBEARER": "n,a={},\1auth=Bearer {}\1\1"}[
                server.ask.mechanism
            ]
            await talk.ask(f"AUTH {server.ask.mechanism} {coded(message.format(server.ask.user, server.ask.password))}")
            reply = await talk.ask("")
        accepted = all(code.startswith("sender.") or code == "auth.needs-tls" for code in server.expects)
        assert reply.startswith("235 ") == accepted
