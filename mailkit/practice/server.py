"""One practice server: it listens on loopback and plays a :class:`~mailkit.practice.play.Play` to whoever connects.

Everything is bounded: the number of connections, the time a client may be idle, the length of a session; and closing
the server closes every socket and ends every task.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import cache
from pathlib import Path

from mailkit.observation import Security
from mailkit.practice.account import Accounts
from mailkit.practice.certificates import Authority
from mailkit.practice.dialogue import Stage
from mailkit.practice.mailbox import Mailboxes
from mailkit.practice.play import PLAYS, Ask, Play
from mailkit.practice.postman import Postman
from mailkit.practice.session import Session
from mailkit.practice.wire import Wire

__all__ = ["PracticeServer", "practice_server"]

_LOOPBACK = "127.0.0.1"
_MOST_CONNECTIONS = 2000
_BACKLOG = 1024
_TRIES = 20


class PracticeServer:
    """A running practice server."""

    def __init__(
        self,
        play: Play,
        *,
        authority: Authority,
        accounts: Accounts,
        postman: Postman,
        name: str | None = None,
        reply_delay: float = 0.0,
        banner_delay: float | None = None,
        idle: float = 60.0,
        lifetime: float = 300.0,
    ) -> None:
        self.play = play
        self.name = name or play.host_name
        """Its host name in the practice zone and in its certificate."""
        self.host = _LOOPBACK
        self.port = 0
        self.addresses: tuple[str, ...] = ()
        """The loopback addresses it listens on, all with the same port."""
        self.connections = 0
        """How many connections were accepted so far."""
        self.authority = authority
        self.accounts = accounts
        self.mailboxes = postman.mailboxes
        self._stage = Stage(
            host=self.name,
            play=play,
            accounts=accounts,
            postman=postman,
            context=self._context,
            reply_delay=reply_delay,
            banner_delay=banner_delay,
        )
        self._idle, self._lifetime = idle, lifetime
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    @property
    def security(self) -> Security:
        """What it really speaks."""
        return self.play.security

    @property
    def expects(self) -> tuple[str, ...]:
        """The finding codes that are the truth about it."""
        return self.play.expects

    @property
    def ask(self) -> Ask:
        """With what to ask it for the fault to be seen."""
        return self.play.ask

    @property
    def title(self) -> str:
        """What it does, in one plain sentence."""
        return self.play.title

    @property
    def ca_file(self) -> Path:
        """The root certificate to trust, as a PEM file."""
        return self.authority.ca_file

    @property
    def active(self) -> int:
        """How many sessions are going on."""
        return len(self._sessions)

    async def start(self) -> None:
        """Listen on a free port of every address the play asks for and the machine has."""
        listening = _bind_all(self.play.addresses)
        self.port = listening[0].getsockname()[1]
        self.addresses = tuple(each.getsockname()[0] for each in listening)
        self.host = self.addresses[0]
        if self.play.listens == "yes":
            for each in listening:
                self._servers.append(await asyncio.start_server(self._accept, sock=each, backlog=_BACKLOG, limit=2**18))
            return
        # A bound socket keeps the port from everyone else; without listen() a connection is refused.
        self._sockets = list(listening)
        if self.play.listens == "full":
            for each in listening:
                self._fill(each)

    async def close(self) -> None:
        """Stop listening and end all sessions; returns when every socket is closed."""
        self._closed = True
        for server in self._servers:
            server.close()
        for each in self._sockets:
            each.close()
        sessions = tuple(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers, self._sockets = [], []

    def _fill(self, listening: socket.socket) -> None:
        """Use up the queue of a listener nobody accepts from: the next SYN gets no answer (on Windows: is refused)."""
        listening.listen(0)
        for _ in range(4):
            waiting = socket.socket(listening.family)
            waiting.setblocking(False)  # noqa: FBT003  # the standard library's signature
            waiting.connect_ex(listening.getsockname())
            self._sockets.append(waiting)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closed:
            writer.transport.abort()
            return
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name=f"practice {self.name}")
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._sessions) > _MOST_CONNECTIONS:
                writer.write(b"421 4.7.0 Error: too many connections\r\n")
                writer.close()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._lifetime):
                        await Session(Wire(reader, writer, idle=self._idle), self._stage).run()
            if writer.is_closing():  # what was written goes out, unless the client does not take it
                with suppress(OSError, TimeoutError):
                    async with asyncio.timeout(1):
                        await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(self.authority.context, self.play, self.name)
        return self._tls


def _bind_all(addresses: Sequence[str]) -> list[socket.socket]:
    """Bind one free port on all those addresses the machine has; on 127.0.0.1 if it has none of them."""
    present = [address for address in addresses if _is_present(address)] or [_LOOPBACK]
    for _ in range(_TRIES):
        with ExitStack() as stack:
            bound: list[socket.socket] = []
            try:
                for address in present:
                    bound.append(stack.enter_context(_bind(address, bound[0].getsockname()[1] if bound else 0)))
            except OSError:
                continue  # the port is taken on another of the addresses: again with another port
            stack.pop_all()
            return bound
    raise OSError(errno.EADDRINUSE, f"no port is free on all of {', '.join(present)}")


@cache
def _is_present(address: str) -> bool:
    try:
        _bind(address, 0).close()
    except OSError:
        return False
    return True


def _bind(address: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        bound.setblocking(False)  # noqa: FBT003  # the standard library's signature
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


@asynccontextmanager
async def practice_server(
    play: str | Play,
    *,
    reply_delay: float = 0.0,
    banner_delay: float | None = None,
    mail_delay: float | None = None,
    idle: float = 60.0,
    lifetime: float = 300.0,
) -> AsyncIterator[PracticeServer]:
    """Run one practice server on a free loopback port.

    Args:
        play: An id of :data:`~mailkit.practice.play.PLAYS`, or a play of your own.
        reply_delay: Seconds before each reply line.
        banner_delay: Seconds before the greeting, for a play that delays it (instead of its own).
        mail_delay: Seconds before mail arrives where it arrives late (instead of the delays of ``fates.toml``).
        idle: Seconds a client may be silent.
        lifetime: Seconds a session may last.

    Raises:
        KeyError: There is no play of that name.
    """
    wanted = PLAYS[play] if isinstance(play, str) else play
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mailkit-practice-", ignore_cleanup_errors=True)
    try:
        authority = await asyncio.to_thread(Authority, Path(folder.name))
        postman = Postman(Mailboxes(), delay=mail_delay)
        server = PracticeServer(
            wanted,
            authority=authority,
            accounts=Accounts(),
            postman=postman,
            reply_delay=reply_delay,
            banner_delay=banner_delay,
            idle=idle,
            lifetime=lifetime,
        )
        try:
            await server.start()
            yield server
        finally:
            await server.close()
            await postman.close()
    finally:
        await asyncio.to_thread(folder.cleanup)
