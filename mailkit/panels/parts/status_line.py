"""One calm line that says what is going on, also to a screen reader.

Its element stays the same when the words change, which a live region must (an ``HTML`` widget replaces it). While something runs
there is a progress bar, and the seconds count in the browser without a message from the kernel. Front end: ``status_line.js``.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

__all__ = ["StatusLine"]


class StatusLine(anywidget.AnyWidget):
    """A line of status.

    Attributes:
        text: the words; read out by a screen reader when they change.
        detail: more words beside it that change often and are not read out.
        running: show the progress bar and the seconds.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    text = traitlets.Unicode("").tag(sync=True)
    detail = traitlets.Unicode("").tag(sync=True)
    running = traitlets.Bool(default_value=False).tag(sync=True)
