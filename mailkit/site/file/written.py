"""Values as a site file has them."""

from __future__ import annotations

import datetime as dt
from functools import cache

import msgspec
import tomlkit
from msgspec import Struct

from mailkit.errors import InputError

__all__ = ["Scalar", "differs", "known", "written"]

Scalar = str | int | bool | dt.date


def written(value: Scalar, newline: str | None = None) -> str:
    r"""Write one value as TOML; with ``newline``, a text of several lines stands on several lines.

    Raises:
        InputError: a text that no file can hold (half of a surrogate pair).

    >>> written('say "hello"'), written(587), written(True)
    ('"say \\"hello\\""', '587', 'true')
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"the text {value[:60]!a} has a character that no file can hold; type it again") from None
        if newline is not None and "\n" in value:
            lines = (tomlkit.string(line).as_string()[1:-1] for line in value.split("\n"))
            # The first line break is not part of the text.
            return f'"""{newline}{newline.join(lines)}"""'
        return tomlkit.string(value).as_string()
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value).lower()


def differs(one: object, other: object) -> bool:
    """Say whether a file would have to say something else: not by ``==``, for which true is 1."""
    return repr(one) != repr(other)


def known(table: Struct) -> dict[str, object]:
    """Give what a table says: the fields that are not as they are when nothing is known."""
    defaults = _defaults(type(table))
    return {name: value for name in table.__struct_fields__ if differs(value := getattr(table, name), defaults[name])}


@cache
def _defaults(kind: type[Struct]) -> dict[str, object]:
    return {field.name: field.default for field in msgspec.structs.fields(kind)}
