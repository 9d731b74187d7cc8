"""The sentences of an audit around its findings: what was left out and why, what changed, what is being done.

They are in ``words.toml`` beside this file, in each language; works with :mod:`mailkit.audit.run`,
:mod:`mailkit.audit.comparison` and the command.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from mailkit.audit.document import LeftOut
from mailkit.knowledge import Meta, in_each_language, read

__all__ = ["Words", "words"]


class Words(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The whole of ``words.toml``."""

    meta: Meta
    parts: dict[str, str]
    doing: dict[str, str]
    headline: dict[str, str]
    changes: dict[str, str]
    states: dict[str, str]
    told: dict[str, str]
    left_out: dict[str, LeftOut]
    shared: dict[str, str]

    def join(self, parts: list[str]) -> str:
        """Name parts of an audit one after the other.

        >>> words().join(["settings", "servers", "history"])
        'the settings, the servers and the history'
        """
        *first, last = (self.parts[part] for part in parts)
        return self.parts["and"].format(before=", ".join(first), last=last) if first else last


@in_each_language
def words() -> Words:
    """Give the sentences in the language that is spoken."""
    return read(Path(__file__).with_name("words.toml"), Words)
