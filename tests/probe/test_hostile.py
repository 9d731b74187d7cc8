"""A server may send anything, at any moment, and never get the better of the probe."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import socket
import ssl
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailkit.observation import AuthStage, EhloStage, GreetingStage, ProbeDocument
from mailkit.probe import Credentials, ProbeSettings, probe
from mailkit.report.terminal import render
from mailkit.secret import Secret

Step = tuple[str, object]
QUICK = ProbeSettings(timeout=0.6, deadline=2.5, sender="a@example.com", recipient="b@example.com")


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


class Playing:
    """Serve `steps` to every connection, then drop it; in threads, so that nothing of it is on the probe's loop."""

    def __init__(self, steps: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.steps = steps
        self.tls = tls
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.listener.settimeout(5)
        self.threads = [threading.Thread(target=self.accept)]

    def __enter__(self) -> str:
        self.threads[0].start()
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self.over.set()
        # Wake the accept; closing a socket another thread waits on does not.
        with contextlib.suppress(OSError):
            socket.create_connection(self.listener.getsockname(), timeout=1).close()
        for thread in self.threads:
            thread.join(10)
        self.listener.close()

    def accept(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                thread = threading.Thread(target=self.play, args=(connection,))
                thread.start()
                self.threads.append(thread)

    def play(self, connection: socket.socket) -> None:
        connection.settimeout(3)
        with contextlib.suppress(OSError, ValueError):
            for verb, what in self.steps:
                if self.over.is_set():
                    break
                if verb == "send":
                    connection.sendall(what)  # type: ignore[arg-type]
                elif verb == "line":
                    while connection.recv(1) not in (b"\n", b""):
                        pass
                elif verb == "sleep":
                    self.over.wait(what)  # type: ignore[arg-type]
                elif verb == "tls":
                    assert self.tls is not None
                    connection = self.tls.wrap_socket(connection, server_side=True)
                elif verb == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def scripted(*steps: Step) -> list[Step]:
    return list(steps)


async def look(steps: Sequence[Step], how: ProbeSettings = QUICK, tls: ssl.SSLContext | None = None) -> ProbeDocument:
    with Playing(steps, tls) as target:
        return await probe(target, how)


FRAGMENTS = st.one_of(
    st.sampled_from(
        [
            b"220 mail.example.com ESMTP\r\n", b"220-one\r\n220 two\r\n", b"421 4.7.0 too many\r\n", b"554 no\r\n", b"220\r\n",
            b"250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", b"250 mail\r\n", b"250-", b"250-never\r\n" * 300, b"500 what\r\n",
            b"220 go ahead\r\n", b"220 go\r\n250 injected\r\n",
            b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x01", b"HTTP/1.1 400 no\r\n\r\n",
            b"+OK\r\n", b"\x00" * 50, b"\x1b]0;title\x07\r\n", b"<script>alert(1)</script>\r\n",
            b"\xff\xfe\xfd\r\n", b"A" * 20000,
            b"250 2.0.0 ok\r\n" * 20, b"999 huh\r\n", b"250-XXXXXXXA\r\n250 ok\r\n",
        ]
    ),
    st.binary(max_size=60),
)  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.just("send"), FRAGMENTS),
    st.tuples(st.just("line"), st.none()),
    st.tuples(st.just("sleep"), st.sampled_from([0.01, 0.1, 1.0])),
    st.tuples(st.just("tls"), st.none()),
    st.tuples(st.just("reset"), st.none()),
)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12), security=st.sampled_from(["auto", "none", "starttls", "implicit"]))
def test_no_server_breaks_the_probe_or_keeps_it_beyond_its_deadline(
    tls: ssl.SSLContext, steps: list[Step], security: str
) -> None:
    async def run() -> ProbeDocument:
        before = asyncio.all_tasks()
        with Playing(steps, tls) as target:
            settings_ = ProbeSettings(timeout=0.4, deadline=2.0, security=security)  # type: ignore[arg-type]
            async with asyncio.timeout(6):
                document = await probe(target, settings_)
        leaked = {task for task in asyncio.all_tasks() - before if "probe" in repr(task.get_coro())}
        assert not leaked
        return document

    files = open_files()
    document = asyncio.run(run())
    gc.collect()
    assert open_files() <= files
    text = msgspec.json.encode(document)
    assert msgspec.json.decode(text, type=ProbeDocument) == document
    assert all(number <= 4 for number in document.connections.values())
    shown = render(document, transcript=True)
    assert not any(character < " " and character != "\n" for character in shown)


