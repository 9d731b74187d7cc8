"""By which route every mail of a site leaves: one :class:`~mailkit.site.route.Route` per person and kind of mail.

Puts together what decides (:mod:`.situation`), the table (:mod:`.rulebook`), the row that fits (:mod:`.decision`), the values
(:mod:`.places`) and what is to be said (:mod:`.findings`). It knows neither a row nor a mode: another table is another behaviour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar, cast

from mailkit.errors import InputError
from mailkit.site.erp import MAILINGS, ErpSite, Mailing, MailingRow, User
from mailkit.site.pms import Clerk, EmailSetup, PmsSite
from mailkit.site.route import Route, RouteFields, Source
from mailkit.site.routing import rulebook
from mailkit.site.routing.decision import Decision, decide
from mailkit.site.routing.findings import findings, not_used
from mailkit.site.routing.places import Places, agreed
from mailkit.site.routing.rulebook import rules, trace_rules
from mailkit.site.routing.situation import KINDS, FactValue, erp_evidence, erp_situation, pms_situation
from mailkit.site.routing.table import Deduction, Rules
from mailkit.text import shorten, visible

__all__ = ["route", "routes", "rules", "trace_rules"]

Person = TypeVar("Person", User, Clerk)

_TO_MANY = frozenset({"bulk", "dispatch"})
_ALERT = "alert"
_NAMES_SHOWN, _LONGEST_NAME = 8, 60


def routes(
    site: ErpSite | PmsSite, user: str | None = None, mailing: str | None = None, *, rules: Rules | None = None
) -> Iterator[Route]:
    """Give a route for each user and mailing type (at Maestro PMS: clerk and kind of message), in the order of the site.

    ``user`` is a code, a number or a name, in capitals or not; ``mailing`` one type. Bulk mail and dispatch have one route for
    each distinct pair of sending account and box *Use SMTP* among the rows of Mailing Configuration, with the rows it holds for;
    while no row is listed there, both are not known (the screen always has rows: not listed is not looked up). A site of which no
    user is known yet gives the routes of anybody. At Maestro PMS alerts to guests are nobody's: they come last, once for each
    distinct Email Setup, with the properties it holds for.

    ``rules`` is a table to decide by instead (:func:`~mailkit.site.routing.rulebook.rules`). Raises
    :class:`~mailkit.errors.InputError` for a user or a mailing type that does not exist; whatever is configured is an answer,
    never an error.
    """
    kinds = _kinds(site, mailing)
    if isinstance(site, ErpSite):
        users = site.users if user is None else tuple(_named(site.users, user, "user"))
        return _Erp(site, rules).routes(users or (User(),), kinds)
    clerks = site.clerks if user is None else tuple(_named(site.clerks, user, "clerk"))
    return _Pms(site, rules).routes(clerks, kinds if user is None else tuple(kind for kind in kinds if kind != _ALERT))


def route(
    site: ErpSite | PmsSite,
    user: User | Clerk | str | None = None,
    mailing: str | None = None,
    *,
    row: MailingRow | None = None,
    single: bool = False,
    rules: Rules | None = None,
) -> Route:
    """Give the route of one mail.

    ``user`` is a user or clerk, or what names one; ``None``: anybody (at Maestro PMS: a guest). ``mailing`` is ``standard``
    (``trace``) unless said; ``row`` the document of bulk mail, and ``single`` says that it is sent to one recipient. Raises
    :class:`~mailkit.errors.InputError` for a user or a mailing type that does not exist.
    """
    (kind, *_) = _kinds(site, mailing)
    if isinstance(site, ErpSite):
        person = next(_named(site.users, user, "user")) if isinstance(user, str) else user
        if isinstance(person, Clerk):
            raise InputError("maestro* has users; clerks belong to Maestro PMS")
        return _Erp(site, rules).route(person or User(), cast("Mailing", kind), () if row is None else (row,), single=single)
    clerk = next(_named(site.clerks, user, "clerk")) if isinstance(user, str) else user
    if isinstance(clerk, User):
        raise InputError("Maestro PMS has clerks; users belong to maestro*")
    return _Pms(site, rules).route(clerk, kind if clerk else _ALERT)


def _kinds(site: ErpSite | PmsSite, mailing: str | None) -> tuple[str, ...]:
    every = MAILINGS if isinstance(site, ErpSite) else KINDS
    if mailing is None:
        return every
    if mailing not in every:
        product = "maestro*" if isinstance(site, ErpSite) else "Maestro PMS"
        raise InputError(f"{_quoted(mailing)} is no mailing type of {product}; there is {', '.join(every)}")
    return (mailing,)


def _named(people: Iterable[Person], wanted: str, what: str) -> Iterator[Person]:
    """Give those whose code, number or name it is; whoever is asked for by code may share it with another's name."""
    everybody = tuple(people)
    key = wanted.strip().casefold()
    found = [one for one in everybody if key and key in {name.strip().casefold() for name in _names(one)}]
    if not found:
        names = [_quoted(name) for one in everybody if (name := _name(one))]
        more = [f"{len(names) - _NAMES_SHOWN} more"] if len(names) > _NAMES_SHOWN else []
        there = f"there is {', '.join(names[:_NAMES_SHOWN] + more)}" if names else f"no {what} has a code or a name"
        raise InputError(f"{_quoted(wanted)} is no {what} of this site; {there}")
    yield from found


