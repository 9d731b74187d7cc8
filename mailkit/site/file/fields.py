"""The fields of a site file in words: what each is on its screen or in the site, and a value it could have.

For the remarks of a new file (:mod:`.fresh`), the JSON Schema (:mod:`.json_schema`) and questions in a
terminal.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

from msgspec import Struct

from mailkit.finding import Product
from mailkit.knowledge import read
from mailkit.site.file.shape import choices, hints_of, leaves, wanted
from mailkit.site.file.written import Scalar, written
from mailkit.site.screens import Screen, fields_of

__all__ = ["allowed", "label", "ordered", "sample", "screen_of", "waiting"]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    labels: dict[str, dict[str, str]]
    samples: dict[str, str | int | bool]


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("fields.toml"), _Table)


@cache
def _screens(product: Product) -> dict[str, Screen]:
    screens = {screen.key: screen for screen in fields_of(product).values() if screen.key}
    for key, screen in list(screens.items()):
        if key.startswith("email_setup."):  # the same screen, per property and as it once was
            screens[f"properties.{key}"] = screen
            screens[f"baseline.{key.removeprefix('email_setup.')}"] = screen
    return screens


def screen_of(product: Product, key: str) -> Screen | None:
    """Give the screen's field of a key such as ``general_settings.smtp.port``, where it stands on one."""
    return _screens(product).get(key)


def label(product: Product, key: str) -> str:
    """Say what a field or a table is: its label on the screen, or what it holds."""
    screen = _screens(product).get(key)
    return screen.label if screen else _table().labels[product].get(key.replace("properties.email_setup.", "email_setup."), "")


def sample(kind: type[Struct], name: str) -> Scalar:
    """Give a value that a field could have."""
    hint = hints_of(kind)[name]
    if (words := choices(hint)) and words != ("",):
        return words[0]
    samples = _table().samples
    if known := samples.get(f"{kind.__name__}.{name}", samples.get(name)):
        return known
    kinds = [leaf for leaf, _ in leaves(hint)]
    return True if bool in kinds else dt.date(2026, 11, 21) if dt.date in kinds else "…"


def waiting(kind: type[Struct], name: str) -> str:
    """Give the line of a field that is not known: a remark that waits to be filled in."""
    return f"# {name} = {written(sample(kind, name))}"


def ordered(product: Product, table: str, kind: type[Struct]) -> tuple[str, ...]:
    """Give the names of a table's fields in the order of the screen; what is on none stays behind its neighbour."""
    rank = {key: number for number, key in enumerate(_screens(product))}
    own = {name: rank.get(f"{table}.{name}") for name in kind.__struct_fields__}
    ranked, last = [], -1
    for name, number in own.items():
        last = last if number is None else number
        ranked.append((last, name))
    return tuple(name for _, name in sorted(ranked, key=lambda pair: pair[0]))


def allowed(kind: type[Struct], name: str) -> str:
    """Say what a field takes, where that is more than a text."""
    if name == "password":
        return '"set" or "empty", never the password itself'
    if name == "email_traces":
        return '"Y" or "N"'
    words = wanted(hints_of(kind)[name])
    return "" if words.startswith(("a text", "true or false or a whole")) else words
