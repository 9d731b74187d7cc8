"""Names and parts of sentences that judges of configurations put into findings, in the language spoken: ``phrases.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from mailkit.knowledge import Meta, in_each_language, read

__all__ = ["in_words", "label", "phrase"]


class _Phrases(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    phrases: dict[str, str]
    labels: dict[str, str]
    values: dict[str, dict[str, str]]
    """What evidence holds as a code, by the name of the evidence: in words."""


@in_each_language
def _phrases() -> _Phrases:
    return read(Path(__file__).with_name("phrases.toml"), _Phrases)


def phrase(name: str, **told: object) -> str:
    """Give a phrase, filled in.

    >>> phrase("some-users", count=4, all=6)
    '4 of 6 users'
    """
    return _phrases().phrases[name].format_map(told)


def label(where: str) -> str | None:
    """Name something of a site file that is on no screen (``site.version``); ``None``: it has no name of its own."""
    return _phrases().labels.get(where)


def in_words(name: str, value: Any) -> Any:  # noqa: ANN401 - evidence is of any kind
    """Give a piece of evidence as a sentence has it: codes that have words become these, all else stays as it is.

    >>> in_words("mailings", ["standard", "mobile"])
    ['standard', 'mobile']
    """
    words = _phrases().values.get(name)
    if words is None:
        return value
    return [words.get(one, one) for one in value] if isinstance(value, list) else words.get(value, value)
