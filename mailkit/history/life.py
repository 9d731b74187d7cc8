"""What became of each delivery: its events folded into one row. The questions are asked of these rows; the events stay the truth.

Written once as an Ibis expression, for every engine. No argument about clocks is left to an engine: each event has a *place*, one
whole number, and the event with the highest place says what became of the delivery.

* What was seen at the far end (in the mailbox, or as a bounce) outweighs everything else.
* Then comes that a server took it, here or further on, or that another system gave it up; another system's log goes by its times.
* Then what the kit recorded itself, in the order in which it was written down, because a clock may be set back.
* That another system has it waiting comes last: it is that server's queue, not ours.
* What a person decides (to send it once more, say) ends what was before.

So the state is the one of the outbox, whose rule is :func:`mailkit.journal.change.moves_from`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["FAILED", "OUTCOMES", "OWN", "Outcome", "lives"]

Outcome = Literal[
    "pending", "skipped", "sending", "deferred", "uncertain", "rejected", "expired", "unheard", "delivered", "bounced"
]
"""Every delivery has exactly one. ``pending``: never tried. ``deferred``: tried, and waiting for the next try. ``unheard``: a
server took it, and nothing was heard since. ``bounced``: a server took it, and it came back or was given up. The others are the
latest state of mail that no server took."""

OUTCOMES: tuple[Outcome, ...] = (
    "pending",
    "skipped",
    "sending",
    "deferred",
    "uncertain",
    "rejected",
    "expired",
    "unheard",
    "delivered",
    "bounced",
)

OWN = ("mailkit", "person")
"""Sources that write an event down when it happens."""

FAILED = ("deferred", "rejected", "uncertain", "bounced", "expired")
"""States that have a reason why not."""

_FAR = ("delivered", "bounced")
_ATTEMPTED = ("sending", "accepted", "deferred", "rejected", "uncertain", "delivered", "bounced")
_TOOK = ("accepted", "delivered", "bounced")
_ENDS = ("accepted", "rejected", "expired", "skipped")
_ENDED = ("accepted", "deferred", "rejected", "uncertain")
_PROGRESS = {
    "pending": 0,
    "sending": 1,
    "uncertain": 2,
    "deferred": 3,
    "skipped": 4,
    "accepted": 5,
    "rejected": 6,
    "delivered": 6,
    "expired": 7,
    "bounced": 7,
}
"""Which of two events comes first that another system recorded in the same moment: a log has whole seconds."""

_BASE = 946_684_800_000_000  # the year 2000 in microseconds
_LANE = 2**61
_SPAN = 2**51 - 1
_STEP = 2**17

_SAID = ("reason", "cause", "stage", "reply_code", "enhanced_code", "reply", "next_try", "note", "source")
_WHO = ("kind", "property", "user", "mailing", "rule", "sender", "recipient", "recipient_domain", "subject", "message_id")
_WAY = ("account", "endpoint")
_PARTS = ("before_ms", "queue_ms", "connect_ms", "transmit_ms")


def lives(events: ir.Table) -> ir.Table:
    """Fold events into one row per delivery.

    Args:
        events: with the columns of :data:`mailkit.history.columns.EVENT_COLUMNS`.

    The row has ``delivery_id``; ``state`` (the latest) and ``outcome``; ``origin`` (the source of the first event); ``began``,
    ``first_try``, ``taken`` and ``changed`` (microseconds since 1970); ``attempts``; ``attempted``, ``accepted``; who, what, by
    which way (what the last event says, or the last attempt, or the first one); what was said last; the latency of the handover
    in milliseconds (``total_ms`` and its parts); and counts that duplicates and checks go by.
    """
    folded = _folded(events)
    first, last = (
        _chosen(events, "first", (*_WHO, *_WAY, "source", "moment")),
        _chosen(events, "last", (*_WHO, *_WAY, *_SAID, "state", "moment")),
    )
    tried, taken = _chosen(events, "tried", (*_WHO, *_WAY)), _chosen(events, "taken", (*_PARTS, "moment"))
    # A mailbox, or a bounce, knows nothing of the server that the mail was handed to.
    handed = _chosen(events, "handed", _WAY)
    wide = (
        folded.inner_join(first, "first_event")
        .inner_join(last, "last_event")
        .left_join(tried, "tried_event")
        .left_join(handed, "handed_event")
        .left_join(taken, "taken_event")
    )
    return _row(wide)


def _folded(events: ir.Table) -> ir.Table:
    import ibis  # noqa: PLC0415 - an optional extra

    decided = events.filter(events.source == "person").group_by("delivery_id").agg(decided=ibis._.event_id.max())
    joined = events.left_join(decided, "delivery_id")
    own = joined.source.isin(OWN)
    state = joined.state
    alive = joined.decided.isnull() | (joined.event_id >= joined.decided)
    placed = joined.select(
        "delivery_id",
        "event_id",
        "moment",
        "attempt",
        "state",
        place=_place(joined),
        alive=alive,
        own=own,
        tried=joined.attempt.notnull() | state.isin(_ATTEMPTED),
        taken=state.isin(("accepted", "delivered")),
        handed=joined.endpoint.notnull() & (joined.attempt.notnull() | state.isin(_ATTEMPTED)),
    )
    return placed.group_by("delivery_id").agg(
        events=ibis._.count(),
        first_event=placed.event_id.min(),
        last_event=placed.event_id.argmax(placed.place, where=placed.alive),
        tried_event=placed.event_id.argmax(placed.place, where=placed.tried),
        handed_event=placed.event_id.argmax(placed.place, where=placed.handed),
        taken_event=placed.event_id.argmin(placed.place, where=placed.taken),
        earliest=placed.moment.min(),
        first_try=placed.moment.min(where=placed.tried),
        highest=placed.attempt.max(),
        ends=placed.count(where=placed.state.isin(_ENDED)),
        proofs=placed.count(where=placed.alive & placed.state.isin(_TOOK)),
        acceptances=placed.count(where=placed.state == "accepted"),
        arrivals=placed.count(where=placed.state == "delivered"),
        queued=placed.count(where=placed.own & placed.state.isin(("pending", "skipped"))),
        sendings=placed.count(where=placed.own & (placed.state == "sending")),
        own_first=placed.moment.argmin(placed.event_id, where=placed.own),
        own_last=placed.moment.argmax(placed.event_id, where=placed.own),
        own_earliest=placed.moment.min(where=placed.own),
        own_latest=placed.moment.max(where=placed.own),
        own_ends=placed.count(where=placed.own & placed.attempt.notnull() & placed.state.isin(("accepted", "uncertain"))),
    )


def _place(events: ir.Table) -> ir.IntegerValue:
    """Give each event its place among those of its delivery; see the module."""
    import ibis  # noqa: PLC0415 - an optional extra

    own = events.source.isin(OWN)
    since = ibis.greatest(ibis.least(events.moment - _BASE, _SPAN), 0)
    # Shifting and counting by remainders only: a division of whole numbers is one of floats on some engines.
    timed = (since - since % 1024) * 1024 + _progress(events.state) * _STEP + events.event_id % _STEP
    lane: Any = ibis.cases(
        (events.state.isin(_FAR), 3),
        (own, (events.state == "accepted").ifelse(2, 1)),
        (events.state.isin(_ENDS), 2),
        else_=0,
    ).cast("int64")
    return lane * _LANE + own.ifelse(events.event_id, timed)


def _progress(state: ir.StringValue) -> Any:  # noqa: ANN401 - Ibis' own type
    import ibis  # noqa: PLC0415 - an optional extra

    return ibis.cases(*((state == name, rank) for name, rank in _PROGRESS.items()), else_=0).cast("int64")


def _chosen(events: ir.Table, role: str, names: tuple[str, ...]) -> ir.Table:
    return events.select(**{f"{role}_event": events.event_id}, **{f"{role}_{name}": events[name] for name in names})


def _row(wide: ir.Table) -> ir.Table:
    import ibis  # noqa: PLC0415 - an optional extra

    state = wide.last_state
    accepted = wide.proofs > 0
    attempted = wide.tried_event.notnull()
    began = wide.first_source.isin(OWN).ifelse(wide.first_moment, wide.earliest)
    outcome = ibis.cases(
        (accepted & (state == "delivered"), "delivered"),
        (accepted & state.isin(("bounced", "rejected", "expired")), "bounced"),
        (accepted, "unheard"),
        (state.isin(("skipped", "rejected", "expired", "uncertain", "sending")), state),
        (attempted, "deferred"),
        else_="pending",
    )
    parts = [wide[f"taken_{part}"] for part in _PARTS]
    together = parts[0] + parts[1] + parts[2] + parts[3]
    # Two events of one clock; a negative difference is a clock that was set back, so nothing is known.
    apart = ((wide.events > 1) & (wide.taken_moment >= began)).ifelse((wide.taken_moment - began) / 1000.0, ibis.null("float64"))
    return wide.select(
        "delivery_id",
        state=state,
        outcome=outcome,
        began=began,
        first_try=wide.first_try,
        taken=wide.taken_moment,
        changed=wide.last_moment,
        attempts=ibis.coalesce(wide.highest, ibis.greatest(wide.ends, attempted.ifelse(1, 0).cast("int64"))),
        attempted=attempted,
        accepted=accepted,
        **{name: ibis.coalesce(wide[f"last_{name}"], wide[f"tried_{name}"], wide[f"first_{name}"]) for name in _WHO},
        **{name: ibis.coalesce(*(wide[f"{role}_{name}"] for role in ("handed", "tried", "last", "first"))) for name in _WAY},
        **{name: wide[f"last_{name}"] for name in _SAID},
        origin=wide.first_source,
        total_ms=ibis.coalesce(together, apart),
        **{part: wide[f"taken_{part}"] for part in _PARTS},
        events=wide.events,
        first_event=wide.first_event,
        last_event=wide.last_event,
        acceptances=wide.acceptances,
        arrivals=wide.arrivals,
        queued=wide.queued,
        sendings=wide.sendings,
        own_ends=wide.own_ends,
        backwards=((wide.own_first > wide.own_earliest) | (wide.own_last < wide.own_latest)).fill_null(False),  # noqa: FBT003 - Ibis' own
        renamed=(wide.first_message_id != wide.last_message_id).fill_null(False),  # noqa: FBT003 - Ibis' own
    )
