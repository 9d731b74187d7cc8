"""A little name server for the practice zone: real DNS over UDP and TCP on a free loopback port.

It answers as a validating resolver would: AD flag for the signed domains, SERVFAIL with an extended error for the bogus
one (RFC 8914), silence where the zone says so, truncation over UDP.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from mailkit.practice.zone import Found, PracticeZone

__all__ = ["NameServer"]

_HOST = "127.0.0.1"
_TRIES = 20
_IDLE = 10.0
_MOST_CONNECTIONS = 100
_MOST_OVER_UDP = 1232  # the size everyone has agreed on since 2020


class NameServer:
    """The name server of a practice site."""

    def __init__(self, zone: PracticeZone) -> None:
        self.zone = zone
        self.port = 0
        self.questions = 0
        """How many questions came."""
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def endpoint(self) -> str:
        """``address:port`` of the server."""
        return f"{_HOST}:{self.port}"

    async def start(self) -> None:
        """Listen on a port that is free for UDP and for TCP."""
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                tcp.bind((_HOST, 0))
                udp.bind(tcp.getsockname())
            except OSError as error:
                udp.close()
                tcp.close()
                if error.errno == errno.EADDRINUSE:
                    continue
                raise
            udp.setblocking(False)  # noqa: FBT003  # the standard library's signature
            tcp.setblocking(False)  # noqa: FBT003  # the standard library's signature
            self.port = tcp.getsockname()[1]
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
            self._tcp = await asyncio.start_server(self._accept, sock=tcp)
            return
        raise OSError(errno.EADDRINUSE, "no port is free for both UDP and TCP")

    async def close(self) -> None:
        """Close both sockets and end all TCP clients."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        if self._tcp is not None:
            await self._tcp.wait_closed()
        self._udp, self._tcp = None, None

    def answer(self, wire: bytes, *, limit: int | None = None) -> bytes | None:
        """Answer one query; ``None``: keep silent. ``limit``: the bytes a UDP client without EDNS can take."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        self.questions += 1
        found = self.zone.find(query.question[0].name, query.question[0].rdtype)
        if found.behaviour == "silent":
            return None
        reply = _reply(query, found, self.zone.soa)
        if limit is not None and query.edns >= 0:
            limit = max(limit, min(query.payload, _MOST_OVER_UDP))
        try:
            return reply.to_wire(max_size=limit or 0)
        except dns.exception.TooBig:
            reply.flags |= dns.flags.TC
            reply.answer.clear()
            reply.authority.clear()
            return reply.to_wire()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="practice name server")
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                while True:
                    async with asyncio.timeout(_IDLE):
                        size = int.from_bytes(await reader.readexactly(2))
                        reply = self.answer(await reader.readexactly(size))
                        if reply is not None:
                            writer.write(len(reply).to_bytes(2) + reply)
                            await writer.drain()
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


def _reply(query: dns.message.Message, found: Found, soa: dns.rrset.RRset) -> dns.message.Message:
    reply = dns.message.make_response(query, recursion_available=True)
    if found.behaviour == "refused":
        reply.set_rcode(dns.rcode.REFUSED)
    elif found.behaviour == "servfail":
        reply.set_rcode(dns.rcode.SERVFAIL)
    elif found.behaviour == "bogus" and not query.flags & dns.flags.CD:
        reply.set_rcode(dns.rcode.SERVFAIL)
        if query.edns >= 0:
            bogus = dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "the signature does not fit the data")
            reply.use_edns(edns=0, payload=_MOST_OVER_UDP, options=[bogus])
    else:
        reply.answer.extend(found.answers)
        if not found.answers or found.answers[-1].rdtype != query.question[0].rdtype:
            reply.authority.append(soa)
        if not found.exists:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if found.signed and (query.flags & dns.flags.AD or query.ednsflags & dns.flags.DO):
            reply.flags |= dns.flags.AD
    return reply


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: before Python 3.12 the selector loop's transport does not derive from DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.answer(data, limit=512)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)
