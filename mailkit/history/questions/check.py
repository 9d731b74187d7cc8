"""Can the log be trusted? Rules that every journal keeps, each with what breaks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailkit.history.choice import DAY, micros
from mailkit.history.engine import History
from mailkit.history.life import OWN
from mailkit.history.table import Table, column
from mailkit.journal.delivery import STATES

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

__all__ = ["CHECK", "check"]

_YEAR_2000 = 946_684_800_000_000

CHECK = Table(
    name="check",
    asks="Can the log be trusted?",
    columns=(
        column("rule", "text", "the rule, in a fixed word"),
        column("ok", "yes", "whether it holds"),
        column("broken", "count", "by how many deliveries or events it is not kept"),
        column("says", "text", "what it means that it is not kept"),
        column("sample_delivery", "text", "a delivery that breaks it"),
    ),
)

_SAYS = {
    "accepted-unannounced": "A mail was taken, or may have been, and that it was about to leave was not written down before.",
    "begun-twice": "One attempt was begun twice: two senders may have had the same mail.",
    "no-beginning": "The kit's own mail has no record of having been queued: the beginning was deleted, or is in another store.",
    "clock-set-back": "The times of one mail run backwards: a clock was set back. Its latencies are not known.",
    "renamed": "One mail has two Message-IDs: a repeated copy would not be recognised.",
    "left-sending": "A mail has been on its way for more than an hour: its sender was ended, and none came after it.",
    "unknown-state": "The state of an event is none that is known: it is not counted anywhere.",
    "future": "An event lies more than a day in the future: a clock or a time zone was wrong.",
    "long-ago": "An event is older than the year 2000: a clock was not set.",
    "uncounted": "Events that belong to no counted delivery: the copy that is asked is not complete; open it anew.",
}


def check(history: History, *, now: datetime | None = None) -> pd.DataFrame:
    """Check rules that a journal keeps when nothing was lost and nobody changed it.

    The store's own check (:meth:`mailkit.journal.Store.check`) compares the outbox with the events as well.

    Args:
        history: what to ask.
        now: the present when not given.

    Returns:
        The columns of :data:`CHECK`; a row for every rule, the broken ones first.
    """
    at = micros(now or datetime.now(UTC), "UTC") or 0
    lives, events = history.lives, history.events
    own = lives.origin.isin(OWN)
    hour = timedelta(hours=1) // timedelta(microseconds=1)
    of_lives = {
        "accepted-unannounced": lives.own_ends > lives.sendings,
        "begun-twice": own & (lives.sendings > lives.attempts),
        "no-beginning": own & (lives.queued == 0),
        "clock-set-back": lives.backwards,
        "renamed": lives.renamed,
        "left-sending": (lives.outcome == "sending") & (lives.changed < at - hour),
    }
    of_events = {
        "unknown-state": events.state.notin(STATES),
        "future": events.moment > at + DAY,
        "long-ago": events.moment < _YEAR_2000,
    }
    found = _broken(history, lives, of_lives, lives.first_event) | _broken(history, events, of_events, events.event_id)
    counted = history.one(lives.agg(number=lives.events.sum()))["number"] or 0
    there = history.one(events.agg(number=events.count()))["number"]
    found["uncounted"] = (abs(there - counted), None)
    rows = [
        {"rule": rule, "ok": count == 0, "broken": count, "says": _SAYS[rule] if count else None, "sample_delivery": sample}
        for rule, (count, sample) in ((rule, found[rule]) for rule in _SAYS)
    ]
    return CHECK.frame(sorted(rows, key=lambda row: bool(row["ok"])))


def _broken(history: History, table: ir.Table, rules: dict[str, Any], number: ir.Column) -> dict[str, tuple[int, str | None]]:
    """Count what breaks each rule, in one scan, with the first delivery that does."""
    asked = {f"n{at}": table.count(where=rule) for at, rule in enumerate(rules.values())}
    asked |= {f"d{at}": table.delivery_id.argmin(number, where=rule) for at, rule in enumerate(rules.values())}
    row = history.one(table.agg(**asked))
    return {rule: (row[f"n{at}"], row[f"d{at}"]) for at, rule in enumerate(rules)}