async def test_a_flood_of_continuation_lines_ends_at_a_limit() -> None:
    document = await look(scripted(("send", b"220 hi\r\n"), ("line", None), *[("send", b"250-flood\r\n" * 5000)] * 20))
    ehlo = next(stage for stage in document.endpoints[0].stages if isinstance(stage, EhloStage))
    assert (ehlo.problem, ehlo.lines_received) == ("too-long", 200)
    assert len(document.endpoints[0].transcript) < 300


async def test_a_line_of_ten_megabytes_is_not_collected() -> None:
    document = await look(scripted(*[("send", b"2" * 100_000)] * 100))
    greeting = next(stage for stage in document.endpoints[0].stages if isinstance(stage, GreetingStage))
    assert greeting.problem == "too-long"
    assert len(msgspec.json.encode(document)) < 20_000


async def test_a_trickle_gets_no_more_time_than_silence() -> None:
    trickle = [step for byte in b"220 slow" for step in (("send", bytes([byte])), ("sleep", 0.2))]
    document = await look(trickle)
    greeting = next(stage for stage in document.endpoints[0].stages if isinstance(stage, GreetingStage))
    assert (greeting.ok, greeting.problem) == (None, "timeout")


async def test_control_characters_become_their_escapes() -> None:
    document = await look(scripted(("send", b"220 \x1b[2J\x00<script>\xff\r\n"), ("line", None)))
    greeting = next(stage for stage in document.endpoints[0].stages if isinstance(stage, GreetingStage))
    assert greeting.reply is not None
    assert greeting.reply.text == r"\x1b[2J\x00<script>\xff"


async def test_replies_nobody_asked_for_are_seen_and_do_not_shift_the_others() -> None:
    document = await look(
        scripted(
            ("send", b"220 hi\r\n250 early\r\n"),
            ("line", None),
            ("send", b"250-mail\r\n250 SIZE 1000\r\n"),
            ("line", None),
            ("sleep", 0.3),
        )
    )
    greeting = next(stage for stage in document.endpoints[0].stages if isinstance(stage, GreetingStage))
    ehlo = next(stage for stage in document.endpoints[0].stages if isinstance(stage, EhloStage))
    assert [*greeting.unasked, *ehlo.unasked] == ["250 early"]
    assert ehlo.keywords == ("SIZE 1000",)


async def test_a_reset_is_not_called_a_refusal() -> None:
    document = await look(scripted(("reset", None)))
    greeting = next(stage for stage in document.endpoints[0].stages if isinstance(stage, GreetingStage))
    assert greeting.problem in ("reset", "closed")
    assert document.endpoints[0].addresses[0].ok is True


async def test_a_server_that_asks_for_ever_at_the_log_in_is_left() -> None:
    asks = [step for _ in range(20) for step in (("line", None), ("send", b"334 \r\n"))]
    steps = scripted(("send", b"220 hi\r\n"), ("line", None), ("send", b"250-mail\r\n250 AUTH PLAIN\r\n"), *asks)
    how = ProbeSettings(
        timeout=0.6, deadline=2.5, security="none", allow_plaintext_auth=True, credentials=Credentials("user", Secret("password"))
    )
    document = await look(steps, how)
    log_in = next(stage for stage in document.endpoints[0].stages if isinstance(stage, AuthStage))
    assert (log_in.result, log_in.problem) == ("not_tried", "malformed")
    assert len(document.endpoints[0].transcript) < 30


@pytest.mark.parametrize("code", ["535", "is it "])
async def test_a_server_that_echoes_the_log_in_brings_no_secret_into_the_document(code: str) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 echo\r\n")
        while line := await reader.readline():
            said = line.strip()
            if said.startswith(b"EHLO"):
                writer.write(b"250-echo\r\n250 AUTH LOGIN PLAIN\r\n")
            elif said == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                decoded = base64.b64decode(said.rpartition(b" ")[2] + b"==").replace(b"\0", b" ") if b"AUTH" in said else b""
                writer.write(f"{code}-you said ".encode() + said + f"\r\n{code} that is ".encode() + decoded + b"\r\n")
        writer.close()
        await writer.wait_closed()

    secret = "correct-horse-battery"
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        how = ProbeSettings(
            security="none",
            allow_plaintext_auth=True,
            mechanism="PLAIN",
            credentials=Credentials("frontdesk@hotel.test", Secret(secret)),
        )
        document = await probe(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", how)
    text = msgspec.json.encode(document).decode() + render(document, transcript=True)
    assert document.endpoints[0].auth.tried == "PLAIN"
    assert secret not in text
    assert base64.b64encode(f"\0frontdesk@hotel.test\0{secret}".encode()).decode() not in text
    assert Secret(secret).scrub(text) == text
