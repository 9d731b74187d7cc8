"""``mailkit schema KIND``: the JSON Schema of the documents the other commands print."""

from __future__ import annotations

import argparse
import json

import msgspec

from mailkit.diagnosis import Comparison
from mailkit.observation import ProbeDocument
from mailkit.practice.document import PracticeDocument
from mailkit.report.machine import FindingDocument
from mailkit.site.route import Route

__all__ = ["KINDS", "declare"]

KINDS: dict[str, type] = {
    "probe": ProbeDocument,
    "comparison": Comparison,
    "finding": FindingDocument,
    "practice": PracticeDocument,
    "route": Route,
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(KINDS[chosen.kind])}
    print(json.dumps(schema, indent=2))
    return 0
