"""Rules: which words mean which cause, in layers. A person's own file of rules goes before everything shipped.

The layers, strongest first: the site's own rules, providers (when it is known who speaks), server programs, client programs, and
wordings of any server. Each row has a source, a date and a confidence, so that ``--why`` can show where an answer comes from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.explain.heard import plain
from mailkit.explain.phrase import Hit, Pattern, Table, compiled
from mailkit.explain.vocabulary import KNOWLEDGE, ScreenFix, causes, reasons
from mailkit.finding import Product, Who
from mailkit.knowledge import Meta, read
from mailkit.site.screens import screens

__all__ = ["Layer", "Rule", "Rules", "Stage", "load", "shipped"]

Stage = Literal["tcp", "greeting", "ehlo", "starttls", "tls", "auth", "sender", "recipient", "data", "after", "session"]
Layer = Literal["own", "provider", "software", "client", "general"]

_FILES: tuple[tuple[Layer, tuple[str, ...]], ...] = (
    ("provider", ("providers", "receivers")),
    ("software", ("software", "transport")),
    ("client", ("clients",)),
    ("general", ("wordings", "languages", "advice")),
)
_STRENGTH: dict[Layer, int] = {"own": 4, "provider": 3, "software": 2, "client": 2, "general": 1}
_LIMIT = 1_000_000
"""Bytes of a person's own file of rules."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way of saying something: who says it, in which words, and what it means."""

    id: str
    means: str
    """A cause."""
    provider: str = "any"
    any: tuple[str, ...] = ()
    """Patterns (:mod:`mailkit.explain.phrase`); one must occur."""
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    """One must be the reply's code, when it has one."""
    status: tuple[str, ...] = ()
    """One must be among its status codes (``5.7.606``; ``7.606`` for both classes)."""
    enhanced: tuple[str, ...] = ()
    """Status codes seen with it: they raise the rank, and are never a condition."""
    reason: str | None = None
    """Another upper level than that of the cause."""
    stage: Stage | None = None
    only: tuple[Stage, ...] = ()
    ports: tuple[int, ...] = ()
    priority: int = 50
    vague: bool = False
    finding: str | None = None
    at: dict[str, str] = {}
    kind: str | None = None
    because: str | None = None
    """The cause in a sentence of its own."""
    lends: bool = False
    """Only lends its sentence and advice to a rule that means the same and has none; never the answer by itself."""
    temporary: Literal["yes", "no", "depends"] | None = None
    """Whether waiting helps, when it is not as the cause says."""
    account_risk: bool | None = None
    who: Who = "support"
    fix: str | None = None
    erp: tuple[ScreenFix, ...] | None = None
    pms: tuple[ScreenFix, ...] | None = None
    sources: tuple[str, ...] = ()
    source: str | None = None
    confidence: Literal["verified", "source", "vendor", "corpus", "thread", "known"] = "known"
    date: dt.date | None = None

    def on(self, product: Product) -> tuple[ScreenFix, ...] | None:
        """Give what to do on a product's screens; ``None``: as the cause says."""
        return self.erp if product == "maestro-erp" else self.pms


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reply: tuple[Rule, ...]
    meta: Meta | None = None
    words: dict[str, tuple[str, ...]] = {}


class Placed(Struct, frozen=True):
    """A rule in its layer, with its patterns."""

    rule: Rule
    layer: Layer
    date: dt.date | None
    sources: tuple[str, ...]
    any: tuple[int, ...]
    all: tuple[int, ...]
    none: tuple[int, ...]

    @property
    def strength(self) -> int:
        """How far up its layer is."""
        return _STRENGTH[self.layer]


