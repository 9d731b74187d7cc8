"""The headers of tables of users and clerks: which field each means, in English or French, on the screens or in an export."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mailkit.finding import Product
from mailkit.knowledge import read
from mailkit.site.erp import User
from mailkit.site.file.fields import label
from mailkit.site.file.words import plain
from mailkit.site.pms import Clerk
from mailkit.site.screens import fields_of

__all__ = ["PRODUCT_OF", "TYPES", "WHOSE", "Kind", "columns_of", "field_of", "header_for", "rank"]

Kind = Literal["users", "clerks"]

PRODUCT_OF: dict[Kind, Product] = {"users": "maestro-erp", "clerks": "maestro-pms"}
TYPES: dict[Kind, type[User | Clerk]] = {"users": User, "clerks": Clerk}
WHOSE: dict[Kind, tuple[str, ...]] = {
    "users": ("code", "number", "name", "email", "user_name", "contact_email"),
    "clerks": ("code", "email", "name"),
}
"""The fields that say whose row it is."""

_GROUP = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|[*:]+")


class _Synonyms(Struct, frozen=True, forbid_unknown_fields=True):
    users: dict[str, tuple[str, ...]]
    clerks: dict[str, tuple[str, ...]]


@cache
def _fields(kind: Kind) -> dict[str, str]:
    """Give the field of each known header: the surer name first."""
    synonyms = read(Path(__file__).with_name("columns.toml"), _Synonyms)
    more: dict[str, tuple[str, ...]] = getattr(synonyms, kind)
    known = {plain(name): name for name in TYPES[kind].__struct_fields__}
    for screen in fields_of(PRODUCT_OF[kind]).values():
        table, _, name = (screen.key or "").partition(".")
        if table == kind:
            known.setdefault(plain(screen.label), name)
    for name, words in more.items():
        for word in words:
            known.setdefault(plain(word), name)
    return known


def header_for(kind: Kind, name: str) -> str:
    """Give a header for a field that is read as that field: what the screen calls it, or its own name."""
    called = label(PRODUCT_OF[kind], f"{kind}.{name}")
    return called if field_of(kind, called) == name and not called.startswith('"') else name


def field_of(kind: Kind, header: str) -> str | None:
    """Say which field a header means."""
    known = _fields(kind)
    bare = _GROUP.sub(" ", header)
    person = "user|usager|utilisateur" if kind == "users" else "clerk|commis"
    for text in (header, bare, *re.split(r"[/|]", bare), re.sub(rf"^\s*(?:{person})\b", " ", bare, flags=re.IGNORECASE)):
        if field := known.get(plain(text)):
            return field
    return None


def columns_of(kind: Kind, row: Sequence[str]) -> dict[int, str]:
    """Give the field of each column that a row of headers names; the first of two columns for one field has it."""
    found: dict[int, str] = {}
    for place, text in enumerate(row):
        field = field_of(kind, text) if 0 < len(text) <= 100 else None
        if field and field not in found.values():
            found[place] = field
    return found


def rank(kind: Kind, row: Sequence[str]) -> int:
    """Say how much a row looks like the headers; 0: not at all."""
    found = columns_of(kind, row)
    return len(found) if any(field in WHOSE[kind] for field in found.values()) else 0
