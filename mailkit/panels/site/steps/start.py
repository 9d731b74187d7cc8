"""The first step: which product, or which site file to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.panels.parts import FieldSet, FileField, Sheet
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.folder import own_folder
from mailkit.panels.site.host import Host
from mailkit.panels.site.markup import error, mistakes
from mailkit.panels.site.opening import opened, practice_file
from mailkit.panels.site.walk import Step
from mailkit.practice.site_files import SITE_FILES
from mailkit.site.file import SiteFile, load
from mailkit.site.file.mistakes import SiteMistakes

__all__ = ["StartStep"]

PRODUCTS: tuple[tuple[Product, str], ...] = (("maestro-erp", "maestro* (construction)"), ("maestro-pms", "Maestro PMS (hotel)"))


class StartStep:
    """Product, upload, path, practice sites."""

    def __init__(self, host: Host, _step: Step) -> None:
        self._host = host
        self._product = FieldSet(self._choose)
        self._upload = FileField(self._take, description="Load a site file from this computer", accept=".toml")
        self._path = widgets.Text(description="Site file", placeholder="site.toml")
        self._load = widgets.Button(description="Load")
        self._report = Sheet()
        self._load.on_click(lambda _: self.load(Path(self._path.value.strip() or "site.toml")))
        local = widgets.HBox([self._path, self._load])
        local.add_class("mailkit-actions")
        local.add_class("mailkit-path")
        practice = [self._practice(name, one.title) for name, one in SITE_FILES.items()]
        empty = widgets.Button(description="Begin with an empty site", layout={"width": "auto"})
        empty.on_click(
            lambda _: self._host.change(SiteDraft(self._host.draft.today), "Everything is empty. Undo brings it back.")
        )
        files = widgets.HBox([self._upload, *practice, empty])
        files.add_class("mailkit-actions")
        self.view: Any = widgets.VBox([self._product, files, *([local] if own_folder() else []), self._report])

    def show(self, draft: SiteDraft) -> None:
        """Bring the choice in step with the draft."""
        field: Any = {
            "id": "product",
            "label": "Product",
            "kind": "flag",
            "group": "",
            "options": [list(option) for option in PRODUCTS],
            "certain": True,
            "wide": True,
        }
        self._product.show([field], {"product": draft.product})

    def load(self, path: Path) -> None:
        """Load a site file of the notebook's folder, or say why it cannot be."""
        try:
            file = load(path)
        except InputError as wrong:
            self._refuse(wrong)
        else:
            self._begin(file, path.name)

    def _take(self, name: str, data: bytes) -> None:
        try:
            file = opened(name, data)
        except InputError as wrong:
            self._refuse(wrong)
        else:
            self._begin(file, name)

    def _practice(self, name: str, title: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
        button = widgets.Button(description=f"Practice: the {name}", tooltip=title, layout={"width": "auto"})
        button.on_click(lambda _: self._begin(practice_file(name), SITE_FILES[name].file))
        return button

    def _choose(self, _field: str, product: str | None) -> None:
        self._report.sections = []
        for known, _ in PRODUCTS:
            if product == known:
                self._host.change(self._host.draft.choose(known))

    def _begin(self, file: SiteFile, name: str) -> None:
        self._report.sections = []
        self._host.change(self._host.draft.load(file, name), f"Loaded {name}. Undo goes back to what was here before.")

    def _refuse(self, wrong: InputError) -> None:
        self._report.sections = [("load", mistakes(wrong) if isinstance(wrong, SiteMistakes) else error(str(wrong)))]
        self._host.say("Not loaded: see above.")
