"""``mailkit site …``: the configuration of a site, without touching a mail server."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
from pathlib import Path

from mailkit.cli.site_discover import declare_discover, run_discover
from mailkit.cli.site_import import declare_import, run_import
from mailkit.cli.site_init import declare_init, run_init
from mailkit.cli.site_workstation import declare_workstation, run_workstation
from mailkit.errors import InputError
from mailkit.site.erp import MAILINGS
from mailkit.text import visible

__all__ = ["declare"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    commands = parser.add_subparsers(dest="site_command", metavar="COMMAND", required=True, parser_class=type(parser))

    check = commands.add_parser("check", help="what is wrong with the configuration alone")
    _declare_file(check)
    check.add_argument("--on", type=_date, metavar="DATE", help="judge as of this day, as 2027-01-15 (today)")
    check.set_defaults(run=_check)

    route = commands.add_parser("route", help="by which way each mail leaves, and where each value comes from")
    _declare_file(route)
    route.add_argument("--user", metavar="U", help="only this user or clerk: code, number or name")
    kinds = (*MAILINGS, "trace", "staff", "alert")
    route.add_argument("--mailing", choices=kinds, metavar="M", help=f"only this kind of mail: {', '.join(kinds)}")
    route.set_defaults(run=_route)

    sheet = commands.add_parser("sheet", help="the sheet to key in: screen by screen, field by field")
    _declare_file(sheet)
    sheet.add_argument("--user", metavar="U", help="only the page of this user")
    sheet.add_argument("--before", metavar="FILE", help="the site as it was: fills the column of old values")
    sheet.add_argument("--language", choices=("en", "fr"), default="en", help="of the sheet's own words (en)")
    sheet.add_argument("--html", action="store_true", help="a page to print, instead of Markdown")
    sheet.add_argument("--out", metavar="FILE", help="write it there; .html or .htm makes the page to print")
    sheet.set_defaults(run=_sheet)

    for name, help_text, declare_one, run_one in (
        ("init", "a commented site file, asked for question by question", declare_init, run_init),
        ("import", "users or clerks of a table taken into a site file", declare_import, run_import),
        ("discover", "ask a domain itself for its mail settings", declare_discover, run_discover),
        ("workstation", "what an export of the registry says of Outlook, MAPI or Notes", declare_workstation, run_workstation),
    ):
        one = commands.add_parser(name, help=help_text)
        declare_one(one)
        one.set_defaults(run=run_one)


def _declare_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the site file, such as site.toml")
    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{visible(text)[:40]!r} is no date; give one as 2027-01-15") from None


def _today() -> dt.date:
    return dt.datetime.now(tz=dt.UTC).astimezone().date()


# What a command needs is loaded when it runs: each is quick to start, and `mailkit site --help` quickest.


def _check(chosen: argparse.Namespace) -> int:
    from mailkit.report.configuration import render  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.machine import finding_line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.check import check  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.file import load  # noqa: PLC0415 - loaded when the command runs

    found = check(load(chosen.file).site, chosen.on or _today())
    if chosen.json:
        for finding in found:
            print(finding_line(finding))
    else:
        print(render(found, colour=_colour(), width=_width()), end="")
    return 1 if any(finding.severity == "error" for finding in found) else 0


def _route(chosen: argparse.Namespace) -> int:
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.routes import render  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.file import load  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.routing import routes  # noqa: PLC0415 - loaded when the command runs

    found = list(routes(load(chosen.file).site, user=chosen.user, mailing=chosen.mailing))
    if chosen.json:
        for one in found:
            print(line(one))
    else:
        print(render(found, colour=_colour(), width=_width()), end="")
    return 1 if any(finding.severity == "error" for one in found for finding in one.findings) else 0


def _sheet(chosen: argparse.Namespace) -> int:
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.sheet import markdown, page  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.file import load  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.sheet import sheet  # noqa: PLC0415 - loaded when the command runs

    before = load(chosen.before).site if chosen.before else None
    made = sheet(load(chosen.file).site, before=before, user=chosen.user, language=chosen.language, date=_today())
    as_page = chosen.html or (chosen.out or "").lower().endswith((".html", ".htm"))
    text = f"{line(made)}\n" if chosen.json else page(made) if as_page else markdown(made)
    if chosen.out is None:
        print(text, end="")
        return 0
    try:
        Path(chosen.out).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"the file {visible(chosen.out)} cannot be written ({error.strerror}); give a path in a folder you may write to"
        ) from None
    return 0


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
