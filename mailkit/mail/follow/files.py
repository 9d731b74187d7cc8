"""Mailboxes on disk: a Maildir with its folders, an mbox, a single mail. Read only: nothing is moved from ``new`` to ``cur``.

The standard library's ``mailbox`` opens a whole mbox for changing, and reads every mail of a Maildir; here names and times are
read first, then headers, and only the newest of them.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from imap_tools.imap_utf7 import utf7_decode
from msgspec import Struct

from mailkit.explain import mails
from mailkit.mail.follow.arrival import FolderUse
from mailkit.mail.follow.folders import ORDER, use_of
from mailkit.mail.follow.header import opened
from mailkit.mail.follow.source import LARGEST, CannotLook, Place, Seen
from mailkit.mail.follow.watch import Watch
from mailkit.text import visible

__all__ = ["Maildir", "Mbox", "OneMail"]

T = TypeVar("T")

_HEADER = 256 << 10
_MOST_FOLDERS = 60
_NEWEST = 5000
_BATCH = 200
_MBOX = 256 << 20
"""Bytes at the end of an mbox that are read at the first look."""
_INFO = re.compile(r"[:;!]2,[A-Za-z]*$")
"""The flags behind a file's name; Windows has no colon in names, so programs there use other signs."""


class _File(Struct, frozen=True):
    path: Path
    name: str
    size: int
    moment: float


class _Box(Struct, frozen=True):
    folder: str
    use: FolderUse
    path: Path


class Maildir:
    """A Maildir, with the folders of Maildir++ (``.Junk``) and those kept as folders below it (``Junk``).

    Args:
        path: the folder that has ``cur`` and ``new`` in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = visible(str(path))
        self.folders: tuple[str, ...] = ()
        self.folders_left_out = 0
        self._known: dict[str, set[str]] = {}

    async def look(self, watch: Watch) -> AsyncIterator[Seen]:
        """Look once; see :class:`mailkit.mail.follow.source.Source`."""
        for box in await _in_thread(self._boxes):
            files = await _in_thread(lambda box=box: self._unseen(box))  # type: ignore[misc]  # mypy: a lambda's default
            for at in range(0, len(files), _BATCH):
                some = files[at : at + _BATCH]
                for one in await _in_thread(lambda box=box, some=some: list(_matching(box, some, watch))):  # type: ignore[misc]  # a lambda's defaults have no types
                    yield one

    async def holds(self, place: Place) -> bool:
        """Say whether a mail is still in its folder, perhaps with other flags."""
        box = next((one for one in await _in_thread(self._boxes) if one.folder == place.folder), None)
        return box is not None and any(one.name == place.name for one in await _in_thread(lambda: _listed(box.path)))

    async def close(self) -> None:
        """Nothing is open."""

    def _boxes(self) -> list[_Box]:
        if not (self.path / "cur").is_dir() and not (self.path / "new").is_dir():
            raise CannotLook("not-found", f"{self.label} is no Maildir (it has neither cur nor new)", final=True)
        found = [_Box("INBOX", "inbox", self.path)]
        for name in sorted(os.listdir(self.path)):  # noqa: PTH208 - names only
            path = self.path / name
            if name in ("cur", "new", "tmp", ".", "..") or not ((path / "cur").is_dir() or (path / "new").is_dir()):
                continue
            shown = visible(_named(name.removeprefix(".")))
            if (use := use_of(shown)) in ORDER:
                found.append(_Box(shown, use, path))
        found.sort(key=lambda box: ORDER.index(box.use))
        self.folders_left_out = max(0, len(found) - _MOST_FOLDERS)
        self.folders = tuple(box.folder for box in found[:_MOST_FOLDERS])
        return found[:_MOST_FOLDERS]

    def _unseen(self, box: _Box) -> list[_File]:
        known = self._known.setdefault(box.folder, set())
        files = sorted((one for one in _listed(box.path) if one.name not in known), key=lambda one: one.moment)[-_NEWEST:]
        known.update(one.name for one in files)
        return files


class Mbox:
    """A mailbox in one file, read again from where it ended.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = visible(str(path))
        self.folders: tuple[str, ...] = (visible(path.name),)
        self.folders_left_out = 0
        self._read = -1

    async def look(self, watch: Watch) -> AsyncIterator[Seen]:
        """Look once; see :class:`mailkit.mail.follow.source.Source`."""
        for one in await _in_thread(lambda: list(self._new(watch))):
            yield one

    async def holds(self, place: Place) -> bool:  # noqa: ARG002 - every mailbox is asked alike
        """Say yes: mails do not move about in one file."""
        return True

    async def close(self) -> None:
        """Nothing is open."""

    def _new(self, watch: Watch) -> Iterator[Seen]:
        size = self.path.stat().st_size
        begin = self._read if 0 <= self._read <= size else max(0, size - _MBOX)
        if begin == size and self._read >= 0:
            return
        use = use_of(self.path.stem) if use_of(self.path.stem) == "junk" else "inbox"
        box = _Box(self.folders[0], use, self.path)
        with self.path.open("rb") as file:
            file.seek(begin)
            if begin and self._read < 0:
                file.readline()
            at = file.tell()
            for raw, length in mails(file):
                # The line that begins a mail there has a date without a zone: it is left alone.
                if (seen := _seen(box, str(at), raw, watch, None, complete=True)) is not None:
                    yield seen
                at += length
        self._read = size


