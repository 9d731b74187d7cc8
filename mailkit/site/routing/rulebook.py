"""Reading tables of rules: ``rules.toml`` for maestro*, ``trace_rules.toml`` for Maestro PMS, or a file of somebody's own.

A table is checked when it is read: every fact, value, place, finding and page it names must exist, every situation must have a
row, and no row may lead back to itself. What does not fit is one :class:`~mailkit.errors.InputError` that says what and where.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from mailkit import knowledge
from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.knowledge import in_each_language
from mailkit.site.erp import MailingRow, SmtpSettings, User
from mailkit.site.opinion import Opinion, worded
from mailkit.site.pms import EmailSetup
from mailkit.site.route import Transport
from mailkit.site.routing.decision import cover
from mailkit.site.routing.situation import DOMAINS, EVIDENCE, FactValue
from mailkit.site.routing.table import Basis, Case, Confidence, Deduction, Fact, FieldName, Rules, Step, Words
from mailkit.text import shorten, visible

__all__ = ["rules", "trace_rules"]

T = TypeVar("T")

_LONGEST_FILE = 1_000_000
_LONGEST_MISTAKE = 300

_TABLES: Mapping[Product, Mapping[str, type[Struct]]] = {
    "maestro-erp": {"users": User, "general_settings.smtp": SmtpSettings, "mailing_configuration": MailingRow},
    "maestro-pms": {"email_setup": EmailSetup},
}
_TAKES: Mapping[Product, frozenset[str]] = {
    product: frozenset({"client", "token", "nothing"})
    | {f"{table}.{field}" for table, kind in tables.items() for field in kind.__struct_fields__}
    for product, tables in _TABLES.items()
}
"""What a place can be: the fields of the site file, and what is no field."""


class _SameAs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    same_as: str


_Wanted = FactValue | tuple[FactValue, ...]


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    when: dict[str, _Wanted]
    transport: Transport | Literal["unknown"] | None = None
    takes: dict[FieldName, str] | None = None
    basis: Basis | None = None
    confidence: Confidence | None = None
    sources: tuple[str, ...] | None = None
    reason: str | None = None
    why: str | None = None
    findings: tuple[str, ...] | None = None
    incomplete: str | None = None
    again: dict[str, FactValue | _SameAs] | None = None


class _Rule(_Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    also: tuple[_Row, ...] = ()


class _Meta(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    date: dt.date
    product: Product
    sources: dict[str, str]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: _Meta
    needs: dict[Transport, tuple[FieldName, ...]]
    words: Words
    facts: dict[str, Fact]
    places: dict[FieldName, dict[str, tuple[Step, ...]]]
    rules: tuple[_Rule, ...]
    deductions: tuple[Deduction, ...] = ()


def rules(file: str | Path | None = None) -> Rules:
    """Give the table of maestro*, or the one in ``file``; raise :class:`~mailkit.errors.InputError` if that cannot be used."""
    return _shipped("rules.toml") if file is None else _read(Path(file))


def trace_rules(file: str | Path | None = None) -> Rules:
    """Give the table of Maestro PMS, or the one in ``file``; raise :class:`~mailkit.errors.InputError` if that cannot be used."""
    return _shipped("trace_rules.toml") if file is None else _read(Path(file))


@in_each_language
def _shipped(name: str) -> Rules:
    return _table(knowledge.read(Path(__file__).with_name(name), _File))


def _read(file: Path) -> Rules:
    try:
        return _table(msgspec.toml.decode(_text(file), type=_File))
    except (OSError, ValueError, RecursionError) as wrong:
        said = wrong.strerror if isinstance(wrong, OSError) and wrong.strerror else str(wrong)
        line = visible(shorten(" ".join(said.split()), _LONGEST_MISTAKE))
        raise InputError(f"{visible(str(file))}: not a usable table of rules: {line}") from wrong


def _text(file: Path) -> bytes:
    with file.open("rb") as stream:
        text = stream.read(_LONGEST_FILE + 1)
    if len(text) > _LONGEST_FILE:
        raise ValueError(f"longer than {_LONGEST_FILE} bytes")
    return text


def _table(file: _File) -> Rules:
    """Put the file into the form that is asked; whatever does not fit raises ``ValueError``."""
    product = file.meta.product
    domains = DOMAINS[product]
    _check_facts(file)
    _check_places(file)
    ids = [rule.id for rule in file.rules]
    if twice := [one for one in ids if ids.count(one) > 1]:
        raise ValueError(f"rules: {twice[0]} is there twice (what varies in a row goes into its `also`)")
    table = Rules(
        product=product,
        date=file.meta.date,
        pages=file.meta.sources,
        needs=file.needs,
        words=file.words,
        names=tuple(domains),
        domains=tuple(frozenset(domain) for domain in domains.values()),
        facts=tuple(file.facts[name] for name in domains),
        deductions=file.deductions,
        places=file.places,
        cases=tuple(_case(rule.id, row, file) for rule in file.rules for row in _rows(rule)),
    )
    reached = {case for outcome in cover(table, table.domains) for case in outcome.path}
    if idle := [case.rule for case in table.cases if case not in reached]:
        raise ValueError(f"rules: {idle[0]} (or a variation of it) is never reached: the rows above take all it is for")
    return table


def _check_facts(file: _File) -> None:
    product = file.meta.product
    domains = DOMAINS[product]
    for name in file.facts:
        _check(name, domains, "facts")
    for name, domain in domains.items():
        fact = _get(file.facts, name, "facts")
        _check(fact.assume, domain, f"facts.{name}.assume")
        for value in domain:
            _check(str(value).lower(), fact.says, f"facts.{name}.says")
    for deduction in file.deductions:
        _check(deduction.of, EVIDENCE[product], "deductions: of")
        for name, value in deduction.gives.items():
            _check(value, _get(domains, name, "deductions: gives"), f"deductions: gives.{name}")


def _check_places(file: _File) -> None:
    for field, lists in file.places.items():
        for name, steps in lists.items():
            if not steps:
                raise ValueError(f"places.{field}.{name}: there must be a place")
            for take in [take for step in steps for take in (step.take, step.copy_of) if take is not None]:
                _check(take, _TAKES[file.meta.product], f"places.{field}.{name}")


def _rows(rule: _Rule) -> Iterator[_Row]:
    """Give a row and its variations, with what those leave unsaid taken from the row."""
    yield rule
    for also in rule.also:
        absent = {name: getattr(rule, name) for name in _Row.__struct_fields__ if getattr(also, name) is None}
        yield msgspec.structs.replace(also, **absent)


def _case(rule: str, row: _Row, file: _File) -> Case:
    at, product = f"rules: {rule}", file.meta.product
    domains = DOMAINS[product]
    order = {name: place for place, name in enumerate(domains)}
    again = row.again or {}
    for name, wanted in row.when.items():
        for value in _values(wanted):
            _check(value, _get(domains, name, f"{at}: when"), f"{at}: when.{name}")
    for name, changed in again.items():
        domain = _get(domains, name, f"{at}: again")
        values = _get(domains, changed.same_as, f"{at}: again") if isinstance(changed, _SameAs) else (changed,)
        for value in values:
            _check(value, domain, f"{at}: again.{name}")
    for field, place in (row.takes or {}).items():
        _get(file.places.get(field, {}), place, f"{at}: takes.{field}")
    for source in row.sources or ():
        _get(file.meta.sources, source, f"{at}: sources")
    if row.basis is None or row.confidence is None or not row.reason:
        raise ValueError(f"{at}: basis, confidence and reason must be there")
    if (row.transport is None) == (not again):
        raise ValueError(f"{at}: there must be either a transport or `again`")
    return Case(
        rule=rule,
        when=tuple((order[name], frozenset(_values(wanted))) for name, wanted in row.when.items()),
        transport=None if row.transport == "unknown" else row.transport,
        takes=row.takes or {},
        basis=row.basis,
        confidence=row.confidence,
        sources=row.sources or (),
        reason=row.reason,
        why=row.why,
        findings=tuple(_finding(said, product, at) for said in row.findings or ()),
        incomplete=_finding(f"{row.incomplete or 'site.route-incomplete'}/shared", product, at)[0],
        changes=tuple((order[name], value) for name, value in again.items() if not isinstance(value, _SameAs)),
        follows=tuple((order[name], order[value.same_as]) for name, value in again.items() if isinstance(value, _SameAs)),
    )


def _values(wanted: _Wanted) -> tuple[FactValue, ...]:
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _finding(said: str, product: Product, at: str) -> tuple[str, str | None]:
    code, _, variant = said.partition("/")
    try:
        worded(Opinion(code=code, subject="", variant=variant or None), product)
    except KeyError as wrong:
        raise ValueError(f"{at}: there is no finding {said}") from wrong
    return code, variant or None


def _get(where: Mapping[str, T], name: str, at: str) -> T:
    _check(name, where, at)
    return where[name]


def _check(value: object, allowed: Iterable[object], at: str) -> None:
    # True is not 1 here: a flag is compared with flags only.
    known = tuple(allowed)
    if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in known):
        raise ValueError(f"{at}: there is no {value}; there is {', '.join(sorted(str(one) for one in known))}")
