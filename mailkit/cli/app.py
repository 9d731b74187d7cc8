"""``mailkit app``: the panels served by Voila, no code in sight."""

from __future__ import annotations

import argparse

from mailkit.cli.lab import serve

__all__ = ["declare"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--practice", action="store_true", help="the panels begin on the practice site")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--port", type=int, default=8866, help="port on this machine (8866, or the next free one)")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    return serve("voila", chosen, ["--Voila.ip=127.0.0.1", "notebooks"], extra="app")
