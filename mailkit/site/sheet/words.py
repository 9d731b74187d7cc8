"""The sheet's own words in English and French, read from ``words.toml`` beside this module."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct

from mailkit.knowledge import read
from mailkit.text import shorten, visible

__all__ = ["LANGUAGES", "Language", "Words"]

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_IN_SENTENCE = 200
_NAMES = 300


class _Said(Struct, frozen=True, forbid_unknown_fields=True):
    en: str
    fr: str


class _Meta(Struct, frozen=True, forbid_unknown_fields=True):
    date: dt.date


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    meta: _Meta
    words: dict[str, _Said]


@cache
def _table() -> dict[str, _Said]:
    return read(Path(__file__).with_name("words.toml"), _Table).words


class Words:
    """The words of one language, by their keys."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **facts: str | int) -> str:
        """Return a sentence with the facts in place (``KeyError`` for a key or a fact that does not exist)."""
        return self._filled(key, {name: visible(shorten(str(fact), _IN_SENTENCE)) for name, fact in facts.items()})

    def naming(self, key: str, names: list[str]) -> str:
        """Return a sentence that lists people as ``{names}``: the first 300 by name, then how many more there are."""
        listed = [visible(shorten(name, 60)) for name in names[:_NAMES]]
        if len(names) > _NAMES:
            listed.append(self("more", count=len(names) - _NAMES))
        return self._filled(key, {"names": ", ".join(listed)})

    def _filled(self, key: str, facts: dict[str, str]) -> str:
        said = _table()[key]
        return (said.fr if self.language == "fr" else said.en).format_map(facts)
