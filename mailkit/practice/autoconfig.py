"""The web server of the practice site: autoconfig pages as autodiscovery looks for them, good and faulty, over HTTPS on loopback.

One port serves every name; the certificate is chosen by the name the client asks for (SNI). The table of pages, and of the SRV
records that go with them, is ``autoconfig.toml``. Closing the server ends every task.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Literal

import h11
import msgspec
from msgspec import Struct

from mailkit.practice.certificates import Authority
from mailkit.practice.play import Play
from mailkit.practice.wire import LongLineError, Wire
from mailkit.probe.discovery import Outcome

__all__ = ["PAGES", "SERVICES", "AutoconfigPage", "AutoconfigServer", "Service"]

_HOST = "127.0.0.1"
_DATABASE = "ispdb.practice.test"
_IDLE = 10.0
_LONGEST = 60.0
_MOST_CONNECTIONS = 100
_LONGEST_LINE = 8192
_PAUSE = 0.05
"""Seconds before each byte of a page that trickles."""
_PORT = re.compile(r"\{port:([a-z0-9.-]+)\}")


class AutoconfigPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page."""

    domain: str
    """The domain it is about."""
    source: Literal["autoconfig", "well-known", "ispdb"]
    """Where autodiscovery looks for it."""
    title: str
    outcome: Outcome
    """How asking for it ends."""
    status: int = 200
    location: str | None = None
    body: str = ""
    then: Literal["end", "endless", "trickle", "cut", "hang", "smtp"] = "end"
    certificate: str = "good"
    """A kind of :data:`mailkit.practice.certificates.KINDS`."""

    @property
    def host(self) -> str:
        """The name of the web server it is on."""
        return {"autoconfig": f"autoconfig.{self.domain}", "well-known": self.domain, "ispdb": _DATABASE}[self.source]

    @property
    def path(self) -> str:
        """Where it is on that server."""
        file = "mail/config-v1.1.xml"
        return {"autoconfig": f"/{file}", "well-known": f"/.well-known/autoconfig/{file}", "ispdb": f"/{self.domain}"}[
            self.source
        ]


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One SRV record."""

    domain: str
    service: Literal["submission", "submissions"]
    host: str
    """A server of the practice site, or ``"."``."""
    priority: int = 0
    weight: int = 1

    @property
    def name(self) -> str:
        """The name the record stands at."""
        return f"_{self.service}._tcp.{self.domain}"


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    service: tuple[Service, ...]
    page: tuple[AutoconfigPage, ...]


_TABLE = msgspec.toml.decode((files("mailkit.practice") / "autoconfig.toml").read_bytes(), type=_Table)

PAGES = _TABLE.page
"""All pages."""

SERVICES = _TABLE.service
"""All SRV records."""


class AutoconfigServer:
    """The running web server.

    Args:
        authority: makes the certificates.
        port_of: gives the port of a mail server of the practice site, asked when a page is.
    """

    def __init__(self, authority: Authority, port_of: Callable[[str], int]) -> None:
        self.port = 0
        self.asked: list[tuple[str, str]] = []
        """What was asked for: host, and path with the query."""
        self._authority, self._port_of = authority, port_of
        self._pages = {(page.host, page.path): page for page in PAGES}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """The names it answers to."""
        return tuple(dict.fromkeys(page.host for page in PAGES))

    @property
    def database(self) -> str:
        """The base address of the practice database."""
        return f"https://{_DATABASE}:{self.port}/"

    async def start(self) -> None:
        """Listen on a free port."""
        await asyncio.to_thread(self._prepare)
        self._contexts[_DATABASE].sni_callback = self._choose
        self._server = await asyncio.start_server(self._accept, _HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end all clients."""
        if self._server is not None:
            self._server.close()
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None

    def _prepare(self) -> None:
        for page in PAGES:
            if page.host not in self._contexts:
                play = Play(id="web", title=page.title, certificate=page.certificate)
                self._contexts[page.host] = self._authority.context(play, page.host)

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        if chosen := self._contexts.get(name or ""):
            connection.context = chosen

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(Wire(reader, writer, idle=_IDLE), writer), name="practice web")
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, wire: Wire, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError, LongLineError, h11.RemoteProtocolError):
                async with asyncio.timeout(_LONGEST):
                    await wire.start_tls(self._contexts[_DATABASE])
                    await self._answer(wire)
                    await wire.close()
        finally:
            writer.transport.abort()

    async def _answer(self, wire: Wire) -> None:
        peer = h11.Connection(h11.SERVER)
        request = await _request(peer, wire)
        if request is None:
            return
        host = next((value for key, value in request.headers if key == b"host"), b"").decode("ascii", "replace").partition(":")[0]
        target = request.target.decode("ascii", "replace")
        self.asked.append((host, target))
        page = self._pages.get((host, target.partition("?")[0]))
        if page is None:
            await wire.send(_whole(peer, 404, b"nothing here"))
            return
        body = self._filled(page.body).encode()
        if page.then == "hang":
            await wire.discard()
        elif page.then == "smtp":
            await wire.send(b"220 mail.hotel.test ESMTP\r\n" * 20)
        elif page.then == "endless":
            await wire.send(_head(peer, 200))
            while True:
                await wire.send(peer.send(h11.Data(data=b" " * 65536)) or b"")
        elif page.then == "cut":
            await wire.send(_head(peer, 200, ("Content-Length", str(2 * len(body)))) + body)
        else:
            wire.byte_delay = _PAUSE if page.then == "trickle" else 0.0
            location = (("Location", self._filled(page.location)),) if page.location else ()
            await wire.send(_whole(peer, page.status, body, *location))

    def _filled(self, text: str) -> str:
        return _PORT.sub(lambda match: str(self._port_of(match[1])), text).replace("{https}", str(self.port))


async def _request(peer: h11.Connection, wire: Wire) -> h11.Request | None:
    """Read one request; ``None``: the client left."""
    request: h11.Request | None = None
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Request):
            request = event
            continue
        line = await wire.line(_LONGEST_LINE)
        if line is None:
            return None
        peer.receive_data(line + b"\n")
    return request


def _head(peer: h11.Connection, status: int, *more: tuple[str, str]) -> bytes:
    return (
        peer.send(h11.Response(status_code=status, headers=[("Content-Type", "text/xml"), ("Connection", "close"), *more])) or b""
    )


def _whole(peer: h11.Connection, status: int, body: bytes, *more: tuple[str, str]) -> bytes:
    head = _head(peer, status, ("Content-Length", str(len(body))), *more)
    return head + (peer.send(h11.Data(data=body)) or b"") + (peer.send(h11.EndOfMessage()) or b"")
