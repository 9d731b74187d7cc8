"""The two businesses of the practice site, a hotel and a builder; the table is ``cast.toml``."""

from __future__ import annotations

from importlib.resources import files

import msgspec
from msgspec import Struct

__all__ = ["CAST", "Host"]


class Host(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host of one of the two businesses."""

    name: str
    play: str
    """The id of what it plays."""
    planted: str | None = None
    """Its fault in one plain sentence; ``None``: it is healthy."""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    host: tuple[Host, ...]


CAST = msgspec.toml.decode((files("mailkit.practice") / "cast.toml").read_bytes(), type=_Table).host
"""All hosts of the two businesses."""
