"""When to try again, and when to give up: the schedule is data (``retry.toml``), in the terms of :mod:`mailkit.explain`.

No clock: the moments are given in.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mailkit.explain import Explanation
from mailkit.knowledge import Meta, read
from mailkit.mail.failure import LineFailed

__all__ = ["GIVE_UP", "Next", "after_refusal", "asked_to_wait", "halts", "line_pause", "refuses_log_in"]


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    minutes: tuple[float, ...]
    causes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    permanent: bool = False
    account: bool = False

    def pause(self, number: int) -> timedelta:
        return timedelta(minutes=self.minutes[min(number, len(self.minutes)) - 1])


class _GiveUp(Struct, frozen=True, forbid_unknown_fields=True):
    hours: float


class _Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    meta: Meta
    halting: frozenset[str]
    give_up: _GiveUp
    refused: dict[str, _Row]
    line: dict[str, _Row]


@functools.lru_cache(maxsize=1)
def _schedule() -> _Schedule:
    return read(Path(__file__).with_name("retry.toml"), _Schedule)


def _row(rows: dict[str, _Row], told: Explanation) -> _Row:
    return next(
        row for row in rows.values() if told.cause in row.causes or told.reason in row.reasons or not (row.causes or row.reasons)
    )


GIVE_UP = timedelta(hours=_schedule().give_up.hours)
"""How long a mail without a limit of its own is tried."""


class Next(Struct, frozen=True, kw_only=True):
    """What comes after a refusal."""

    state: Literal["deferred", "rejected", "expired"]
    due: datetime | None = None
    account_until: datetime | None = None
    """All mails of the account wait until then."""
    halt: bool = False
    """The account is to stop: no mail of it can pass."""


_MARGIN = timedelta(seconds=10)
_LONGEST_SAID = timedelta(hours=6)
_HOURS_IN_A_PAUSE = 6
"""``after 22:15:03`` is a time of day."""
_UNITS = {"s": 1, "m": 60, "h": 3600}
_SAID = re.compile(
    r"\b(?:in|after|for|wait|within|per|back)\W{1,3}(?:about |another |at least )?(\d{1,5}) ?(s|m|h)\b"
    r"|\b(\d{1,5}) ?(s|m|h)(?:ecs?|econds?|ins?|inutes?|rs?|ours?)\b",
    re.IGNORECASE,
)
_SAID_CLOCK = re.compile(r"\b(?:in|after|for|wait)\W{1,3}(?:(\d{1,2}):)?(\d{2}):(\d{2})\b", re.IGNORECASE)


def asked_to_wait(text: str) -> timedelta | None:
    """Find how long the server asks to wait, if it does.

    >>> asked_to_wait("450 4.2.0 Greylisted, please try again in 300 seconds")
    datetime.timedelta(seconds=300)
    >>> asked_to_wait("450 Greylisted for 5 minutes"), asked_to_wait("451 greylisted, retry in 00:04:59")
    (datetime.timedelta(seconds=300), datetime.timedelta(seconds=299))
    >>> asked_to_wait("451 4.7.1 Please try again later")
    """
    if (clock := _SAID_CLOCK.search(text)) and int(clock[1] or 0) < _HOURS_IN_A_PAUSE:
        said = timedelta(hours=int(clock[1] or 0), minutes=int(clock[2]), seconds=int(clock[3]))
    elif found := _SAID.search(text):
        count, unit = found[1] or found[3], found[2] or found[4]
        said = timedelta(seconds=int(count) * _UNITS[unit.lower()])
    else:
        return None
    return min(said, _LONGEST_SAID) if said else None


def after_refusal(
    told: Explanation, *, code: int, attempt: int, now: datetime, created: datetime, expires: datetime | None = None
) -> Next:
    """Decide what becomes of a mail that was refused.

    Args:
        told: the refusal, explained.
        code: its code; 4yz is tried again whatever it means, 5yz only where the words say that it helps.
        attempt: the number of the attempt that ended so, from 1.
        now: the moment.
        created: when it was queued.
        expires: when it is given up; :data:`GIVE_UP` after it was queued when not given.
    """
    row = _row(_schedule().refused, told)
    if code >= 500:
        if halts(told):
            return Next(state="rejected", halt=True)
        if not (row.permanent and told.retry_helps and told.confidence != "guess"):
            return Next(state="rejected")
    asked = asked_to_wait(told.text)
    pause = asked + _MARGIN if asked is not None else row.pause(attempt)
    due = now + pause
    until = due if row.account else None
    if due >= (expires or created + GIVE_UP):
        return Next(state="expired", account_until=until)
    return Next(state="deferred", due=due, account_until=until)


def halts(told: Explanation) -> bool:
    """Say whether this concerns every mail of the account and no waiting cures it."""
    return told.cause in _schedule().halting


def refuses_log_in(failed: LineFailed, told: Explanation) -> bool:
    """Say whether a log-in was refused so that another try could only do harm."""
    return failed.stage == "auth" and failed.reply is not None and (failed.reply.code >= 500 or told.account_risk)


def line_pause(told: Explanation, failures: int) -> timedelta:
    """Give how long an account waits after its connection failed for the n-th time in a row."""
    asked = asked_to_wait(told.text) if told.reply_code else None
    return asked + _MARGIN if asked is not None else _row(_schedule().line, told).pause(failures)
