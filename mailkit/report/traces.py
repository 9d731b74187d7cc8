"""What activating trace mail would send, what was queued, and how things stand: as text for a terminal.

The facts are those of :mod:`mailkit.traces`; everything a source or a server said is made harmless before it is shown.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailkit.explain import Explanation
from mailkit.finding import Finding
from mailkit.journal import STATES
from mailkit.report.places import place
from mailkit.report.words import SEVERITY, count, moment, who_words
from mailkit.text import shorten, visible
from mailkit.traces.decision import REASONS, reason_words, what_to_do
from mailkit.traces.desk import Queued
from mailkit.traces.preview import ClerkShare, Forecast, Left, Preview, WindowShown
from mailkit.traces.standing import Standing
from mailkit.traces.trace import Unusable

__all__ = ["KIND_WORDS", "STATE_WORDS", "duration_words", "preview_text", "queued_text", "status_text", "why_text"]

KIND_WORDS = {"trace": "trace", "staff": "staff message", "alert": "guest alert"}

STATE_WORDS = {
    "pending": "waiting",
    "skipped": "not sent",
    "sending": "on its way",
    "accepted": "accepted",
    "deferred": "put off",
    "rejected": "refused",
    "uncertain": "uncertain",
    "delivered": "delivered",
    "bounced": "came back",
    "expired": "given up",
}

_ACTIVATION = {
    "first": "If trace mail were activated now, for the first time",
    "taking-over": "If trace mail were activated here now (the site file says it was on before, which repeats nothing)",
    "again": "If trace mail were activated again now",
    "active": "Trace mail is on; what the next run would queue",
}
_STATUS = {"documented": "documented", "inferred": "not documented, assumed", "chosen": "as you said", "site-file": "site file"}
_BAR = 24
_UNUSABLE = 20
_ROWS = 6
"""Rows named for one thing that is wrong."""
_CLERKS = 60
_NARROWEST, _WIDEST = 60, 120


def preview_text(preview: Preview, *, width: int = 100) -> str:
    """Return a preview as lines of at most ``width`` columns, ending with a line end."""
    return "\n".join(_preview(preview, max(_NARROWEST, min(width, _WIDEST)))) + "\n"


def queued_text(queued: Queued, *, width: int = 100) -> str:
    """Return what was queued, and what was not and why."""
    return "\n".join(_queued(queued, max(_NARROWEST, min(width, _WIDEST)))) + "\n"


def status_text(standing: Standing, *, width: int = 100, store: str = "STORE") -> str:
    """Return how things stand, with the command for each decision to take; ``store`` is the store as it was given."""
    return "\n".join(_status(standing, max(_NARROWEST, min(width, _WIDEST)), store)) + "\n"


def why_text(told: Explanation, number: int, *, width: int = 100) -> str:
    """Return what a refusal that ``number`` mails met means, and who does what about it."""
    fixes = (*told.product_fix.get("maestro-pms", ()), *told.fix)
    lines = [*_hanging(f"{number:>9,}  ", visible(told.summary), width)]
    for fix in dict.fromkeys(fixes):
        where = place(fix.where)
        lines += _hanging(
            " " * 11, f"Do: {who_words(fix.who, start=True)}: {fix.action}" + (f" ({where})" if where else ""), width
        )
    return "\n".join(lines) + "\n"


def duration_words(minutes: int) -> str:
    """Return a duration as people say it.

    >>> duration_words(1), duration_words(583), duration_words(4000)
    ('1 minute', '9 h 43 min', '2 days 18 h')
    """
    if minutes < 60:
        return count(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min"
    return f"{hours // 24} days {hours % 24} h"


# ── preview ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _preview(preview: Preview, width: int) -> Iterator[str]:
    yield from _wrapped(f"{_ACTIVATION[preview.activation]}: {_sending(preview)}.", width)
    if preview.oldest is not None and preview.newest is not None:
        yield from _wrapped(f"The oldest is of {preview.oldest}, the newest of {preview.newest}.", width)
    for window in preview.windows:
        yield from _wrapped(_window(window), width)
    yield from _findings(preview.findings, width)
    yield from _clerks(preview.by_clerk, width)
    yield from _days(preview.by_day)
    yield from _left(preview.left, width)
    yield from _unusable(preview.unusable, preview.unusable_rows, width)
    if preview.shared:
        yield from ("", "One mailbox, several clerks")
        for address, clerks in preview.shared.items():
            yield from _wrapped(f"{visible(address)} gets the copies of {visible(', '.join(clerks))}.", width, "  ")
    yield from _forecasts(preview.forecasts, width)
    yield from ("", "What decides (documented or assumed)")
    for one in preview.parameters:
        yield from _columns(one.label, f"{visible(one.value)}  ({_STATUS[one.status]})", width)
        yield from _wrapped(one.why, width, " " * 24)
    yield from _alternatives(preview, width)
    yield from ("", f"The source: {preview.source}, {count(preview.rows, 'row')}")
    for column in preview.columns:
        how = "" if column.how == "named" else "  (guessed by its header)"
        yield from _columns(column.field.replace("_", " "), f"{visible(shorten(column.header, 50))}{how}", width)
    if preview.ignored:
        yield from _columns("not read", shorten(", ".join(preview.ignored), 300), width)
    for note in preview.notes:
        yield from _wrapped(note, width, "  ")


def _sending(preview: Preview) -> str:
    if not preview.sending and preview.rows and preview.unusable == preview.rows:
        return f"nothing would be sent, for no row of the source can be used ({count(preview.rows, 'row')}, see below)"
    if not preview.sending:
        return "nothing would be sent"
    kinds = ", ".join(count(number, KIND_WORDS[kind]) for kind, number in preview.by_kind.items())
    return f"{count(preview.sending, 'mail')} would be sent ({kinds})"


def _window(window: WindowShown) -> str:
    whose = f"{visible(', '.join(window.properties))}: " if window.properties else ""
    zone = visible(window.zone) + ("" if window.zone_known else ", the zone of this computer: the site file names none")
    since = f" Activated {window.activated:%Y-%m-%d %H:%M} UTC: what came since then counts too." if window.activated else ""
    if not window.repeats:
        return f"{whose}Only what comes after this moment is sent, nothing of the days before ({zone}).{since}"
    if window.last < window.first:
        return f"{whose}No day at all is counted ({zone}).{since}"
    return f"{whose}Days counted: {window.first} to {window.last}, both included ({zone}).{since}"


def _findings(findings: Sequence[Finding], width: int) -> Iterator[str]:
    if findings:
        yield from ("", "To know before")
    for one in findings:
        yield from _hanging(f"  {SEVERITY[one.severity]:<8}", f"{one.summary}  [{one.code}]", width)
        for fix in one.fix[:2]:
            yield from _hanging("          Do: ", fix.action, width)


def _clerks(shares: Sequence[ClerkShare], width: int) -> Iterator[str]:
    if not shares:
        return
    yield from ("", "To whom")
    most = max(one.count for one in shares)
    whom = max(12, min(24, max(len(_who(one)) for one in shares)))
    room = max(16, width - whom - 48)
    for one in shares[:_CLERKS]:
        days = f"{one.oldest} to {one.newest}" if one.oldest else ""
        address = shorten(
            visible(one.recipient or {"guests": "each at his own address"}.get(one.kind, "several addresses")), room
        )
        bar = "█" * max(1, round(8 * one.count / most))
        yield f"  {shorten(_who(one), whom):<{whom}} {one.count:>6,}  {bar:<8}  {days:<24}  {address}".rstrip()
    if len(shares) > _CLERKS:
        rest = sum(one.count for one in shares[_CLERKS:])
        yield f"  and {count(len(shares) - _CLERKS, 'more')}, {count(rest, 'mail')} (--json lists them all)"


def _who(one: ClerkShare) -> str:
    name = visible(one.who) if one.who is not None else {"guests": "guests", "addresses": "addresses"}.get(one.kind, "")
    return f"{name} ({visible(one.property)})" if one.property else name


def _days(days: Mapping[dt.date, int]) -> Iterator[str]:
    if not days:
        return
    yield from ("", "Of which day")
    most = max(days.values())
    for day, number in days.items():
        yield f"  {day} {day:%a} {number:>7,}  {'█' * max(1, round(_BAR * number / most))}"


def _left(left: Sequence[Left], width: int) -> Iterator[str]:
    if not left:
        return
    yield from ("", "Not sent, because")
    for one in left:
        whose = ", ".join(
            f"{visible(shorten(who, 40))}{f' ({number:,})' if number > 1 else ''}" for who, number in list(one.who.items())[:8]
        )
        more = f" and {len(one.who) - 8} more" if len(one.who) > 8 else ""
        yield from _hanging(f"  {one.count:>7,}  ", f"{one.say}: {whose}{more}  [{one.reason}]", width)
        if one.do:
            rows = ", ".join(str(example.row) for example in one.examples[:3])
            yield from _hanging(" " * 11, f"Do: {one.do} (row {rows}{' …' if one.count > 3 else ''})", width)


def _unusable(number: int, rows: Sequence[Unusable], width: int) -> Iterator[str]:
    if not number:
        return
    yield from ("", f"Rows that cannot be used: {number:,}")
    alike: dict[str, list[Unusable]] = {}
    for one in rows:
        alike.setdefault(one.why, []).append(one)
    for why, ones in list(alike.items())[:_UNUSABLE]:
        first = ones[0]
        cell = f" ({first.cell!r})" if first.cell else ""
        others = ", ".join(f"{one.row}" for one in ones[1 : _ROWS + 1])
        more = f" and {len(ones) - _ROWS - 1:,} more" if len(ones) > _ROWS + 1 else ""
        same = f"; the same in row {others}{more}" if others else ""
        yield from _hanging(f"  row {first.row:<6} ", f"{why}{cell}{same}", width)
    listed = sum(len(ones) for ones in list(alike.values())[:_UNUSABLE])
    if number > listed:
        yield f"  and {number - listed:,} more (--json lists the first five hundred)"


def _forecasts(forecasts: Sequence[Forecast], width: int) -> Iterator[str]:
    if not forecasts:
        return
    yield from ("", "How long it takes")
    for one in forecasts:
        limits = [f"{one.per_minute} a minute" if one.per_minute else "", f"{one.per_day:,} a day" if one.per_day else ""]
        known = " and ".join(part for part in limits if part)
        if known:
            least = f"at least {duration_words(one.minutes or 0)}" if one.minutes else "no time to speak of"
            full = f", over {one.days} days: the limit of the first is reached after {one.full_after:,}" if one.full_after else ""
            said = f"{count(one.count, 'mail')}, {known}: {least}{full}."
        else:
            said = f"{count(one.count, 'mail')}; no limit of this server is known, so as fast as it takes them."
        yield from _wrapped(f"{visible(one.account)}: {said}", width, "  ")


def _alternatives(preview: Preview, width: int) -> Iterator[str]:
    others = [one for one in preview.alternatives if one.count != preview.sending]
    if not others:
        return
    yield from ("", "If the days were counted otherwise")
    for one in others:
        difference = one.count - preview.sending
        yield from _columns(
            f"{one.basis}, {one.edges}", f"{one.count:,} ({difference:+,})   --basis {one.basis} --edges {one.edges}", width
        )


# ── queueing and status ────────────────────────────────────────────────────────────────────────────────────────────


def _queued(queued: Queued, width: int) -> Iterator[str]:
    head = "Trace mail is activated: " if queued.activated else ""
    told = [
        f"{count(queued.queued, 'mail')} queued" if queued.queued or not queued.marked else "",
        f"{count(queued.marked, 'mail')} marked as sent without being sent" if queued.marked else "",
        f"{queued.excluded:,} left out" if queued.excluded else "",
        f"{queued.already:,} known already" if queued.already else "",
        f"{queued.rerouted:,} that waited leave as the site file says now" if queued.rerouted else "",
    ]
    yield from _wrapped(f"{head}{', '.join(part for part in told if part)}.", width)
    # A job that runs every day says what somebody can do something about; the preview and the first time say everything.
    told_of = [one for one in REASONS if one in queued.skipped and (queued.activated or what_to_do(one))]
    if told_of:
        yield "Not sent, because"
    for reason in told_of:
        yield from _hanging(f"  {queued.skipped[reason]:>7,}  ", f"{reason_words(reason)}  [{reason}]", width)
    yield from _unusable(queued.unusable, queued.unusable_rows, width)
    yield from _findings(queued.findings, width)


def _status(standing: Standing, width: int, store: str) -> Iterator[str]:
    if not standing.states:
        yield f"There are no mails of traces in {standing.store}."
    yield from _counts(standing, width)
    yield from _skips(standing, width)
    yield from _doubts(standing, width, store)
    for one in standing.stopped:
        yield ""
        cause = f": {one.cause}" if one.cause else ""
        yield from _wrapped(f"STOPPED  {visible(one.account)}, since {moment(one.since)}{cause}", width)
        yield from _wrapped(f"{count(one.waiting, 'mail')} wait for it. Put right what was refused, then:", width, "  ")
        yield f"  mailkit traces resume {_quoted(one.account)} --store {_quoted(store)}"
    if standing.elsewhere:
        yield ""
        for account, number in standing.elsewhere.items():
            told = f"{count(number, 'mail')} wait for {visible(account)}, which the site file no longer has"
            yield from _wrapped(f"{told}; the next send takes the way it has now.", width)
    if standing.next_due is not None:
        yield ""
        when = "now" if standing.next_due <= standing.at else moment(standing.next_due)
        yield f"The next one is due: {when}"


def _counts(standing: Standing, width: int) -> Iterator[str]:
    if not standing.states:
        return
    shown = [name for name in STATES if standing.states.get(name)]
    yield from _wrapped(", ".join(f"{standing.states[name]:,} {STATE_WORDS[name]}" for name in shown) + ".", width)
    if standing.states.get("accepted"):
        yield from _wrapped("Accepted means that the next server took it, not that it is in the mailbox.", width)
    yield ""
    head = "".join(f"{STATE_WORDS[name]:>11}" for name in shown)
    yield f"{'queued on':<11} {'for':<20}{head}"
    for row in standing.rows:
        who = visible(row.who) if row.who is not None else "guests, others"
        who = f"{who} ({visible(row.property)})" if row.property else who
        numbers = "".join(f"{row.states.get(name, 0) or '·':>11}" for name in shown)
        yield f"{row.day.isoformat():<11} {shorten(who, 20):<20}{numbers}"


def _skips(standing: Standing, width: int) -> Iterator[str]:
    skips: Counter[str] = Counter()
    for row in standing.rows:
        skips.update(row.skips)
    if skips:
        yield from ("", "Not sent, because")
        for reason in REASONS:
            if reason in skips:
                yield from _hanging(f"  {skips[reason]:>7,}  ", f"{reason_words(reason)}  [{reason}]", width)


def _doubts(standing: Standing, width: int, store: str) -> Iterator[str]:
    if not standing.doubts:
        return
    yield ""
    told = "The line was cut after the last dot: the server may have taken these. Look into the mailbox, then say what holds."
    yield from _wrapped(f"UNCERTAIN  {told}", width)
    for one in standing.doubts:
        kind = KIND_WORDS.get(one.kind, one.kind)
        since = moment(one.since) if one.since else ""
        yield from _wrapped(
            f"{one.delivery_id}  {kind} for {visible(one.recipient)}, {since}: {visible(shorten(one.subject or '', 60))}",
            width,
            "  ",
        )
        if one.asks:
            yield f"    mailkit traces settle {one.delivery_id} resend --store {_quoted(store)}      it did not arrive"
            yield f"    mailkit traces settle {one.delivery_id} accepted --store {_quoted(store)}    it did"
        else:
            yield "    is sent again by itself, with the same Message-ID"


# ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _wrapped(text: str, width: int, indent: str = "") -> Iterable[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False) or [
        indent.rstrip()
    ]


def _hanging(label: str, text: str, width: int) -> Iterable[str]:
    return textwrap.wrap(text, width, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False) or [
        label.rstrip()
    ]


def _columns(label: str, text: str, width: int) -> Iterable[str]:
    return _hanging(f"  {shorten(label, 20):<20}  ", text, width)


def _quoted(text: str) -> str:
    shown = visible(text)
    return shown if shown and all(sign.isalnum() or sign in "@%+=:,./-_" for sign in shown) else f'"{shown}"'
