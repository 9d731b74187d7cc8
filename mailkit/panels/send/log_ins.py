"""The log-ins that a choice needs: one field for each account, for its owner to type into; or the keyring of this machine.

What is typed goes from the field into a :class:`~mailkit.secret.Secret`, is used for one round, and is in no widget state.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from mailkit.finding import Finding, Product
from mailkit.mail.account import Account
from mailkit.panels.parts import Heading, SecretField, Sheet
from mailkit.panels.site.markup import found
from mailkit.report.words import count
from mailkit.secret import Secret
from mailkit.signin.entry import check_entry, check_secret

__all__ = ["LogIns", "has_keyring"]

MOST = 12
"""Fields that are shown at once; more come when these have been filled."""

_ABOUT = (
    "Each user types his own, here or on his own computer (open a row for that). A password is kept in memory for one round, "
    "tried once for each account, and stands in no file, log or notebook."
)


def has_keyring() -> bool:
    """Tell whether the library for the machine's keyring is installed."""
    return importlib.util.find_spec("keyring") is not None


@dataclass(frozen=True)
class _Entry:
    account: Account
    field: SecretField
    again: SecretField


class LogIns:
    """The fields. ``changed`` is called without arguments when there is more or less in them.

    Attributes:
        twice: each password is typed twice, as New Password and Confirmation.
        view: the widget.
    """

    def __init__(self, changed: Callable[[], None], from_keyring: Callable[[], None], leave_out: Callable[[], None]) -> None:
        self._changed = changed
        self._entries: dict[str, _Entry] = {}
        self._product: Product | None = None
        self._judged: dict[str, tuple[Finding, ...]] = {}
        self._quiet = False
        self._frozen = False
        self._heading = Heading(text="Passwords", about=_ABOUT)
        self._grid = widgets.GridBox([])
        self._grid.add_class("mailkit-fields")
        self._grid.add_class("mailkit-more")
        self._more = Sheet()
        self._odd = Sheet()
        self.twice = widgets.Checkbox(description="Type each twice (New Password and Confirmation)", indent=False)
        self.twice.observe(lambda _: self._twice(), "value")
        self._keyring = widgets.Button(description="Take from the keyring", layout={"width": "auto"})
        self._keyring.layout.display = "" if has_keyring() else "none"
        self._keyring.on_click(lambda _: from_keyring())
        self._leave = widgets.Button(description="Leave out those without", layout={"width": "auto"})
        self._leave.on_click(lambda _: leave_out())
        row = widgets.HBox([self._keyring, self._leave, self.twice])
        row.add_class("mailkit-actions")
        self.view: Any = widgets.VBox([self._heading, self._grid, self._more, row, self._odd])
        self.view.add_class("mailkit-part")

    @property
    def given(self) -> frozenset[str]:
        """Keys of the accounts whose password was typed, or stands in its field at this moment."""
        return frozenset(key for key, one in self._entries.items() if self._complete(one))

    @property
    def objection(self) -> str | None:
        """Why what was typed cannot be used; ``None``: nothing is wrong with it."""
        wrong = (one for found in self._judged.values() for one in found if one.severity == "error")
        return next((f"{one.summary.rstrip('.')}" for one in wrong), None)

    def show(self, accounts: Mapping[str, Account], product: Product | None, *, frozen: bool) -> None:
        """Show a field for each account that logs in."""
        self._product, self._frozen = product, frozen
        for key, account in accounts.items():
            if account.login is not None and key not in self._entries:
                self._entries[key] = self._made(account)
        wanted = [key for key, account in accounts.items() if account.login is not None]
        open_first = [key for key in wanted if key not in self.given] + [key for key in wanted if key in self.given]
        shown = wanted if len(wanted) <= MOST else sorted(open_first[:MOST], key=wanted.index)
        fields = [one for key in shown for one in self._fields(self._entries[key])]
        if self._grid.children != tuple(fields):
            self._grid.children = fields
        for one in fields:
            one.disabled = frozen
        rest = len(wanted) - len(shown)
        told = f'<p class="mk-note">{count(rest, "more field")} will be shown as these are filled.</p>' if rest else ""
        self._more.sections = [("more", told)] if told else []
        self._keyring.disabled = self._leave.disabled = self.twice.disabled = frozen
        lacking = any(key not in self.given for key in wanted)
        self._leave.layout.display = "" if lacking else "none"
        # While a round runs the passwords are used up, and the eyes are on the table.
        self.view.layout.display = "" if wanted and not frozen else "none"
        findings = [one for key in wanted for one in self._judged.get(key, ())]
        self._odd.sections = [("odd", markup)] if (markup := found("About what was typed", findings)) else []

    def hold(self, key: str, account: Account, secret: Secret | None) -> None:
        """Give the secret of an account in code, or forget it; whoever calls shows the fields anew."""
        if key not in self._entries:
            self._entries[key] = self._made(account)
        entry = self._entries[key]
        self._quiet = True
        entry.field.hold(secret)
        entry.again.hold(secret)
        self._quiet = False
        self._judge(key)

    def lacking(self, accounts: Mapping[str, Account]) -> dict[str, Account]:
        """Return the accounts that log in and have nothing to do it with."""
        return {key: one for key, one in accounts.items() if one.login is not None and key not in self.given}

    def take(self, keys: frozenset[str]) -> dict[str, Secret]:
        """Take the secrets of these accounts out of their fields: they are in no field any more."""
        self._quiet = True
        taken = {key: self._entries[key].field.take() for key in keys if key in self._entries}
        for key in keys & self._entries.keys():
            self._entries[key].again.take()
        self._quiet = False
        self._judged.clear()
        return {key: secret for key, secret in taken.items() if secret}

    def forget(self) -> None:
        """Forget everything that was typed, and whose fields there were."""
        self.take(frozenset(self._entries))
        self._entries.clear()

    def _made(self, account: Account) -> _Entry:
        key = account.key
        label = f"Password of {account.login} at {account.endpoint}"
        entry = _Entry(account, SecretField(description=label), SecretField(description=f"Confirmation for {account.login}"))
        for one in (entry.field, entry.again):
            one.observe(lambda _: self._typed(key), ["held", "filled"])
        return entry

    def _fields(self, entry: _Entry) -> list[SecretField]:
        return [entry.field, entry.again] if self.twice.value else [entry.field]

    def _complete(self, entry: _Entry) -> bool:
        fields = self._fields(entry)
        return all(one.held or one.filled for one in fields)

    def _twice(self) -> None:
        for key in self._entries:
            self._judge(key)
        self._changed()

    def _typed(self, key: str) -> None:
        if not self._quiet:
            self._judge(key)
            self._changed()

    def _judge(self, key: str) -> None:
        """Judge what was typed, and put it back where it was."""
        entry = self._entries[key]
        self._judged.pop(key, None)
        if any(one.filled or not one.held for one in self._fields(entry)):
            return
        self._quiet = True
        new, again = entry.field.take(), entry.again.take()
        entry.field.hold(new)
        entry.again.hold(again)
        self._quiet = False
        login = entry.account.login or ""
        if new and self.twice.value:
            self._judged[key] = check_entry(new, again, login=login, product=self._product)
        elif new:
            self._judged[key] = check_secret(new, login=login, product=self._product)
