"""A receiving server that counts what it took, and tells at every step that it has got so far: there a test may cut or kill.

A mail counts as taken when its last dot has come, before anything is answered. Strict enough to notice a client
that talks out of turn. Runs on the test's own loop, or in a thread with a loop of its own (:func:`receiving`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal

Step = Literal["connect", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot", "answered", "RSET", "QUIT"]
KEYWORDS = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8", "DSN")
USUAL = {
    "EHLO": "250 ok",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go ahead",
    "dot": "250 2.0.0 queued as {id}",
}


class Receiver:
    """What was taken, and what is answered.

    Attributes:
        taken: how often each Message-ID was taken.
        recipients: the recipients of what was taken, in order.
        said: every command, in order.
        answers: to be given instead of the usual, first come first served, by step; ``drop`` hangs up, ``silence`` is for good.
        always: the same, every time.
        tell: called at every step; what it returns is the answer.
        open: connections that stand now.
    """

    def __init__(self, keywords: tuple[str, ...] = KEYWORDS) -> None:
        self.keywords = keywords
        self.taken: Counter[str] = Counter()
        self.recipients: list[str] = []
        self.bodies: list[bytes] = []
        self.said: list[str] = []
        self.answers: dict[str, list[str]] = {}
        self.always: dict[str, str] = {}
        self.tell: Callable[[Step, Receiver], str | None] = lambda _step, _self: None
        self.drops_what_follows_a_body = False
        self.keep_bodies = False
        self.connections = 0
        self.open = 0
        self.most = 0
        self.port = 0
        self.moments: list[float] = []
        self._transports: set[asyncio.BaseTransport] = set()

    def take(self, name: str, recipient: str, content: bytes) -> None:
        self.taken[name] += 1
        self.recipients.append(recipient)
        self.moments.append(time.monotonic())
        if self.keep_bodies:
            self.bodies.append(content)

    def cut(self) -> None:
        """Cut every connection, as a network that goes away."""
        for transport in list(self._transports):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    async def serve(self) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(lambda: _Session(self), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        return server


class _Session(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.buffer = b""
        self.in_body = False
        self.sender = False
        self.recipients = 0
        self.recipient = ""
        self.told_body = False
        self.silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.receiver._transports.add(transport)
        self.receiver.connections += 1
        self.receiver.open += 1
        self.receiver.most = max(self.receiver.most, self.receiver.open)
        self.step("connect", "220 receiver.test ESMTP")

    def connection_lost(self, _exc: Exception | None) -> None:
        self.receiver.open -= 1
        self.receiver._transports.discard(self.transport)

    def step(self, step: Step, usual: str) -> str:
        """Tell where we are, and answer; what was answered."""
        told = self.receiver.tell(step, self.receiver)
        waiting = self.receiver.answers.get(step)
        answer = told or (waiting.pop(0) if waiting else self.receiver.always.get(step, usual))
        if answer == "drop":
            self.transport.abort()
        elif answer == "silence":
            self.silent = True
        elif not self.transport.is_closing():
            self.transport.write(answer.encode() + b"\r\n")
            if answer.startswith("421"):
                self.transport.close()
        return answer

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.transport.is_closing() and not self.silent:
            if self.in_body:
                if not self.body():
                    return
            else:
                line, found, rest = self.buffer.partition(b"\r\n")
                if not found:
                    return
                self.buffer = rest
                self.command(line.decode())

    def body(self) -> bool:
        if not self.told_body and self.buffer:
            self.told_body = True
            if self.receiver.tell("body", self.receiver) == "drop":
                self.transport.abort()
                return False
        if self.buffer.startswith(b".\r\n"):
            content, rest = b"", self.buffer[3:]
        else:
            content, found, rest = self.buffer.partition(b"\r\n.\r\n")
            if not found:
                return False
        self.buffer, self.in_body, self.told_body = rest, False, False
        usual = "554 5.5.1 no valid recipients"
        found_name = re.search(rb"(?im)^message-id:\s*(<[^>]*>)", content)
        name = found_name[1].decode() if found_name else ""
        took = bool(self.recipients)
        self.sender, self.recipients = False, 0
        if took:
            self.receiver.take(name, self.recipient, content)
            usual = USUAL["dot"].format(id=f"A{sum(self.receiver.taken.values()):06}")
        if self.step("dot", usual)[:1] in "45" and took:
            self.receiver.taken[name] -= 1  # refused: not taken after all
        self.receiver.tell("answered", self.receiver)
        if self.receiver.drops_what_follows_a_body:
            self.buffer = b""
        return True

    def command(self, line: str) -> None:
        self.receiver.said.append(line)
        verb = line[:4].upper()
        if verb == "EHLO":
            told = "\r\n".join(f"250-{keyword}" for keyword in ("receiver.test", *self.receiver.keywords[:-1]))
            last = self.receiver.keywords[-1] if self.receiver.keywords else "HELP"
            self.step("EHLO", f"{told}\r\n250 {last}")
        elif verb == "MAIL":
            self.sender = (
                self.step("MAIL", USUAL["MAIL"] if not self.sender else "503 5.5.1 nested").startswith("2") or self.sender
            )
        elif verb == "RCPT":
            if self.step("RCPT", USUAL["RCPT"] if self.sender else "503 5.5.1 MAIL first").startswith("2"):
                self.recipients += 1
                self.recipient = line
        elif verb == "DATA":
            answer = self.step("DATA", USUAL["DATA"] if self.recipients else "503 5.5.1 RCPT first")
            self.in_body = answer.startswith("354")
            if "PIPELINING" not in self.receiver.keywords and self.buffer:
                self.receiver.said.append("(talked out of turn)")
        elif verb == "RSET":
            self.sender, self.recipients = False, 0
            self.step("RSET", "250 ok")
        elif verb == "QUIT":
            self.step("QUIT", "221 bye")
            self.transport.close()
        else:
            self.transport.write(b"502 5.5.1 what?\r\n")


@contextlib.asynccontextmanager
async def receiver(**settings: tuple[str, ...]) -> AsyncIterator[Receiver]:
    """Run a receiver on this loop."""
    made = Receiver(**settings)
    server = await made.serve()
    try:
        yield made
    finally:
        server.close()
        made.cut()
        await asyncio.sleep(0)


@contextlib.contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Run a receiver in a thread of its own."""
    made = Receiver()
    made.port = port
    loop = asyncio.new_event_loop()
    ready, end = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await made.serve()
        ready.set()
        await end.wait()
        server.close()
        made.cut()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield made
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()
