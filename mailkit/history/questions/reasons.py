"""Why mails did not get through: the reasons, the most frequent first, each with what to do about it."""

# ruff: noqa: PD004 - isnull and notnull are what Ibis calls them; pandas is not meant

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailkit.history.choice import EVERYTHING, Filter
from mailkit.history.engine import History
from mailkit.history.life import FAILED
from mailkit.history.table import Table, column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REASONS", "failures", "meaning", "reasons"]

REASONS = Table(
    name="reasons",
    asks="What goes wrong, and what can be done?",
    columns=(
        column("reason", "text", "why, in a fixed word; missing: nothing was said, or it could not be told"),
        column("cause", "text", "why, finer"),
        column("deliveries", "count", "how many mails it hit"),
        column("times", "count", "how often it was said"),
        column("deferred", "count", "of these: refused for now"),
        column("rejected", "count", "refused for good"),
        column("bounced", "count", "came back"),
        column("got_through", "count", "of the deliveries: taken later, and nothing came back"),
        column("users", "count", "how many users or clerks"),
        column("domains", "count", "how many recipients' domains"),
        column("endpoints", "count", "how many servers said it"),
        column("first_seen", "moment", "when it was said first"),
        column("last_seen", "moment", "when it was said last"),
        column("summary", "text", "what it means"),
        column("fix", "text", "who can do what"),
        column("retry_helps", "yes", "whether the same mail may pass later"),
        column("account_risk", "yes", "whether trying again may lock the account"),
        column("sample_code", "text", "codes of the last such reply"),
        column("sample_reply", "text", "the last such reply"),
        column("sample_delivery", "text", "the delivery it was said about"),
    ),
)


def reasons(history: History, where: Filter = EVERYTHING, *, limit: int = 20) -> pd.DataFrame:
    """Give the reasons for which mails were deferred, rejected or returned, those that hit most mails first.

    Args:
        history: what to ask.
        where: which deliveries; here by when it was said, not by when the delivery began.
        limit: the most rows to give.

    Returns:
        The columns of :data:`REASONS`.
    """
    events = where.of_events(history.events, history.lives)
    events = events.filter(events.state.isin(FAILED))
    lives = history.lives
    # First one row for each delivery and reason, then the counts: an engine counts distinct ones far slower.
    each = events.group_by("reason", "cause", "delivery_id").agg(
        times=events.count(),
        deferred=events.count(where=events.state == "deferred"),
        rejected=events.count(where=events.state == "rejected"),
        bounced=events.count(where=events.state == "bounced"),
        first_seen=events.moment.min(),
        last_seen=events.moment.max(),
        sample=events.event_id.max(where=events.reply.notnull()),
        tie=events.event_id.min(),
        endpoint=events.endpoint.max(),
    )
    each = each.left_join(lives.select("delivery_id", "user", "recipient_domain", "outcome", way=lives.endpoint), "delivery_id")
    counts = each.group_by("reason", "cause").agg(
        deliveries=each.count(),
        **{name: each[name].sum() for name in ("times", "deferred", "rejected", "bounced")},
        got_through=each.count(where=each.outcome.isin(("unheard", "delivered"))),
        users=each.user.nunique(),
        domains=each.recipient_domain.nunique(),
        endpoints=each.endpoint.coalesce(each.way).nunique(),
        first_seen=each.first_seen.min(),
        last_seen=each.last_seen.max(),
        sample=each["sample"].max(),
        tie=each.tie.min(),
    )
    rows = history.rows(counts.order_by([counts.deliveries.desc(), counts.tie]).limit(limit + 1))
    kept = rows[:limit]
    samples = _samples(history, [row["sample"] for row in kept if row["sample"] is not None])
    return REASONS.frame(
        [row | meaning(row["reason"], row["cause"]) | samples.get(row["sample"], {}) for row in kept], more=len(rows) > limit
    )


def failures(reason: str | None, cause: str | None) -> str:
    """Give what a reason means, in one sentence."""
    said = meaning(reason, cause)["summary"]
    return str(said) if said else "No reason is known."


def meaning(reason: str | None, cause: str | None) -> dict[str, Any]:
    """Give what is known of a reason: what it means, who can do what, whether waiting helps."""
    from mailkit.explain.vocabulary import causes  # noqa: PLC0415 - the rules take a while to read
    from mailkit.explain.vocabulary import reasons as known  # noqa: PLC0415 - loaded when it is needed

    named = cause or (known()[reason].cause if reason in known() else None)
    found = causes().get(named) if named else None
    if found is None:
        return {"summary": None, "fix": None, "retry_helps": None, "account_risk": None}
    return {
        "summary": found.summary,
        "fix": " ".join(f"{one.who}: {one.action}" for one in found.fix) or None,
        "retry_helps": found.retry_helps,
        "account_risk": found.account_risk,
    }


def _samples(history: History, numbers: list[int]) -> dict[int, dict[str, Any]]:
    if not numbers:
        return {}
    chosen = history.events.filter(history.events.event_id.isin(numbers))
    return {
        row["event_id"]: {
            "sample_code": " ".join(str(code) for code in (row["reply_code"], row["enhanced_code"]) if code is not None) or None,
            "sample_reply": row["reply"],
            "sample_delivery": row["delivery_id"],
        }
        for row in history.rows(chosen.select("event_id", "reply_code", "enhanced_code", "reply", "delivery_id"))
    }
