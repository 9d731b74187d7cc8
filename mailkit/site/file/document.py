"""The text of a site file as plain tables, and what in it is no TOML: not only the first such line, but each.

TOML readers give up at the first line they cannot take. Here such a line is noted and left out, and the rest is read again, so
that a person who wrote three texts without quotes hears of three.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import Any

from msgspec import Struct

from mailkit.site.file.mistakes import Mistake
from mailkit.text import visible

__all__ = ["Document", "read_document"]

_MOST_LINES = 100
"""How many lines are left out before giving up."""

_WHERE = re.compile(r"(?P<what>.*?)(?: \(at line (?P<line>\d+), column (?P<column>\d+)\)| \(at end of document\))?", re.DOTALL)
_KEY_LINE = re.compile(r"[ \t]*(?P<key>[A-Za-z0-9_-]+(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)[ \t]*=")
_CURLY = re.compile("[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019]")

# What the standard library says → what it means here, and what would be right.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        "Invalid value",
        "has a value that is neither a text in quotes nor a number, true or false",
        'write texts in straight double quotes, such as "mail.example.com"; true and false in lower case',
    ),
    ("Expected '='", "is followed by no equals sign", 'write it as: server_name = "mail.example.com"'),
    (
        "Invalid statement",
        "this line is no field and no table",
        "write field = value, [table] or [[table]], or # before a remark",
    ),
    (
        "Expected newline",
        "goes on behind its value",
        "one field a line; a text that has spaces or signs in it needs quotes around the whole of it",
    ),
    (
        "Unescaped '\\'",
        "has a backslash that would have to be written twice",
        r"write \\ for \, or put the text in single quotes: 'FD\AR'",
    ),
    ("Illegal character '\\n'", "has a quote that is opened and not closed", "close the text on the same line"),
    ("Unterminated string", "a text is opened and not closed", "look for a missing quote above this line"),
    ("Cannot overwrite a value", "is there twice in one table", "keep one of the two lines"),
    ("Duplicate inline table key", "is there twice in one table", "keep one of the two"),
    ("Cannot declare", "this table is there twice", "put its fields below the first one; lists have double brackets: [[users]]"),
    ("Cannot mutate", "this is written both as a value and as a table", "keep one of the two ways"),
    (
        "Expected ']'",
        "the brackets of this table are not closed",
        "write [general_settings], or [[users]] for each row of a list",
    ),
    ("Unclosed array", "a list is opened and not closed", "close it with ]"),
    (
        "Invalid initial character for a key part",
        "has a field without a name",
        "a table in braces stands on one line and ends without a comma; names with spaces stand in quotes",
    ),
    ("Exceeds the limit", "a number has thousands of digits", "no field of a site needs that"),
    ("Unclosed inline table", "a table in braces is not closed", "close it with } on the same line"),
)
_STATEMENT = ("Expected '='", "Invalid statement")
"""Said only where a line begins: the line can be left out."""
_SEVERAL = ("Invalid initial character", "Unclosed", "Unterminated")
"""Said where a value goes over several lines: leaving out one of them would spoil the others."""


class Document(Struct, frozen=True, kw_only=True):
    """What could be read of a file."""

    tables: dict[str, Any]
    """Numbers with a fraction are :class:`decimal.Decimal`, so that ``5.10`` can be shown as it was written."""
    text: str
    """What was read: without a byte order mark, and with empty lines where lines had to be left out."""
    mistakes: tuple[Mistake, ...] = ()


def read_document(text: str) -> Document:
    """Read the text of a TOML file, without the lines that are no TOML."""
    lines = (text.removeprefix("\ufeff") + "\n").split("\n")
    mistakes: list[Mistake] = []
    while True:
        text = "\n".join(lines)
        try:
            return Document(tables=tomllib.loads(text, parse_float=Decimal), text=text, mistakes=tuple(mistakes))
        except RecursionError:
            mistakes.append(
                Mistake(line=None, field="", what="lists or tables are nested too deeply", allowed="a site needs four levels")
            )
            break
        except ValueError as error:  # also numbers with thousands of digits, which are no error of TOML
            said = _WHERE.fullmatch(str(error))
        assert said is not None, "everything in the pattern is optional"
        number = int(said["line"] or 0) or None
        line = lines[number - 1] if number else ""
        mistakes.append(_mistake(said["what"], number, line))
        alone = said["what"].startswith(_STATEMENT) or (_KEY_LINE.match(line) and not said["what"].startswith(_SEVERAL))
        if number is None or line.lstrip().startswith("[") or not alone or len(mistakes) == _MOST_LINES:
            # What follows would be read as part of something else: only what stands above can be judged.
            lines = lines[: (number or 1) - 1]
            break
        lines[number - 1] = ""
    try:
        text = "\n".join(lines)
        return Document(tables=tomllib.loads(text, parse_float=Decimal), text=text, mistakes=tuple(mistakes))
    except (ValueError, RecursionError):
        return Document(tables={}, text="", mistakes=tuple(mistakes))


def _mistake(said: str, number: int | None, line: str) -> Mistake:
    if number is None and said.startswith(("Invalid value", "Expected")):
        return Mistake(
            line=None,
            field="",
            what="the file ends in the middle of a field",
            allowed="look for a list or a text that is not closed",
        )
    key = _KEY_LINE.match(line)
    field = key["key"].replace(" ", "") if key else ""
    if _CURLY.search(line):
        return Mistake(
            line=number,
            field=field,
            what="is written with typographic quotes" if field else "this line has typographic quotes",
            allowed='write straight ones: "…"',
        )
    for start, what, allowed in _MEANINGS:
        if said.startswith(start):
            alone = what.startswith(("a ", "this ", "the "))
            return Mistake(
                line=number, field="" if alone else field, what=what if alone or field else f"this line {what}", allowed=allowed
            )
    return Mistake(
        line=number,
        field=field,
        what="is no valid TOML" if field else "this is no valid TOML",
        allowed=f"the reader says: {visible(said)}",
    )
