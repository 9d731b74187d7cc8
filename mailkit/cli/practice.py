"""``mailkit practice``: the practice site in the foreground, for trying other programs on it."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from mailkit.errors import InputError
from mailkit.practice import practice_site
from mailkit.practice.site_files import SITE_FILES, text_with_ports
from mailkit.practice.traces import traces_csv, traces_path
from mailkit.text import visible

__all__ = ["declare"]

_BUSINESS = re.compile(r"business_date = \d{4}-\d{2}-\d{2}")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="only the first line, the JSON with everything")
    parser.add_argument(
        "--sites", metavar="DIR", help="write the site files of the hotel and the builder there, with the ports of now"
    )
    parser.add_argument("--maildir", metavar="DIR", help="keep the mail that is sent to it there, a Maildir for each address")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    # Ended by a supervisor, it tidies up as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return asyncio.run(_serve(quiet=chosen.json, maildir=_path(chosen.maildir), sites=_path(chosen.sites)))
    except KeyboardInterrupt:
        return 130


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


async def _serve(*, quiet: bool, maildir: Path | None, sites: Path | None) -> int:
    async with practice_site(mail_folder=maildir) as site:
        written = await asyncio.to_thread(_write, sites, {host: one.port for host, one in site.servers.items()}) if sites else []
        print(json.dumps(site.describe(), ensure_ascii=False), flush=True)
        if not quiet:
            print(f"\nThe practice site runs on this machine only, until Ctrl-C. Name server: {site.resolver}")
            print(f"Certificate authority: {site.ca_file}\n")
            first = site.planted[0]
            for planted in site.planted:
                print(f"  {planted.host}:{planted.port}  {planted.sentence}")
            print(f"\nTry: mailkit probe {first.host}:{first.port} --resolver {site.resolver} --ca-file {site.ca_file}")
            if site.maildirs is not None:
                print(f"Mail arrives in {site.maildirs.folder}, in a Maildir for each address.")
            for name in written:
                print(f"Site file: {name}")
            if written:
                known = f"--resolver {site.resolver} --ca-file {site.ca_file}"
                print(f"Try: mailkit test {written[-1]} --dry-run, then with {known}")
            sys.stdout.flush()
        await asyncio.Event().wait()
    return 0


def _write(folder: Path, ports: Mapping[str, int]) -> list[Path]:
    """Write the site files; those that are there are of an earlier run, with ports that nobody listens on any more."""
    written = []
    today = dt.date.today()  # noqa: DTZ011 - the day of whoever practises
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in SITE_FILES.items():
            path = folder / f"{name}.toml"
            text = _BUSINESS.sub(f"business_date = {today - dt.timedelta(days=1)}", text_with_ports(file, ports))
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
        # The hotel's file names its traces, beside it; they are moved to today, so that there is something to send.
        (folder / traces_path().name).write_text(traces_csv(today), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"the folder {visible(str(folder))} cannot be written to ({error.strerror}); give another") from None
    return written
