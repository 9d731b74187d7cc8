"""What every reader of a format is given, and what it has to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Protocol

from mailkit.history.importing.identity import Identity
from mailkit.history.importing.outcome import Tally, Unreadable
from mailkit.history.importing.reason import Reasons
from mailkit.history.importing.source import Source
from mailkit.journal.event import Event

if TYPE_CHECKING:
    from mailkit.history.importing.column_map import ColumnMap

__all__ = ["Given", "Reader"]


@dataclass
class Given:
    """What a person said about the files, and what all readers of one import share."""

    zone: tzinfo | None = None
    """Of times that name none; ``None``: what is usual for the format, else this machine's."""
    year: int | None = None
    columns: ColumnMap | None = None
    identity: Identity = field(default_factory=Identity)
    reasons: Reasons = field(default_factory=Reasons)
    tally: Tally = field(default_factory=Tally)


class Reader(Protocol):
    """Reads the files of one format, one after the other: what one file left open, the next may finish."""

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give what a file holds, in its order; ``None`` now and then, where nothing came for long, so that one can stop."""
