"""The registry keys that are looked at, and no others: which they are, and whether a key met in an export is one of them.

The list is :file:`keys.toml`. It is the one source of what is kept from an export (:mod:`.regfile`), read on Windows itself
(:mod:`.windows`) and asked for by the script for the site (:mod:`.script`).
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

from msgspec import Struct

from mailkit.knowledge import read

__all__ = ["WOW", "KeyPath", "Row", "documented", "key_path", "rows"]

KeyPath = tuple[str, ...]
"""A key in lower case, beginning with ``hklm``, ``hkcu`` or ``hku`` (then a user's SID): what keys are compared by."""

WOW = "wow6432node"
"""The key that has the copies for 32-bit programs on 64-bit Windows."""

_ROOTS = {
    "hkey_local_machine": "hklm",
    "hkey_current_user": "hkcu",
    "hkey_users": "hku",
    "hkey_classes_root": "hkcr",
    "hkey_current_config": "hkcc",
    "hklm": "hklm",
    "hkcu": "hkcu",
    "hku": "hku",
    "hkcr": "hkcr",
    "hkcc": "hkcc",
}
_SYSTEM = ("hklm", "software", "classes")


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of key that is looked at."""

    key: str
    values: tuple[str, ...]
    source: str
    shared: bool = False
    """32-bit and 64-bit programs see the same copy."""

    @property
    def base(self) -> str:
        """The part of the key before anything that varies."""
        return re.split(r"\\[^\\]*[*<]", self.key, maxsplit=1)[0]


class _Meta(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    date: dt.date
    sources: dict[str, str]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: _Meta
    rows: tuple[Row, ...]


@cache
def rows() -> tuple[Row, ...]:
    """Give every kind of key that is looked at, in the order of :file:`keys.toml`."""
    return read(Path(__file__).with_name("keys.toml"), _Table).rows


def key_path(name: str) -> KeyPath | None:
    r"""Give the path of a key as an export, a report or this package writes it; ``None``: that is no key of a registry.

    ``HKEY_CLASSES_ROOT`` is where Windows keeps it for the machine, and the first control set is the current one.

    >>> key_path(r"HKEY_LOCAL_MACHINE\SOFTWARE\Clients\Mail"), key_path(r"hkcr\mailto"), key_path("hello")
    (('hklm', 'software', 'clients', 'mail'), ('hklm', 'software', 'classes', 'mailto'), None)
    """
    first, *rest = name.rstrip("\\").casefold().split("\\")
    root = _ROOTS.get(first)
    if root is None:
        return None
    if root == "hkcr":
        return (*_SYSTEM, *rest)
    if root == "hklm" and rest[:2] == ["system", "controlset001"]:
        rest[1] = "currentcontrolset"
    return (root, *rest)


@cache
def _tables() -> tuple[dict[str, frozenset[str]], tuple[tuple[str, re.Pattern[str], frozenset[str]], ...]]:
    plain: dict[str, frozenset[str]] = {}
    patterns: list[tuple[str, re.Pattern[str], frozenset[str]]] = []
    for row in rows():
        names = frozenset(value.casefold() for value in row.values)
        key = row.key.casefold()
        if row.base == row.key:
            plain[key] = names
        else:
            varied = re.escape(key).replace(re.escape("*"), r"[^\\]*").replace(re.escape("<mailto>"), r"[^\\]+")
            patterns.append((row.base.casefold(), re.compile(varied), names))
    return plain, tuple(patterns)


def documented(path: KeyPath) -> frozenset[str] | None:
    """Give the names of the values (lower case) that are looked at in a key; ``None``: the key itself is not looked at."""
    if path[:1] == ("hku",):
        path = ("hkcu", *path[2:])
    if path[2:3] == (WOW,):
        path = (*path[:2], *path[3:])
    plain, patterns = _tables()
    key = "\\".join(path)
    if key in plain:
        return plain[key]
    if path[:3] == _SYSTEM:
        # What an export of HKEY_CLASSES_ROOT shows of the user stands among the machine's.
        key = "\\".join(("hkcu", *path[1:]))
    return next((names for base, pattern, names in patterns if key.startswith(base) and pattern.fullmatch(key)), None)
