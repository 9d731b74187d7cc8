"""The delivery history of the practice hotel and builder: nine weeks of mail, with stories in it that are worth finding.

The same day gives the same history, to the millisecond. What was put in on purpose is in :data:`STORIES`.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from mailkit.journal.delivery import State
from mailkit.journal.event import Event, EventSource

__all__ = ["STORIES", "ZONE", "Story", "practice_events", "practice_history", "write_history"]

ZONE = "America/Toronto"
"""Where both businesses are."""
DAYS = 63
"""How far back it goes."""


class Story(Struct, frozen=True, kw_only=True):
    """Something to be found."""

    name: str
    sentence: str
    table: str
    """The question that shows it."""
    days_ago: int
    """When it began, or when it happened."""


STORIES: dict[str, Story] = {
    one.name: one
    for one in (
        Story(
            name="deferring",
            sentence="mx2.hotel.test takes no more mail for guests and puts it off, again and again.",
            table="reasons",
            days_ago=2,
        ),
        Story(
            name="silent",
            sentence="FD2, the late front desk, has sent nothing since; nobody told the office.",
            table="gaps",
            days_ago=6,
        ),
        Story(
            name="refused",
            sentence="The estimator's password was changed at the provider and not in maestro*: every log-in is refused.",
            table="reasons",
            days_ago=20,
        ),
        Story(
            name="password",
            sentence="The new password was entered, and the estimator's mail goes out again.",
            table="before-after",
            days_ago=12,
        ),
        Story(
            name="duplicates",
            sentence="The line was cut after the last dot, somebody sent again, and the clerk got it twice.",
            table="duplicates",
            days_ago=9,
        ),
        Story(
            name="stuck", sentence="Payroll's mail waits since the office computer was switched off.", table="stuck", days_ago=3
        ),
        Story(
            name="gone",
            sentence="A guest's address has a typing mistake, and what goes there comes back.",
            table="reasons",
            days_ago=40,
        ),
        Story(
            name="no-address",
            sentence="Maintenance has no e-mail account, so its traces are skipped.",
            table="silence",
            days_ago=62,
        ),
    )
}
"""What was put in on purpose, by name."""


class _Sender(Struct, frozen=True):
    user: str
    kind: str
    sender: str
    recipient: str
    endpoint: str
    business: str
    daily: int
    subject: str
    mailing: str | None = None

    @property
    def weekends(self) -> bool:
        """A hotel never closes."""
        return bool(self.business)


_HOTEL, _MX2, _BUILDER = "mail.hotel.test:587", "mx2.hotel.test:25", "submit.builder.test:587"
_SENDERS = (
    _Sender("FD1", "trace", "traces@hotel.test", "fd1@hotel.test", _HOTEL, "MAIN", 5, "Trace {n}: early arrival"),
    _Sender("FD2", "trace", "traces@hotel.test", "fd2@hotel.test", _HOTEL, "MAIN", 4, "Trace {n}: late check-out"),
    _Sender("HSK", "trace", "traces@hotel.test", "housekeeping@hotel.test", _HOTEL, "MAIN", 6, "Trace {n}: feather-free room"),
    _Sender("CON", "staff", "traces@hotel.test", "concierge@hotel.test", _HOTEL, "MAIN", 3, "Message {n}: tickets at the desk"),
    _Sender("MNT", "trace", "traces@hotel.test", "", _HOTEL, "MAIN", 1, "Trace {n}: heating in 214"),
    _Sender("EVT", "staff", "traces@hotel.test", "events@hotel.test", _HOTEL, "LAKE", 2, "Message {n}: hall B, 40 chairs"),
    _Sender("FD1", "alert", "reservations@hotel.test", "guest{n}@example.com", _MX2, "MAIN", 5, "Your stay, confirmation {n}"),
    _Sender(
        "estimator", "test", "estimator@builder.test", "client{n}@example.org", _BUILDER, "", 5, "Quotation {n}", "quotation"
    ),
    _Sender("payroll", "test", "payroll@builder.test", "crew{n}@builder.test", _BUILDER, "", 3, "Pay slip {n}", "payslip"),
    _Sender("purchasing", "test", "purchasing@builder.test", "supplier{n}@example.net", _BUILDER, "", 4, "Order {n}", "order"),
    _Sender("super1", "test", "north@builder.test", "site-north@builder.test", _BUILDER, "", 2, "Daily report {n}", "report"),
)


@contextmanager
def practice_history(day: dt.date | None = None) -> Iterator[Path]:
    """Give a store with the practice history, which is gone at the end of the block.

    Args:
        day: its last day; today when not given.
    """
    with tempfile.TemporaryDirectory(prefix="mailkit-practice-", ignore_cleanup_errors=True) as folder:
        yield write_history(Path(folder) / "practice.sqlite3", day)


def write_history(path: Path | str, day: dt.date | None = None) -> Path:
    """Write the practice history into a store; what is there already is not written twice.

    Args:
        path: the store's file.
        day: the last day of the history; today when not given.
    """
    from mailkit.journal.opening import open_store  # noqa: PLC0415 - SQLAlchemy is slow to import

    with open_store(path) as store:
        store.add_events(practice_events(day))
    return Path(path)


def practice_events(day: dt.date | None = None) -> Iterator[Event]:
    """Give the events in the order in which they were written down.

    Args:
        day: the last day; the history ends at six in its morning, so that nothing in it is still to come.
    """
    last = day or datetime.now(ZoneInfo(ZONE)).date()
    until = datetime.combine(last, time(6), ZoneInfo(ZONE)).astimezone(UTC)
    numbers = count(4001)
    events = [
        event
        for ago in range(DAYS, 0, -1)
        for sender in _SENDERS
        for turn in range(_how_many(sender, last - timedelta(days=ago), ago))
        for event in _Mail(sender, next(numbers), last, ago, turn).events()
    ]
    yield from sorted((one for one in events if one.moment <= until), key=lambda one: one.moment)


def _how_many(sender: _Sender, day: dt.date, ago: int) -> int:
    if sender.user == "FD2" and ago <= STORIES["silent"].days_ago:
        return 0
    if day.weekday() >= 5 and not sender.weekends:
        return 0
    return max(1, sender.daily + _draw(f"{sender.user}{sender.kind}{day}", 3) - 1)


def _draw(key: str, sides: int) -> int:
    """Throw a die that always falls the same way for the same key."""
    return zlib.crc32(key.encode()) % sides


class _Said(Struct, frozen=True):
    code: int | None
    status: str | None
    reply: str
    reason: str | None = None
    cause: str | None = None
    stage: str = "data"


_REFUSED = _Said(535, "5.7.8", "Error: authentication failed", "securityerror", "auth_credentials", "auth")
_GREYLISTED = _Said(450, "4.2.0", "Greylisted, please try again later", "ratelimited", "greylisted", "recipient")
_FULL = _Said(552, "5.2.2", "Mailbox full", "mailboxfull", "mailbox_full", "recipient")
_CLOSED = _Said(451, "4.3.2", "System not accepting network messages", "systemerror", "server_unavailable", "greeting")
_NO_DOMAIN = _Said(550, "5.1.2", "Host or domain name not found", "hostunknown", "recipient_domain", "recipient")
_CUT = _Said(None, None, "the connection was lost after the last dot", "networkerror", "dropped")


class _Mail:
    """One mail and what becomes of it."""

    def __init__(self, sender: _Sender, number: int, last: dt.date, ago: int, turn: int) -> None:
        self._sender, self._number, self._ago, self._turn = sender, number, ago, turn
        self._id = f"practice-{number}"
        local = datetime.combine(last - timedelta(days=ago), time(7), ZoneInfo(ZONE))
        self._at = local.astimezone(UTC) + timedelta(milliseconds=_draw(f"{number}at", 36_000_000))
        self._keys = count(1)
        self._attempt = 0
        recipient = sender.recipient.format(n=number % 40)
        if sender.kind == "alert" and number % 40 == 13:
            recipient = "guest13@exampel.com"
        self._known: dict[str, Any] = {
            "kind": sender.kind,
            "message_id": f"<{self._id}@{sender.sender.partition('@')[2]}>",
            "property": sender.business or None,
            "user": sender.user,
            "mailing": sender.mailing,
            "sender": sender.sender,
            "recipient": recipient or None,
            "recipient_domain": recipient.partition("@")[2] or None,
            "subject": sender.subject.format(n=number),
            "account": f"{sender.sender} at {sender.endpoint}",
        }

    def events(self) -> Iterator[Event]:
        """Tell its story."""
        sender, ago = self._sender, self._ago
        if not self._known["recipient"]:
            yield self._event("skipped", reason="no-address", note="the clerk has no e-mail address")
            return
        yield self._event("pending")
        if sender.user == "payroll" and ago <= STORIES["stuck"].days_ago:
            return
        self._wait(400, 9000)
        if sender.endpoint == _MX2 and ago <= STORIES["deferring"].days_ago:
            for minutes in (15, 60, 240):
                yield from self._try("deferred", _CLOSED, wait=timedelta(minutes=minutes))
        elif sender.user == "estimator" and STORIES["password"].days_ago < ago <= STORIES["refused"].days_ago:
            yield from self._try("rejected", _REFUSED)
        elif self._known["recipient_domain"] == "exampel.com":
            yield from self._taken()
            self._wait(60_000, 900_000)
            yield self._event("bounced", "bounce", said=_NO_DOMAIN)
        elif sender.user == "CON" and ago == STORIES["duplicates"].days_ago and self._turn < 2:
            yield from self._twice()
        elif _draw(f"{self._number}late", 31) == 0:
            yield from self._try("deferred", _GREYLISTED, wait=timedelta(minutes=10))
            yield from self._taken()
        elif _draw(f"{self._number}full", 83) == 0:
            yield from self._try("rejected", _FULL)
        else:
            yield from self._taken()

    def _twice(self) -> Iterator[Event]:
        yield from self._try("uncertain", _CUT)
        self._wait(1_200_000, 2_400_000)
        yield self._event("pending", "person", note="sent once more")
        self._wait(500, 2000)
        yield from self._taken()
        self._wait(1000, 4000)
        yield self._event("delivered", "mailbox", endpoint=self._sender.endpoint, note="a second copy")

    def _taken(self) -> Iterator[Event]:
        yield from self._try("accepted", _Said(250, "2.0.0", f"Ok: queued as {zlib.crc32(self._id.encode()):08X}"))
        if self._sender.kind in {"trace", "staff"}:
            self._wait(800, 30_000)
            yield self._event("delivered", "mailbox", endpoint=self._sender.endpoint)

    def _try(self, state: State, said: _Said, *, wait: timedelta | None = None) -> Iterator[Event]:
        self._attempt += 1
        way: dict[str, Any] = {"attempt": self._attempt, "endpoint": self._sender.endpoint, "tls": "TLSv1.3"}
        yield self._event("sending", **way)
        draw = _draw(f"{self._number}/{self._attempt}ms", 1000)
        took: dict[str, Any] = {
            "before_ms": float(400 + draw * 3),
            "queue_ms": float(draw % 90),
            # Now and then the builder's server takes its time to answer at all.
            "connect_ms": 90 + draw * 0.7 + (2400 if self._sender.endpoint == _BUILDER and draw > 930 else 0),
            "transmit_ms": float(40 + draw % 160),
        }
        self._at += timedelta(milliseconds=round(took["connect_ms"] + took["transmit_ms"]))
        yield self._event(state, said=said, next_try=self._at + wait if wait else None, **way, **took)
        self._at += wait or timedelta()

    def _wait(self, least: int, most: int) -> None:
        self._at += timedelta(milliseconds=least + _draw(f"{self._number}/{next(self._keys)}", most - least))

    def _event(
        self,
        state: State,
        source: EventSource = "mailkit",
        *,
        said: _Said | None = None,
        **facts: Any,  # noqa: ANN401 - fields of Event, each of its own type
    ) -> Event:
        if said is not None:
            facts |= {
                "reply_code": said.code,
                "enhanced_code": said.status,
                "reply": said.reply,
                "reason": said.reason,
                "cause": said.cause,
                "stage": said.stage,
            }
        return Event(
            moment=self._at,
            delivery_id=self._id,
            state=state,
            source=source,
            source_key=f"{self._id}/{next(self._keys)}",
            **(self._known | facts),
        )
