"""Where the browser comes back to after a sign-in: a page on loopback, open for as long as somebody signs in (RFC 8252, 7.3).

The libraries bring such a page of their own; those wait in a thread that cannot be stopped, take the first request for the
answer, and one listens on all addresses inside a container. This one is closed when the wait ends, and takes nothing but the
answer to its own question.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import h11

__all__ = ["Answer", "Redirect"]

_LONGEST = 65_536
_PATIENCE = 10.0
_MOST_CONNECTIONS = 20

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>mailkit</title>
<body style="font:16px sans-serif;margin:3em"><p>{text}</p></body></html>"""
_TAKEN = "mailkit has the answer. You can close this page and go back."
_REFUSED = "This is not the answer to a sign-in that mailkit has begun."


class Answer(Mapping[str, str]):
    """What the browser brought: ``code`` and ``state``, or ``error``. Has no value in its repr."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, key: str) -> str:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Answer({', '.join(self._fields)})"


class Redirect:
    """The page, as an asynchronous context: it listens inside and is closed with its connections at the end.

    Args:
        host: ``localhost`` or ``127.0.0.1``, as the provider wants it in the address.
    """

    def __init__(self, host: str = "localhost") -> None:
        self._host = host
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task[None]] = set()
        self._state: str | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self.url = ""
        """The address to give as ``redirect_uri``."""

    async def __aenter__(self) -> Self:
        self._answer = asyncio.get_running_loop().create_future()
        first = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._servers.append(first)
        port = first.sockets[0].getsockname()[1]
        if self._host == "localhost":  # a browser may ask the IPv6 address first
            with suppress(OSError):
                self._servers.append(await asyncio.start_server(self._accept, "::1", port, family=socket.AF_INET6))
        self.url = f"http://{self._host}:{port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for server in self._servers:
            server.close()
        if kind is None and self._talks:
            await asyncio.wait(tuple(self._talks), timeout=1)  # the person's page is on its way
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()

    def expect(self, state: str) -> None:
        """Take the answer that carries ``state``; to be said before the person is asked."""
        self._state = state

    async def answer(self) -> Answer:
        """Wait for the answer."""
        assert self._answer is not None, "inside the context only"
        return await self._answer

    def take(self, address: str) -> bool:
        """Take the answer from an address that a person copied; false: it is not in there."""
        return self._taken(urlsplit(address.strip()).query)

    def _taken(self, query: str) -> bool:
        with suppress(ValueError):  # too many fields
            fields = dict(parse_qsl(query, max_num_fields=50))
            given = fields.get("state", "")
            if self._answer is None or self._state is None or not ({"code", "error"} & fields.keys()):
                return False
            if not hmac.compare_digest(given.encode(), self._state.encode()):
                return False
            if not self._answer.done():
                self._answer.set_result(Answer(fields))
            return True
        return False

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer), name="sign-in answer")
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError, h11.RemoteProtocolError):
                async with asyncio.timeout(_PATIENCE):
                    peer = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST)
                    query = await _request(peer, reader)
                    if query is not None:
                        taken = self._taken(query)
                        writer.write(_page(peer, 200 if taken else 400, _TAKEN if taken else _REFUSED))
                        await writer.drain()
                        writer.close()
                        await writer.wait_closed()
        finally:
            writer.transport.abort()


async def _request(peer: h11.Connection, reader: asyncio.StreamReader) -> str | None:
    """Read one request and give its fields, from the address or from a form; ``None``: too much, or the browser left."""
    query, body = "", bytearray()
    while True:
        event = peer.next_event()
        if event is h11.NEED_DATA:
            peer.receive_data(await reader.read(_LONGEST))
        elif isinstance(event, h11.Request):
            query = urlsplit(event.target.decode("ascii", "replace")).query
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _LONGEST:
                return None
        elif isinstance(event, h11.EndOfMessage):
            return body.decode("ascii", "replace") if body else query
        else:
            return None


def _page(peer: h11.Connection, status: int, text: str) -> bytes:
    body = _PAGE.format(text=text).encode()
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("Connection", "close"),
    ]
    parts = (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage())
    return b"".join(peer.send(part) or b"" for part in parts)
