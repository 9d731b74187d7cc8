"""Signs by which a mail is recognised as a bounce or an automatic answer, kept as data."""

from __future__ import annotations

from functools import cache
from typing import Literal

from msgspec import Struct

from mailkit.explain.heard import plain
from mailkit.explain.vocabulary import KNOWLEDGE
from mailkit.knowledge import Meta, read

__all__ = ["Sign", "shows"]

Sign = Literal["daemon", "list", "subject", "failing", "delayed", "away"]


class _Signs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    daemon: tuple[str, ...]
    list: tuple[str, ...]
    subject: tuple[str, ...]
    failing: tuple[str, ...]
    delayed: tuple[str, ...]
    away: tuple[str, ...]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    signs: _Signs


@cache
def _words(sign: Sign, *, ascii_only: bool) -> tuple[str, ...]:
    told: tuple[str, ...] = getattr(read(KNOWLEDGE / "signs.toml", _File).signs, sign)
    every = tuple(plain(words) for words in told)
    return tuple(words for words in every if words.isascii()) if ascii_only else every


def shows(sign: Sign, text: str, limit: int = 4000) -> bool:
    """Tell whether a text shows a sign of this kind."""
    text = plain(text[:limit])
    return any(words in text for words in _words(sign, ascii_only=text.isascii()))
