"""Judge what became of a mail: whether it arrived, where, how late, and what the receiver made of it.

Pure. Works on the document ``arrival`` (:mod:`mailkit.mail.follow.arrival`); every sentence is in ``knowledge/arrival.toml``.
What the receiver itself said counts before what was checked here: it is the receiver that puts a mail into junk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mailkit.diagnosis.arrival_proof import judge_proof
from mailkit.diagnosis.arrival_words import Telling, knowledge, span
from mailkit.explain import BounceReading
from mailkit.finding import Finding, Product, Severity
from mailkit.mail.follow.arrival import Arrival, Change, Copy, Hop, Screening

__all__ = ["arrival_codes", "judge_arrival"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}


def arrival_codes() -> tuple[str, ...]:
    """Give every code that can be found about a mail that was followed."""
    return tuple(knowledge().findings)


def judge_arrival(arrival: Arrival, product: Product | None = None) -> tuple[Finding, ...]:
    """Judge one mail.

    Args:
        arrival: what was seen.
        product: the product the site uses, for ways out in terms of its screens.

    Returns:
        the worst first; never none.
    """
    telling = Telling(arrival, product)
    found = list(_judged(telling, arrival))
    return tuple(sorted(found, key=lambda one: _RANK[one.severity]))


def _judged(telling: Telling, arrival: Arrival) -> Iterator[Finding]:
    for reading in arrival.returned:
        yield from _report(telling, reading, arrived=bool(arrival.copies))
    if not arrival.copies:
        yield from _absent(telling, arrival)
        return
    first = min(arrival.copies, key=lambda one: (one.use == "junk", one.latency_ms or 0))
    yield from _where(telling, arrival, first)
    yield from _slow(telling, first)
    yield from judge_proof(telling, first)
    if len(arrival.copies) > 1:
        yield _twice(telling, arrival)
    for change in first.changes:
        yield _changed(telling, change)
    border = first.border
    if border is not None and border.encrypted is False:
        before = border.name or border.from_ or border.address
        yield telling.finding("arrival.in-clear", evidence={"before": before, "host": border.by, "protocol": border.protocol})


# ── what came back, what never came ──────────────────────────────────────────────────────────────────────────────────


def _report(telling: Telling, reading: BounceReading, *, arrived: bool) -> Iterator[Finding]:
    if reading.kind not in ("bounce", "delay"):
        return
    recipient = (telling.arrival.recipient or "").casefold()
    fact = next((one for one in reading.facts if one.recipient and one.recipient.casefold() == recipient), None)
    fact = fact or next(iter(reading.facts), None)
    evidence: dict[str, Any] = {}
    if fact is not None:
        evidence = {"reason": fact.reason, "cause": fact.cause, "status": fact.status, "remote": fact.remote, "words": fact.words}
        if fact.recipient and fact.recipient.casefold() != recipient:
            evidence["about"] = fact.recipient
    product = telling.product
    wanted = "erp." if product == "maestro-erp" else "pms." if product == "maestro-pms" else "\0"
    fix = tuple(one for one in fact.fix if not one.where or one.where.startswith(wanted)) if fact else ()
    yield telling.finding(
        "arrival.bounced" if reading.kind == "bounce" else "arrival.delayed",
        evidence=evidence,
        words={"why": fact.summary if fact else knowledge().words.nobody + "."},
        fix=fix,
        severity="warning" if arrived and reading.kind == "bounce" else None,
        temporary=fact.retry_helps if fact and reading.kind == "bounce" else None,
    )


def _absent(telling: Telling, arrival: Arrival) -> Iterator[Finding]:
    looked = arrival.looked
    if arrival.found == "confirmed" and any(one.kind == "delivered" for one in arrival.returned):
        yield telling.finding("arrival.ok", "confirmed")
        return
    if arrival.found == "returned":
        return
    problem = knowledge().words.problems.get(looked.problem or "", knowledge().words.problems["not-found"])
    if arrival.found == "not-looked":
        variant = looked.problem if looked.problem in knowledge().findings["arrival.not-looked"].variants else None
        yield telling.finding(
            "arrival.not-looked",
            variant,
            evidence={"where": list(looked.where), "problem": looked.problem, "problem_text": looked.problem_text},
            words={"problem": problem},
        )
        return
    variant = (
        "answered"
        if arrival.found == "confirmed"
        else "stopped"
        if looked.stopped
        else "interrupted"
        if looked.problem
        else "uncertain"
        if arrival.accepted is None or arrival.uncertain
        else None
    )
    yield telling.finding(
        "arrival.timeout",
        variant,
        evidence={
            "where": list(looked.where),
            "until": f"{looked.until:%Y-%m-%d %H:%M:%S} UTC" if looked.until else None,
            "folders": list(looked.folders),
            "folders_left_out": looked.folders_left_out or None,
            "looks": looked.times,
            "problem_text": looked.problem_text,
        },
    )


# ── where, and why there ─────────────────────────────────────────────────────────────────────────────────────────────


def _where(telling: Telling, arrival: Arrival, copy: Copy) -> Iterator[Finding]:
    words = knowledge().words
    if copy.use == "junk":
        why, evidence = _why_junk(copy)
        yield telling.finding(
            "arrival.junk",
            evidence={"folder": copy.folder, **evidence},
            words={"why": f"{why}." if why else words.no_reason, "author": copy.header_from},
        )
        return
    place = {
        "inbox": words.inbox if (copy.folder or "").upper() == "INBOX" else words.folder.format(folder=copy.folder),
        "archive": words.archive,
        "trash": words.trash,
        "source": words.source,
    }.get(copy.use, words.folder.format(folder=copy.folder))
    after = f", {span(copy.latency_ms)} after it was handed over" if copy.latency_ms is not None and arrival.accepted else ""
    yield telling.finding(
        "arrival.ok",
        evidence={
            "folder": copy.folder,
            "took_ms": copy.latency_ms,
            "seen_after_ms": copy.seen_after_ms,
            "clock_behind_ms": copy.clock_behind_ms,
            "matched": None if copy.matched == "message-id" else copy.matched,
        },
        words={"place": place, "after": after},
    )


def _why_junk(copy: Copy) -> tuple[str, dict[str, Any]]:
    """Gather what the filter wrote, in words, and as it stands there."""
    reasons: list[str] = []
    evidence: dict[str, Any] = {}
    for one in copy.screening:
        if one.trust != "none" and (one.verdict == "junk" or one.words.get("CAT", "").upper() in knowledge().words.cat):
            said, facts = _filter(one)
            reasons += said
            evidence |= facts
    table = knowledge().words.compauth
    for told in copy.said("compauth"):
        if told.result not in ("pass", "softpass", "none"):
            code = told.reason or told.properties.get("reason") or ""
            reasons += [table.get(code) or table.get(code[:1]) or f"composite authentication: {told.result}"]
            evidence["compauth"] = f"{told.result} {code}".strip()
    for method in ("dmarc", "spf", "dkim"):
        for told in copy.said(method)[:1]:
            if told.result in ("fail", "softfail", "permerror"):
                reasons.append(f"{method.upper()}: {told.result}")
                evidence[method] = told.result
    return "; ".join(dict.fromkeys(reasons)), evidence


def _filter(one: Screening) -> tuple[list[str], dict[str, Any]]:
    words = knowledge().words
    evidence: dict[str, Any] = {one.header: one.raw[:200]}
    said: list[str] = []
    category, verdict = one.words.get("CAT", "").upper(), one.words.get("SFV", "").upper()
    if category in words.cat:
        said.append(f"the filter calls it {words.cat[category]}")
    if verdict in words.sfv and not (verdict == "SPM" and category in words.cat):
        said.append(words.sfv[verdict])
    if "SCL" in one.words and one.verdict == "junk":
        said.append(f"spam level {one.words['SCL']} of 9")
    elif one.score is not None and one.verdict == "junk":
        limit = f" (junk from {one.limit:g} on)" if one.limit is not None else ""
        rules = ", ".join(list(one.words)[:5])
        said.append(f"the filter gave {one.score:g} points{limit}" + (f" for {rules}" if rules else ""))
    elif one.verdict == "junk" and not said:
        said.append(f"the filter says so ({one.header})")
    return said, evidence


# ── how late ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _slow(telling: Telling, copy: Copy) -> Iterator[Finding]:
    limits = knowledge().thresholds
    worst = max((hop for hop in copy.hops if hop.delay_ms is not None), key=lambda hop: hop.delay_ms or 0, default=None)
    held = (worst.delay_ms or 0.0) if worst else 0.0
    took = max(copy.latency_ms or 0.0, held)
    note = copy.greylisted
    if took < limits.slow_ms and not note:
        return
    host = (worst.by if worst else None) or (copy.border.by if copy.border else None)
    before = _before(copy, worst)
    evidence: dict[str, Any] = {
        "took_ms": took,
        "held_ms": held or None,
        "host": host,
        "before": before,
        "moment": f"{worst.moment:%Y-%m-%d %H:%M:%S} UTC" if worst and worst.moment else None,
        "id": worst.id if worst else None,
        "note": note,
    }
    words: dict[str, Any] = {"took": span(took), "held": span(held)}
    if note:
        told = re.search(r"\b(?:by|at) \S+ at ([\w.-]+)|\bat ([\w.-]+\.[\w-]+)", note)
        words["host"] = next((name for name in told.groups() if name), host) if told else host
        yield telling.finding("arrival.slow", "greylisted", evidence=evidence, words=words)
    elif worst is not None and worst.outside and limits.greylist_from_ms <= held <= limits.greylist_to_ms:
        yield telling.finding("arrival.slow", "like-greylisting", evidence=evidence, words=words, confidence="likely")
    elif worst is not None and held >= limits.held_ms:
        words["held_by"] = f"{before or 'somebody'} held it for {span(held)} before {host or 'the next server'} had it"
        words["host"] = before or host
        clocks = any((hop.behind_ms or 0) > limits.clock_ms for hop in copy.hops)
        yield telling.finding("arrival.slow", evidence=evidence, words=words, confidence="likely" if clocks else "sure")
    else:
        last = copy.hops[-1].by if copy.hops else None
        words |= {"held_by": "no server on the way held it, as far as their lines show", "host": last}
        yield telling.finding("arrival.slow", evidence=evidence, words=words, confidence="likely")


def _before(copy: Copy, hop: Hop | None) -> str | None:
    at = copy.hops.index(hop) if hop is not None else 0
    return copy.hops[at - 1].by or (hop.from_ if hop else None) if at else None


# ── how often, how changed ───────────────────────────────────────────────────────────────────────────────────────────


def _twice(telling: Telling, arrival: Arrival) -> Finding:
    ways = [tuple((hop.by, hop.id) for hop in one.hops) for one in arrival.copies]
    shared = 0
    for steps in zip(*ways, strict=False):
        if len(set(steps)) > 1:
            break
        shared += 1
    host = ways[0][shared - 1][0] if shared else None
    variant = "sent" if all(ways) and not shared else "doubled" if host else None
    return telling.finding(
        "arrival.duplicate",
        variant,
        evidence={"count": len(arrival.copies), "folders": [one.folder for one in arrival.copies if one.folder], "host": host},
    )


def _changed(telling: Telling, change: Change) -> Finding:
    how = "what was sent" if change.how == "sent" else f"the line {change.how}"
    if change.field == "From" and change.how == "Return-Path":
        # Not changed for certain: a service that sends for others has its own address there.
        facts = {"return_path": change.was, "from": change.now}
        return telling.finding("arrival.other-sender", evidence=facts, words={"was": change.was, "now": change.now})
    return telling.finding(
        "arrival.rewritten",
        "from" if change.field == "From" else None,
        evidence={"field": change.field, "was": change.was, "now": change.now},
        words={"how": how},
    )
