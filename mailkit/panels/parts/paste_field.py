"""A field to paste into or to drop files on: what is given goes to the kernel as a message and stands in no trait.

A stock text area keeps its text in its state, which a notebook may save; what people paste has log-ins in it. Files come in
pieces, for Jupyter's servers cut a connection at a message of ten million bytes. Front end: ``paste_field.js``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mailkit.panels.parts.front import front

__all__ = ["LARGEST_DROP", "LONGEST_TEXT", "PasteField"]

LARGEST_DROP = 64_000_000
"""Bytes of all files of one drop."""
LONGEST_TEXT = 4_000_000
"""Characters of a pasted text."""
MOST_FILES = 2000
PIECE = 4_000_000
"""Bytes of a file that go in one message."""


class PasteField(anywidget.AnyWidget):
    """A labelled text area with a button, and a button that opens the browser's file chooser.

    Attributes:
        label: what to paste.
        hint: what else can be done.
        action: the words on the button.
        accept: file name endings, such as ``.eml,.txt``.
        busy: nothing can be given now.
        elsewhere: what to use for more than fits here.

    Args:
        pasted: called with the text when the button or Ctrl+Enter is pressed.
        dropped: called with names and contents of the files of a drop or choice, once all have come.
    """

    _esm = front(__file__)
    _css = Path(__file__).with_suffix(".css")

    label = traitlets.Unicode("Text").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    action = traitlets.Unicode("Go").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    elsewhere = traitlets.Unicode("use “mailkit explain” in a terminal").tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        pasted: Callable[[str], None],
        dropped: Callable[[tuple[tuple[str, bytes], ...]], None],
        **traits: Any,  # noqa: ANN401 - traits of the class
    ) -> None:
        limits = {"text": LONGEST_TEXT, "drop": LARGEST_DROP, "files": MOST_FILES, "piece": PIECE}
        super().__init__(limits=limits, **traits)
        self._pasted, self._dropped = pasted, dropped
        self._files: list[tuple[str, bytearray]] = []
        self._size = 0
        self.on_msg(self._receive)

    def show(self, text: str) -> None:
        """Put this text into the field instead of what was pasted."""
        self.send({"show": text})

    def _receive(self, _widget: object, content: object, buffers: Sequence[memoryview | bytes]) -> None:
        if not isinstance(content, dict):
            return
        if isinstance(text := content.get("text"), str):
            self._pasted(text[:LONGEST_TEXT])
        elif content.get("begin"):
            self._files, self._size = [], 0
        elif isinstance(name := content.get("file"), str):
            self._piece(name, bytes(buffers[0]) if buffers else b"", first=content.get("first") is True)
        elif content.get("end") and self._files:
            files, self._files = self._files, []
            self._dropped(tuple((name, bytes(data)) for name, data in files))

    def _piece(self, name: str, data: bytes, *, first: bool) -> None:
        self._size += len(data)
        if self._size > LARGEST_DROP or (first and len(self._files) >= MOST_FILES):
            return
        if first:
            self._files.append((name[:255], bytearray()))
        if self._files:
            self._files[-1][1].extend(data)
