"""Tables of any size, row by row: CSV in any encoding and with any delimiter as a stream, workbooks as far as they fit.

The first row that looks like headers gives the columns. What a column means is for others to say.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mailkit.errors import InputError
from mailkit.history.importing.outcome import Unreadable

if TYPE_CHECKING:
    from mailkit.history.importing.source import Source

__all__ = ["Rows", "plain"]

_DELIMITERS = ",;\t|"
_TRIED = 40
"""Lines that decide about the delimiter and hold the headers."""
_LONGEST = 1 << 18
_MOST_COLUMNS = 500
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OTHER = re.compile(rb"%PDF|\x89PNG|\xff\xd8\xff|\{\\rtf|\s*\{|\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_BIG = 50_000_000


def plain(header: str) -> str:
    """Give a header as it is compared: letters and digits alone, small, without accents.

    >>> plain("Adresse de l'expéditeur"), plain("recipient_status")
    ('adressedelexpediteur', 'recipientstatus')
    """
    import unicodedata  # noqa: PLC0415 - headers alone need it

    bare = unicodedata.normalize("NFKD", header).casefold()
    return "".join(one for one in bare if one.isalnum() and not unicodedata.combining(one))


class Rows:
    """The rows of one file.

    Args:
        source: the file; its rows can be asked for once.

    Raises:
        InputError: it is a workbook that cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.headers: tuple[str, ...] = ()
        """Empty: it is no table."""
        self._delimiter = ","
        self._encoding = _encoding(source.head)
        self._skip = 0
        self._sheet: tuple[tuple[int, tuple[str, ...]], ...] = ()
        if source.head.startswith(_WORKBOOK):
            self._open_workbook()
        elif not _OTHER.match(source.head):
            self._open_text()

    def __iter__(self) -> Iterator[tuple[int, Sequence[str]] | Unreadable]:
        """Give each row with the number of its first line, from 1; blank rows and comments are left out.

        Raises:
            Damaged: the file cannot be read further.
        """
        if self._sheet:
            yield from self._sheet
            return
        reader = csv.reader(self._lines(), delimiter=self._delimiter, skipinitialspace=True)
        before = 0
        while True:
            try:
                row = next(reader, None)
            except csv.Error:
                yield Unreadable.at(self._source.name, before + 1, "a cell is longer than any may be; is a quote missing there?")
                before = reader.line_num
                continue
            if row is None:
                return
            at, before = before + 1, reader.line_num
            if at > self._skip and any(row) and not row[0].startswith("#"):
                yield at, [_mended(cell) for cell in row[:_MOST_COLUMNS]] if self._encoding == "utf-8" else row[:_MOST_COLUMNS]

    # ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _open_text(self) -> None:
        text = self._source.head.decode(self._encoding, "surrogateescape" if self._encoding == "utf-8" else "replace")
        lines = [_mended(line) for line in text.splitlines()[:_TRIED]]
        at = 0
        for at, line in enumerate(lines):
            if line.startswith("#Fields:"):
                self._delimiter = ","
                self.headers, self._skip = tuple(one.strip() for one in line[8:].split(",")), at + 1
                return
            if line.strip() and not line.startswith("#") and not line.lower().startswith("sep="):
                break
        lines = lines[at:]
        if not lines:
            return
        counts = {one: _width(lines, one) for one in _DELIMITERS}
        best = max(counts, key=lambda one: counts[one])
        if counts[best] > 1 and (row := next(csv.reader(lines, delimiter=best, skipinitialspace=True), None)):
            self._delimiter, self._skip = best, at + 1
            self.headers = tuple(cell.strip() for cell in row[:_MOST_COLUMNS])

    def _lines(self) -> Iterator[str]:
        errors = "surrogateescape" if self._encoding == "utf-8" else "replace"
        decoder = codecs.getincrementaldecoder(self._encoding)(errors)
        rest = ""
        for chunk in self._source.chunks():
            lines = (rest + decoder.decode(chunk)).split("\n")
            rest = lines.pop()[:_LONGEST]
            for line in lines:
                yield f"{line.replace(chr(0), '')}\n"
        rest = (rest + decoder.decode(b"", final=True)).replace("\0", "")
        if rest:
            yield rest

    # ── workbooks ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _open_workbook(self) -> None:
        from mailkit.site.table.sheets import read_sheets  # noqa: PLC0415 - loads the reader of workbooks

        if (self._source.size or 0) > _BIG:
            raise InputError(f"{self._source.name} is too large for a workbook; save it as CSV")
        data = b"".join(_limited(self._source.chunks(), self._source.name))
        try:
            sheets, _ = read_sheets(data, self._source.name, len)
        except InputError as error:
            # The room that reads workbooks speaks of the tables it has them for.
            raise InputError(str(error).replace("give the sheet of users or clerks alone", "save it as CSV")) from None
        for sheet in sheets:
            for at, (number, row) in enumerate(sheet.rows):
                if sum(bool(cell) for cell in row) > 1:
                    self.headers, self._sheet = row, sheet.rows[at + 1 :]
                    return
                if number > _TRIED:
                    break


def _limited(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _BIG:
            raise InputError(f"{name} is too large for a workbook; save it as CSV")
        yield chunk


def _width(lines: list[str], delimiter: str) -> float:
    """Say how many columns a delimiter makes, and how evenly."""
    try:
        widths = [len(row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if row]
    except csv.Error:
        return 0
    first = widths[0] if widths else 0
    return first * (0.5 + sum(one == first for one in widths) / (2 * len(widths))) if first > 1 else 0


def _encoding(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0:2000:2].count(0), head[1:2000:2].count(0)
    if max(even, odd) > len(head[:2000]) // 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _mended(cell: str) -> str:
    """Read again as Windows-1252 what is not UTF-8."""
    if cell.isascii():
        return cell
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return cell
