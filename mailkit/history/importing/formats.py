"""The formats that can be read, and which of them a file has.

A new format is one more row of :data:`FORMATS`: how it is recognised by its beginning, and who reads it.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.history.importing import bounces, exchange_trace, exchange_tracking, exim, postfix, table
from mailkit.history.importing.reading import Given, Reader
from mailkit.history.importing.source import Source

__all__ = ["FORMATS", "Format", "named", "recognised"]


class Format(Struct, frozen=True):
    """One format."""

    name: str
    title: str
    """For people."""
    sure: Callable[[Source], int]
    """How sure it is that a file has it, by its beginning; 0: it has not."""
    reader: Callable[[Given], Reader]


FORMATS: tuple[Format, ...] = (
    Format("postfix", "Postfix mail log", lambda source: postfix.looks_like(source.head), postfix.PostfixReader),
    Format("exim", "Exim main log", lambda source: exim.looks_like(source.head), exim.EximReader),
    Format(
        "exchange-tracking",
        "Exchange message tracking log, or an extended message trace",
        lambda source: exchange_tracking.looks_like(source.rows.headers),
        exchange_tracking.TrackingReader,
    ),
    Format(
        "exchange-trace",
        "Exchange Online message trace",
        lambda source: exchange_trace.looks_like(source.rows.headers),
        exchange_trace.TraceReader,
    ),
    Format("bounces", "bounces: mails, an mbox, a Maildir", lambda source: bounces.looks_like(source.head), bounces.BounceReader),
    Format("csv", "table with a column map, or headers that tell", table.looks_like, table.TableReader),
)
"""The surest first: a file with one of these is not looked at further."""


def named(name: str) -> Format:
    """Give a format by its name.

    Raises:
        InputError: there is none of that name.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise InputError(f"the kind {name!r} does not exist; one of: auto, {', '.join(one.name for one in FORMATS)}")


def recognised(source: Source) -> Format | None:
    """Say which format a file has; ``None``: none that is known."""
    found = next((one for one in FORMATS if one.sure(source) > 0), None)
    if found is None and source.path is not None:
        # A log of everything may begin with long stretches about other things.
        lines = b"\n".join(source.sample())
        found = next((named(name) for name, look in _LOGS.items() if look(lines) > 0), None)
    return found


_LOGS = {"postfix": postfix.looks_like, "exim": exim.looks_like}
