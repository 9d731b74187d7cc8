"""A source read: the hops, what the receiver said, what was changed. Pure; no network, no clock, and no input raises."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from email.utils import parseaddr

from msgspec.structs import replace

from mailkit.mail.follow.arrival import Change, Copy, Expected, FolderUse, Hop, Screening, Testimony
from mailkit.mail.follow.border import Border, border, domain_of
from mailkit.mail.follow.header import Head, decoded, opened
from mailkit.mail.follow.hops import read_hops
from mailkit.mail.follow.screening import LINES as SCREENING
from mailkit.mail.follow.screening import read_screening
from mailkit.mail.follow.testimony import LINES as TESTIMONY
from mailkit.mail.follow.testimony import read_testimony
from mailkit.text import shorten

__all__ = ["address_of", "latency", "plain_id", "read_copy"]

_MOST_LINES = 40
"""Lines about authentication, and lines of filters, that are kept."""
_ORIGINAL_FROM = (
    "x-google-original-from",
    "x-original-from",
    "x-ms-exchange-original-from",
    "original-from",
    "x-mailer-original-from",
)
_ID = re.compile(r"<[^<>\s]{1,400}>")
_PUT_OFF = re.compile(r"\bdelayed\b", re.IGNORECASE)
_NOT_PUT_OFF = re.compile(r"\bnot delayed\b|\bno delay\b", re.IGNORECASE)


def read_copy(
    raw: bytes,
    *,
    expected: Expected | None = None,
    folder: str | None = None,
    use: FolderUse = "source",
    arrived: datetime | None = None,
    seen: datetime | None = None,
    complete: bool = True,
    inside: Collection[str] = (),
) -> Copy:
    """Read one copy of a mail.

    Args:
        raw: the mail, its header alone, or what somebody copied of it.
        expected: what was sent, to be compared with what came.
        folder: where it lies, and what that folder is for.
        use: the same.
        arrived: the mailbox's own date.
        seen: when it was seen here.
        complete: whether ``raw`` is all of it.
        inside: hosts, domains or addresses that are the receiver's too, such as a filter in front of its servers.
    """
    head = opened(raw)
    lines = head.all("received")
    hops, left_out = read_hops(lines)
    newest_first = tuple(reversed(hops))
    # Where lines were left out in the middle, numbers do not count the hops any more.
    entered = border(newest_first, inside) if not left_out else Border(hop=None, names=frozenset())
    if entered.hop is not None:
        hops = tuple(reversed([replace(hop, outside=at == entered.hop) for at, hop in enumerate(newest_first)]))
    testimony, screening = _lines(head, entered)
    copy = Copy(
        folder=folder,
        use=use,
        matched="given",
        arrived=arrived,
        seen=seen,
        size=len(raw) if complete and head.body else None,
        complete=complete and head.body,
        message_id=_message_id(head),
        subject=decoded(head.first("subject")),
        header_from=decoded(head.first("from")),
        return_path=_return_path(head),
        hops=hops,
        hops_left_out=left_out,
        testimony=testimony,
        screening=screening,
        greylisted=_put_off(head),
        notes=head.notes,
    )
    copy = replace(copy, changes=tuple(_changes(head, copy, expected)))
    return latency(copy, expected.accepted if expected else None, hops)


def latency(copy: Copy, accepted: datetime | None, hops: tuple[Hop, ...] = ()) -> Copy:
    """Reckon how long a copy took; without a moment of hand-over, from the first hop to the last."""
    moments = [hop.moment for hop in hops if hop.moment]
    begin = accepted or (moments[0] if moments else None)
    end = copy.arrived or (moments[-1] if moments else None)
    if begin is None or end is None or (begin == end and accepted is None and len(moments) < 2):
        return copy
    took = (end - begin).total_seconds() * 1000
    # The mailbox counts whole seconds: a mail that took half a second seems to have come before it was sent.
    behind = -took if took < -1000 else None
    by_our_clock = max(0.0, (copy.seen - accepted).total_seconds() * 1000) if copy.seen and accepted else None
    return replace(copy, latency_ms=max(0.0, took), clock_behind_ms=behind, seen_after_ms=by_our_clock)


def plain_id(message_id: str | None) -> str:
    r"""Give a Message-ID as it is compared: without brackets, folds and capitals.

    >>> plain_id(" <Abc.1@Site.test>\r\n")
    'abc.1@site.test'
    """
    return re.sub(r"\s+", "", (message_id or "")[:1000]).strip("<>").casefold()


def address_of(field: str | None) -> str | None:
    """Give the address in a From or Return-Path.

    >>> address_of('"Front Desk" <frontdesk@hotel.test>'), address_of("<>")
    ('frontdesk@hotel.test', None)
    """
    if not field:
        return None
    try:
        found = parseaddr(field[:2000])[1]
    except (ValueError, IndexError, RecursionError):
        return None
    return shorten(found, 320) if "@" in found else None


def _message_id(head: Head) -> str | None:
    value = head.first("message-id")
    found = _ID.search(value[:2000]) if value else None
    return found[0] if found else shorten(value, 400) if value else None


def _return_path(head: Head) -> str | None:
    value = head.first("return-path")
    if value is None:
        return None
    return "<>" if value.strip() in ("<>", "") else address_of(value)


def _put_off(head: Head) -> str | None:
    for value in (*head.all("x-greylist"), *head.all("x-greylisting"), *head.all("x-postgrey")):
        if _PUT_OFF.search(value[:500]) and not _NOT_PUT_OFF.search(value[:500]):
            return shorten(value, 200)
    return None


def _lines(head: Head, entered: Border) -> tuple[tuple[Testimony, ...], tuple[Screening, ...]]:
    """Read what receivers and filters wrote, each with the reason to believe it."""
    testimony: list[Testimony] = []
    screening: list[Screening] = []
    above = 0
    for field in head.fields:
        if field.name == "received":
            above += 1
        elif field.name in TESTIMONY and len(testimony) < _MOST_LINES:
            if (told := read_testimony(field.name, field.value)) is not None:
                testimony.append(replace(told, trust=entered.trust(told.server, above)))
        elif field.name in SCREENING and len(screening) < _MOST_LINES and (found := read_screening(field.name, field.value)):
            # A filter gives no name; below the line of the first server its words may be the sender's own.
            trust = entered.trust(None, above)
            close = above == (entered.hop + 1 if entered.hop is not None else above)
            screening.append(replace(found, trust="name" if trust == "none" and close else trust))
    return tuple(testimony), tuple(screening)


def _changes(head: Head, copy: Copy, expected: Expected | None) -> Iterator[Change]:
    now = address_of(copy.header_from)
    for name in _ORIGINAL_FROM:
        was = address_of(decoded(head.first(name)))
        if was and now and was.casefold() != now.casefold():
            yield Change(field="From", was=was, now=now, how="-".join(part.capitalize() for part in name.split("-")))
    if expected is not None:
        yield from _unlike(copy, expected, now)
    elif copy.return_path and copy.return_path != "<>" and now and _other_domain(copy.return_path, now):
        yield Change(field="From", was=copy.return_path, now=now, how="Return-Path")


def _unlike(copy: Copy, expected: Expected, now: str | None) -> Iterator[Change]:
    was = address_of(expected.header_from)
    if was and now and was.casefold() != now.casefold():
        yield Change(field="From", was=was, now=now, how="sent")
    if expected.sender and copy.return_path and copy.return_path.casefold() != expected.sender.casefold():
        yield Change(field="Return-Path", was=expected.sender, now=copy.return_path, how="sent")
    if copy.message_id and plain_id(copy.message_id) != plain_id(expected.message_id):
        yield Change(field="Message-ID", was=expected.message_id, now=copy.message_id, how="sent")
    sent = " ".join(expected.subject.split()) if expected.subject else None
    if sent and copy.subject and sent != copy.subject:
        yield Change(field="Subject", was=shorten(sent, 300), now=shorten(copy.subject, 300), how="sent")


def _other_domain(one: str, other: str) -> bool:
    first, second = (address.rpartition("@")[2].lower() for address in (one, other))
    return (domain_of(first) or first) != (domain_of(second) or second)
