"""A header cut into its fields, however it was copied: a mail, an ``.eml``, or what somebody pasted out of a mail program.

Not the standard library's parser: it reads what is a mail; a copied header has lost its folds, gained blank lines or quotation
marks, or stands behind a label. Works in one pass over bounded input, and never raises.
"""

from __future__ import annotations

import html
import re
from email.errors import HeaderParseError
from email.header import decode_header

from msgspec import Struct

from mailkit.text import shorten, visible

__all__ = ["Field", "Head", "decoded", "opened"]

_HEADER = 2 << 20
"""Bytes in which the header must end."""
_FIELDS = 5000
_VALUE = 20_000
_LABEL = 40
"""Lines before the first field that are taken for a label or a greeting."""
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,75})[ \t]{0,4}:(?!//)")
_QUOTED = re.compile(r"^(?:>[ \t]?)+")
_PROLOGUE = re.compile(r"^(?:[ \t]{1,8}|(?:>[ \t]?){1,4})(?=[A-Za-z][A-Za-z0-9-]{1,75}:)")
_KNOWN = frozenset(
    {
        "arc-authentication-results",
        "arc-message-signature",
        "arc-seal",
        "authentication-results",
        "cc",
        "content-type",
        "date",
        "delivered-to",
        "dkim-signature",
        "from",
        "message-id",
        "mime-version",
        "received",
        "received-spf",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "thread-topic",
        "to",
        "x-forefront-antispam-report",
        "x-google-smtp-source",
        "x-ms-exchange-organization-scl",
        "x-originating-ip",
        "x-received",
    }
)
"""Fields by which a line is known to be one of a header."""


class Field(Struct, frozen=True):
    """One header field: its name in lower case, its value unfolded."""

    name: str
    value: str


class Head(Struct, frozen=True):
    """The fields from top to bottom, and what had to be mended to read them."""

    fields: tuple[Field, ...]
    body: bool
    """Whether anything follows the header."""
    notes: tuple[str, ...] = ()
    left_out: int = 0

    def all(self, name: str) -> list[str]:
        """Give the values of all fields of a name, top to bottom."""
        return [one.value for one in self.fields if one.name == name]

    def first(self, name: str) -> str | None:
        """Give the topmost value of a name; ``None`` where there is none or it is blank."""
        return next((one.value for one in self.fields if one.name == name and one.value), None)


def opened(raw: bytes) -> Head:
    """Cut a source into its header fields."""
    text = raw[:_HEADER].decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    notes: list[str] = []
    lines = _mended(lines, notes)
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    body = any(line.strip() for line in lines[end : end + 2000]) or len(raw) > _HEADER
    fields, left_out = _fields(lines[:end], notes)
    return Head(fields, body, tuple(dict.fromkeys(notes)), left_out)


def decoded(value: str | None) -> str | None:
    """Give a value with its encoded words (RFC 2047) read; what cannot be read stays as it is."""
    if not value:
        return None
    value = value[:4000]
    if "=?" in value:
        try:
            parts = decode_header(value.encode("utf-8", "backslashreplace").decode("utf-8"))
            value = "".join(
                part if isinstance(part, str) else part.decode(charset or "ascii", "backslashreplace") for part, charset in parts
            )
        except (HeaderParseError, LookupError, ValueError, AssertionError):
            pass
    return shorten(visible(" ".join(value.split())), 998) or None


def _mended(lines: list[str], notes: list[str]) -> list[str]:
    """Undo what copying does to a header; a mail as it is passes unchanged."""
    start = next((at for at, line in enumerate(lines[:_LABEL]) if line.strip()), 0)
    lines = lines[start:]
    if lines and lines[0].startswith("From ") and len(lines) > 1:  # the line that begins a mail in an mbox
        lines = lines[1:]
    if _is_field(lines[0] if lines else "") and not _doubled(lines):
        return lines
    # From here on it is something that was copied.
    if lines and "&lt;" in lines[0] + "".join(lines[1:30]):
        lines = [html.unescape(line) for line in lines]
        notes.append("the source was copied from a web page")
    if any(_PROLOGUE.match(line) and _known(_PROLOGUE.sub("", line)) for line in lines[:_LABEL]):
        mark = next(found[0] for line in lines[:_LABEL] if (found := _PROLOGUE.match(line)) and _known(line[found.end() :]))
        lines = [line.removeprefix(mark) if line.startswith(mark) else _QUOTED.sub("", line) for line in lines]
        notes.append("the source was indented or quoted")
    first = next((at for at, line in enumerate(lines[:_LABEL]) if _known(line)), None)
    if first:
        lines = lines[first:]
        notes.append("text before the header was left out")
    if _doubled(lines):
        lines = [line for line in lines if line.strip()]
        notes.append("a blank line stood behind every line; where the text of the mail begins cannot be told")
    return lines


def _is_field(line: str) -> bool:
    return _NAME.match(line) is not None


def _known(line: str) -> bool:
    match = _NAME.match(line)
    return match is not None and match[1].lower() in _KNOWN


def _doubled(lines: list[str]) -> bool:
    """Tell whether every second line is blank and header lines go on behind them."""
    some = lines[:24]
    return (
        len(some) > 5
        and sum(not line.strip() for line in some[1::2]) >= len(some[1::2]) - 1
        and sum(_known(line) for line in some[::2]) >= 3
    )


def _fields(lines: list[str], notes: list[str]) -> tuple[tuple[Field, ...], int]:
    found: list[Field] = []
    name, parts, length, left_out = "", list[str](), 0, 0

    def close() -> int:
        if not name:
            return 0
        if len(found) >= _FIELDS:
            return 1
        found.append(Field(name.lower(), visible(" ".join(" ".join(parts).split()))[:_VALUE]))
        return 0

    for line in lines:
        match = None if line[:1] in {" ", "\t"} else _NAME.match(line)
        if match is not None:
            left_out += close()
            name, parts, length = match[1], [line[match.end() : match.end() + _VALUE]], len(line)
        elif name:
            if line[:1] not in {" ", "\t"}:
                notes.append("folded lines had lost their indent")
            if length < _VALUE:
                parts.append(line[:_VALUE])
                length += len(line)
    left_out += close()
    return tuple(found), left_out
