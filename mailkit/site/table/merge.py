"""Rows of a table taken into a site: who is there already learns what the table knows, everybody else is added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import structs

from mailkit.site.erp import User
from mailkit.site.pms import Clerk

__all__ = ["Merged", "merge"]

Person = TypeVar("Person", User, Clerk)


@dataclass(frozen=True)
class Merged(Generic[Person]):
    """Everybody after a table was taken in, and what that changed."""

    rows: tuple[Person, ...]
    added: int
    changed: int


def merge(rows: Sequence[Person], new: Sequence[Person]) -> Merged[Person]:
    """Take ``new`` into ``rows``. Nobody is taken out, and what a table does not know changes nothing.

    Users are the same when their number, else their code, else their name is; clerks when code and property are.

    >>> grown = merge([User(code="yard", group="Site")], [User(code="Yard", password="set"), User(code="office")])
    >>> [(user.code, user.group, user.password) for user in grown.rows], grown.added, grown.changed
    ([('yard', 'Site', 'set'), ('office', None, None)], 1, 1)
    """
    merged = list(rows)
    places: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(merged):
        for key in _keys(row):
            places.setdefault(key, number)
    added, changed = 0, set()
    for row in new:
        place = next((places[key] for key in _keys(row) if key in places), len(merged))
        if place == len(merged):
            merged.append(row)
            added += 1
        else:
            filled = structs.replace(merged[place], **_known(row, merged[place]))
            if filled != merged[place] and place < len(rows):
                changed.add(place)
            merged[place] = filled
        for key in _keys(row):
            places.setdefault(key, place)
    return Merged(tuple(merged), added, len(changed))


def _known(row: User | Clerk, before: User | Clerk) -> dict[str, object]:
    """What a row says; a code that differs only in capitals stays as it is written."""
    same_code = bool(row.code and before.code and row.code.casefold() == before.code.casefold())
    return {
        name: value for name, value in structs.asdict(row).items() if value is not None and not (name == "code" and same_code)
    }


def _keys(row: User | Clerk) -> Iterator[tuple[str, ...]]:
    """What a row is recognised by, the surest first."""
    if isinstance(row, Clerk):
        if row.code:
            yield "code", row.code.casefold(), (row.property or "").casefold()
        return
    if row.number is not None:
        yield "number", str(row.number)
    if row.code:
        yield "code", row.code.casefold()
    elif row.name and row.number is None:
        yield "name", row.name.casefold()
