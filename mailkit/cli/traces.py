"""``mailkit traces …``: what would be sent to whom, first activation with back-fill, sending, state."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mailkit.cli.traces_choices import date, declare_choices, exclusion, picked, reach
from mailkit.errors import InputError, StoreError
from mailkit.text import visible

if TYPE_CHECKING:
    from mailkit.journal import Store
    from mailkit.mail.plan import PlanSettings
    from mailkit.secret import Secret
    from mailkit.site.file import SiteFile
    from mailkit.site.pms import PmsSite
    from mailkit.traces.desk import Desk
    from mailkit.traces.source import Source

__all__ = ["declare", "guarded", "load_hotel", "open_desk", "open_outbox", "open_store", "plan_settings", "width"]

_DECISIONS = ("resend", "accepted", "delivered", "rejected")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    commands = parser.add_subparsers(dest="traces_command", metavar="COMMAND", required=True, parser_class=type(parser))

    preview = commands.add_parser("preview", help="what activating would send, to whom, how long it takes; nothing is changed")
    _declare_file(preview)
    _declare_source(preview)
    _declare_store(preview, required=False)
    declare_choices(preview)
    preview.add_argument("--on", type=date, metavar="DATE", help="as if it were the end of this day, as 2026-11-21 (now)")
    preview.set_defaults(run=guarded(_preview))

    activate = commands.add_parser("activate", help="switch trace mail on: queue the back-fill, record the moment; asks first")
    _declare_file(activate)
    _declare_source(activate)
    _declare_store(activate)
    declare_choices(activate)
    activate.add_argument("--mark-sent", action="store_true", help="write the back-fill down as sent without sending it")
    activate.add_argument("--yes", action="store_true", help="do it without asking")
    activate.set_defaults(run=guarded(_activate))

    send = commands.add_parser("send", help="queue what is new at the source, then send what is due (the daily job)")
    _declare_file(send)
    _declare_source(send)
    _declare_store(send)
    from mailkit.cli.traces_send import declare_send  # noqa: PLC0415 - it imports this module

    declare_send(send)

    status = commands.add_parser("status", help="how the mails stand, by day and clerk; what a person has to decide")
    _declare_file(status)
    status.add_argument("--traces", metavar="SOURCE", help=argparse.SUPPRESS)  # the same words as the other commands take
    _declare_store(status)
    status.set_defaults(run=guarded(_status))

    settle = commands.add_parser("settle", help="say what became of a mail that is uncertain")
    settle.add_argument("delivery", metavar="ID", help="as status shows it")
    settle.add_argument("decision", choices=_DECISIONS, metavar="DECISION", help="resend, accepted, delivered or rejected")
    _declare_store(settle)
    settle.add_argument("--note", metavar="TEXT", help="how it is known")
    settle.add_argument("--json", action="store_true", help="one JSON document instead of text")
    settle.set_defaults(run=guarded(_settle))

    resume = commands.add_parser("resume", help="let an account be used again that was stopped after a refused log-in")
    resume.add_argument("account", metavar="ACCOUNT", help="as status shows it, in quotes")
    _declare_store(resume)
    resume.set_defaults(run=guarded(_resume))


def _declare_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the site file of the hotel, such as site.toml")
    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")


def _declare_store(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--store", metavar="STORE", required=required, help="history.sqlite3, or postgresql://user@host/database (PGPASSWORD)"
    )


def _declare_source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the traces")
    group.add_argument(
        "--traces", metavar="SOURCE", help="a CSV file, a workbook, or the URL of a database ([traces.source] of the site file)"
    )
    group.add_argument("--query", metavar="SQL", help="what to ask the database: one SELECT")
    group.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--source-password-env", metavar="NAME", help="the database's password is in this environment variable")
    where.add_argument("--source-password-keyring", action="store_true", help="it is in the keyring, under its user")


# ── what every command needs ───────────────────────────────────────────────────────────────────────────────────────


def guarded(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Give a command that ends in one line when the store cannot be used."""

    def guarding(chosen: argparse.Namespace) -> int:
        try:
            return run(chosen)
        except StoreError as error:
            raise InputError(error.text) from None

    return guarding


def load_hotel(name: str) -> tuple[SiteFile, PmsSite]:
    """Read the site file of a hotel.

    Raises:
        InputError: it cannot be read, or is the construction ERP's.
    """
    from mailkit.site.file import load  # noqa: PLC0415 - loaded when the command runs
    from mailkit.site.pms import PmsSite  # noqa: PLC0415 - loaded when the command runs

    file = load(name)
    if not isinstance(file.site, PmsSite):
        raise InputError(f"{visible(name)} is a site of maestro*, the construction ERP; traces belong to the hotel's Maestro PMS")
    return file, file.site


