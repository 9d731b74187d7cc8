"""The command ``mailkit``: reads the arguments, starts one command, turns errors into one line and an exit status.

Exit status: 0 nothing wrong, 1 at least one finding of severity error, 2 unusable arguments or input, 130 stopped by the user.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from mailkit.errors import InputError, StoreError
from mailkit.version import __version__

__all__ = ["main", "run"]

COMMANDS: dict[str, str] = {
    "probe": "ask a mail server, a domain's servers or a list of them; say what is wrong and who must act",
    "explain": "say what a reply, an error of a mail program, a session, a log or a bounce means",
    "site": "check a site file, show by which route each mail leaves, write the sheet to key in",
    "test": "send test mails by the way each user really has, and follow them until they arrive",
    "own": "test one's own password: the case is prepared without it, and only its owner types it",
    "traces": "copies of traces to clerks: what would be sent, first activation, sending, state",
    "history": "take in what other systems recorded, show tables about deliveries, export them",
    "audit": "settings, servers and history in one go, without a hand on it, as one report",
    "diagnose": "judge saved observations again, or tell what differs between two of them",
    "demo": "check and probe the practice site, and name the faults planted there",
    "practice": "run the practice site in the foreground",
    "lab": "open JupyterLab on the notebooks",
    "app": "the same panels as a page, no code in sight",
    "schema": "print the JSON Schema of a kind of document",
}


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, like everything else here."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def run() -> NoReturn:
    """Entry point of the installed command."""
    raise SystemExit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and give its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # Output is UTF-8 wherever it goes; a terminal that cannot show a character gets its escape.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    parser = _Parser(
        prog="mailkit",
        description="Finds out why the mail does not go out.",
        epilog="mailkit COMMAND --help tells more of a command.",
    )
    parser.add_argument("--version", action="version", version=f"mailkit {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    # Only the module of the command that was asked for is imported; the others have a line in the help.
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, help_text in COMMANDS.items():
        sub = subparsers.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        if name == wanted:
            import_module(f"mailkit.cli.{name}").declare(sub)
    try:
        chosen = parser.parse_args(arguments)
        if chosen.command is None:
            parser.print_help()
            return 2
        return int(chosen.run(chosen))
    except (InputError, StoreError) as error:
        print(f"mailkit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mailkit: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (head, less): nothing more to say, and nothing to complain about at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