class Rules:
    """All rules of all layers, ready to be asked."""

    def __init__(self, files: tuple[tuple[Layer, _File], ...]) -> None:
        self._patterns: list[Pattern] = []
        numbers: dict[str, int] = {}
        words = {name: tuple(plain(word) for word in told) for _, file in files for name, told in file.words.items()}

        def numbered(texts: tuple[str, ...]) -> tuple[int, ...]:
            for text in texts:
                if text not in numbers:
                    numbers[text] = len(self._patterns)
                    self._patterns.append(compiled(plain(text), words))
            return tuple(numbers[text] for text in texts)

        self.rules = tuple(
            Placed(
                rule,
                layer,
                rule.date or (file.meta.date if file.meta else None),
                rule.sources or ((rule.source,) if rule.source else file.meta.sources if file.meta else ()),
                numbered(rule.any),
                numbered(rule.all),
                numbered(rule.none),
            )
            for layer, file in files
            for rule in file.reply
        )
        self._by_pattern: dict[int, list[int]] = {}
        for at, placed in enumerate(self.rules):
            for number in placed.any:
                self._by_pattern.setdefault(number, []).append(at)
        self._by_status: dict[str, list[int]] = {}
        for at, placed in enumerate(self.rules):
            if not placed.any:
                for status in placed.rule.status:
                    self._by_status.setdefault(status, []).append(at)

    @cached_property
    def _table(self) -> Table:
        return Table(self._patterns)

    def find(self, text: str, status: tuple[str, ...]) -> list[tuple[Placed, Hit | None]]:
        """Give the rules whose words occur, each with its longest match (``None``: its status code alone)."""
        hits = self._table.find(text)
        at: dict[int, Hit | None] = {}
        for number, hit in hits.items():
            for row in self._by_pattern.get(number, ()):
                best = at.get(row)
                if best is None or hit.end - hit.begin > best.end - best.begin:
                    at[row] = hit
        for code in status:
            for row in (*self._by_status.get(code, ()), *self._by_status.get(code[2:], ())):
                at.setdefault(row, None)
        return [(self.rules[row], hit) for row, hit in at.items() if _holds(self.rules[row], hits.keys(), status)]


def _holds(placed: Placed, hits: Collection[int], status: tuple[str, ...]) -> bool:
    told = placed.rule.status
    return (
        all(number in hits for number in placed.all)
        and not any(number in hits for number in placed.none)
        and (not told or any(code in told or code[2:] in told for code in status))
    )


def _files() -> tuple[tuple[Layer, _File], ...]:
    return tuple((layer, read(KNOWLEDGE / f"{name}.toml", _File)) for layer, names in _FILES for name in names)


@cache
def shipped() -> Rules:
    """Give the rules that come with mailkit; read when the first text is explained."""
    return Rules(_files())


def load(path: Path) -> Rules:
    """Read a person's own file of rules and put it before the shipped ones.

    The file holds rows ``[[reply]]`` with ``id``, ``any``, ``means`` and whatever else :class:`Rule` has, and ``[words]``.

    Raises:
        InputError: it cannot be read, or a row in it says something that does not exist.
    """
    try:
        raw = path.read_bytes()[: _LIMIT + 1]
    except OSError as error:
        raise InputError(f"the file of rules {path} cannot be read ({error.strerror})") from None
    if len(raw) > _LIMIT:
        raise InputError(f"the file of rules {path} is larger than {_LIMIT} bytes; leave only rules in it")
    try:
        file = msgspec.toml.decode(raw, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}; a rule is a table [[reply]] with at least id, any and means") from None
    for rule in file.reply:
        _check(rule, path)
    return Rules((("own", file), *_files()))


def _check(rule: Rule, path: Path) -> None:
    if rule.means not in causes():
        raise InputError(f"{path}, rule {rule.id}: means = {rule.means!r} is no cause; one of: {', '.join(causes())}")
    if rule.reason is not None and rule.reason not in reasons():
        raise InputError(f"{path}, rule {rule.id}: reason = {rule.reason!r} is no reason; one of: {', '.join(reasons())}")
    if not (rule.any or rule.status):
        raise InputError(f'{path}, rule {rule.id}: nothing to look for; give any = ["words"] or status = ["5.7.1"]')
    if fields := [fix.where for fix in (*(rule.erp or ()), *(rule.pms or ())) if fix.where and fix.where not in screens()]:
        raise InputError(f"{path}, rule {rule.id}: there is no field {fields[0]!r} on the screens")
