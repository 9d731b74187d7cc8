"""The fields for how a round is sent and followed: stock widgets, labelled, read together as frozen :class:`Options`.

Holds no logic beyond reading and filling in. The mailbox's password is in a :class:`~mailkit.panels.parts.SecretField` and in no
option.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import Disclosure, SecretField
from mailkit.panels.send.options import Options

__all__ = ["Form"]

LANGUAGE = (("English", "en"), ("French", "fr"))
RETRY = (("Leave it at that", 0), ("Try again for 15 minutes", 15), ("Try again for an hour", 60))
FOLLOW = (("Nowhere for now", "none"), ("In a mailbox on a server (IMAP)", "imap"), ("In a mailbox on this computer", "disk"))
PRACTICE = ("In the practice mailboxes", "practice")
WAIT = (("1 minute", 1), ("5 minutes", 5), ("15 minutes", 15), ("1 hour", 60))
LOGIN = (
    ("With passwords", "password"),
    ("Sign in at Microsoft, in the browser", "microsoft"),
    ("Sign in at Microsoft, with a code", "microsoft-code"),
    ("Sign in at Google", "google"),
)
_HINT = {
    "imap": "user@host, such as frontdesk@hotel.test@imap.hotel.test",
    "disk": "a Maildir, an mbox or an .eml file",
}


class Form:
    """The fields. ``changed`` is called without arguments after each change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.to = widgets.Text(
            description="Send everything to", placeholder="empty: each to its user's own address", continuous_update=False
        )
        self.language = widgets.Dropdown(description="Language of the mails", options=LANGUAGE, value="en")
        self.retry = widgets.Dropdown(description="If a server puts a mail off", options=RETRY, value=0)
        self.follow = widgets.Dropdown(description="Then look for the mails", options=FOLLOW, value="none")
        self.box = widgets.Text(description="Mailbox", continuous_update=False)
        self.wait = widgets.Dropdown(description="For up to", options=WAIT, value=5)
        self.box_password = SecretField(description="Password of the mailbox")
        self.login = widgets.Dropdown(description="The accounts log in", options=LOGIN, value="password")
        self.client = widgets.Text(
            description="Client id, or file with it", placeholder="of the registered program", continuous_update=False
        )
        self.tenant = widgets.Text(description="Tenant", placeholder="empty: the log-in tells", continuous_update=False)
        self.ca_file = widgets.Text(
            description="Trusted authorities (PEM file)", placeholder="empty: those of this machine", continuous_update=False
        )
        self.resolver = widgets.Text(
            description="Name server", placeholder="empty: the one of this machine", continuous_update=False
        )
        self.ehlo_name = widgets.Text(
            description="Name in EHLO", placeholder="empty: this machine's address", continuous_update=False
        )
        self.store = widgets.Text(
            description="Written down in", placeholder="empty: beside the site file", continuous_update=False
        )
        self.allow_plaintext_auth = widgets.Checkbox(
            description="Send a password even if the line is not encrypted: whoever listens can read it", indent=False
        )
        self.allow_unverified = widgets.Checkbox(
            description="Send a password even if the certificate fails: it may be somebody else's server", indent=False
        )
        names = Options.__dataclass_fields__
        self._fields: dict[str, Any] = {name: getattr(self, name) for name in names}
        for field in self._fields.values():
            field.observe(lambda _: changed(), "value")
        self.box_password.observe(lambda _: changed(), ["held", "filled"])
        self._grid = widgets.GridBox([])
        self._grid.add_class("mailkit-fields")
        self._more = widgets.GridBox([])
        self._more.add_class("mailkit-fields")
        self._opener = Disclosure(description="More: sign-in, trust, name server, where attempts are written down")
        self._opener.observe(lambda _: self._lay_out(), "opened")
        self.view: Any = widgets.VBox([self._grid, self._opener, self._more])
        self.consents: Any = widgets.VBox([self.allow_plaintext_auth, self.allow_unverified])
        self.consents.add_class("mailkit-consents")
        self._lay_out()

    @property
    def options(self) -> Options:
        """What is filled in."""
        return Options(**{name: field.value for name, field in self._fields.items()})

    def fill(self, **values: Any) -> None:  # noqa: ANN401 - each field has its own type
        """Fill in fields by the names of :class:`Options`."""
        for name, value in values.items():
            self._fields[name].value = value

    def practise(self, *, on: bool) -> None:
        """Offer the practice mailboxes, or do not."""
        chosen = "practice" if on else "none" if self.follow.value == "practice" else self.follow.value
        self.follow.options = (*FOLLOW, PRACTICE) if on else FOLLOW
        self.follow.value = chosen

    def show(self, *, frozen: bool, in_clear: bool, unverified: bool) -> None:
        """Bring the fields in step: what does not apply is not there.

        Args:
            frozen: nothing can be changed.
            in_clear: a password might go over an unencrypted line, so that this can be allowed.
            unverified: one might go to a server whose certificate fails.
        """
        for field in (*self._fields.values(), self.box_password):
            field.disabled = frozen
        self._lay_out()
        # What was once allowed stays visible: nobody should look for why it is so.
        for box, applies in ((self.allow_plaintext_auth, in_clear), (self.allow_unverified, unverified)):
            box.layout.display = "" if applies or box.value else "none"
        self.consents.layout.display = (
            ""
            if in_clear or unverified or any(one.value for one in (self.allow_plaintext_auth, self.allow_unverified))
            else "none"
        )

    def _lay_out(self) -> None:
        following = self.follow.value
        self.box.placeholder = _HINT.get(following, "")
        first = [self.to, self.language, self.retry, self.follow]
        first += [self.wait] if following != "none" else []
        first += [self.box] if following in ("imap", "disk") else []
        first += [self.box_password] if following == "imap" else []
        signing = [self.client] if self.login.value != "password" else []
        signing += [self.tenant] if str(self.login.value).startswith("microsoft") else []
        more = [self.login, *signing, self.store, self.ca_file, self.resolver, self.ehlo_name] if self._opener.opened else []
        for grid, fields in ((self._grid, first), (self._more, more)):
            if grid.children != tuple(fields):
                grid.children = fields
        self._more.layout.display = "" if more else "none"
