"""The fields of both products' screens: label, way there, who keys it in, and the name the field has in a site file."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mailkit.finding import Product, Who
from mailkit.knowledge import read

__all__ = ["Kind", "ModeWords", "Screen", "fields_of", "mode_words", "screens"]

Kind = Literal["text", "host", "address", "integer", "flag", "choice", "setting", "secret", "display", "button", "list"]


class Screen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a product."""

    label: str
    """As the screen shows it."""
    path: str
    who: Who
    """Who keys it in."""
    kind: Kind
    key: str | None = None
    """Its name in the site file; ``None``: a button."""
    default: str | None = None
    """What stands in it before anybody changed it; ``None``: not documented."""
    versions: tuple[Literal["old", "new"], ...] = ()
    """The generations of maestro* that show it; empty: not restricted."""
    leave: bool = False
    """Not to be touched when traces are set up."""
    basis: Literal["documented", "inferred"] = "documented"
    note: str | None = None
    source: tuple[str, ...] = ()


class ModeWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mail mode of maestro*: what the two generations of screens call it (``None``: not offered), and what it means."""

    means: str
    needs: str
    old: str | None = None
    new: str | None = None


class _Meta(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    date: dt.date
    sources: dict[str, str]


class _Table(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    meta: _Meta
    modes: dict[str, ModeWords]
    maestro_erp: dict[str, Screen]
    maestro_pms: dict[str, Screen]


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("screens.toml"), _Table)


@cache
def screens() -> dict[str, Screen]:
    """Give every field of both products by its id (``erp.port``)."""
    return {**_table().maestro_erp, **_table().maestro_pms}


def fields_of(product: Product) -> dict[str, Screen]:
    """Give the fields of one product, in the order of its screens."""
    return _table().maestro_erp if product == "maestro-erp" else _table().maestro_pms


def mode_words() -> dict[str, ModeWords]:
    """Give the modes of maestro* by their names in a site file (``outlook``, ``smtp``, …)."""
    return _table().modes
