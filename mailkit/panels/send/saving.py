"""The buttons that take a round along: documents, a table, a page, a text for a ticket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import SaveBar
from mailkit.panels.send.export import as_csv, as_lines, as_page, as_ticket
from mailkit.panels.send.model import SendModel

__all__ = ["Saving"]

_ACTIONS = [
    ("lines", "Save attempts and arrivals (JSON Lines)", "save"),
    ("table", "Save the table (CSV)", "save"),
    ("page", "Save as a page (HTML)", "save"),
    ("ticket", "Save text for a ticket", "save"),
    ("clipboard", "Copy text for a ticket", "copy"),
]


class Saving:
    """The buttons. ``model`` gives what the panel knows when one is pressed.

    Attributes:
        mask: names and addresses are hidden in the text for a ticket.
        texts: by button: what makes the file name and the text.
        view: the widget.
    """

    def __init__(self, model: Callable[[], SendModel]) -> None:
        self.mask = widgets.Checkbox(description="Hide names and addresses in the text for a ticket", value=True, indent=False)
        self.texts: dict[str, Callable[[], tuple[str, str]]] = {
            "lines": lambda: (_file("jsonl"), as_lines(model())),
            "table": lambda: (_file("csv"), as_csv(model())),
            "page": lambda: (_file("html"), as_page(model())),
            "ticket": lambda: (_file("txt"), as_ticket(model(), mask=self.mask.value)),
            "clipboard": lambda: (_file("txt"), as_ticket(model(), mask=self.mask.value)),
        }
        self._bar = SaveBar(self.texts, actions=_ACTIONS)
        self.view: Any = widgets.VBox([self._bar, self.mask])
        self.view.add_class("mailkit-saving")

    def show(self, model: SendModel) -> None:
        """Be there when there is something to save."""
        self._bar.disabled = model.progress.running or not model.round.records
        self.view.layout.display = "none" if self._bar.disabled else ""


def _file(suffix: str) -> str:
    return f"mailkit-test-mails-{dt.datetime.now(tz=dt.UTC):%Y%m%dT%H%M%SZ}.{suffix}"
