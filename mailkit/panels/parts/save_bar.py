"""Buttons that save or copy a text made by the kernel when it is asked for.

The text goes to the browser as a message and from there to a file or to the clipboard: it is in no saved state, and no server is
involved. Front end: ``save_bar.js``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

__all__ = ["SaveBar"]


class SaveBar(anywidget.AnyWidget):
    """A row of buttons.

    Attributes:
        actions: ``(name, label, kind)`` of each button; ``kind`` is ``save`` or ``copy``.
        disabled: there is nothing to save.

    Args:
        texts: for each name, what makes the file name and the text when the button is pressed; ``None``: it takes a while, and
            comes by :meth:`give` or ends with :meth:`refuse`.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    actions = traitlets.List(traitlets.Tuple(traitlets.Unicode(), traitlets.Unicode(), traitlets.Unicode())).tag(sync=True)
    disabled = traitlets.Bool(default_value=True).tag(sync=True)

    def __init__(self, texts: Mapping[str, Callable[[], tuple[str, str] | None]], **traits: Any) -> None:  # noqa: ANN401 - traits of the class
        super().__init__(**traits)
        self._texts = dict(texts)
        self.on_msg(self._asked)

    def _asked(self, _widget: object, content: object, _buffers: object) -> None:
        name = content.get("wanted") if isinstance(content, dict) else None
        if isinstance(name, str) and name in self._texts and not self.disabled:
            made = self._texts[name]()
            if made is None:
                self.send({"name": name, "wait": True})
            else:
                self.give(name, *made)

    def give(self, name: str, file: str, content: str | bytes) -> None:
        """Hand over what the button ``name`` asked for."""
        if isinstance(content, str):
            self.send({"name": name, "file": file, "text": content})
        else:
            self.send({"name": name, "file": file}, [content])

    def refuse(self, name: str, why: str) -> None:
        """Say why there is nothing to hand over."""
        self.send({"name": name, "why": why})
