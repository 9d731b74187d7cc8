"""``mailkit site discover ADDRESS|DOMAIN``: which server, port and user name others name for a mailbox.

Quick to import: what it needs is loaded when it runs.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailkit.probe.discover import DiscoverSettings
    from mailkit.probe.discovery import Discovery

__all__ = ["declare_discover", "run_discover"]


def declare_discover(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("target", metavar="ADDRESS|DOMAIN", help="an e-mail address, or only its domain")
    parser.add_argument("--resolver", metavar="IP[:PORT]", help="ask this name server instead of the system's")
    parser.add_argument("--ca-file", metavar="PEM", help="trust these certificate authorities instead of the system's")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds one question may take (10)")
    parser.add_argument("--deadline", type=float, default=30.0, metavar="S", help="seconds for all questions (30)")
    parser.add_argument("--ispdb", metavar="URL", help="another database than Thunderbird's; none: ask no database")
    parser.add_argument("--https-port", type=int, default=443, metavar="N", help="where practice web servers listen (443)")
    parser.add_argument("--json", action="store_true", help="the JSON document instead of text")


def run_discover(chosen: argparse.Namespace) -> int:
    """Ask, print, and give the exit status: 0 something was found, 1 nothing was, 130 stopped."""
    from mailkit.probe.discover import ISPDB, DiscoverSettings  # noqa: PLC0415 - loaded when the command runs

    settings = DiscoverSettings(
        resolver=chosen.resolver,
        ca_file=chosen.ca_file,
        timeout=chosen.timeout,
        deadline=chosen.deadline,
        ispdb=None if chosen.ispdb == "none" else chosen.ispdb or ISPDB,
        https_port=chosen.https_port,
    )
    discovery = asyncio.run(_discover(chosen.target, settings))
    if chosen.json:
        from mailkit.report.machine import line  # noqa: PLC0415 - one of two is needed

        print(line(discovery), flush=True)
    else:
        from mailkit.report.discovery import render_discovery  # noqa: PLC0415 - loaded when the command runs

        print(render_discovery(discovery, width=shutil.get_terminal_size((100, 24)).columns), end="", flush=True)
    if discovery.stopped == "user":
        print("mailkit: stopped; above is what was found until then", file=sys.stderr)
        return 130
    return 0 if discovery.candidates else 1


async def _discover(target: str, settings: DiscoverSettings) -> Discovery:
    from mailkit.probe.discover import discover  # noqa: PLC0415 - loaded when the command runs

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(stop.set)

    # Not the loop's own handler: Windows has none.
    signal.signal(signal.SIGINT, interrupted)
    return await discover(target, settings, stop=stop)
