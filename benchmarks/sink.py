"""Servers to send against, each in a process of its own: an SMTP sink with STARTTLS, and a relay that takes its time.

``python sink.py tls PEM`` takes every mail; ``python sink.py relay PORT SECONDS`` passes bytes on to a port, each direction that
much later. Both print their port and run until their standard input ends. Used by :mod:`sending`.
"""

from __future__ import annotations

import asyncio
import ssl
import sys


class Sink(asyncio.Protocol):
    """Take mail and forget it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context, self.buffer, self.body, self.sealed, self.sealing = context, b"", False, False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless this is the same connection inside TLS."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self.sealed:
            transport.write(b"220 sink.bench.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that has come, in one write."""
        self.buffer += data
        if not self.sealing:
            self.serve()

    def serve(self) -> None:
        """Answer what is in the buffer."""
        answers: list[bytes] = []
        while True:
            if self.body:
                end = self.buffer.find(b"\r\n.\r\n")
                if end < 0:
                    break
                self.buffer, self.body = self.buffer[end + 5 :], False
                answers.append(b"250 2.0.0 Ok\r\n")
                continue
            line, found, rest = self.buffer.partition(b"\r\n")
            if not found:
                break
            self.buffer = rest
            if line[:8].upper() == b"STARTTLS":
                self.transport.write(b"220 2.0.0 Ready\r\n")
                self.sealed = self.sealing = True
                asyncio.get_running_loop().create_task(self.seal())
                break
            answers.append(self.answer(line[:4].upper()))
        self.transport.write(b"".join(answers))

    def answer(self, verb: bytes) -> bytes:
        """Answer one command."""
        if verb == b"EHLO":
            return b"250-sink.bench.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 SIZE 0\r\n"
        if verb == b"DATA":
            self.body = True
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        return b"221 2.0.0 Bye\r\n" if verb == b"QUIT" else b"250 2.0.0 Ok\r\n"

    async def seal(self) -> None:
        """Start TLS."""
        self.transport = await asyncio.get_running_loop().start_tls(  # type: ignore[assignment]  # of a transport it makes one
            self.transport, self, self.context, server_side=True
        )
        self.sealing = False
        self.serve()


async def relay(port: int, delay: float) -> asyncio.Server:
    """Pass connections on, every byte ``delay`` seconds late in both directions."""
    loop = asyncio.get_running_loop()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            loop.call_later(delay, writer.write, data)
        loop.call_later(delay, writer.close)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * delay)  # what setting up a connection takes
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))

    return await asyncio.start_server(connected, "127.0.0.1", 0)


async def main() -> None:
    """Serve until the standard input ends."""
    if sys.argv[1] == "tls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2])
        server = await asyncio.get_running_loop().create_server(lambda: Sink(context), "127.0.0.1", 0, backlog=200)
    else:
        server = await relay(int(sys.argv[2]), float(sys.argv[3]))
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
