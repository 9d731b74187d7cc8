"""A step about many alike: a table to look through, a form for the row that was chosen, and a file to read rows from."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.panels.parts import FieldSet, FileField, Heading, RowTable, SaveBar, Sheet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.form import cell, form, offered
from mailkit.panels.site.host import Host
from mailkit.panels.site.markup import error, imported
from mailkit.panels.site.paths import value_at
from mailkit.panels.site.walk import Step, label
from mailkit.report.words import count
from mailkit.site.table import Kind, read_clerks, read_users, template

__all__ = ["PAGE", "RowsStep"]

PAGE = 25
"""Rows on a page of the table."""

_KIND: dict[str, Kind] = {"users": "users", "clerks": "clerks"}
_READ: dict[str, Any] = {"users": read_users, "clerks": read_clerks}
_ENDINGS = ".csv,.tsv,.txt,.xlsx,.xls,.xlsm,.xlsb,.ods"


class RowsStep:
    """Table, form and import. What is looked for, which page and which row are the view's; everything else is the draft's."""

    def __init__(self, host: Host, step: Step) -> None:
        self._host, self._step, self._rows = host, step, step.rows or ""
        self._filter, self._page, self._chosen = "", 1, -1
        self._table = RowTable(self._choose, self._turn)
        self._add = widgets.Button(description=f"Add a {step.one}", layout={"width": "auto"})
        self._remove = widgets.Button(description=f"Remove this {step.one}", layout={"width": "auto"})
        self._close = widgets.Button(description="Back to the table", layout={"width": "auto"})
        self._heading = Heading()
        self._fields = FieldSet(self._edited)
        self._file = FileField(self._read, description=f"Read {step.many} from a table", accept=_ENDINGS)
        self._empty = SaveBar(
            {"empty": lambda: (f"{self._rows}.csv", template(_KIND[self._rows]))},
            actions=[("empty", "Download an empty table", "save")],
            disabled=False,
        )
        self._report = Sheet()
        buttons = [self._add, self._file, self._empty] if self._rows in _READ else [self._add]
        row = widgets.HBox(buttons)
        row.add_class("mailkit-actions")
        done = widgets.HBox([self._close, self._remove])
        done.add_class("mailkit-actions")
        self._editor = widgets.VBox([self._heading, self._fields, done])
        self._editor.add_class("mailkit-editor")
        self._add.on_click(lambda _: self._append())
        self._remove.on_click(lambda _: self._take_out())
        self._close.on_click(lambda _: self._leave())
        self.view: Any = widgets.VBox([row, self._report, self._table, self._editor])

    def show(self, draft: SiteDraft) -> None:
        """Bring the table and the form in step with the draft."""
        every = value_at(draft.present, self._rows)
        if self._chosen >= len(every):
            self._chosen = -1
        columns = {name: head for name, head in self._step.columns.items() if offered(draft, f"{self._rows}.{name}")}
        cells = [[cell(draft, f"{self._rows}.{number}.{name}") for name in columns] for number in range(len(every))]
        wanted = self._filter.casefold()
        found = [number for number, texts in enumerate(cells) if not wanted or any(wanted in text.casefold() for text in texts)]
        pages = max(1, -(-len(found) // PAGE))
        self._page = min(max(1, self._page), pages)
        first = (self._page - 1) * PAGE
        page = found[first : first + PAGE]
        one = self._step.one
        with self._table.hold_sync():
            self._table.caption = self._step.many.capitalize()
            self._table.columns = list(columns.values())
            self._table.rows = [(number, [_name(cells[number][0], number), *cells[number][1:]]) for number in page]
            self._table.chosen = self._chosen
            self._table.filter, self._table.page, self._table.pages = self._filter, self._page, pages
            self._table.found = _found(self._step, len(every), len(found), first, len(page))
        self._table.layout.display = "" if every else "none"
        self._editor.layout.display = "" if self._chosen >= 0 else "none"
        if self._chosen >= 0:
            self._heading.text = f"{one.capitalize()} {_name(cells[self._chosen][0], self._chosen)}"
            shown = form(draft, self._step.fields, (self._rows, self._chosen))
            self._fields.show(shown.fields, shown.values, shown.problems)

    def _edited(self, path: str, text: str | None) -> None:
        self._host.change(self._host.draft.fill(path, text))

    def _choose(self, number: int) -> None:
        self._chosen = number
        self.show(self._host.draft)
        self._heading.focus()

    def _turn(self, wanted: str, page: int) -> None:
        self._filter, self._page = wanted, page
        self.show(self._host.draft)

    def _leave(self) -> None:
        self._table.focus()
        self._chosen = -1
        self.show(self._host.draft)

    def _append(self) -> None:
        draft = self._host.draft.add(self._rows)
        self._filter, self._chosen = "", len(value_at(draft.present, self._rows)) - 1
        self._page = self._chosen // PAGE + 1
        self._host.change(draft)
        self._fields.focus()

    def _take_out(self) -> None:
        number, self._chosen = self._chosen, -1
        name = _name(cell(self._host.draft, f"{self._rows}.{number}.{next(iter(self._step.columns))}"), number)
        self._host.change(self._host.draft.remove(self._rows, number), f"Removed: {name}. Undo brings it back.")
        self._table.focus()

    def _named(self, field: str) -> str:
        return label(self._host.draft.present.product, f"{self._rows}.{field}")

    def _read(self, name: str, data: bytes) -> None:
        try:
            got = _READ[self._rows](data=data, name=name)
        except InputError as wrong:
            self._report.sections = [("import", error(str(wrong)))]
            self._host.say(f"{name} was not read: see above.")
            return
        draft, merged = self._host.draft.merge(self._rows, got.rows)
        self._filter, self._page, self._chosen = "", 1, -1
        self._report.sections = [("import", imported(name, got, merged, self._named))]
        missed = f" {count(len(got.not_understood), 'thing')} not understood: see above." if got.not_understood else ""
        self._host.change(draft, f"{name}: {merged.added} added, {merged.changed} changed.{missed} Undo takes it back.")


def _name(text: str, number: int) -> str:
    return text if text not in ("?", "empty") else f"number {number + 1}"


def _found(step: Step, every: int, found: int, first: int, shown: int) -> str:
    whole = count(every, step.one, step.many)
    if not found:
        return f"none of {whole}"
    part = "" if shown == found else f", {first + 1} to {first + shown} shown"
    return f"{whole if found == every else f'{found} of {whole}'}{part}"
