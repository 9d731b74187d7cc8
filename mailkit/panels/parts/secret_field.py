"""A field for a password that no notebook file, log or widget state ever holds.

The browser sends what was typed as a custom message and empties the field; here it becomes a :class:`~mailkit.secret.Secret`,
which is taken once. The only trait about it says whether there is one. Front end: ``secret_field.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mailkit.secret import Secret

__all__ = ["SecretField"]

LONGEST = 65_536
"""Characters; an access token of a large tenant has some thousand."""


class SecretField(anywidget.AnyWidget):
    """A password field.

    Attributes:
        description: the label.
        filled: something stands in the field; it arrives here when the field is left.
        held: a value was typed and not yet taken.
        disabled: nothing can be typed.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    description = traitlets.Unicode("Password").tag(sync=True)
    filled = traitlets.Bool(default_value=False).tag(sync=True)
    held = traitlets.Bool(default_value=False).tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - traits are those of the class
        super().__init__(**traits)
        self._secret: Secret | None = None
        self.on_msg(self._receive)

    def hold(self, secret: Secret | None) -> None:
        """Keep a secret given in code, or forget the one there is."""
        self._secret = secret or None
        self.filled = self.held = False  # so that another value after one is a change, too
        self.held = self._secret is not None

    def take(self) -> Secret | None:
        """Return what was typed and forget it; ``None`` when nothing was."""
        secret = self._secret
        self.hold(None)
        return secret

    def _receive(self, _widget: object, content: object, _buffers: Callable[[], object] | list[object]) -> None:
        if isinstance(content, dict) and isinstance(value := content.get("typed"), str):
            self.hold(Secret(value) if 0 < len(value) <= LONGEST else None)
