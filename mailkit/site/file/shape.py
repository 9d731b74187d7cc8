"""What a field of a site may hold, read from its annotation: for messages about mistakes, new files, schemas and tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

__all__ = ["Hint", "choices", "hints_of", "leaves", "limit", "row_kind", "table_kind", "wanted"]

Hint: TypeAlias = Any
"""An annotation, such as ``Annotated[str, Meta(max_length=1000)] | None``: Python has no type for these."""


_TECHNICAL = 2**32
"""A limit from here on is one of the format, not of what is meant: nobody needs to be told."""


def _origin(hint: Hint) -> object:
    return get_origin(hint)


@cache
def hints_of(kind: type[Struct]) -> dict[str, Hint]:
    """Give the annotation of each field of a table, in its order."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__struct_fields__}


def table_kind(hint: Hint) -> type[Struct] | None:
    """Give the type of a table inside a table; ``None``: it is none."""
    return hint if isinstance(hint, type) and issubclass(hint, Struct) else None


def row_kind(hint: Hint) -> type[Struct] | None:
    """Give the type of the rows of a list; ``None``: it is none."""
    return get_args(hint)[0] if _origin(hint) is tuple else None


def leaves(hint: Hint) -> Iterator[tuple[Hint, tuple[msgspec.Meta, ...]]]:
    """Give each type a value may have, with its limits: ``str``, ``int``, ``bool``, ``date``, a ``Literal``."""
    if hasattr(hint, "__metadata__"):
        yield get_args(hint)[0], hint.__metadata__
    elif _origin(hint) is Literal or not get_args(hint):
        if hint is not type(None):
            yield hint, ()
    else:
        for member in get_args(hint):
            yield from leaves(member)


def choices(hint: Hint) -> tuple[str, ...]:
    """Give the words a field takes; ``""`` among them: it can be known to be empty."""
    return tuple(word for leaf, _ in leaves(hint) if _origin(leaf) is Literal for word in get_args(leaf))


def limit(hint: Hint) -> int | None:
    """Give how many characters a text may have."""
    return next((meta.max_length for _, metas in leaves(hint) for meta in metas if meta.max_length), None)


def wanted(hint: Hint) -> str:
    """Put what a field takes into words.

    >>> wanted(int | Literal[""] | None)
    'a whole number or "" (empty)'
    """
    return " or ".join(_wanted(leaf, metas) for leaf, metas in leaves(hint))


def _wanted(leaf: Hint, metas: tuple[msgspec.Meta, ...]) -> str:
    if _origin(leaf) is Literal:
        words = get_args(leaf)
        return '"" (empty)' if words == ("",) else ", ".join(f'"{word}"' for word in words)
    low = next((meta.ge for meta in metas if meta.ge is not None), None)
    high = next((meta.le for meta in metas if meta.le is not None), None)
    if leaf is int and low is not None and high is not None and high < _TECHNICAL:
        return f"a whole number from {low} to {high}"
    if leaf is int and low == 0:
        return "a whole number, 0 or more"
    return {int: "a whole number", str: "a text in quotes", bool: "true or false", dt.date: "a date such as 2026-11-21"}[leaf]
