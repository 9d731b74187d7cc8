"""Reading what other systems recorded: files, folders, streams, of any known format.

Many files are one import: rotated logs follow one another oldest first, so that a message whose beginning stands in yesterday's
file is known in today's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailkit.errors import InputError
from mailkit.history.importing.column_map import ColumnMap, guessed
from mailkit.history.importing.formats import Format, named, recognised
from mailkit.history.importing.identity import Identity, Own
from mailkit.history.importing.outcome import Progress, Stop, Tally, Unreadable
from mailkit.history.importing.reading import Given, Reader
from mailkit.history.importing.source import Damaged, Source, found, in_order
from mailkit.journal.event import Event
from mailkit.text import visible

__all__ = ["Place", "read"]

Place = str | PathLike[str] | BinaryIO
"""A file, a folder, or a stream of bytes (``sys.stdin.buffer``)."""

_EVERY = 0.2
"""Seconds between two words about progress."""


def read(
    what: Place | Iterable[Place],
    kind: str = "auto",
    *,
    zone: str | tzinfo | None = None,
    year: int | None = None,
    columns: ColumnMap | None = None,
    own: Own | None = None,
    tally: Tally | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: Stop | None = None,
) -> Iterator[Event | Unreadable]:
    """Read files, folders or streams, one event after the other, in bounded memory.

    Args:
        what: one or several; packed ones (gz, bz2, xz) too. Several, and those of a folder, are one import.
        kind: ``auto``, ``postfix``, ``exim``, ``exchange-trace``, ``exchange-tracking``, ``bounces``, ``csv``.
        zone: of times that name none: ``America/Toronto``. Without it: for logs this machine's, for Exchange UTC.
        year: of the first line of a log whose lines have none; without it, as the file's date tells.
        columns: for ``csv``: which column is what (:mod:`mailkit.history.importing.column_map`).
        own: gives the kit's own delivery of a Message-ID (:func:`own_of`).
        tally: filled while reading: what was passed over, and notes on how it was read.
        progress: called about five times a second.
        stop: asked now and then; when it says yes, nothing more is read.

    Raises:
        InputError: a file is not there, or of no known format (at once; of a folder such files are passed over).
    """
    tally = tally if tally is not None else Tally()
    given = Given(zone=_zone(zone), year=year, columns=columns, identity=Identity(own), tally=tally)
    chosen = None if kind == "auto" and columns is None else named("csv" if kind == "auto" else kind)
    return _Run(given, _places(what), chosen, progress, stop).items()


class _Run:
    """One import while it goes on."""

    def __init__(
        self,
        given: Given,
        places: list[Place],
        chosen: Format | None,
        progress: Callable[[Progress], None] | None,
        stop: Stop | None,
    ) -> None:
        self._given, self._chosen, self._progress, self._stop = given, chosen, progress, stop
        self._readers: dict[str, Reader] = {}
        self._files: list[tuple[Path | BinaryIO, bool]] = []
        paths: dict[Path, bool] = {}
        for place in places:
            if isinstance(place, str | PathLike):
                paths |= {one: one == Path(place) for one in found(Path(place))}
            else:
                self._files.append((place, True))
        self._total = None if self._files else sum(one.stat().st_size for one in paths)
        self._files += [(one, paths[one]) for one in in_order([*paths])]
        self._before = 0
        self._next = 0.0
        for file, asked in self._files:
            if asked and isinstance(file, Path):
                self._check(file)

    def items(self) -> Iterator[Event | Unreadable]:
        """Read it all."""
        tally = self._given.tally
        for file, asked in self._files:
            with Source(file) as source:
                form = self._chosen or self._recognised(source, asked=asked)
                tally.files.append((source.name, form.name if form else None))
                if form is None:
                    continue
                reader = self._readers.setdefault(form.name, form.reader(self._given))
                for one in self._of(reader, source):
                    if isinstance(one, Unreadable):
                        tally.unreadable += 1
                    else:
                        tally.events += 1
                    yield one
                self._before += source.size or source.done
                if tally.stopped:
                    return

    def _of(self, reader: Reader, source: Source) -> Iterator[Event | Unreadable]:
        items = reader.read(source)
        count = 0
        while True:
            try:
                for one in items:
                    if one is not None:
                        yield one
                    count += 1
                    if (one is None or count % 500 == 0) and self._over(source):
                        return
            except Damaged as damage:
                yield Unreadable.at(source.name, 0, f"the file is damaged or ends early; it was read up to there ({damage})")
            self._over(source, at_end=True)
            return

    def _over(self, source: Source, *, at_end: bool = False) -> bool:
        """Tell how far it is, and say whether to stop."""
        tally = self._given.tally
        now = time.monotonic()
        if self._progress is not None and (now >= self._next or at_end):
            self._next = now + _EVERY
            self._progress(
                Progress(
                    file=source.name,
                    done=self._before + source.done,
                    total=self._total,
                    events=tally.events,
                    unreadable=tally.unreadable,
                    foreign=tally.foreign,
                )
            )
        tally.stopped = tally.stopped or (self._stop is not None and self._stop())
        return tally.stopped

    def _check(self, file: Path) -> None:
        """Look at a file before anything is read: a mistyped name is found at once, not after an hour."""
        with Source(file) as source:
            if self._chosen is None:
                self._recognised(source, asked=True)

    def _recognised(self, source: Source, *, asked: bool) -> Format | None:
        """Say which format a file has. One that was not asked for, but lies in the folder, may have none, or be broken."""
        try:
            form = recognised(source)
        except InputError as error:
            if asked:
                raise
            self._given.tally.note(str(error))
            return None
        if form is None and asked:
            raise InputError(_unknown(source))
        return form


def _unknown(source: Source) -> str:
    if not source.head:
        return f"{source.name} is empty or damaged; give a log, an export or mails"
    if headers := source.rows.headers:
        lacking = " or ".join(guessed(headers).missing())
        named = visible(", ".join(one for one in headers if one)[:300])
        return f"{source.name} is a table of which no column could be told to be {lacking} (it has: {named}); give a column map"
    begin = visible(source.head[:60].split(b"\n", 1)[0])
    return (
        f"{source.name} begins with {begin!r}, which is no log, message trace, table or mail that is known;"
        " say which kind it is if it is one"
    )


def _places(what: Place | Iterable[Place]) -> list[Place]:
    if isinstance(what, str | PathLike):
        return [what]
    return [cast("BinaryIO", what)] if hasattr(what, "read") else list(what)


def _zone(zone: str | tzinfo | None) -> tzinfo | None:
    if zone is None or isinstance(zone, tzinfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"there is no time zone {visible(zone)!r}; give one such as America/Toronto or UTC") from None
