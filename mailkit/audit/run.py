"""One audit from beginning to end: the settings, then the servers, then the history.

A part that cannot be looked at never ends the others: it is listed with the reason. Works with :mod:`mailkit.site.check`,
:mod:`mailkit.probe`, :mod:`mailkit.diagnosis` and :mod:`mailkit.audit.records`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from mailkit.audit.document import Audit, LeftOut
from mailkit.audit.records import Records
from mailkit.audit.words import words
from mailkit.diagnosis import diagnosed
from mailkit.finding import Finding, Severity
from mailkit.observation import ProbeDocument
from mailkit.probe import ProbeSettings, probe_many
from mailkit.probe.site import site_targets
from mailkit.site import Site
from mailkit.site.check import check
from mailkit.version import __version__

__all__ = ["audit"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}
_AT_ONCE = 20


async def audit(
    site: Site,
    name: str,
    *,
    settings: ProbeSettings | None = None,
    records: Callable[[], Records] | None = None,
    now: datetime | None = None,
    stop: asyncio.Event | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Look at everything that is there and say what it comes to.

    Args:
        site: what is configured.
        name: what its file is called.
        settings: how to ask its servers; nobody is logged in. ``None``: no server is asked.
        records: reads the delivery history; called in a thread of its own. ``None``: there is none.
        now: the time the settings are judged for; the clock's when not given.
        stop: ends the audit soon; what was seen until then is kept.
        say: told in a few words what is being done.
    """
    began, made = time.monotonic(), now or datetime.now(UTC)
    stop = stop or asyncio.Event()
    say(words().doing["settings"])
    findings: list[Finding] = list(await asyncio.to_thread(check, site, made.date()))
    left_out: list[LeftOut] = []
    probes = [] if settings is None or stop.is_set() else await _probes(site, name, settings, stop, say)
    findings += [finding for document in probes for finding in document.findings]
    left_out.append(_without_servers(asked=settings is not None, probes=probes))
    read = Records()
    if records is None:
        left_out.append(words().left_out["no-store"])
    elif not stop.is_set():
        say(words().doing["history"])
        read = await asyncio.to_thread(records)
        findings += read.findings
        left_out += read.left_out
    ordered = sorted(findings, key=lambda finding: _RANK[finding.severity])
    return Audit(
        site=site.name,
        file=name,
        product=site.product,
        made=made,
        duration_ms=round(1000 * (time.monotonic() - began), 1),
        tool=f"mailkit {__version__}",
        verdict=_verdict(ordered),
        headline=_headline(ordered, looked=["settings", *["servers"] * bool(probes), *["history"] * bool(records)]),
        findings=tuple(ordered),
        probes=tuple(probes),
        sentences=read.sentences,
        first=read.first,
        last=read.last,
        figures=read.figures,
        tables=read.tables,
        left_out=tuple(left_out),
        stopped=stop.is_set(),
    )


async def _probes(
    site: Site, name: str, settings: ProbeSettings, stop: asyncio.Event, say: Callable[[str], None]
) -> list[ProbeDocument]:
    targets = await asyncio.to_thread(site_targets, site, settings, name)
    documents: list[ProbeDocument] = []
    say(words().doing["servers"].format(count=len(targets)))
    async for seen in probe_many([(one.target, one.settings) for one in targets], settings, concurrency=_AT_ONCE, stop=stop):
        documents.append(diagnosed(replace(seen, used_by=targets[len(documents)].used_by), site.product))
        say(words().doing["server"].format(number=len(documents), count=len(targets)))
    return documents


def _without_servers(*, asked: bool, probes: list[ProbeDocument]) -> LeftOut:
    return words().left_out["log-ins" if probes else "no-server" if asked else "not-asked"]


def _verdict(findings: Iterable[Finding]) -> Severity:
    worst = next(iter(findings), None)
    return worst.severity if worst and worst.severity in ("error", "warning") else "ok"


def _headline(findings: list[Finding], looked: list[str]) -> str:
    if _verdict(findings) == "ok":
        return words().headline["fine"].format(parts=words().join(looked))
    return findings[0].summary
