"""A server that is no good mail server costs bounded time and memory, and what is wrong with it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from mailkit.mail.follow import Arrival, Expected, follow
from mailkit.mail.follow.imap import Imap, Mailbox
from mailkit.secret import Secret

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SENT = Expected(message_id="<q@builder.test>", delivery_id="4f1f00aa11bb22cc33dd")


@asynccontextmanager
async def playing(play: Play) -> AsyncIterator[int]:
    clients: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(
        lambda reader, writer: clients.add(asyncio.ensure_future(serve(reader, writer))), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in clients:
            one.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the next round of the loop


async def found(play: Play, *, security: str = "none", wait: float = 1.0) -> Arrival:
    async with playing(play) as port:
        box = Mailbox(host="127.0.0.1", port=port, security=security, user="desk", allow_plaintext_auth=True)  # type: ignore[arg-type]  # one of the three
        source = Imap(box, Secret("hunter2"), wait=wait)
        until = datetime.now(UTC) + timedelta(seconds=4)
        (arrival,) = [one async for one in follow([SENT], source, until=until, polls=(0.1,), settling=timedelta())]
        return arrival


def answering(*special: tuple[bytes, bytes], greeting: bytes = b"* OK [CAPABILITY IMAP4rev1] ready\r\n") -> Play:
    """Answer every command with OK, and some with something else before it (``{tag}`` is the command's)."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            tag, _, command = line.partition(b" ")
            told = next((answer for begin, answer in special if command.upper().startswith(begin)), b"")
            writer.write(told.replace(b"{tag}", tag))
            if b"{tag}" not in told:
                writer.write(tag + b" OK done\r\n")
            await writer.drain()

    return play


LISTED = (b"LIST", b'* LIST () "/" INBOX\r\n')
ONE = (b"EXAMINE", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n")


async def trickling(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"*")
        await writer.drain()
        await asyncio.sleep(0.1)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def flooding(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
    while True:
        writer.write(b"* 1 FETCH (FLAGS ())\r\n" * 5000)
        await writer.drain()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("play", "problem"),
    [
        (silent, "timeout"),
        (trickling, "timeout"),
        (answering(greeting=b"220 mail.test ESMTP\r\n"), "malformed"),
        (answering(greeting=b"* PREAUTH welcome\r\n"), "malformed"),
        (answering(greeting=b"* BYE overloaded\r\n"), "closed"),
        (answering(greeting=b"\xff\xfe\x00\r\n"), "malformed"),
        (answering((b"LOGIN", b"{tag} NO [AUTHENTICATIONFAILED] hunter2 is wrong\r\n")), "login-refused"),
        (answering((b"LOGIN", b"* BYE enough\r\n{tag} BYE\r\n")), "closed"),
        (answering(LISTED, ONE, (b"FETCH", b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (X)] {99999999999}\r\n")), "closed"),
        (
            answering((b"CAPABILITY", b"* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI\r\n"), greeting=b"* OK hi\r\n"),
            "login-refused",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_a_bad_server_is_given_up_and_told(play: Play, problem: str) -> None:
    arrival = await found(play)
    assert arrival.found == "not-looked"
    assert arrival.looked.problem == problem
    assert "hunter2" not in (arrival.looked.problem_text or "")


@pytest.mark.timeout(60)
async def test_a_server_that_sends_without_end_is_given_up() -> None:
    assert (await found(flooding)).looked.problem in {"closed", "timeout"}


async def test_a_server_without_starttls_is_not_told_the_password() -> None:
    said: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while line := await reader.readline():
            said.append(line)
            writer.write(line.split()[0] + b" OK done\r\n")

    arrival = await found(play, security="starttls")
    assert arrival.looked.problem == "no-tls"
    assert not [line for line in said if b"LOGIN" in line.upper() or b"AUTH" in line.upper()]


async def test_a_refused_log_in_is_tried_once() -> None:
    tries: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN] ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.partition(b" ")
            if command.startswith(b"AUTHENTICATE"):
                tries.append(command)
                writer.write(b"+ \r\n")
                await reader.readline()
                writer.write(tag + b" NO wrong\r\n")
            else:
                writer.write(tag + b" OK done\r\n")

    assert (await found(play)).looked.problem == "login-refused"
    assert len(tries) == 1


async def test_a_server_that_cannot_search_and_puts_the_number_behind_the_text_is_read() -> None:
    header = b"Message-ID: <q@builder.test>\r\nSubject: Test\r\n\r\n"
    fetched = b'* 1 FETCH (BODY[HEADER] {%d}\r\n%s INTERNALDATE " 3-Mar-2026 12:00:00 +0000" UID 7)\r\n' % (len(header), header)
    play = answering(
        (b"LIST", b'* LIST (\\Noselect) "/" Shared\r\n* LIST () "/" {5}\r\nINBOX\r\n'),
        ONE,
        (b"FETCH", fetched),
        (b"UID FETCH", fetched),
    )
    arrival = await found(play)
    assert arrival.found == "arrived"
    assert arrival.copies[0].arrived == datetime(2026, 3, 3, 12, tzinfo=UTC)


async def test_nobody_there_is_told() -> None:
    async with playing(silent) as port:
        pass
    box = Mailbox(host="127.0.0.1", port=port, user="desk")
    (arrival,) = [one async for one in follow([SENT], Imap(box, Secret("x")), until=datetime.now(UTC) + timedelta(seconds=1))]
    assert arrival.looked.problem == "refused"


async def test_leaving_in_the_middle_leaves_nothing_running() -> None:
    async with playing(silent) as port:
        box = Mailbox(host="127.0.0.1", port=port, security="none", user="desk", allow_plaintext_auth=True)
        run = asyncio.create_task(anext(aiter(follow([SENT], Imap(box, Secret("x"))))))
        await asyncio.sleep(0.2)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await run
