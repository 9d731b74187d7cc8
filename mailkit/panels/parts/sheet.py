"""The results: sections of markup that change while the work goes on, without disturbing a reader.

Only a section whose markup changed is touched, and what a reader has unfolded stays unfolded. The markup comes from
:mod:`mailkit.report.page`, which escapes everything. Front end: ``sheet.js``.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from mailkit.report.page import style

__all__ = ["Sheet"]


class Sheet(anywidget.AnyWidget):
    """A column of sections.

    Attributes:
        sections: pairs of a name that stays the same and markup; a section is shown in this order, an empty one not at all.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = style() + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    sections = traitlets.List(traitlets.Tuple(traitlets.Unicode(), traitlets.Unicode())).tag(sync=True)
