"""A trace: an instruction to colleagues, a message to staff, or an alert to a guest, as a source of traces tells it.

What became of the task (``status``) and whether it was e-mailed (``mailed``) are two things, and so are the three dates: made,
due, and the hotel's own date. ``None`` is not known.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

__all__ = ["KINDS", "STATUSES", "Kind", "Status", "Trace", "Unusable"]

Kind = Literal["trace", "staff", "alert"]
"""An instruction to a clerk; a message between colleagues; a mail to the guest."""

KINDS: tuple[Kind, ...] = ("trace", "staff", "alert")

Status = Literal["open", "completed", "cancelled"]

STATUSES: tuple[Status, ...] = ("open", "completed", "cancelled")


class Trace(Struct, frozen=True, kw_only=True):
    """One row of a source. Moments are in UTC; days are those of the property's calendar."""

    row: int
    """Where it stands in its source: line, row of the sheet, or row of the answer, from 1."""
    id: str
    kind: Kind = "trace"
    property: str | None = None
    clerk: str | None = None
    department: str | None = None
    address: str | None = None
    guest: str | None = None
    guest_email: str | None = None
    consent: bool | None = None
    subject: str | None = None
    text: str | None = None
    sender: str | None = None
    record: str | None = None
    room: str | None = None
    language: Literal["en", "fr"] | None = None
    created: dt.datetime | None = None
    """``None`` while ``created_on`` is known: the hour is not."""
    created_on: dt.date | None = None
    due: dt.datetime | None = None
    due_on: dt.date | None = None
    business: dt.date | None = None
    status: Status | None = None
    mailed: bool | None = None


class Unusable(Struct, frozen=True, kw_only=True):
    """A row that no trace could be made of: it is listed, and nothing is sent for it."""

    row: int
    reason: Literal["row", "id", "kind", "status", "mailed", "consent", "date", "text"]
    """What it is about: the shape of the whole row, or one of its fields."""
    column: str
    """Its header; ``""``: the whole row."""
    cell: str
    """What stands there, harmless and shortened."""
    why: str
    """What is wrong, and what would be right."""
