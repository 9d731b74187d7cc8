"""Routes as people read them: who sends how, with the source of every value; for a terminal, as Markdown, and as HTML.

Equal routes are told once (:mod:`.route_words`); the routes of one person are told in full, with the way to each field.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from mailkit.finding import Finding
from mailkit.report.markup import literal, prose, text
from mailkit.report.page import style
from mailkit.report.places import place
from mailkit.report.route_words import (
    FIELD,
    TRANSPORT,
    Group,
    Said,
    alternatives,
    assumed,
    basis,
    groups,
    rule,
    warnings,
    who,
)
from mailkit.report.words import SEVERITY, who_words
from mailkit.site.route import Route
from mailkit.text import shorten, visible

__all__ = ["LEGEND", "ROWS", "fragment", "markdown", "render"]

ROWS = 120
"""Routes up to which a table has a row for each; of more, equal ones share a row."""

NARROWEST, WIDEST = 44, 120
LABEL = 14
NAMES = 12
"""Users of a group that are named; of more, how many there are."""
VALUE = 200
"""Characters of a value."""

LEGEND = (
    ("not known", "nobody has told us; look at the field"),
    ("empty", "the field is known to be empty"),
    ("for now", "what holds as long as the field that is not known is empty, or still the copy it was made as"),
    ("documented", "a page of the maker says so"),
    ("inferred", "concluded by us; a test mail settles it"),
)
"""Words of the table that need one."""


def render(routes: Iterable[Route], *, width: int = 80, colour: bool = False, detailed: bool | None = None) -> str:
    """Return routes as text of at most ``width`` columns (44 to 120), ending with a line end.

    ``detailed``: the way to every field, and what to do; ``None``: when all routes are of one person.
    """
    listed = list(routes)
    if not listed:
        return "No routes.\n"
    if detailed is None:
        detailed = len({route.user for route in listed}) == 1
    writer = _Terminal(width=max(NARROWEST, min(width, WIDEST)), colour=colour, detailed=detailed)
    return "\n".join("\n".join(writer.group(group)) + "\n" for group in groups(listed))


def markdown(routes: Iterable[Route]) -> str:
    """Return routes as a Markdown table, equal ones in one row, and below it what is assumed and what is wrong."""
    told = groups(routes)
    heads = ("Who", "Mail", "Leaves by", "Rule", *FIELD.values())
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for group in told:
        values = (_cell(value) for _, value in group.values())
        route = group.route
        cells = (prose(shorten(who(group), VALUE)), prose(group.mailing), TRANSPORT[route.transport])
        lines.append(f"| {' | '.join((*cells, prose(f'{rule(route)}, {basis(route)}'), *values))} |")
    lines.append("")
    for group in told:
        lines.append(f"- **{prose(_headline(group))}:** {prose(group.route.reason)}")
        if len(group.users) > 1:
            lines.append(f"  - {prose(_names(group))}")
        lines += [f"  - {label}: {prose(note)}" for label, note in _notes(group)]
    return "\n".join(lines) + "\n"


def fragment(routes: Iterable[Route], *, grouped: bool | None = None) -> str:
    """Return routes as an HTML table with its styles: a row for each, or (``grouped``; ``None``: from 121 on) for equal ones."""
    listed = list(routes)
    if grouped is None:
        grouped = len(listed) > ROWS
    told = groups(listed) if grouped else [Group(mailings=(route.mailing,), routes=(route,)) for route in listed]
    heads = ("Who", "Mail", "Leaves by", *FIELD.values())
    row = "".join(f'<th scope="col" class="mk-r{number}">{head}</th>' for number, head in enumerate(heads))
    legend = "".join(f"<dt>{word}</dt><dd>{means}</dd>" for word, means in LEGEND)
    body = (
        "".join(_html_rows(group, len(heads)) for group in told)
        if told
        else f'<tbody><tr><td colspan="{len(heads)}">No routes.</td></tr></tbody>'
    )
    return (
        f'<style>{style()}{_style()}</style><div class="mailkit"><table class="mk-routes"><caption>Who sends how</caption>'
        f'<thead><tr>{row}</tr></thead>{body}</table><dl class="mk-legend">{legend}</dl></div>'
    )


@cache
def _style() -> str:
    return files("mailkit.report").joinpath("routes.css").read_text(encoding="utf-8")


def _headline(group: Group) -> str:
    route = group.route
    return f"{shorten(who(group), VALUE)}: {group.mailing} → {TRANSPORT[route.transport]} ({rule(route)}, {basis(route)})"


def _names(group: Group) -> str:
    named = [shorten(user or "", 60) for user in group.users[:NAMES]]
    more = len(group.users) - NAMES
    return ", ".join(named) + (f", {more} more" if more > 0 else "")


def _notes(group: Group) -> Iterator[tuple[str, str]]:
    """Yield what stands beside the values, each with the word it is under."""
    if group.route.recipient and len(group.users) == 1:
        yield "Goes to", group.route.recipient
    yield from (("Assumed", assumed(one)) for one in group.route.assumed)
    yield from (("Otherwise", other) for other in alternatives(group.route))
    yield from ((SEVERITY[finding.severity], finding.summary + about) for finding, about in warnings(group))


class _Terminal:
    """Lays out groups; every method yields finished lines."""

    def __init__(self, *, width: int, colour: bool, detailed: bool) -> None:
        self.width, self.colour, self.detailed = width, colour, detailed

    def group(self, group: Group) -> Iterator[str]:
        for line in self.folded(_headline(group), "", "    "):
            yield self.paint(line, "1")
        yield from self.folded(group.route.reason, "  ", "  ")
        if len(group.users) > 1:
            yield from self.entry("Who", _names(group))
        yield from self.values(group)
        for label, note in _notes(group):
            yield from self.entry(label, note, colour={"Error": "1;31", "Warning": "1;33"}.get(label))
        if self.detailed:
            for finding, _ in warnings(group):
                yield from self.fixes(finding)

    def values(self, group: Group) -> Iterator[str]:
        values = list(group.values())
        if (alike := _all_alike(values)) is not None:
            yield from self.entry("All of it", alike) if alike else ()
            return
        for name, value in values:
            yield from self.entry(FIELD[name], self.value(value))

    def value(self, value: Said) -> str:
        where = value.place if self.detailed else value.source
        shown = shorten(value.text, VALUE) + (f" ({where or value.source})" if where or value.source else "")
        if value.then:
            shown += f"; for now {self.value(value.then)}"
        return shown + (f". {value.note}" if value.note and self.detailed else "")

    def fixes(self, finding: Finding) -> Iterator[str]:
        for fix in finding.fix:
            where = place(fix.where)
            yield from self.entry("Do", f"{who_words(fix.who, start=True)}: {fix.action}" + (f" ({where})" if where else ""))

    def entry(self, label: str, said: str, *, colour: str | None = None) -> Iterator[str]:
        first, *rest = self.folded(said, "", "", room=self.width - LABEL)
        yield self.paint(f"  {label:<{LABEL - 2}}", colour) + first
        yield from (" " * LABEL + line for line in rest)

    def folded(self, said: str, indent: str, hang: str, room: int | None = None) -> list[str]:
        lines = textwrap.wrap(
            visible(said), room or self.width, initial_indent=indent, subsequent_indent=hang, break_on_hyphens=False
        )
        return lines or [""]

    def paint(self, line: str, colour: str | None) -> str:
        return f"\x1b[{colour}m{line}\x1b[0m" if self.colour and colour else line


def _all_alike(values: list[tuple[str, Said]]) -> str | None:
    """The one word for all six values, where none has a place of its own; empty where there are none; ``None``: they differ."""
    words = {(value.text, value.source, value.then) for _, value in values}
    (word, source, then), *more = words
    if more or source or then:
        return None
    return "" if values[0][1].mark == "none" else word


def _cell(value: Said) -> str:
    word = literal(shorten(value.text, VALUE)) if value.mark == "known" else f"*{prose(value.text)}*"
    source = f" ({prose(value.source)})" if value.source and value.mark not in ("own", "none") else ""
    return word + source + (f"; for now {_cell(value.then)}" if value.then else "")


def _html_rows(group: Group, columns: int) -> str:
    route = group.route
    names = f"<small>{text(_names(group))}</small>" if len(group.users) > 1 else ""
    bad = f" mk-{route.transport}" if route.transport in ("none", None) else ""
    mail = text(group.mailing).replace("*", "*<wbr>")
    lead = (
        f'<th scope="rowgroup">{text(shorten(who(group), VALUE))}{names}</th><td>{mail}</td>'
        f'<td class="mk-by{bad}"><b>{TRANSPORT[route.transport]}</b><small>{text(rule(route))}, {text(basis(route))}</small></td>'
    )
    values = list(group.values())
    if (alike := _all_alike(values)) is not None:
        cells = f'<td colspan="{len(values)}" class="mk-own">{f"all of it {text(alike)}" if alike else ""}</td>'
    else:
        cells = "".join(f"<td>{_html_value(value)}</td>" for _, value in values)
    notes = "".join(f"<p><b>{label}:</b> {text(note)}</p>" for label, note in _notes(group))
    why = f'<tr class="mk-why"><td></td><td colspan="{columns - 1}"><p>{text(route.reason)}</p>{notes}</td></tr>'
    return f"<tbody><tr>{lead}{cells}</tr>{why}</tbody>"


def _html_value(value: Said) -> str:
    if value.mark == "none":
        note = f"<small>{text(value.note)}</small>" if value.note else ""
        return f'<span class="mk-v-none">{text(value.text)}</span>{note}'
    source = f"<small>{text(value.source)}</small>" if value.source and value.mark != "own" else ""
    then = f'<div class="mk-then">for now {_html_value(value.then)}</div>' if value.then else ""
    # An address is cut at its @ before it is cut anywhere.
    shown = text(shorten(value.text, VALUE)).replace("@", "@<wbr>").replace(".", ".<wbr>")
    return f'<span class="mk-v-{value.mark}">{shown}</span>{source}{then}'
