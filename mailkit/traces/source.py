"""Where traces come from, as one stream whatever it is: a CSV file, a workbook, a database.

:func:`open_source` decides what each column is and says so; going over a :class:`Source` reads it anew each time, with a few rows
in memory. Blocking: off the event loop, please.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.site.pms import PmsSite
from mailkit.text import shorten, visible
from mailkit.traces.columns import Column, columns_of
from mailkit.traces.database import Database, is_url
from mailkit.traces.moments import order_of
from mailkit.traces.reading import Reader
from mailkit.traces.tables import BadRow, Table, open_table
from mailkit.traces.trace import Trace, Unusable
from mailkit.traces.zones import Zone, Zones, local_zone

__all__ = ["Source", "described", "open_source"]

_LOOKED_AT = 5000
"""How many rows decide whether the day comes first."""
_DATES = ("created", "due", "business", "mailed")

_NO_ID = (
    "No column tells one trace from another: clerk, dates and text together do. A trace whose text is changed is another one;"
    " name the column under [traces.source.columns] if there is one."
)


class Source:
    """A source whose columns are understood.

    Attributes:
        name: what to call it; no password is in it.
        columns: which column is which field, and whether the site file says so or it was guessed.
        ignored: headers of columns that are not read.
        notes: what a person should know about how it is read, in sentences.
        day_first: whether 11/02/2026 is the 11th of February; ``None``: it does not matter, or nobody knows.
        zones: the time zones of the hotel's properties.
    """

    def __init__(self, site: PmsSite, rows: Table | Database, zones: Zones) -> None:
        said = site.traces.source
        self._rows = rows
        if isinstance(rows, Database):
            self.name, headers = rows.name, rows.headers
        else:
            self.name, headers = visible(rows.path.name), rows.headers
        found = columns_of(headers, said.columns, self.name)
        self.columns, self.ignored, self.zones = found.used, found.ignored, zones
        self.day_first, notes = self._order(said.day_first)
        if found.of("id") is None:
            notes += (_NO_ID,)
        self.notes: tuple[str, ...] = (*(rows.notes if isinstance(rows, Table) else ()), *notes)
        self._reader = Reader(found, said, zones, day_first=self.day_first)

    def column(self, field: str) -> Column | None:
        """Give the column of a field; ``None``: there is none."""
        return next((column for column in self.columns if column.field == field), None)

    def __iter__(self) -> Generator[Trace | Unusable, None, None]:
        read = self._reader.read
        with contextlib.closing(self._rows.rows()) as coming:
            for one in coming:
                if isinstance(one, BadRow):
                    yield Unusable(row=one.row, reason="row", column="", cell=visible(shorten(one.text, 100)), why=one.why)
                else:
                    yield read(*one)

    def _order(self, said: bool | None) -> tuple[bool | None, tuple[str, ...]]:  # noqa: FBT001 - as the site file says it
        places = [column.place for column in self.columns if column.field in _DATES]
        if said is not None or not places:
            return said, ()
        with contextlib.closing(self._rows.rows()) as coming:
            head = itertools.islice(coming, _LOOKED_AT)
            texts = [cell for one in head if not isinstance(one, BadRow) for cell in _texts(one[1], places)]
        order = order_of(texts)
        if order is None:
            return None, ()
        example = next(text for text in texts if order_of((text,)) == order)
        first = "day" if order else "month"
        return order, (f"Days such as {visible(shorten(example, 30))} are read with the {first} first.",)


def _texts(cells: Sequence[Any], places: Sequence[int]) -> Iterator[str]:
    return (cell.strip() for place in places if isinstance(cell := cells[place], str))


def open_source(
    site: PmsSite,
    where: str | None = None,
    *,
    folder: Path | None = None,
    now: dt.datetime,
    zone: Zone | None = None,
    query: str | None = None,
    sheet: str | None = None,
    password: Secret | None = None,
) -> Source:
    """Open the traces of a hotel.

    Args:
        site: the hotel; its ``[traces.source]`` holds where nothing else is said here.
        where: a file, or the URL of a database (without a password).
        folder: what a file named in the site file is relative to: where that one is.
        now: for the time zone of this computer, where the site file names none.
        zone: the zone to take instead of this computer's.
        query: what to ask a database.
        sheet: the sheet of a workbook.
        password: of the database.

    Raises:
        InputError: it cannot be read, its columns are not understood, or nothing says where the traces are.
    """
    said = site.traces.source
    zones = Zones(site, zone or local_zone(now))
    where = where or said.url
    if where is not None and is_url(where):
        return Source(site, Database(where, query or said.query, password), zones)
    if where is None and not said.file:
        raise InputError(
            "nothing says where the traces are; give --traces FILE or URL, or write file or url under [traces.source]"
        )
    path = Path(where) if where else (folder or Path()) / (said.file or "")
    return Source(site, open_table(path, sheet=sheet or said.sheet, encoding=said.encoding, separator=said.separator), zones)


def described(site: PmsSite, columns: Sequence[Column]) -> PmsSite:
    """Write the columns that were found into the site, so that they are named from now on and not guessed."""
    named = replace(site.traces.source.columns, **{column.field: column.header for column in columns})
    return replace(site, traces=replace(site.traces, source=replace(site.traces.source, columns=named)))
