"""``mailkit site workstation [FILE…]``: what the registry of a workstation means for the modes Outlook, Other and Lotus Notes."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from mailkit.errors import InputError

__all__ = ["declare_workstation", "run_workstation"]

_MODES = ("outlook", "other", "lotus-notes")

_HOW = r"""no file; on the workstation, as the Windows user concerned, run the script that `mailkit site workstation --script` prints and give its report, or export the keys and give both files: reg export HKLM\SOFTWARE\Clients\Mail mail.reg and reg export HKCU\SOFTWARE\Microsoft\Office\16.0\Outlook outlook.reg"""  # noqa: E501 - errors are one line


def declare_workstation(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help=".reg exports, output of reg query, or the script's report, all of one workstation; none: read this Windows",
    )
    parser.add_argument(
        "--mode", choices=_MODES, default="outlook", help="the mode to judge it for (outlook, the product's default)"
    )
    parser.add_argument(
        "--program-bits",
        type=int,
        choices=(32, 64),
        help="maestro* is a 32-bit or 64-bit program (Task Manager > Details > Platform)",
    )
    parser.add_argument(
        "--account", metavar="ADDR", help="the address mail should leave from, to compare with Outlook's default account"
    )
    parser.add_argument("--user", metavar="SID", help="which user, where an export shows several under HKEY_USERS")
    parser.add_argument(
        "--script", action="store_true", help="print the PowerShell script for the site; how to run it is at its top"
    )
    parser.add_argument("--json", action="store_true", help="one finding a line as JSON instead of text")


def run_workstation(chosen: argparse.Namespace) -> int:
    """Judge a workstation, or print the script.

    Raises:
        InputError: there is nothing to read, or it cannot be read.
    """
    from mailkit.report.configuration import render  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.machine import finding_line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.workstation import SCRIPT, judge, read_files, this_workstation  # noqa: PLC0415 - loaded when the command runs

    if chosen.script:
        print(SCRIPT, end="")
        return 0
    if not chosen.files and sys.platform != "win32":
        raise InputError(_HOW)
    station = read_files(*chosen.files, user=chosen.user) if chosen.files else this_workstation()
    found = judge(station, chosen.mode, program_bits=chosen.program_bits, account=chosen.account)
    if chosen.json:
        for finding in found:
            print(finding_line(finding))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        print(render(found, width=width, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ), end="")
    return 1 if any(finding.severity == "error" for finding in found) else 0
