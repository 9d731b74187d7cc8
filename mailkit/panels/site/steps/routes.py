"""The step that shows by which way each kind of mail of everybody leaves, and where every value comes from."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import FieldSet, Sheet, ShownField
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.host import Host
from mailkit.panels.site.markup import scrolled
from mailkit.panels.site.walk import Step
from mailkit.report.route_words import MAILING
from mailkit.report.routes import fragment

__all__ = ["RoutesStep"]

WHOSE, KIND, ROWS = "whose", "kind", "rows"
TOGETHER = "together"


class RoutesStep:
    """The table, and what is looked for in it."""

    def __init__(self, host: Host, _step: Step) -> None:
        self._host = host
        self._wanted: dict[str, str | None] = {WHOSE: None, KIND: None, ROWS: TOGETHER}
        self._choice = FieldSet(self._look_for)
        self._sheet = Sheet()
        self.view: Any = widgets.VBox([self._choice, self._sheet])

    def show(self, draft: SiteDraft) -> None:
        """Bring the table in step with the draft."""
        kinds = list(dict.fromkeys(route.mailing for route in draft.routes))
        fields: list[ShownField] = [
            {"id": WHOSE, "label": "Whose mail", "kind": "text", "group": "", "unknown": "everybody's; or a part of a code"},
            {
                "id": KIND,
                "label": "Kind of mail",
                "kind": "choice",
                "group": "",
                "unknown": "every kind",
                "options": [[kind, MAILING.get(kind, kind)] for kind in kinds],
            },
            {
                "id": ROWS,
                "label": "Rows",
                "kind": "flag",
                "group": "",
                "certain": True,
                "options": [[TOGETHER, "equal ones together"], ["each", "one for each"]],
            },
        ]
        if self._wanted[KIND] not in kinds:
            self._wanted[KIND] = None
        self._choice.show(fields, self._wanted)
        whose, kind = (self._wanted[WHOSE] or "").casefold(), self._wanted[KIND]
        found = [
            route for route in draft.routes if whose in (route.user or "").casefold() and (kind is None or route.mailing == kind)
        ]
        table = fragment(found, grouped=True if self._wanted[ROWS] == TOGETHER else None)
        self._sheet.sections = [("routes", scrolled("Who sends how", table))]

    def _look_for(self, what: str, text: str | None) -> None:
        self._wanted[what] = text
        self.show(self._host.draft)
