"""What people write for a value: ``SMTP - Other``, ``Oui``, ``Actif``. Tables may say all of it; files ask for the right word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct

from mailkit.knowledge import read
from mailkit.site.providers import providers
from mailkit.site.screens import mode_words

__all__ = ["FLAG", "is_empty", "is_unknown", "meant", "plain", "provider_named"]

FLAG: tuple[str, ...] = ("true", "false")
"""The values of a box, as words."""

# Ticks and crosses are words here, and so is a question mark.
_NO_WORD = re.compile(r"[^\w✓✔☑☐✗✘?]+|_")


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    values: dict[str, tuple[str, ...]]
    unknown: _Words
    empty: _Words


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("words.toml"), _Table)


@cache
def _words() -> dict[str, frozenset[str]]:
    """Give, for each value, every way to write it."""
    words = {value: {plain(word) for word in (value, *others)} for value, others in _table().values.items()}
    for mode, named in mode_words().items():
        words[mode] |= {plain(name) for name in (named.old, named.new) if name}
    return {value: frozenset(others) for value, others in words.items()}


@cache
def _unknown() -> frozenset[str]:
    return frozenset(map(plain, _table().unknown.words))


def plain(text: str) -> str:
    """Reduce a text to what counts when words are compared: letters without accents and case, digits, single spaces.

    >>> plain(" E-mail  Adresse_é : ")
    'e mail adresse e'
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(_NO_WORD.sub(" ", "".join(sign for sign in apart if not unicodedata.combining(sign))).split())


def meant(choices: Iterable[str], text: str) -> str | None:
    """Say which of a field's values a text means; ``None``: none of them, or more than one.

    >>> meant(("outlook", "smtp", "modern-auth"), "SMTP - Other")
    'smtp'
    """
    return _meant(tuple(choices), text)


@lru_cache(maxsize=4096)  # a column says the same few words again and again
def _meant(choices: tuple[str, ...], text: str) -> str | None:
    wanted = plain(text)
    exact = [choice for choice in choices if plain(choice) == wanted]
    found = exact or [choice for choice in choices if wanted in _words().get(choice, ())]
    return found[0] if len(found) == 1 and wanted else None


def is_unknown(text: str) -> bool:
    """Say whether a cell says that something is not known (``?``, ``inconnu``)."""
    return plain(text) in _unknown()


def is_empty(text: str) -> bool:
    """Say whether a cell is written as empty (``-``, ``(vide)``): compared as it is, for signs are all there is."""
    return text.strip().casefold() in _table().empty.words


@cache
def _providers() -> dict[str, str]:
    return {plain(provider.name): name for name, provider in providers().items()}


def provider_named(text: str) -> str:
    """Give the name a site file has for a provider; one that is not known keeps its own."""
    return _providers().get(plain(text), text)
