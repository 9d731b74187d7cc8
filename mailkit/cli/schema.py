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


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(KINDS[chosen.kind])}
    print(json.dumps(schema, indent=2))
    return 0
