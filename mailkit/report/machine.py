"""A document as one line of JSON: what ``--json`` prints, what is saved, and what is read back."""

from __future__ import annotations

import msgspec
from msgspec import Struct, structs

from mailkit.finding import Finding

__all__ = ["FindingDocument", "finding_line", "line"]


class FindingDocument(Finding, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.finding/1"):
    """A finding that stands for itself, outside a probe document."""


def finding_line(finding: Finding) -> str:
    """Return a finding as one line of JSON, as :func:`line` does a document."""
    return line(FindingDocument(**structs.asdict(finding)))


def line(document: Struct) -> str:
    r"""Return the document as one line of UTF-8 JSON without the line end.

    Keys in snake_case, times in UTC, unknown is ``null``; the first key is ``schema``. Documents written this way can be joined
    with ``"\n"`` to JSON Lines, for the characters that end a line are escaped.
    """
    text = msgspec.json.encode(document).decode()
    # Some readers of JSON Lines take these for the end of a line (Python's own str.splitlines among them).
    return text.translate({0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"})
