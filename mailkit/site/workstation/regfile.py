"""Exports of the registry as text: ``.reg`` files of regedit and ``reg export``, and what ``reg query`` prints.

What is read is a :class:`~.registry.Registry`. A file comes from a machine nobody here has seen: its size is limited, a line
that cannot be read is listed and not fatal, and of all that a file holds only the keys of :mod:`.keys` are kept.

Read by own code: the libraries on PyPI that are kept read hives (binary) only, and the one for ``.reg`` (regfile 0.1.3, of 2023)
stops at the first line it does not like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailkit.errors import InputError
from mailkit.site.workstation.keys import KeyPath, documented, key_path
from mailkit.site.workstation.registry import Data, Fault, Key, Registry
from mailkit.text import shorten, visible

__all__ = ["LARGEST", "decoded", "is_query", "is_reg", "parse_query", "parse_reg"]

LARGEST = 50_000_000
"""Bytes an export may have."""

_MOST_FAULTS = 100
_TOO_MANY_FAULTS = 100_000
_MOST_KEYS = 20_000
_MOST_REMOVED = 1000
_MOST_USERS = 1000
_LONGEST = 1_000_000
"""Characters a line or a value may have."""
_DEEPEST = 100
_HEADERS = ("windows registry editor version 5.00", "regedit4", "regedit5")
_ROOT = r"HKEY_[A-Z_]+|HK(?:LM|CU|CR|U|CC)"
_KEY = re.compile(rf"\[(-?)\s*(?:(?:computer|ordinateur)\\)?((?:{_ROOT})(?:\\.*?)?)\](?:\s*;.*)?", re.IGNORECASE)
_NAME = re.compile(r'(?:@|"([^"\\]*(?:\\.[^"\\]*)*)")\s*=\s*(.*)', re.DOTALL)
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"\s*(?:;.*)?', re.DOTALL)
_OPEN_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*\\?')
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_TYPED = re.compile(r"(hex)(?:\(([0-9a-f]{1,8})\))?:(.*)|(dword):\s*([0-9a-f]{1,8})\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_BYTE = re.compile(r"[0-9a-f]{1,2}", re.IGNORECASE)
_QUERY_KEY = re.compile(rf"(?:{_ROOT})(?:\\.*)?", re.IGNORECASE)
_QUERY_VALUE = re.compile(r"\s+(\S.*?)(?:\s{2,}|\t)(REG_[A-Z_]+)(?:(?:\s{2,}|\t)(.*))?")
_UNNAMED = re.compile(r"\(.*\)|<.*>")
_UNSET = re.compile(r"\([^()]*\)")


def decoded(data: bytes, name: str) -> str:
    """Give the text of a file: UTF-16 with or without byte order mark (as regedit and ``>`` of PowerShell write), UTF-8, or ANSI.

    Raises:
        InputError: it is too large, or it is a hive (the binary file itself).
    """
    if len(data) > LARGEST:
        raise InputError(
            f"{visible(name)} is larger than {LARGEST // 1_000_000} MB; export only the keys that have to do with mail, "
            r"such as HKLM\SOFTWARE\Clients\Mail"
        )
    if data[:4] == b"regf":
        raise InputError(f"{visible(name)} is a registry hive, not an export; load it in regedit and export it as a .reg file")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    start = data[:200]
    if len(start) > 3 and start.count(0) > len(start) // 4:
        return data.decode("utf-16-le" if start[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def is_reg(text: str) -> bool:
    """Tell whether a text is a ``.reg`` file, or a piece of one without its first line."""
    first = _first_line(text)
    return first.casefold() in _HEADERS or _KEY.fullmatch(first) is not None


def is_query(text: str) -> bool:
    """Tell whether a text is what ``reg query`` prints."""
    return _QUERY_KEY.fullmatch(_first_line(text)) is not None


def parse_reg(text: str, name: str) -> Registry:
    """Read a ``.reg`` file: each branch in it was exported with everything below it."""
    return _Reader(text, name).registry()


def parse_query(text: str, name: str) -> Registry:
    """Read the output of ``reg query``: what stands there is known, what does not is not (it may not have been asked for)."""
    keys: dict[KeyPath, Key] = {}
    faults = _Faults(name)
    current: KeyPath | None = None
    for number, line in enumerate(_lines(text), 1):
        if not line.strip() or line.startswith("! REG.EXE"):
            continue
        if _QUERY_KEY.fullmatch(line.rstrip()):
            key = visible(line.rstrip().rstrip("\\"))
            current = key_path(key)
            if current is not None and documented(current) is not None and len(keys) < _MOST_KEYS:
                keys.setdefault(current, Key(key, {}))
            continue
        match = _QUERY_VALUE.fullmatch(line)
        if match is None or current is None:
            faults.add(number, "neither a key nor a value")
            continue
        value = "" if _UNNAMED.fullmatch(match[1]) else match[1]
        if current in keys and value.casefold() in (documented(current) or ()):
            try:
                keys[current].values[value.casefold()] = _queried(match[2].upper(), match[3] or "", unnamed=not value)
            except ValueError:
                faults.add(number, f"the data is no {match[2].upper()[:20]}")
    users = tuple(sorted({path[1] for path in keys if path[0] == "hku"}))
    return Registry(keys=keys, users=users, faults=tuple(faults.listed), more_faults=faults.more)


class _Faults:
    """Lines that could not be read, the first hundred by number."""

    def __init__(self, name: str) -> None:
        self.name = shorten(visible(name), 200)
        self.listed: list[Fault] = []
        self.more = 0

    def add(self, line: int, what: str) -> None:
        if len(self.listed) < _MOST_FAULTS:
            self.listed.append(Fault(self.name, line, what))
        else:
            self.more += 1
        if self.more > _TOO_MANY_FAULTS:
            raise InputError(f"{self.name} is no export of a registry: most of its lines cannot be read")


class _Reader:
    """Reads one ``.reg`` file, line by line."""

    def __init__(self, text: str, name: str) -> None:
        self.lines = _lines(text)
        self.ansi = _first_line(text).casefold() == "regedit4"
        self.faults = _Faults(name)
        self.keys: dict[KeyPath, Key] = {}
        self.branches: dict[KeyPath, str] = {}
        self.removed: set[KeyPath] = set()
        self.users: set[str] = set()
        self.begun = False
        """A key has begun, be it one that could not be read: what follows belongs to it."""

    def registry(self) -> Registry:
        number = 0
        key: Key | None = None
        wanted: frozenset[str] = frozenset()
        while number < len(self.lines):
            start, line = number, self.lines[number].strip()
            number += 1
            if not line or line[0] == ";" or (not self.begun and line.casefold() in _HEADERS):
                continue
            if len(line) > _LONGEST:
                self.faults.add(start + 1, "longer than any line of an export")
            elif line[0] == "[":
                key, wanted = self.key(line, start + 1)
            elif line[0] in '@"':
                number = self.value(start, key, wanted)
            else:
                self.faults.add(start + 1, "neither a key nor a value")
        return Registry(
            keys=self.keys,
            branches=self.branches,
            removed=frozenset(self.removed),
            users=tuple(sorted(self.users)),
            faults=tuple(self.faults.listed),
            more_faults=self.faults.more,
        )

    def key(self, line: str, number: int) -> tuple[Key | None, frozenset[str]]:
        """Begin a key; what follows belongs to it."""
        self.begun = True
        match = _KEY.fullmatch(line)
        name = visible(match[2]).rstrip("\\") if match else ""
        path = key_path(name)
        if match is None or path is None or len(path) > _DEEPEST:
            self.faults.add(number, "no key of the registry")
            return None, frozenset()
        if len(self.keys) >= _MOST_KEYS or len(self.removed) >= _MOST_REMOVED:
            self.faults.add(number, "more keys than a workstation has; it and the following ones are left out")
            return None, frozenset()
        if match[1]:
            self.keys = {other: key for other, key in self.keys.items() if other[: len(path)] != path}
            self.removed.add(path)
            return None, frozenset()
        above = [path[:length] for length in range(1, len(path) + 1)]
        self.removed.difference_update(above)
        if not any(one in self.branches for one in above):
            self.branches[path] = name
        if path[0] == "hku" and len(path) > 1 and len(self.users) < _MOST_USERS:
            self.users.add(path[1])
        wanted = documented(path)
        if wanted is None:
            return Key(name, {}), frozenset()
        return self.keys.setdefault(path, Key(name, {})), wanted

    def value(self, start: int, key: Key | None, wanted: frozenset[str]) -> int:
        """Read a value that begins in line ``start`` (from 0); give the line after it."""
        match = _NAME.fullmatch(self.lines[start].strip())
        if match is None:
            self.faults.add(start + 1, "a name without a value")
            return start + 1
        rest, after = self.whole(match[2], start)
        name = _unescaped(match[1] or "").casefold()
        if rest is None:
            self.faults.add(start + 1, "a value that does not end")
        elif not self.begun:
            self.faults.add(start + 1, "a value outside a key")
        elif key is not None:
            try:
                data = _data(rest, ansi=self.ansi)
            except ValueError as error:
                self.faults.add(start + 1, str(error))
            else:
                key.values.pop(name, None)
                if name in wanted and data is not None:
                    key.values[name] = data
        return after

    def whole(self, rest: str, start: int) -> tuple[str | None, int]:
        """Give all of a value's text, which may go on over several lines, and the line after it; ``None``: it does not end."""
        number = start + 1
        if rest.startswith('"'):
            if not _OPEN_STRING.fullmatch(rest):
                return rest, number
            # regedit writes a line break inside a text as it is.
            parts, size = [rest], 0
            for after in range(number, len(self.lines)):
                line = self.lines[after]
                size += len(line)
                if size > _LONGEST or _KEY.fullmatch(line.strip()):
                    break
                parts.append(line)
                if _QUOTE.search(line):
                    text = "\n".join(parts)
                    return (text.strip(), after + 1) if _STRING.fullmatch(text.strip()) else (None, number)
            return None, number
        parts, last, size = [rest], rest, 0
        while last.endswith("\\") and rest[:3].casefold() == "hex":
            last = self.lines[number].strip() if number < len(self.lines) else "["
            if last[:1] in ("[", '"', "@"):
                return None, number
            size += len(last)
            if size <= _LONGEST:
                parts.append(last)
            number += 1
        # What is that long is none of the values that are looked at.
        return "".join(part.removesuffix("\\") for part in parts) if size <= _LONGEST else "-", number


