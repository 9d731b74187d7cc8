"""The panel "send test mails": choose, look at the preview, send, watch each mail until it was seen in the mailbox.

A view on plain objects: :class:`~.plan.Plan` is the site's mails, :class:`~.order.Order` what is to be sent exactly, a
:class:`~mailkit.panels.job.Job` does the work of :mod:`.round`, and :class:`~.model.SendModel` makes records of what happens.
Everything works without a front end::

    panel = SendPanel()
    panel.load("site.toml")
    panel.choose(users=["frontdesk"], mailing="standard")
    panel.hold("frontdesk@hotel.test", Secret(getpass()))
    panel.preview()
    await panel.run()
    panel.records
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.mail.by_hand import Outcome
from mailkit.mail.plan import Planned, plan
from mailkit.panels.job import Job, Progress, State
from mailkit.panels.parts import Heading, RowTable, Sheet, StatusLine
from mailkit.panels.send.after import After
from mailkit.panels.send.form import Form
from mailkit.panels.send.happening import Happening, Said
from mailkit.panels.send.keyring import Found, from_keyring
from mailkit.panels.send.log_ins import LogIns
from mailkit.panels.send.model import Record, SendModel
from mailkit.panels.send.options import Options
from mailkit.panels.send.order import Order
from mailkit.panels.send.plan import Plan
from mailkit.panels.send.results import detail, heading, opened, preview, sections, status
from mailkit.panels.send.round import Secrets, recognise, record, sending
from mailkit.panels.send.saving import Saving
from mailkit.panels.send.start import Loaded, Start
from mailkit.panels.send.table import show_table
from mailkit.panels.site.markup import code
from mailkit.report.explained_page import style_explained
from mailkit.report.sending_page import sending_style
from mailkit.report.words import count
from mailkit.secret import Secret
from mailkit.site import Site

__all__ = ["SendPanel"]

_PLANNED_BY = ("to", "ca_file", "resolver", "ehlo_name", "allow_plaintext_auth", "allow_unverified")

Work = Callable[[], AsyncGenerator[Happening, None]]


class SendPanel:
    """The panel. Build it in a notebook cell (or where a loop runs), never inside a callback: it keeps the loop it is built on.

    Attributes:
        form: how to send and to follow; ``form.fill(to=…)`` fills the fields in.
        log_ins: the passwords' fields.
        source: where the site comes from.
        saving: the buttons that save a round.
        view: the widget.
    """

    def __init__(self) -> None:
        self._model = SendModel()
        self._loaded: Loaded | None = None
        self._planned_for: tuple[object, ...] = ()
        self._told = ""
        self._stop_sending = asyncio.Event()
        self._job: Job[Happening] = Job(self._moved)
        self._beside: Job[Happening] = Job(self._noted)
        self._fetching: Job[Found] = Job(self._fetched)
        self.source = Start(self._take)
        self.form = Form(self._changed)
        self.log_ins = LogIns(self._show, self.from_keyring, self.leave_out)
        self._table = RowTable(self._open, self._turn, self._tick)
        self._look = widgets.Button(description="Preview", button_style="primary")
        self._send = widgets.Button(description="Send", layout={"width": "auto"})
        self._stop = widgets.Button(description="Stop")
        self._status = StatusLine()
        self._preview = Heading(text="Preview")
        self._shown = Sheet()
        self._sheet = Sheet()
        self._heading = Heading()
        self._opened = Sheet()
        self.after = After(self.report, self.recognise)
        self._code = Sheet()
        self.saving = Saving(lambda: self._model)
        self._look.on_click(lambda _: self.preview())
        self._send.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.stop())
        self.view: Any = self._lay_out()
        self._show()

    @property
    def model(self) -> SendModel:
        """What the panel knows at this moment: frozen."""
        return self._model

    @property
    def site(self) -> Site | None:
        """The site that was loaded."""
        return self._model.site

    @property
    def records(self) -> tuple[Record, ...]:
        """The mails of the last round, in the order of the choice, as they stand now."""
        return tuple(self._model.round.records.values())

    @property
    def options(self) -> Options:
        """What is filled in."""
        return self.form.options

    @property
    def order(self) -> Order | None:
        """What is chosen, and how it would be sent; ``None``: nothing is."""
        model, loaded = self._model, self._loaded
        if loaded is None or not model.ticked:
            return None
        rows = tuple(sorted(model.ticked))
        return Order(
            product=loaded.site.product,
            file=loaded.file,
            mails=tuple(model.plan.mails[row] for row in rows),
            rows=rows,
            users=self._users,
            options=self.options,
            kept_in=self.options.store.strip() or loaded.kept_in,
            practice=loaded.practice is not None,
        )

    def load(self, path: str | Path) -> None:
        """Load a site file."""
        self.source.load(path)

    def choose(self, *, users: Collection[str] | None = None, mailing: str | None = None, on: bool = True) -> None:
        """Choose the mails of these users (``None``: all) and this kind (``None``: all), or (``on=False``) do not."""
        mails = enumerate(self._model.plan.mails)
        rows = [row for row, one in mails if (users is None or one.user in users) and (mailing is None or one.mailing == mailing)]
        self._model = self._model.tick(rows, on=on)
        self._show()

    def hold(self, login: str, secret: Secret) -> None:
        """Give the password of a log-in, as typing it into its fields does."""
        for key, account in self._model.plan.accounts(self._model.ticked).items():
            if account.login == login:
                self.log_ins.hold(key, account, secret)
        self._show()

    def preview(self) -> None:
        """Show what would be sent, exactly; only that can be sent then."""
        order = self.order
        if order is not None and not self._model.progress.running and self.options.obstacle() is None:
            self._model = replace(self._model, shown=order)
        self._show()

    def start(self) -> None:
        """Send what the preview showed, and return at once; what stands in the way is said in the status line."""
        if self._model.progress.running or self._obstacle() is not None:
            self._show()
            return
        self._job.start(self._prepare())

    def stop(self) -> None:
        """Stop soon: the mail in hand is finished, nothing new is begun; pressed again, do not wait for that either."""
        if self._model.stopped:
            self._job.cancel()
        self._model = replace(self._model, stopped=True)
        self._job.soon(self._stop_sending.set)
        self._show()

    async def run(self) -> tuple[Record, ...]:
        """Send what the preview showed and return what became of each mail.

        Raises:
            InputError: nothing was shown, something was changed since, or a password is missing.
        """
        await self.source.ready()
        if obstacle := self._obstacle():
            raise InputError(obstacle)
        progress = await self._job.run(self._prepare())
        if progress.error is not None:
            raise progress.error
        return self.records

    def open(self, row: int) -> None:
        """Look at a mail; ``row`` as in ``model.plan.mails``."""
        self._model = replace(self._model, opened=row)
        self._show()

    def report(self, outcome: Outcome, words: str = "") -> None:
        """Write down how the mail that is looked at went, which a person sent by hand."""
        known, order = self._model.by_row.get(self._model.opened), self._model.order
        if known is not None and order is not None and not self._model.progress.running:
            self._beside.start(partial(record, order.kept_in, order.product, known.delivery.delivery_id, outcome, words))

    def recognise(self, mails: tuple[bytes, ...]) -> None:
        """Read sources of mails that arrived or came back, and write down what they show."""
        order = self._model.order
        if order is None or self._model.progress.running:
            return
        chosen = self._model.by_row.get(self._model.opened)
        deliveries = [one.delivery for one in self.records]
        self._beside.start(
            partial(recognise, order.kept_in, order.product, deliveries, mails, chosen.delivery.delivery_id if chosen else None)
        )

    async def noted(self) -> None:
        """Wait until what was reported or pasted is written down."""
        await asyncio.sleep(0)  # what was just begun is scheduled, and not yet running
        await self._beside.run(_nothing)

    def from_keyring(self) -> None:
        """Take the passwords that are missing from the keyring of this machine, where it has them."""
        lacking = self.log_ins.lacking(self._model.plan.accounts(self._model.ticked))
        if lacking:
            self._fetching.start(partial(from_keyring, lacking))

    def leave_out(self) -> None:
        """Do not choose mails whose account has nothing to log in with."""
        lacking, mails = set(self._model.lacking), self._model.plan.mails
        rows = [row for row in self._model.ticked if (account := mails[row].account) is not None and account.key in lacking]
        self._model = self._model.tick(rows, on=False)
        self._show()

    def show_code(self) -> str:
        """Return the Python and the command line that send what is chosen; both ask for the passwords."""
        order = self.order
        if order is None:
            return ""
        return f"# In a notebook cell\n{order.as_python()}\n\n# In a terminal\n{order.as_command()}\n"

    def close(self) -> None:
        """Stop what is running, forget what was typed, close the practice site."""
        self._stop_sending.set()
        for job in (self._job, self._beside, self._fetching):
            job.cancel()
        self.log_ins.forget()
        self.form.box_password.hold(None)
        self.source.close()

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        bundle = self.view._repr_mimebundle_(**options)
        return {**bundle, "text/plain": "The panel “send test mails”; run the cell to see it."}

    # ── what changes ──

    def _take(self, loaded: Loaded | None) -> None:
        """Begin with another site: what was typed for the one before is forgotten."""
        self._loaded, self._planned_for = loaded, ()
        self.log_ins.forget()
        self.form.practise(on=loaded is not None and loaded.practice is not None)
        self._model = SendModel(loaded.site, loaded.file) if loaded else SendModel()
        practice = loaded.practice if loaded else None
        self.form.fill(resolver=practice.resolver if practice else "", ca_file=str(practice.ca_file) if practice else "")
        self._changed()
        self._rearm()
        self._show()

    def _changed(self) -> None:
        """Plan again where something was changed that the plan hangs on."""
        loaded, options = self._loaded, self.options
        wanted = (loaded, *(getattr(options, name) for name in _PLANNED_BY))
        if wanted != self._planned_for and not self._model.progress.running:
            self._planned_for, self._told = wanted, ""
            mails: tuple[Planned, ...] = ()
            if loaded is not None:
                try:
                    mails = plan(loaded.site, to=options.address, settings=options.settings)
                except InputError as wrong:
                    self._told = str(wrong)
            made = Plan(mails)
            kept = self._model.ticked & made.sendable
            self._model = replace(self._model, plan=made, ticked=kept).turned(self._model.wanted, self._model.page)
        self._show()

    def _prepare(self) -> Work:
        """Take the passwords out of their fields into the work, and leave them nowhere else."""
        order, loaded = self._model.shown, self._loaded
        assert order is not None
        assert loaded is not None
        box = self.form.box_password.take() if order.options.asks_box else None
        secrets = Secrets(self.log_ins.take(frozenset(order.accounts)), box)
        self._stop_sending = asyncio.Event()
        self._model = replace(self._model, order=order, later=(), stopped=False, shown=None, opened=-1)
        return partial(sending, order, secrets, self._stop_sending, loaded.maildir if loaded.practice else None)

    def _moved(self, progress: Progress[Happening]) -> None:
        self._model = replace(self._model, progress=progress)
        if not progress.running:
            self._rearm()
        self._safely()

    def _noted(self, progress: Progress[Happening]) -> None:
        if progress.running:
            return
        failed = (Said(text=f"That could not be written down: {progress.error}"),) if progress.error else ()
        self._model = replace(self._model, later=(*self._model.later, *progress.events, *failed))
        self._safely()

    def _fetched(self, progress: Progress[Found]) -> None:
        if progress.running:
            return
        for one in progress.events:
            if (secret := one.take()) is not None:
                self.log_ins.hold(one.account.key, one.account, secret)
        self._told = next((one.why for one in progress.events if one.why), "")
        self._safely()

    def _rearm(self) -> None:
        """Give the practice accounts their passwords: a round has used them up."""
        if self._loaded is None or self._loaded.practice is None:
            return
        for key, account in self._model.plan.accounts(self._model.plan.sendable).items():
            if account.login and (secret := self._loaded.password(account.login)) is not None:
                self.log_ins.hold(key, account, secret)

    def _open(self, row: int) -> None:
        self.open(row)
        self._heading.focus()

    def _turn(self, wanted: str, page: int) -> None:
        self._model = self._model.turned(wanted, page)
        self._show()

    def _tick(self, row: int | None, on: bool) -> None:  # noqa: FBT001 - as the table tells it
        if not self._model.progress.running:
            self._model = self._model.tick(self._model.found if row is None else [row], on=on)
        self._show()

    # ── what is shown ──

    def _obstacle(self) -> str | None:
        """Why nothing can be sent yet, in one sentence; ``None``: it can."""
        model = self._model
        if (why := self.source.obstacle) is not None:
            return why
        if self._loaded is None:
            return "choose a site file first, or practise on the practice hotel or builder"
        if self._told:
            return self._told
        if not model.ticked:
            return "choose the mails to send"
        if (why := self.options.obstacle() or self.log_ins.objection) is not None:
            return why
        if self.options.login == "password" and (lacking := self._lacking()):
            more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
            return f"type the password of {lacking[0]}{more}, or leave out those without"
        password = self.form.box_password
        if self.options.asks_box and not (password.held or password.filled):
            return "type the password of the mailbox the mails are looked for in"
        if model.shown is None or model.shown != self.order:
            return "look at the preview"
        return None

    def _lacking(self) -> tuple[str, ...]:
        return replace(self._model, given=self.log_ins.given).lacking

    def _safely(self) -> None:
        try:
            self._show()
        except Exception as error:  # noqa: BLE001 - a fault in judging or wording must be seen; the loop would swallow it
            self._model = replace(self._model, order=None, later=(), progress=Progress(State.FAILED, error=error))
            self._show()

    def _show(self) -> None:
        """Bring the view in step with the model; the only place that does."""
        if self._model.given != self.log_ins.given:
            self._model = replace(self._model, given=self.log_ins.given)
        model = self._model
        running = model.progress.running
        order, obstacle = self.order, self._obstacle()
        accounts = model.plan.accounts(model.ticked)
        self.source.freeze(frozen=running)
        self.form.show(frozen=running, in_clear=self._in_clear(), unverified=self._unverified())
        self.log_ins.show(
            accounts if self.options.login == "password" else {}, model.site.product if model.site else None, frozen=running
        )
        show_table(self._table, model, running=running)
        self._chosen.layout.display = "" if model.plan.mails else "none"
        self._look.disabled = running or order is None or self.options.obstacle() is not None or bool(self._told)
        self._send.disabled = running or obstacle is not None
        self._send.description = _label(order)
        self._send.button_style = "" if self._send.disabled else "primary"
        self._look.button_style = "primary" if self._send.disabled else ""
        self._stop.disabled = not running
        self._stop.layout.display = "" if running else "none"
        self._status.running = running
        self._status.detail = detail(model)
        self._status.text = status(model, obstacle)
        self._preview.layout.display = "none" if model.shown is None or running else ""
        self._shown.sections = preview(model.shown, current=model.shown == order) if model.shown and not running else []
        self._sheet.sections = [("looks", f"<style>{sending_style()}\n{style_explained()}</style>"), *sections(model)]
        told = opened(model)
        self._heading.text = heading(model) if told else ""
        self._opened.sections = told
        self.after.show(model)
        self._one.layout.display = "" if told else "none"
        self.saving.show(model)
        self._code.sections = [("code", code(order.as_python(), order.as_command()))] if order is not None else []

    def _in_clear(self) -> bool:
        """A password might go over an unencrypted line: the settings ask for that, or leave it open."""
        accounts = self._model.plan.accounts(self._model.ticked).values()
        return self.options.box_in_clear or any(one.login and one.security in ("none", "auto") for one in accounts)

    def _unverified(self) -> bool:
        """In the last round a certificate failed."""
        tried = any(one.delivery.stage == "tls" and one.delivery.state not in ("accepted", "delivered") for one in self.records)
        looked = any(one.arrival is not None and one.arrival.looked.problem == "unverified" for one in self.records)
        return tried or looked

    @property
    def _users(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.user for one in self._model.plan.mails if one.user and one.way != "none"))

    def _lay_out(self) -> Any:  # noqa: ANN401 - ipywidgets has no types
        site = widgets.VBox([Heading(text="Site"), self.source.view])
        mails = widgets.VBox([Heading(text="Mails", about=_MAILS), self.form.view, self._table])
        row = widgets.HBox([self._look, self._send, self._stop, self._status])
        row.add_class("mailkit-actions")
        self._one = widgets.VBox([self._heading, self._opened, self.after.view])
        self._chosen = widgets.VBox([mails, self._one, self.log_ins.view, self.form.consents])
        for part in (site, mails, self._one):
            part.add_class("mailkit-part")
        view = widgets.VBox([site, self._chosen, self._preview, self._shown, row, self._sheet, self.saving.view, self._code])
        view.add_class("mailkit-panel")
        view.add_class("mailkit-sending")
        return view


_MAILS = "One for each user and kind of mail, by the way it really takes. Tick those to send; open one to see more of it."


async def _nothing() -> AsyncGenerator[Happening, None]:
    """Do nothing: running this waits for what is running already."""
    return
    yield


def _label(order: Order | None) -> str:
    """The words on the button: how many leave from here, and how many a person sends."""
    if order is None or not order.mails:
        return "Send"
    if not order.number:
        return f"Begin {count(order.by_hand, 'mail')} by hand"
    return f"Send {count(order.number, 'mail')}"
