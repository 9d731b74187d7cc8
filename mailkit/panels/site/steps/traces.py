"""The step that switches trace mail of Maestro PMS on, last of all: the master flag, and what would go out at once."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import FieldSet, Sheet
from mailkit.panels.site.backfill import shown_backfill
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.form import form
from mailkit.panels.site.host import Host
from mailkit.panels.site.walk import Step
from mailkit.site.backfill import preview

__all__ = ["TracesStep"]


class TracesStep:
    """The fields, and a preview of the back-fill."""

    def __init__(self, host: Host, step: Step) -> None:
        self._host, self._step = host, step
        self._sheet = Sheet()
        self._fields = FieldSet(self._edited)
        self.view: Any = widgets.VBox([self._fields, self._sheet])

    def show(self, draft: SiteDraft) -> None:
        """Bring the fields and the preview in step with the draft."""
        shown = form(draft, self._step.fields)
        self._fields.show(shown.fields, shown.values, shown.problems)
        self._sheet.sections = [("backfill", shown_backfill(preview(draft.pms, draft.today), draft.findings))]

    def _edited(self, path: str, text: str | None) -> None:
        self._host.change(self._host.draft.fill(path, text))
