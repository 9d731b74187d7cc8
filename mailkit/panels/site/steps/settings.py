"""The step with a mail server in it: a provider's preset, the fields, and what is to be known about the provider.

For Maestro PMS it is the whole screen Email Setup: the seven fields to leave as they are stand in their place, locked, and can be
noted down only after they were opened for that.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import Disclosure, FieldSet, Sheet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.form import form
from mailkit.panels.site.host import Host
from mailkit.panels.site.markup import facts, notice
from mailkit.panels.site.preset import advice, choose_provider, known_provider, recognised
from mailkit.panels.site.walk import Step, wire
from mailkit.site.pms import LEAVE

__all__ = ["SettingsStep"]

PROVIDER = "provider"


class SettingsStep:
    """Preset, fields and advice."""

    def __init__(self, host: Host, step: Step) -> None:
        self._host, self._step = host, step
        self._provider = FieldSet(self._chosen)
        self._about = Sheet()
        self._fields = FieldSet(self._edited)
        self._wire = Sheet()
        self._opener = Disclosure(description="Note what the seven fields say (nothing is to be changed on the screen)")
        self._noted = FieldSet(self._edited)
        self._adopt = widgets.Button(description="Take what they say now as the baseline", layout={"width": "auto"})
        self._note = widgets.VBox([self._noted, self._adopt])
        self._note.add_class("mailkit-note")
        self._leave = widgets.VBox([self._opener, self._note])
        self._opener.observe(lambda _: self.show(self._host.draft), "opened")
        self._adopt.on_click(lambda _: self._take_baseline())
        self.view: Any = widgets.VBox([self._provider, self._about, self._fields, self._wire, self._leave])

    def show(self, draft: SiteDraft) -> None:
        """Bring the fields in step with the draft."""
        if draft.site is None or draft.product is None:
            return
        guess = recognised(draft)
        hint = "Choosing one enters its server, port and encryption below."
        if guess is not None:
            hint = f"What is entered belongs to {guess.name}. {hint}"
        (field,) = form(draft, [PROVIDER]).fields
        self._provider.show([{**field, "hint": hint}], {PROVIDER: draft.value(PROVIDER)})
        known = known_provider(draft)
        self._about.sections = [("provider", facts(known.name, advice(draft, known)))] if known else []
        shown = form(draft, self._step.fields)
        self._fields.show(shown.fields, shown.values, shown.problems)
        self._wire.sections = [("wire", notice(wire(draft.pms.email_setup.mechanism)))] if draft.product == "maestro-pms" else []
        self._leave.layout.display = "" if draft.product == "maestro-pms" else "none"
        self._note.layout.display = "" if self._opener.opened else "none"
        if draft.product == "maestro-pms" and self._opener.opened:
            noted = form(draft, [f"{where}.{name}" for where in ("baseline", "email_setup") for name in LEAVE], unlocked=True)
            self._noted.show(noted.fields, noted.values, noted.problems)

    def _edited(self, path: str, text: str | None) -> None:
        self._host.change(self._host.draft.fill(path, text))

    def _chosen(self, _path: str, name: str | None) -> None:
        draft, changed = choose_provider(self._host.draft, name)
        before = [text for path in changed if (text := self._host.draft.value(path))]
        said = "Entered: server, port and encryption of the provider." if changed else ""
        self._host.change(draft, f"{said} There was before: {', '.join(before)}." if before else said)

    def _take_baseline(self) -> None:
        draft = self._host.draft
        for name in LEAVE:
            draft = draft.put(f"baseline.{name}", getattr(draft.pms.email_setup, name))
        self._host.change(draft, "What stands in the seven fields now is the baseline they will be compared with.")
