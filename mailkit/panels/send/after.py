"""What can be done about one mail that is looked at: say how it went by hand, show its source, let its user test his password."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import ipywidgets as widgets
import msgspec

from mailkit.errors import InputError
from mailkit.mail.by_hand import OUTCOMES, Outcome
from mailkit.mail.planned import Planned
from mailkit.panels.parts import PasteField, SaveBar
from mailkit.panels.send.model import SendModel
from mailkit.signin.own import own_case

__all__ = ["After"]

_REPORTED: tuple[Outcome, ...] = get_args(Outcome)
_LONGEST = 4000
_LABEL = "The source of a mail that arrived or came back"
_HINT = "Paste it, or drop .eml files. It is read here, told by the code in it, and nothing of it is kept but what it shows."


class After:
    """The buttons and fields below the mail that is looked at.

    Args:
        report: called with an outcome and the words the program showed.
        given: called with the sources that were pasted or dropped.
    """

    def __init__(self, report: Callable[[Outcome, str], None], given: Callable[[tuple[bytes, ...]], None]) -> None:
        self._planned: Planned | None = None
        self.words = widgets.Text(description="What the program said", placeholder="its words exactly, where there was an error")
        self.buttons = {outcome: widgets.Button(description=_short(outcome), tooltip=OUTCOMES[outcome]) for outcome in _REPORTED}
        for outcome, button in self.buttons.items():
            button.layout.width = "auto"
            button.on_click(lambda _, outcome=outcome: report(outcome, self.words.value[:_LONGEST]))
        row = widgets.HBox(list(self.buttons.values()))
        row.add_class("mailkit-actions")
        fields = widgets.GridBox([self.words])
        fields.add_class("mailkit-fields")
        self.words.add_class("mailkit-whole")
        self._by_hand = widgets.VBox([fields, row])
        self.paste = PasteField(
            lambda text: given((text.encode("utf-8", "surrogatepass"),)),
            lambda files: given(tuple(data for _, data in files)),
            label=_LABEL,
            hint=_HINT,
            action="Read it",
            accept=".eml,.txt,.msg",
        )
        actions = [("case", "Let the user test his own password: save the case for him", "save")]
        self._own = SaveBar({"case": self._case}, actions=actions, disabled=False)
        self.view: Any = widgets.VBox([self._by_hand, self.paste, self._own])
        self.view.add_class("mailkit-after")

    def show(self, model: SendModel) -> None:
        """Show what applies to the mail that is looked at."""
        looked_at = 0 <= model.opened < len(model.plan.mails)
        self._planned = model.plan.mails[model.opened] if looked_at else None
        record = model.by_row.get(model.opened)
        running = model.progress.running
        by_hand = self._planned is not None and self._planned.way == "by-hand" and record is not None
        sent = record is not None and record.delivery.state in ("accepted", "uncertain", "delivered", "bounced")
        self._by_hand.layout.display = "" if by_hand else "none"
        self.paste.layout.display = "" if sent else "none"
        self.paste.busy = running
        for button in self.buttons.values():
            button.disabled = running
        own = (
            self._planned is not None
            and self._planned.obstacle is None
            and self._planned.way == "smtp"
            and self._planned.needs_secret
        )
        self._own.layout.display = "" if own and not by_hand else "none"
        self.view.layout.display = "" if by_hand or sent or own else "none"

    def _case(self) -> tuple[str, str]:
        if self._planned is None:
            raise InputError("open a mail first")
        case = own_case(self._planned, prepared=datetime.now(UTC))
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self._planned.user or "site").strip(".-") or "user"
        return f"own-{name}.json", msgspec.json.format(msgspec.json.encode(case), indent=2).decode() + "\n"


def _short(outcome: Outcome) -> str:
    """The first words of an outcome, for a button."""
    first = OUTCOMES[outcome].partition(":")[0]
    return first[:1].upper() + first[1:]
