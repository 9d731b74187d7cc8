"""The widgets of the panel, laid out, and brought in step with a model. They hold nothing that the model does not hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

import ipywidgets as widgets

from mailkit.journal import STATES
from mailkit.journal.store import Decision
from mailkit.panels.parts import Heading, RowTable, SecretField, Sheet, StatusLine
from mailkit.panels.site.markup import code
from mailkit.panels.traces import results
from mailkit.panels.traces.code import as_commands, as_python
from mailkit.panels.traces.deeds import Previewed
from mailkit.panels.traces.fields import Choices, Places, Sending
from mailkit.panels.traces.model import Deed, TracesModel
from mailkit.panels.traces.saving import LateSaveBar
from mailkit.report.traces import STATE_WORDS
from mailkit.report.words import count
from mailkit.text import visible

__all__ = ["Frame", "Host"]

_SAVES = [
    ("csv", "Save every mail (CSV)", "save"),
    ("jsonl", "Save as JSON Lines", "save"),
    ("html", "Save as a page (HTML)", "save"),
    ("txt", "Save text for a ticket", "save"),
    ("copy", "Copy text for a ticket", "copy"),
]
_AGAIN: dict[str, tuple[str, Decision]] = {
    "resend": ("It did not arrive: send it again", "resend"),
    "accepted": ("It arrived: note it as taken", "accepted"),
}
_DECIDABLE: dict[str, tuple[str, ...]] = {"uncertain": ("resend", "accepted")}
_ONCE_MORE = frozenset({"rejected", "bounced", "expired", "deferred"})


class Host(Protocol):
    """The panel, as its widgets call it."""

    def took(self, name: str, data: bytes) -> None:
        """A site file was handed over."""

    def dropped(self, name: str, data: bytes) -> None:
        """A table of traces was handed over."""

    def chosen(self) -> None:
        """Another choice stands in the fields."""

    def typed(self) -> None:
        """A password was typed or forgotten."""

    def choose_row(self, number: int) -> None:
        """A row is to be opened."""

    def turn(self, wanted: str, page: int) -> None:
        """Another page of the table is to be shown, or another word looked for."""

    def decide(self, decision: Decision) -> None:
        """A person decided about the mail that is opened."""

    def let_again(self, account: str) -> None:
        """A stopped account is to be used again."""

    def exported(self, name: str) -> tuple[str, str]:
        """Give what a button saves; blocking."""

    def site_text(self, name: str) -> tuple[str, str]:
        """Give the site file as it is now."""

    def not_saved(self, error: BaseException) -> None:
        """It could not be made."""


class Frame:
    """The widgets. ``view`` is all of them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.places = Places(took=host.took, dropped=host.dropped)
        self.choices = Choices(host.chosen)
        self.sending = Sending(host.typed)
        self.database = SecretField(description="Password of the database")
        self.database.observe(lambda _: host.typed(), ["held", "filled"])
        self.sheets = {name: Sheet() for name in ("looks", "setup", "preview", "queued", "sent", "standing", "opened", "code")}
        self.sheets["looks"].sections = [("looks", results.looks())]
        self.lines: dict[Deed, StatusLine] = {
            "load": StatusLine(),
            "preview": StatusLine(),
            "activate": StatusLine(),
            "send": StatusLine(),
            "decide": StatusLine(),
        }
        self.buttons: dict[Deed, Any] = {
            "load": self.places.load,
            "preview": widgets.Button(description="Preview", button_style="primary"),
            "activate": widgets.Button(description="Activate", button_style="primary"),
            "send": widgets.Button(description="Send", button_style="primary"),
        }
        self.stop = widgets.Button(description="Stop")
        self.yes = widgets.Checkbox(description="Yes", indent=False)
        self.yes.add_class("mailkit-yes")
        self.state = widgets.Dropdown(
            description="State", options=[("Every state", ""), *((STATE_WORDS[one], one) for one in STATES)], value=""
        )
        self.table = RowTable(host.choose_row, host.turn)
        self.heading = Heading()
        self.decisions = widgets.HBox([])
        self.resumes = widgets.HBox([])
        self.bar = LateSaveBar(host.exported, host.not_saved, actions=_SAVES)
        self.mask = widgets.Checkbox(description="Hide names and addresses in what is saved", value=True, indent=False)
        self.site = LateSaveBar(host.site_text, host.not_saved, actions=[("site", "Save the site file", "save")])
        self.settling = self._row("decide")
        self.told = widgets.VBox([self.heading, self.sheets["opened"], self.decisions])
        self.rows = widgets.VBox([_grid(self.state), self.table, self.told])
        self.rows.add_class("mailkit-rows")
        self.told.add_class("mailkit-told")
        self.saving = widgets.VBox([self.bar, self.mask])
        self.saving.add_class("mailkit-saving")
        parts = [
            [self.places.view, self._row("load"), self.sheets["setup"], self.site],
            [_head("What would be sent", "Nothing is changed by looking."), self.choices.view, self.database,
             self._row("preview"), self.sheets["preview"]],
            [_head("Switch on", "Queues what was previewed and writes the flag into the site file. Nothing is sent by it."),
             self.choices.mark_sent, self.yes, self._row("activate"), self.sheets["queued"]],
            [_head("Send", "Queues what is new, then sends what is due."), self.sending.view,
             self._row("send", self.stop), self.sheets["sent"]],
            [_head("How the mails stand", "As the store has it, while sending too."), self.settling,
             self.sheets["standing"], self.resumes, self.rows, self.saving],
        ]  # fmt: skip
        boxes = [widgets.VBox(children) for children in parts]
        for box in boxes[1:]:
            box.add_class("mailkit-part")
        self.parts = boxes
        self.view: Any = widgets.VBox([self.sheets["looks"], *boxes, self.sheets["code"]])
        self.view.add_class("mailkit-panel")
        self.view.add_class("mailkit-traces")

    def show(self, model: TracesModel, words: Mapping[Deed, str], obstacles: Mapping[Deed, str | None]) -> None:
        """Bring every widget in step with the model.

        Args:
            model: what is known.
            words: of each status line.
            obstacles: why a deed cannot be begun.
        """
        running = model.running
        for deed, button in self.buttons.items():
            button.disabled = running or obstacles.get(deed) is not None
        self.stop.disabled = not (running and model.deed in ("send", "preview"))
        for deed, line in self.lines.items():
            line.running = running and model.deed == deed
            line.detail = results.detail(model) if deed == "send" else ""
            line.text = words[deed]
        self.settling.layout.display = "" if self.lines["decide"].text else "none"
        for freezing in (self.places, self.choices, self.sending):
            freezing.freeze(frozen=running)
        for part in self.parts[1:]:
            part.layout.display = "" if model.case else "none"
        self.database.layout.display = "" if model.case and model.case.database_login else "none"
        seen = model.previewed
        self.yes.disabled = running or not model.fits
        self.yes.value = model.agreed
        self.yes.description = _yes(model, seen)
        today = dt.datetime.now(tz=dt.UTC).astimezone().date()
        self.sheets["setup"].sections = results.setup(model, today)
        self.sheets["preview"].sections = results.preview(model)
        self.sheets["queued"].sections = results.queued(model)
        self.sheets["sent"].sections = results.sent(model)
        self.sheets["standing"].sections = results.standing(model)
        self.sheets["opened"].sections = results.opened(model)
        self.sheets["code"].sections = [("code", code(as_python(model), as_commands(model)))]
        self._show_rows(model)
        handed_over = model.case is not None and model.case.file.path is None and model.activated is not None
        self.site.disabled = not handed_over
        self.site.layout.display = "" if handed_over else "none"

    def _show_rows(self, model: TracesModel) -> None:
        view = model.view
        there = bool(view.standing and view.standing.states)
        self.rows.layout.display = "" if there else "none"
        opened = view.opened
        self.told.layout.display = "" if opened else "none"
        self.heading.text = results.heading_of(opened.delivery) if opened else ""
        chosen = next((n for n, one in enumerate(view.rows) if opened and one.delivery_id == opened.delivery.delivery_id), -1)
        with self.table.hold_sync():
            self.table.caption = "Every mail of traces"
            self.table.columns = list(results.COLUMNS)
            self.table.rows = [(number, results.cells(one)) for number, one in enumerate(view.rows)]
            self.table.chosen = chosen
            self.table.filter, self.table.page, self.table.pages = model.asked.wanted, view.page, view.pages
            self.table.found = count(view.found, "mail")
        decisions = self._decisions_of(opened.delivery.state) if opened else ()
        if [one.description for one in self.decisions.children] != [words for words, _ in decisions]:
            self.decisions.children = tuple(self._decision(words, decision) for words, decision in decisions)
        stopped = [one.account for one in view.standing.stopped] if view.standing else []
        if [one.tooltip for one in self.resumes.children] != stopped:
            self.resumes.children = tuple(self._resume_button(account) for account in stopped)
        for button in (*self.decisions.children, *self.resumes.children):
            button.disabled = model.running
        self.saving.layout.display = "" if there or model.previewed else "none"
        self.bar.disabled = model.running or not (there or model.previewed)

    def _row(self, deed: Deed, *more: Any) -> Any:  # noqa: ANN401 - ipywidgets has no types
        row = widgets.HBox([*([self.buttons[deed]] if deed in self.buttons else []), *more, self.lines[deed]])
        row.add_class("mailkit-actions")
        return row

    @staticmethod
    def _decisions_of(state: str) -> tuple[tuple[str, Decision], ...]:
        if state in _ONCE_MORE:
            return (("Send it again, once it is put right", "resend"),)
        return tuple(_AGAIN[name] for name in _DECIDABLE.get(state, ()))

    def _decision(self, words: str, decision: Decision) -> Any:  # noqa: ANN401 - ipywidgets has no types
        button = widgets.Button(description=words, layout={"width": "auto"})
        button.on_click(lambda _: self._host.decide(decision))
        return button

    def _resume_button(self, account: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
        words = f"Put right: let {visible(account)} be used again"
        button = widgets.Button(description=words, tooltip=account, layout={"width": "auto"})
        button.on_click(lambda _: self._host.let_again(account))
        return button


def _yes(model: TracesModel, seen: Previewed | None) -> str:
    """Say what a yes means, with its numbers."""
    if seen is None or not model.fits:
        return "Yes (after the preview of exactly this choice)"
    number = count(seen.preview.sending, "mail")
    if seen.preview.activation == "active":
        return f"Yes: queue {number} that came since; nothing is sent again"
    what = f"mark {number} as sent without sending" if model.choice.mark_sent else f"queue {number}"
    return f"Yes: {what}, and write Email Traces = Y into {visible(seen.case.name)}"


def _head(words: str, about: str) -> Heading:
    return Heading(text=words, about=about)


def _grid(field: Any) -> Any:  # noqa: ANN401 - ipywidgets has no types
    grid = widgets.GridBox([field])
    grid.add_class("mailkit-fields")
    return grid
