"""A step that only asks for fields."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import FieldSet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.form import form
from mailkit.panels.site.host import Host
from mailkit.panels.site.walk import Step

__all__ = ["FieldsStep"]


class FieldsStep:
    """The fields of a step, every edit a new draft."""

    def __init__(self, host: Host, step: Step) -> None:
        self._host, self._step = host, step
        self._fields = FieldSet(self._edited)
        self.view: Any = widgets.VBox([self._fields])

    def show(self, draft: SiteDraft) -> None:
        """Bring the fields in step with the draft."""
        shown = form(draft, self._step.fields)
        self._fields.show(shown.fields, shown.values, shown.problems)

    def _edited(self, path: str, text: str | None) -> None:
        self._host.change(self._host.draft.fill(path, text))
