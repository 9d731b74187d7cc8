"""The panel "what does it mean": paste a text or drop files, read the answer, take it along.

A view on one plain value, the frozen :class:`~mailkit.panels.explain.model.ExplainModel`; a :class:`~mailkit.panels.job.Job` does
the reading. Everything works without a front end::

    panel = ExplainPanel()
    await panel.run("550 5.1.1 user unknown")
    panel.answers[0].told[0].summary
    await panel.run(Path("bounces.mbox"))
    panel.groups
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from msgspec import structs

from mailkit.errors import InputError
from mailkit.explain import BounceReading, redact
from mailkit.panels.explain.code import as_command, as_python
from mailkit.panels.explain.given import PASTED, Given, Question
from mailkit.panels.explain.model import Batch, ExplainModel, reading
from mailkit.panels.explain.results import COLUMNS, cells, detail, heading, many, sections, status, told_of_group
from mailkit.panels.form import PRODUCT
from mailkit.panels.job import Job, Progress, State
from mailkit.panels.parts import Heading, PasteField, RowTable, SaveBar, Sheet, StatusLine
from mailkit.panels.site.markup import code
from mailkit.report.answers import Answer, Group, groups_csv, rows_csv
from mailkit.report.explained_page import page
from mailkit.report.machine import line
from mailkit.report.words import count

__all__ = ["ExplainPanel"]

ENDINGS = ".eml,.mbox,.mbx,.txt,.log,.msg,.zip"
KEPT = 4_000_000
"""Bytes of what was given that are kept in memory, to be explained again for another product or host."""
_TABLES = [("table", "Save the table (CSV)", "save"), ("rows", "Save every recipient (CSV)", "save")]
_DOCUMENTS = [("jsonl", "Save as JSON Lines", "save"), ("html", "Save as a page (HTML)", "save")]
_LABEL = "A reply, an error, a session or log, or the source of a bounce"
_HINT = (
    "Ctrl+Enter explains it. Mails, an mbox, logs or a ZIP archive can be dropped here. "
    "What looks like a password is taken out; nothing leaves this computer."
)


class ExplainPanel:
    """The panel. Build it in a notebook cell (or where a loop runs), never inside a callback: it keeps the loop it is built on.

    Attributes:
        product: the field for the product whose screens are named.
        host: the field for the server that spoke.
        view: the widget.
    """

    def __init__(self) -> None:
        self._model = ExplainModel()
        self._given: tuple[Given, ...] = ()
        self._job: Job[Batch] = Job(self._moved)
        self.product = widgets.Dropdown(description="Product", options=PRODUCT, value="")
        self.host = widgets.Text(
            description="Host", placeholder="whose server said it; empty: not known", continuous_update=False
        )
        self._paste = PasteField(self._pasted, self._dropped, label=_LABEL, hint=_HINT, action="Explain", accept=ENDINGS)
        self._stop = widgets.Button(description="Stop")
        self._status = StatusLine()
        self._sheet = Sheet()
        self._table = RowTable(self._choose, self._turn)
        self._heading = Heading()
        self._detail = Sheet()
        self._code = Sheet()
        self._tables = SaveBar({"table": self._as_table, "rows": self._as_rows}, actions=_TABLES)
        self._save = SaveBar({"jsonl": self._as_lines, "html": self._as_page}, actions=_DOCUMENTS)
        self._stop.on_click(lambda _: self.stop())
        for field in (self.product, self.host):
            field.observe(lambda _: self._again(), "value")
        fields = widgets.GridBox([self.product, self.host])
        fields.add_class("mailkit-fields")
        row = widgets.HBox([self._stop, self._status])
        row.add_class("mailkit-actions")
        self._saving = widgets.VBox([self._tables, self._save])
        self._saving.add_class("mailkit-saving")
        self._chosen = widgets.VBox([self._heading, self._detail])
        self._chosen.add_class("mailkit-told")
        self.view: Any = widgets.VBox(
            [fields, self._paste, row, self._sheet, self._table, self._chosen, self._saving, self._code]
        )
        self.view.add_class("mailkit-panel")
        self._show()

    @property
    def model(self) -> ExplainModel:
        """What the panel knows at this moment: frozen."""
        return self._model

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What the last things mean, in the order they were given."""
        return self._model.answers

    @property
    def groups(self) -> tuple[Group, ...]:
        """The rows of the table."""
        return self._model.groups

    def start(self, *things: str | Path | Given) -> None:
        """Explain texts (``str``), files or folders (``Path``), and return at once; nothing happens while something is read."""
        if things and not self._model.progress.running:
            self._job.start(self._prepare(_given(things)))

    def stop(self) -> None:
        """Stop soon; what was read until then is kept."""
        self._job.cancel()

    async def run(self, *things: str | Path | Given) -> tuple[Answer, ...]:
        """Explain these and return the answers.

        Raises:
            InputError: nothing was given.
        """
        if not things:
            raise InputError("give a text, a file or a folder to explain")
        progress = await self._job.run(self._prepare(_given(things)))
        if progress.error is not None:
            raise progress.error
        return self.answers

    def choose(self, number: int) -> None:
        """Look at a row of the table; ``number`` as in :attr:`groups`."""
        self._model = replace(self._model, chosen=number)
        self._show()

    def show_code(self) -> str:
        """Return the Python and the command line that do the same."""
        return f"# In a notebook cell\n{as_python(self._model)}\n\n# In a terminal\n{as_command(self._model)}\n"

    def close(self) -> None:
        """Stop what is running."""
        self._job.cancel()

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        bundle = self.view._repr_mimebundle_(**options)
        return {**bundle, "text/plain": "The panel “what does it mean”; run the cell to see it."}

    def _pasted(self, text: str) -> None:
        if (clean := redact(text)) != text:
            self._paste.show(clean)
        self.start(text)

    def _dropped(self, files: tuple[tuple[str, bytes], ...]) -> None:
        self.start(*(Given(name, data) for name, data in files))

    def _again(self) -> None:
        """Explain the same for another product or host, where it is still there."""
        if self._given and not self._model.progress.running:
            self.start(*self._given)

    def _prepare(self, things: Sequence[Given]) -> Any:  # noqa: ANN401 - a callable that makes the work
        question = Question(self.product.value or None, self.host.value.strip() or None, _own_rules())
        self._given = tuple(things) if sum(one.size for one in things) <= KEPT else ()
        pasted = "".join(one.data.decode() for one in things if one.name == PASTED and isinstance(one.data, bytes))
        self._model = ExplainModel(tuple(one.name for one in things), pasted, question)
        return partial(reading, things, question)

    def _moved(self, progress: Progress[Batch]) -> None:
        self._model = replace(self._model, progress=progress)
        try:
            self._show()
        except Exception as error:  # noqa: BLE001 - a fault in wording must be seen; the loop would swallow it
            self._model = ExplainModel(progress=Progress(State.FAILED, error=error))
            self._show()

    def _choose(self, number: int) -> None:
        self.choose(number)
        self._heading.focus()

    def _turn(self, wanted: str, page: int) -> None:
        self._model = self._model.turned(wanted, page)
        self._show()

    def _show(self) -> None:
        """Bring the view in step with the model; the only place that does."""
        model = self._model
        running = model.progress.running
        self._paste.busy = running
        self.product.disabled = self.host.disabled = running
        self._stop.disabled = not running
        self._stop.layout.display = "" if running else "none"
        self._status.running = running
        self._status.detail = detail(model)
        self._status.text = status(model)
        self._sheet.sections = sections(model)
        self._table.layout.display = "" if many(model) and model.groups else "none"
        with self._table.hold_sync():
            self._table.caption = "Bounces by reason"
            self._table.columns = list(COLUMNS)
            self._table.rows = [(number, cells(model, number)) for number in model.shown] if many(model) else []
            self._table.chosen = model.chosen
            self._table.filter, self._table.page, self._table.pages = model.wanted, model.page, model.pages
            self._table.found = (
                f"{count(len(model.found), 'row')}, {sum(model.groups[one].count for one in model.found):,} counted"
            )
        told = told_of_group(model)
        self._chosen.layout.display = "" if told else "none"
        self._heading.text = heading(model) if told else ""
        self._detail.sections = told
        self._save.disabled = self._tables.disabled = running or not model.answers
        self._tables.layout.display = "" if many(model) else "none"
        self._saving.layout.display = "none" if self._save.disabled else ""
        self._code.sections = [("code", code(as_python(model), as_command(model)))]

    def _as_table(self) -> tuple[str, str]:
        return _file("csv"), groups_csv(self.groups)

    def _as_rows(self) -> tuple[str, str]:
        return _file("csv", "recipients"), rows_csv(self._model.rows)

    def _as_lines(self) -> tuple[str, str]:
        return _file("jsonl"), "".join(
            f"{line(told)}\n"
            for one in self.answers
            for told in ((structs.replace(one.told, file=one.name),) if isinstance(one.told, BounceReading) else one.told)
        )

    def _as_page(self) -> tuple[str, str]:
        return _file("html"), page(self.answers, product=self._model.question.product)


def _given(things: Sequence[str | Path | Given]) -> tuple[Given, ...]:
    return tuple(_thing(one) for one in things)


def _thing(one: str | Path | Given) -> Given:
    if isinstance(one, str):
        return Given.text(one)
    return one if isinstance(one, Given) else Given(one.name or str(one), one)


def _own_rules() -> Path | None:
    """Return the file of the person's own rules, which stands beside the site file."""
    rules = Path("explain.toml")
    return rules if Path("site.toml").is_file() and rules.is_file() else None


def _file(suffix: str, name: str = "explained") -> str:
    return f"mailkit-{name}-{dt.datetime.now(tz=dt.UTC):%Y%m%dT%H%M%SZ}.{suffix}"
