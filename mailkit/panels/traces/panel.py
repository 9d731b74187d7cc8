"""The panel "traces": preview, switch on, send, and see how every mail stands.

A view on one plain value, the frozen :class:`~mailkit.panels.traces.model.TracesModel`. Two jobs work for it: one does what is
asked, one looks at the store, also while mail is being sent. Everything works without a front end::

    panel = TracesPanel()
    await panel.load(Path("hotel.site.toml"))
    await panel.preview()
    panel.agree()
    await panel.activate()
    panel.password("frontdesk@hotel.test", Secret("…"))
    await panel.send()
    panel.model.view.standing
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from mailkit.errors import InputError
from mailkit.journal.store import Decision
from mailkit.mail.account import Access
from mailkit.panels.job import Job, Progress, State
from mailkit.panels.site.folder import own_folder
from mailkit.panels.traces import deeds, export, results
from mailkit.panels.traces.case import STORE, case_of
from mailkit.panels.traces.code import as_commands, as_python
from mailkit.panels.traces.frame import Frame
from mailkit.panels.traces.look import Asked, View, look
from mailkit.panels.traces.model import Deed, Said, Step, TracesModel
from mailkit.panels.traces.practice import Hotel, PracticeHotel
from mailkit.panels.traces.round import sending
from mailkit.report.traces import STATE_WORDS
from mailkit.secret import Secret
from mailkit.site.file import SiteFile
from mailkit.text import visible

__all__ = ["TracesPanel"]

Work = Callable[[], AsyncGenerator[Step, None]]


class TracesPanel:
    """The panel. Build it in a notebook cell (or where a loop runs), never inside a callback: it keeps the loop it is built on.

    Attributes:
        view: the widget.
    """

    def __init__(self) -> None:
        self._model = TracesModel()
        self._job: Job[Step] = Job(self._moved)
        self._looking: Job[View] = Job(self._looked)
        self._look_again = False
        self._stop_sending: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._own: Path | None = None
        self._practice = PracticeHotel(self._practised)
        self._practising: Hotel | None = None
        self._filling = False
        self.frame = Frame(self)
        self.places, self.choices, self.sending = self.frame.places, self.frame.choices, self.frame.sending
        self.view: Any = self.frame.view
        self._wire()
        self._show()

    # ── what is known ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def model(self) -> TracesModel:
        """What the panel knows at this moment: frozen."""
        return self._model

    @property
    def site_file(self) -> SiteFile | None:
        """The site file as it is now: one that the browser handed over is kept here only."""
        return self._model.case.file if self._model.case else None

    # ── what can be done, from code ────────────────────────────────────────────────────────────────────────────────

    async def load(
        self,
        where: Path | tuple[str, bytes],
        *,
        traces: str | None = None,
        store: str = "",
        **settings: Any,  # noqa: ANN401 - fields of PlanSettings
    ) -> None:
        """Load a site file: where it is, or its name and content.

        Args:
            where: the file.
            traces: the file or URL of the traces; ``None``: as the site file says.
            store: the store; empty: a file beside the site file.
            settings: what holds for every connection (:class:`~mailkit.mail.planned.PlanSettings`).

        Raises:
            InputError: it cannot be used.
        """
        await self._run("load", lambda: partial(self._load, where, traces, store, settings))
        await self.look()

    async def preview(self) -> None:
        """Preview what stands in the fields (``InputError``: it cannot be)."""
        await self._run("preview", self._preview)

    def agree(self, *, yes: bool = True) -> None:
        """Say yes to what was previewed."""
        self.frame.yes.value = yes

    async def activate(self) -> None:
        """Activate what was previewed and agreed to (``InputError``: it cannot be)."""
        await self._run("activate", self._activate)
        await self.look()

    def password(self, login: str, secret: Secret) -> None:
        """Give the password of an account, as typing it would."""
        for key, field in self.sending.secrets.items():
            if key.rpartition(" at ")[0] == login:
                field.hold(secret)

    async def send(self) -> None:
        """Queue what is new and send what is due (``InputError``: it cannot be)."""
        await self._run("send", self._send)
        await self.look()

    async def look(self) -> View:
        """Look at the store anew."""
        if self._looking.progress.running:  # what is under way was asked for earlier
            await self._looking.run(self._look_work())
        await self._looking.run(self._look_work())
        return self._model.view

    async def settle(self, delivery_id: str, decision: Decision) -> None:
        """Write down what a person decided about a mail (``InputError``: of this one it cannot be said)."""
        await self._run("decide", lambda: partial(self._settle, delivery_id, decision))
        await self.look()

    async def resume(self, account: str) -> None:
        """Let a stopped account be used again."""
        await self._run("decide", lambda: partial(self._resume, account))
        await self.look()

    def open(self, delivery_id: str | None) -> None:
        """Open one mail; it is shown at the next look."""
        self._ask(replace(self._model.asked, opened=delivery_id))

    def stop(self) -> None:
        """Stop soon: mails in hand are finished first, a second call ends at once. What was done until then is kept."""
        if self._model.deed == "send" and self._stop_sending is not None:
            loop, event = self._stop_sending
            self._stop_sending = None
            loop.call_soon_threadsafe(event.set)
        else:
            self._job.cancel()

    def show_code(self) -> str:
        """Return the Python and the command lines that do the same."""
        return f"# In a notebook cell\n{as_python(self._model)}\n\n# In a terminal\n{as_commands(self._model)}\n"

    def close(self) -> None:
        """Stop what is running, close the practice hotel, forget every secret, remove what the browser handed over."""
        for job in (self._job, self._looking):
            job.cancel()
        self._practice.close()
        for field in (*self.sending.secrets.values(), self.frame.database):
            field.hold(None)
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        bundle = self.view._repr_mimebundle_(**options)
        return {**bundle, "text/plain": "The panel “traces”; run the cell to see it."}

    # ── work ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self, deed: Deed, make: Callable[[], Work]) -> None:
        if obstacle := self._obstacle(deed):
            raise InputError(obstacle)
        work = make()
        self._model = self._model.at(deed)
        progress = await self._job.run(work)
        if progress.error is not None:
            raise progress.error

    def _start(self, deed: Deed, make: Callable[[], Work]) -> None:
        """Begin something at a press of a button, unless something is in the way or under way."""
        if not self._model.running and self._obstacle(deed) is None:
            work = make()
            self._model = self._model.at(deed)
            self._job.start(work)

    def _obstacle(self, deed: Deed) -> str | None:
        if deed == "load":
            return None
        case = self._model.case
        database = case is None or case.database_login is None or self.frame.database.held or self.frame.database.filled
        return self._model.obstacle(deed, holds=self.sending.holds, database=database)

    async def _load(
        self, where: Path | tuple[str, bytes], traces: str | None, store: str, settings: dict[str, Any]
    ) -> AsyncGenerator[Step, None]:
        case = await asyncio.to_thread(case_of, where, store=store)
        folder = own_folder()
        if not case.store and folder is not None:
            case = replace(case, store=str(folder / STORE))
        if settings:
            case = replace(case, settings=msgspec.structs.replace(case.settings, **settings))
        yield replace(case, traces=traces)
        yield Said(f"Read {visible(case.name)}.")

    def _preview(self) -> Work:
        case, choice, secret = self._model.case, self._model.choice, self._typed_for_database()
        assert case is not None, "an obstacle else"

        async def work() -> AsyncGenerator[Step, None]:
            yield await asyncio.to_thread(deeds.preview, case, choice, secret)

        return work

    def _activate(self) -> Work:
        seen, secret = self._model.yes, self._typed_for_database()
        assert seen is not None, "an obstacle else"

        async def work() -> AsyncGenerator[Step, None]:
            # Shielded: what writes the site file and the store goes to its end.
            yield await asyncio.shield(asyncio.to_thread(deeds.activate, seen, secret))

        return work

    def _send(self) -> Work:
        """Take the passwords out of their fields into the work, and leave them nowhere else."""
        case, database = self._model.case, self._typed_for_database()
        assert case is not None, "an obstacle else"
        secrets = {key: field.take() for key, field in self.sending.secrets.items()}

        async def work() -> AsyncGenerator[Step, None]:
            stop = asyncio.Event()
            self._stop_sending = (asyncio.get_running_loop(), stop)
            ways = await asyncio.to_thread(deeds.ways, case)
            given = {key: Access(way, secrets.get(key)) for key, way in ways.items() if way.login is None or secrets.get(key)}
            try:
                async for now in sending(case, given, stop, database):
                    yield now
            finally:
                self._stop_sending = None
                secrets.clear()

        return work

    async def _settle(self, delivery_id: str, decision: Decision) -> AsyncGenerator[Step, None]:
        case = self._model.case
        assert case is not None, "there is a mail"
        now = await asyncio.to_thread(deeds.settle, case, delivery_id, decision)
        again = " It leaves with the next sending." if now.state == "pending" else ""
        yield Said(f"Noted: the mail for {visible(now.recipient)} is now {STATE_WORDS[now.state]}.{again}")

    async def _resume(self, account: str) -> AsyncGenerator[Step, None]:
        case = self._model.case
        assert case is not None, "it is stopped in a store"
        await asyncio.to_thread(deeds.resume, case, account)
        yield Said(f"{visible(account)} may be used again; the next sending tries it once.")

    def _typed_for_database(self) -> Secret | None:
        case = self._model.case
        if case is None or case.database_login is None:
            return None
        secret = self.frame.database.take()
        self.frame.database.hold(secret)  # it is needed at each look at the source, and is forgotten with the panel
        return secret

    def _look_work(self) -> Callable[[], AsyncGenerator[View, None]]:
        case, asked = self._model.case, self._model.asked

        async def work() -> AsyncGenerator[View, None]:
            yield await asyncio.to_thread(look, case, asked) if case is not None else View()

        return work

    def _look(self) -> None:
        """Look soon; one look at a time."""
        if self._looking.progress.running:
            self._look_again = True
        else:
            self._looking.start(self._look_work())

    # ── what comes back ────────────────────────────────────────────────────────────────────────────────────────────

    def _moved(self, progress: Progress[Step]) -> None:
        before = self._model
        self._model = before.moved(progress)
        if self._model.case is not before.case:
            self._fill()
        if not progress.running:
            self._rearm()
        if self._model.round is not before.round or not progress.running:
            self._look()
        self._show()

    def _looked(self, progress: Progress[View]) -> None:
        if progress.running:
            return
        if progress.state is State.DONE and progress.events:
            self._model = replace(self._model, view=progress.events[-1], lost="")
        elif progress.state is State.FAILED:
            self._model = replace(self._model, lost=str(progress.error))
        if self._look_again:
            self._look_again = False
            self._looking.start(self._look_work())
        self._show()

    def _practised(self, progress: Progress[Hotel]) -> None:
        hotel = self._practice.hotel
        if hotel is not None and self._practising is None:
            self._practising = hotel
            self._load_practice()
        elif not progress.running:
            self._practising = None
        self._show()

    def _load_practice(self) -> None:
        hotel = self._practising
        if hotel is None or self._model.running:
            return
        right = self.places.planted.value == "right"

        async def work() -> AsyncGenerator[Step, None]:
            if right:
                await asyncio.to_thread(hotel.put_right)
            case = await asyncio.to_thread(case_of, hotel.file)
            yield replace(case, settings=hotel.settings)
            yield Said("The practice hotel runs; everything of it is in a folder that goes with this panel.")

        self._model = self._model.at("load")
        self._job.start(work)

    def _rearm(self) -> None:
        """Put the password of the practice account back, which a round has used up."""
        if self._practising is not None:
            for field in self.sending.secrets.values():
                if not field.held:
                    field.hold(self._practising.password)

    # ── what a person does ─────────────────────────────────────────────────────────────────────────────────────────

    def took(self, name: str, data: bytes) -> None:
        """Take a site file that was handed over."""
        self._begin((name, data))

    def dropped(self, name: str, data: bytes) -> None:
        """Keep the table in a folder of this panel's own: what reads it wants a file."""
        case = self._model.case
        if self._model.running:
            return
        if case is None:
            self._model = replace(self._model.at("load"), said="")
            self.frame.lines["load"].text = "Load the site file first; then the traces."
            return
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(prefix="mailkit-traces-"))
        table = self._own / (Path(name.replace("\\", "/")).name or "traces.csv")
        table.write_bytes(data)
        self._model = replace(self._model, case=replace(case, traces=str(table), called=name), agreed=False)
        self._fill()
        self._show()

    def _begin(self, where: Path | tuple[str, bytes]) -> None:
        traces, store = self.places.traces.value.strip() or None, self.places.store.value.strip()
        self._start("load", lambda: partial(self._load, where, traces, store, {}))

    def _press_load(self) -> None:
        self._begin(Path(self.places.path.value.strip() or "hotel.site.toml"))

    def _turn_practice(self) -> None:
        if self.places.practice.value:
            self._practice.start()
        else:
            self._practice.close()
            self._practising = None
            if not self._model.running:
                self._model = TracesModel(choice=self._model.choice)
                self._fill()
        self._show()

    def _placed(self) -> None:
        """Another source or store was typed for the hotel that is loaded."""
        case = self._model.case
        if case is None or self._filling or self._model.running:
            return
        traces = self.places.traces.value.strip() or None
        store = self.places.store.value.strip() or case.store
        kept = case.traces if traces is not None and traces == case.called else traces
        if (kept, store) != (case.traces, case.store):
            called = case.called if kept == case.traces else None
            self._model = replace(self._model, case=replace(case, traces=kept, store=store, called=called), agreed=False)
            self._look()
        self._show()

    def chosen(self) -> None:
        """Take what stands in the fields."""
        self._model = self._model.choose(self.choices.choice)
        self._show()

    def _agreed(self) -> None:
        if self.frame.yes.value != self._model.agreed:
            self._model = replace(self._model, agreed=bool(self.frame.yes.value))
            self._show()

    def _connected(self) -> None:
        """Take what holds for every connection out of its fields."""
        case = self._model.case
        if self._filling:
            return
        fields = self.sending.settings.items()
        said = {name: field.value.strip() or None if isinstance(field.value, str) else field.value for name, field in fields}
        if case is not None and any(getattr(case.settings, name) != value for name, value in said.items()):
            changed = replace(case, settings=msgspec.structs.replace(case.settings, **said))
            seen = self._model.previewed
            # It changes nothing of what was previewed.
            kept = replace(seen, case=changed) if seen is not None and seen.case == case else seen
            self._model = replace(self._model, case=changed, previewed=kept)
        self._show()

    def _ask(self, asked: Asked) -> None:
        self._model = replace(self._model, asked=asked)
        self._look()

    def turn(self, wanted: str, page: int) -> None:
        """Show another page of the table, or look for another word."""
        self._ask(replace(self._model.asked, wanted=wanted, page=page))

    def typed(self) -> None:
        """A password was typed or forgotten."""
        self._show()

    def let_again(self, account: str) -> None:
        """Let a stopped account be used again, soon."""
        self._start("decide", lambda: partial(self._resume, account))

    def choose_row(self, number: int) -> None:
        """Open a row of the table."""
        rows = self._model.view.rows
        if 0 <= number < len(rows):
            self.open(rows[number].delivery_id)
            self.frame.heading.focus()

    def decide(self, decision: Decision) -> None:
        """Write down, soon, what a person decided about the mail that is opened."""
        one = self._model.view.opened
        if one is not None:
            self._start("decide", lambda: partial(self._settle, one.delivery.delivery_id, decision))

    def _wire(self) -> None:
        self.places.practice.observe(lambda _: self._turn_practice(), "value")
        self.places.planted.observe(lambda _: self._load_practice(), "value")
        for field in (self.places.traces, self.places.store):
            field.observe(lambda _: self._placed(), "value")
        for field in self.sending.settings.values():
            field.observe(lambda _: self._connected(), "value")
        self.frame.yes.observe(lambda _: self._agreed(), "value")
        self.frame.state.observe(
            lambda _: self._ask(replace(self._model.asked, state=self.frame.state.value or None, page=1)), "value"
        )
        self.frame.buttons["load"].on_click(lambda _: self._press_load())
        self.frame.buttons["preview"].on_click(lambda _: self._start("preview", self._preview))
        self.frame.buttons["activate"].on_click(lambda _: self._start("activate", self._activate))
        self.frame.buttons["send"].on_click(lambda _: self._start("send", self._send))
        self.frame.stop.on_click(lambda _: self.stop())

    def _fill(self) -> None:
        """Put what the hotel says into the fields."""
        case = self._model.case
        self._filling = True
        try:
            self.places.path.value = str(case.file.path or case.name) if case else ""
            self.places.store.value = case.store if case else ""
            self.places.traces.value = (case.called or case.traces or "") if case else ""
            for name, field in self.sending.settings.items():
                if case is not None:
                    field.value = getattr(case.settings, name) or ("" if isinstance(field.value, str) else False)
        finally:
            self._filling = False
        logins = {
            key: f"Password of {visible(way.login)}"
            for key, way in (deeds.ways(case) if case else {}).items()
            if way.login is not None
        }
        self.sending.offer(logins)
        self._rearm()

    def _show(self) -> None:
        """Bring the view in step with the model; the only place that does."""
        try:
            words: dict[Deed, str] = {deed: self._words(deed) for deed in self.frame.lines}
            self.frame.show(self._model, words, {deed: self._obstacle(deed) for deed in self.frame.buttons})
        except Exception as fault:  # noqa: BLE001 - a fault in wording must be seen; the loop would swallow it
            self.frame.sheets["setup"].sections = [("fault", results.failure(fault))]

    def _words(self, deed: Deed) -> str:
        if deed == "load" and self.places.practice.value and self._practising is None:
            error = self._practice.progress.error
            return f"The practice hotel could not be started: {error}" if error else "The practice hotel is starting"
        if deed in ("load", "decide") and self._model.deed != deed:
            return "Load the site file of a hotel, or practise." if deed == "load" and self._model.case is None else ""
        return results.status(self._model, deed, self._obstacle(deed))

    def exported(self, name: str) -> tuple[str, str]:
        """Return what a button saves; blocking."""
        return export.exported(self._model, "txt" if name == "copy" else name, mask=self.frame.mask.value)  # type: ignore[arg-type]  # one of _SAVES

    def site_text(self, _name: str) -> tuple[str, str]:
        """Return the site file as it is now."""
        case = self._model.case
        assert case is not None, "the button is there with a case"
        return case.name, case.file.text

    def not_saved(self, error: BaseException) -> None:
        """Say why something could not be saved."""
        self.frame.lines["decide"].text = f"Not saved: {error}"
