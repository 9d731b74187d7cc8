"""The table of mails: a page of them, each with its box, its state in words, and its way."""

from __future__ import annotations

from mailkit.panels.parts import RowTable
from mailkit.panels.send.model import SendModel
from mailkit.panels.send.results import COLUMNS, found

__all__ = ["show_table"]


def show_table(table: RowTable, model: SendModel, *, running: bool) -> None:
    """Bring the table in step with the model, all in one message; while something runs nothing can be ticked."""
    free = model.plan.sendable.intersection(model.found)
    some = model.ticked & free
    lights = {row: model.light(row) for row in model.on_page}
    with table.hold_sync():
        table.caption = "Test mails"
        table.columns = list(COLUMNS)
        table.rows = [(row, _cells(model.plan.cells[row], lights[row].words)) for row in model.on_page]
        table.tones = [(row, light.tone) for row, light in lights.items()]
        table.ticked = sorted(model.ticked.intersection(model.on_page))
        table.locked = [row for row in model.on_page if running or row not in model.plan.sendable]
        table.every = "" if running or not free else "all" if some == free else "some" if some else "none"
        table.chosen = model.opened
        table.filter, table.page, table.pages = model.wanted, model.page, model.pages
        table.found = found(model)


def _cells(cells: tuple[str, ...], state: str) -> list[str]:
    name, *others = cells
    return [name, state, *others]
