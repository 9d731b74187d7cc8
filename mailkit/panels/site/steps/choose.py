"""The step that decides the mail mode: a few questions, the mode that fits, and why."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import FieldSet, Sheet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.host import Host
from mailkit.panels.site.walk import Step

__all__ = ["ModeStep"]


class ModeStep:
    """Questions, the recommendation with its reasons, and the field it is about."""

    def __init__(self, host: Host, step: Step) -> None:
        self._host, self._step = host, step
        self._questions = FieldSet(self._answered)
        self._sheet = Sheet()
        self._take = widgets.Button(description="Take this mode over", button_style="primary", layout={"width": "auto"})
        self._fields = FieldSet(self._edited)
        row = widgets.HBox([self._take])
        row.add_class("mailkit-actions")
        self._take.on_click(lambda _: self._adopt())
        self.view: Any = widgets.VBox([self._questions, self._sheet, row, self._fields])

    def show(self, draft: SiteDraft) -> None:
        """Bring it in step with the draft."""

    def _answered(self, question: str, answer: str | None) -> None:
        self._host.change(self._host.draft.answer(question, answer))

    def _edited(self, path: str, text: str | None) -> None:
        self._host.change(self._host.draft.fill(path, text))

    def _adopt(self) -> None:
        pass