def open_store(chosen: argparse.Namespace, *, create: bool = True) -> Store:
    """Open the store that was named."""
    from mailkit.journal import open_store  # noqa: PLC0415 - loaded when the command runs

    return open_store(chosen.store, create=create)


def open_outbox(chosen: argparse.Namespace, site: PmsSite) -> Store:
    """Open the store that activating made.

    Raises:
        InputError: there is none; before the first activation that is as it should be, and the line says so.
    """
    from mailkit.journal.place import place  # noqa: PLC0415 - loaded when the command runs

    at = place(chosen.store)
    if at.path is not None and not at.path.exists() and not site.traces.activated:
        raise InputError(
            f"there is no store {visible(str(at.path))}, and trace mail has not been activated yet;"
            " look at mailkit traces preview, then run mailkit traces activate"
        )
    return open_store(chosen, create=False)


def open_source(chosen: argparse.Namespace, site: PmsSite, now: dt.datetime) -> Source:
    """Open the source of traces as the arguments and the site file say."""
    from mailkit.traces.source import open_source  # noqa: PLC0415 - loaded when the command runs

    return open_source(
        site,
        chosen.traces,
        folder=Path(chosen.file).parent,
        now=now,
        query=chosen.query,
        sheet=chosen.sheet,
        password=_source_password(chosen, site),
    )


def _source_password(chosen: argparse.Namespace, site: PmsSite) -> Secret | None:
    from mailkit.cli.password import password_book  # noqa: PLC0415 - loaded when the command runs
    from mailkit.traces.database import is_url, login_of  # noqa: PLC0415 - loaded when the command runs

    said = (site.traces.source.password_from or "").strip()
    url = chosen.traces or site.traces.source.url
    if url is None or not is_url(url):
        return None
    env = chosen.source_password_env or (said[4:].strip() if said.startswith("env:") else None)
    keyring = chosen.source_password_keyring or said == "keyring"
    if said and not said.startswith("env:") and said != "keyring":
        raise InputError('password_from of [traces.source] is neither "env:NAME" nor "keyring"; a password never stands there')
    if not env and not keyring:
        return None
    login = login_of(url)
    if not login:
        raise InputError("the URL of the database names no user, so there is nobody whose password it could be; write user@host")
    asked = argparse.Namespace(password_env=env, password_stdin=False, password_keyring=keyring)
    return password_book(asked, [login]).secret_of(login)


def plan_settings(chosen: argparse.Namespace) -> PlanSettings:
    """Give what holds for every connection, where the command has options for it."""
    from mailkit.mail.plan import PlanSettings  # noqa: PLC0415 - loaded when the command runs

    names = PlanSettings.__struct_fields__
    return PlanSettings(**{name: getattr(chosen, name) for name in names if getattr(chosen, name, None) is not None})


def open_desk(chosen: argparse.Namespace, site: PmsSite, now: dt.datetime, store: Store | None) -> Desk:
    """Put site, source and store together as the arguments say."""
    from mailkit.traces.desk import Desk  # noqa: PLC0415 - loaded when the command runs

    return Desk(
        site,
        open_source(chosen, site, now),
        now=now,
        store=store,
        reach=reach(chosen, site),
        chosen=picked(chosen),
        settings=plan_settings(chosen),
        folder=Path(chosen.file).parent,
        properties=tuple(chosen.property) if getattr(chosen, "property", None) else None,
    )


def width() -> int:
    """Say how wide the terminal is."""
    return min(120, shutil.get_terminal_size((100, 24)).columns)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


# ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _preview(chosen: argparse.Namespace) -> int:
    from mailkit.cli.output import Progress  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.traces import preview_text  # noqa: PLC0415 - loaded when the command runs

    _, site = load_hotel(chosen.file)
    now = _now()
    if chosen.on is not None:
        now = dt.datetime.combine(chosen.on, dt.time(23, 59, 59), _zone(site, now)).astimezone(dt.UTC)
    shown = Progress(0)
    store = _store_if_any(chosen)
    try:
        desk = open_desk(chosen, site, now, store)
        preview = desk.preview(exclusion(chosen, site), progress=lambda rows: shown.say(rows, f"{rows:,} rows"))
    finally:
        shown.clear()
        if store is not None:
            store.close()
    print(line(preview) if chosen.json else preview_text(preview, width=width()), end="\n" if chosen.json else "")
    return 1 if any(finding.severity == "error" for finding in preview.findings) else 0


def _store_if_any(chosen: argparse.Namespace) -> Store | None:
    """Open the store to look at; before the first activation there is none, and a preview makes none."""
    from mailkit.journal.place import place  # noqa: PLC0415 - loaded when the command runs

    if chosen.store is None:
        return None
    at = place(chosen.store)
    if at.path is not None and not at.path.exists():
        return None
    return open_store(chosen, create=at.path is None)


