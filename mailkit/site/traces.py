"""Where the traces of a hotel come from and how their mails read, as a site file says it: ``[traces.source]``, ``[traces.mail]``.

Works with :mod:`mailkit.traces`, which reads the source and writes the mails. As everywhere in a site, ``None`` is *not known*:
columns and words that are not named here are guessed, and the guess is shown.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mailkit.site.erp import Prose, Text

__all__ = ["TraceColumns", "TraceMail", "TraceSource", "TraceWords"]


class TraceColumns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which column of the source is which field of a trace: its header, or its name in the query."""

    id: Text | None = None
    """What tells one trace from every other one of its kind and property, and never changes."""
    kind: Text | None = None
    """Trace, staff message, guest alert."""
    property: Text | None = None
    clerk: Text | None = None
    """The code of the clerk it is for."""
    department: Text | None = None
    """The department it is for, where it names no clerk."""
    address: Text | None = None
    """The address it is for, where it names neither."""
    guest: Text | None = None
    guest_email: Text | None = None
    consent: Text | None = None
    """Whether the guest agreed to be written to."""
    subject: Text | None = None
    text: Text | None = None
    sender: Text | None = None
    """The clerk who wrote it."""
    record: Text | None = None
    """The reservation, group or account it hangs on."""
    room: Text | None = None
    language: Text | None = None
    created: Text | None = None
    due: Text | None = None
    due_time: Text | None = None
    """The hour of ``due``, where it has a column of its own."""
    business: Text | None = None
    """The hotel's own date when it was made."""
    status: Text | None = None
    """What became of the task: open, completed, cancelled."""
    mailed: Text | None = None
    """Whether, or when, it was sent by e-mail."""


class TraceWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands in the source for each value, several with commas between; added to the words mailkit knows."""

    trace: Text | None = None
    staff: Text | None = None
    alert: Text | None = None
    open: Text | None = None
    completed: Text | None = None
    cancelled: Text | None = None
    yes: Text | None = None
    no: Text | None = None


class TraceSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where traces are read: a table in a file, or a question to a database."""

    file: Text | None = None
    """A CSV file or a workbook; relative to the site file."""
    sheet: Text | None = None
    encoding: Text | None = None
    """Of a CSV file, such as ``cp1252``; else it is recognised."""
    separator: Literal["comma", "semicolon", "tab", "bar"] | None = None
    """Between the cells of a CSV file; else it is recognised."""
    url: Text | None = None
    """A database as SQLAlchemy names it, without a password: ``postgresql://reader@db.hotel.test/pms``."""
    query: Prose | None = None
    """What is asked of the database: one SELECT."""
    password_from: Text | None = None
    """``env:NAME`` or ``keyring``."""
    day_first: bool | None = None
    """Whether 11/02/2026 is the 11th of February."""
    times: Literal["local", "utc"] | None = None
    """What times without a zone are: the property's own (this is taken if nothing is said), or UTC."""
    columns: TraceColumns = TraceColumns()
    words: TraceWords = TraceWords()


class TraceMail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the mails read and when they leave."""

    language: Literal["en", "fr"] | None = None
    """Where a trace does not say itself."""
    reply_to: Text | None = None
    """Where replies go; ``""`` or not known: nowhere else than to the sender."""
    templates: Text | None = None
    """The folder of the site's own texts; relative to the site file."""
    leave: Literal["at-once", "due"] | None = None
    """When the copy of a trace goes out: as soon as it is seen (this is taken if nothing is said), or when it is due."""
    uncertain: Literal["resend", "ask", "look"] | None = None
    """What to do when the line was cut after the last dot: send again under the same Message-ID, leave it to a person, or look
    into the mailbox first. If nothing is said: traces and staff messages are sent again, a person decides about guest alerts."""
