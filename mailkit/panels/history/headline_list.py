"""The first sentences, the worst first; each is a button that leads to its table. Front end: ``headline_list.js``."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from mailkit.panels.parts.front import front

__all__ = ["HeadlineList"]


class HeadlineList(anywidget.AnyWidget):
    """Sentences.

    Attributes:
        headlines: of each its severity, the word for that, the sentence, the table it leads to, and what to look for there.
    """

    _esm = front(__file__)
    _css = Path(__file__).with_suffix(".css")

    headlines = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
