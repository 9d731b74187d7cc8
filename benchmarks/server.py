"""The server everything is measured against: EHLO, STARTTLS, EHLO, QUIT at many loopback addresses, in a process of its own.

Run by :mod:`run`: ``server.py FOLDER ADDRESSES DELAY``. Writes a line of JSON when it is ready (``{"port": …}``), then one for
each line that it reads: what it counted since the last one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import ssl
import sys
import time
from collections import Counter
from pathlib import Path

FIRST = ipaddress.IPv4Address("127.0.1.1")
KEYWORDS = ["PIPELINING", "SIZE 10240000", "STARTTLS", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"]


class Server:
    """Answer SMTP and count the connections per address."""

    def __init__(self, context: ssl.SSLContext, delay: float) -> None:
        self.context = context
        self.delay = delay
        """Seconds before each line of a reply."""
        self.reset()

    def reset(self) -> None:
        """Count from zero again."""
        self.connections: Counter[str] = Counter()
        self.first: float | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one session."""
        self.connections[writer.get_extra_info("sockname")[0]] += 1
        self.first = self.first or time.monotonic()
        encrypted = False

        async def reply(code: int, *lines: str) -> None:
            for number, line in enumerate(lines, 1):
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(f"{code}{' ' if number == len(lines) else '-'}{line}\r\n".encode())
            await writer.drain()

        try:
            await reply(220, "mx.bench.test ESMTP")
            while line := await reader.readline():
                match line.upper().split()[:1]:
                    case [b"EHLO"]:
                        words = [word for word in KEYWORDS if not (encrypted and word == "STARTTLS")]
                        await reply(250, "mx.bench.test", *words)
                    case [b"STARTTLS"] if not encrypted:
                        await reply(220, "2.0.0 Ready")
                        await writer.start_tls(self.context)
                        encrypted = True
                    case [b"QUIT"]:
                        await reply(221, "2.0.0 Bye")
                        break
                    case [b"MAIL" | b"RCPT" | b"RSET" | b"NOOP"]:
                        await reply(250, "2.0.0 Ok")
                    case _:
                        await reply(500, "5.5.1 Not known")
        except (OSError, ssl.SSLError):
            pass  # a peer that just goes away
        finally:
            writer.close()


async def main(folder: Path, addresses: int, delay: float) -> None:
    """Serve until standard input ends."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of every peer that ends TLS without a word
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    loop = asyncio.get_running_loop()
    server = Server(context, delay)
    hosts = [str(FIRST + number) for number in range(addresses)]
    listening = await asyncio.start_server(server.serve, hosts[0], 0, backlog=1000)
    port = listening.sockets[0].getsockname()[1]
    if hosts[1:]:
        await asyncio.start_server(server.serve, hosts[1:], port, backlog=100)
    print(json.dumps({"port": port}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        per_address = server.connections
        counted = {
            "connections": per_address.total(),
            "addresses": len(per_address),
            "most": max(per_address.values(), default=0),
            "first": server.first,
        }
        server.reset()
        print(json.dumps(counted), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
