"""The fields of the panel "delivery history": where the events are, and which of them are asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import ipywidgets as widgets

from mailkit.history.questions import STATES, By
from mailkit.panels.history.choice import PERIODS, Choice, here
from mailkit.panels.history.source import bare
from mailkit.panels.parts import Disclosure, PasteField, SecretField

__all__ = ["Form"]

SOURCES = (
    ("A store: a file or a database", "store"),
    ("Files: logs, exports, bounces", "files"),
    ("The practice history: a hotel and a builder", "practice"),
)
ENDINGS = ".log,.txt,.csv,.xlsx,.eml,.mbox,.gz,.bz2,.xz,.json"
_ZONES = (
    "UTC",
    "America/Halifax",
    "America/Toronto",
    "America/Chicago",
    "America/Denver",
    "America/Vancouver",
    "Europe/London",
    "Europe/Paris",
    "Asia/Dubai",
    "Asia/Singapore",
    "Australia/Sydney",
)
_BY_WORDS = {"endpoint": "Server", "domain": "Recipients' domain", "hour_of_day": "Hour of the day"}
_LABEL = "Lines of a log, or the source of a bounce"
_HINT = (
    "Drop files here, or choose them: mail logs of Postfix and Exim, message traces and tracking logs of Exchange, tables,"
    " bounces; packed ones too. They are read into a temporary store, deleted with the panel; nothing leaves this computer."
)
_ELSEWHERE = "give its path above, or use “mailkit history import” in a terminal"


class Form:
    """The fields.

    Args:
        changed: called when another choice is made.
        moved: called when another kind of source is chosen.
        pasted, dropped: called with what is pasted or dropped.
    """

    def __init__(
        self,
        changed: Callable[[], None],
        moved: Callable[[], None],
        pasted: Callable[[str], None],
        dropped: Callable[[tuple[tuple[str, bytes], ...]], None],
    ) -> None:
        typed: dict[str, Any] = {"continuous_update": False}
        self.source = widgets.Dropdown(description="Where the events are", options=SOURCES, value="store")
        self.store = widgets.Text(description="Store", placeholder="history.sqlite3, or postgresql://user@host/database", **typed)
        self.password = SecretField(description="Password of the database")
        self.path = widgets.Text(description="Or a file or folder, by its path", placeholder="/var/log/mail.log", **typed)
        self.clock = widgets.Combobox(
            description="Time zone of the files", placeholder="where they name none: this machine's", options=_ZONES, **typed
        )
        self.paste = PasteField(
            pasted, dropped, label=_LABEL, hint=_HINT, action="Read the lines", accept=ENDINGS, elsewhere=_ELSEWHERE
        )
        self.period = widgets.Dropdown(description="Period", options=PERIODS, value="all")
        self.since = widgets.DatePicker(description="From")
        self.until = widgets.DatePicker(description="To")
        self.zone = widgets.Combobox(description="Time zone", value=here(), options=_ZONES, **typed)
        self.by = widgets.Dropdown(
            description="Count by",
            options=[(_BY_WORDS.get(name, name.capitalize()), name) for name in get_args(By)],
            value="endpoint",
        )
        self.user = widgets.Combobox(description="User or clerk", placeholder="all", **typed)
        self.domain = widgets.Combobox(description="Recipients' domain", placeholder="all", **typed)
        self.endpoint = widgets.Combobox(description="Server", placeholder="all", **typed)
        self.property = widgets.Combobox(description="Property", placeholder="all", **typed)
        self.kind = widgets.Dropdown(description="Kind", options=[("All", "")], value="")
        self.state = widgets.Dropdown(description="State", options=[("All", ""), *((one, one) for one in STATES)], value="")
        self.recorded = widgets.Dropdown(description="Recorded by", options=[("All", "")], value="")
        self.at = widgets.DatePicker(description="Before and after")
        self.days = widgets.BoundedIntText(description="Days each", value=14, min=1, max=366)
        self._fields: dict[str, Any] = {
            "period": self.period, "since": self.since, "until": self.until, "zone": self.zone, "by": self.by, "user": self.user,
            "domain": self.domain, "endpoint": self.endpoint, "property": self.property, "kind": self.kind, "state": self.state,
            "source": self.recorded, "at": self.at, "days": self.days,
        }  # fmt: skip
        self._changed = changed
        self._filling = False
        for field in self._fields.values():
            field.observe(lambda _: self._edited(), "value")
        self.source.observe(lambda _: moved(), "value")
        self.store.observe(lambda _: self._strip(), "value")
        self.view = self._lay_out()

    def choice(self) -> Choice:
        """Return what is chosen."""
        return Choice(**{name: field.value for name, field in self._fields.items()})

    def fill(self, **values: Any) -> None:  # noqa: ANN401 - each field has its own type
        """Fill in fields by the names of :class:`Choice`, as one change."""
        before = self.choice()
        self._filling = True
        try:
            for name, value in values.items():
                self._fields[name].value = value
        finally:
            self._filling = False
        if self.choice() != before:
            self._edited()

    def offer(self, words: Mapping[str, tuple[str, ...]]) -> None:
        """Offer what the filters can be."""
        self._filling = True
        try:
            for name, known in words.items():
                field = self._fields[name]
                if isinstance(field, widgets.Dropdown):
                    value = field.value
                    field.options = [("All", ""), *((one, one) for one in known)]
                    field.value = value if value in known else ""
                else:
                    field.options = known
        finally:
            self._filling = False

    def show(self, *, busy: bool) -> None:
        """Show the fields that belong to the chosen source and period; while files are read nothing else can be given."""
        kind = self.source.value
        for field, where in ((self.store, "store"), (self.password, "store"), (self.path, "files"), (self.clock, "files")):
            field.layout.display = "" if kind == where else "none"
        self.paste.layout.display = "" if kind == "files" else "none"
        self.paste.busy = busy
        for field in (self.source, self.store, self.path, self.clock, self.password):
            field.disabled = busy
        for field in (self.since, self.until):
            field.layout.display = "" if self.period.value == "between" else "none"
        self.days.disabled = self.at.value is None

    def _edited(self) -> None:
        if not self._filling:
            self._changed()

    def _strip(self) -> None:
        """Take a password out of the address at once: what stands in the field may be saved with the notebook."""
        shown, password = bare(self.store.value)
        if shown != self.store.value:
            self.store.value = shown
            if password is not None:
                self.password.hold(password)

    def _lay_out(self) -> Any:  # noqa: ANN401 - ipywidgets has no types
        places = _grid(self.source, self.store, self.password, self.path, self.clock)
        periods = _grid(self.period, self.zone, self.by, self.since, self.until)
        filters = _grid(
            self.user, self.domain, self.endpoint, self.kind, self.state, self.recorded, self.property, self.at, self.days
        )
        filters.layout.display = "none"
        opener = Disclosure(description="Filters, and the time before and after a change")
        opener.observe(lambda change: setattr(filters.layout, "display", "" if change["new"] else "none"), "opened")
        self.places = widgets.VBox([places, self.paste])
        self.filters = widgets.VBox([periods, opener, filters])
        for box in (self.places, self.filters):
            box.add_class("mailkit-form")
        return widgets.VBox([self.places, self.filters])


def _grid(*fields: Any) -> Any:  # noqa: ANN401 - ipywidgets has no types
    grid = widgets.GridBox(list(fields))
    grid.add_class("mailkit-fields")
    return grid