def _quoted(text: str) -> str:
    return visible(shorten(text, _LONGEST_NAME))


def _names(person: User | Clerk) -> Iterator[str]:
    yield from filter(None, (person.code, person.name))
    if isinstance(person, User) and person.number is not None:
        yield str(person.number)


def _name(person: User | Clerk) -> str | None:
    for name in (person.code, person.name):
        if name and name.strip():
            return name
    return str(person.number) if isinstance(person, User) and person.number is not None else None


class _Erp:
    """The routes of one maestro* site."""

    def __init__(self, site: ErpSite, table: Rules | None) -> None:
        self._site = site
        self._table = _for_product(table or rulebook.rules(), site)
        self._deduced = _deduced(site, self._table)
        self._places = Places(
            self._table,
            {"general_settings.smtp": site.general_settings.smtp},
            code_domain=site.code_domain,
        )
        self._rows = {mailing: _grouped(site.mailing_configuration, mailing) for mailing in _TO_MANY}

    def routes(self, users: Iterable[User], mailings: tuple[str, ...]) -> Iterator[Route]:
        for user in users:
            for mailing in cast("tuple[Mailing, ...]", mailings):
                for rows in self._rows.get(mailing) or ((),):
                    yield self.route(user, mailing, rows)

    def route(self, user: User, mailing: Mailing, rows: tuple[MailingRow, ...], *, single: bool = False) -> Route:
        row = rows[0] if rows else None
        decided = decide(self._table, erp_situation(self._site, user, mailing, row, single=single), self._deduced)
        fields = self._places.fields(decided.takes, {"users": user, "mailing_configuration": row})
        name = _name(user)
        documents = tuple(row.form for row in rows)
        return _route(
            decided,
            fields,
            user=name,
            mailing=mailing,
            documents=documents,
            findings=not_used(user, mailing, name)
            or findings(self._table, decided, fields, name, documents, certain=mailing != "mobile" or user.access is not None),
        )


