"""How documents reach a terminal, a pipe or a file."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

from mailkit.errors import InputError
from mailkit.finding import PRODUCTS
from mailkit.observation import ProbeDocument

__all__ = ["Progress", "declare_output", "open_save", "show"]


def declare_output(parser: argparse.ArgumentParser) -> None:
    """Add the options every command with documents has."""
    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")
    parser.add_argument("--ticket", action="store_true", help="a redacted text for a ticket, names and addresses masked")
    parser.add_argument("--transcript", action="store_true", help="also show what was said, line by line (secrets are redacted)")
    parser.add_argument("--product", choices=PRODUCTS, help="name the fields of this product's screens in the fixes")


def open_save(name: str | None) -> TextIO | None:
    """Open the file documents are saved to, before anything is asked of a server.

    Raises:
        InputError: it cannot be written.
    """
    if name is None:
        return None
    try:
        return Path(name).open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"the file {name} cannot be written ({error.strerror}); give a path in a folder you may write to"
        ) from None


def show(document: ProbeDocument, chosen: argparse.Namespace) -> None:
    """Print one document as the options say."""
    if chosen.json:
        from mailkit.report.machine import line  # noqa: PLC0415 - one of three is needed

        print(line(document), flush=True)
    elif chosen.ticket:
        from mailkit.report.ticket import ticket  # noqa: PLC0415 - one of three is needed

        print(ticket(document, mask=True), flush=True)
    else:
        from mailkit.report.terminal import render  # noqa: PLC0415 - one of three is needed

        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(
            render(document, colour=colour, width=shutil.get_terminal_size((100, 24)).columns, transcript=chosen.transcript),
            flush=True,
        )


class Progress:
    """One line on standard error, only when that is a terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shown = sys.stderr.isatty()

    def say(self, done: int, text: str) -> None:
        """Replace the line."""
        if self._shown:
            print(
                f"\r\x1b[K{f'{done} of {self._total}: ' if self._total > 1 else ''}{text}"[:110],
                end="",
                file=sys.stderr,
                flush=True,
            )

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
