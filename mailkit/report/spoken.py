"""Short words of a report in the language spoken: what stands around findings in tables and lists, by its English."""

from __future__ import annotations

from importlib.resources import files

import msgspec
from msgspec import Struct

from mailkit.knowledge import Meta, in_each_language, language

__all__ = ["said"]


class _French(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``french.toml``."""

    meta: Meta
    heads: dict[str, str]
    steps: dict[str, str]
    results: dict[str, str]
    seen: dict[str, str]
    keys: dict[str, str]


@in_each_language
def _words() -> dict[str, str]:
    if language() == "en":
        return {}
    told = msgspec.toml.decode(files("mailkit.report").joinpath("french.toml").read_bytes(), type=_French)
    return {**told.keys, **told.seen, **told.results, **told.steps, **told.heads}


def said(english: str) -> str:
    """Give a word or a short template in the language spoken; what has no translation stays as it is.

    >>> said("no answer")
    'no answer'
    """
    return _words().get(english, english)
