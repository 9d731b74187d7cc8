"""The fields of the panel, grouped as they are used: where the hotel is, what counts, how to send. They hold no logic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import Disclosure, FileField, SecretField
from mailkit.panels.site.folder import own_folder
from mailkit.panels.traces.choice import Choice
from mailkit.traces.trace import STATUSES

__all__ = ["Choices", "Places", "Sending"]

_BASIS = (
    ("Default: the day it was made (assumed)", ""),
    ("The day it was made", "created"),
    ("The day it is due", "due"),
    ("The hotel's own date", "business"),
)
_EDGES = (
    ("Default: both count (assumed)", ""),
    ("Both count", "both"),
    ("The first one, not today", "first"),
    ("Today, not the first one", "last"),
    ("Neither", "neither"),
    ("Full days of 24 hours back", "hours"),
)
_PRACTICE = (("as it was planted: its server refuses the log-in", "planted"), ("with the log-in put right", "right"))


class Places:
    """Where the hotel, its traces and its store are; practice instead."""

    def __init__(self, *, took: Callable[[str, bytes], None], dropped: Callable[[str, bytes], None]) -> None:
        self.practice = widgets.Checkbox(
            description="Practice hotel: with its own mail server, inside this notebook", indent=False
        )
        self.planted = widgets.Dropdown(description="The hotel", options=_PRACTICE, value="planted")
        self._planted = widgets.GridBox([self.planted], layout={"display": "none"})
        self.upload = FileField(took, description="Site file from this computer", accept=".toml")
        self.table = FileField(dropped, description="Traces from this computer", accept=".csv,.txt,.tsv,.xlsx,.xlsm,.xls,.ods")
        self.path = widgets.Text(description="Site file", placeholder="hotel.site.toml", continuous_update=False)
        self.traces = widgets.Text(
            description="Traces", placeholder="empty: as the site file says; else a file or URL", continuous_update=False
        )
        self.store = widgets.Text(
            description="Store", placeholder="history.sqlite3 beside the site file", continuous_update=False
        )
        self.load = widgets.Button(description="Load", button_style="primary")
        if own_folder() is None:  # an app that is served runs in the server's folder: there the browser hands the files over
            self.load.layout.display = "none"
        fields = widgets.GridBox([*([self.path] if own_folder() else []), self.traces, self.store])
        for grid in (fields, self._planted):
            grid.add_class("mailkit-fields")
        files = widgets.HBox([self.upload, self.table])
        files.add_class("mailkit-actions")
        self.view = widgets.VBox([self.practice, self._planted, fields, files])

    def freeze(self, *, frozen: bool) -> None:
        """Let nothing be changed, or everything again."""
        for field in (self.practice, self.planted, self.path, self.traces, self.store):
            field.disabled = frozen
        self._planted.layout.display = "" if self.practice.value else "none"


class Choices:
    """What counts. ``changed`` is called after each change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.days = widgets.Text(description="Days back", placeholder="7 (documented)")
        self.basis = widgets.Dropdown(description="Counted by", options=_BASIS, value="")
        self.edges = widgets.Dropdown(description="Days at the ends", options=_EDGES, value="")
        self.without = widgets.Text(description="Leave out for good", placeholder="clerks, trace, staff, alert, id:4711")
        self.since = widgets.Text(description="Nothing before", placeholder="2026-11-21; empty: no such day")
        self.statuses = {
            status: widgets.Checkbox(description=status, value=status != "cancelled", indent=False) for status in STATUSES
        }
        self.repeat = widgets.Checkbox(description="switched on again: repeat the window too", indent=False)
        self.mark_sent = widgets.Checkbox(description="Mark as sent without sending: these mails never leave", indent=False)
        fields = widgets.GridBox([self.days, self.basis, self.edges, self.without, self.since])
        fields.add_class("mailkit-fields")
        boxes = widgets.HBox([widgets.Label("Statuses that count (assumed):"), *self.statuses.values(), self.repeat])
        boxes.add_class("mailkit-choices")
        self.view = widgets.VBox([fields, boxes])
        for field in (*self._all, self.mark_sent):
            field.observe(lambda _: changed(), "value")

    @property
    def _all(self) -> Iterable[Any]:
        return (self.days, self.basis, self.edges, self.without, self.since, *self.statuses.values(), self.repeat)

    @property
    def choice(self) -> Choice:
        """What stands in the fields."""
        ticked = tuple(status for status, box in self.statuses.items() if box.value)
        return Choice(
            days=self.days.value,
            basis=self.basis.value or None,
            edges=self.edges.value or None,
            statuses=None if ticked == ("open", "completed") else ticked,
            repeat=self.repeat.value,
            without=self.without.value,
            since=self.since.value,
            mark_sent=self.mark_sent.value,
        )

    def freeze(self, *, frozen: bool) -> None:
        """Let nothing be changed, or everything again."""
        for field in (*self._all, self.mark_sent):
            field.disabled = frozen


class Sending:
    """One password field for each account that logs in, and the two consents. ``changed`` is called after each change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.secrets: dict[str, SecretField] = {}
        self.plain = widgets.Checkbox(description="Send the password even over a connection that is not encrypted", indent=False)
        self.unverified = widgets.Checkbox(description="Send the password even to a server whose certificate fails", indent=False)
        self.resolver = _text("Name server", "empty: this computer's own")
        self.ca_file = _text("Trusted authorities (PEM file)", "empty: this computer's own")
        self.ehlo_name = _text("Name at EHLO", "empty: this computer's name")
        self._more = Disclosure(description="More: name server, authorities, servers without encryption")
        places = widgets.GridBox([self.resolver, self.ca_file, self.ehlo_name])
        places.add_class("mailkit-fields")
        self._consents = widgets.VBox([places, self.plain, self.unverified], layout={"display": "none"})
        self._fields = widgets.GridBox([])
        self._fields.add_class("mailkit-fields")
        self._fields.add_class("mailkit-more")
        self._fields.add_class("mailkit-secrets")
        self.view = widgets.VBox([self._fields, self._more, self._consents])
        self._more.observe(self._open, "opened")

    @property
    def settings(self) -> dict[str, Any]:
        """What holds for every connection, by the names of :class:`~mailkit.mail.planned.PlanSettings`, and its field."""
        return {
            "allow_plaintext_auth": self.plain,
            "allow_unverified": self.unverified,
            "resolver": self.resolver,
            "ca_file": self.ca_file,
            "ehlo_name": self.ehlo_name,
        }

    @property
    def holds(self) -> frozenset[str]:
        """The accounts whose password was typed."""
        return frozenset(key for key, field in self.secrets.items() if field.held or field.filled)

    def offer(self, logins: dict[str, str]) -> None:
        """Show a field for each of these accounts: by key, what to call it."""
        if list(logins) != list(self.secrets):
            before = self.secrets
            self.secrets = {key: before.get(key) or self._field(words) for key, words in logins.items()}
            self._fields.children = tuple(self.secrets.values())
        self._fields.layout.display = "" if logins else "none"

    def freeze(self, *, frozen: bool) -> None:
        """Let nothing be changed, or everything again."""
        for field in (*self.secrets.values(), *self.settings.values()):
            field.disabled = frozen

    def _field(self, words: str) -> SecretField:
        field = SecretField(description=words)
        field.observe(lambda _: self._changed(), ["held", "filled"])
        return field

    def _open(self, _change: object) -> None:
        self._consents.layout.display = "" if self._more.opened else "none"


def _text(words: str, empty: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
    return widgets.Text(description=words, placeholder=empty, continuous_update=False)
