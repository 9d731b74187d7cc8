"""A heading that can take the focus: where a reader with a keyboard or a screen reader goes on after the page has changed.

Front end: ``heading.js``.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

__all__ = ["Heading"]


class Heading(anywidget.AnyWidget):
    """A heading.

    Attributes:
        text: its words.
        about: a sentence below it.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    text = traitlets.Unicode("").tag(sync=True)
    about = traitlets.Unicode("").tag(sync=True)

    def focus(self) -> None:
        """Put the focus on it."""
        self.send({"focus": True})
