"""The step that decides the mail mode, or the log-in method: a few questions, what fits, and why."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import FieldSet, Sheet
from mailkit.panels.site.advice import answer, answers, asked, recommended, shown_recommendation, taken_over, target
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.form import form
from mailkit.panels.site.host import Host
from mailkit.panels.site.walk import Step

__all__ = ["ModeStep"]


class ModeStep:
    """Questions, the recommendation with its reasons, and the field it is about."""

    def __init__(self, host: Host, step: Step) -> None:
        self._host, self._step = host, step
        self._questions = FieldSet(self._answered)
        self._sheet = Sheet()
        self._take = widgets.Button(description="Take it over", button_style="primary", layout={"width": "auto"})
        self._fields = FieldSet(self._edited)
        row = widgets.HBox([self._take])
        row.add_class("mailkit-actions")
        self._take.on_click(lambda _: self._adopt())
        self.view: Any = widgets.VBox([self._questions, self._sheet, row, self._fields])

    def show(self, draft: SiteDraft) -> None:
        """Bring questions, recommendation and field in step with the draft."""
        known = answers(draft)
        fields = asked(draft)
        self._questions.show(fields, {field["id"]: known.get(field["id"]) for field in fields})
        self._sheet.sections = [("recommendation", shown_recommendation(draft))]
        mode = recommended(draft).mode
        self._take.disabled = mode is None or mode == draft.value(target(draft))
        shown = form(draft, self._step.fields)
        self._fields.show(shown.fields, shown.values, shown.problems)

    def _answered(self, name: str, said: str | None) -> None:
        self._host.change(answer(self._host.draft, name, said))

    def _edited(self, path: str, text: str | None) -> None:
        self._host.change(self._host.draft.fill(path, text))

    def _adopt(self) -> None:
        self._host.change(taken_over(self._host.draft), f"Taken over: {recommended(self._host.draft).name}.")
