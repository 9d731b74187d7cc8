"""The last step: the site file and the sheet, to download or to keep in the folder of the notebook."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.panels.parts import FieldSet, SaveBar, Sheet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.folder import Exists, file_name, keep, own_folder
from mailkit.panels.site.host import Host
from mailkit.panels.site.markup import error, notice, source
from mailkit.panels.site.walk import Step
from mailkit.report.sheet import markdown, page
from mailkit.site.sheet import sheet

__all__ = ["SaveStep"]

ACTIONS = (
    ("file", "Download the site file", "save"),
    ("page", "Download the sheet (HTML)", "save"),
    ("markdown", "Download the sheet (Markdown)", "save"),
    ("copy", "Copy the site file", "copy"),
)


class SaveStep:
    """The name of the file, the ways to keep it, and what it says."""

    def __init__(self, host: Host, _step: Step) -> None:
        self._host = host
        self._folder = own_folder()
        self._name = FieldSet(self._named)
        self._bar = SaveBar(
            {"file": self._download, "copy": self._file, "page": self._page, "markdown": self._markdown}, actions=list(ACTIONS)
        )
        self._keep = widgets.Button(description="Save into this folder", button_style="primary", layout={"width": "auto"})
        self._replace = widgets.Button(description="Replace the file that is there", layout={"width": "auto"})
        self._keep.on_click(lambda _: self.keep())
        self._replace.on_click(lambda _: self.keep(replace=True))
        self._sheet = Sheet()
        self._taken = False
        self._wrong: tuple[str, str] | None = None
        """What was typed as a name and is none, and why."""
        local = widgets.HBox([self._keep, self._replace])
        local.add_class("mailkit-actions")
        self.view: Any = widgets.VBox([self._name, *([local] if self._folder else []), self._bar, self._sheet])

    def show(self, draft: SiteDraft) -> None:
        """Bring the file and its state in step with the draft."""
        place = f"In {self._folder}." if self._folder else ""
        field: Any = {
            "id": "name",
            "label": "Name of the file",
            "kind": "text",
            "group": "",
            "unknown": "site.toml",
            "hint": place,
        }
        typed, why = self._wrong or (draft.name, "")
        self._name.show([field], {"name": typed}, {"name": why} if why else {})
        sections: list[tuple[str, str]] = []
        if draft.refused:
            listed = ", ".join(f"{path} ({refused.text})" for path, refused in list(draft.refused.items())[:5])
            sections.append(("refused", notice(f"Not in the file, because they cannot be used: {listed}.")))
        try:
            sections.append(("text", source(f"What {draft.name} says", draft.text)))
        except InputError as wrong:
            sections.append(("text", error(str(wrong))))
        self._keep.disabled = self._bar.disabled = self._wrong is not None or draft.site is None
        self._replace.layout.display = "" if self._taken else "none"
        self._sheet.sections = sections

    def keep(self, *, replace: bool = False) -> None:
        """Save into the folder; what is there already is replaced only when that was said."""
        if self._folder is None or self._wrong:
            return
        self._taken = False
        try:
            file = keep(self._host.draft, self._folder, replace=replace)
        except Exists as wrong:
            self._taken = True
            self.show(self._host.draft)
            self._host.say(f"Not saved: {wrong}. Replace it, or give another name.")
        except InputError as wrong:
            self._host.say(f"Not saved: {wrong}.")
        else:
            self._host.saved(file, f"Saved as {file.path}.")

    def _named(self, _field: str, text: str | None) -> None:
        self._taken, self._wrong = False, None
        try:
            name = file_name(text or "site.toml")
        except InputError as wrong:
            self._wrong = (text or "", str(wrong))
            self.show(self._host.draft)
        else:
            self._host.change(self._host.draft.named(name))

    def _download(self) -> tuple[str, str]:
        self._host.saved()
        return self._file()

    def _file(self) -> tuple[str, str]:
        return self._host.draft.name, self._host.draft.text

    def _page(self) -> tuple[str, str]:
        return f"{self._stem}-sheet.html", page(self._made())

    def _markdown(self) -> tuple[str, str]:
        return f"{self._stem}-sheet.md", markdown(self._made())

    @property
    def _stem(self) -> str:
        return self._host.draft.name.removesuffix(".toml").removesuffix(".site")

    def _made(self) -> Any:  # noqa: ANN401 - see below
        draft = self._host.draft
        if draft.site is None:
            raise InputError("choose the product first")
        before = draft.file.site if draft.file and draft.file.site.product == draft.product else None
        return sheet(draft.site, before, date=draft.today)
