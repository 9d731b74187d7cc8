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
    say("the settings")
    findings: list[Finding] = list(await asyncio.to_thread(check, site, made.date()))
    left_out: list[LeftOut] = []
    probes = [] if settings is None or stop.is_set() else await _probes(site, name, settings, stop, say)
    findings += [finding for document in probes for finding in document.findings]
    left_out += _without_servers(asked=settings is not None, probes=probes)
    read = Records()
    if records is None:
        left_out.append(
            LeftOut(
                what="The delivery history", why="no store was given", how="Give it with --store, or import logs into one first."
            )
        )
    elif not stop.is_set():
        say("the history")
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
        headline=_headline(
            ordered, looked=("the settings", *(["the servers"] if probes else []), *(["the history"] if records else []))
        ),
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
    say(f"{len(targets)} servers")
    async for seen in probe_many([(one.target, one.settings) for one in targets], settings, concurrency=_AT_ONCE, stop=stop):
        documents.append(diagnosed(replace(seen, used_by=targets[len(documents)].used_by), site.product))
        say(f"server {len(documents)} of {len(targets)}")
    return documents


def _without_servers(*, asked: bool, probes: Iterable[ProbeDocument]) -> Iterable[LeftOut]:
    if not asked:
        yield LeftOut(
            what="The mail servers", why="they were not to be asked", how="Leave --no-probe away, or run mailkit probe site:FILE."
        )
    elif not any(True for _ in probes):
        yield LeftOut(
            what="The mail servers",
            why="no route of the site names a server",
            how="mailkit site route FILE tells which way mail goes; for Outlook, Notes or MAPI, mailkit site workstation.",
        )
    else:
        yield LeftOut(
            what="The log-ins",
            why="an audit types nobody's password",
            how="mailkit test FILE logs in and sends, with a yes before.",
        )


def _verdict(findings: Iterable[Finding]) -> Severity:
    worst = next(iter(findings), None)
    return worst.severity if worst and worst.severity in ("error", "warning") else "ok"


def _headline(findings: list[Finding], looked: Iterable[str]) -> str:
    bad = {severity: sum(finding.severity == severity for finding in findings) for severity in ("error", "warning")}
    if not bad["error"] and not bad["warning"]:
        return f"Nothing wrong was found in {_and(looked)}."
    return findings[0].summary


def _and(words: Iterable[str]) -> str:
    """Join words.

    >>> _and(["the settings", "the servers", "the history"])
    'the settings, the servers and the history'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
