"""Every table of the history once more: slow, in plain Python, from the events alone, sharing nothing with the expressions.

Each function gives rows as dictionaries, with times as microseconds since 1970, in the order in which the table has them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from mailkit.explain.vocabulary import causes as all_causes
from mailkit.explain.vocabulary import reasons as all_reasons
from mailkit.history.choice import Filter
from mailkit.journal import Event

Numbered = tuple[int, Event]
Row = dict[str, Any]

OWN = ("mailkit", "person")
ORDER = ["pending", "sending", "uncertain", "deferred", "skipped", "accepted", "rejected", "expired"]
TRIED = ["sending", "accepted", "deferred", "rejected", "uncertain", "delivered", "bounced"]
PARTS = ("before_ms", "queue_ms", "connect_ms", "transmit_ms")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


@dataclass
class Life:
    delivery_id: str
    events: list[Numbered]
    state: str = ""
    outcome: str = ""
    said: Row = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.said[name]
        except KeyError:
            raise AttributeError(name) from None


def _when(one: Numbered) -> tuple[int, int, int]:
    number, event = one
    # A moment is one of about a thousandth of a second; within it, what must have come first counts first.
    return (us(event.moment) - 946_684_800_000_000) // 1024, _progress(event.state), number


def _progress(state: str) -> int:
    return {"delivered": 6, "bounced": 7}.get(state, ORDER.index(state) if state in ORDER else 0)


def _later(some: list[Numbered]) -> Numbered:
    """The last of several: what others recorded by time, and after it in no case what the kit wrote down itself."""
    others = [one for one in some if one[1].source not in OWN]
    return max(others, key=_when) if others else max(some, key=lambda one: one[0])


def _last(events: list[Numbered]) -> Numbered:
    decisions = [number for number, event in events if event.source == "person"]
    valid = [one for one in events if not decisions or one[0] >= max(decisions)]
    own = [one for one in valid if one[1].source in OWN]
    others = [one for one in valid if one[1].source not in OWN]
    far = [one for one in valid if one[1].state in ("delivered", "bounced")]
    ended = [one for one in own if one[1].state == "accepted"] + [
        one for one in others if one[1].state in ("accepted", "rejected", "expired", "skipped")
    ]
    for some in (far, ended, own, others):
        if some:
            return _later(some)
    raise AssertionError("a delivery without an event")


def _rank(one: Numbered) -> tuple[Any, ...]:
    """How much an event says about where a mail is."""
    number, event = one
    own = event.source in OWN
    if event.state in ("delivered", "bounced"):
        level = 3
    elif own:
        level = 2 if event.state == "accepted" else 1
    else:
        level = 2 if event.state in ("accepted", "rejected", "expired", "skipped") else 0
    return (level, not own, *((number,) if own else _when(one)))


def lives(events: Iterable[Numbered]) -> list[Life]:
    stories: dict[str, list[Numbered]] = defaultdict(list)
    for one in events:
        stories[one[1].delivery_id].append(one)
    return [_life(name, story) for name, story in stories.items()]


def _life(name: str, events: list[Numbered]) -> Life:
    life = Life(name, events)
    first = min(events, key=lambda one: one[0])[1]
    last = _last(events)[1]
    tried_events = [one for one in events if one[1].attempt is not None or one[1].state in TRIED]
    tried = max(tried_events, key=_rank)[1] if tried_events else None
    handed_events = [one for one in tried_events if one[1].endpoint is not None]
    handed = max(handed_events, key=_rank)[1] if handed_events else None
    taken_events = [one for one in events if one[1].state in ("accepted", "delivered")]
    taken = min(taken_events, key=_rank)[1] if taken_events else None
    decisions = [number for number, event in events if event.source == "person"]
    since = max(decisions, default=0)
    accepted = any(number >= since and event.state in ("accepted", "delivered", "bounced") for number, event in events)
    life.state = last.state
    began = us(first.moment) if first.source in OWN else min(us(event.moment) for _, event in events)
    said: Row = {
        "began": began,
        "changed": us(last.moment),
        "accepted": accepted,
        "attempted": bool(tried_events),
        "origin": first.source,
    }
    said["first_try"] = min((us(event.moment) for _, event in tried_events), default=None)
    said["first_event"], said["last_event"] = min(number for number, _ in events), _last(events)[0]
    numbers = [event.attempt for _, event in events if event.attempt is not None]
    ends = sum(event.state in ("accepted", "deferred", "rejected", "uncertain") for _, event in events)
    said["attempts"] = max(numbers) if numbers else max(ends, 1 if tried_events else 0)
    for column in (
        "kind",
        "property",
        "user",
        "mailing",
        "rule",
        "sender",
        "recipient",
        "recipient_domain",
        "subject",
        "message_id",
    ):
        said[column] = _known(column, last, tried, first)
    for column in ("account", "endpoint"):
        said[column] = _known(column, handed, tried, last, first)
    for column in ("reason", "cause", "stage", "reply_code", "enhanced_code", "reply", "note", "source"):
        said[column] = getattr(last, column)
    said["next_try"] = us(last.next_try) if last.next_try else None
    said["taken"] = us(taken.moment) if taken else None
    said |= _latency(taken, began, len(events))
    life.said = said
    life.outcome = _outcome(life)
    return life


def _known(column: str, *events: Event | None) -> Any:
    return next((value for event in events if event and (value := getattr(event, column)) is not None), None)


def _latency(taken: Event | None, began: int, events: int) -> Row:
    if taken is None:
        return dict.fromkeys(("total_ms", *PARTS))
    parts = {part: getattr(taken, part) for part in PARTS}
    if None not in parts.values():
        return {"total_ms": sum(parts.values()), **parts}
    apart = us(taken.moment) - began
    return {"total_ms": apart / 1000 if events > 1 and apart >= 0 else None, **parts}


def _outcome(life: Life) -> str:
    if life.accepted:
        return {"delivered": "delivered", "bounced": "bounced", "rejected": "bounced", "expired": "bounced"}.get(
            life.state, "unheard"
        )
    if life.state in ("skipped", "rejected", "expired", "uncertain", "sending"):
        return life.state
    return "deferred" if life.attempted else "pending"


# ── choosing ──


def _begin(when: Any, zone: str) -> int | None:
    if when is None:
        return None
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day, tzinfo=ZoneInfo(zone))
    return us(when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone)))


def _asked(life: Life, where: Filter) -> bool:
    for name in ("user", "kind", "property", "endpoint", "mailing", "account", "state", "domain", "source"):
        wanted = getattr(where, name)
        if wanted is not None:
            column = {"domain": "recipient_domain", "source": "origin"}.get(name, name)
            if getattr(life, column) not in ((wanted,) if isinstance(wanted, str) else wanted):
                return False
    return True


def _between(moment: int, where: Filter) -> bool:
    since, until = _begin(where.since, where.zone), _begin(where.until, where.zone)
    return (since is None or moment >= since) and (until is None or moment < until)


def chosen(all_lives: list[Life], where: Filter) -> list[Life]:
    return [life for life in all_lives if _asked(life, where) and _between(life.began, where)]


def clock(moment: int, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def wall(when: datetime) -> int:
    return us(when.replace(tzinfo=UTC))


def key(life: Life, by: str, zone: str) -> Any:
    at = clock(life.began, zone)
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    times: dict[str, Callable[[], Any]] = {
        "day": lambda: wall(day),
        "hour": lambda: wall(at.replace(minute=0, second=0, microsecond=0)),
        "week": lambda: wall(day - timedelta(days=day.weekday())),
        "hour_of_day": lambda: at.hour,
    }
    return times[by]() if by in times else getattr(life, {"domain": "recipient_domain", "source": "origin"}.get(by, by))


def _groups(some: list[Life], by: Sequence[str], zone: str) -> list[tuple[tuple[Any, ...], list[Life]]]:
    together: dict[tuple[Any, ...], list[Life]] = defaultdict(list)
    for life in some:
        together[tuple(key(life, name, zone) for name in by)].append(life)
    if not by:
        return [((), some)]  # everything together is one row, also of nothing
    times = [at for at, name in enumerate(by) if name in ("day", "hour", "hour_of_day", "week")]
    return sorted(
        together.items(), key=lambda one: (*(one[0][at] for at in times), -len(one[1]), min(life.first_event for life in one[1]))
    )


# ── the questions ──


def latest(all_lives: list[Life], where: Filter, limit: int = 1000) -> list[Row]:
    some = sorted(chosen(all_lives, where), key=lambda life: (-life.changed, -life.last_event))
    return [life.said | {"delivery_id": life.delivery_id, "state": life.state} for life in some[:limit]]


def tally(some: list[Life], now: datetime) -> Row:
    ended = Counter(life.outcome for life in some)
    untried = sum(life.outcome == "expired" and not life.attempted for life in some)
    due = len(some) - ended["skipped"]
    attempted = sum(life.attempted for life in some if life.outcome != "skipped")
    accepted = sum(life.accepted for life in some)
    return {
        "deliveries": len(some),
        "skipped": ended["skipped"],
        "due": due,
        "unattempted": ended["pending"] + untried,
        "attempted": attempted,
        "accepted": accepted,
        "delivered": ended["delivered"],
        "bounced": ended["bounced"],
        "unheard": ended["unheard"],
        "rejected": ended["rejected"],
        "expired": ended["expired"] - untried,
        "uncertain": ended["uncertain"],
        "sending": ended["sending"],
        "deferred": ended["deferred"],
        "stuck": sum(waits_since(life) < us(now) - 3_600_000_000 for life in some if is_open(life)),
        "first_try": sum(life.accepted and life.attempts <= 1 for life in some),
        "accepted_share": accepted / attempted if attempted else None,
    }


def is_open(life: Life) -> bool:
    return life.outcome in ("pending", "sending", "deferred", "uncertain")


def waits_since(life: Life) -> int:
    return max(life.changed, life.next_try or life.changed)


def funnel(all_lives: list[Life], by: Sequence[str], where: Filter, now: datetime) -> list[Row]:
    groups = _groups(chosen(all_lives, where), by, where.zone)
    return [dict(zip(by, names, strict=True)) | tally(some, now) for names, some in groups]


def percentile(values: list[float], share: float) -> float | None:
    ordered = sorted(values)
    if not ordered:
        return None
    at = (len(ordered) - 1) * share
    low = floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def latency(all_lives: list[Life], by: Sequence[str], where: Filter) -> list[Row]:
    rows = []
    for names, some in _groups([life for life in chosen(all_lives, where) if life.taken is not None], by, where.zone):
        for part in ("total", "before", "queue", "connect", "transmit"):
            values = [value for life in some if (value := getattr(life, f"{part}_ms")) is not None]
            shares = {f"p{share}_ms": percentile(values, share / 100) for share in (50, 95, 99)}
            rows.append(
                dict(zip(by, names, strict=True))
                | {"part": part, "count": len(values), **shares, "max_ms": max(values, default=None)}
            )
    return rows


FAILED = ("deferred", "rejected", "uncertain", "bounced", "expired")


def _failures(events: Iterable[Numbered], all_lives: list[Life], where: Filter) -> list[tuple[int, Event, Life]]:
    whose = {life.delivery_id: life for life in all_lives}
    found = [(number, event, whose[event.delivery_id]) for number, event in events if event.state in FAILED]
    return [one for one in found if _asked(one[2], where) and _between(us(one[1].moment), where)]


def reasons(events: Iterable[Numbered], all_lives: list[Life], where: Filter, limit: int = 20) -> list[Row]:
    together: dict[tuple[str | None, str | None], list[tuple[int, Event, Life]]] = defaultdict(list)
    for one in _failures(events, all_lives, where):
        together[one[1].reason, one[1].cause].append(one)
    rows = []
    for (reason, cause), some in together.items():
        hit = {life.delivery_id: life for _, _, life in some}
        said = [one for one in some if one[1].reply is not None]
        sample = max(said, key=lambda one: one[0])[1] if said else None
        row: Row = {"reason": reason, "cause": cause, "deliveries": len(hit), "times": len(some)}
        for state in ("deferred", "rejected", "bounced"):
            row[state] = sum(event.state == state for _, event, _ in some)
        row["got_through"] = sum(life.outcome in ("unheard", "delivered") for life in hit.values())
        row["users"] = len({life.user for life in hit.values()} - {None})
        row["domains"] = len({life.recipient_domain for life in hit.values()} - {None})
        row["endpoints"] = len({_one_endpoint(name, some) or life.endpoint for name, life in hit.items()} - {None})
        row["first_seen"], row["last_seen"] = min(us(e.moment) for _, e, _ in some), max(us(e.moment) for _, e, _ in some)
        meant = all_causes().get(cause or (all_reasons()[reason].cause if reason in all_reasons() else ""))
        row |= {
            "summary": meant.summary if meant else None,
            "fix": " ".join(f"{fix.who}: {fix.action}" for fix in meant.fix) if meant else None,
            "retry_helps": meant.retry_helps if meant else None,
            "account_risk": meant.account_risk if meant else None,
            "sample_reply": sample.reply if sample else None,
            "sample_delivery": sample.delivery_id if sample else None,
            "sample_code": " ".join(str(code) for code in (sample.reply_code, sample.enhanced_code) if code) or None
            if sample
            else None,
            "tie": min(number for number, _, _ in some),
        }
        rows.append(row)
    return sorted(rows, key=lambda row: (-row["deliveries"], row["tie"]))[:limit]


def _one_endpoint(name: str, some: list[tuple[int, Event, Life]]) -> str | None:
    return max((event.endpoint for _, event, _ in some if event.delivery_id == name and event.endpoint), default=None)


BANDS = (
    ("under_1h", "under 1 h", 1),
    ("h1_to_4", "1 to 4 h", 4),
    ("h4_to_24", "4 to 24 h", 24),
    ("d1_to_3", "1 to 3 days", 72),
    ("d3_to_7", "3 to 7 days", 168),
)


def band(began: int, now: datetime) -> tuple[str, str]:
    hours = (us(now) - began) / 3_600_000_000
    return next(((name, words) for name, words, end in BANDS if hours < end), ("over_7d", "over 7 days"))


def stuck(all_lives: list[Life], where: Filter, now: datetime, limit: int = 1000) -> list[Row]:
    some = [life for life in chosen(all_lives, where) if is_open(life) and waits_since(life) < us(now) - 3_600_000_000]
    some.sort(key=lambda life: (waits_since(life), life.first_event))
    return [
        life.said
        | {
            "delivery_id": life.delivery_id,
            "state": life.outcome,
            "band": band(life.began, now)[1],
            "waits_since": waits_since(life),
        }
        for life in some[:limit]
    ]


def queue(all_lives: list[Life], by: Sequence[str], where: Filter, now: datetime) -> list[Row]:
    rows = []
    for names, some in _groups([life for life in chosen(all_lives, where) if is_open(life)], by, where.zone):
        ages = Counter(band(life.began, now)[0] for life in some)
        counts = {name: ages[name] for name in (*(name for name, _, _ in BANDS), "over_7d")}
        rows.append(
            dict(zip(by, names, strict=True))
            | counts
            | {"open": len(some), "oldest": min((life.began for life in some), default=None)}
        )
    return rows


def _silent(all_lives: list[Life], where: Filter, now: datetime) -> list[tuple[str, Life]]:
    found = []
    for life in chosen(all_lives, where):
        if life.attempted or life.outcome not in ("pending", "skipped", "expired"):
            continue
        because = "waiting"
        if life.outcome == "skipped":
            because = life.reason or "skipped"
        elif life.outcome == "expired":
            because = "expired"
        elif life.account is None and life.origin == "mailkit":
            because = "by-hand"
        elif life.next_try is not None and life.next_try > us(now):
            because = "not-due"
        found.append((because, life))
    return found


def unattempted(all_lives: list[Life], where: Filter, now: datetime, limit: int = 1000) -> list[Row]:
    some = sorted(_silent(all_lives, where, now), key=lambda one: (-one[1].began, -one[1].first_event))
    return [
        life.said | {"delivery_id": life.delivery_id, "because": because, "band": band(life.began, now)[1]}
        for because, life in some[:limit]
    ]


def silence(all_lives: list[Life], where: Filter, now: datetime) -> list[Row]:
    together: dict[str, list[Life]] = defaultdict(list)
    for because, life in _silent(all_lives, where, now):
        together[because].append(life)
    rows = [
        {
            "because": because,
            "deliveries": len(some),
            "users": len({life.user for life in some} - {None}),
            "oldest": min(life.began for life in some),
            "newest": max(life.began for life in some),
            "sample_delivery": max(some, key=lambda life: life.first_event).delivery_id,
            "tie": min(life.first_event for life in some),
        }
        for because, some in together.items()
    ]
    return sorted(rows, key=lambda row: (-row["deliveries"], row["tie"]))


def duplicates(all_lives: list[Life], where: Filter, limit: int = 1000) -> list[Row]:
    rows = []
    for life in chosen(all_lives, where):
        together: dict[tuple[str, str, str], list[Numbered]] = defaultdict(list)
        for number, event in life.events:
            if event.state in ("accepted", "delivered"):
                server = "" if event.source == "mailkit" else event.endpoint or ""
                together[event.state, event.source, server].append((number, event))
        for (state, source, _), some in together.items():
            if len(some) < 2:
                continue
            times = [us(event.moment) for _, event in some]
            ids = [event.message_id for _, event in sorted(some, key=lambda one: one[0]) if event.message_id is not None]
            rows.append(
                life.said
                | {
                    "delivery_id": life.delivery_id,
                    "what": state,
                    "times": len(some),
                    "first": min(times),
                    "last": max(times),
                    "gap_ms": (max(times) - min(times)) / 1000,
                    "same_message_id": len(set(ids)) == 1 if len(ids) > 1 else None,
                    "message_id": ids[-1] if ids else None,
                    "after_uncertain": any(event.state == "uncertain" for _, event in life.events),
                    "source": source,
                    "tie": max(number for number, _ in some),
                }
            )
    return sorted(rows, key=lambda row: (-row["last"], -row["tie"]))[:limit]


def gaps(all_lives: list[Life], by: str | None, where: Filter, every: str = "day") -> list[Row]:
    some = chosen(all_lives, where)

    def slot(moment: int) -> datetime:
        at = clock(moment, where.zone).replace(minute=0, second=0, microsecond=0)
        return at.replace(hour=0) if every == "day" else at

    def who(life: Life) -> str | None:
        return getattr(life, {"domain": "recipient_domain"}.get(by, by)) if by else None

    tried = Counter((who(life), slot(life.first_try)) for life in some if life.first_try is not None)
    tie: dict[Any, int] = {}
    for life in some:
        if life.first_try is not None:
            place = who(life), slot(life.first_try)
            tie[place] = min(tie.get(place, life.first_event), life.first_event)
    due = Counter((who(life), slot(life.began)) for life in some)
    if not tried:
        return []
    end = max(at for _, at in tried)
    rows = []
    for name, at in {(name, at + timedelta(weeks=week)) for name, at in tried for week in (1, 2, 3, 4)}:
        before = [(name, at - timedelta(weeks=week)) for week in (1, 2, 3, 4)]
        had = [one for one in before if one in tried]
        if (name, at) not in tried and len(had) >= 3 and at < end:
            usual = sum(tried[one] for one in had) / 4
            rows.append(
                {
                    "who": name,
                    "silent": wall(at),
                    "usual": usual,
                    "weeks": len(had),
                    "due": due[name, at],
                    "tie": min(tie[one] for one in had),
                }
            )
    return sorted(rows, key=lambda row: (-row["silent"], row["tie"]))


MEASURES = ("deliveries", "skipped", "unattempted", "attempted", "accepted", "accepted_share", "delivered", "bounced", "rejected")
MEASURES += ("expired", "uncertain", "deferred", "p50_ms", "p95_ms")


def before_after(
    events: Iterable[Numbered], all_lives: list[Life], when: Any, by: str | None, where: Filter, *, days: float, now: datetime
) -> list[Row]:
    at = _begin(when, where.zone)
    assert at is not None
    length = min(int(days * 86_400_000_000), us(now) - at)
    some = [life for life in all_lives if _asked(life, where) and at - length <= life.began < at + length]
    together: dict[Any, list[Life]] = defaultdict(list)
    for life in some:
        together[key(life, by, where.zone) if by else None].append(life)
    # The larger first; of equals, the one whose first delivery on either side was written down first.
    ordered = sorted(together.items(), key=lambda one: (-len(one[1]), min(life.first_event for life in one[1])))
    rows = []
    for name, group in ordered:
        sides = [[life for life in group if (life.began >= at) is after] for after in (False, True)]
        tallies = [tally(side, now) for side in sides]
        for side, made in zip(sides, tallies, strict=True):
            values = [life.total_ms for life in side if life.total_ms is not None]
            made |= {"p50_ms": percentile(values, 0.5), "p95_ms": percentile(values, 0.95)}
        for measure in MEASURES:
            before, after = (made[measure] for made in tallies)
            change = None if before is None or after is None else after - before
            rows.append(({by: name} if by else {}) | {"measure": measure, "before": before, "after": after, "change": change})
    if by is None:
        rows += _reasons_before_after(events, all_lives, where, at, length)
    return rows


def _reasons_before_after(events: Iterable[Numbered], all_lives: list[Life], where: Filter, at: int, length: int) -> list[Row]:
    hit: dict[str | None, dict[bool, set[str]]] = defaultdict(lambda: {False: set(), True: set()})
    tie: dict[str | None, int] = {}
    for number, event, life in _failures(events, [*all_lives], Filter(zone=where.zone)):
        if _asked(life, where) and at - length <= us(event.moment) < at + length:
            hit[event.reason][us(event.moment) >= at].add(life.delivery_id)
            tie[event.reason] = min(tie.get(event.reason, number), number)
    rows = []
    for reason, sides in sorted(hit.items(), key=lambda one: (-len(one[1][False]) - len(one[1][True]), tie[one[0]])):
        before, after = len(sides[False]), len(sides[True])
        rows.append({"measure": f"reason {reason or 'not known'}", "before": before, "after": after, "change": after - before})
    return rows


def story(events: Iterable[Numbered], name: str) -> list[Row]:
    mine = [one for one in events if one[1].delivery_id == name]
    keyed = []
    clock_of_the_kit = 0
    for number, event in sorted(mine, key=lambda one: one[0]):
        at = us(event.moment)
        if event.source in OWN:
            at = clock_of_the_kit = max(at, clock_of_the_kit)
        keyed.append((at, number, event))
    return [
        {"event_id": number, "moment": us(event.moment), "state": event.state}
        for _, number, event in sorted(keyed, key=lambda one: one[:2])
    ]


def check(events: list[Numbered], all_lives: list[Life], now: datetime) -> dict[str, int]:
    broken: Counter[str] = Counter()
    for life in all_lives:
        own = [event for _, event in sorted(life.events, key=lambda one: one[0]) if event.source in OWN]
        sendings = sum(event.state == "sending" for event in own)
        ends = sum(event.state in ("accepted", "uncertain") and event.attempt is not None for event in own)
        broken["accepted-unannounced"] += ends > sendings
        broken["begun-twice"] += life.origin in OWN and sendings > life.attempts
        broken["no-beginning"] += life.origin in OWN and not any(event.state in ("pending", "skipped") for event in own)
        times = [event.moment for event in own]
        broken["clock-set-back"] += bool(times) and (times[0] > min(times) or times[-1] < max(times))
        first, last = min(life.events, key=lambda one: one[0])[1], _last(life.events)[1]
        broken["renamed"] += None not in (first.message_id, last.message_id) and first.message_id != last.message_id
        broken["left-sending"] += life.outcome == "sending" and life.changed < us(now) - 3_600_000_000
    broken["future"] = sum(event.moment > now + timedelta(days=1) for _, event in events)
    broken["long-ago"] = sum(event.moment.year < 2000 for _, event in events)
    broken["unknown-state"] = broken["uncounted"] = 0
    return dict(broken)
