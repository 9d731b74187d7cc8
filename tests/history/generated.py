"""Journals made up for the tests: every story a mail can have, in the order in which a store would have written it down."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from mailkit.journal import Event

__all__ = ["NOW", "START", "journal"]

START = datetime(
    2026, 9, 14, 4, tzinfo=UTC
)  # a Monday; the weeks after hold the end of summer time on both sides of the Atlantic
WEEKS = 8
NOW = START + timedelta(weeks=WEEKS, hours=2)

_USERS = ("frontdesk", "housekeeping", "maintenance", "bookkeeping", "estimating", "dispatch")
_DOMAINS = ("hotel.test", "builder.test", "example.com", "example.org")
_PROPERTIES = ("MAIN", "LAKE", None)
_REASONS = (
    ("userunknown", "recipient_unknown", 550, "5.1.1", "550 5.1.1 no such user"),
    ("mailboxfull", "mailbox_full", 452, "4.2.2", "452 4.2.2 mailbox full"),
    ("securityerror", "auth_credentials", 535, "5.7.8", "535 5.7.8 authentication failed"),
    ("blocked", None, 554, "5.7.1", '554 5.7.1 =HYPERLINK("http://example.com") blocked'),
    (None, None, None, None, None),
)

Steps = Iterator[Event]


class Mail:
    """One mail on its way, as the kit writes it down."""

    def __init__(self, random: random.Random, number: int, begins: datetime) -> None:
        self.random, self.number, self.at = random, number, begins
        user = random.choice(_USERS)
        domain = random.choice(_DOMAINS)
        self.way = {
            "account": f"{user} at mx{random.randint(1, 2)}.example.com:587",
            "endpoint": f"mx{random.randint(1, 2)}.example.com:587",
        }
        self.who = {
            "delivery_id": f"d{number:06}",
            "message_id": f"<d{number:06}@hotel.test>",
            "kind": random.choice(("trace", "trace", "test", "staff")),
            "property": random.choice(_PROPERTIES),
            "user": user,
            "mailing": random.choice(("standard", "bulk", None)),
            "sender": "traces@hotel.test",
            "recipient": f"{user}@{domain}",
            "recipient_domain": domain,
            "subject": random.choice(("Trace 4711", "Réveil à 7 h", "=1+1", None)),
        }
        self.keys = count()

    def wait(self, low: float, high: float) -> None:
        self.at += timedelta(microseconds=round(self.random.uniform(low, high) * 1e6))

    def event(self, state: str, source: str = "mailkit", **facts: object) -> Event:
        known = (
            self.who | (self.way if source in ("mailkit", "person") else {}) | {"source_key": f"{self.number}/{next(self.keys)}"}
        )
        return Event(state=state, source=source, **{"moment": self.at} | known | facts)  # type: ignore[arg-type]

    def log(self, state: str, source: str = "postfix", **facts: object) -> Event:
        """What another system writes: whole seconds, and nothing about users."""
        bare = {"kind": None, "user": None, "mailing": None, "property": None, "subject": None, "account": None}
        return self.event(state, source, **bare | {"moment": self.at.replace(microsecond=0)} | facts)

    def parts(self) -> dict[str, float]:
        return {
            "before_ms": round(self.random.uniform(0, 5000), 3),
            "queue_ms": round(self.random.expovariate(1 / 2000), 3),
            "connect_ms": round(self.random.uniform(0, 300), 3),
            "transmit_ms": round(self.random.expovariate(1 / 150), 3),
        }

    def because(self) -> dict[str, object]:
        names = ("reason", "cause", "reply_code", "enhanced_code", "reply")
        return dict(zip(names, self.random.choice(_REASONS), strict=True))

    def attempt(self, number: int, state: str, **facts: object) -> Steps:
        self.wait(0.5, 30)
        yield self.event("sending", attempt=number, stage="data")
        self.wait(0.05, 3)
        yield self.event(state, attempt=number, stage="data", **facts)

    def taken(self, number: int = 1) -> Steps:
        yield from self.attempt(
            number, "accepted", reply_code=250, reply="250 2.0.0 Ok: queued", **self.parts() if self.random.random() < 0.7 else {}
        )

    def seen(self) -> Event:
        self.wait(0.2, 40)
        return self.event("delivered", "mailbox", stage="arrival")


def delivered(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.taken()
    yield mail.seen()


def accepted(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.taken()


def deferred_then_delivered(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.attempt(1, "deferred", **mail.because(), next_try=mail.at + timedelta(minutes=5))
    mail.wait(300, 4000)
    yield from mail.taken(2)
    yield mail.seen()


def unreachable_then_accepted(mail: Mail) -> Steps:
    """The first attempt did not come as far as the body, so nothing says that one was about to leave."""
    yield mail.event("pending")
    mail.wait(1, 5)
    yield mail.event(
        "deferred", attempt=1, stage="connect", reason="networkerror", cause="network", next_try=mail.at + timedelta(minutes=5)
    )
    mail.wait(300, 400)
    yield from mail.taken(2)


def refused(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.attempt(1, "rejected", **mail.because())


def never_attempted(mail: Mail) -> Steps:
    due = {"next_try": mail.at + timedelta(days=mail.random.choice((0, 90)))} if mail.random.random() < 0.5 else {}
    yield mail.event("pending", **due | ({"account": None} if mail.random.random() < 0.3 else {}))


def skipped(mail: Mail) -> Steps:
    yield mail.event(
        "skipped",
        reason=mail.random.choice(("no-address", "too-old", "switched-off", None)),
        note=mail.random.choice(("before the line", None)),
    )


def uncertain_then_resent(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.attempt(1, "uncertain", note="the line was cut")
    yield mail.event("pending", note="to be sent again")
    yield from mail.taken(2)
    if mail.random.random() < 0.5:
        yield mail.seen()


def uncertain_for_good(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.attempt(1, "uncertain")
    if mail.random.random() < 0.5:
        mail.wait(60, 6000)
        yield mail.event(mail.random.choice(("accepted", "rejected", "pending")), "person", note="support")


def uncertain_then_found_in_a_log(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.attempt(1, "uncertain")
    yield mail.log("accepted", moment=mail.at - timedelta(seconds=2))


def sent_twice(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.taken(1)
    yield mail.seen()
    yield from mail.taken(2)
    yield mail.event("delivered", "mailbox", message_id=mail.random.choice(("<other@hotel.test>", None, mail.who["message_id"])))


def still_waiting(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.attempt(1, "deferred", **mail.because(), next_try=mail.at + timedelta(days=mail.random.choice((0, 60))))


def sender_ended(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield next(mail.attempt(1, "accepted"))


def bounced(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.taken()
    # The other server's clock is behind: the bounce seems older than what it answers.
    mail.wait(-5, 600)
    yield mail.event("bounced", "bounce", **mail.because(), user=None, endpoint=None)


def bounced_then_sent_again_by_a_person(mail: Mail) -> Steps:
    yield from bounced(mail)
    mail.wait(100, 1000)
    yield mail.event("pending", "person", note="support: resend")
    if mail.random.random() < 0.7:
        yield from mail.taken(2)


def expired(mail: Mail) -> Steps:
    yield mail.event("pending")
    if mail.random.random() < 0.7:
        yield from mail.attempt(1, "deferred", **mail.because())
    mail.wait(40_000, 400_000)
    yield mail.event("expired")


def accepted_then_given_up_further_on(mail: Mail) -> Steps:
    yield from accepted(mail)
    mail.wait(1, 20)
    yield mail.log("deferred", **mail.because())
    if mail.random.random() < 0.6:
        mail.wait(40_000, 400_000)
        yield mail.log("expired", reason="expired", cause="expired")


def late_reply_of_a_sender_thought_dead(mail: Mail) -> Steps:
    yield mail.event("pending")
    yield from mail.taken()
    yield mail.event("deferred", attempt=1, reason="networkerror")


def clock_set_back(mail: Mail) -> Steps:
    yield mail.event("pending")
    mail.wait(-9000, -3000)
    yield from mail.taken()


def clock_set_back_and_forth(mail: Mail) -> Steps:
    yield mail.event("pending")
    mail.wait(-9000, -3000)
    yield from mail.attempt(1, "deferred", reason="mailboxfull", cause="mailbox_full")
    mail.wait(20_000, 30_000)
    yield from mail.taken(2)


def by_another_system(mail: Mail) -> Steps:
    """A mail log, read in the order of its files: the later file first."""
    first = mail.log("deferred", **mail.because(), **mail.parts())
    mail.wait(100, 3000)
    second = mail.log("accepted", **mail.parts())
    yield from (second, first) if mail.random.random() < 0.5 else (first, second)


def in_one_second(mail: Mail) -> Steps:
    """A log has whole seconds; what comes first must be known otherwise."""
    yield mail.log("accepted", endpoint=None)
    yield mail.log("pending", endpoint=None)


def through_a_filter(mail: Mail) -> Steps:
    """One server hands it to its own filter and then on: taken twice, and not a duplicate."""
    yield mail.log("accepted", endpoint="127.0.0.1:10024", **mail.parts())
    mail.wait(0, 2)
    yield mail.log("accepted", endpoint="mx.example.org:25", **mail.parts())


def twice_in_a_log(mail: Mail) -> Steps:
    yield mail.log("accepted", endpoint="mx.example.org:25", message_id=None)
    mail.wait(5, 500)
    yield mail.log("accepted", endpoint="mx.example.org:25", message_id=None)


def by_a_message_trace(mail: Mail) -> Steps:
    yield mail.log(
        mail.random.choice(("delivered", "bounced", "pending", "rejected", "accepted")),
        "exchange-trace",
        endpoint=None,
        reason="filtered",
    )


def resubmitted(mail: Mail) -> Steps:
    yield mail.log("rejected", **mail.because())
    mail.wait(60, 600)
    yield mail.log("accepted")


def nearly_nothing_known(mail: Mail) -> Steps:
    yield Event(moment=mail.at, delivery_id=f"x{mail.number}", state="deferred", source="csv", source_key=f"x{mail.number}")


_STORIES: tuple[tuple[Callable[[Mail], Steps], int], ...] = (
    (delivered, 30),
    (accepted, 12),
    (deferred_then_delivered, 6),
    (unreachable_then_accepted, 3),
    (refused, 4),
    (never_attempted, 4),
    (skipped, 3),
    (uncertain_then_resent, 2),
    (uncertain_for_good, 2),
    (uncertain_then_found_in_a_log, 1),
    (sent_twice, 2),
    (still_waiting, 3),
    (sender_ended, 1),
    (bounced, 3),
    (bounced_then_sent_again_by_a_person, 1),
    (expired, 2),
    (accepted_then_given_up_further_on, 2),
    (late_reply_of_a_sender_thought_dead, 1),
    (clock_set_back, 1),
    (clock_set_back_and_forth, 1),
    (by_another_system, 5),
    (in_one_second, 2),
    (through_a_filter, 1),
    (twice_in_a_log, 1),
    (by_a_message_trace, 4),
    (resubmitted, 1),
    (nearly_nothing_known, 1),
)


def journal(seed: int = 1, mails: int = 2000) -> list[Event]:
    """Make a journal; the same for the same seed. Several mails are on their way at once, each in its own order."""
    dice = random.Random(seed)
    stories = [story for story, weight in _STORIES for _ in range(weight)]
    told: list[tuple[datetime, int, int, Event]] = []
    for number in range(mails):
        begins = START + timedelta(microseconds=dice.randrange(WEEKS * 7 * 86_400 * 1_000_000))
        mail = Mail(dice, number, begins)
        if mail.who["user"] == "frontdesk" and 36 <= (begins - START).days < 38:
            continue  # two days in which the front desk is silent, against its habit
        if (begins - START).days == 45:
            continue  # a day on which all are
        story = stories[number % len(stories)]
        written = begins
        for step, event in enumerate(story(mail)):
            # Written down when it happened, or at once after what was written down before.
            written = max(written, event.moment)
            told.append((written, number, step, event))
    return [event for *_, event in sorted(told, key=lambda one: one[:3])]
