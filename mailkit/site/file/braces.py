"""Tables in braces and lists in brackets, changed: what is the same keeps its text, and remarks stay with their rows."""

from __future__ import annotations

import re

from msgspec import Struct

from mailkit.site.file.layout import Edit, Value, applied
from mailkit.site.file.rows import matched
from mailkit.site.file.written import Scalar, differs, known, written

__all__ = ["Braces"]

_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REMARK = re.compile(r"[ \t]*#[^\r\n]*")


class Braces:
    """The values of one text."""

    def __init__(self, text: str, newline: str) -> None:
        self._text, self._newline = text, newline

    def table(self, place: Value, before: Struct, after: Struct) -> str:
        """Write a table in braces anew; what did not change keeps its text."""
        edits: list[Edit] = []
        pieces: list[str] = []
        same_fields = True
        for field in after.__struct_fields__:
            old, value = getattr(before, field), getattr(after, field)
            entries = [(key, start, inner) for key, start, inner in place.entries if key[0] == field]
            if not differs(old, value):
                pieces += [self._text[start : inner.end] for _, start, inner in entries]
            elif value is not None and len(entries) == 1 and len(entries[0][0]) == 1:
                _, start, inner = entries[0]
                new = self._value(inner, old, value)
                edits.append(Edit(inner.start, inner.end, new))
                pieces.append(self._text[start : inner.start] + new)
            else:  # a field comes or goes, or it is a table of dotted keys, which are drawn together
                same_fields = False
                pieces += [] if value is None else [f"{field} = {self._value(None, old, value)}"]
        if same_fields:
            return applied(self._text, edits, place.start, place.end)
        return "{ " + ", ".join(pieces) + " }" if pieces else "{}"

    def _value(self, place: Value | None, before: object, after: object) -> str:
        if isinstance(after, tuple):
            old = before if isinstance(before, tuple) else ()
            return self.array(place, old, after) if place else f"[{', '.join(self._fresh(row) for row in after)}]"
        if isinstance(after, Struct):
            return self.table(place, before, after) if place and isinstance(before, Struct) else self._fresh(after)
        assert isinstance(after, Scalar)
        return written(after)

    def _fresh(self, table: Struct) -> str:
        pieces = [f"{field} = {self._value(None, None, value)}" for field, value in known(table).items()]
        return "{ " + ", ".join(pieces) + " }" if pieces else "{}"

    def array(self, place: Value, before: tuple[Struct, ...], after: tuple[Struct, ...]) -> str:
        """Write a list in brackets anew; rows that stay keep their text and their remarks."""
        origin = matched(before, after)
        rows = [
            self._fresh(row) if number is None else self._kept(place.items[number], before[number], row)
            for row, number in zip(after, origin, strict=True)
        ]
        if origin == list(range(len(before))):
            edits = [Edit(item.start, item.end, text) for item, text in zip(place.items, rows, strict=True)]
            return applied(self._text, edits, place.start, place.end)
        if "\n" not in self._text[place.start : place.end]:
            return f"[{', '.join(rows)}]"
        opening, around, tail = self._around(place)
        indent = re.sub(r".*\n", "", around[0][0], flags=re.DOTALL) if around else "  "
        text, remark = f"[{opening}", bool(opening)
        for row, number in zip(rows, origin, strict=True):
            lead, trail, note = around[number] if number is not None else (self._newline + (indent or "  "), "", "")
            if remark and "\n" not in lead:
                lead = self._newline + lead
            text += f"{lead}{row}{trail},{note}"
            remark = bool(note)
        return f"{text}{self._newline if remark and chr(10) not in tail else ''}{tail}]"

    def _kept(self, place: Value, before: Struct, after: Struct) -> str:
        return self.table(place, before, after) if differs(before, after) else self._text[place.start : place.end]

    def _around(self, place: Value) -> tuple[str, list[tuple[str, str, str]], str]:
        """Give the remark behind the bracket, what is around each element (before it, before its comma, behind), and the rest."""
        around: list[tuple[str, str, str]] = []
        note = _REMARK.match(self._text, place.start + 1)
        opening = note[0] if note else ""
        at = place.start + 1 + len(opening)
        for item in place.items:
            lead, trail = self._text[at : item.start], ""
            at = item.end
            gap = _BETWEEN.match(self._text, at)
            if gap and self._text[gap.end()] == ",":
                trail, at = gap[0], gap.end() + 1
            note = _REMARK.match(self._text, at)
            at = note.end() if note else at
            around.append((lead, trail, note[0] if note else ""))
        return opening, around, self._text[at : place.end - 1]
