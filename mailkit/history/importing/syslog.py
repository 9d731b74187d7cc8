r"""Lines of system logs: whoever wrote them down, each begins with when, where, and which program.

Read are the traditional form (``Nov  2 03:04:05 host postfix/smtp[123]: …``), the same with ISO 8601 times, RFC 5424
(``<22>1 2026-11-02T03:04:05Z host postfix/smtp 123 - - …``), and what ``journalctl -o export`` and ``-o json`` and container logs
write, which are turned into the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from mailkit.history.importing.source import LONGEST, Source

__all__ = ["HEAD", "STAMP", "blocks", "lines_of"]

STAMP = (
    rb"[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    rb"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
)
HEAD = re.compile(
    rb"(?:<\d{1,3}>)?(?:\d )?(" + STAMP + rb"):? (?:(\S{1,255}) )??\S{0,200}?/([a-z\-]{2,20})"
    rb"(?:\[(\d{1,10})\]:| (?:\d{1,10}|-) \S+ (?:-|\[[^\]]*\])) (?:\xef\xbb\xbf)?(?:\[ID \d+ \S+\] )?"
)
"""When, host, program, process."""
_MANY = 4096
_EXPORT = (b"__CURSOR=", b"__REALTIME_TIMESTAMP=")


def blocks(source: Source) -> Iterator[list[bytes]]:
    """Give a log's lines, many at a time, in one of the forms of :data:`HEAD`.

    Raises:
        Damaged: it cannot be read further.
    """
    head = source.head.lstrip(b"\0\r\n ")
    if head.startswith(_EXPORT):
        yield from _gathered(_exported(source))
    elif head.startswith(b"{"):
        for block in source.blocks():
            yield [_from_json(line) for line in block]
    else:
        yield from source.blocks()


def lines_of(head: bytes) -> Iterator[bytes]:
    """Give the lines at the beginning of a log, in one of the forms of :data:`HEAD`, to look at."""
    head = head.lstrip(b"\0\r\n ")
    lines = head.split(b"\n")
    if head.startswith(_EXPORT):
        fields: dict[str, Any] = {}
        for line in lines:
            name, _, value = line.partition(b"=")
            fields[name.decode("ascii", "replace")] = value
            if not line:
                yield _written(fields)
                fields = {}
    elif head.startswith(b"{"):
        yield from map(_from_json, lines)
    else:
        yield from (line.replace(b"\0", b"") for line in lines)


def _gathered(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    for line in lines:
        block.append(line)
        if len(block) == _MANY:
            yield block
            block = []
    yield block


def _exported(source: Source) -> Iterator[bytes]:
    """Read the journal's export format: a field a line, or a length and then any bytes; a blank line ends an entry."""
    stream = source.whole()
    fields: dict[str, Any] = {}
    while line := stream.readline(LONGEST):
        name, equals, value = line.rstrip(b"\n").partition(b"=")
        if not name:
            yield _written(fields)
            fields = {}
        elif equals:
            fields[name.decode("ascii", "replace")] = value
        else:
            length = int.from_bytes(stream.read(8), "little")
            fields[name.decode("ascii", "replace")] = stream.read(min(length, LONGEST))
            while length > LONGEST and (skipped := stream.read(min(length - LONGEST, LONGEST))):
                length -= len(skipped)
            stream.readline(LONGEST)
    if fields:
        yield _written(fields)


def _from_json(line: bytes) -> bytes:
    if not line.lstrip().startswith(b"{"):
        return line
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return line  # it will match nothing, or what it matches is said to be unreadable
    if not isinstance(told, dict):
        return line
    if "MESSAGE" in told:
        return _written(told)
    text = told.get("log", told.get("message"))
    return text.rstrip("\n").encode("utf-8", "surrogatepass") if isinstance(text, str) else line


def _written(fields: dict[str, Any]) -> bytes:
    """Write an entry of the journal as a line."""
    try:
        moment = datetime.fromtimestamp(
            int(fields.get("_SOURCE_REALTIME_TIMESTAMP") or fields["__REALTIME_TIMESTAMP"]) / 1e6, UTC
        )
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return b""
    host, program, process, text = (
        _bytes(fields.get(name)).replace(b"\n", b" ") for name in ("_HOSTNAME", "SYSLOG_IDENTIFIER", "_PID", "MESSAGE")
    )
    stamp = moment.isoformat(timespec="microseconds").encode()
    return b"%b %b %b[%b]: %b" % (stamp, host or b"-", program, _bytes(fields.get("SYSLOG_PID")) or process or b"0", text)


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):  # how JSON shows what is not UTF-8
        return bytes(one for one in value if isinstance(one, int) and 0 <= one < 256)
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""
