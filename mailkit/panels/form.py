"""The fields of the probe panel: stock widgets, labelled, laid out in a grid, read together as one frozen :class:`Question`.

Holds no logic beyond reading and filling in. The password is in a :class:`~mailkit.panels.parts.SecretField` and in no question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mailkit.panels.parts import Disclosure, SecretField
from mailkit.panels.question import Question

__all__ = ["Form"]

SECURITY = (("Find out", "auto"), ("None", "none"), ("STARTTLS", "starttls"), ("SSL/TLS from the start", "implicit"))
PRODUCT = (("Not said", ""), ("maestro* (construction)", "maestro-erp"), ("Maestro PMS (hotel)", "maestro-pms"))


class Form:
    """The fields. ``changed`` is called without arguments after each change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.host = widgets.Text(description="Host", placeholder="mail.example.com, host:port, or mx:domain")
        self.ports = widgets.Text(description="Port", placeholder="25, 465, 587, 2525")
        self.security = widgets.Dropdown(description="Security", options=SECURITY, value="auto")
        self.user = widgets.Text(description="User", placeholder="empty: no log-in is tried")
        self.password = SecretField(description="Password")
        self.product = widgets.Dropdown(description="Product", options=PRODUCT, value="")
        self.sender = widgets.Text(description="Sender", placeholder="name@example.com: would it be taken?")
        self.recipient = widgets.Text(description="Recipient", placeholder="name@example.com: asked for, nothing is sent")
        self.resolver = widgets.Text(description="Name server", placeholder="empty: the one of this machine")
        self.ca_file = widgets.Text(description="Trusted authorities (PEM file)", placeholder="empty: those of this machine")
        self.allow_plaintext_auth = widgets.Checkbox(
            description="Send the password even if the line is not encrypted", indent=False
        )
        self.allow_unverified = widgets.Checkbox(description="Send the password even if the certificate fails", indent=False)
        self._fields: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "host",
                "ports",
                "security",
                "user",
                "product",
                "sender",
                "recipient",
                "resolver",
                "ca_file",
                "allow_plaintext_auth",
                "allow_unverified",
            )
        }
        for field in self._fields.values():
            field.observe(lambda _: changed(), "value")
        self.password.observe(lambda _: changed(), ["held", "filled"])
        self.view = self._lay_out()

    def question(self, *, practice: bool = False) -> Question:
        """Return what is filled in."""
        values = {name: field.value for name, field in self._fields.items()}
        return Question(**{**values, "product": values["product"] or None}, practice=practice)

    def fill(self, **values: Any) -> None:  # noqa: ANN401 - each field has its own type
        """Fill in fields by the names of :class:`Question`."""
        for name, value in values.items():
            self._fields[name].value = "" if value is None else value

    def freeze(self, *, frozen: bool) -> None:
        """Let nothing be changed, or everything again."""
        for field in (*self._fields.values(), self.password):
            field.disabled = frozen

    def _lay_out(self) -> Any:  # noqa: ANN401 - ipywidgets has no types
        first = widgets.GridBox([self.host, self.ports, self.security, self.user, self.password, self.product])
        first.add_class("mailkit-fields")
        for field, name in ((self.host, "mailkit-wide"), (self.ports, "mailkit-small")):
            field.add_class(name)
        more = widgets.GridBox(
            [self.sender, self.recipient, self.resolver, self.ca_file, self.allow_plaintext_auth, self.allow_unverified]
        )
        more.add_class("mailkit-fields")
        more.add_class("mailkit-more")
        more.layout.display = "none"
        opener = Disclosure(description="More: sender and recipient, name server, trust")
        opener.observe(lambda change: setattr(more.layout, "display", "" if change["new"] else "none"), "opened")
        return widgets.VBox([first, opener, more])
