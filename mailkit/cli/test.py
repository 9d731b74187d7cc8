"""``mailkit test FILE``: test mails by the way each user really has; shown first, sent after a yes, followed if wanted."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mailkit.cli.password import declare_passwords
from mailkit.errors import InputError
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    from mailkit.mail.planned import Planned  # for the type only: `mailkit test --help` is quick
    from mailkit.site import Site  # same

__all__ = ["declare", "store_beside"]

_MAILINGS = ("standard", "bulk", "dispatch", "mobile", "trace", "staff", "alert")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="the site file, such as site.toml")
    what = parser.add_argument_group("what is sent")
    what.add_argument("--user", action="extend", nargs="+", metavar="U", help="only these users or clerks: code, number or name")
    what.add_argument("--mailing", choices=_MAILINGS, metavar="M", help=f"only this kind of mail: {', '.join(_MAILINGS)}")
    what.add_argument("--to", metavar="ADDR", help="send everything to this test address instead of the users' own")
    what.add_argument("--language", choices=("en", "fr"), default="en", help="of the mails (en)")
    what.add_argument("--dry-run", action="store_true", help="show what would be sent, and end")
    what.add_argument("--yes", action="store_true", help="send without asking")
    what.add_argument("--retry", type=_minutes, metavar="MIN", help="try again what is put off, for up to so many minutes")
    what.add_argument("--outlook", action="store_true", help="on Windows: ask the classic Outlook here to send its part")

    after = parser.add_argument_group("after the server has taken them")
    boxes = "look for the mails there: imap:USER@HOST, maildir:DIR or mbox:FILE; again for more"
    after.add_argument("--follow", action="append", metavar="BOX", help=boxes)
    after.add_argument("--follow-password-env", metavar="NAME", help="take the password of that mailbox from this variable")
    after.add_argument("--wait", type=_seconds, default=300.0, metavar="S", help="seconds to look for them (300)")

    how = parser.add_argument_group("how")
    declare_passwords(parser)
    how.add_argument("--oauth", choices=("microsoft", "google"), help="sign in instead of giving a password")
    how.add_argument("--oauth-client", metavar="ID", help="client id (Microsoft) or client_secret.json (Google) for that")
    how.add_argument("--oauth-tenant", metavar="T", default="organizations", help="tenant at Microsoft (organizations)")
    how.add_argument("--allow-plaintext-auth", action="store_true", help="let a password go over an unencrypted connection")
    how.add_argument("--allow-unverified", action="store_true", help="let a password go to a server whose certificate fails")
    how.add_argument("--ca-file", metavar="PEM", help="trust these certificate authorities instead of the system's")
    how.add_argument("--resolver", metavar="IP[:PORT]", help="ask this name server instead of the system's")
    how.add_argument("--ehlo-name", metavar="NAME", help="introduce this machine by this name instead of its address")
    how.add_argument("--timeout", type=_seconds, metavar="S", help="seconds one wait for a server may take")
    how.add_argument("--store", metavar="STORE", help="where attempts are written down: a file or postgresql://… (beside FILE)")

    reported = parser.add_argument_group("what a person sent by hand")
    reported.add_argument("--record", nargs=2, metavar=("CODE", "OUTCOME"), help="how it went: accepted, delivered, rejected …")
    reported.add_argument("--words", metavar="TEXT", help="what the program said")

    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{visible(text)[:40]!r} is no number of seconds between 0 and 86400")
    return value


def _minutes(text: str) -> float:
    try:
        return _seconds(text) * 60
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{visible(text)[:40]!r} is no number of minutes") from None


def store_beside(file: str) -> Path:
    """Give the store of a site file where none is named: ``site.history.sqlite3`` beside ``site.toml``."""
    return Path(file).with_suffix(".history.sqlite3")


def _run(chosen: argparse.Namespace) -> int:
    from mailkit.mail.plan import PlanSettings, lasts, plan  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when it is needed
    from mailkit.report.sending import preview  # noqa: PLC0415 - loaded when it is needed
    from mailkit.site.file import load  # noqa: PLC0415 - loaded when it is needed

    site = load(chosen.file).site
    if chosen.record:
        return _record(chosen, site)
    if chosen.follow_password_env and not chosen.follow:
        raise InputError("--follow-password-env is of no use without --follow")
    if chosen.oauth and not chosen.oauth_client:
        raise InputError("--oauth needs --oauth-client: the client id (Microsoft), or the client_secret.json (Google)")
    _check_boxes(chosen)
    settings = PlanSettings(
        ca_file=_existing(chosen.ca_file),
        resolver=chosen.resolver,
        ehlo_name=chosen.ehlo_name,
        allow_plaintext_auth=chosen.allow_plaintext_auth,
        allow_unverified=chosen.allow_unverified,
    )
    planned = plan(site, users=chosen.user, mailing=chosen.mailing, to=chosen.to, settings=settings)
    where = chosen.store or str(store_beside(chosen.file))
    shown = sys.stderr if chosen.json else sys.stdout
    if chosen.dry_run and chosen.json:
        for one in planned:
            print(line(one))
    else:
        colour = shown.isatty() and "NO_COLOR" not in os.environ
        width = shutil.get_terminal_size((100, 24)).columns
        # A store may be named with a password in it; only a file is told.
        told = visible(where) if "://" not in where else "the store that was named"
        print(preview(planned, takes=lasts(planned), kept_in=told, width=width, colour=colour), file=shown, flush=True)
    broken = any(one.obstacle is not None and one.obstacle.severity == "error" for one in planned)
    if chosen.dry_run or not any(one.obstacle is None for one in planned):
        if chosen.json and not chosen.dry_run:
            _tell_obstacles(planned)
        return 1 if broken else 0
    _agreed(chosen, planned)

    from mailkit.cli.sending_round import run_round  # noqa: PLC0415 - loaded when something is sent
    from mailkit.cli.sending_secrets import log_ins  # noqa: PLC0415 - loaded when it is needed

    given = log_ins(planned, chosen)
    try:
        return asyncio.run(run_round(site, planned, given, chosen, where))
    except KeyboardInterrupt:
        print("mailkit: stopped; the attempts until then are in the store", file=sys.stderr)
        return 130


def _tell_obstacles(planned: tuple[Planned, ...]) -> None:
    from mailkit.report.machine import finding_line  # noqa: PLC0415 - only with --json

    for one in planned:
        if one.obstacle is not None and one.obstacle.severity != "info":
            print(finding_line(one.obstacle))


def _agreed(chosen: argparse.Namespace, planned: tuple[Planned, ...]) -> None:
    """Have a person's yes, or end the command: nothing was sent then."""
    number = sum(one.way == "smtp" for one in planned)
    if chosen.yes or not number:
        return
    if chosen.password_stdin or not sys.stdin.isatty():
        raise InputError("nothing was sent: nobody can be asked here; look at the list above and give --yes")
    print(f"Send {number} mail{'s' if number > 1 else ''}? Type yes to send: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() not in ("yes", "oui"):
        raise InputError("nothing was sent")


def _existing(name: str | None) -> str | None:
    if name is not None and not Path(name).is_file():
        raise InputError(f"there is no file {visible(shorten(name, 200))}; give a PEM file with the authorities to trust")
    return name


def _check_boxes(chosen: argparse.Namespace) -> None:
    """Refuse a mailbox that cannot be one before anything is asked or sent."""
    if not chosen.follow:
        return
    from mailkit.mail.follow.mailbox import needs_secret, open_source, read_mailbox  # noqa: PLC0415 - only where mail is followed

    for box in chosen.follow:
        read_mailbox(box) if needs_secret(box) else open_source(box)


def _record(chosen: argparse.Namespace, site: Site) -> int:
    from mailkit.journal import open_store  # noqa: PLC0415 - loaded when the command runs
    from mailkit.mail.by_hand import OUTCOMES, Outcome, record_by_person  # noqa: PLC0415 - loaded when it is needed
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when it is needed
    from mailkit.report.sending import result  # noqa: PLC0415 - loaded when it is needed
    from mailkit.report.sending_words import means  # noqa: PLC0415 - loaded when it is needed

    code, outcome = chosen.record
    if outcome not in get_args(Outcome):
        told = "; ".join(f"{name}: {words}" for name, words in OUTCOMES.items())
        raise InputError(f"{visible(shorten(outcome, 40))!r} is no outcome; {told}")
    with open_store(chosen.store or store_beside(chosen.file), create=False) as store:
        delivery = record_by_person(store, code, outcome, chosen.words, datetime.now(UTC), product=site.product)
        if chosen.json:
            for attempt in store.attempts(batch=delivery.batch):
                if attempt.delivery_id == code:
                    print(line(attempt))
        else:
            print(result(delivery, means(delivery, site.product), product=site.product), end="")
    return 0 if outcome in ("accepted", "delivered") else 1
