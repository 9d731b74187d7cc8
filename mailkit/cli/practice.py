"""``mailkit practice``: the practice site in the foreground, for trying other programs on it."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from mailkit.practice import practice_site

__all__ = ["declare"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="only the first line, the JSON with everything")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    # Ended by a supervisor, it tidies up as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return asyncio.run(_serve(quiet=chosen.json))
    except KeyboardInterrupt:
        return 130


async def _serve(*, quiet: bool) -> int:
    async with practice_site() as site:
        print(json.dumps(site.describe(), ensure_ascii=False), flush=True)
        if not quiet:
            print(f"\nThe practice site runs on this machine only, until Ctrl-C. Name server: {site.resolver}")
            print(f"Certificate authority: {site.ca_file}\n")
            first = site.planted[0]
            for planted in site.planted:
                print(f"  {planted.host}:{planted.port}  {planted.sentence}")
            print(f"\nTry: mailkit probe {first.host}:{first.port} --resolver {site.resolver} --ca-file {site.ca_file}")
            sys.stdout.flush()
        await asyncio.Event().wait()
    return 0
