"""The first sentences about a delivery history: what a person should look at, each with the table that shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mailkit.finding import Severity
from mailkit.history.choice import EVERYTHING, Filter
from mailkit.history.engine import History
from mailkit.history.questions.check import check
from mailkit.history.questions.duplicates import repeated
from mailkit.history.questions.funnel import funnel
from mailkit.history.questions.gaps import gaps
from mailkit.history.questions.grouping import By
from mailkit.history.questions.latency import latency
from mailkit.history.questions.waiting import silence
from mailkit.knowledge import Language, Meta, in_each_language, read, speaking
from mailkit.knowledge import language as spoken
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Headline", "headlines"]

_SHARED: tuple[By, ...] = ("endpoint", "user", "domain", "property")
_BAD = ("rejected", "bounced", "expired", "uncertain", "deferred", "stuck", "unattempted")
_MOST = 0.6
"""Share of the mails in question that must have a thing in common before it is named."""
_MORE = 1.25
"""And by how much more often than among all mails."""
_SLOW_MS = 300_000
_NAME = 80
_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}
_LISTED = 100


class Headline(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.headline/1"):
    """The document ``headline``: one sentence, how bad it is, and the table that shows more."""

    code: str
    severity: Severity
    text: str
    table: str


class _Words(Struct, frozen=True):
    meta: Meta
    severity: dict[str, Severity]
    words: dict[str, str]


def headlines(
    history: History, where: Filter = EVERYTHING, *, now: datetime | None = None, language: Language | None = None
) -> tuple[Headline, ...]:
    """Say in a few sentences what stands out, the worst first.

    Args:
        history: what to ask.
        where: which deliveries (by when they began).
        now: the present when not given.
        language: ``en`` or ``fr``; the one spoken at the moment (:func:`mailkit.knowledge.language`) when not given.

    Returns:
        The sentences; each is safe to show in a terminal.
    """
    with speaking(language or spoken()):
        return _said(history, where, now, _Speech())


def _said(history: History, where: Filter, now: datetime | None, speech: _Speech) -> tuple[Headline, ...]:
    whole = {name: counts[0] for name, counts in funnel(history, None, where, now=now).drop(columns="accepted_share").items()}
    if not whole["deliveries"]:
        return (speech.say("nothing", "funnel"),)
    said = [*_bad(history, where, now, whole, speech), *_other(history, where, now, whole, speech)]
    return tuple(sorted(said, key=lambda one: _RANK[one.severity]))


def _bad(history: History, where: Filter, now: datetime | None, whole: dict[str, Any], speech: _Speech) -> Iterator[Headline]:
    wrong = [name for name in _BAD if whole[name]]
    if not wrong and whole["attempted"]:
        yield speech.say("good", "funnel", **whole)
    tables = {name: funnel(history, name, where, now=now, limit=_LISTED) for name in _SHARED} if wrong else {}
    for name in wrong:
        shown = {"rejected": "reasons", "bounced": "reasons", "stuck": "stuck", "unattempted": "silence"}.get(name, "latest")
        yield speech.say(name, shown, **whole | {"count": whole[name], "where": speech.where(_shared(tables, name, whole))})


def _shared(tables: dict[By, Any], name: str, whole: dict[str, Any]) -> tuple[str, str, int, bool] | None:
    """Find what most of the mails in question share and others have not: (what it is, its name, how many, all of them)."""
    best: tuple[float, tuple[str, str, int, bool]] | None = None
    for what, table in tables.items():
        if len(table) < 2:
            continue
        row = table.sort_values(name, ascending=False, kind="stable").iloc[0]
        count, share = int(row[name]), row[name] / whole[name]
        more = share / (row["deliveries"] / whole["deliveries"])
        # An endpoint before a user before a domain where they explain as much: that is where to look first.
        if isinstance(row[what], str) and share >= _MOST and more >= _MORE and (best is None or share * more > best[0] * 1.1):
            best = (share * more, (what, row[what], count, count == whole[name]))
    return best[1] if best else None


def _other(history: History, where: Filter, now: datetime | None, whole: dict[str, Any], speech: _Speech) -> Iterator[Headline]:
    if whole["delivered"]:
        yield speech.say("delivered", "funnel", **whole | {"count": whole["delivered"]})
    if whole["skipped"]:
        because = silence(history, where, now=now)["because"]
        known = [word for word in because if word not in {"waiting", "not-due", "by-hand", "expired"}]
        yield speech.say("skipped", "silence", **whole | {"count": whole["skipped"], "because": known[0] if known else "skipped"})
    if count := repeated(history, where):
        yield speech.say("duplicates", "duplicates", count=count, deliveries=whole["deliveries"])
    yield from _gaps(history, where, speech)
    yield from _slow(history, where, speech)
    if count := int((~check(history, now=now)["ok"]).sum()):
        yield speech.say("check", "check", count=count)


def _gaps(history: History, where: Filter, speech: _Speech) -> Iterator[Headline]:
    everything = gaps(history, None, where)
    if len(everything):
        yield speech.say("gaps_all", "gaps", day=everything["silent"][0].date(), count=_at_least(everything))
        return
    users = gaps(history, "user", where)
    users = users[users["who"].notna()]
    if len(users):
        row = users.iloc[0]
        yield speech.say("gaps", "gaps", who=row["who"], day=row["silent"].date(), count=_at_least(users))


def _slow(history: History, where: Filter, speech: _Speech) -> Iterator[Headline]:
    table = latency(history, None, where).set_index("part")
    total = table.loc["total"] if len(table) else None
    if total is None or not total["count"]:
        return
    parts = table.drop("total")["p95_ms"].dropna()
    slow = total["p95_ms"] > _SLOW_MS and len(parts) > 0
    facts = {name: speech.span(total[f"{name}_ms"]) for name in ("p50", "p95")}
    yield speech.say(
        "slow" if slow else "latency", "latency", part=speech.words[f"part_{parts.idxmax()}"] if slow else "", **facts
    )


def _at_least(table: pd.DataFrame) -> int | str:
    return f"{len(table)}+" if table.attrs.get("more") else len(table)


class _Speech:
    """Words and numbers of the language spoken."""

    def __init__(self) -> None:
        self._severity, self.words = _words().severity, _words().words

    def say(self, code: str, table: str, **facts: Any) -> Headline:  # noqa: ANN401 - whatever the sentence names
        text = self.words[code].format_map({name: self._worded(value) for name, value in facts.items()})
        kind = code.removesuffix("_all")
        return Headline(code=kind, severity=self._severity[kind], text=text, table=table)

    def where(self, shared: tuple[str, str, int, bool] | None) -> str:
        if shared is None:
            return ""
        what, name, count, whole = shared
        at = self.words[f"at_{what}"].format(name=self._worded(name))
        return self.words["where_all" if whole else "where_most"].format(share=self._worded(count), at=at)

    def span(self, ms: float) -> str:
        unit, size = next(
            ((unit, size) for unit, size in (("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000)) if ms >= size),
            ("milliseconds", 1),
        )
        value = f"{ms / size:.1f}".removesuffix(".0") if size > 1 else f"{ms:.0f}"
        return self.words[unit].format(value=value.replace(".", self.words["decimal"]))

    def _worded(self, value: Any) -> str:  # noqa: ANN401 - whatever the sentence names
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, str):
            return visible(shorten(value, _NAME))
        return f"{value:,}".replace(",", self.words["thousands"])


@in_each_language
def _words() -> _Words:
    return read(Path(__file__).with_suffix(".toml"), _Words)
