"""The panel "probe a server": from a host name to a verdict, with the steps as they happen.

A view on plain objects: the form gives a frozen :class:`~mailkit.panels.question.Question`, a :class:`~mailkit.panels.job.Job`
collects the observations, :class:`~mailkit.panels.model.ProbeModel` makes documents of them, :mod:`mailkit.panels.results` puts
them into words. Everything works without a front end::

    panel = ProbePanel()
    panel.form.fill(host="mail.example.com", ports="587")
    await panel.run()
    panel.document.headline
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.observation import ProbeDocument
from mailkit.panels.form import Form
from mailkit.panels.job import Job, Progress, State
from mailkit.panels.model import ProbeModel, Seen, probing
from mailkit.panels.parts import SaveBar, Sheet, StatusLine
from mailkit.panels.practice import PracticeSwitch
from mailkit.panels.question import Question
from mailkit.panels.results import code, detail, sections, status
from mailkit.report.machine import line
from mailkit.report.ticket import ticket

__all__ = ["ProbePanel"]

Work = Callable[[], AsyncGenerator[Seen, None]]


class ProbePanel:
    """The panel. Build it in a notebook cell (or where a loop runs), never inside a callback: it keeps the loop it is built on.

    Attributes:
        form: the fields; ``form.fill(host=…)`` fills them in.
        practice: the switch to the practice site.
        view: the widget.
    """

    def __init__(self) -> None:
        self._model = ProbeModel()
        self._job: Job[Seen] = Job(self._moved)
        self._start = widgets.Button(description="Start", button_style="primary")
        self._stop = widgets.Button(description="Stop")
        self._status = StatusLine()
        self._sheet = Sheet()
        self._code = Sheet()
        self._mask = widgets.Checkbox(description="Hide names and addresses in the text for a ticket", value=True, indent=False)
        actions = [
            ("json", "Save as JSON", "save"),
            ("ticket", "Save text for a ticket", "save"),
            ("clipboard", "Copy text for a ticket", "copy"),
        ]
        self._save = SaveBar({"json": self._as_json, "ticket": self._as_ticket, "clipboard": self._as_ticket}, actions=actions)
        self.form = Form(self._show)
        self.practice = PracticeSwitch(self.form, self._show)
        self._start.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.stop())
        self._saving = widgets.VBox([self._save, self._mask])
        self._saving.add_class("mailkit-saving")
        actions_row = widgets.HBox([self._start, self._stop, self._status])
        actions_row.add_class("mailkit-actions")
        self.view = widgets.VBox([self.practice.view, self.form.view, actions_row, self._sheet, self._saving, self._code])
        self.view.add_class("mailkit-panel")
        self._show()

    @property
    def model(self) -> ProbeModel:
        """What the panel knows at this moment: frozen."""
        return self._model

    @property
    def documents(self) -> tuple[ProbeDocument, ...]:
        """The documents of the last run, one per target; judged once it is over."""
        return self._model.documents

    @property
    def document(self) -> ProbeDocument | None:
        """The document of the last run (of its first target), or ``None`` before there is one."""
        return self.documents[0] if self.documents else None

    @property
    def question(self) -> Question:
        """What is filled in."""
        return self.form.question(practice=self.practice.on)

    def start(self) -> None:
        """Start what is filled in and return at once; what stands in the way is said in the status line."""
        if self._model.progress.running or self._obstacle() is not None:
            self._show()
            return
        self._job.start(self._prepare())

    def stop(self) -> None:
        """Stop soon; what was found until then is judged and kept."""
        self._job.cancel()

    async def run(self) -> tuple[ProbeDocument, ...]:
        """Do what is filled in and return the documents.

        Raises:
            InputError: something filled in cannot be used.
        """
        await self.practice.ready()
        if obstacle := self._obstacle():
            raise InputError(obstacle)
        progress = await self._job.run(self._prepare())
        if progress.error is not None:
            raise progress.error
        return self.documents

    def show_code(self) -> str:
        """Return the Python and the command line that do what is filled in; both ask for the password."""
        return f"# In a notebook cell\n{self.question.as_python()}\n\n# In a terminal\n{self.question.as_command()}\n"

    def close(self) -> None:
        """Stop what is running and close the practice site."""
        self._job.cancel()
        self.practice.close()

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        bundle = self.view._repr_mimebundle_(**options)
        return {**bundle, "text/plain": "The panel “probe a server”; run the cell to see it."}

    def _obstacle(self) -> str | None:
        password = self.form.password
        return self.practice.obstacle or self.question.obstacle(password=password.held or password.filled)

    def _prepare(self) -> Work:
        """Take the password out of its field into the work, and leave it nowhere else."""
        question = self.question
        targets = question.targets()
        settings = question.settings(self.form.password.take())
        self._model = ProbeModel(targets, replace(settings, credentials=None), question.product)
        return partial(probing, targets, settings)

    def _moved(self, progress: Progress[Seen]) -> None:
        self._model = replace(self._model, progress=progress)
        if not progress.running:
            self.practice.rearm()
        try:
            self._show()
        except Exception as error:  # noqa: BLE001 - a fault in judging or wording must be seen; the loop would swallow it
            self._model = ProbeModel(progress=Progress(State.FAILED, error=error))
            self._show()

    def _show(self) -> None:
        """Bring the view in step with the state; the only place that does."""
        running = self._model.progress.running
        if not running and self._model.product != self.question.product:
            # What was seen is judged again for the other product: nobody needs to be asked twice.
            self._model = replace(self._model, product=self.question.product)
        model = self._model
        obstacle = self._obstacle()
        self.form.freeze(frozen=running)
        self.practice.freeze(frozen=running)
        self._start.disabled = running or obstacle is not None
        self._stop.disabled = not running
        self._status.running = running
        self._status.detail = detail(model)
        self._status.text = status(model, obstacle)
        self._sheet.sections = sections(model)
        self._code.sections = code(self.question)
        self._save.disabled = running or not model.documents
        self._saving.layout.display = "none" if self._save.disabled else ""

    def _as_json(self) -> tuple[str, str]:
        return self._file("json" if len(self.documents) == 1 else "jsonl"), "".join(
            f"{line(document)}\n" for document in self.documents
        )

    def _as_ticket(self) -> tuple[str, str]:
        return self._file("md"), "\n".join(ticket(document, mask=self._mask.value) for document in self.documents)

    def _file(self, suffix: str) -> str:
        """A file name any system takes: what was probed and when."""
        document = self.documents[0]
        name = "probe" if self._mask.value and suffix == "md" else re.sub(r"[^a-z0-9.-]+", "-", document.target.lower())[:80]
        return f"mailkit-{name}-{document.started:%Y%m%dT%H%M%SZ}.{suffix}"
