"""What the panel knows, as frozen values: the plan of the site, what was chosen, and how each mail of the round stands.

No widget in here. A round tells what happens (:mod:`.happening`); a :class:`Record` holds what is known of one mail of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from mailkit.attempt import Attempt
from mailkit.explain import Explanation
from mailkit.finding import Finding
from mailkit.journal import Delivery, Event
from mailkit.mail.follow import Arrival
from mailkit.mail.news import Halted, Moved, Opened, Paused
from mailkit.observation import Line, ProbeDocument
from mailkit.panels.job import Progress
from mailkit.panels.send.happening import Arrived, Asked, Ended, Happening, Phase, Queued, Reported, Said, SignIn
from mailkit.panels.send.order import Order
from mailkit.panels.send.plan import Light, Plan, Tone, light
from mailkit.report.sending_words import state as in_words
from mailkit.report.words import duration
from mailkit.site import Site

__all__ = ["PAGE", "Record", "Round", "SendModel"]

PAGE = 10
"""Rows on a page of the table."""

_TONE: dict[str, Tone] = {"accepted": "ok", "delivered": "ok", "deferred": "warning", "uncertain": "warning", "rejected": "error"}
_TONE |= {"bounced": "error", "expired": "error", "skipped": "warning"}
_UNDER_WAY = frozenset({"pending", "sending"})


@dataclass(frozen=True)
class Record:
    """One mail of a round."""

    delivery: Delivery
    story: tuple[Event, ...] = ()
    explanation: Explanation | None = None
    transcript: tuple[Line, ...] = ()
    arrival: Arrival | None = None
    findings: tuple[Finding, ...] = ()
    """About its arrival, the most important first."""
    attempts: tuple[Attempt, ...] = ()

    @property
    def light(self) -> Light:
        """Its state, in words, with the time, and how long after the step before."""
        delivery, arrival = self.delivery, self.arrival
        words = in_words(delivery)
        junk = delivery.state == "delivered" and arrival is not None and any(copy.use == "junk" for copy in arrival.copies)
        if delivery.state in _UNDER_WAY:
            return Light(words, "info" if delivery.state == "sending" else "quiet")
        missing = delivery.state == "accepted" and arrival is not None and arrival.found in ("missing", "not-looked")
        when = f" {delivery.changed:%H:%M:%S}" if delivery.changed else ""
        after = f", {late}" if delivery.state in ("delivered", "bounced") and (late := self._after()) else ""
        tone = "warning" if missing or junk else _TONE.get(delivery.state, "quiet")
        return Light(f"{words}{' to junk' if junk else ''}{when}{after}{', not seen' if missing else ''}", tone)

    def _after(self) -> str:
        taken = next((one.moment for one in self.story if one.state in ("accepted", "uncertain")), None)
        if taken is None or self.delivery.changed is None or self.delivery.changed < taken:
            return ""
        late = (self.delivery.changed - taken).total_seconds()
        # A mailbox knows when a mail came to the second, not better.
        return "within a second" if late < 1 else f"{duration(late * 1000)} later"


@dataclass(frozen=True)
class Round:
    """What is known of a round: made of all that happened until now."""

    happened: tuple[Happening, ...] = ()

    @cached_property
    def records(self) -> dict[str, Record]:
        """Its mails by their ids, in the order of the choice."""
        found: dict[str, Record] = {}
        talks: dict[str, tuple[Line, ...]] = {}
        for one in self.happened:
            _note(found, talks, one)
        return found

    @cached_property
    def servers(self) -> dict[str, ProbeDocument]:
        """Servers that could not be reached, as they were probed then, by endpoint."""
        return {one.endpoint: one.document for one in self.happened if isinstance(one, Asked)}

    @cached_property
    def said(self) -> tuple[str, ...]:
        """Sentences for the person, each once."""
        return tuple(dict.fromkeys(one.text for one in self.happened if isinstance(one, Said)))

    @property
    def phase(self) -> Phase | None:
        """What is going on."""
        return next((one for one in reversed(self.happened) if isinstance(one, Phase)), None)

    @property
    def sign_in(self) -> SignIn | None:
        """What somebody is to do for a sign-in that is under way."""
        for one in reversed(self.happened):
            if isinstance(one, SignIn):
                return one
            if not isinstance(one, Said):
                return None
        return None


def _note(found: dict[str, Record], talks: dict[str, tuple[Line, ...]], one: Happening) -> None:
    if isinstance(one, Queued):
        found.update((delivery.delivery_id, Record(delivery)) for delivery in one.deliveries)
    elif isinstance(one, Opened):
        talks[one.account] = one.transcript
    elif isinstance(one, Paused | Halted):
        talks[one.account] = one.transcript or talks.get(one.account, ())
    elif isinstance(one, Moved):
        before = found.get(one.delivery.delivery_id, Record(one.delivery))
        talk = (*talks.get(one.delivery.account or "", ()), *one.transcript) if one.delivery.state not in _UNDER_WAY else ()
        found[one.delivery.delivery_id] = replace(
            before,
            delivery=one.delivery,
            story=(*before.story, one.event),
            explanation=one.explanation or before.explanation,
            transcript=talk or before.transcript,
        )
    elif isinstance(one, Arrived):
        before = found.get(one.delivery.delivery_id, Record(one.delivery))
        found[one.delivery.delivery_id] = replace(before, delivery=one.delivery, arrival=one.arrival, findings=one.findings)
    elif isinstance(one, Reported):
        before = found.get(one.delivery.delivery_id, Record(one.delivery))
        found[one.delivery.delivery_id] = replace(before, delivery=one.delivery)
    elif isinstance(one, Ended):
        for delivery in one.deliveries:
            before = found.get(delivery.delivery_id, Record(delivery))
            story = one.stories.get(delivery.delivery_id, before.story)
            tried = tuple(attempt for attempt in one.attempts if attempt.delivery_id == delivery.delivery_id)
            found[delivery.delivery_id] = replace(before, delivery=delivery, story=story, attempts=tried or before.attempts)


@dataclass(frozen=True)
class SendModel:
    """A moment of the panel.

    Attributes:
        site: what was loaded; ``None``: nothing yet.
        file: the name of its file.
        plan: every mail of it.
        ticked: rows that were chosen.
        opened: the row that is looked at; -1: none.
        wanted, page: what the table is filtered by, and its page.
        given: keys of the accounts that have what they log in with.
        shown: the order whose preview was shown last.
        order: the one that is, or was, sent.
        progress: of that.
        later: what happened after the round, in order.
        stopped: somebody pressed Stop.
    """

    site: Site | None = None
    file: str = ""
    plan: Plan = field(default_factory=Plan)
    ticked: frozenset[int] = frozenset()
    opened: int = -1
    wanted: str = ""
    page: int = 1
    given: frozenset[str] = frozenset()
    shown: Order | None = None
    order: Order | None = None
    progress: Progress[Happening] = Progress()  # noqa: RUF009 - frozen
    later: tuple[Happening, ...] = ()
    stopped: bool = False

    @cached_property
    def round(self) -> Round:
        """All that is known of the round that is, or was, sent."""
        return Round((*self.progress.events, *self.later))

    @cached_property
    def by_row(self) -> dict[int, Record]:
        """Mails of the round by their rows."""
        records = list(self.round.records.values())
        return dict(zip(self.order.rows, records, strict=False)) if self.order is not None else {}

    def light(self, row: int) -> Light:
        """How it stands with a row: what became of it, or whether it can be sent."""
        if (record := self.by_row.get(row)) is not None:
            return record.light
        one = self.plan.mails[row]
        return light(one, secret=one.account is not None and one.account.key in self.given)

    @cached_property
    def found(self) -> tuple[int, ...]:
        """Rows that the filter lets through."""
        wanted = self.wanted.casefold().strip()
        rows = range(len(self.plan.mails))
        if not wanted:
            return tuple(rows)
        return tuple(
            row for row in rows if any(wanted in cell.casefold() for cell in (*self.plan.cells[row], self.light(row).words))
        )

    @property
    def pages(self) -> int:
        """Of the table."""
        return max(1, -(-len(self.found) // PAGE))

    @property
    def on_page(self) -> tuple[int, ...]:
        """Rows that are shown."""
        first = (min(self.page, self.pages) - 1) * PAGE
        return self.found[first : first + PAGE]

    @cached_property
    def lacking(self) -> tuple[str, ...]:
        """Keys of accounts that chosen mails leave by and that have nothing to log in with."""
        accounts = self.plan.accounts(self.ticked)
        return tuple(key for key, account in accounts.items() if account.login is not None and key not in self.given)

    def turned(self, wanted: str, page: int) -> SendModel:
        """Filter by other words, or turn to another page."""
        other = replace(self, wanted=wanted)
        return replace(other, page=min(max(1, page), other.pages))

    def tick(self, rows: Iterable[int], *, on: bool) -> SendModel:
        """Choose rows, or do not; what cannot be sent is never chosen."""
        some = frozenset(rows) & self.plan.sendable
        return replace(self, ticked=self.ticked | some if on else self.ticked - some)
