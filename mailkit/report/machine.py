"""A document as one line of JSON: what ``--json`` prints, what is saved, and what is read back."""

from __future__ import annotations

import msgspec

from mailkit.observation import ProbeDocument

__all__ = ["line"]


def line(document: ProbeDocument) -> str:
    r"""Return the document as one line of UTF-8 JSON without the line end.

    Keys in snake_case, times in UTC, unknown is ``null``; the first key is ``schema``. Documents written this way can be joined
    with ``"\n"`` to JSON Lines, for the characters that end a line are escaped.
    """
    text = msgspec.json.encode(document).decode()
    # Some readers of JSON Lines take these for the end of a line (Python's own str.splitlines among them).
    return text.translate({0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"})
