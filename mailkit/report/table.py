"""Documents as a table: one row per endpoint and address, as a pandas ``DataFrame`` or as CSV.

pandas is imported when it is needed and not before. Text that a spreadsheet would take for a formula is quoted where CSV is
written (:mod:`.spreadsheet`); the ``DataFrame`` keeps it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mailkit.observation import AddressResult, EndpointResult, GreetingStage, ProbeDocument
from mailkit.report.outline import outline
from mailkit.report.spreadsheet import csv_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "frame", "sheet"]

COLUMNS = (
    "target",
    "host",
    "port",
    "address",
    "reachable",
    "connect_ms",
    "security",
    "tls_version",
    "certificate_verified",
    "certificate_until",
    "auth_offered",
    "auth_tried",
    "auth_result",
    "greeting",
    "connections",
    "verdict",
    "cause",
    "headline",
    "started",
    "duration_ms",
)
"""Unknown is missing. ``reachable`` and ``certificate_verified`` have three values; ``verdict``, ``cause``, ``headline``,
``started`` and ``duration_ms`` are those of the whole target."""


def frame(documents: Iterable[ProbeDocument]) -> pd.DataFrame:
    """Return one row per endpoint and address, in the order of the documents; columns are :data:`COLUMNS`, times in UTC."""
    import pandas as pd  # noqa: PLC0415 - a probe in a terminal must not wait for it

    table = pd.DataFrame([row for document in documents for row in _rows(document)], columns=list(COLUMNS))
    whole = {"port": "Int64", "connections": "Int64", "reachable": "boolean", "certificate_verified": "boolean"}
    times = {column: pd.to_datetime(table[column], utc=True) for column in ("certificate_until", "started")}
    return table.astype(whole).assign(**times)


def sheet(documents: Iterable[ProbeDocument]) -> str:
    """Return the same rows as CSV (RFC 4180) with a heading, safe to open in a spreadsheet program."""
    return csv_text(COLUMNS, ([row[column] for column in COLUMNS] for document in documents for row in _rows(document)))


def _rows(document: ProbeDocument) -> Iterator[dict[str, Any]]:
    cause = outline(document).cause
    whole = {
        "target": document.target,
        "verdict": document.verdict,
        "cause": cause.finding.code if cause else None,
        "headline": document.headline,
        "started": document.started,
        "duration_ms": document.duration_ms,
    }
    if not document.endpoints:
        yield dict.fromkeys(COLUMNS) | whole
    for endpoint in document.endpoints:
        for address in endpoint.addresses or (None,):
            yield dict.fromkeys(COLUMNS) | whole | {"host": endpoint.host, "port": endpoint.port} | _address(endpoint, address)


def _address(endpoint: EndpointResult, address: AddressResult | None) -> dict[str, Any]:
    if address is None:
        return {}
    greetings = [s.reply for s in endpoint.stages if isinstance(s, GreetingStage) and s.address == address.address and s.reply]
    tls = address.tls
    offered = address.auth.offered
    return {
        "address": address.address,
        "reachable": address.ok,
        "connect_ms": address.connect_ms,
        "security": address.security,
        "tls_version": tls.version if tls else None,
        "certificate_verified": tls.verified if tls else None,
        "certificate_until": tls.chain[0].not_after if tls and tls.chain else None,
        "auth_offered": None if offered is None else " ".join(offered),
        "auth_tried": address.auth.tried,
        "auth_result": address.auth.result,
        "greeting": greetings[0].text if greetings else None,
        "connections": address.connections,
    }
