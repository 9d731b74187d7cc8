"""What a table of routing rules is: facts that decide, rows that match on them, and places a route's values come from.

Read and checked by :mod:`.rulebook`, asked by :mod:`.decision`; its places are looked up by
:mod:`.places`. The file explains each name (``rules.toml``, at the top).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from mailkit.finding import Product
from mailkit.site.route import Transport
from mailkit.site.routing.situation import FactValue

__all__ = ["FIELDS", "Basis", "Case", "Confidence", "Deduction", "Fact", "FieldName", "Rules", "Step", "Takes", "Words"]

FieldName = Literal["server", "port", "security", "login", "password", "from"]
"""One of the six values of a route."""

FIELDS: tuple[FieldName, ...] = get_args(FieldName)

Takes = Mapping[FieldName, str]
"""For each value of a route the name of the list of places it comes from; absent: there is no such value."""

Basis = Literal["documented", "inferred"]
Confidence = Literal["sure", "likely", "guess"]


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One place a value may be found in."""

    take: str
    """A field by its name in the site file; ``client``, ``token`` or ``nothing``."""
    only: Literal["address"] | None = None
    copy_of: str | None = None
    """The field it was filled in from."""
    unknown: Literal["stop", "next", "copy"] = "stop"
    basis: Basis = "documented"
    note: str | None = None


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One thing that decides: how it is spoken of, where to look it up, what is taken for it while it is not known."""

    name: str
    says: dict[str, str]
    where: str
    assume: FactValue
    because: str
    look: str | None = None
    works: bool = False
    """It says whether a way works, not which way is taken."""

    def saying(self, value: FactValue) -> str:
        """Give a value as it stands in a sentence."""
        return self.says[str(value).lower()]


class Deduction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """What follows for one fact from another that is known anywhere on the site."""

    of: str
    gives: dict[str, FactValue]
    because: str
    values: tuple[FactValue, ...] | None = None
    """Which values say so; ``None``: any."""


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What alternatives and reservations are said with."""

    is_: str = msgspec.field(name="is")
    not_: str = msgspec.field(name="not")
    or_: str = msgspec.field(name="or")
    and_: str = msgspec.field(name="and")
    look: str
    depends: str
    copied: str
    differs: str
    inferred: str


class Case(Struct, frozen=True, kw_only=True, eq=False):
    """A row under one set of circumstances, ready to be compared: two cases are the same only if they are one."""

    rule: str
    when: tuple[tuple[int, frozenset[FactValue]], ...]
    """Facts by their places in a situation, and the values that fit."""
    transport: Transport | None
    takes: Takes
    basis: Basis
    confidence: Confidence
    sources: tuple[str, ...]
    reason: str
    why: str | None
    findings: tuple[tuple[str, str | None], ...]
    """Codes and their variants."""
    incomplete: str
    """The code for values that are needed and known to be empty."""
    changes: tuple[tuple[int, FactValue], ...] = ()
    """"As the row of …": facts to change before deciding once more."""
    follows: tuple[tuple[int, int], ...] = ()
    """The same, for facts that take over what another fact is."""


class Rules(Struct, frozen=True, kw_only=True, eq=False):
    """A table, checked."""

    product: Product
    date: dt.date
    pages: Mapping[str, str]
    """The sources by their keys."""
    needs: Mapping[Transport, tuple[FieldName, ...]]
    words: Words
    names: tuple[str, ...]
    """The facts, in the order of a situation."""
    domains: tuple[frozenset[FactValue], ...]
    facts: tuple[Fact, ...]
    deductions: tuple[Deduction, ...]
    places: Mapping[FieldName, Mapping[str, tuple[Step, ...]]]
    cases: tuple[Case, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The numbers of the rows, in the order they are read."""
        return tuple(dict.fromkeys(case.rule for case in self.cases))
