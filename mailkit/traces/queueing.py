"""What is put into the outbox for a trace: its row and its message, made once and the same for every attempt."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from msgspec import Struct

from mailkit.finding import Finding
from mailkit.journal import Delivery, OnUncertain
from mailkit.mail.message import compose, envelope_address, message_id, new_delivery_id
from mailkit.mail.retry import GIVE_UP
from mailkit.site.pms import PmsSite
from mailkit.traces.decision import Decider, Decision, Reason, Way, recorded
from mailkit.traces.letters import Letters
from mailkit.traces.sorting import Sorted, skipped_key
from mailkit.traces.trace import Kind, Trace, Unusable
from mailkit.traces.zones import Zones

__all__ = ["Queued", "Writer"]

_ON_UNCERTAIN: dict[Kind, OnUncertain] = {"trace": "resend", "staff": "resend", "alert": "ask"}
"""A trace that is lost is a task that is missed, one that comes twice is a nuisance; with guests a person decides."""


class Queued(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.traces-queued/1"):
    """What was put into the store."""

    at: dt.datetime
    batch: str
    activated: bool
    """Trace mail was switched on with this."""
    queued: int
    """Waiting to be sent."""
    marked: int
    """Marked as sent without being sent."""
    excluded: int
    skipped: dict[Reason, int]
    """Not sent, by reason; those a person has to do something about are written down in the store."""
    already: int
    """In the store before."""
    rerouted: int = 0
    """Waiting for a way that the site file no longer has: they leave as it says now."""
    unusable: int
    unusable_rows: tuple[Unusable, ...]
    findings: tuple[Finding, ...]


class Writer:
    """Makes the rows of the outbox of one run.

    Args:
        site: the hotel.
        decider: by which way.
        letters: in which words.
        zones: where its properties lie.
        now: for Date, and for when it is due.
        batch: the name of this run.
        mark_sent: everything is written down as sent without being sent.
    """

    def __init__(
        self, site: PmsSite, decider: Decider, letters: Letters, zones: Zones, *, now: dt.datetime, batch: str, mark_sent: bool
    ) -> None:
        self._decider, self._letters, self._zones = decider, letters, zones
        self._now, self._batch, self._mark_sent = now, batch, mark_sent
        self._name = site.name
        self._by_account: Counter[str] = Counter()
        self._wait = site.traces.mail.leave == "due"
        self._uncertain = site.traces.mail.uncertain

    def row(self, one: Sorted) -> tuple[Delivery, bytes | None] | None:
        """Make the row of a trace; ``None``: it is not written down."""
        trace, to = one.trace, one.decision
        way = self._decider.way(to.property, trace.kind)
        if to.reason is not None:
            if not recorded(to.reason):
                return None
            key = one.key or skipped_key(trace, to)
            return self._delivery(one, way, key, new_delivery_id(), skip=to.reason), None
        assert one.key is not None, "who has a recipient has a key"
        delivery_id = new_delivery_id()
        if self._mark_sent:
            return self._delivery(one, way, one.key, delivery_id, skip="marked-sent"), None
        assert way.sender is not None, "a way that nothing is in has a sender"
        assert to.recipient is not None, "the same"
        letter = self._letters.write(trace, to)
        content = compose(
            delivery_id=delivery_id,
            sender=way.sender,
            recipient=to.recipient,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            language=letter.language,
            moment=self._now,
            display_name=self._name if trace.kind == "alert" else None,
            reply_to=self._letters.reply_to,
        )
        return self._delivery(one, way, one.key, delivery_id, subject=letter.subject), content

    def _delivery(
        self, one: Sorted, way: Way, key: str, delivery_id: str, *, subject: str | None = None, skip: str | None = None
    ) -> Delivery:
        trace, to = one.trace, one.decision
        now = self._now
        due = self._due(trace, to) if skip is None else now
        waits = dt.timedelta()
        if skip is None and way.account is not None:
            self._by_account[way.account.key] += 1
            if way.account.pace.per_day:
                waits = dt.timedelta(days=self._by_account[way.account.key] // way.account.pace.per_day)
        return Delivery(
            delivery_id=delivery_id,
            key=key,
            kind=trace.kind,
            state="pending" if skip is None else "skipped",
            message_id=message_id(delivery_id, way.sender) if way.sender else f"<{delivery_id}@mailkit.invalid>",
            sender=way.sender or "",
            recipient=envelope_address(to.recipient) if to.recipient else (to.address or ""),
            account=way.account.key if way.account is not None and skip is None else None,
            created=now,
            due=due,
            expires=due + GIVE_UP + waits if skip is None else None,
            property=to.property,
            user=to.who,
            mailing=trace.kind,
            rule=way.rule,
            subject=subject if subject is not None else trace.subject,
            batch=self._batch,
            skip=skip,
            on_uncertain=self._uncertain or _ON_UNCERTAIN[trace.kind],
        )

    def _due(self, trace: Trace, to: Decision) -> dt.datetime:
        if not self._wait or trace.due_on is None:
            return self._now
        due = trace.due
        if due is None:
            zone = self._zones.of(to.property).info
            due = dt.datetime.combine(trace.due_on, dt.time(), zone).astimezone(dt.UTC)
        return max(due, self._now)