class _Pms:
    """The routes of one Maestro PMS site."""

    def __init__(self, site: PmsSite, table: Rules | None) -> None:
        self._site = site
        self._table = _for_product(table or rulebook.trace_rules(), site)
        self._general = self._setup(None)
        self._setups = {one.code.strip().casefold(): self._setup(one.email_setup) for one in site.properties}

    def _setup(self, own: EmailSetup | None) -> tuple[EmailSetup, Places]:
        """Give the Email Setup that holds: what a property says goes before the general one, field by field."""
        said = {name: value for name in EmailSetup.__struct_fields__ if (value := getattr(own, name, None)) is not None}
        general = self._site.email_setup
        setup = EmailSetup(**{name: said.get(name, getattr(general, name)) for name in EmailSetup.__struct_fields__})
        sources: dict[str, Source] = {f"email_setup.{name}": "property" for name in said}
        return setup, Places(self._table, {"email_setup": setup}, sources=sources)

    def routes(self, clerks: Iterable[Clerk], kinds: tuple[str, ...]) -> Iterator[Route]:
        for clerk in clerks:
            for kind in kinds:
                if kind != _ALERT:
                    yield self.route(clerk, kind)
        if _ALERT in kinds:
            for properties, setup in self._distinct():
                yield self._of_setup(None, _ALERT, (setup,), properties)

    def _distinct(self) -> Iterator[tuple[tuple[str, ...], tuple[EmailSetup, Places]]]:
        """Give each distinct setup with its properties; the general one holds for all as long as no property is known."""
        if not self._site.properties:
            yield (), self._general
        codes: dict[EmailSetup, list[str]] = {}
        for one in self._site.properties:
            codes.setdefault(self._setups[one.code.strip().casefold()][0], []).append(one.code)
        for of in codes.values():
            yield tuple(of), self._setups[of[0].strip().casefold()]

    def route(self, clerk: Clerk | None, kind: str) -> Route:
        if clerk is None or not self._setups:
            return self._of_setup(clerk, kind, (self._general,), ())
        if clerk.property is None:  # it may be any of them
            return self._of_setup(clerk, kind, (self._general, *self._setups.values()), ())
        return self._of_setup(clerk, kind, (self._setups.get(clerk.property.strip().casefold(), self._general),), ())

    def _of_setup(
        self, clerk: Clerk | None, kind: str, setups: tuple[tuple[EmailSetup, Places], ...], properties: tuple[str, ...]
    ) -> Route:
        situations = {pms_situation(self._site, setup, clerk, kind) for setup, _ in setups}
        # Where the setups differ, the fact is not known.
        situation = tuple(values.pop() if len(values) == 1 else None for values in map(set, zip(*situations, strict=True)))
        decided = decide(self._table, situation)
        found = [places.fields(decided.takes, {}) for _, places in setups]
        fields = agreed(found, self._table.words.depends) if len(found) > 1 else found[0]
        name = _name(clerk) if clerk else None
        return _route(
            decided,
            fields,
            user=name,
            mailing=kind,
            documents=properties,
            recipient=(clerk.email or None) if clerk else None,
            findings=findings(self._table, decided, fields, name, properties),
        )


def _for_product(table: Rules, site: ErpSite | PmsSite) -> Rules:
    if table.product != site.product:
        raise InputError(f"this table of rules is for {table.product}, the site is one of {site.product}")
    return table


def _grouped(rows: Iterable[MailingRow], mailing: str) -> tuple[tuple[MailingRow, ...], ...]:
    """Give the rows of one mailing type, those with the same account and the same box together."""
    groups: dict[tuple[str | None, str | None], list[MailingRow]] = {}
    for row in rows:
        if row.mailing == mailing:
            groups.setdefault((row.account, row.use_smtp), []).append(row)
    return tuple(tuple(group) for group in groups.values())


def _deduced(site: ErpSite, table: Rules) -> tuple[tuple[int, FactValue, Deduction], ...]:
    """Give what follows from what is known anywhere on the site; what is said in two ways is not said."""
    evidence = erp_evidence(site)
    found: dict[str, dict[FactValue, Deduction]] = {}
    for deduction in table.deductions:
        seen = evidence[deduction.of]
        if seen if deduction.values is None else seen.intersection(deduction.values):
            for name, value in deduction.gives.items():
                found.setdefault(name, {}).setdefault(value, deduction)
    return tuple((table.names.index(name), *next(iter(ways.items()))) for name, ways in found.items() if len(ways) == 1)


def _route(decided: Decision, fields: RouteFields, **of_mail: object) -> Route:
    return Route(
        transport=decided.transport,
        rule=decided.rule,
        as_rule=decided.as_rule,
        basis=decided.basis,
        confidence=decided.confidence,
        reason=decided.reason,
        sources=decided.sources,
        fields=fields,
        assumed=decided.assumed,
        alternatives=decided.alternatives,
        **of_mail,  # type: ignore[arg-type]  # what differs from mail to mail, by the names of a route
    )