def _data(text: str, *, ansi: bool) -> Data | None:
    """Read what stands behind the equals sign (``None``: deleted); a ``ValueError`` says in words what is wrong."""
    if text == "-":
        return None
    string = _STRING.fullmatch(text)
    if string:
        return _unescaped(string[1])
    match = _TYPED.fullmatch(text)
    if match is None:
        raise ValueError("no value of a kind that is known")
    if match[4]:
        return int(match[5], 16)
    kind = int(match[2] or "3", 16)
    digits = [one.strip() for one in match[3].partition(";")[0].split(",")]
    if not all(_BYTE.fullmatch(one) for one in digits if one):
        raise ValueError("no bytes in hexadecimal digits")
    return _typed(kind, bytes(int(one, 16) for one in digits if one), ansi=ansi)


def _typed(kind: int, data: bytes, *, ansi: bool) -> Data:
    """Give bytes as what their type says: 1 and 2 text, 7 texts, 4 and 11 numbers (5: the high byte first)."""
    if kind in (4, 5, 11):
        return int.from_bytes(data, "big" if kind == 5 else "little")
    if kind not in (1, 2, 7):
        return data
    text = data.decode("cp1252", "replace") if ansi else data.decode("utf-16-le", "replace")
    return tuple(one for one in text.split("\0") if one) if kind == 7 else text.partition("\0")[0]


def _queried(kind: str, text: str, *, unnamed: bool) -> Data:
    if kind in ("REG_DWORD", "REG_QWORD", "REG_DWORD_BIG_ENDIAN"):
        return int(text, 0)
    if kind == "REG_BINARY":
        return bytes.fromhex(text)
    if kind == "REG_MULTI_SZ":
        return tuple(one for one in text.split("\\0") if one)
    # "(value not set)", in the language of Windows.
    return "" if unnamed and _UNSET.fullmatch(text) else text


def _unescaped(text: str) -> str:
    return re.sub(r'\\([\\"])', r"\1", text)


def _lines(text: str) -> list[str]:
    # Not splitlines: a value may hold characters that only Python takes for the end of a line.
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _first_line(text: str) -> str:
    return next(_words(text), "")


def _words(text: str) -> Iterator[str]:
    """Lines that say something, of the beginning of a text."""
    for line in _lines(text[:20_000]):
        if line.strip("\ufeff \t") and not line.lstrip().startswith((";", "!")):
            yield line.strip("\ufeff \t")
