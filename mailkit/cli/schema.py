"""``mailkit schema KIND``: the JSON Schema of the documents the other commands print."""

from __future__ import annotations

import argparse
import json
from typing import Any

import msgspec

from mailkit.attempt import Attempt
from mailkit.audit import Audit, AuditComparison
from mailkit.cli.documents import IMPORT, STEPS, TABLE_SCHEMAS, Settled
from mailkit.diagnosis import Comparison
from mailkit.explain import BounceReading, Explanation
from mailkit.finding import Finding
from mailkit.mail.follow import Arrival
from mailkit.mail.planned import Planned
from mailkit.observation import ProbeDocument
from mailkit.practice.document import PracticeDocument
from mailkit.probe.discovery import Discovery
from mailkit.signin.own import OwnCase, OwnResult
from mailkit.site.file.json_schema import schema as site_schema
from mailkit.site.route import Route
from mailkit.site.sheet import Sheet
from mailkit.site.workstation import Workstation
from mailkit.traces.desk import Queued
from mailkit.traces.preview import Preview
from mailkit.traces.standing import Standing

__all__ = ["KINDS", "declare"]

KINDS: dict[str, type | tuple[type, ...]] = {
    "probe": ProbeDocument,
    "arrival": Arrival,
    "attempt": Attempt,
    "audit": Audit,
    "audit-comparison": AuditComparison,
    "comparison": Comparison,
    "explanation": (Explanation, BounceReading),  # of a text, of a mail
    "finding": Finding,
    "import": IMPORT,
    "own-case": OwnCase,
    "own-result": OwnResult,
    "planned": Planned,
    "practice": PracticeDocument,
    "route": Route,
    "discovery": Discovery,
    "sheet": Sheet,
    "sending": STEPS,
    "settled": Settled,
    "traces-preview": Preview,
    "traces-queued": Queued,
    "traces-status": Standing,
    "workstation": Workstation,
}

SITE = "site"
"""A file that people write: its schema says more than its type does, so that editors can help."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    kinds = sorted([*KINDS, *TABLE_SCHEMAS, SITE])
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema(chosen.kind)}, indent=2))
    return 0


def _schema(name: str) -> dict[str, Any]:
    if name == SITE:
        return site_schema()
    if name in TABLE_SCHEMAS:
        return TABLE_SCHEMAS[name]
    kind = KINDS[name]
    if not isinstance(kind, tuple):
        return msgspec.json.schema(kind)
    several, definitions = msgspec.json.schema_components(kind, ref_template="#/$defs/{name}")
    return {"anyOf": list(several), "$defs": definitions}
