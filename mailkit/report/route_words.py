"""What people call the parts of a route, and which routes are the same for many: once, for terminal, Markdown, page and panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from mailkit.finding import Finding
from mailkit.report.places import place
from mailkit.site.route import Assumption, Route, RouteValue, Source, Transport
from mailkit.site.routing import rules, trace_rules
from mailkit.site.routing.table import Fact
from mailkit.site.screens import screens
from mailkit.text import shorten

__all__ = [
    "FIELD",
    "MAILING",
    "SOURCE",
    "TRANSPORT",
    "Group",
    "Said",
    "alternatives",
    "assumed",
    "basis",
    "groups",
    "rule",
    "said",
    "warnings",
    "who",
]

TRANSPORT: dict[Transport | None, str] = {
    "smtp": "SMTP",
    "outlook": "Outlook",
    "mapi": "the default mail program (MAPI)",
    "notes": "Lotus Notes",
    "modern_auth": "Microsoft 365, by sign-in",
    "none": "cannot leave",
    None: "not decided",
}

SOURCE: dict[Source, str] = {
    "user": "user's record",
    "general": "General Settings",
    "mailing": "Mailing Configuration",
    "property": "Email Setup of the property",
    "email-setup": "Email Setup",
    "clerk": "clerk's record",
    "client": "mail program",
    "token": "sign-in",
}

MAILING: dict[str, str] = {
    "standard": "standard mail",
    "bulk": "mail to many",
    "dispatch": "dispatch",
    "mobile": "maestro*MOBILE",
    "trace": "traces",
    "staff": "staff messages",
    "alert": "alerts to guests",
}

FIELD: dict[str, str] = {
    "server": "Server",
    "port": "Port",
    "security": "Encryption",
    "login": "Log-in",
    "password": "Password",
    "sender": "From",
}
"""The six values of a route by their names in :class:`~mailkit.site.route.RouteFields`."""

_ORDER = {mailing: place for place, mailing in enumerate(MAILING)}
_SECURITY = {"none": "SSL box not ticked", "ssl": "SSL box ticked"}
_CONFIDENCE = {"sure": "", "likely": ", likely", "guess": ", a guess"}
_HOTEL = ("trace", "staff", "alert")

_LISTED = 3
"""Different values of a group that are all shown; of more, only how many there are."""
_DEPTH = 8
"""Steps of "for now" that are followed; no table has as many."""
_OTHERS = 4
"""Other ways, or users, that are told; of more, how many there are."""


Mark = Literal["known", "empty", "unknown", "own", "none"]


@dataclass(frozen=True)
class Said:
    """One value of a route in words."""

    text: str
    mark: Mark
    """``own``: the mail program or the sign-in settles it; ``none``: there is no such value."""
    source: str | None = None
    place: str | None = None
    """The way to the field on the screens."""
    note: str | None = None
    then: Said | None = None
    """What holds for now, where the value itself is not known."""


@dataclass(frozen=True)
class Group:
    """Routes that differ in nothing but whose they are, and in personal values."""

    mailings: tuple[str, ...]
    routes: tuple[Route, ...]
    """Of one mailing type: one for each user."""

    @property
    def route(self) -> Route:
        """The one that stands for all."""
        return self.routes[0]

    @property
    def users(self) -> tuple[str | None, ...]:
        """Whose mail it is."""
        return tuple(route.user for route in self.routes)

    @property
    def mailing(self) -> str:
        """The mailing types in words, with the documents where it holds for some only."""
        words = ", ".join(MAILING.get(mailing, mailing) for mailing in self.mailings)
        return words + (f" ({', '.join(self.route.documents)})" if self.route.documents else "")

    def values(self) -> Iterator[tuple[str, Said]]:
        """Yield the six values by their names; where they differ, the different ones or how many there are."""
        for name in FIELD:
            yield name, _spread(name, self.routes)


def groups(routes: Iterable[Route]) -> list[Group]:
    """Put routes together that are alike, ordinary mail first; mailing types that agree in everything share a group."""
    alike: dict[object, list[Route]] = {}
    for route in routes:
        alike.setdefault((route.mailing, *_pattern(route)), []).append(route)
    merged: dict[object, Group] = {}
    for same in alike.values():
        first = same[0]
        key = (_pattern(first), tuple((route.user, route.fields, route.recipient) for route in same))
        other = merged.get(key)
        mailings = (*(other.mailings if other else ()), first.mailing)
        merged[key] = Group(mailings=tuple(dict.fromkeys(mailings)), routes=tuple(same))
    return sorted(merged.values(), key=lambda group: _ORDER.get(group.mailings[0], len(_ORDER)))


def said(name: str, value: RouteValue, depth: int = _DEPTH) -> Said:
    """Return one of the six values in words; an empty one and one that is not known are never the same word."""
    then = said(name, value.otherwise, depth - 1) if value.otherwise and depth else None
    if then and then.mark in ("unknown", "none"):
        then = then.then
    text, mark = _worded(name, value)
    source = SOURCE[value.source] if value.source and mark != "own" else None
    where = place(value.where) if value.where in screens() else None
    return Said(text=text, mark=mark, source=source, place=where, note=value.note, then=then)


def _worded(name: str, value: RouteValue) -> tuple[str, Mark]:
    if value.value not in (None, ""):
        return (_SECURITY.get(str(value.value), str(value.value)) if name == "security" else str(value.value)), "known"
    if value.value == "" or value.set is False:
        return ("not set" if name == "password" else "empty"), "empty"
    if value.source in ("client", "token"):
        return f"by the {SOURCE[value.source]}", "own"
    if value.set and name == "password":
        return "set", "known"
    if value.source is None and value.where is None and value.otherwise is None:
        # "none" alone would be read as "not encrypted".
        return ("no field for it" if value.note else "none"), "none"
    return "not known", "unknown"


def _spread(name: str, routes: tuple[Route, ...]) -> Said:
    """Say one value of many routes: what all have; else the different ones, and for how many it is empty or not known."""
    different = Counter(getattr(route.fields, name) for route in routes)
    one, *more = different
    if not more:
        return said(name, one)
    told = [(said(name, value), count) for value, count in different.items()]
    texts = list(dict.fromkeys(text for value, _ in told if (text := _usable(value))))
    parts = texts if len(texts) <= _LISTED else [f"{len(texts)} different ones"]
    counts: Counter[str] = Counter()
    for value, count in told:
        if _usable(value) is None:
            counts[value.text] += count
    parts += [text if count == len(routes) else f"{text} for {count}" for text, count in counts.items()]
    marks = {value.mark for value, _ in told}
    return Said(
        text=", ".join(parts),
        mark="known" if "known" in marks else told[0][0].mark,
        source=", ".join(dict.fromkeys(value.source for value, _ in told if value.source)) or None,
        place=told[0][0].place if len({value.place for value, _ in told}) == 1 else None,
    )


def _usable(value: Said) -> str | None:
    if value.mark == "known":
        return value.text
    return f"{value.then.text} for now" if value.then and value.then.mark == "known" else None


def _pattern(route: Route) -> tuple[object, ...]:
    """What must be equal for routes to be told together: how it was decided, not which values it led to."""
    return (
        route.transport,
        route.rule,
        route.as_rule,
        route.basis,
        route.confidence,
        route.reason,
        route.documents,
        route.assumed,
        route.alternatives,
    )


def who(group: Group) -> str:
    """Return whose mail it is: one by name, more as a number.

    >>> who(Group(mailings=("standard",), routes=()))
    'nobody'
    """
    users = group.users
    if not users:
        return "nobody"
    if len(users) == 1:
        return users[0] if users[0] is not None else "anybody" if group.route.mailing not in _HOTEL else "nobody's own"
    return f"{len(users)} {'clerks' if group.route.mailing in _HOTEL else 'users'}"


def rule(route: Route) -> str:
    """Return the number of the rule, with the row it leads to."""
    return f"{route.rule}, as {route.as_rule}" if route.as_rule and route.as_rule != route.rule else route.rule


def basis(route: Route) -> str:
    """Return how well founded a route is: ``documented``, ``inferred, likely``."""
    return route.basis + _CONFIDENCE[route.confidence]


def assumed(one: Assumption) -> str:
    """Return what was taken for something that is not known, and why."""
    fact = _facts().get(one.where)
    field = screens().get(one.where)
    name = fact.name if fact else field.label if field else one.where
    word = fact.says.get(str(one.value).lower(), str(one.value)) if fact else str(one.value)
    return f"{name} is {word}. {one.because}"


@cache
def _facts() -> dict[str, Fact]:
    """What decides, by the field it stands in: how it is spoken of."""
    return {fact.where: fact for table in (rules(), trace_rules()) for fact in table.facts}


def alternatives(route: Route) -> list[str]:
    """Return the rules that would decide if what is not known were otherwise, the first four by name."""
    told = [f"{TRANSPORT[other.transport]} ({other.rule}), if {other.when}" for other in route.alternatives[:_OTHERS]]
    more = len(route.alternatives) - len(told)
    return told + ([f"{more} more"] if more else [])


def warnings(group: Group) -> list[tuple[Finding, str]]:
    """Return the errors and warnings of a group, one of each code, with the words for how many it is about; errors first."""
    found: dict[str, list[tuple[Finding, str]]] = {}
    for route in group.routes:
        for finding in route.findings:
            if finding.severity in ("error", "warning"):
                found.setdefault(finding.code, []).append((finding, route.user or ""))
    ordered = sorted(found.values(), key=lambda same: same[0][0].severity != "error")
    return [(same[0][0], _about([user for _, user in same], len(group.routes))) for same in ordered]


def _about(users: list[str], of: int) -> str:
    if of == 1:
        return ""
    if len(users) >= of:
        return f" (all {of})"
    named = ", ".join(shorten(user, 60) for user in users[:_OTHERS])
    return f" ({len(users)} of {of}: {named}{', …' if len(users) > _OTHERS else ''})"
