"""One TCP connection, later perhaps with TLS: bytes out, bytes in, nothing kept.

Works on the loop's plain socket calls instead of asyncio's streams: the probe has to know exactly which bytes came before TLS and
which inside it, and the streams' ``start_tls`` hides that.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Iterator

from OpenSSL import SSL

from mailkit.errors import ConnectFailed, Dropped, NetworkError, TlsFailed

__all__ = ["Wire"]

_CHUNK = 32768
_UNREACHABLE = {
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EADDRNOTAVAIL,
    errno.EACCES,
    errno.EPERM,
    errno.EAFNOSUPPORT,
    errno.ENETDOWN,
}
# A stalled handshake costs memory only up to here; a real one, chain included, is some ten kilobytes.
_MAX_TEXT_BEFORE_TLS = 4096
_TLS_RECORDS = frozenset(range(0x14, 0x18))


class Wire:
    """A connected socket. Closing is the caller's duty (``with contextlib.closing(wire)``)."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sock = sock
        self._loop = loop
        self._tls: SSL.Connection | None = None
        self._failure: NetworkError | None = None
        self.text_before_tls = b""
        """Text lines the peer sent in answer to the ClientHello, before its first TLS record."""
        self.first_answer = b""
        """The first bytes that answered the ClientHello when they were not TLS."""
        self.answered_with_tls = False

    @classmethod
    async def connect(cls, address: str, port: int) -> Wire:
        """Open a connection to a literal IPv4 or IPv6 address.

        Raises:
            ConnectFailed: ``refused`` or ``unreachable``; the caller limits the time.
        """
        loop = asyncio.get_running_loop()
        try:
            family, kind, proto, _, target = socket.getaddrinfo(
                address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            )[0]
            sock = socket.socket(family, kind, proto)
        except OSError as error:
            raise ConnectFailed(_words(error), "unreachable") from error
        try:
            sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, target)
        except ConnectionResetError as error:
            # A reset, not a refusal: the connection was there, and gone before we looked. It is the next step that fails.
            wire = cls(sock, loop)
            wire._failure = Dropped(_words(error), "reset")
            return wire
        except OSError as error:
            sock.close()
            if isinstance(error, ConnectionRefusedError):
                raise ConnectFailed(_words(error), "refused") from error
            if isinstance(error, TimeoutError):
                raise ConnectFailed(_words(error), "timeout") from error
            raise ConnectFailed(_words(error), "unreachable" if error.errno in _UNREACHABLE else "failed") from error
        except BaseException:
            sock.close()
            raise
        return cls(sock, loop)

    def detach(self) -> socket.socket:
        """Give the connected socket to somebody else, who then has to close it; only before TLS.

        Raises:
            Dropped: the peer has reset the connection already.
        """
        if self._failure is not None:
            self._sock.close()
            raise self._failure
        return self._sock

    @property
    def encrypted(self) -> bool:
        """TLS is on."""
        return self._tls is not None

    @property
    def local_address(self) -> str:
        """This side's address."""
        return str(self._sock.getsockname()[0])

    async def send(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises:
            Dropped: the peer has closed or reset the connection.
            TlsFailed: the TLS layer refused.
        """
        if self._failure is not None:
            raise self._failure
        if self._tls is None:
            await self._send_raw(data)
            return
        with _translated():
            self._tls.send(data)
        await self._flush()

    async def receive(self) -> bytes:
        """Give the next bytes, at most 32 KiB; ``b""`` when the peer has closed.

        Raises:
            Dropped: the connection was reset.
            TlsFailed: the TLS layer failed, or the peer sent an alert.
        """
        if self._failure is not None:
            raise self._failure
        if self._tls is None:
            return await self._receive_raw()
        while True:
            try:
                with _translated():
                    return self._tls.recv(_CHUNK)
            except SSL.WantReadError:
                await self._flush()
            except SSL.ZeroReturnError:
                return b""
            data = await self._receive_raw()
            if not data:
                return b""
            self._tls.bio_write(data)

    def waiting(self) -> bytes:
        """Give what has arrived already, without waiting: empty when nothing has."""
        if self._tls is None:
            with contextlib.suppress(OSError):
                return self._sock.recv(_CHUNK)
            return b""
        with contextlib.suppress(OSError):
            data = self._sock.recv(_CHUNK)
            if data:
                self._tls.bio_write(data)
        try:
            return self._tls.recv(_CHUNK)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            return b""
        except SSL.Error as error:
            # Not lost: the next one who sends or receives gets it.
            self._failure = TlsFailed(_reason(error))
            return b""

    async def start_tls(self, connection: SSL.Connection, *, skip_text: bool) -> None:
        """Do the handshake with a prepared client connection (in memory, no socket of its own).

        Args:
            connection: from :func:`mailkit.net.tls.client`.
            skip_text: after STARTTLS, cut off reply lines that come before the first TLS record and keep them in
                :attr:`text_before_tls`: they are protected by nothing, and no client may take them for the server's word.

        Raises:
            TlsFailed: the peer refused, or what came is not TLS (see :attr:`first_answer`).
            Dropped: the connection ended in the middle.
        """
        connection.set_connect_state()
        try:
            while True:
                try:
                    with _translated():
                        connection.do_handshake()
                    break
                except SSL.WantReadError:
                    await self._flush(connection)
                    data = await self._receive_raw()
                    if not data:
                        raise Dropped("the server closed the connection during the TLS handshake") from None
                    if not self.answered_with_tls:
                        data = self._look_at_first(data, skip_text)
                    if data:
                        connection.bio_write(data)
        except TlsFailed:
            # What OpenSSL still has to say is the alert; the peer's log is better with it.
            with contextlib.suppress(NetworkError):
                await self._flush(connection)
            raise
        await self._flush(connection)
        self._tls = connection

    def _look_at_first(self, data: bytes, skip_text: bool) -> bytes:  # noqa: FBT001 - private
        """Separate text in front of the TLS answer; ``b""`` means: wait for more."""
        data = self.first_answer + data
        while data and data[0] not in _TLS_RECORDS:
            line, newline, rest = data.partition(b"\n")
            looks_like_a_reply = line[:3].isdigit() and line[3:4] in (b" ", b"-", b"\r", b"")
            if not (skip_text and looks_like_a_reply) or len(self.text_before_tls) > _MAX_TEXT_BEFORE_TLS:
                self.first_answer = (self.text_before_tls + data)[:400]
                raise TlsFailed("the answer to the ClientHello is not TLS", "tls")
            if not newline:
                if len(data) > _MAX_TEXT_BEFORE_TLS:
                    raise TlsFailed("the answer to the ClientHello is not TLS", "tls")
                self.first_answer = data
                return b""
            self.text_before_tls += line + newline
            data = rest
        self.answered_with_tls = bool(data)
        self.first_answer = b""
        return data

    async def _flush(self, connection: SSL.Connection | None = None) -> None:
        source = connection or self._tls
        assert source is not None
        while True:
            try:
                data = source.bio_read(65536)
            except SSL.WantReadError:
                return
            await self._send_raw(data)

    async def _send_raw(self, data: bytes) -> None:
        try:
            await self._loop.sock_sendall(self._sock, data)
        except OSError as error:
            raise Dropped(_words(error), "reset") from error

    async def _receive_raw(self) -> bytes:
        try:
            return await self._loop.sock_recv(self._sock, _CHUNK)
        except OSError as error:
            # The system tells of a reset once; whoever asks again shall hear it again.
            self._failure = Dropped(_words(error), "reset")
            raise self._failure from error

    def close(self) -> None:
        """Close the socket; harmless when it is closed."""
        self._sock.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Let pyOpenSSL's flow-control signals pass and turn its errors into ours."""
    try:
        yield
    except (SSL.WantReadError, SSL.ZeroReturnError):
        raise
    except SSL.SysCallError as error:
        raise Dropped("the connection ended inside TLS") from error
    except SSL.Error as error:
        raise TlsFailed(_reason(error)) from error


def _reason(error: SSL.Error) -> str:
    """OpenSSL's words for an error: the reasons of its queue, without library names."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reasons = [entry[2] for entry in queue if isinstance(entry, tuple) and len(entry) > 2 and entry[2]]
    return "; ".join(dict.fromkeys(reasons)) or "the TLS layer failed"


def _words(error: OSError) -> str:
    # asyncio puts its own words into strerror; the system's are the ones people search for.
    return (os.strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
