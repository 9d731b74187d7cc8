"""The step that says what is wrong with the configuration alone."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import Sheet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.host import Host
from mailkit.panels.site.walk import Step
from mailkit.report.configuration import fragment

__all__ = ["ChecksStep"]


class ChecksStep:
    """The findings."""

    def __init__(self, _host: Host, _step: Step) -> None:
        self._sheet = Sheet()
        self.view: Any = widgets.VBox([self._sheet])

    def show(self, draft: SiteDraft) -> None:
        """Bring the findings in step with the draft."""
        self._sheet.sections = [("findings", fragment(draft.findings))]
