"""A field for a file on the reader's own computer: its bytes come as a message and stand in no trait.

The stock ``FileUpload`` keeps the content in its state, which a notebook may save; a table may have a column of passwords that
nobody should keep. Front end: ``file_field.js``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

__all__ = ["LARGEST", "FileField"]

LARGEST = 6_000_000
"""Bytes; Jupyter's servers cut a connection at a message of ten million."""


class FileField(anywidget.AnyWidget):
    """A button that opens the browser's file chooser.

    Attributes:
        description: the words on it.
        accept: file name endings, such as ``.csv,.xlsx``.

    Args:
        received: called with the name and the content of the chosen file.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    description = traitlets.Unicode("Choose a file").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    largest = traitlets.Int(LARGEST).tag(sync=True)

    def __init__(self, received: Callable[[str, bytes], None], **traits: Any) -> None:  # noqa: ANN401 - traits of the class
        super().__init__(**traits)
        self._received = received
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: object, buffers: Sequence[memoryview | bytes]) -> None:
        name = content.get("file") if isinstance(content, dict) else None
        if isinstance(name, str) and len(buffers) == 1 and len(buffers[0]) <= LARGEST:
            self._received(name[:255], bytes(buffers[0]))
