"""One accepted connection of a practice server: lines in, bytes out, in clear or inside TLS.

TLS is done with memory buffers on top of a plain asyncio stream, so that a play can decide what becomes of bytes that
arrive around the handshake. Used by :mod:`mailkit.practice.session`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
from contextlib import suppress

__all__ = ["LongLineError", "Wire"]

_CHUNK = 65536
_LINGER = 2.0
_SEGMENTS = (7, 0.001)  # bytes in each, and seconds between them, so that the system does not join them
_CUT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # SO_LINGER: on, no seconds


class LongLineError(Exception):
    """The client sent a line beyond the limit; it was thrown away up to its end."""


class Wire:
    """A connection. Every read is bounded by ``idle`` seconds and raises :class:`TimeoutError` after that."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, idle: float) -> None:
        self._reader, self._writer, self._idle = reader, writer, idle
        self._buffer = bytearray()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self.segments = False
        """Send in pieces of a few bytes."""
        self.byte_delay = 0.0
        """Seconds before every byte."""
        with suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def encrypted(self) -> bool:
        """A handshake was completed."""
        return self._tls is not None

    @property
    def tls_version(self) -> str | None:
        """``TLSv1.3``, …; ``None`` in the clear."""
        return self._tls.version() if self._tls else None

    @property
    def peer(self) -> str:
        """The client's address."""
        name = self._writer.get_extra_info("peername")
        return str(name[0]) if name else "unknown"

    async def line(self, limit: int) -> bytes | None:
        """Read one line, without its LF; ``None`` at the end of the connection."""
        too_long = False
        async with asyncio.timeout(self._idle):
            while (end := self._buffer.find(b"\n")) < 0:
                if len(self._buffer) > limit:
                    too_long = True
                    self._buffer.clear()
                if not (data := await self._receive()):
                    return None
                self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if too_long or len(line) > limit:
            raise LongLineError
        return line

    async def send(self, data: bytes) -> None:
        """Send; a client that does not read is waited for no longer than ``idle``."""
        async with asyncio.timeout(None if self.byte_delay else self._idle):
            if self.byte_delay or self.segments:
                size, pause = (1, self.byte_delay) if self.byte_delay else _SEGMENTS
                for start in range(0, len(data), size):
                    await asyncio.sleep(pause)
                    await self._transmit(data[start : start + size])
            else:
                await self._transmit(data)

    async def hello(self) -> None:
        """Wait until the client begins its handshake."""
        async with asyncio.timeout(self._idle):
            await self._feed()

    async def start_tls(self, context: ssl.SSLContext, *, keep: bool = False) -> None:
        """Do the handshake as a server; raises :class:`ssl.SSLError` or :class:`ConnectionError`.

        What was received in the clear and not yet read is forgotten (RFC 3207, 4.2), unless ``keep``.
        """
        if not keep:
            self._buffer.clear()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        async with asyncio.timeout(self._idle):
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    await self._flush()
                    await self._feed()
                else:
                    break
                finally:
                    await self._flush()  # also the alert that says why not
        self._tls = tls

    async def discard(self) -> None:
        """Read and forget until the client leaves or ``idle`` is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle):
                while await self._reader.read(_CHUNK):
                    pass

    async def close(self) -> None:
        """End politely: close_notify, then FIN; the client may finish what it was saying.

        Closed with bytes unread, the system would send RST instead, and what was said last might never be seen.
        """
        with suppress(OSError, ssl.SSLError, TimeoutError):
            if self._tls is not None:
                with suppress(ssl.SSLError):
                    self._tls.unwrap()
                await self._flush()
            if not self._writer.is_closing():
                self._writer.write_eof()
                async with asyncio.timeout(_LINGER):
                    while await self._reader.read(_CHUNK):
                        pass
        self._writer.close()

    def reset(self) -> None:
        """End with RST."""
        with suppress(OSError):
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CUT)
        self._writer.transport.abort()

    async def _receive(self) -> bytes:
        if self._tls is None:
            return await self._reader.read(_CHUNK)
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def _transmit(self, data: bytes) -> None:
        if self._tls is None:
            self._writer.write(data)
            await self._writer.drain()
            return
        for start in range(0, len(data), _CHUNK):
            self._tls.write(data[start : start + _CHUNK])
            await self._flush()

    async def _feed(self) -> None:
        if data := await self._reader.read(_CHUNK):
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            self._writer.write(data)
            await self._writer.drain()
