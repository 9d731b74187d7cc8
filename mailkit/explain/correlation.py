"""Which of the mails that were sent came back: what bounces say, laid beside the attempts to send.

A bounce can be forged, and most of what comes back is about somebody else's mail. So nothing counts but the message id of the
mail that was returned, and, where one message went to several people, the recipient.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mailkit.attempt import Attempt
from mailkit.explain.fact import BounceReading, Fact

__all__ = ["Correlation", "Returned", "Sent", "Unmatched", "correlate"]

_BLANK = re.compile(r"\s+")
_TAKEN = ("accepted", "uncertain")
"""Outcomes after which a mail can come back."""


class Returned(Struct, frozen=True):
    """A mail that was sent and what came back about it; ``fact`` is ``None`` where the mail that came back says no more."""

    attempt: Attempt
    fact: Fact | None
    reading: BounceReading


class Unmatched(Struct, frozen=True):
    """What came back and is about none of the mails that were sent, as far as can be told."""

    reading: BounceReading
    fact: Fact | None
    why: Literal["no-message-id", "not-sent", "recipient-unclear"]
    """It does not name the mail it is about; that mail was not sent by us; it went to several, and it does not say which."""


class Correlation(Struct, frozen=True):
    """What came back of what was sent, and the rest."""

    returned: tuple[Returned, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()


class Sent:
    """What was sent, to be asked bounce by bounce.

    Args:
        attempts: all of them, in any order; of several attempts at one delivery the one that was taken counts, the last of them.
    """

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        self._deliveries: dict[str, dict[str, Attempt]] = defaultdict(dict)
        for one in attempts:
            of_message = self._deliveries[_plain(one.message_id)]
            before = of_message.get(one.delivery_id)
            if before is None or _rank(before) <= _rank(one):
                of_message[one.delivery_id] = one

    def returned(self, reading: BounceReading) -> Iterator[Returned | Unmatched]:
        """Give what a mail says about what was sent, recipient by recipient; nothing for a mail that answers to none."""
        if reading.kind == "ordinary":
            return
        facts: tuple[Fact | None, ...] = reading.facts or (None,)
        if not reading.message_id:
            yield from (Unmatched(reading, fact, "no-message-id") for fact in facts)
            return
        sent = self._deliveries.get(_plain(reading.message_id))
        if not sent:
            yield from (Unmatched(reading, fact, "not-sent") for fact in facts)
            return
        for fact in facts:
            found = _meant(tuple(sent.values()), fact)
            yield Returned(found, fact, reading) if found else Unmatched(reading, fact, "recipient-unclear")

    def named(self, reading: BounceReading) -> BounceReading:
        """Return the reading with the delivery it is about, where it is about one alone."""
        found = {one.attempt.delivery_id for one in self.returned(reading) if isinstance(one, Returned)}
        return replace(reading, delivery_id=found.pop()) if len(found) == 1 else reading


def correlate(readings: Iterable[BounceReading], attempts: Iterable[Attempt]) -> Correlation:
    """Say which attempt came back with which fact, in the order of the readings; what belongs to none is listed too."""
    sent = Sent(attempts)
    told = [one for reading in readings for one in sent.returned(reading)]
    return Correlation(
        returned=tuple(one for one in told if isinstance(one, Returned)),
        unmatched=tuple(one for one in told if isinstance(one, Unmatched)),
    )


def _meant(sent: tuple[Attempt, ...], fact: Fact | None) -> Attempt | None:
    named = _plain(fact.recipient) if fact and fact.recipient else None
    to = [one for one in sent if named and one.recipient and _plain(one.recipient) == named]
    if len(to) == 1:
        return to[0]
    # One delivery alone is meant even if another name stands there: the address it was forwarded to.
    return sent[0] if len(sent) == 1 else None


def _rank(attempt: Attempt) -> tuple[bool, int]:
    return attempt.outcome in _TAKEN, attempt.number


def _plain(name: str) -> str:
    r"""Give a message id or an address as it is compared: without brackets, folds and capitals.

    >>> _plain(" <Abc.1@Site.test>\r\n")
    'abc.1@site.test'
    """
    return _BLANK.sub("", name).strip("<>").casefold()
