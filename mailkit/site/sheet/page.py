"""The values a settings sheet is made of. Everything a person reads in them is finished text in the language of the sheet."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from mailkit.finding import Product
from mailkit.site.sheet.words import Language

__all__ = ["Doer", "Page", "Part", "Row", "Sheet", "Step", "Task"]

Task = Literal["enter", "keep", "clear", "look-up", "check", "automatic", "leave", "later", "password", "press"]
"""What to do with a field: enter the value; nothing, for it stands there already; empty it; find the value out first; check a
copy, or what fills itself in; leave it as it is; leave it until its step comes; have the owner type it; press the button."""

Doer = Literal["administrator", "user", "owner", "nobody"]


class Row(Struct, frozen=True, kw_only=True):
    """One field."""

    field: str
    """Its id, such as ``erp.port``."""
    label: str
    """As the screen shows it."""
    task: Task
    doer: Doer
    old: str | None = None
    """What stands there; ``None``: not known, ``""``: nothing."""
    new: str | None = None
    """What shall stand there; ``None``: not known, or not to be written on paper."""
    record: str | None = None
    """Whose field it is, where the rows of one part are of several records."""
    note: str | None = None

    @property
    def to_do(self) -> bool:
        """Something is to be done, and can be ticked off."""
        return self.task not in ("keep", "leave", "later")


class Part(Struct, frozen=True, kw_only=True):
    """Fields that are met together: one screen, one section of it, or one row of a grid."""

    title: str
    rows: tuple[Row, ...]


class Step(Struct, frozen=True, kw_only=True):
    """One step of a page."""

    key: str
    """Stable, such as ``general-smtp`` or ``user``."""
    title: str
    about: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    """Things to do that are no field."""
    parts: tuple[Part, ...] = ()


class Page(Struct, frozen=True, kw_only=True):
    """What one person does."""

    kind: Literal["administrator", "user", "clerk"]
    title: str
    whom: str | None = None
    """The user or clerk it is for."""
    about: tuple[str, ...] = ()
    careful: str | None = None
    """What must not be overlooked: about passwords."""
    steps: tuple[Step, ...] = ()
    closing: tuple[str, ...] = ()


class Sheet(Struct, frozen=True, kw_only=True):
    """The whole sheet; the administrator's page comes first."""

    schema: Literal["mailkit.sheet/1"] = "mailkit.sheet/1"
    product: Product
    language: Language
    site: str | None
    date: dt.date | None
    pages: tuple[Page, ...]
