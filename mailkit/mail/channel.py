"""The bytes of the mail phase: replies in, bounded whatever the server sends; commands and bodies out, no faster than it reads.

Takes over the transport that aiosmtplib has opened. Unlike aiosmtplib it can have several replies outstanding, which PIPELINING
(RFC 2920) needs. Used by :mod:`mailkit.mail.pipeline`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque

from mailkit.errors import Dropped, NetworkError, ProtocolViolation, TimedOut, TlsFailed
from mailkit.mail.record import Record
from mailkit.net.smtp import MAX_LINE, MAX_LINES, parse_reply
from mailkit.observation import Reply

__all__ = ["Channel"]

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)", re.DOTALL)
_MAX_WAITING = 50
"""Replies that may wait to be read; at most five are ever asked for."""
_MOST_KNOWN = 64
_PIECE = 64 * 1024


class Channel(asyncio.Protocol):
    """One connection after its log-in."""

    def __init__(self, transport: asyncio.Transport, record: Record) -> None:
        self._transport = transport
        self._record = record
        self._buffer = bytearray()
        self._pairs: list[tuple[int, str]] = []
        self._replies: deque[Reply] = deque()
        self._known: dict[bytes, Reply] = {}  # "250 2.1.0 Ok" comes once for every message
        self._ended: NetworkError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._paused = False
        self._closed = asyncio.get_running_loop().create_future()
        transport.set_protocol(self)

    # --- what asyncio calls ---------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Cut what came into replies."""
        self._buffer += data
        try:
            while (end := self._buffer.find(b"\n")) >= 0:
                line = bytes(self._buffer[:end]).removesuffix(b"\r")
                del self._buffer[: end + 1]
                self._line(line)
            _bounded(self._buffer)
        except ProtocolViolation as error:
            self._end(error)
            self._transport.abort()

    def _line(self, raw: bytes) -> None:
        if (known := self._known.get(raw)) is not None and not self._pairs:
            self._came(known)
            return
        _bounded(raw)
        match = _REPLY_LINE.fullmatch(raw)
        if match is None:
            raise ProtocolViolation(f"Malformed SMTP response line: {self._record.clean(raw.decode('utf-8', 'replace'))[:200]}")
        self._pairs.append((int(match[1]), self._record.clean(match[3].decode("utf-8", "backslashreplace"))))
        if match[2] == b"-":
            if len(self._pairs) >= MAX_LINES:
                raise ProtocolViolation(f"a reply of more than {MAX_LINES} lines", "too-long")
            return
        reply = parse_reply(self._pairs)
        if len(self._pairs) == 1 and len(self._known) < _MOST_KNOWN:
            self._known[raw] = reply
        self._pairs.clear()
        self._came(reply)

    def _came(self, reply: Reply) -> None:
        self._replies.append(reply)
        if len(self._replies) > _MAX_WAITING:
            raise ProtocolViolation("replies to which nothing was asked", "too-long")
        self._wake(self._waiter)

    def eof_received(self) -> None:
        """Note that the server has hung up; what it said before still counts."""
        self._end(Dropped("Connection unexpectedly closed"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Note how the connection ended."""
        if isinstance(exc, ssl.SSLError):
            self._end(TlsFailed((exc.reason or str(exc)).replace("_", " ").lower()))
        elif exc is not None:
            self._end(Dropped("Connection reset by peer", "reset"))
        else:
            self._end(Dropped("Connection unexpectedly closed"))
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        """Wait until the server has read more."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        self._wake(self._room)

    # --- what the pipeline calls ----------------------------------------------------------------------------------

    @property
    def ended(self) -> NetworkError | None:
        """How the connection ended; ``None`` while it stands."""
        return self._ended

    @property
    def waiting(self) -> int:
        """Replies that are here and not yet read."""
        return len(self._replies)

    async def reply(self, seconds: float) -> Reply:
        """Give the next reply; it has ``seconds`` to be complete, however slowly it trickles.

        Raises:
            TimedOut: it was not.
            Dropped: the connection ended first.
            TlsFailed: the TLS layer failed.
            ProtocolViolation: what came is no reply, or too long for one.
        """
        if not self._replies:
            await self._wait_for_reply(seconds)
        reply = self._replies.popleft()
        self._record.server(reply.code, *reply.lines, clean=True)
        return reply

    async def _wait_for_reply(self, seconds: float) -> None:
        if self._ended is not None:
            raise self._ended
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._waiter
        except TimeoutError:
            raise TimedOut(f"The read operation timed out after {seconds:g} s") from None
        finally:
            self._waiter = None
        if not self._replies:
            assert self._ended is not None
            raise self._ended

    async def write(self, data: bytes, seconds: float) -> None:
        """Send; whoever does not read in time is hung up on.

        Raises:
            NetworkError: as :meth:`reply`.
        """
        for begin in range(0, len(data), _PIECE):
            if self._ended is not None:
                raise self._ended
            self._transport.write(data[begin : begin + _PIECE])
            if self._paused:
                await self._wait_for_room(seconds)

    async def _wait_for_room(self, seconds: float) -> None:
        self._room = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._room
        except TimeoutError:
            raise TimedOut(f"The write operation timed out after {seconds:g} s") from None
        finally:
            self._room = None
        if self._ended is not None:
            raise self._ended

    async def close(self, seconds: float) -> None:
        """Close, and make sure that it is closed."""
        self._transport.close()
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._closed)
        except TimeoutError:
            self._transport.abort()

    def abort(self) -> None:
        """Hang up at once; what has not left will not leave."""
        self._end(Dropped("this side has hung up"))
        self._transport.abort()

    def _end(self, how: NetworkError) -> None:
        if self._ended is None:
            self._ended = how
        self._wake(self._waiter)
        self._wake(self._room)

    @staticmethod
    def _wake(future: asyncio.Future[None] | None) -> None:
        if future is not None and not future.done():
            future.set_result(None)


def _bounded(line: bytes | bytearray) -> None:
    if len(line) > MAX_LINE:
        raise ProtocolViolation(f"a line of more than {MAX_LINE} bytes", "too-long")
