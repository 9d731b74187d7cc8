"""``mailkit schema KIND``: the JSON Schema of the documents the other commands print."""

from __future__ import annotations

import argparse
import json

import msgspec

from mailkit.diagnosis import Comparison
from mailkit.finding import Finding
from mailkit.observation import ProbeDocument
from mailkit.practice.document import PracticeDocument
from mailkit.probe.discovery import Discovery
from mailkit.site.file.json_schema import schema as site_schema
from mailkit.site.route import Route
from mailkit.site.sheet import Sheet
from mailkit.site.workstation import Workstation

__all__ = ["KINDS", "declare"]

KINDS: dict[str, type] = {
    "probe": ProbeDocument,
    "comparison": Comparison,
    "finding": Finding,
    "practice": PracticeDocument,
    "route": Route,
    "discovery": Discovery,
    "sheet": Sheet,
    "workstation": Workstation,
}

SITE = "site"
"""A file that people write: its schema says more than its type does, so that editors can help."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    kinds = sorted([*KINDS, SITE])
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    made = site_schema() if chosen.kind == SITE else msgspec.json.schema(KINDS[chosen.kind])
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **made}, indent=2))
    return 0
