"""``mailkit history import|show|export --store URL``: delivery events in, tables out.

Standard output holds results, everything else goes to standard error. Exit status: 0; 1 when something could not be read (import)
or the answer is that something is wrong (``check``, ``headlines``); 2 for unusable arguments; 130 when stopped by the user.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailkit.cli.output import Progress
from mailkit.cli.password import declare_passwords
from mailkit.errors import InputError
from mailkit.text import visible

if TYPE_CHECKING:
    import pandas as pd

    from mailkit.history.choice import Filter
    from mailkit.history.engine import History
    from mailkit.mail.follow.imap import Imap

__all__ = ["declare"]

QUESTIONS: dict[str, str] = {
    "headlines": "what stands out, in sentences",
    "latest": "what became of each mail",
    "funnel": "of all that was due: tried, taken, delivered, and where the rest is (--by day)",
    "latency": "how long it took, and where (--by domain)",
    "reasons": "why mails did not get through, and what to do",
    "stuck": "what hangs",
    "queue": "what is open, by age (--by domain)",
    "unattempted": "mails that were never tried",
    "silence": "why they were never tried",
    "duplicates": "who got it twice",
    "gaps": "days on which a user was silent against the habit (--by user, --every day)",
    "before-after": "what changed at a moment (--at 2026-10-12)",
    "story": "everything about one mail (--id DELIVERY or MESSAGE-ID)",
    "check": "can the log be trusted",
}
_EXPORTED = ("funnel", "latency", "reasons", "stuck", "queue", "unattempted", "silence", "duplicates", "gaps", "check", "latest")
_FILTERS = ("user", "domain", "kind", "property", "endpoint", "source", "mailing", "account", "state")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="import|show|export", required=True, parser_class=type(parser))
    importing = actions.add_parser("import", help="read what other systems recorded into a store")
    _declare_import(importing)
    show = actions.add_parser("show", help="answer a question with a table")
    show.add_argument(
        "name", choices=QUESTIONS, metavar="NAME", help="; ".join(f"{name}: {says}" for name, says in QUESTIONS.items())
    )
    _declare_asking(show)
    show.add_argument("--json", action="store_true", help="one JSON document a row instead of text")
    show.set_defaults(run=_show)
    export = actions.add_parser("export", help="write tables, or all events, into a file")
    export.add_argument("names", nargs="*", metavar="NAME", help="questions as in show (default: all of them, for xlsx and html)")
    _declare_asking(export)
    export.add_argument(
        "--out", required=True, metavar="FILE", help="the file: .csv, .xlsx, .html, .json, .parquet; a folder with --events"
    )
    export.add_argument(
        "--format", choices=("csv", "xlsx", "html", "json", "parquet"), help="when the file's name does not say it"
    )
    export.add_argument("--events", action="store_true", help="all events as Parquet files by day, for an engine of your own")
    export.set_defaults(run=_export)


def _declare_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="logs, exports, bounces, folders; packed ones too; - for standard input; imap:USER@HOST/FOLDER for bounces there",
    )
    declare_passwords(parser)
    parser.add_argument("--ca-file", metavar="PEM", help="authorities to trust at that mailbox instead of this computer's")
    parser.add_argument("--resolver", metavar="IP[:PORT]", help="a name server to find it by")
    parser.add_argument("--store", required=True, metavar="URL", help="history.sqlite3 or postgresql://user@host/database")
    parser.add_argument("--kind", default="auto", help="auto, postfix, exim, exchange-trace, exchange-tracking, bounces, csv")
    parser.add_argument("--zone", help="of times that name none: America/Toronto (default: logs this machine's, Exchange UTC)")
    parser.add_argument("--year", type=int, help="of the first line of a log whose lines have no year")
    parser.add_argument("--columns", metavar="FILE", help="for csv: which column is what (TOML)")
    parser.add_argument("--json", action="store_true", help="the result as one JSON document")
    parser.set_defaults(run=_import)


def _declare_asking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", required=True, metavar="URL", help="a file, postgresql://user@host/database, or a Parquet folder"
    )
    parser.add_argument("--since", metavar="DAY", help="from this day, or moment (2026-11-21, 2026-11-21T08:00), on")
    parser.add_argument("--until", metavar="DAY", help="before this day or moment")
    parser.add_argument(
        "--zone", default=None, help="the time zone in which days begin, such as America/Toronto (default: this machine's)"
    )
    for name in _FILTERS:
        parser.add_argument(
            f"--{name}", action="append", metavar=name.upper(), help=f"only of this {name}; may be given several times"
        )
    parser.add_argument(
        "--by", action="append", help="what to count by: day, hour, hour_of_day, week, user, domain, endpoint, property, …"
    )
    parser.add_argument("--every", choices=("day", "hour"), default="day", help="for gaps")
    parser.add_argument("--at", metavar="DAY", help="for before-after: the moment of the change")
    parser.add_argument("--days", type=float, default=14, help="for before-after: how long before and after (default 14)")
    parser.add_argument("--id", metavar="ID", help="for story: the delivery, or a Message-ID")
    parser.add_argument("--limit", type=int, help="the most rows")


def _import(chosen: argparse.Namespace) -> int:
    from mailkit.history.importing import import_into, read_column_map  # noqa: PLC0415 - only this action needs them
    from mailkit.journal.opening import open_store  # noqa: PLC0415 - SQLAlchemy is slow to import

    boxes = [name for name in chosen.files if name.lower().startswith(("imap:", "imaps:"))]
    if boxes:
        if len(boxes) < len(chosen.files):
            raise InputError("a mailbox and files cannot be taken in together; import them one after the other")
        return _import_boxes(chosen, boxes)
    columns = read_column_map(chosen.columns) if chosen.columns else None
    files: list[Any] = [sys.stdin.buffer if name == "-" else name for name in chosen.files]
    shown = Progress(1)
    with open_store(chosen.store) as store, _stopping() as stop:
        report = import_into(
            store,
            files,
            chosen.kind,
            zone=chosen.zone,
            year=chosen.year,
            columns=columns,
            progress=lambda far: shown.say(0, f"{visible(far.file)}: {_percent(far.done, far.total)}{far.events:,} events"),
            stop=stop.is_set,
        )
    shown.clear()
    return _reported(report, as_json=chosen.json)


def _import_boxes(chosen: argparse.Namespace, boxes: Sequence[str]) -> int:
    """Take in the bounces of folders reached by IMAP; nothing in them is marked or moved."""
    from mailkit.cli.password import password_book  # noqa: PLC0415 - only for mailboxes
    from mailkit.history.importing import import_mails  # noqa: PLC0415 - only this action needs it
    from mailkit.journal.opening import open_store  # noqa: PLC0415 - SQLAlchemy is slow to import
    from mailkit.mail.follow.imap import Imap  # noqa: PLC0415 - only for mailboxes
    from mailkit.mail.follow.mailbox import read_mailbox  # noqa: PLC0415 - loaded when it is needed
    from mailkit.mail.follow.source import CannotLook  # noqa: PLC0415 - loaded when it is needed
    from mailkit.net.names import Resolver  # noqa: PLC0415 - loaded when it is needed

    places = [read_mailbox(box, ca_file=chosen.ca_file) for box in boxes]
    book = password_book(chosen, [place.user for place in places])
    resolver = Resolver(chosen.resolver) if chosen.resolver else None
    ended = 0
    with open_store(chosen.store) as store, _stopping() as stop:
        for place in places:
            box = Imap(place, book.secret_of(place.user, place.host), resolver=resolver)
            try:
                report = import_mails(store, _fetched(box), stop=stop.is_set)
            except CannotLook as error:
                raise InputError(f"{visible(place.label)} cannot be read: {visible(str(error))}") from None
            ended = max(ended, _reported(report, as_json=chosen.json))
    return ended


def _fetched(box: Imap) -> Iterator[tuple[str, bytes]]:
    """Give the mails of a mailbox one after the other, to a reader that does not wait for a loop."""
    with asyncio.Runner() as runner:
        mails = box.mails()
        try:
            while True:
                try:
                    yield runner.run(anext(mails))
                except StopAsyncIteration:
                    return
        finally:
            runner.run(mails.aclose())
            runner.run(box.close())


def _reported(report: Any, *, as_json: bool) -> int:  # noqa: ANN401 - an import's Report
    print(_json(report) if as_json else _told(report), end="\n" if as_json else "", flush=True)
    return 130 if report.stopped else 1 if report.unreadable else 0


def _json(report: Any) -> str:  # noqa: ANN401 - an import's Report
    import msgspec  # noqa: PLC0415 - only for this

    return msgspec.json.encode({"schema": "mailkit.import/1"} | msgspec.structs.asdict(report)).decode()


def _told(report: Any) -> str:  # noqa: ANN401 - an import's Report
    said = [f"Events added: {report.new:,}, known before: {report.known:,}, not readable: {report.unreadable:,}."]
    if report.first:
        said.append(f"They are from {report.first:%Y-%m-%d %H:%M} to {report.last:%Y-%m-%d %H:%M} UTC.")
    said += [f"{name}: {count:,}" for name, count in sorted(report.states.items(), key=lambda one: -one[1])]
    said += [f"passed over, of no known format: {visible(name)}" for name, form in report.files if form is None]
    said += [visible(note) for note in report.notes]
    said += [
        f"not read: {visible(one.file)}, line {one.line}: {visible(one.why)}  {visible(one.text)}".rstrip()
        for one in report.examples[:20]
    ]
    if report.unreadable > 20:
        said.append(f"… and {report.unreadable - 20:,} more")
    if report.stopped:
        said.append("Stopped; what was read until then is in the store. Import again to go on: nothing is added twice.")
    return "\n".join(said) + "\n"


def _percent(done: int, total: int | None) -> str:
    return f"{100 * done // total} %, " if total else ""


def _show(chosen: argparse.Namespace) -> int:
    with _asked(chosen) as (history, where):
        if chosen.name == "headlines":
            return _headlines(history, where, chosen)
        frame = _answer(chosen.name, history, where, chosen)
    if chosen.json:
        from mailkit.report.frames import json_lines  # noqa: PLC0415 - one of two

        for line in json_lines(frame, chosen.name):
            print(line)
    else:
        from mailkit.report.frames import terminal  # noqa: PLC0415 - one of two

        print(terminal(frame, shutil.get_terminal_size((100, 24)).columns), end="")
    if chosen.name == "check":
        return int(not frame["ok"].all())
    return 0


def _headlines(history: History, where: Filter, chosen: argparse.Namespace) -> int:
    from mailkit.history.questions import headlines  # noqa: PLC0415 - the extra was looked for first
    from mailkit.report.machine import line  # noqa: PLC0415 - only this question needs it

    said = headlines(history, where)
    for one in said:
        if chosen.json:
            print(line(one))
        else:
            print(f"{one.severity:<8} {visible(one.text)}")
    return int(any(one.severity == "error" for one in said))


def _export(chosen: argparse.Namespace) -> int:
    from mailkit.history.parquet import export_parquet  # noqa: PLC0415 - one of two ways
    from mailkit.report.frames import save  # noqa: PLC0415 - one of two ways

    out = Path(chosen.out)
    kind = chosen.format or out.suffix.removeprefix(".").lower()
    names = chosen.names or (_EXPORTED if kind in ("xlsx", "html", "htm") else ("latest",))
    if unknown := [name for name in names if name not in QUESTIONS or name == "headlines"]:
        raise InputError(
            f"there is no table {visible(unknown[0])}; give one of {', '.join(name for name in QUESTIONS if name != 'headlines')}"
        )
    with _asked(chosen) as (history, where):
        if chosen.events:
            shown = Progress(1)
            made = export_parquet(history, out, lambda count: shown.say(0, f"{count:,} events"))
            shown.clear()
            print(
                f"{made.events:,} events written to {visible(str(out))} ({made.files} files); complete up to event {made.last}."
            )
            return 0
        tables = [(name, _answer(name, history, where, chosen)) for name in names]
    save(tables, out, chosen.format)
    print(f"{', '.join(f'{name}: {len(frame):,} rows' for name, frame in tables)} written to {visible(str(out))}.")
    return 0


def _answer(name: str, history: History, where: Filter, chosen: argparse.Namespace) -> pd.DataFrame:
    from mailkit.history import questions as ask  # noqa: PLC0415 - the extra was looked for first

    by: Any = tuple(chosen.by) if chosen.by else None
    one_by: Any = by[0] if by else None
    limit = {"limit": chosen.limit} if chosen.limit else {}
    match name:
        case "funnel":
            return ask.funnel(history, by or "day", where, **limit)
        case "latency":
            return ask.latency(history, by or "domain", where, **limit)
        case "queue":
            return ask.queue(history, by or "domain", where, **limit)
        case "gaps":
            return ask.gaps(history, one_by or "user", where, every=chosen.every, **limit)
        case "before-after":
            return ask.before_after(history, _moment(chosen.at, "--at"), one_by, where, days=chosen.days, **limit)
        case "story":
            return _story(history, chosen)
        case "check":
            return ask.check(history)
    question: Any = getattr(ask, name)
    table: pd.DataFrame = question(history, where, **limit)
    return table


def _story(history: History, chosen: argparse.Namespace) -> pd.DataFrame:
    from mailkit.history.questions import story  # noqa: PLC0415 - the extra was looked for first

    if not chosen.id:
        raise InputError("a story is that of one mail; give --id with its delivery or Message-ID ('show latest' lists them)")
    found = story(history, chosen.id)
    if found.empty:
        raise InputError(
            f"nothing is recorded of {visible(chosen.id)}; give a delivery or a Message-ID as 'show latest' has them"
        )
    return found


@contextmanager
def _asked(chosen: argparse.Namespace) -> Iterator[tuple[History, Filter]]:
    """Open the history, with the filter that the arguments ask for."""
    from mailkit.history.engine import needs_extra  # noqa: PLC0415 - only asking needs it

    needs_extra()
    from mailkit.history.choice import Filter  # noqa: PLC0415 - the extra was looked for first
    from mailkit.history.engine import open_history  # noqa: PLC0415 - loaded when it is needed

    if chosen.limit is not None and chosen.limit < 1:
        raise InputError("--limit is at least 1")
    words: dict[str, Any] = {name: tuple(given) for name in _FILTERS if (given := getattr(chosen, name))}
    where = Filter(
        since=_moment(chosen.since, "--since"), until=_moment(chosen.until, "--until"), zone=chosen.zone or _here(), **words
    )
    shown = Progress(1)
    with _stopping() as stop:
        history = open_history(
            chosen.store,
            cache=None,
            progress=lambda done, total: shown.say(0, f"reading events: {100 * done // max(total, 1)} % of {total:,}"),
            stop=stop.is_set,
        )
    shown.clear()
    with history:
        if stop.is_set():
            raise KeyboardInterrupt
        yield history, where


def _moment(text: str | None, option: str) -> Any:  # noqa: ANN401 - a date or a time
    if text is None:
        if option == "--at":
            raise InputError("before-after compares the time before a moment with that after it; give --at 2026-10-12")
        return None
    try:
        return dt.date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option}: {visible(text)} is no day; give 2026-11-21, or 2026-11-21T08:00") from None


def _here() -> str:
    """Name this machine's time zone where it can be told, else UTC."""
    for named in (os.environ.get("TZ", "").removeprefix(":"), os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]):
        with suppress(ValueError, OSError, ZoneInfoNotFoundError):
            return ZoneInfo(named).key
    return "UTC"


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Let the first Ctrl-C end the work kindly; the second ends it at once."""
    stop = threading.Event()

    def interrupted(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
