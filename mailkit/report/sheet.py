"""A settings sheet to print: one HTML file, or Markdown.

The looks are in ``sheet.css`` beside this module, on top of ``page.css``. Boxes can be ticked on the screen and on paper. The
file has no script and loads nothing, and no value in it acts (:mod:`.markup`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from mailkit.report.markup import literal, prose, text
from mailkit.report.page import QUIET_KEYS, style
from mailkit.site.sheet import Page, Part, Row, Sheet, Step, Words
from mailkit.text import shorten

__all__ = ["fragment", "markdown", "page"]

PRODUCT = {"maestro-erp": "maestro*", "maestro-pms": "Maestro PMS"}

WITH_VALUE = ("enter", "keep", "check", "automatic", "look-up")
"""Tasks that have a value; the others are words alone."""

VALUE = 2000
"""Characters of a value; no screen takes more."""

OPEN_UNTIL = 16
"""Entries of a list of contents that are shown without being asked for."""

LINE = r"\_\_\_\_\_\_\_\_"

KEPT_TOGETHER = 8
"""Rows of a step that is not cut at the end of a sheet of paper."""

_LINES = re.compile(r"\r\n|\r|\n")


def page(sheet: Sheet) -> str:
    """Return a whole HTML page, complete in itself: each page of the sheet begins on a sheet of paper of its own."""
    words = Words(sheet.language)
    title = " · ".join([words("title"), *_facts(sheet, words)])
    return (
        f'<!doctype html>\n<html lang="{sheet.language}"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'</head>\n<body class="mailkit-page"><main>{fragment(sheet)}</main></body></html>\n'
    )


def fragment(sheet: Sheet) -> str:
    """Return the sheet as one piece of HTML with its styles, as the output of a notebook cell is."""
    inside = _Html(sheet).all()
    return f'<style>{style()}{_style()}</style><div class="mailkit mk-sheet" lang="{sheet.language}" {QUIET_KEYS}>{inside}</div>'


def markdown(sheet: Sheet) -> str:
    """Return the sheet as Markdown with tables, as GitHub and most ticket systems show it."""
    return "\n".join(_Markdown(sheet).lines()) + "\n"


@cache
def _style() -> str:
    return files("mailkit.report").joinpath("sheet.css").read_text(encoding="utf-8")


def _facts(sheet: Sheet, words: Words) -> list[str]:
    """What every page says of itself: a page torn off still tells which site it is of, and from when."""
    date = [sheet.date.isoformat()] if sheet.date else []
    return [shorten(sheet.site, 120) if sheet.site else words("site-without-name"), PRODUCT[sheet.product], *date]


class _Html:
    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.words = sheet, Words(sheet.language)
        self.facts = " · ".join(text(fact) for fact in _facts(sheet, self.words))
        # The labels of the screens are English, whatever the sheet is written in.
        self.foreign = "" if sheet.language == "en" else ' lang="en"'

    def all(self) -> str:
        pages = self.sheet.pages
        return self.contents() + "".join(self.page(number, one) for number, one in enumerate(pages, start=1))

    def contents(self) -> str:
        first, *own = self.sheet.pages
        steps = [(f"p1-s{number}", step.title) for number, step in enumerate(first.steps, start=1)]
        pages = [(f"p{number}", one.title) for number, one in enumerate(own, start=2)]
        summary = self.words("administrator-part", count=len(steps))
        lists = self.linked(summary, steps) if steps else ""
        lists += self.linked(f"{self.words('own-pages')}: {len(pages)}", pages) if pages else ""
        return (
            f'<header class="mk-top" id="top"><h1>{text(self.words("title"))}</h1><p class="mk-about">{self.facts}</p>'
            f'<nav aria-label="{text(self.words("contents"))}">{lists}</nav></header>'
        )

    def linked(self, summary: str, entries: list[tuple[str, str]]) -> str:
        items = "".join(f'<li><a href="#{anchor}">{text(title)}</a></li>' for anchor, title in entries)
        state = " open" if len(entries) <= OPEN_UNTIL else ""
        return f"<details{state}><summary>{text(summary)}</summary><ol>{items}</ol></details>"

    def page(self, number: int, page: Page) -> str:
        about = "".join(f"<p>{text(sentence)}</p>" for sentence in page.about)
        closing = "".join(f"<p>{text(sentence)}</p>" for sentence in page.closing)
        closing = f'<footer class="mk-say">{closing}</footer>' if closing else ""
        careful = f'<p class="mk-careful">{text(page.careful)}</p>' if page.careful else ""
        steps = "".join(self.step(number, place, step, page) for place, step in enumerate(page.steps, start=1))
        return (
            f'<article class="mk-leaf mk-for-{page.kind}" id="p{number}" aria-labelledby="h{number}">'
            f'<header><p class="mk-about">{self.facts}</p><h2 id="h{number}">{text(page.title)}</h2></header>'
            f'<div class="mk-say">{about}</div>{careful}{steps}{closing}</article>'
        )

    def step(self, page: int, number: int, step: Step, of: Page) -> str:
        about = "".join(f"<p>{text(sentence)}</p>" for sentence in step.about)
        heading = f'<h3><span class="mk-number">{number}</span> {text(step.title)}</h3>'
        todo = "".join(f'<li><label><input type="checkbox"> <span>{text(thing)}</span></label></li>' for thing in step.todo)
        listed = f'<ul class="mk-todo">{todo}</ul>' if todo else ""
        short = sum(len(part.rows) for part in step.parts) <= KEPT_TOGETHER
        opened = f'<section id="p{page}-s{number}"{" class=mk-short" if short else ""}>'
        return f"{opened}{heading}{about}{self.table(step, of)}{listed}</section>"

    def table(self, step: Step, of: Page) -> str:
        if not step.parts:
            return ""
        named = any(row.record is not None for part in step.parts for row in part.rows)
        columns = tuple(column for column in _columns(of, named=False) if column != "note")
        words = {column: self.words(f"column-{'record' if named and column == 'field' else column}") for column in columns}
        heads = "".join(f'<th scope="col" class="mk-c-{column}">{text(words[column])}</th>' for column in columns)
        bodies = "".join(self.part(part, columns) for part in step.parts)
        return f'<table class="mk-keys mk-{of.kind}"><thead><tr>{heads}</tr></thead>{bodies}</table>'

    def part(self, part: Part, columns: tuple[str, ...]) -> str:
        way = f'<tr class="mk-way"><th colspan="{len(columns)}" scope="rowgroup"{self.foreign}>{text(part.title)}</th></tr>'
        rows = "".join(self.row(row, columns) for row in part.rows)
        return f"<tbody>{way}{rows}</tbody>"

    def row(self, row: Row, columns: tuple[str, ...]) -> str:
        cells = "".join(self.cell(column, row, columns) for column in columns)
        return f'<tr class="mk-task-{row.task}">{cells}</tr>'

    def cell(self, column: str, row: Row, columns: tuple[str, ...]) -> str:
        if column == "done":
            # One without a name would be read as "checkbox" and nothing else.
            name = text(f"{self.words('column-done')}: {' '.join(part for part in (row.record, row.label) if part)}")
            inside = f'<input type="checkbox" aria-label="{name}">' if row.to_do else ""
        elif column == "field":
            return f'<th scope="row" class="mk-c-field">{self.field(row, noted="own" not in columns)}</th>'
        elif column == "old":
            inside = _old(row, self.value)
        elif column == "who":
            inside = text(self.words(row.doer))
        else:
            inside = self.own(row) if column == "own" else self.new(row)
        return f'<td class="mk-c-{column}">{inside}</td>'

    def field(self, row: Row, *, noted: bool) -> str:
        """The label, below it the note: a column of notes would be too narrow to read."""
        label = f"<b{self.foreign}>{text(row.label)}</b>"
        if row.record is not None:
            label = f"<b>{text(row.record)}</b><small{self.foreign}>{text(row.label)}</small>"
        return label + (f"<small>{text(row.note)}</small>" if row.note and noted else "")

    def new(self, row: Row) -> str:
        said = "" if row.task == "enter" else text(self.words(f"task-{row.task}"))
        if row.task not in WITH_VALUE or (row.task == "keep" and row.new is None):
            return f'<span class="mk-said">{said}</span>'
        # What is not known gets a line to write on.
        value = self.value(row.new) if row.new is not None else '<span class="mk-line"></span>'
        return f"{value}<small>{said}</small>" if said else value

    def own(self, row: Row) -> str:
        value = f"{self.value(row.new)} " if row.new else ""
        said = f"<small>{text(self.words('task-keep'))}</small>" if row.task == "keep" else ""
        return f"{value}<span>{text(row.note or '')}</span>{said}"

    def value(self, value: str | None) -> str:
        if not value:
            return f'<span class="mk-none">{text(self.words("not-known" if value is None else "empty"))}</span>'
        return f'<span class="mk-value">{"<br>".join(map(text, _LINES.split(shorten(value, VALUE))))}</span>'


class _Markdown:
    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.words = sheet, Words(sheet.language)

    def lines(self) -> Iterator[str]:
        facts = " · ".join(prose(fact) for fact in _facts(self.sheet, self.words))
        yield from (f"# {prose(self.words('title'))}", "", facts)
        for page in self.sheet.pages:
            yield from ("", f"## {prose(page.title)}")
            yield from self.said(page.about)
            if page.careful:
                yield from ("", f"> **{prose(page.careful)}**")
            for number, step in enumerate(page.steps, start=1):
                yield from ("", f"### {number}. {prose(step.title)}")
                yield from self.said(step.about)
                for part in step.parts:
                    yield from self.table(part, page)
                if step.todo:
                    yield ""
                yield from (f"- [ ] {prose(thing)}" for thing in step.todo)
            yield from self.said(page.closing)

    def said(self, sentences: tuple[str, ...]) -> Iterator[str]:
        for sentence in sentences:
            yield from ("", prose(sentence))

    def table(self, part: Part, of: Page) -> Iterator[str]:
        columns = _columns(of, named=any(row.record is not None for row in part.rows))
        yield from ("", f"**{prose(part.title)}**", "")
        yield f"| {' | '.join(prose(self.words(f'column-{column}')) for column in columns)} |"
        yield "|" + " --- |" * len(columns)
        for row in part.rows:
            yield f"| {' | '.join(self.cell(column, row) for column in columns)} |"

    def cell(self, column: str, row: Row) -> str:
        plain = {
            "done": "☐" if row.to_do else "",
            "record": prose(row.record or ""),
            "field": prose(row.label),
            "who": prose(self.words(row.doer)),
            "note": prose(row.note or ""),
        }
        if column in plain:
            return plain[column]
        return _old(row, self.value) if column == "old" else self.own(row) if column == "own" else self.new(row)

    def new(self, row: Row) -> str:
        said = "" if row.task == "enter" else f"*{prose(self.words(f'task-{row.task}'))}*"
        if row.task not in WITH_VALUE or (row.task == "keep" and row.new is None):
            return said
        return f"{self.value(row.new) if row.new is not None else LINE} {said}".strip()

    def own(self, row: Row) -> str:
        said = f"*{prose(self.words('task-keep'))}*" if row.task == "keep" else ""
        return " ".join(part for part in (self.value(row.new) if row.new else "", prose(row.note or ""), said) if part)

    def value(self, value: str | None) -> str:
        if not value:
            return f"*{prose(self.words('not-known' if value is None else 'empty'))}*"
        return "<br>".join(map(literal, _LINES.split(shorten(value, VALUE))))


def _columns(page: Page, *, named: bool) -> tuple[str, ...]:
    if page.kind != "administrator":
        return ("done", "field", "own")
    return ("done", *(("record",) if named else ()), "field", "old", "new", "who", "note")


def _old(row: Row, shown: Callable[[str | None], str]) -> str:
    """A button has nothing in it."""
    return "" if row.task == "press" and not row.old else shown(row.old)