class OneMail:
    """A single mail in a file (``.eml``, or a header copied into one), looked at once.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = visible(str(path))
        self.folders: tuple[str, ...] = ()
        self.folders_left_out = 0

    async def look(self, watch: Watch) -> AsyncIterator[Seen]:
        """Look once; see :class:`mailkit.mail.follow.source.Source`."""

        def read() -> Seen | None:
            with self.path.open("rb") as file:
                raw = file.read(LARGEST)
            return _seen(_Box(visible(self.path.name), "source", self.path), "0", raw, watch, None, complete=True)

        if (one := await _in_thread(read)) is not None:
            yield one

    async def holds(self, place: Place) -> bool:  # noqa: ARG002 - every mailbox is asked alike
        """Say yes."""
        return True

    async def close(self) -> None:
        """Nothing is open."""


async def _in_thread(work: Callable[[], T]) -> T:
    """Read files in a thread; what the system says against it is told as a mailbox that cannot be looked into."""
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        final = isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError)
        problem = "not-found" if isinstance(error, FileNotFoundError) else "refused"
        name = visible(str(error.filename or ""))
        raise CannotLook(problem, f"{name} cannot be read ({error.strerror or type(error).__name__})", final=final) from None


def _listed(path: Path) -> list[_File]:
    found: list[_File] = []
    for part in ("new", "cur"):
        try:
            with os.scandir(path / part) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.is_file():
                        continue
                    state = entry.stat()
                    found.append(_File(Path(entry.path), _INFO.sub("", entry.name), state.st_size, state.st_mtime))
        except FileNotFoundError:
            continue
    return found


def _matching(box: _Box, files: list[_File], watch: Watch) -> Iterator[Seen]:
    for file in files:
        try:
            with file.path.open("rb") as stream:
                raw = stream.read(_HEADER)
                if watch.match(opened(raw)) is None:
                    continue
                raw += stream.read(LARGEST - len(raw))
        except FileNotFoundError:  # moved from new to cur meanwhile: its other name is seen at the next look
            continue
        seen = _seen(box, file.name, raw, watch, datetime.fromtimestamp(file.moment, UTC), complete=file.size <= LARGEST)
        if seen is not None:
            yield seen


def _seen(box: _Box, name: str, raw: bytes, watch: Watch, arrived: datetime | None, *, complete: bool) -> Seen | None:
    match = watch.match(opened(raw[:_HEADER]))
    if match is None:
        return None
    return Seen(
        match=match,
        place=Place(box.folder, name),
        use=box.use,
        raw=raw,
        complete=complete,
        arrived=arrived,
        seen=datetime.now(UTC),
    )


def _named(name: str) -> str:
    try:
        return utf7_decode(name.encode("ascii"))
    except (ValueError, LookupError):
        return name
