"""A part of a Windows registry, as it was exported or read: what stands in it, what is known not to be there, what is not known.

An export of one branch says nothing of the others. So every question has three answers: the value; empty (``""``, ``()``,
``False``), which means *looked at, and not there*; and ``None``, *not known*. Readers (:mod:`.regfile`, :mod:`.report`,
:mod:`.windows`) make a :class:`Registry`; :mod:`.reading` asks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from mailkit.site.workstation.keys import WOW, KeyPath, key_path
from mailkit.text import shorten, visible

__all__ = ["Data", "Fault", "Key", "Registry", "View", "merged"]

Data = str | int | bytes | tuple[str, ...]
"""What a value holds: text, a number, bytes or several texts."""

View = Literal["64", "32"]
"""Which copy of a key: the one of 64-bit programs (the only one on 32-bit Windows), or the one for 32-bit programs beside it."""

_LONGEST = 1000
_SID = re.compile(r"s-1-(?:5-21|12-1)-[\d-]+")


class Fault(Struct, frozen=True):
    """A line of a file that could not be read; what it says is not repeated, for it may be anything."""

    file: str
    line: int
    what: str


class Key(Struct, frozen=True):
    """A key that is there: its name as written, and the values that are looked at, by name in lower case."""

    name: str
    values: dict[str, Data]


class Registry(Struct, frozen=True, kw_only=True):
    """What is known of a registry."""

    keys: dict[KeyPath, Key] = {}
    branches: dict[KeyPath, str] = {}
    """The keys that were exported or read with everything below them, and their names as written."""
    removed: frozenset[KeyPath] = frozenset()
    """Keys that a file says are gone."""
    faults: tuple[Fault, ...] = ()
    more_faults: int = 0
    """How many were not listed any more."""
    users: tuple[str, ...] = ()
    """Those whose part is here under ``HKEY_USERS``, by SID in lower case."""

    def knows(self, path: KeyPath) -> bool:
        """Tell whether everything in a key is known, also that it is not there."""
        above = (path[:length] for length in range(1, len(path) + 1))
        return any(one in self.branches or one in self.removed for one in above)

    def there(self, key: str) -> bool | None:
        """Tell whether a key is there."""
        path = _path(key)
        return True if path in self.keys else False if self.knows(path) else None

    def data(self, key: str, value: str = "") -> Data | None:
        """Give what a value holds; ``""``: it is not there; ``None``: not known."""
        path = _path(key)
        found = self.keys.get(path)
        if found is not None and value.casefold() in found.values:
            return found.values[value.casefold()]
        return "" if self.knows(path) else None

    def text(self, key: str, value: str = "") -> str | None:
        """Give a value as text that is safe to show; ``""``: not there; ``None``: not known."""
        data = self.data(key, value)
        if isinstance(data, bytes):
            data = data.decode("utf-16-le", "replace")
        elif isinstance(data, tuple):
            data = " ".join(data)
        return None if data is None else shorten(visible(str(data).strip("\0 ")), _LONGEST)

    def switch(self, key: str, value: str) -> bool | None:
        """Give a value that stands for yes (1) or no (0, or not there); ``None``: not known."""
        data = self.data(key, value)
        return None if data is None else data in (1, "1")

    def under(self, key: str) -> tuple[str, ...] | None:
        """Give the names of the keys in a key; ``None``: not known, not even that there are some."""
        path = _path(key)
        names: dict[str, str] = {}
        for other, found in self.keys.items():
            if len(other) > len(path) and other[: len(path)] == path:
                # Counted from the end: what a name begins with differs (HKEY_USERS, HKEY_CLASSES_ROOT).
                names.setdefault(other[len(path)], found.name.split("\\")[len(path) - len(other)])
        return tuple(names.values()) if names or self.knows(path) else None

    def views(self, key: str) -> Iterator[tuple[View, str]]:
        r"""Give both copies of a key of the machine below ``HKLM\SOFTWARE``."""
        yield "64", key
        yield "32", re.sub(r"^(HKLM\\SOFTWARE)\\", r"\1\\WOW6432Node\\", key)

    @property
    def wow(self) -> bool:
        """There are copies for 32-bit programs, so Windows is a 64-bit one."""
        return any(path[2:3] == (WOW,) for path in (*self.keys, *self.branches))


def merged(parts: Iterable[Registry], user: str | None = None) -> Registry:
    """Put several exports of one workstation together; what comes later wins.

    Args:
        parts: in the order in which they count.
        user: the SID of the user to look at, where an export shows ``HKEY_USERS``. Without it, the current user's part is taken,
            or that of the only user there is.
    """
    keys: dict[KeyPath, Key] = {}
    branches: dict[KeyPath, str] = {}
    removed: set[KeyPath] = set()
    faults: list[Fault] = []
    more = 0
    named: list[str] = []
    for part in parts:
        named += part.users
        for path, key in part.keys.items():
            before = keys.get(path)
            keys[path] = Key(key.name, {**before.values, **key.values}) if before else key
            removed -= {path[:length] for length in range(1, len(path) + 1)}
        for path in part.removed:
            keys = {other: key for other, key in keys.items() if other[: len(path)] != path}
        removed |= part.removed
        branches |= part.branches
        faults += part.faults
        more += part.more_faults
    users = tuple(dict.fromkeys(one for one in named if _SID.fullmatch(one)))
    own = any(path[0] == "hkcu" for path in (*keys, *branches))
    chosen = user.casefold() if user else None if own or len(users) != 1 else users[0]
    if chosen is not None:
        keys = {path: key for path, key in keys.items() if path[0] != "hkcu"}
        branches = {path: name for path, name in branches.items() if path[0] != "hkcu"}
        keys = {_as_current(path, chosen): key for path, key in keys.items()}
        if ("hku",) in branches and chosen in users:
            branches["hkcu",] = branches["hku",]
        branches = {_as_current(path, chosen): name for path, name in branches.items()}
        removed = {_as_current(path, chosen) for path in removed}
    return Registry(
        keys=keys,
        branches=branches,
        removed=frozenset(removed),
        faults=tuple(faults),
        more_faults=more,
        users=users,
    )


def _as_current(path: KeyPath, user: str) -> KeyPath:
    if path[:2] == ("hku", user):
        return ("hkcu", *path[2:])
    if path[:2] == ("hku", f"{user}_classes"):
        return ("hkcu", "software", "classes", *path[2:])
    return path


def _path(key: str) -> KeyPath:
    path = key_path(key)
    assert path is not None, key
    return path
