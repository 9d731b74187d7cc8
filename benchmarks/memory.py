"""Probe many targets and tell what that does to the memory of the process.

Run by :mod:`run` in a process of its own: ``memory.py CA PORT TARGETS AT_ONCE``. Prints JSON: the seconds it took, and
the resident size in bytes after each tenth of the targets.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path

from server import FIRST

from mailkit.probe import ProbeSettings, probe_many


def resident() -> int:
    """Return the resident size of this process in bytes (Linux)."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(settings: ProbeSettings, port: int, targets: int, at_once: int) -> None:
    """Probe ``targets`` addresses, ``at_once`` at a time; documents are looked at and dropped."""
    hosts = (f"{FIRST + number}:{port}" for number in range(targets))
    sizes: list[int] = []
    finished = 0
    begun = time.perf_counter()
    async for document in probe_many(hosts, settings, concurrency=at_once):
        assert document.endpoints[0].security == "starttls", document
        finished += 1
        if finished % (targets // 10) == 0:
            sizes.append(resident())
    print(json.dumps({"seconds": time.perf_counter() - begun, "resident": sizes}))


if __name__ == "__main__":
    ca, port, targets, at_once = sys.argv[1:]
    asyncio.run(main(ProbeSettings(ca_file=ca), int(port), int(targets), int(at_once)))
