"""What Exchange's exports have in common: the names of columns, the words of states, addresses with their own status."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from mailkit.history.importing.rows import plain
from mailkit.journal.delivery import State
from mailkit.knowledge import Meta, read

__all__ = ["Columns", "Words", "split_list", "words"]

_ZONE = re.compile(r"\(?(?:UTC|GMT)\s*([+-]\d{1,2}(?::?\d{2})?)?\)?", re.IGNORECASE)


class Nothing(Struct, frozen=True):
    """Events that are known and say nothing about a delivery."""

    events: frozenset[str]


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of ``exchange.toml``."""

    meta: Meta
    columns: dict[str, tuple[str, ...]]
    status: dict[str, State]
    reasons: dict[str, tuple[str, str]]
    notes: dict[str, str]
    events: dict[str, State]
    nothing: Nothing


@cache
def words() -> Words:
    """Give what is known about Exchange's words."""
    return read(Path(__file__).with_name("exchange.toml"), Words)


class Columns:
    """Where each known column stands in a row."""

    def __init__(self, headers: Sequence[str]) -> None:
        # "Date (UTC-05:00)": what stands in brackets is no part of the name.
        names = [plain(re.sub(r"\([^()]*\)", "", header)) for header in headers]
        exact = [plain(header) for header in headers]
        self._width = len(headers)
        self.addresses = sum("address" in name or "adresse" in name for name in exact) > 1
        """Whether sender and recipient are called addresses, as Exchange does."""
        self._at: dict[str, int] = {}
        for field, known in words().columns.items():
            place = next((row.index(one) for one in known for row in (exact, names) if one in row), None)
            if place is not None:
                self._at[field] = place
        self.zone: str | None = None
        """The offset that the header of the time names, if any (``+00:00`` for UTC alone)."""
        if (at := self._at.get("moment")) is not None and (told := _ZONE.search(headers[at].replace("_", " "))):
            self.zone = told[1] or "+00:00"

    def __contains__(self, field: str) -> bool:
        return field in self._at

    def get(self, row: Sequence[str], field: str) -> str | None:
        """Give a cell; ``None`` where there is nothing."""
        at = self._at.get(field)
        text = row[at].strip() if at is not None and at < len(row) else ""
        return text if text and text not in ("-", "NULL", "null", "$null") else None

    def lacking(self, row: Sequence[str], what: str) -> str:
        """Say that a row has no such thing, and whether that is because it ends early."""
        return f"this row names no {what}" + ("; it ends early" if len(row) < self._width else "")


def split_list(text: str | None) -> list[str]:
    """Split at semicolons that stand neither in brackets nor in quotes.

    >>> split_list("a@x.test;b@x.test"), split_list("[{LED=550 5.1.1 no};{MSG=}];250 ok")
    (['a@x.test', 'b@x.test'], ['[{LED=550 5.1.1 no};{MSG=}]', '250 ok'])
    """
    parts, depth, begin, quoted = [], 0, 0, False
    for at, sign in enumerate(text or ""):
        if sign == "'" and depth == 0 and text and (at == 0 or text[at - 1] == ";" or quoted):
            quoted = not quoted
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth = max(0, depth - 1)
        elif sign == ";" and depth == 0 and not quoted:
            parts.append((text or "")[begin:at].strip())
            begin = at + 1
    parts.append((text or "")[begin:].strip())
    return parts if any(parts) else []
