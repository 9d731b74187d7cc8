r"""Where everything stands in the text of a TOML file: every table, every line, every value.

The standard library's reader gives the values and forgets where they were; this finds the places again, so that a mistake can
name its line (:mod:`.mistakes`) and a change touches nothing else (:mod:`.edit`). It reads only text
that ``tomllib`` has taken, so it need not judge, only walk (grammar: https://toml.io/en/v1.0.0). ``\r\n`` and a byte order mark
are part of the text; places are numbers of characters from its start.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

__all__ = ["Block", "Edit", "Layout", "Path", "Statement", "Value", "applied", "layout"]

Path = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and numbers (from 0) of rows."""

_BLANK = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_BASIC = r'"(?:[^"\\\n]|\\.)*"'
_LITERAL = r"'[^'\n]*'"
_KEY = re.compile(rf"{_BASIC}|{_LITERAL}|[A-Za-z0-9_-]+")
_SCALAR = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    rf"|{_BASIC}|{_LITERAL}"
    # A date and a time may have a space between them.
    r"|[^\s,#\]}]+(?:(?<=\d) (?=\d\d:)[^\s,#\]}]+)?",
    re.DOTALL,
)


class Value(Struct, frozen=True, kw_only=True):
    """One value: from where to where it stands, and what is inside it."""

    start: int
    end: int
    kind: Literal["scalar", "array", "table"]
    items: tuple[Value, ...] = ()
    """The elements of an array."""
    entries: tuple[tuple[tuple[str, ...], int, Value], ...] = ()
    """The entries of an inline table: the key (dotted keys have several parts), where it begins, the value."""


class Statement(Struct, frozen=True, kw_only=True):
    """One ``key = value`` that has lines of its own."""

    path: Path
    start: int
    """The beginning of its first line."""
    key: int
    """Where the key begins: behind the indentation."""
    value: Value
    end: int
    """Behind the line break of its last line."""


class Block(Struct, kw_only=True):
    """One ``[header]`` or ``[[header]]`` with what is below it, or what stands above the first one (an empty path)."""

    path: Path
    array: bool
    lead: int
    """Where the comment lines directly above the header begin."""
    start: int
    """The beginning of the header's line."""
    body: int
    """Behind the line break of the header's line."""
    end: int
    """Behind its last line, and the comment lines that follow it without a gap."""
    statements: list[Statement]


class Layout(Struct, frozen=True, kw_only=True):
    """The places of a text."""

    text: str
    blocks: tuple[Block, ...]

    def lines(self) -> dict[Path, int]:
        """Give the line, from 1, where each table, row, key and value begins (a table of dotted keys: its first one)."""
        found: dict[Path, int] = {}
        for block in self.blocks:
            for depth in range(1, len(block.path) + 1):
                found.setdefault(block.path[:depth], block.start)
            for statement in block.statements:
                for depth in range(len(block.path) + 1, len(statement.path) + 1):
                    found.setdefault(statement.path[:depth], statement.key)
                _note(statement.value, statement.path, found)
        breaks = [match.start() for match in re.finditer("\n", self.text)]
        return {path: bisect_left(breaks, place) + 1 for path, place in found.items()}


class Edit(NamedTuple):
    """From ``start`` to ``end`` stands ``text`` instead."""

    start: int
    end: int
    text: str
    table: bool = False
    """It begins a table: it goes behind the fields that come to the same place."""


def applied(text: str, edits: Sequence[Edit], start: int, end: int) -> str:
    """Give a part of a text with the edits that fall into it; they must not overlap."""
    pieces: list[str] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end, edit.table)):
        if start <= edit.start and edit.end <= end:
            pieces += [text[start : edit.start], edit.text]
            start = edit.end
    return "".join([*pieces, text[start:end]])


def _note(value: Value, path: Path, found: dict[Path, int]) -> None:
    for number, item in enumerate(value.items):
        found[*path, number] = item.start
        _note(item, (*path, number), found)
    for key, start, item in value.entries:
        for depth in range(1, len(key) + 1):
            found.setdefault((*path, *key[:depth]), start)
        _note(item, (*path, *key), found)


def layout(text: str) -> Layout:
    """Find the places in a text that ``tomllib`` reads without objection."""
    return Layout(text=text, blocks=tuple(_Walk(text).blocks()))


class _Walk:
    """A walk over a text that is known to be well formed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = len(text) - len(text.removeprefix("\ufeff"))
        self._rows: dict[Path, int] = {}

    def blocks(self) -> Iterator[Block]:
        block = Block(path=(), array=False, lead=self._at, start=self._at, body=self._at, end=self._at, statements=[])
        comments = self._at  # where the comment lines directly above begin
        while True:
            line = self._at
            self._skip(_BLANK)
            here = self._text[self._at : self._at + 1]
            if here == "[":
                block.end = min(block.end, comments)
                yield block
                block = self._header(line, comments)
            elif here == "#":
                self._skip(_REST_OF_LINE)
                if comments <= block.end:  # no gap since the last line of the block
                    block.end = self._at
                continue
            elif here in {"", "\r", "\n"}:
                self._skip(_REST_OF_LINE)
                comments = self._at
                if not here:
                    yield block
                    return
                continue
            else:
                block.statements.append(self._statement(line, block.path))
                block.end = self._at
            comments = self._at

    def _header(self, line: int, comments: int) -> Block:
        array = self._text.startswith("[[", self._at)
        self._at += 1 + array
        self._skip(_BLANK)
        named = self._key()
        self._at += 1 + array
        self._skip(_REST_OF_LINE)
        path: Path = ()
        for number, name in enumerate(named, 1):
            path = (*path, name)
            if array and number == len(named):
                self._rows[path] = self._rows.get(path, -1) + 1
            if path in self._rows:
                path = (*path, self._rows[path])
        return Block(path=path, array=array, lead=comments, start=line, body=self._at, end=self._at, statements=[])

    def _statement(self, line: int, base: Path) -> Statement:
        start = self._at
        key = self._key()
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        value = self._value()
        self._skip(_REST_OF_LINE)
        return Statement(path=(*base, *key), start=line, key=start, value=value, end=self._at)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            raw = self._skip(_KEY)
            parts.append(next(iter(tomllib.loads(f"{raw}=1"))) if raw[0] in "\"'" else raw)
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1
            self._skip(_BLANK)

    def _value(self) -> Value:
        start = self._at
        if self._text[start] not in "[{":
            self._skip(_SCALAR)
            return Value(start=start, end=self._at, kind="scalar")
        array = self._text[start] == "["
        items: list[Value] = []
        entries: list[tuple[tuple[str, ...], int, Value]] = []
        self._at += 1
        while True:
            self._skip(_BETWEEN)
            here = self._text[self._at]
            if here in "]}":
                self._at += 1
                return Value(
                    start=start, end=self._at, kind="array" if array else "table", items=tuple(items), entries=tuple(entries)
                )
            if here == ",":
                self._at += 1
            elif array:
                items.append(self._value())
            else:
                place = self._at
                key = self._key()
                self._at += 1  # the equals sign
                self._skip(_BETWEEN)
                entries.append((key, place, self._value()))

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, "a text that tomllib takes has no other shape"
        self._at = match.end()
        return match[0]
