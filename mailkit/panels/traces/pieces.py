"""A preview, what was queued and how things stand, as markup. Pure; everything a source or a server said is escaped.

The words for reasons, states and durations are those of :mod:`mailkit.report.traces`, so that terminal and panel say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mailkit.journal import STATES, State
from mailkit.panels.site.markup import card
from mailkit.panels.traces.charts import who
from mailkit.panels.traces.deeds import Previewed
from mailkit.panels.traces.setup import in_the_way
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold
from mailkit.report.traces import KIND_WORDS, STATE_WORDS, duration_words
from mailkit.report.words import count, moment
from mailkit.text import shorten
from mailkit.traces.decision import REASONS, reason_words, what_to_do
from mailkit.traces.desk import Queued
from mailkit.traces.ledger import Activation
from mailkit.traces.preview import ClerkShare, Forecast, Left, Parameter, Preview, WindowShown
from mailkit.traces.standing import Standing
from mailkit.traces.trace import Unusable

__all__ = ["activated_note", "by_clerk_and_state", "preview_sections", "queued_card", "skips", "tone_of_state"]

_ACTIVATION = {
    "first": "Switching on now, for the first time, would send",
    "taking-over": "The site file says trace mail was on before, which repeats nothing. Switching on here would send",
    "again": "Switching on again now would send",
    "active": "Trace mail is on, and nothing of before is sent again. The next run would queue",
}
_STATUS = {
    "documented": ("documented", "ok"),
    "inferred": ("assumed", "warning"),
    "chosen": ("as you said", "info"),
    "site-file": ("site file", "info"),
}
_TONES: dict[State, str] = {
    "accepted": "ok",
    "delivered": "ok",
    "deferred": "warning",
    "uncertain": "warning",
    "rejected": "error",
    "bounced": "error",
    "expired": "error",
}
_CLERKS, _NAMES, _ROWS = 40, 8, 100

Section = tuple[str, str]


def tone_of_state(state: State) -> str:
    """Return the tone of a state; its words say the same."""
    return _TONES.get(state, "unknown")


# ── preview ────────────────────────────────────────────────────────────────────────────────────────────────────────


def preview_sections(seen: Previewed) -> list[Section]:
    """Return the sections of a preview: the sum, who gets what, what is left out, what decides."""
    preview = seen.preview
    parts = (
        ("sum", _sum(preview)),
        ("before", in_the_way(tuple(one for one in preview.findings if one.code != "site.backfill-pending"))),
        ("days", seen.chart.figure if seen.chart else _days(preview)),
        ("clerks", _clerks(preview)),
        ("left", _left(preview.left)),
        ("unusable", _unusable(preview.unusable, preview.unusable_rows)),
        ("parameters", _parameters(preview.parameters)),
        ("otherwise", _otherwise(preview)),
        ("source", _source(preview)),
    )
    return [(f"preview {name}", markup) for name, markup in parts if markup]


def _sum(preview: Preview) -> str:
    kinds = ", ".join(count(number, KIND_WORDS[kind]) for kind, number in preview.by_kind.items())
    number = count(preview.sending, "mail") if preview.sending else "nothing"
    blocked = any(one.severity == "error" for one in preview.findings)
    return card("error" if blocked else "info", f"{_ACTIVATION[preview.activation]} {number}.", _facts(preview, kinds))


def _facts(preview: Preview, kinds: str) -> Iterator[tuple[str, str]]:
    if kinds:
        yield "What", kinds
    if preview.oldest is not None and preview.newest is not None:
        yield "Of which days", f"the oldest of {preview.oldest}, the newest of {preview.newest}"
    for window in preview.windows:
        yield "Days counted", _window(window)
    if preview.excluded:
        yield "Left out", f"{count(preview.excluded, 'trace')}, for good"
    for one in preview.forecasts:
        yield "How long", _forecast(one)
    for address, clerks in list(preview.shared.items())[:_NAMES]:
        yield "One mailbox", f"{address} gets the copies of {', '.join(clerks)}"


def _window(window: WindowShown) -> str:
    whose = f"{', '.join(window.properties)}: " if window.properties else ""
    zone = window.zone + ("" if window.zone_known else ", the zone of this computer: the site file names none")
    since = f"; activated {moment(window.activated)}, what came since then counts too" if window.activated else ""
    if not window.repeats:
        return f"{whose}only what comes after this moment, nothing of the days before ({zone}){since}"
    if window.last < window.first:
        return f"{whose}no day at all ({zone}){since}"
    return f"{whose}{window.first} to {window.last}, both included ({zone}){since}"


def _forecast(one: Forecast) -> str:
    limits = [f"{one.per_minute} a minute" if one.per_minute else "", f"{one.per_day:,} a day" if one.per_day else ""]
    known = " and ".join(part for part in limits if part)
    if not known:
        return f"{one.account}: no limit of this server is known, so as fast as it takes them"
    least = f"at least {duration_words(one.minutes)}" if one.minutes else "no time to speak of"
    full = f", over {one.days} days: the first is full after {one.full_after:,}" if one.full_after else ""
    return f"{one.account}: {least}{full} (it takes {known})"


def _days(preview: Preview) -> str:
    """Return the days as bars of the page, where nothing can draw."""
    return _barred("Of which day", [(f"{day} {day:%a}", number) for day, number in preview.by_day.items()], "Day")


def _barred(title: str, counted: Sequence[tuple[str, int]], what: str) -> str:
    if not counted:
        return ""
    most = max(number for _, number in counted)
    rows = "".join(f'<tr><th scope="row">{text(name)}</th><td>{_bar(number, most)}</td></tr>' for name, number in counted[:_ROWS])
    return _titled(title, (what, "Mails"), rows)


def _clerks(preview: Preview) -> str:
    shares = preview.by_clerk
    if not shares:
        return ""
    most = max(one.count for one in shares)
    rows = "".join(
        f'<tr><th scope="row">{text(who(one))}</th><td>{_bar(one.count, most)}</td>'
        f'<td class="mk-day">{one.oldest or ""}</td><td class="mk-day">{one.newest or ""}</td><td>{text(_whom(one))}</td></tr>'
        for one in shares[:_CLERKS]
    )
    rest = shares[_CLERKS:]
    more = f'<p class="mk-about">and {len(rest)} more, {count(sum(one.count for one in rest), "mail")}.</p>' if rest else ""
    return _titled("To whom", ("Clerk or department", "Mails", "Oldest", "Newest", "Address"), rows) + more


def _whom(one: ClerkShare) -> str:
    return one.recipient or {"guests": "each guest's own"}.get(one.kind, "several")


def _bar(number: int, most: int) -> str:
    wide = max(2, round(100 * number / most))
    drawn = f'<span class="mk-tbar" aria-hidden="true"><span style="width:{wide}%"></span></span>'
    return f'{drawn}<span class="mk-tnumber">{number:,}</span>'


def _left(left: Sequence[Left]) -> str:
    if not left:
        return ""
    rows = "".join(_reason(one) for one in left)
    number = sum(one.count for one in left)
    return _titled(f"Not sent: {count(number, 'trace')}", ("Because", "Traces", "Whose", "What to do"), rows)


def _reason(one: Left) -> str:
    names = [f"{who}{f' ({number})' if number > 1 else ''}" for who, number in list(one.who.items())[:_NAMES]]
    more = f" and {len(one.who) - _NAMES} more" if len(one.who) > _NAMES else ""
    lines = ", ".join(str(example.row) for example in one.examples[:3]) + (" …" if one.count > 3 else "")
    return (
        f'<tr><th scope="row">{text(one.say)}</th><td class="mk-number">{one.count:,}</td>'
        f"<td>{text(shorten(', '.join(names), 200) + more)}<small>row {text(lines)}</small></td><td>{text(one.do)}</td></tr>"
    )


def _unusable(number: int, rows: Sequence[Unusable]) -> str:
    if not number:
        return ""
    shown = "".join(
        f'<tr><th scope="row">{one.row}</th><td>{text(one.why)}</td><td>{text(shorten(one.cell, 80))}</td></tr>'
        for one in rows[:_ROWS]
    )
    more = f'<p class="mk-about">and {number - _ROWS:,} more.</p>' if number > _ROWS else ""
    return (
        _titled(f"Rows that cannot be used: {number:,}", ("Row", "Why, and what would be right", "What stands there"), shown)
        + more
    )


def _parameters(every: Iterable[Parameter]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(one.label)}</th><td>{text(one.value)}</td>'
        f'<td><span class="mk-word mk-{_STATUS[one.status][1]}">{_STATUS[one.status][0]}</span></td><td>{text(one.why)}</td></tr>'
        for one in every
    )
    return _titled("What decides", ("What", "Here", "Rests on", "Why"), rows)


def _otherwise(preview: Preview) -> str:
    others = [one for one in preview.alternatives if one.count != preview.sending]
    if not others:
        return ""
    bases = {"created": "day made", "due": "day due", "business": "hotel's own date"}
    edges = {
        "both": "both ends",
        "first": "first day only",
        "last": "today only",
        "neither": "neither end",
        "hours": "24-hour days",
    }
    rows = "".join(
        f'<tr><th scope="row">{bases[one.basis]}</th><td>{edges[one.edges]}</td><td class="mk-number">{one.count:,}</td>'
        f'<td class="mk-number">{one.count - preview.sending:+,}</td></tr>'
        for one in others
    )
    table = _table(("Counted by", "Days at the ends", "Mails", "Difference"), rows)
    return fold(f"If the days were counted otherwise: {count(len(others), 'other number')}", table, name="otherwise")


def _source(preview: Preview) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(one.field.replace("_", " "))}</th><td>{text(shorten(one.header, 80))}</td>'
        f"<td>{'named in the site file' if one.how == 'named' else 'guessed by its header'}</td></tr>"
        for one in preview.columns
    )
    unread = f"<p>Not read: {text(shorten(', '.join(preview.ignored), 400))}.</p>" if preview.ignored else ""
    notes = "".join(f"<p>{text(note)}</p>" for note in preview.notes)
    inside = _table(("Field", "Column", "How it is known"), rows) + unread + notes
    return fold(f"The source: {shorten(preview.source, 80)}, {count(preview.rows, 'row')}", inside, name="source")


# ── queued and standing ────────────────────────────────────────────────────────────────────────────────────────────


def queued_card(queued: Queued, *, again: bool, store: str) -> str:
    """Return what activating or the look at the source did. Nothing has left by then, and it says so."""
    if again:
        headline = "Trace mail was on already: nothing is sent again."
    elif queued.marked:
        headline = f"Trace mail is on. {count(queued.marked, 'mail')} marked as sent without being sent."
    else:
        headline = f"Trace mail is on. {count(queued.queued, 'mail')} queued; nothing has been sent yet."
    return card("ok", headline, _done(queued, store)) + in_the_way(queued.findings)


def _done(queued: Queued, store: str) -> Iterator[tuple[str, str]]:
    yield "When", moment(queued.at)
    yield "Queued", count(queued.queued, "mail")
    if queued.excluded:
        yield "Left out", f"{count(queued.excluded, 'trace')}, for good"
    if queued.already:
        yield "Known already", count(queued.already, "trace")
    if queued.rerouted:
        yield "On another way", f"{count(queued.rerouted, 'mail')} that waited: they leave as the site file says now"
    for reason in REASONS:
        if reason in queued.skipped and what_to_do(reason):
            yield "Not sent", f"{count(queued.skipped[reason], 'trace')}: {reason_words(reason)}"
    if queued.unusable:
        yield "Not usable", f"{count(queued.unusable, 'row')}, listed in the preview"
    yield "Kept in", store


def activated_note(activations: Iterable[Activation]) -> str:
    """Return when trace mail was switched on in this store; empty: never."""
    then = "Activating again sends nothing of that again."
    lines = [f"{f'{one.scope}: ' if one.scope else ''}activated here {moment(one.moment)}. {then}" for one in activations]
    return "".join(f'<p class="mk-about">{text(line[:1].upper() + line[1:])}</p>' for line in lines)


def by_clerk_and_state(standing: Standing) -> str:
    """Return how many mails of each clerk are in which state, with the sums."""
    shown = [name for name in STATES if standing.states.get(name)]
    if not shown:
        return ""
    counted: dict[str, Counter[State]] = {}
    for row in standing.rows:
        name = (row.who or "guests and others") + (f" ({row.property})" if row.property else "")
        counted.setdefault(name, Counter()).update(row.states)
    ranked = sorted(counted.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    rows = "".join(f'<tr><th scope="row">{text(name)}</th>{_cells(states, shown)}</tr>' for name, states in ranked[:_ROWS])
    total = f'<tr class="mk-total-row"><th scope="row">Together</th>{_cells(standing.states, shown)}</tr>'
    more = f'<p class="mk-about">and {len(ranked) - _ROWS} more clerks.</p>' if len(ranked) > _ROWS else ""
    heads = "".join(f'<th scope="col" class="mk-number mk-s-{tone_of_state(name)}">{STATE_WORDS[name]}</th>' for name in shown)
    told = (
        '<p class="mk-about">Accepted means that the next server took it, not that it is in the mailbox.</p>'
        if standing.states.get("accepted")
        else ""
    )
    table = (
        f'<div class="mk-scroll" tabindex="0" role="region" aria-label="By clerk and by state" {QUIET_KEYS}>'
        '<table class="mk-table mk-states">'
        f'<caption>By clerk and by state</caption><thead><tr><th scope="col">For</th>{heads}</tr></thead>'
        f"<tbody>{rows}{total}</tbody></table></div>"
    )
    return f"{table}{more}{told}"


def _cells(states: Counter[State] | dict[State, int], shown: Sequence[State]) -> str:
    return "".join(f'<td class="mk-number">{f"{states[name]:,}" if states.get(name) else "·"}</td>' for name in shown)


def skips(standing: Standing) -> str:
    """Return why mails will not be sent."""
    counted: Counter[str] = Counter()
    for row in standing.rows:
        counted.update(row.skips)
    rows = "".join(
        f'<tr><th scope="row">{text(reason_words(reason))}</th><td class="mk-number">{counted[reason]:,}</td>'
        f"<td>{text(what_to_do(reason))}</td></tr>"
        for reason in REASONS
        if counted.get(reason)
    )
    if not rows:
        return ""
    number = sum(counted.values())
    return fold(f"Why {count(number, 'mail')} will not be sent", _table(("Because", "Mails", "What to do"), rows), name="skips")


def _titled(title: str, heads: Sequence[str], rows: str) -> str:
    return f'<section class="mk-group"><h4>{text(title)}</h4>{_table(heads, rows, title)}</section>'


def _table(heads: Sequence[str], rows: str, caption: str = "") -> str:
    numbers = {"Mails", "Traces", "Difference"}
    barred = "mk-tbar" in rows
    head = "".join(
        f'<th scope="col"{" class=mk-number" if name in numbers and not barred else ""}>{text(name)}</th>' for name in heads
    )
    label = text(caption or heads[0])
    return (
        f'<div class="mk-scroll" tabindex="0" role="region" aria-label="{label}" {QUIET_KEYS}>'
        f'<table class="mk-table"><caption>{label}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
