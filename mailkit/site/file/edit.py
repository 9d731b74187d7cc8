"""A changed site in the text of its file: only what differs is touched, so that remarks, order, spacing and quotes stay.

The changes are put straight into the text, at the places :mod:`mailkit.site.file.layout` finds. (TOML libraries that keep remarks
hang those above a table on the table before it, and lose or misplace them when that one changes.)
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct

from mailkit.site.file.braces import Braces
from mailkit.site.file.fields import waiting
from mailkit.site.file.layout import Block, Edit, Layout, Path, Statement, applied, layout
from mailkit.site.file.rows import matched
from mailkit.site.file.written import Scalar, differs, known, written

__all__ = ["changed", "table_lines"]

_EMPTY_LINES = re.compile(r"(?:[ \t]*\r?\n)*")


def changed(text: str, before: Struct, after: Struct) -> str:
    """Give the text of ``before`` with what makes it the text of ``after``."""
    open_end = not text.endswith("\n")
    newline = "\r\n" if re.search("\r?\n", text + "\n")[0] == "\r\n" else "\n"  # type: ignore[index] # there is one
    whole = text + newline if open_end else text
    edits: list[Edit] = []
    _Editor(layout(whole), after, newline).table(before, after, (), edits)
    if not edits:
        return text
    result = applied(whole, edits, 0, len(whole))
    if not whole.endswith(newline * 2):  # what stood at the end may be gone, with an empty line before it
        result = result.rstrip("\r\n") + newline
    return result.removesuffix(newline) if open_end else result


def table_lines(path: tuple[str, ...], table: Struct, newline: str, *, row: bool = False) -> str:
    """Write a table that is not in the file yet, with the tables and rows inside it; one that says nothing is left out."""
    name = ".".join(path)
    lines: list[str] = []
    inner: list[str] = []
    for field, value in known(table).items():
        if isinstance(value, Struct):
            inner.append(table_lines((*path, field), value, newline))
        elif isinstance(value, tuple):
            inner += [table_lines((*path, field), one, newline, row=True) for one in value]
        elif isinstance(value, Scalar):
            lines.append(f"{field} = {written(value, newline)}{newline}")
    header = f"[[{name}]]" if row else f"[{name}]"
    own = [f"{header}{newline}{''.join(lines)}"] if lines or row else []
    return newline.join([*own, *filter(None, inner)])


class _Editor:
    """One comparison of two sites over one text."""

    def __init__(self, places: Layout, site: Struct, newline: str) -> None:
        self._text, self._newline = places.text, newline
        self._braces = Braces(places.text, newline)
        self._order = {name: number for number, name in enumerate(site.__struct_fields__)}
        self._blocks = places.blocks
        self._at: dict[Path, Block] = {block.path: block for block in places.blocks}
        self._statements: dict[Path, Statement] = {}
        self._dotted: dict[Path, tuple[Block, Statement]] = {}
        """The last line of each table that is made by dotted keys."""
        self._rows: dict[Path, list[int]] = {}
        """The numbers of the blocks of each row."""
        for number, block in enumerate(places.blocks):
            for depth, part in enumerate(block.path, 1):
                if isinstance(part, int):
                    self._rows.setdefault(block.path[:depth], []).append(number)
            for statement in block.statements:
                self._statements[statement.path] = statement
                for depth in range(len(block.path) + 1, len(statement.path)):
                    self._dotted[statement.path[:depth]] = (block, statement)

    def table(self, before: Struct, after: Struct, path: Path, edits: list[Edit]) -> None:
        """Compare two tables that have lines of their own, or none yet."""
        new: list[tuple[str, Scalar]] = []
        for field in after.__struct_fields__:
            old, value = getattr(before, field), getattr(after, field)
            if not differs(old, value):
                continue
            place = (*path, field)
            there = self._statements.get(place)
            if isinstance(value, tuple):
                self._list(old, value, place, edits)
            elif there is not None and isinstance(value, Struct):
                edits.append(Edit(there.value.start, there.value.end, self._braces.table(there.value, old, value)))
            elif isinstance(value, Struct):
                self.table(old, value, place, edits)
            elif there is None:
                if value is not None:
                    new.append((field, value))
            elif value is None:
                edits.append(Edit(there.start, there.end, ""))
            else:
                edits.append(Edit(there.value.start, there.value.end, written(value, self._newline)))
        if new:
            edits += self._added(type(after), new, path)

    def _added(self, kind: type[Struct], new: list[tuple[str, Scalar]], path: Path) -> list[Edit]:
        """Put new fields where they wait as remarks, else where their table is, else into a new one."""
        edits: list[Edit] = []
        prefix, block = "", self._at.get(path)
        if block is not None:
            for field, value in list(new):
                if (line := self._waiting(kind, field, block)) is not None:
                    text = f"{field} = {written(value, self._newline)}"
                    edits.append(Edit(*line.span(1), text.ljust(len(line[1])) if line[2] else text))
                    new.remove((field, value))
            last = block.statements[-1] if block.statements else None
            place = last.end if last else block.body
        elif path in self._dotted:
            block, last = self._dotted[path]
            place = last.end
            prefix = "".join(f"{part}." for part in path[len(block.path) :])
        else:
            header = ".".join(part for part in path if isinstance(part, str))
            return [self._new_block(f"[{header}]{self._newline}{self._lines(new)}", path)]
        indent = self._text[last.start : last.key] if last else ""
        return [*edits, Edit(place, place, self._lines(new, indent + prefix))] if new else edits

    def _lines(self, new: list[tuple[str, Scalar]], before: str = "") -> str:
        return "".join(f"{before}{field} = {written(value, self._newline)}{self._newline}" for field, value in new)

    def _waiting(self, kind: type[Struct], field: str, block: Block) -> re.Match[str] | None:
        """Find the remark of a new file that says what the field could be."""
        line = re.compile(rf"^[ \t]*({re.escape(waiting(kind, field))})[ \t]*(#[^\r\n]*)?\r?$", re.MULTILINE)
        found = line.search(self._text, block.body, block.end)
        return found if found and self._is_remark(found.start()) else None

    def _is_remark(self, place: int) -> bool:
        """Say whether a place is outside of every value: a text of several lines may look like anything."""
        return not any(one.start <= place < one.end for block in self._blocks for one in block.statements)

    def _new_block(self, lines: str, path: Path) -> Edit:
        """Find the place of a table that was not there: inside its row, or where its screen comes in the order of the screens."""
        rows = [path[:depth] for depth in range(len(path), 0, -1) if isinstance(path[depth - 1], int)]
        if rows:
            place = self._at[rows[0]].end
            return Edit(place, place, self._newline + lines, table=True)
        named = re.escape(".".join(part for part in path if isinstance(part, str)))
        shown = re.compile(rf"^[ \t]*#[ \t]*\[+{named}\]+[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*(?=[ \t]*\r?\n|\Z)", re.MULTILINE)
        if (example := shown.search(self._text)) is not None and self._is_remark(example.start()):
            around = next(block for block in reversed(self._blocks) if block.start <= example.start())
            if not around.statements or around.statements[-1].end <= example.start():
                return Edit(example.end(), example.end(), self._newline + lines, table=True)
        rank = (self._order[str(path[0])], len(path))
        for block in self._blocks[1:]:
            if (self._order.get(str(block.path[0]), 0), len(block.path)) > rank:
                return Edit(block.lead, block.lead, lines + self._newline, table=True)
        place = len(self._text)
        before = self._text[:place].rstrip(" \t")
        gap = "" if not before or before.endswith(("\n\n", "\n\r\n")) else self._newline
        return Edit(place, place, gap + lines, table=True)

    def _list(self, before: tuple[Struct, ...], after: tuple[Struct, ...], path: Path, edits: list[Edit]) -> None:
        """Compare two lists of rows."""
        there = self._statements.get(path)
        if there is not None and (there.value.items or path[:-1] not in self._at):
            edits.append(Edit(there.value.start, there.value.end, self._braces.array(there.value, before, after)))
            return
        if there is not None:  # an empty list: the rows get lines of their own
            edits.append(Edit(there.start, there.end, ""))
        origin = matched(before, after)
        if origin != list(range(len(before))):
            self._moved(before, after, origin, path, edits)
            return
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if differs(old, new):
                self.table(old, new, (*path, number), edits)

    def _moved(
        self, before: tuple[Struct, ...], after: tuple[Struct, ...], origin: list[int | None], path: Path, edits: list[Edit]
    ) -> None:
        """Put rows into another order, without those that are gone and with new ones behind the row they come after."""
        header = tuple(part for part in path if isinstance(part, str))
        new = ""  # rows before any that stays
        kept: list[str] = []  # the rows that stay, in their new order, each with the new rows behind it
        for row, number in zip(after, origin, strict=True):
            if number is not None:
                kept.append(self._row(before[number], row, (*path, number)))
            elif kept:
                kept[-1] += self._newline + table_lines(header, row, self._newline, row=True)
            else:
                new += table_lines(header, row, self._newline, row=True) + self._newline
        if not kept:
            new = new.removesuffix(self._newline)  # that stood between the last of them and what stays
        texts = iter(kept)
        for number in range(len(before)):
            (start, end), *more = self._spans((*path, number))
            edits += [Edit(*span, "") for span in more]
            if number in origin or (new and not kept):
                edits.append(Edit(start, end, new + next(texts, "")))
                new = ""
            else:
                edits.append(Edit(start, self._past_empty_lines(end), ""))
        if new:
            edits.append(self._new_block(new, path))

    def _row(self, before: Struct, after: Struct, path: Path) -> str:
        edits: list[Edit] = []
        self.table(before, after, path, edits)
        return "".join(applied(self._text, edits, start, end) for start, end in self._spans(path))

    def _spans(self, path: Path) -> list[tuple[int, int]]:
        """Give where a row stands: in one place, unless tables of others stand between its own."""
        spans: list[tuple[int, int]] = []
        numbers = self._rows[path]
        begin = numbers[0]
        for one, following in pairwise([*numbers, -1]):
            if following != one + 1:
                spans.append((self._blocks[begin].lead, self._blocks[one].end))
                begin = following
        return spans

    def _past_empty_lines(self, place: int) -> int:
        match = _EMPTY_LINES.match(self._text, place)
        return match.end() if match else place
