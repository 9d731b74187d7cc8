"""The panel "choose a mode": from a product to a saved site file, step by step.

A view on one plain value, the frozen :class:`~mailkit.panels.site.draft.SiteDraft`; every edit makes another one, and each can be
taken back. Everything works without a front end::

    panel = SitePanel()
    panel.fill(product="maestro-erp", version="new", deployment="cloud")
    panel.fill({"general_settings.smtp.port": "587"})
    panel.text()
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.finding import PRODUCTS, Product
from mailkit.panels.parts import Heading, Sheet, StatusLine, StepList
from mailkit.panels.site.code import as_command, as_python
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.host import Host, StepView
from mailkit.panels.site.markup import code, error, found
from mailkit.panels.site.opening import practice_file
from mailkit.panels.site.outline import belonging, outline
from mailkit.panels.site.steps import view_of
from mailkit.panels.site.walk import START, Step, walk
from mailkit.practice.site_files import SITE_FILES
from mailkit.site import Site
from mailkit.site.file import SiteFile, load

__all__ = ["SitePanel"]

STEPS_BACK = 200
"""Changes that can be taken back."""


class SitePanel:
    """The panel.

    Args:
        draft: what to go on with; nothing: an empty one, to be checked as of today.

    Attributes:
        view: the widget.
    """

    def __init__(self, draft: SiteDraft | None = None) -> None:
        self._draft = draft or SiteDraft(dt.datetime.now(tz=dt.UTC).astimezone().date())
        self._before: list[SiteDraft] = []
        self._step = START
        self._views: dict[tuple[Product | None, str], StepView] = {}
        self._steps = StepList(self.go)
        self._heading = Heading()
        self._content = widgets.VBox([])
        self._here = Sheet()
        self._status = StatusLine()
        self._code = Sheet()
        self._back = widgets.Button(description="Back")
        self._next = widgets.Button(description="Next", button_style="primary")
        self._undo = widgets.Button(description="Undo")
        self._back.on_click(lambda _: self._turn(-1))
        self._next.on_click(lambda _: self._turn(1))
        self._undo.on_click(lambda _: self.undo())
        buttons = widgets.HBox([self._back, self._next, self._undo, self._status])
        buttons.add_class("mailkit-actions")
        self._content.add_class("mailkit-content")
        main = widgets.VBox([self._heading, self._content, self._here, buttons, self._code])
        main.add_class("mailkit-main")
        both = widgets.Box([self._steps, main])
        both.add_class("mailkit-walk")
        self.view: Any = widgets.VBox([both])
        self.view.add_class("mailkit-panel")
        self._show()

    @property
    def draft(self) -> SiteDraft:
        """What is known at this moment: frozen."""
        return self._draft

    @property
    def site(self) -> Site | None:
        """The site as it is described until now; ``None`` before a product was chosen."""
        return self._draft.site

    @property
    def step(self) -> str:
        """The name of the step that is shown."""
        return self._step

    def text(self) -> str:
        """Return the site file as it would be saved."""
        return self._draft.text

    def fill(self, values: Mapping[str, str | None] | None = None, **more: str | None) -> None:
        """Fill in fields by the names they have in a site file, as a person would type them; ``None``: not known.

        ``product`` comes first where it is given. A row is named by its number: ``{"users.0.code": "office"}``; the number after
        the last appends one.

        Raises:
            InputError: a product that does not exist, a field that does not exist, or a value that cannot be used.
        """
        wanted = {**(values or {}), **more}
        draft = self._draft
        if (product := wanted.pop("product", None)) is not None:
            if product not in PRODUCTS:
                raise InputError(f"{product!r} is no product; the products are {' and '.join(PRODUCTS)}")
            draft = draft.choose(product)
        if wanted and draft.product is None:
            raise InputError("say the product first: product='maestro-erp' or product='maestro-pms'")
        for path, text in wanted.items():
            try:
                draft = draft.grown(path).fill(path, text)
            except LookupError:
                raise InputError(f"there is no field {path!r}; fields are named as in a site file, rows by number") from None
            if path in draft.refused:
                raise InputError(f"{path} = {text!r} cannot be used: {draft.refused[path].why}")
        self.change(draft)

    def load(self, path: str | Path) -> None:
        """Begin again with a site file.

        Raises:
            SiteMistakes: it is not a site; every mistake is in it.
            InputError: it cannot be read.
        """
        self.change(self._draft.load(load(path), Path(path).name))

    def practise(self, name: str) -> None:
        """Begin again with a practice site: ``hotel`` or ``builder``."""
        self.change(self._draft.load(practice_file(name), SITE_FILES[name].file), f"Loaded the practice {name}.")

    def go(self, step: str) -> None:
        """Show a step; what was entered elsewhere stays."""
        if step in {known.name for known in walk(self._draft.product)}:
            self._step, self._status.text = step, ""
            self._show()
            self._heading.focus()

    def change(self, draft: SiteDraft, said: str = "") -> None:
        """Take another draft, show it everywhere, and say what happened."""
        if draft != self._draft:
            # A copy has not yet worked out its findings and routes: two hundred times those of a large site would be too much.
            self._before = [*self._before[1 - STEPS_BACK :], replace(self._draft)]
            self._draft = draft
        self._status.text = said
        self._show()

    def saved(self, file: SiteFile | None = None, said: str = "") -> None:
        """Note that the site has been saved; that is no change, and taking a change back goes on from the saved file too."""
        now = self._draft.saved(file)
        self._before = [earlier.after_saving(self._draft, now) for earlier in self._before]
        self._draft = now
        self._status.text = said
        self._show()

    def undo(self) -> None:
        """Take the last change back."""
        if self._before:
            self._draft = self._before.pop()
            self._status.text = "The last change was taken back."
            self._show()

    def say(self, said: str) -> None:
        """Say something in the status line."""
        self._status.text = said

    def show_code(self) -> str:
        """Return the Python and the command line that do what this step does."""
        python, command = as_python(self._draft, self._step), as_command(self._draft, self._step)
        return f"# In a notebook cell\n{python}\n\n# In a terminal\n{command}\n"

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        bundle = self.view._repr_mimebundle_(**options)
        return {**bundle, "text/plain": "The panel “choose a mode”; run the cell to see it."}

    def _turn(self, by: int) -> None:
        names = [step.name for step in walk(self._draft.product)]
        there = names.index(self._step) + by
        if 0 <= there < len(names):
            self.go(names[there])

    def _show(self) -> None:
        """Bring the view in step with the draft; the only place that does."""
        try:
            self._bring()
        except Exception as fault:  # noqa: BLE001 - a fault in judging or wording must be seen; a button would swallow it
            told = f"mailkit itself failed: {fault!r}. What was entered is kept, and Undo takes the last change back."
            self._here.sections = [("fault", error(told))]

    def _bring(self) -> None:
        draft = self._draft
        steps = {step.name: step for step in walk(draft.product)}
        if self._step not in steps:
            self._step = START
        step = steps[self._step]
        view = self._view(step)
        view.show(draft)
        if self._content.children != (view.view,):
            self._content.children = (view.view,)
        with self._steps.hold_sync():
            self._steps.steps = [[done.step.name, done.step.title, done.state, done.words] for done in outline(draft)]
            self._steps.current = self._step
        self._heading.text, self._heading.about = step.title, step.about
        self._here.sections = [("here", markup)] if (markup := found("To put right here", belonging(draft, step))) else []
        names = list(steps)
        self._back.disabled = self._step == names[0]
        self._next.disabled = self._step == names[-1]
        self._undo.disabled = not self._before
        self._code.sections = [("code", code(as_python(draft, self._step), as_command(draft, self._step)))]

    def _view(self, step: Step) -> StepView:
        key = (None if step.name == START else self._draft.product, step.name)
        if key not in self._views:
            host: Host = self
            self._views[key] = view_of(host, step)
        return self._views[key]
