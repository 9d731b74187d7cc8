"""A table of people or forms, a page of it at a time: to look through, to filter, to choose a row from, to tick some.

Written here because no kept library does it: ipydatagrid paints a canvas that no screen reader reads, and itables shows but does
not choose by keyboard. Filtering and paging are done in Python, so that ten thousand rows cost no more than ten. Front end:
``row_table.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mailkit.panels.parts.front import front

__all__ = ["RowTable"]

LONGEST = 200
"""Characters of a filter."""


class RowTable(anywidget.AnyWidget):
    """A page of rows.

    Attributes:
        caption: what they are.
        columns: their headings; the first column is the button that chooses the row.
        rows: of this page: the number of each row and its cells.
        chosen: the number of the row that is being looked at; -1: none.
        filter: what is looked for.
        page, pages: counted from 1.
        found: how many there are, in words.
        ticking: there is a box before each row.
        ticked: the rows of this page whose box is ticked.
        locked: those whose box cannot be.
        every: of all that are found: ``all``, ``some`` or ``none`` are ticked; ``""``: there is no box for all.
        tones: the severity that colours the cell behind the name of a row; its words say the same.

    Args:
        chose: called with the number of a row.
        turned: called with the filter and the page wanted.
        tick: called with the number of a row, or ``None`` for all that are found, and whether it is to be ticked.
    """

    _esm = front(__file__)
    _css = Path(__file__).with_suffix(".css")

    caption = traitlets.Unicode("").tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    rows = traitlets.List(traitlets.Tuple(traitlets.Int(), traitlets.List(traitlets.Unicode()))).tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)
    page = traitlets.Int(1).tag(sync=True)
    pages = traitlets.Int(1).tag(sync=True)
    found = traitlets.Unicode("").tag(sync=True)
    ticking = traitlets.Bool(default_value=False).tag(sync=True)
    ticked = traitlets.List(traitlets.Int()).tag(sync=True)
    locked = traitlets.List(traitlets.Int()).tag(sync=True)
    every = traitlets.Enum(("", "all", "some", "none"), default_value="").tag(sync=True)
    tones = traitlets.List(traitlets.Tuple(traitlets.Int(), traitlets.Unicode())).tag(sync=True)

    def __init__(
        self,
        chose: Callable[[int], None],
        turned: Callable[[str, int], None],
        tick: Callable[[int | None, bool], None] | None = None,
        **traits: Any,  # noqa: ANN401 - traits of the class
    ) -> None:
        super().__init__(ticking=tick is not None, **traits)
        self._chose, self._turned, self._tick = chose, turned, tick
        self.on_msg(self._receive)

    def focus(self) -> None:
        """Put the focus on the row last chosen, or on the first."""
        self.send({"focus": True})

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        if isinstance(row := content.get("choose"), int) and row in {number for number, _ in self.rows}:
            self._chose(row)
        elif isinstance(wanted := content.get("filter"), str):
            self._turned(wanted[:LONGEST], 1)
        elif isinstance(page := content.get("page"), int):
            self._turned(self.filter, page)
        elif isinstance(on := content.get("on"), bool) and self._tick is not None:
            row = content.get("tick")
            if row is None and self.every:
                self._tick(None, on)
            elif isinstance(row, int) and row in {number for number, _ in self.rows} - set(self.locked):
                self._tick(row, on)
