"""What an import yields beside events: what could not be read, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct

from mailkit.text import shorten, visible

__all__ = ["Progress", "Stop", "Tally", "Unreadable"]

_SHOWN = 300
_MOST_NOTES = 50

Stop = Callable[[], bool]
"""Asked now and then whether to stop: ``threading.Event().is_set``."""


class Unreadable(Struct, frozen=True, kw_only=True):
    """Something that should have been readable and was not. Lines of other programs are not meant; those are only counted."""

    file: str
    line: int
    """From 1; 0: the file as a whole. Of a mailbox the number of the mail, of a workbook the row."""
    why: str
    text: str = ""
    """What stands there, harmless and shortened."""

    @classmethod
    def at(cls, file: str, line: int, why: str, text: str | bytes = "") -> Unreadable:
        """Make one of anything a file holds."""
        return cls(file=file, line=line, why=why, text=shorten(visible(text[: 4 * _SHOWN]), _SHOWN))


class Progress(Struct, frozen=True, kw_only=True):
    """How far an import is. Bytes are those on disk, so of a compressed file the compressed ones."""

    file: str
    done: int
    total: int | None
    """``None``: a stream, whose end nobody knows."""
    events: int
    unreadable: int
    foreign: int


@dataclass
class Tally:
    """What was met until now; one for a whole import, shared by its readers."""

    events: int = 0
    unreadable: int = 0
    foreign: int = 0
    """Lines, rows and mails that say nothing about a delivery: of other programs, log-ins, connections, comments."""
    files: list[tuple[str, str | None]] = field(default_factory=list)
    """Each file with its format."""
    stopped: bool = False
    notes: dict[str, None] = field(default_factory=dict)
    """Sentences on how it was read, which a person should know; each once."""

    def note(self, sentence: str) -> None:
        """Keep a sentence."""
        if len(self.notes) < _MOST_NOTES:
            self.notes[sentence] = None
