"""``mailkit schema KIND``: the JSON Schema of the documents the other commands print."""

from __future__ import annotations

import argparse
import json

import msgspec

from mailkit.diagnosis import Comparison
from mailkit.explain import BounceReading, Explanation
from mailkit.observation import ProbeDocument
from mailkit.practice.document import PracticeDocument
from mailkit.report.machine import FindingDocument
from mailkit.site.route import Route

__all__ = ["KINDS", "declare"]

KINDS: dict[str, type | tuple[type, ...]] = {
    "probe": ProbeDocument,
    "comparison": Comparison,
    "explanation": (Explanation, BounceReading),  # of a text, of a mail
    "finding": FindingDocument,
    "practice": PracticeDocument,
    "route": Route,
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    kind = KINDS[chosen.kind]
    if isinstance(kind, tuple):
        several, definitions = msgspec.json.schema_components(kind, ref_template="#/$defs/{name}")
        told = {"anyOf": list(several), "$defs": definitions}
    else:
        told = msgspec.json.schema(kind)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **told}
    print(json.dumps(schema, indent=2))
    return 0
