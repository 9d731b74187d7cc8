"""``mailkit audit FILE --store URL --out DIR``: settings, servers and history in one go, without a hand on it, as one report.

Writes ``audit.html`` (complete in itself), ``audit.json`` (the document behind it) and the tables of the history as CSV. Made to
be scheduled: it asks nothing, and its exit status says whether anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mailkit.audit import Audit, AuditComparison, audit, compare
from mailkit.audit.words import words
from mailkit.cli.output import Progress
from mailkit.errors import InputError
from mailkit.knowledge import LANGUAGES, speaking
from mailkit.probe import ProbeSettings
from mailkit.report.machine import line
from mailkit.site.file import load
from mailkit.text import visible

if TYPE_CHECKING:
    from mailkit.audit.records import Records

__all__ = ["declare"]

_LARGEST = 256 * 1024 * 1024


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="the site file")
    parser.add_argument("--store", metavar="URL", help="the delivery history: a file, or postgresql://…")
    parser.add_argument("--out", metavar="DIR", required=True, help="the folder for the report; made when it is not there")
    parser.add_argument("--days", type=int, default=30, metavar="N", help="how many days of the history are looked at (30)")
    parser.add_argument(
        "--zone", metavar="NAME", help="the time zone days are counted in, such as America/Montreal (this machine's)"
    )
    parser.add_argument(
        "--compare", metavar="JSON", help="an earlier audit.json, in the same language: the report says what changed since"
    )
    parser.add_argument("--share", action="store_true", help="a report to give away: user names, addresses and hosts are masked")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the report (en)")
    parser.add_argument("--no-probe", action="store_true", help="ask no server")
    parser.add_argument("--resolver", metavar="IP[:PORT]", help="a name server to ask instead of the system's")
    parser.add_argument("--ca-file", metavar="PEM", help="certificate authorities to trust instead of the system's")
    parser.add_argument("--ehlo-name", metavar="NAME", help="the name to introduce this machine with")
    parser.add_argument("--timeout", type=float, default=15.0, metavar="S", help="seconds one wait may take (15)")
    parser.add_argument("--gentle", action="store_true", help="leave out the injection test, which some servers log as an attack")
    parser.add_argument("--json", action="store_true", help="print the document too")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if not 1 <= chosen.days <= 36600:
        raise InputError(f"--days {chosen.days} is not usable; give 1 to 36600")
    site = load(chosen.file).site
    before = _earlier(chosen.compare) if chosen.compare else None
    out = _folder(chosen.out)
    settings = None
    if not chosen.no_probe:
        settings = ProbeSettings(
            resolver=chosen.resolver,
            ca_file=chosen.ca_file,
            ehlo_name=chosen.ehlo_name,
            timeout=chosen.timeout,
            gentle=chosen.gentle,
        )
    now = datetime.now(UTC)
    progress = Progress(1)
    with speaking(chosen.language):
        made = asyncio.run(
            _audit(
                lambda stop: audit(
                    site,
                    Path(chosen.file).name,
                    settings=settings,
                    records=_records(chosen, now),
                    now=now,
                    stop=stop,
                    say=lambda words: progress.say(0, words),
                )
            )
        )
        progress.clear()
        changed = compare(before, made) if before else None
        if chosen.share:
            from mailkit.report.share import shared  # noqa: PLC0415 - only to give a report away

            made = shared(made, site)
            changed = None  # it would name what is masked here
        _write(out, made, changed)
        _tell(made, changed, out, as_json=chosen.json)
        if made.stopped:
            print(f"mailkit: {words().told['stopped']}", file=sys.stderr)
            return 130
    return 1 if made.verdict == "error" else 0


async def _audit(run: Callable[[asyncio.Event], object]) -> Audit:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(stop.set)

    signal.signal(signal.SIGINT, interrupted)
    return await run(stop)  # type: ignore[no-any-return, misc]  # the coroutine of audit()


def _records(chosen: argparse.Namespace, now: datetime) -> Callable[[], Records] | None:
    if not chosen.store:
        return None
    from mailkit.audit.records import records  # noqa: PLC0415 - only with a history, which is an extra

    return lambda: records(chosen.store, days=chosen.days, zone=chosen.zone, now=now)


def _earlier(name: str) -> Audit:
    try:
        path = Path(name)
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{visible(name)} is larger than any audit; give the audit.json of an earlier one")
        return msgspec.json.decode(path.read_bytes(), type=Audit)
    except OSError as error:
        raise InputError(f"the earlier audit {visible(name)} cannot be read ({error.strerror}); give its audit.json") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{visible(name)} is no audit ({visible(str(error))}); give the audit.json of an earlier one") from None


def _folder(name: str) -> Path:
    out = Path(name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(13, "not writable")
    except OSError as error:
        raise InputError(
            f"the folder {visible(name)} cannot be used ({error.strerror}); give one that you may write to"
        ) from None
    return out


def _write(out: Path, made: Audit, changed: AuditComparison | None) -> None:
    from mailkit.report.audit_page import page  # noqa: PLC0415 - after the looking, so that the wait is not before it
    from mailkit.report.spreadsheet import csv_text  # noqa: PLC0415 - loaded when it is needed

    _replace(out / "audit.html", page(made, changed))
    _replace(out / "audit.json", line(made) + "\n")
    if changed is not None:
        _replace(out / "comparison.json", line(changed) + "\n")
    for table in made.tables:
        _replace(out / f"{table.name}.csv", csv_text(table.columns, table.rows))


def _replace(path: Path, content: str) -> None:
    """Write a file whole or not at all: who looks meanwhile sees the one before."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(content, encoding="utf-8", newline="")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written ({error.strerror}); is the disk full, or the file open elsewhere?") from None


def _tell(made: Audit, changed: AuditComparison | None, out: Path, *, as_json: bool) -> None:
    if as_json:
        print(line(made))
        return
    from mailkit.report.audit_page import audit_words  # noqa: PLC0415 - the report is made by now

    print(f"{audit_words().words[made.verdict].upper()}  {visible(made.headline)}")
    for sentence in made.sentences:
        print(f"  {visible(sentence)}")
    if changed is not None:
        print(f"  {visible(changed.headline)}")
    for one in made.left_out:
        print(f"  {visible(words().told['not-looked-at'].format(what=one.what, why=one.why))}")
    print(words().told["report"].format(file=out / "audit.html"))
