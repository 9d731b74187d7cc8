"""Many explanations as a table: a row for each recipient, and rows of the same reason, cause and provider counted together.

The numbers behind the chart and the table of :mod:`.explained_page`; and the same as CSV, safe to open in a spreadsheet program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Literal

from msgspec import Struct, structs

from mailkit.explain import BounceReading, Explanation, Fact
from mailkit.explain.vocabulary import reasons
from mailkit.report.spreadsheet import csv_text

__all__ = ["NO_BOUNCE", "Answer", "Group", "Row", "grouped", "groups_csv", "moment_of", "rows", "rows_csv"]

NO_BOUNCE = "no bounce"
"""Stands for the reason of a mail that reports no failed delivery."""

_ADDRESSES = 5
"""Recipients in a cell of the table; the rows have them all."""


class Answer(Struct, frozen=True):
    """What was read of one thing: of a text its telling lines, the most telling first; of a mail what it says.

    ``masked``: something in it looked like a password, and was taken out.
    """

    name: str
    told: tuple[Explanation, ...] | BounceReading
    masked: bool = False


class Row(Struct, frozen=True, kw_only=True):
    """What is said about one recipient, or in one line of a text. Unknown is ``None``."""

    file: str
    kind: str
    recipient: str | None
    reason: str
    cause: str | None
    bounce: Literal["hard", "soft", "none"] | None
    """Of the reason; ``None`` where there is none."""
    retry_helps: bool | None
    address_dead: bool | None
    reply_code: str | None
    enhanced_code: str | None
    provider: str | None
    date: datetime | None
    message_id: str | None
    delivery_id: str | None
    summary: str
    words: str | None
    origin: Explanation | Fact | None = None
    """What the row was made of; ``None``: a mail without a fact."""


class Group(Struct, frozen=True, kw_only=True):
    """Rows with the same reason, cause and provider."""

    reason: str
    cause: str | None
    provider: str | None
    summary: str
    """The words that most of them have."""
    rows: tuple[Row, ...]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Each recipient once, in the order of the rows."""
        return tuple(dict.fromkeys(row.recipient for row in self.rows if row.recipient))

    @property
    def first(self) -> datetime | None:
        """The earliest date that a mail bears."""
        return min((row.date for row in self.rows if row.date), default=None)

    @property
    def last(self) -> datetime | None:
        """The latest date that a mail bears."""
        return max((row.date for row in self.rows if row.date), default=None)


def rows(answers: Iterable[Answer]) -> Iterator[Row]:
    """Give the rows of the answers, in their order."""
    for answer in answers:
        if isinstance(answer.told, BounceReading):
            yield from (_of_mail(answer.name, answer.told, fact) for fact in answer.told.facts or (None,))
        else:
            yield from (_of_text(answer.name, told) for told in answer.told)


def grouped(table: Iterable[Row]) -> tuple[Group, ...]:
    """Count rows of the same reason, cause and provider together; the most frequent come first."""
    together: dict[tuple[str, str | None, str | None], list[Row]] = {}
    for row in table:
        together.setdefault((row.reason, row.cause, row.provider), []).append(row)
    groups = (
        Group(
            reason=reason,
            cause=cause,
            provider=provider,
            summary=Counter(row.summary for row in some).most_common(1)[0][0],
            rows=tuple(some),
        )
        for (reason, cause, provider), some in together.items()
    )
    return tuple(sorted(groups, key=lambda group: (group.reason == NO_BOUNCE, -group.count)))


def groups_csv(groups: Iterable[Group]) -> str:
    """Return the groups as CSV (RFC 4180) with a heading; several recipients in a cell have a blank between them."""
    head = ("reason", "cause", "provider", "count", "recipients", "first_seen", "last_seen", "summary")
    table = (
        (one.reason, one.cause, one.provider, one.count, " ".join(one.recipients), one.first, one.last, one.summary)
        for one in groups
    )
    return csv_text(head, table)


def rows_csv(table: Iterable[Row]) -> str:
    """Return the rows as CSV (RFC 4180) with a heading."""
    return csv_text(Row.__struct_fields__[:-1], (structs.astuple(row)[:-1] for row in table))


@cache
def _parsed(date: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(date)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def moment_of(reading: BounceReading) -> datetime | None:
    """Return the time in a mail's ``Date``, in UTC; ``None`` when there is none that can be read."""
    return _parsed(reading.date[:100]) if reading.date else None


def _of_text(name: str, told: Explanation) -> Row:
    return Row(
        file=name,
        kind="text",
        recipient=None,
        reason=told.reason,
        cause=told.cause,
        bounce=reasons()[told.reason].bounce,
        retry_helps=told.retry_helps,
        address_dead=told.address_dead,
        reply_code=None if told.reply_code is None else str(told.reply_code),
        enhanced_code=told.enhanced_code,
        provider=told.provider,
        date=None,
        message_id=None,
        delivery_id=None,
        summary=told.summary,
        words=told.text,
        origin=told,
    )


def _of_mail(name: str, reading: BounceReading, fact: Fact | None) -> Row:
    return Row(
        file=name,
        kind=reading.kind,
        recipient=fact.recipient if fact else None,
        reason=fact.reason if fact else NO_BOUNCE,
        cause=fact.cause if fact else None,
        bounce=fact.bounce if fact else None,
        retry_helps=fact.retry_helps if fact else None,
        address_dead=fact.address_dead if fact else None,
        reply_code=fact.replycode if fact else None,
        enhanced_code=fact.status if fact else None,
        provider=fact.provider if fact else None,
        date=moment_of(reading),
        message_id=reading.message_id,
        delivery_id=reading.delivery_id,
        summary=fact.summary if fact else "This mail does not report a failed delivery.",
        words=fact.words if fact else None,
        origin=fact,
    )
