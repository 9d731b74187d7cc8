"""An SMTP server in a process of its own that writes down the token of every mail, one a line: ``python counting.py FILE``."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TextIO

from aiosmtpd.smtp import SMTP, Envelope


class Counter:
    """Notes the token of every mail that comes."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one mail."""
        found = re.search(rb"(?im)^(?:X-Token|Message-ID): *(\S+)", bytes(envelope.content or b""))
        self.file.write(f"{found[1].decode() if found else ''}\n")
        self.file.flush()
        return "250 2.0.0 Ok"


async def main(name: str) -> None:
    """Serve until the standard input ends."""
    with Path(name).open("a", encoding="utf-8") as file:  # noqa: ASYNC230 - before anything is served
        counter = Counter(file)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(counter), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
