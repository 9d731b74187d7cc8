"""Which row of a list is which row of the list it was changed from: users, clerks, properties, forms."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from mailkit.site.erp import MailingRow, User
from mailkit.site.pms import Clerk, Department, Property, Switch

__all__ = ["matched"]

_IDENTITIES: dict[type[Struct], tuple[tuple[str, ...], ...]] = {
    User: (("number",), ("code",), ("name",), ("email",), ("contact_email",)),
    Clerk: (("code", "property"), ("code",), ("email",), ("name",)),
    Department: (("code", "property"), ("code",), ("email",), ("name",)),
    Property: (("code",), ("name",)),
    MailingRow: (("form", "mailing"), ("form",)),
    Switch: (("on",),),
}
"""What tells rows apart, the surest first."""


def matched(before: Sequence[Struct], after: Sequence[Struct]) -> list[int | None]:
    """Say for each row of ``after`` which row of ``before`` it was; ``None``: it is new.

    Rows that are wholly the same come first, then those of one number, one code, and so on. Where no row was added or removed,
    one that keeps its place is the same with another name.
    """
    found: list[int | None] = [None] * len(after)
    if not before or not after:
        return found
    _match(before, after, found, repr)
    for attributes in _IDENTITIES[type(after[0])]:
        _match(before, after, found, partial(_identity, attributes))
    if len(before) == len(after):
        taken = set(found)
        found = [number if place is None and number not in taken else place for number, place in enumerate(found)]
    return found


def _identity(names: tuple[str, ...], row: Struct) -> tuple[Any, ...] | None:
    values = tuple(value.casefold() if isinstance(value := getattr(row, name), str) else value for name in names)
    return None if values[0] in {None, ""} else values


def _match(before: Sequence[Struct], after: Sequence[Struct], found: list[int | None], key: Callable[[Struct], Any]) -> None:
    """Match what is left, in its order, where ``key`` is the same and not ``None``."""
    taken = set(found)
    left: dict[Any, deque[int]] = {}
    for number, row in enumerate(before):
        if number not in taken and (named := key(row)) is not None:
            left.setdefault(named, deque()).append(number)
    for number, row in enumerate(after):
        if found[number] is None and (places := left.get(key(row))):
            found[number] = places.popleft()
