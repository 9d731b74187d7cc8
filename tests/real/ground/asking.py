"""How the tests of this folder ask: probe, diagnose, and look at the codes."""

from __future__ import annotations

from typing import Any, Protocol

from mailkit.observation import ProbeDocument


class Ask(Protocol):
    """Probe a target and diagnose what was seen; ``settings`` are those of :class:`mailkit.probe.ProbeSettings`."""

    async def __call__(self, target: str, **settings: Any) -> ProbeDocument: ...


def troubles(document: ProbeDocument) -> set[str]:
    """Return the codes of everything that is wrong."""
    return {finding.code for finding in document.findings if finding.severity in {"error", "warning"}}


def severities(document: ProbeDocument) -> dict[str, str]:
    """Return the severity of every code that is wrong."""
    return {finding.code: finding.severity for finding in document.findings if finding.severity in {"error", "warning"}}
