"""The steps of a walk-through: which there are, how far each is, which one is shown; each can be jumped to.

Front end: ``step_list.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mailkit.panels.parts.front import front

__all__ = ["StepList"]


class StepList(anywidget.AnyWidget):
    """The list, and a heading for the step that is shown.

    Attributes:
        steps: name, title, state (``done``, ``to-do`` or ``problem``) and the words for the state of each.
        current: the name of the one that is shown.

    Args:
        went: called with the name of the step somebody wants to see.
    """

    _esm = front(__file__)
    _css = Path(__file__).with_suffix(".css")

    steps = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    current = traitlets.Unicode("").tag(sync=True)

    def __init__(self, went: Callable[[str], None], **traits: Any) -> None:  # noqa: ANN401 - traits of the class
        super().__init__(**traits)
        self._went = went
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        name = content.get("go") if isinstance(content, dict) else None
        if isinstance(name, str) and name in {step[0] for step in self.steps}:
            self._went(name)
