"""A button that shows and hides what follows it, usable with the keyboard and known to screen readers as such.

The stock ``Accordion`` is neither. Front end: ``disclosure.js``.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

__all__ = ["Disclosure"]


class Disclosure(anywidget.AnyWidget):
    """The button alone; who builds it shows and hides the rest as ``opened`` says.

    Attributes:
        description: the words on it.
        opened: what follows is shown.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    description = traitlets.Unicode("More").tag(sync=True)
    opened = traitlets.Bool(default_value=False).tag(sync=True)
