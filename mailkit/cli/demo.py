"""``mailkit demo``: probe the practice site and hold the verdicts against the faults planted there."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import textwrap

from mailkit.diagnosis import diagnosed
from mailkit.observation import ProbeDocument
from mailkit.practice import practice_site
from mailkit.practice.asking import settings_for
from mailkit.practice.site import Planted
from mailkit.probe import probe
from mailkit.report.machine import line
from mailkit.report.terminal import render

__all__ = ["declare"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    return asyncio.run(_demo(as_json=chosen.json))


async def _demo(*, as_json: bool) -> int:
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    async with practice_site(plays=[]) as site:
        planted = site.planted
        targets = [f"{fault.host}:{fault.port}" for fault in planted]
        asked = [settings_for(site, site.server(fault.host)) for fault in planted]
        if not as_json:
            print(f"A hotel and a builder on this machine, with {len(planted)} faults planted in their mail servers.\n")
        seen = await asyncio.gather(*(probe(target, settings) for target, settings in zip(targets, asked, strict=True)))
    documents = [diagnosed(document) for document in seen]
    if as_json:
        for document in documents:
            print(line(document))
        return 0 if all(_named(fault, document) for fault, document in zip(planted, documents, strict=True)) else 1
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(f"One of them in full, as `mailkit probe {targets[0]}` shows it:\n")
    print(textwrap.indent(render(documents[0], colour=colour, width=width - 4), "    "))
    print("All of them, what was planted and what was found:\n")
    missed = 0
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
    print(f"{len(planted) - missed} of {len(planted)} planted faults were named.")
    print("Next: mailkit probe HOST:PORT for a server of yours, or make lab for the notebooks.")
    return 1 if missed else 0


def _named(fault: Planted, document: ProbeDocument) -> bool:
    """Every code that was planted is among the findings."""
    return set(fault.codes) <= {finding.code for finding in document.findings}