def _zone(site: PmsSite, now: dt.datetime) -> dt.tzinfo:
    from mailkit.traces.zones import Zones, local_zone  # noqa: PLC0415 - loaded when the command runs

    return Zones(site, local_zone(now)).hotel.info


def _activate(chosen: argparse.Namespace) -> int:
    from mailkit.cli.output import Progress  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.traces import preview_text, queued_text  # noqa: PLC0415 - loaded when the command runs

    file, site = load_hotel(chosen.file)
    shown = Progress(0)
    with open_store(chosen) as store:
        desk = open_desk(chosen, site, _now(), store)
        left_out = exclusion(chosen, site)
        if desk.kind == "active":
            print("mailkit: trace mail is active already, nothing is repeated; what is new is queued", file=sys.stderr)
        elif not chosen.yes:
            if not sys.stdin.isatty():
                raise InputError(
                    "activating asks first, and nobody can be asked here; look at mailkit traces preview, then use --yes"
                )
            preview = desk.preview(left_out)
            print(preview_text(preview, width=width()))
            if not _agreed(preview.sending, file, mark_sent=chosen.mark_sent, switches=desk.site != desk.flagged):
                print("Nothing was changed.")
                return 0
        if desk.kind != "active":
            desk.refuse_incomplete()
            # The flag first: if this is cut short, doing it again finds a site that was never activated, and repeats nothing.
            file = file.save(desk.flagged)
        after = desk.switched() if desk.kind != "active" else site
        try:
            done = desk.activate(left_out, mark_sent=chosen.mark_sent, progress=lambda rows: shown.say(rows, f"{rows:,} rows"))
        finally:
            shown.clear()
        if after != site:
            file.save(after)
    print(line(done) if chosen.json else queued_text(done, width=width()), end="\n" if chosen.json else "")
    if done.activated and not chosen.json:
        print(f"{visible(chosen.file)} says so now. Nothing has left yet: mailkit traces send sends it.")
    return 0


def _agreed(number: int, file: SiteFile, *, mark_sent: bool, switches: bool) -> bool:
    name = visible(str(file.path or "the site file"))
    what = f"mark {number:,} mails as sent without sending them" if mark_sent else f"queue {number:,} mails"
    also = f", and write Email Traces = Y into {name}" if switches else ""
    return input(f"Activate trace mail now: {what}{also}? [y/N] ").strip().lower() in ("y", "yes", "o", "oui")


def _status(chosen: argparse.Namespace) -> int:
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.traces import status_text  # noqa: PLC0415 - loaded when the command runs
    from mailkit.traces.desk import accounts  # noqa: PLC0415 - loaded when the command runs
    from mailkit.traces.standing import standing  # noqa: PLC0415 - loaded when the command runs
    from mailkit.traces.zones import Zones, local_zone  # noqa: PLC0415 - loaded when the command runs

    _, site = load_hotel(chosen.file)
    now = _now()
    with open_outbox(chosen, site) as store:
        found = standing(store, now=now, zone=Zones(site, local_zone(now)).hotel, known=accounts(site).keys())
        shown = store.shown
    print(line(found) if chosen.json else status_text(found, width=width(), store=shown), end="\n" if chosen.json else "")
    return 1 if found.stopped or any(one.asks for one in found.doubts) or found.states.get("rejected") else 0


def _settle(chosen: argparse.Namespace) -> int:
    from mailkit.report.traces import STATE_WORDS  # noqa: PLC0415 - loaded when the command runs

    with open_store(chosen, create=False) as store:
        now = store.settle(chosen.delivery, chosen.decision, by=_person(), now=_now(), note=chosen.note)
    if chosen.json:
        import msgspec  # noqa: PLC0415 - loaded when the command runs

        print(msgspec.json.encode({"schema": "mailkit.settled/1", "delivery_id": now.delivery_id, "state": now.state}).decode())
    else:
        print(f"{now.delivery_id} for {visible(now.recipient)} is now: {STATE_WORDS[now.state]}.")
    return 0


def _resume(chosen: argparse.Namespace) -> int:
    with open_store(chosen, create=False) as store:
        known = store.halted()
        if store.resume(chosen.account):
            print(f"{visible(chosen.account)} may be used again; the next send tries it.")
            return 0
    stopped = ", ".join(repr(visible(name)) for name in known) or "none"
    raise InputError(f"{visible(chosen.account)!r} is not stopped in this store; stopped: {stopped}")


def _person() -> str:
    try:
        return visible(getpass.getuser())
    except (OSError, KeyError, ImportError):  # no name is known to this machine
        return "a person"
