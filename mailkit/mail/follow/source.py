"""Where one looks for a mail: what every kind of mailbox can do, and what it gives. Nothing is ever marked, moved or deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from mailkit.errors import MailkitError
from mailkit.mail.follow.arrival import FolderUse
from mailkit.mail.follow.watch import Match, Watch

__all__ = ["LARGEST", "LARGEST_REPORT", "CannotLook", "Place", "Seen", "Source"]

LARGEST = 10 << 20
"""Bytes of a mail that is fetched whole; of a larger one the header."""
LARGEST_REPORT = 1 << 20


class Place(Struct, frozen=True):
    """Where in a source a mail lies: its folder, and a name that stays the same there."""

    folder: str
    name: str


class Seen(Struct, frozen=True, kw_only=True):
    """A mail that was found."""

    match: Match
    place: Place
    use: FolderUse
    raw: bytes
    complete: bool
    arrived: datetime | None
    seen: datetime


class CannotLook(MailkitError):
    """The mailbox could not be looked into.

    Attributes:
        problem: a word for programs, see :attr:`mailkit.mail.follow.arrival.Looked.problem`.
        final: another try with the same data will not help, or must not be made.
    """

    def __init__(self, problem: str, text: str, *, final: bool) -> None:
        super().__init__(text)
        self.problem, self.text, self.final = problem, text, final


class Source(Protocol):
    """A mailbox."""

    label: str
    """Its name for people, without any secret."""
    folders: tuple[str, ...]
    """Those that are looked into; known after the first look."""
    folders_left_out: int

    def look(self, watch: Watch) -> AsyncIterator[Seen]:
        """Look once: at the first time into what is there, later at what came since.

        Raises:
            CannotLook: it did not work; what was found before was given already.
        """
        ...

    async def holds(self, place: Place) -> bool:
        """Say whether a mail is still where it was seen: a mail that was moved is not a second copy."""
        ...

    async def close(self) -> None:
        """Let go of the mailbox."""
        ...
