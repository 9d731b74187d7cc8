"""``mailkit demo``: the whole round on the practice site: settings, servers, a test mail, traces, and what became of them.

What is found is held against the faults planted there.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import shutil
import sys
import tempfile
import textwrap
from pathlib import Path

from mailkit.cli.demo_round import show_round
from mailkit.diagnosis import diagnosed
from mailkit.finding import Finding
from mailkit.observation import ProbeDocument
from mailkit.practice import practice_site
from mailkit.practice.asking import settings_for
from mailkit.practice.site import Planted
from mailkit.practice.site_files import SITE_FILES, PracticeSiteFile
from mailkit.probe import probe
from mailkit.report.machine import finding_line, line
from mailkit.report.terminal import render
from mailkit.site.check import check

__all__ = ["declare"]

DAY = dt.date(2026, 11, 21)
"""The practice businesses live on this day: what their settings mean must not change with the calendar."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    return asyncio.run(_demo(as_json=chosen.json))


async def _demo(*, as_json: bool) -> int:
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mailkit-demo-", ignore_cleanup_errors=True)
    try:
        return await _look(Path(folder.name), as_json=as_json)
    finally:
        await asyncio.to_thread(folder.cleanup)


async def _look(folder: Path, *, as_json: bool) -> int:
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    async with practice_site(plays=[]) as site:
        planted = site.planted
        targets = [f"{fault.host}:{fault.port}" for fault in planted]
        asked = [settings_for(site, site.server(fault.host)) for fault in planted]
        if not as_json:
            print("A hotel and a builder on this machine, with faults planted in their settings and in their mail servers.\n")
        seen = await asyncio.gather(*(probe(target, settings) for target, settings in zip(targets, asked, strict=True)))
    documents = [diagnosed(document) for document in seen]
    checked = [(file, check(file.site(), DAY)) for file in SITE_FILES.values()]
    if as_json:
        for finding in (finding for _, findings in checked for finding in findings):
            print(finding_line(finding))
        for document in documents:
            print(line(document))
        named = all(_named(fault, document) for fault, document in zip(planted, documents, strict=True))
        return 0 if named and not any(_missed(file, findings) for file, findings in checked) else 1
    for file, findings in checked:
        _show_settings(file, findings, width)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(f"One of them in full, as `mailkit probe {targets[0]}` shows it:\n")
    print(textwrap.indent(render(documents[0], colour=colour, width=width - 4), "    "))
    print("All of them, what was planted and what was found:\n")
    missed = sum(len(_missed(file, findings)) for file, findings in checked)
    total = len(planted) + sum(len(file.planted) for file, _ in checked)
    for fault, document in zip(planted, documents, strict=True):
        named = _named(fault, document)
        missed += not named
        print(f"  {fault.host}:{fault.port}")
        for label, text in (
            ("planted", fault.sentence),
            ("found" if named else "MISSED", f"{document.headline} [{document.findings[0].code if document.findings else '-'}]"),
        ):
            print(textwrap.fill(text, width, initial_indent=f"    {label:8}", subsequent_indent=" " * 12))
        print()
    print(f"{total - missed} of {total} planted faults were named.\n")
    async with practice_site(plays=[], mail_folder=folder / "mail") as site:
        sent = await show_round(site, folder, dt.datetime.combine(DAY, dt.time(20), dt.UTC), width)
    print("Next: mailkit site init for a site of yours, mailkit probe HOST:PORT for a server, or make lab for the notebooks.")
    return 1 if missed or not sent else 0


def _show_settings(file: PracticeSiteFile, findings: tuple[Finding, ...], width: int) -> None:
    """Print what was planted in a site file, and what its check said."""
    missed = _missed(file, findings)
    print(f"{file.title} `mailkit site check` on its settings, without asking any server:\n")
    for planted in file.planted:
        found = next((finding for finding in findings if finding.code == planted.code), None)
        said = f"{found.summary} [{found.code}]" if found else "-"
        for label, text in (("planted", planted.sentence), ("MISSED" if planted.code in missed else "found", said)):
            print(textwrap.fill(text, width, initial_indent=f"    {label:8}", subsequent_indent=" " * 12))
    print()


def _missed(file: PracticeSiteFile, findings: tuple[Finding, ...]) -> set[str]:
    """The codes that were planted and not found."""
    return {planted.code for planted in file.planted} - {finding.code for finding in findings}


def _named(fault: Planted, document: ProbeDocument) -> bool:
    """Every code that was planted is among the findings."""
    return set(fault.codes) <= {finding.code for finding in document.findings}
