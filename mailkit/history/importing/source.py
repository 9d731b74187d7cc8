"""Files as they are found: plain or packed, of any size, read in blocks of whole lines; and what belongs together in which order.

Nothing is taken into memory as a whole. A line may be as long as :data:`LONGEST`; what is longer is cut there.
"""

from __future__ import annotations

import bz2
import contextlib
import datetime as dt
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Self, cast

from mailkit.errors import InputError
from mailkit.history.importing.rows import Rows
from mailkit.text import visible

__all__ = ["LONGEST", "Damaged", "Source", "found", "in_order"]

LONGEST = 1 << 18
"""Bytes of a line that are looked at: 256 KiB."""
_BLOCK = 1 << 20
_HEAD = 1 << 16
_PROBES = 512
_DATED = re.compile(r"[-._](20\d\d)-?([01]\d)-?([0-3]\d)(?=[-._]|$)")
_NUMBERED = re.compile(r"\.(\d{1,4})$")
_PACKED = re.compile(r"\.(?:gz|bz2|xz)$", re.IGNORECASE)


class Damaged(Exception):
    """A packed file ends early or is broken; what came before is good."""


class Source:
    """One file or stream, to be read once.

    Args:
        file: where it is, or the stream itself (binary; it is read from where it stands and left open).
        name: for messages; a stream's own name where none is given.

    Raises:
        InputError: the file cannot be opened.
    """

    def __init__(self, file: Path | BinaryIO, name: str | None = None) -> None:
        self.path = file if isinstance(file, Path) else None
        self.size: int | None = None
        self.until: datetime | None = None
        try:
            if isinstance(file, Path):
                about = file.stat()
                self.size, self.until = about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)
                self._raw: BinaryIO = file.open("rb")
            else:
                self._raw = file
        except OSError as error:
            raise InputError(f"{visible(str(file))} cannot be read ({error.strerror}); give a file you may read") from None
        if name is None:
            name = str(file) if isinstance(file, Path) else str(getattr(file, "name", "stream"))
        self.name = visible(name)
        if named := _DATED.search(_PACKED.sub("", name)):
            # The day of rotation is in the name: it survives copying, the file's own date often does not.
            with contextlib.suppress(ValueError):
                self.until = datetime(int(named[1]), int(named[2]), int(named[3]), 23, 59, tzinfo=UTC)
        self._counted = _Counted(self._raw)
        stream = _unpacked(self._counted)
        self.packed = stream is not None
        self._stream = cast("BinaryIO", stream or self._counted)
        self._peeked = self._take(_HEAD, patient=True)

    @property
    def head(self) -> bytes:
        """Its first 64 KiB, unpacked; fewer when it is shorter, or damaged there."""
        return self._peeked

    @cached_property
    def rows(self) -> Rows:
        """It as a table; without headers when it is none.

        Raises:
            InputError: it is a workbook that cannot be read.
        """
        return Rows(self)

    @property
    def done(self) -> int:
        """Bytes read until now, as they are on disk."""
        return self._counted.read_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.path is not None:
            self._raw.close()

    def chunks(self) -> Iterator[bytes]:
        """Give all of it, a mebibyte at a time.

        Raises:
            Damaged: it cannot be read further.
        """
        chunk, self._peeked = self._peeked, b""
        while chunk:
            yield chunk
            chunk = self._take(_BLOCK)

    def blocks(self) -> Iterator[list[bytes]]:
        """Give its lines, many at a time, without their ends and without NULs (a crash leaves blocks of them).

        Raises:
            Damaged: it cannot be read further.
        """
        rest = b""
        for chunk in self.chunks():
            if b"\0" in chunk:
                chunk = chunk.replace(b"\0", b"")  # noqa: PLW2901 - the same, without
            if b"\r" in chunk:
                chunk = chunk.replace(b"\r\n", b"\n")  # noqa: PLW2901 - the chunk itself is what goes on
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            if len(rest) > LONGEST:
                # The line goes on; what follows its limit is dropped until it ends.
                rest = rest[:LONGEST]
            if lines:
                yield lines
        if rest:
            yield [rest]

    def whole(self) -> BinaryIO:
        """Give it as a stream, unpacked, for programs that read by themselves."""
        return cast("BinaryIO", io.BufferedReader(_Again(self.chunks())))

    def sample(self) -> list[bytes]:
        """Give lines from all over a plain file, the first among them, in their order; of any other the first."""
        first = self.head.split(b"\n", 1)[0]
        if self.path is None or self.packed or not self.size:
            return [first]
        lines = [first]
        with self.path.open("rb") as file:
            for at in range(1, _PROBES + 1):
                file.seek(max(0, self.size * at // _PROBES - (4096 if at == _PROBES else 0)))
                cut = file.read(8192).split(b"\n")
                lines += cut[1:2] if at < _PROBES else cut[1:-1][-1:]
        return [line for line in lines if line]

    def _take(self, size: int, *, patient: bool = False) -> bytes:
        try:
            return self._stream.read(size)
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            if patient:
                return b""
            raise Damaged(visible(str(error))) from None


class _Counted(io.RawIOBase):
    """A stream that counts what was read of it."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._waiting = b""
        self.read_bytes = 0

    def peek(self, size: int) -> bytes:
        while len(self._waiting) < size and (more := self._raw.read(size - len(self._waiting))):
            self._waiting += more
        return self._waiting[:size]

    def read(self, size: int = -1) -> bytes:
        taken, self._waiting = (self._waiting, b"") if size < 0 else (self._waiting[:size], self._waiting[size:])
        if size < 0 or len(taken) < size:
            taken += self._raw.read(size if size < 0 else size - len(taken)) or b""
        self.read_bytes += len(taken)
        return taken

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # every buffer has one; typing cannot say "buffer" before 3.12
        taken = self.read(len(view))
        view[: len(taken)] = taken
        return len(taken)

    def readable(self) -> bool:
        return True


class _Again(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # every buffer can be viewed
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(taken)] = taken
        return len(taken)


def _unpacked(raw: _Counted) -> io.BufferedIOBase | None:
    """Give what a packed stream holds; ``None``: it is not packed."""
    head = raw.peek(6)
    file = cast("BinaryIO", raw)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    return lzma.LZMAFile(file) if head.startswith(b"\xfd7zXZ\x00") else None


def found(path: Path) -> list[Path]:
    """Give the files that a path means: itself, or all files in and below a folder, rotated logs oldest first.

    Raises:
        InputError: there is nothing there.
    """
    if path.is_dir():
        files = [one for one in path.rglob("*") if one.is_file() and not one.name.startswith(".")]
        return in_order(files)
    if not path.exists():
        raise InputError(f"there is no file {visible(str(path))}; give a log, an export, a mail or a folder of them")
    return [path]


def in_order(files: list[Path]) -> list[Path]:
    """Put rotated logs behind one another as they were written: ``mail.log.2.gz``, ``mail.log.1``, ``mail.log``.

    >>> [one.name for one in in_order([Path("mail.log"), Path("mail.log.1"), Path("mail.log.10.gz"), Path("mail.log.2.gz")])]
    ['mail.log.10.gz', 'mail.log.2.gz', 'mail.log.1', 'mail.log']
    >>> [one.name for one in in_order([Path("maillog"), Path("maillog-20260111"), Path("maillog-20260104.xz")])]
    ['maillog-20260104.xz', 'maillog-20260111', 'maillog']
    """
    return sorted(files, key=_age)


def _age(file: Path) -> tuple[str, str, int, dt.date, str]:
    name = _PACKED.sub("", file.name)
    number, day = 0, dt.date.max
    if match := _NUMBERED.search(name):
        name, number = name[: match.start()], int(match[1])
    if match := _DATED.search(name):
        name = name[: match.start()] + name[match.end() :]
        try:
            day = dt.date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            day = dt.date.max
    return str(file.parent), name, -number, day, file.name
