"""The yardstick: EHLO, STARTTLS, EHLO, QUIT with nothing but asyncio. It looks at nothing and judges nothing.

Run by :mod:`run`, in its own process or inside it: ``bare.py CA PORT HOST…`` asks all hosts at once.
"""

from __future__ import annotations

import asyncio
import ssl
import sys


async def session(host: str, port: int, context: ssl.SSLContext) -> str:
    """Hold one session and return the TLS version."""
    reader, writer = await asyncio.open_connection(host, port)

    async def reply() -> bytes:
        while (line := await reader.readline())[3:4] == b"-":
            pass
        return line

    async def ask(command: str) -> bytes:
        writer.write(f"{command}\r\n".encode())
        return await reply()

    await reply()
    await ask("EHLO bare.test")
    assert (await ask("STARTTLS")).startswith(b"220")
    await writer.start_tls(context, server_hostname=host)
    version: str = writer.get_extra_info("ssl_object").version()
    await ask("EHLO bare.test")
    await ask("QUIT")
    writer.close()
    await writer.wait_closed()
    return version


def trusting(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts one authority; the hosts are addresses, so names are not compared."""
    context = ssl.create_default_context(cafile=ca_file)
    context.check_hostname = False
    return context


async def sessions(hosts: list[str], port: int, context: ssl.SSLContext) -> None:
    """Ask all hosts at once."""
    await asyncio.gather(*(session(host, port, context) for host in hosts))


if __name__ == "__main__":
    asyncio.run(sessions(sys.argv[3:], int(sys.argv[2]), trusting(sys.argv[1])))
