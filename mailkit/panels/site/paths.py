"""A value inside a frozen site, found and replaced by its path, and as the text a field shows.

A path is the name the value has in a site file, with the number of a row in between: ``general_settings.smtp.port``,
``users.3.user_name``. As text, ``None`` (not known) stays ``None`` and ``""`` (known to be empty) stays ``""``; a box is
``"yes"`` or ``"no"``; everything else is what a person would type. Pure; used by :mod:`mailkit.panels.site.draft`.
"""

from __future__ import annotations

import datetime as dt
import types
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct

__all__ = ["parts_of", "replaced", "text_of", "value_at", "value_of"]

S = TypeVar("S", bound=Struct)

_FLAG = {"yes": True, "no": False}
_DIGITS = 19  # of the largest number a field can hold


def value_at(value: Any, path: str) -> Any:  # noqa: ANN401 - values of a site are of many types
    """Return what stands at the path.

    >>> from mailkit.site.erp import ErpSite, User
    >>> value_at(ErpSite(users=(User(code="office"),)), "users.0.code")
    'office'
    """
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, tuple) else getattr(value, step)
    return value


def replaced(value: S, path: str, new: Any) -> S:  # noqa: ANN401 - values of a site are of many types
    """Return the site with another value at the path; it is not checked (see :func:`value_of`)."""
    changed: S = _replaced(value, path.split("."), new)
    return changed


def _replaced(value: Any, steps: list[str], new: Any) -> Any:  # noqa: ANN401 - a site as plain values
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, tuple):
        number = int(step)
        return (*value[:number], _replaced(value[number], rest, new), *value[number + 1 :])
    return msgspec.structs.replace(value, **{step: _replaced(getattr(value, step), rest, new)})


def text_of(value: Any) -> str | None:  # noqa: ANN401 - values of a site are of many types
    """Return a value as a field shows it.

    >>> text_of(None), text_of(""), text_of(587), text_of(True)
    (None, '', '587', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)


def value_of(kind: type[Struct], path: str, text: str | None) -> Any:  # noqa: ANN401 - values of a site are of many types
    """Return what was typed as the value the field of that path holds.

    Raises:
        ValueError: the field cannot hold it; the message says in a few words what it can hold.
    """
    wanted = _type_at(kind, path)
    parts = _parts(wanted)
    new: Any = text.strip() if text else text
    if bool in parts and str not in parts:
        new = _FLAG.get(new, new)
    elif int in parts and str not in parts and new:
        new = int(new) if new.isascii() and new.isdigit() and len(new) < _DIGITS else new
    try:
        return msgspec.convert(new, wanted)
    except msgspec.ValidationError as error:
        raise ValueError(_holds(parts)) from error


def parts_of(kind: type[Struct], path: str) -> tuple[Any, ...]:
    """Return the types and the fixed values a field can hold.

    >>> from mailkit.site.erp import ErpSite
    >>> parts_of(ErpSite, "users.0.status")
    ('active', 'inactive', <class 'NoneType'>)
    """
    return _parts(_type_at(kind, path))


@cache
def _type_at(kind: type[Struct], path: str) -> Any:  # noqa: ANN401 - an annotation
    wanted: Any = kind
    for step in path.split("."):
        if get_origin(wanted) is tuple:
            wanted = get_args(wanted)[0]
        else:
            wanted = {field.name: field.type for field in msgspec.structs.fields(wanted)}[step]
    return wanted


def _parts(wanted: Any) -> tuple[Any, ...]:  # noqa: ANN401 - an annotation
    """The types and the fixed values an annotation is made of."""
    origin = get_origin(wanted)
    if origin is Annotated:
        return _parts(get_args(wanted)[0])
    if origin in (Union, types.UnionType):
        return tuple(part for one in get_args(wanted) for part in _parts(one))
    return get_args(wanted) if origin is Literal else (wanted,)


def _holds(parts: tuple[Any, ...]) -> str:
    if bool in parts:
        return "ticked, not ticked or not known"
    if int in parts:
        return "a port is a number from 1 to 65535" if "" in parts else "this is a number"
    if dt.date in parts:
        return "a date is written like 2026-03-31"
    if str not in parts:
        return "one of the choices"
    return "this is needed" if type(None) not in parts else "this is too long"
