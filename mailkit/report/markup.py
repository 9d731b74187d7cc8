"""Text of unknown origin as markup: shown as it is, and never acting, in HTML and in Markdown (tables too).

Every character that would reorder or hide text, or command a terminal, becomes its escape first (:func:`mailkit.text.visible`).
"""

from __future__ import annotations

import re
from html import escape

from mailkit.text import visible

__all__ = ["literal", "prose", "text"]

_MARKUP = re.compile(r"([\\`*_\[\]<>#~!@&$])")
_LINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)


def text(raw: str) -> str:
    """Return ``raw`` for HTML, also inside a quoted attribute."""
    return escape(visible(raw))


def prose(raw: str) -> str:
    r"""Return ``raw`` for Markdown: no link, no picture, no markup, no mention of a person, no further cell of a table.

    >>> print(prose("a | [b](https://c.test)"))
    a &#124; \[b\](https&#58;//c.test)
    """
    # A bar is no backslash escape: what stands before it may be a backslash itself.
    safe = _MARKUP.sub(r"\\\1", visible(raw)).replace("|", "&#124;")
    return _LINK.sub(lambda match: f"&#{ord(match[0])};", safe)


def literal(raw: str) -> str:
    """Return ``raw`` for Markdown as a code span; one with a bar, which would end the cell of a table, becomes prose.

    >>> literal("a`b"), literal("a|b")
    ('``a`b``', 'a&#124;b')
    """
    shown = visible(raw)
    if "|" in shown or not shown.strip():
        return prose(raw)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in " `" or shown[-1] in " `" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
