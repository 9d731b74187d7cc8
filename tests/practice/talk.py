"""A plain SMTP client for the tests of the practice site: it says lines, reads replies, and judges nothing."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailkit.practice import PracticeServer

PATIENCE = 10


class Talk:
    """One connection to a practice server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: PracticeServer) -> None:
        self.reader, self.writer, self.server = reader, writer, server

    async def read(self, size: int = 65536) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(size)

    async def reply(self) -> list[str]:
        """The lines of the next reply."""
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not lines or lines[-1][3:4] == "-":
                line = await self.reader.readline()
                if not line:
                    raise EOFError
                lines.append(line.decode().rstrip("\r\n"))
        return lines

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def ask(self, line: str) -> str:
        """Say a line; the reply with its lines joined."""
        self.send(f"{line}\r\n".encode())
        return "\n".join(await self.reply())

    async def all(self, *lines: str) -> list[str]:
        """Wait for the greeting, say the lines; the replies to them."""
        await self.reply()
        return [await self.ask(line) for line in lines]

    async def secure(self, context: ssl.SSLContext | None = None) -> ssl.SSLObject:
        """Do the TLS handshake, verified with the practice root unless a context says otherwise."""
        context = context or ssl.create_default_context(cafile=str(self.server.ca_file))
        await self.writer.start_tls(context, server_hostname=self.server.name, ssl_handshake_timeout=PATIENCE)
        tls = self.writer.get_extra_info("ssl_object")
        assert isinstance(tls, ssl.SSLObject)
        return tls

    async def begin(self) -> str:
        """Greeting, EHLO, TLS and EHLO again; the last reply to EHLO."""
        if self.server.security == "implicit":
            await self.secure()
        await self.reply()
        offered = await self.ask("EHLO client.test")
        if self.server.security == "starttls":
            assert await self.ask("STARTTLS") == "220 2.0.0 Ready to start TLS"
            await self.secure()
            offered = await self.ask("EHLO client.test")
        return offered

    async def log_in(self, user: str, password: str) -> str:
        return await self.ask("AUTH PLAIN " + coded(f"\0{user}\0{password}"))


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@asynccontextmanager
async def talking(server: PracticeServer, address: str | None = None) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection(address or server.host, server.port)
    try:
        yield Talk(reader, writer, server)
    finally:
        writer.transport.abort()
