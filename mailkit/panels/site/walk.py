"""The steps of the walk-through and the fields they ask for, as data: read from ``walk.toml``.

Labels, ways and notes of what stands on a screen come from :mod:`mailkit.site.screens`, so that a panel calls a field what the
product calls it. Pure.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mailkit.finding import Product
from mailkit.knowledge import read
from mailkit.site.recommend import means
from mailkit.site.screens import Screen, fields_of

__all__ = ["START", "Step", "hint", "label", "of_backfill", "screen", "walk", "wire", "words"]


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step."""

    name: str
    title: str
    about: str
    fields: tuple[str, ...] = ()
    """What is asked, as named in the site, or in each row where there are rows."""
    needed: tuple[str, ...] = ()
    """Those of them that should be known before the step counts as done."""
    rows: str | None = None
    """The list in the site this step is about."""
    one: str = "row"
    many: str = "rows"
    """What they are called."""
    columns: dict[str, str] = {}
    """Which fields of a row the table shows, and their headings there."""
    optional: bool = False
    """No rows are as good as some."""


class _Walk(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    maestro_erp: tuple[Step, ...]
    maestro_pms: tuple[Step, ...]
    label: dict[str, dict[str, str]]
    hint: dict[str, dict[str, str]]
    words: dict[str, dict[str, str]]
    wire: dict[str, str]
    activation: dict[str, str]
    hindrance: dict[str, str]
    reason: dict[str, str]


@cache
def _walk() -> _Walk:
    return read(Path(__file__).with_name("walk.toml"), _Walk)


START = "start"
"""The step everything begins with, also before the product is known."""


def walk(product: Product | None) -> tuple[Step, ...]:
    """Return the steps of a product in order; before it is known, the first one alone."""
    if product is None:
        return _walk().maestro_erp[:1]
    return _walk().maestro_erp if product == "maestro-erp" else _walk().maestro_pms


@cache
def _screens(product: Product) -> dict[str, tuple[str, Screen]]:
    return {field.key: (where, field) for where, field in fields_of(product).items() if field.key}


def screen(product: Product, key: str) -> tuple[str, Screen] | None:
    """Return the id of a field and its place on the product's screens; ``None``: it stands on none."""
    return _screens(product).get(_plain(key))


def _plain(key: str) -> str:
    """The field of the one screen that is there for every property, and was there before."""
    return (
        key.removeprefix("properties.") if key.startswith("properties.email_setup.") else key.replace("baseline.", "email_setup.")
    )


def label(product: Product, key: str) -> str:
    """Return what a field is called."""
    found = screen(product, key)
    return found[1].label if found else _walk().label[product][_plain(key)]


def hint(product: Product, key: str) -> str:
    """Return the sentence below a field; ``""``: none."""
    found = screen(product, key)
    return _walk().hint[product].get(_plain(key)) or (found[1].note or "" if found else "")


def words(key: str, value: str) -> str:
    """Return what a choice is called."""
    return _walk().words.get(key.rpartition(".")[2], {}).get(value, value)


def wire(mechanism: str | None) -> str:
    """Return what a log-in of Maestro PMS means between the program and the server."""
    return f"{means(mechanism) if mechanism else _walk().wire['unknown']} {_walk().wire['screen']}"


def of_backfill(what: Literal["activation", "hindrance", "reason"], name: str) -> str:
    """Return the words for something a preview of the back-fill says."""
    words: dict[str, str] = getattr(_walk(), what)
    return words[name]
