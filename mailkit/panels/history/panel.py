"""The panel "delivery history": from a store, or from files that were dropped, to what stands out, and to one mail's whole story.

A view on plain values: the form gives a frozen :class:`~mailkit.panels.history.choice.Choice`, a
:class:`~mailkit.panels.job.Job` does the work in another thread, :class:`~mailkit.panels.history.model.HistoryModel` holds what
was answered. What is chosen while an older choice is being answered takes its place. Everything works without a front end::

    panel = HistoryPanel()
    await panel.open("history.sqlite3")
    panel.headlines
    await panel.choose(period="7", user="FD2")
    panel.table("reasons")
    await panel.look("<message-id@hotel.test>")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from mailkit.errors import InputError, MailkitError
from mailkit.history.questions import Headline, story
from mailkit.panels.history.asking import EVERY, Far, Happened, Task, Tell, follow, working
from mailkit.panels.history.choice import Choice
from mailkit.panels.history.code import as_command, as_python
from mailkit.panels.history.deliveries import made, update
from mailkit.panels.history.exports import file_of
from mailkit.panels.history.form import Form
from mailkit.panels.history.headline_list import HeadlineList
from mailkit.panels.history.model import Answer, HistoryModel, Opened, answer_of
from mailkit.panels.history.results import above, below, charts, detail, headlines, looks, mails, status
from mailkit.panels.history.source import Given, Source
from mailkit.panels.history.tables import TITLES
from mailkit.panels.history.told import heading, markup
from mailkit.panels.job import Job, Progress, State
from mailkit.panels.parts import Heading, SaveBar, Sheet, StatusLine
from mailkit.panels.site.markup import code, error
from mailkit.secret import Secret
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    import pandas as pd

    from mailkit.history.importing import Progress as Reading

__all__ = ["HistoryPanel"]

PASTED = "pasted.log"
_KINDS = (("csv", "Save as CSV"), ("xlsx", "Save for Excel"), ("html", "Save as a page (HTML)"), ("json", "Save as JSON Lines"))
_EVERYTHING = "every"


class HistoryPanel:
    """The panel. Build it in a notebook cell (or where a loop runs), never inside a callback: it keeps the loop it is built on.

    Attributes:
        form: the fields; ``form.fill(period="7")`` fills them in.
        view: the widget.
    """

    def __init__(self) -> None:
        self._model = HistoryModel()
        self._source = Source()
        self._tasks: list[Task] = []
        self._halt = threading.Event()
        self._again = False
        self._wanted = ""
        self._job: Job[Happened] = Job(self._moved)
        self._looking: Job[Opened] = Job(self._looked)
        self._saver: Job[None] = Job(lambda _: None)
        self.form = Form(self._chosen, self._show, self._pasted, self._dropped)
        self._open = widgets.Button(description="Open", button_style="primary")
        self._stop = widgets.Button(description="Stop")
        self._status = StatusLine()
        self._above, self._charts, self._mails, self._below, self._code = Sheet(), Sheet(), Sheet(), Sheet(), Sheet()
        self._headlines = HeadlineList()
        self._table = widgets.VBox([])
        self._listed: Any = None
        self._find = widgets.Text(description="Open a mail", placeholder="a delivery, or a Message-ID", continuous_update=False)
        self._heading, self._story = Heading(), Sheet()
        self._which = widgets.Dropdown(
            description="Table", options=[("All tables", _EVERYTHING), *((TITLES[one], one) for one in EVERY)], value="latest"
        )
        self._save = SaveBar(
            {kind: partial(self._saved, kind) for kind, _ in _KINDS}, actions=[(kind, words, "save") for kind, words in _KINDS]
        )
        self._open.on_click(lambda _: self._pressed())
        self._stop.on_click(lambda _: self.stop())
        self._find.observe(lambda change: self._asked_for(change["new"]), "value")
        self.view = self._lay_out()
        self._show()

    @property
    def model(self) -> HistoryModel:
        """What the panel knows at this moment: frozen."""
        return self._model

    @property
    def answer(self) -> Answer | None:
        """The last answer."""
        return self._model.answer

    @property
    def headlines(self) -> tuple[Headline, ...]:
        """What stands out, the worst first."""
        return self._model.answer.headlines if self._model.answer else ()

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as it is on the page: ``reasons``, ``latest``, ….

        Raises:
            KeyError: it was not asked for.
        """
        if self._model.answer is None:
            raise KeyError(name)
        return self._model.answer.tables[name].frame

    async def open(self, where: str, password: Secret | None = None) -> tuple[Headline, ...]:
        """Open a store and answer.

        Args:
            where: ``history.sqlite3``, ``postgresql://user@host/database``, or a folder of Parquet files.
            password: of the database; without it PostgreSQL's own ways hold (``PGPASSWORD``, ``~/.pgpass``).

        Raises:
            InputError: it cannot be opened.
        """
        self.form.source.value = "store"
        self.form.store.value = where
        return await self._done(_opening(self.form.store.value, password or self.form.password.take()))

    async def read(self, *files: Given) -> tuple[Headline, ...]:
        """Read files (paths, or names with contents) into a temporary store, beside those read before, and answer.

        Raises:
            InputError: nothing in them is of a known format.
        """
        self.form.source.value = "files"
        return await self._done(_reading(files, self.form.clock.value.strip() or None))

    async def practise(self) -> tuple[Headline, ...]:
        """Open the practice history and answer."""
        self.form.source.value = "practice"
        return await self._done(_practising)

    async def choose(self, **values: Any) -> tuple[Headline, ...]:  # noqa: ANN401 - fields of Choice, each of its own type
        """Fill in the choice and answer.

        Raises:
            InputError: it cannot be asked like this.
        """
        self.form.fill(**values)
        return await self._done()

    async def look(self, name: str) -> pd.DataFrame | None:
        """Open one delivery by its name or Message-ID and return its story; ``None``: nothing is known of it."""
        self._wanted = name
        await self._looking.run(partial(self._told, name))
        return self._model.opened.told if self._model.opened else None

    def start_practice(self) -> None:
        """Open the practice history soon."""
        self.form.source.value = "practice"
        self._begin(_practising)

    def start_store(self, where: str) -> None:
        """Open a store soon."""
        self.form.source.value = "store"
        self.form.store.value = where
        self._pressed()

    def stop(self) -> None:
        """Stop soon; what was read until then is asked about, what was answered is kept."""
        if self._model.asking:
            self._job.cancel()
        else:
            self._halt.set()

    def show_code(self) -> str:
        """Return the Python and the command line that ask the same; no password is in them."""
        made = self._coded()
        return f"# In a notebook cell\n{made[0]}\n\n# In a terminal\n{made[1]}\n" if made else ""

    def close(self) -> None:
        """Stop what is running, close the store and delete what is temporary."""
        self._halt.set()
        self._again = False
        for job in (self._job, self._looking, self._saver):
            job.cancel()
        # Somebody may still be asking in another thread, who holds the history until his question is answered.
        threading.Thread(target=self._source.close, name="mailkit-history-close").start()

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        bundle = self.view._repr_mimebundle_(**options)
        return {**bundle, "text/plain": "The panel “delivery history”; run the cell to see it."}

    async def _done(self, *tasks: Task) -> tuple[Headline, ...]:
        """Do the tasks, answer, and wait for the end of it, also when something newer took its place."""
        if obstacle := self.form.choice().obstacle():
            raise InputError(obstacle)
        self._tasks.extend(tasks)
        if self._model.progress.running:
            self._again = True
            self._job.cancel()
        progress = await self._job.run(self._work)
        while self._again or self._tasks or self._job.progress.running:
            progress = await self._job.run(self._work)
        if progress.error is not None:
            raise progress.error
        return self.headlines

    def _begin(self, *tasks: Task) -> None:
        """Start the tasks and the questions; what is being asked gives way, files that are being read are read to their end."""
        self._tasks.extend(tasks)
        progress = self._model.progress
        if not progress.running:
            self._job.start(self._work)
        elif self._model.asking or tasks:
            self._again = True
            self._job.cancel()

    async def _work(self) -> AsyncGenerator[Happened, None]:
        self._again = False
        self._halt = threading.Event()
        tasks, self._tasks = self._tasks, []
        work = working(self._source, tasks, self.form.choice, self._halt)
        async for one in follow(work):
            yield one

    def _pressed(self) -> None:
        """Open what is filled in."""
        kind = self.form.source.value
        if kind == "practice":
            self._begin(_practising)
        elif kind == "store":
            self._begin(_opening(self.form.store.value, self.form.password.take()))
        elif path := self.form.path.value.strip():
            self._begin(_reading((Path(path).expanduser(),), self.form.clock.value.strip() or None))

    def _pasted(self, text: str) -> None:
        self._begin(_reading(((PASTED, text.encode("utf-8", "replace")),), self.form.clock.value.strip() or None))

    def _dropped(self, files: tuple[tuple[str, bytes], ...]) -> None:
        self._begin(_reading(files, self.form.clock.value.strip() or None))

    def _chosen(self) -> None:
        if self._model.name and not self.form.choice().obstacle():
            self._begin()
        self._show()

    def _moved(self, progress: Progress[Happened]) -> None:
        model = replace(self._model, progress=progress, name=self._source.name, reports=self._source.reports)
        if (answer := answer_of(progress)) is not None and (
            progress.state is State.DONE or model.answer is None or len(answer.parts) > 1
        ):
            model = replace(model, answer=answer)
        if model.name != self._model.name:
            model = replace(model, opened=None, answer=answer)
        self._model = model
        if model.known is not None and not progress.running:
            self.form.offer(model.known.words)
        try:
            self._show()
        except Exception as fault:  # noqa: BLE001 - a fault in wording must be seen; the loop would swallow it
            self._model = HistoryModel(name=self._model.name, progress=Progress(State.FAILED, error=fault))
            self._show()
        if not progress.running and self._again:
            self._job.start(self._work)

    def _asked_for(self, name: str) -> None:
        if name.strip():
            self._open_one(name.strip())

    def _open_one(self, name: str) -> None:
        """Open a delivery that was chosen; the last one chosen wins."""
        self._wanted = name
        if not self._looking.progress.running:
            self._looking.start(partial(self._told, name))

    async def _told(self, name: str) -> AsyncGenerator[Opened, None]:
        def ask() -> pd.DataFrame | None:
            with self._source.turn:
                return story(self._source.history, name) if self._source.history else None

        told = await asyncio.to_thread(ask)
        if told is not None:
            yield Opened(name, told)

    def _looked(self, progress: Progress[Opened]) -> None:
        if progress.state is State.DONE and progress.events:
            self._model = replace(self._model, opened=progress.events[0])
            self._show()
            self._heading.focus()
        if not progress.running and self._wanted not in ("", progress.events[0].name if progress.events else ""):
            self._looking.start(partial(self._told, self._wanted))

    def _saved(self, kind: str) -> None:
        """Make a file of the chosen table in another thread; it is handed over when it is there."""
        chosen = self._which.value
        several = chosen == _EVERYTHING
        if several and kind not in {"xlsx", "html"}:
            self._save.refuse(kind, "Such a file holds one table: choose one, or save for Excel or as a page.")
            return
        names = EVERY if several else (chosen,)
        choice = self._model.answer.choice if self._model.answer else self.form.choice()

        async def work() -> AsyncGenerator[None, None]:
            try:
                file, content = await asyncio.to_thread(file_of, self._source, choice, names, kind)
            except MailkitError as refused:
                self._save.refuse(kind, f"{refused}.")
            else:
                self._save.give(kind, file, content)
            yield

        self._saver.start(work)

    def _show(self) -> None:
        """Bring the view in step with the model; the only place that does."""
        model, kind = self._model, self.form.source.value
        running = model.progress.running
        reading = running and not model.asking
        choice = self.form.choice()
        obstacle = choice.obstacle()
        self.form.show(busy=reading)
        self._open.description = {"files": "Read the path", "practice": "Practise"}.get(kind, "Open")
        self._open.button_style = "" if kind == "files" else "primary"
        self._open.disabled = reading or obstacle is not None
        self._stop.layout.display = "" if running else "none"
        self._status.running = running
        self._status.detail = detail(model)
        self._status.text = status(model, obstacle)
        answer = model.answer
        self._above.sections = above(model)
        self._headlines.headlines = headlines(answer)
        self._charts.sections = charts(answer)
        self._mails.sections = mails(answer)
        self._below.sections = below(answer)
        self._show_mails(answer)
        self._show_opened()
        self._answers.layout.display = "" if answer else "none"
        self._save.disabled = answer is None
        coded = self._coded()
        self._code.sections = [("looks", looks()), *([("code", code(*coded))] if coded else [])]

    def _show_mails(self, answer: Answer | None) -> None:
        listed = answer.listed if answer else None
        if listed is self._listed:
            return
        self._listed = listed
        if listed is None:
            return
        if self._table.children:
            update(self._table.children[0], listed)
        else:
            self._table.children = (made(listed, self._open_one),)

    def _show_opened(self) -> None:
        opened = self._model.opened
        self._told_box.layout.display = "" if opened else "none"
        if opened is None:
            self._story.sections = []
            return
        known = len(opened.told) > 0
        self._heading.text = heading(opened.told) if known else f"Nothing is recorded of {visible(shorten(opened.name, 80))}"
        zone = self._model.answer.choice.zone if self._model.answer else "UTC"
        told = markup(opened.told, zone) if known else error("Give a delivery or a Message-ID as the table of mails has them.")
        self._story.sections = [(f"story {opened.name}", told)]

    def _coded(self) -> tuple[str, str] | None:
        """Return the code; ``None``: what is chosen cannot be asked."""
        choice: Choice = self.form.choice()
        if choice.obstacle():
            return None
        files = [name for report in self._model.reports for name, form in report.files if form]
        name = self._model.name or self.form.store.value.strip()
        opened = self._model.opened.name if self._model.opened else None
        return as_python(choice, name, files=files, opened=opened), as_command(choice, name, files=files, opened=opened)

    def _lay_out(self) -> Any:  # noqa: ANN401 - ipywidgets has no types
        row = widgets.HBox([self._open, self._stop, self._status])
        row.add_class("mailkit-actions")
        finder = widgets.GridBox([self._find])
        finder.add_class("mailkit-fields")
        self._told_box = widgets.VBox([self._heading, self._story])
        self._told_box.add_class("mailkit-told")
        which = widgets.GridBox([self._which])
        which.add_class("mailkit-fields")
        saving = widgets.VBox([which, self._save])
        saving.add_class("mailkit-saving")
        self._answers: Any = widgets.VBox(
            [self._headlines, self._charts, self._mails, self._table, finder, self._told_box, self._below, saving]
        )
        self._answers.add_class("mailkit-answers")
        view: Any = widgets.VBox([self.form.places, row, self.form.filters, self._above, self._answers, self._code])
        view.add_class("mailkit-panel")
        view.add_class("mailkit-history")
        return view


def _opening(where: str, password: Secret | None) -> Task:
    def task(source: Source, tell: Tell, halt: threading.Event) -> None:
        tell(Far("Opening the store"))
        source.open(where, password, lambda done, total: tell(Far(_percent("Reading events", done, total))), halt.is_set)

    return task


def _reading(files: tuple[Given, ...], zone: str | None) -> Task:
    def task(source: Source, tell: Tell, halt: threading.Event) -> None:
        tell(Far("Reading"))
        source.read(files, zone, lambda far: tell(Far(_far(far))), halt.is_set)

    return task


def _practising(source: Source, tell: Tell, _halt: threading.Event) -> None:
    tell(Far("Making up the practice history"))
    source.practise()


def _far(far: Reading) -> str:
    said = _percent(f"Reading {visible(shorten(Path(far.file).name, 60))}", far.done, far.total)
    return f"{said}, {far.events:,} events, {far.unreadable:,} not readable"


def _percent(words: str, done: int, total: int | None) -> str:
    return f"{words}: {100 * done // total} %" if total else words
