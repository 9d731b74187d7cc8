"""Explanations as HTML: what one text or mail means as cards; of many a chart and a table. A whole page for a file, or pieces.

The looks are in ``explained.css`` beside this module, on top of ``page.css``. No piece has a script, loads anything, or lets a
stranger's text act.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

from msgspec.structs import replace

from mailkit.explain import BounceReading, Explanation, Fact
from mailkit.finding import Product
from mailkit.report.answers import NO_BOUNCE, Answer, Group, Row, grouped, moment_of, rows
from mailkit.report.chart import Bar, bars
from mailkit.report.explained_card import fact_card, saying_card
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold, style
from mailkit.report.words import count, moment
from mailkit.text import shorten

__all__ = ["answer", "chart", "day", "fragment", "group", "page", "style_explained", "table"]

SAYINGS = 6
"""Answers to a text that are shown; what several of its lines say alike is said once."""
CARDS = 12
"""Cards of a mail."""
LISTED = 50
"""Recipients listed below a row of the table; the exports have all."""
TOLD = 30
"""Rows of the table that are told in full below it, in a page."""
SHOWN = 200
"""Rows of the table in a page."""

MASKED = "What looked like a password or a log-in was taken out before anything was kept. If it was a real one, change it."

_KIND = {
    "bounce": "This mail is a bounce.",
    "delay": "This mail reports a delay.",
    "delivered": "This mail reports that a mail was delivered.",
    "complaint": "This mail is a complaint: a recipient called a mail junk.",
    "vacation": "This mail is an automatic answer; the mail it answers has arrived.",
    "ordinary": "This mail is no bounce.",
}
_LEGEND = {"error": "the address is dead", "warning": "the address may live", "unknown": "nothing was refused"}
_ORDINARY = (
    "Nothing in it says that a delivery failed. Was it forwarded to you? Then the report itself may be among its attachments: "
    "save that one, or copy what it says, and try again."
)


def page(answers: Sequence[Answer], *, product: Product | None = None, title: str = "What it means") -> str:
    """Return a whole HTML page, complete in itself, to be kept or mailed."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'</head>\n<body class="mailkit-page"><main>{fragment(answers, product=product)}</main></body></html>\n'
    )


def fragment(answers: Sequence[Answer], *, product: Product | None = None) -> str:
    """Return the answers as one piece of HTML with its styles: one in full, of several the chart and the table."""
    if len(answers) == 1:
        body = answer(answers[0], product=product)
    else:
        groups = grouped(rows(answers))
        told = (
            fold(f"{one.reason}: {one.summary}", group(one, product=product), name=f"row {n}")
            for n, one in enumerate(groups[:TOLD])
        )
        body = chart(groups) + table(groups) + "".join(told)
    return f'<style>{style()}{style_explained()}</style><div class="mailkit">{body}</div>'


@cache
def style_explained() -> str:
    """Return the style sheet of explanations; all its rules are below the class ``mailkit``."""
    return files("mailkit.report").joinpath("explained.css").read_text(encoding="utf-8")


def answer(one: Answer, *, product: Product | None = None) -> str:
    """Return what one text or mail means: a card for each telling line, or for recipients that met the same."""
    masked = f'<p class="mk-remark">{MASKED}</p>' if one.masked else ""
    return masked + (_mail(one.told) if isinstance(one.told, BounceReading) else _text(one.told, product))


def chart(groups: Sequence[Group]) -> str:
    """Return how often each reason occurs, as bars, with the numbers as a table."""
    number: Counter[str] = Counter()
    first: dict[str, Group] = {}
    for one in groups:
        number[one.reason] += one.count
        first.setdefault(one.reason, one)
    counted = []
    for reason, many in sorted(number.items(), key=lambda pair: (pair[0] == NO_BOUNCE, -pair[1])):
        tone = _tone(first[reason].rows[0])
        counted.append(Bar(reason, many, f"{first[reason].summary} In short, {_LEGEND[tone]}.", tone))
    return bars("Reasons", counted, unit="Count", legend=_LEGEND)


def table(groups: Sequence[Group]) -> str:
    """Return the groups as a table: reason, meaning, recipients, provider, how many, first and last seen."""
    heads = ("Reason", "What it means", "Recipients", "Provider", "Count", "First seen", "Last seen")
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{text(one.reason)}</th><td>{text(one.summary)}</td><td>{text(_some(one.recipients))}</td>'
        f'<td>{text(one.provider or "not known")}</td><td class="mk-number">{one.count:,}</td>'
        f'<td class="mk-day">{day(one.first)}</td><td class="mk-day">{day(one.last)}</td></tr>'
        for one in groups[:SHOWN]
    )
    more = f"<p>… and {len(groups) - SHOWN:,} more.</p>" if len(groups) > SHOWN else ""
    return (
        f'<div class="mk-wide" tabindex="0" role="region" aria-label="Bounces by reason" {QUIET_KEYS}>'
        f'<table class="mk-table"><caption>Bounces by reason</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def group(one: Group, *, product: Product | None = None) -> str:
    """Return what a row of the table stands for: one of its answers as a card, and who it befell, when, in which file."""
    card = _card_of(one.rows[0], product)
    entries = "".join(
        f'<tr><th scope="row">{text(row.recipient or "not named")}</th><td class="mk-day">{day(row.date)}</td>'
        f"<td>{text(shorten(row.file, 120))}</td><td>{text(shorten(' '.join((row.words or '').split()), 200))}</td></tr>"
        for row in one.rows[:LISTED]
    )
    more = f"<p>… and {one.count - LISTED:,} more; the exported files have all.</p>" if one.count > LISTED else ""
    listed = (
        '<table class="mk-table"><caption>Recipients</caption><thead><tr><th scope="col">Recipient</th><th scope="col">Seen</th>'
        f'<th scope="col">File</th><th scope="col">Said</th></tr></thead><tbody>{entries}</tbody></table>{more}'
    )
    return card + fold(f"Recipients, times and files: {one.count:,}", listed, name="recipients", opened=one.count <= LISTED)


def day(when: datetime | None) -> str:
    """Return a date for a table.

    >>> day(None)
    'not known'
    """
    return f"{when:%Y-%m-%d}" if when else "not known"


def _some(names: Sequence[str], most: int = 3) -> str:
    if not names:
        return "not named"
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _tone(row: Row) -> str:
    return {"hard": "error", "soft": "warning"}.get(row.bounce or "none", "unknown")


def _text(told: Sequence[Explanation], product: Product | None) -> str:
    together: dict[tuple[str, str], list[Explanation]] = {}
    for one in told:
        together.setdefault((one.cause, one.summary), []).append(one)
    first, *others = together.values()
    same = f'<p class="mk-say">The same is said in {count(len(first) - 1, "more line")}.</p>' if len(first) > 1 else ""
    shown = others[: SAYINGS - 1]
    folds = "".join(
        f'<details class="mk-fold" data-fold="also {number}"><summary {QUIET_KEYS}>{text(some[0].summary)} '
        f'<span class="mk-about">{count(len(some), "line")}: {text(_line(some[0].text))}</span></summary>'
        f"{saying_card(some[0], product=product, name=f'why {number}')}</details>"
        for number, some in enumerate(shown, 2)
    )
    left_out = sum(len(some) for some in others[len(shown) :])
    more = f"<p>… and {count(left_out, 'more telling line')}.</p>" if left_out else ""
    heading = '<h4 class="mk-named">Also said</h4>' if others else ""
    return saying_card(first[0], product=product, name="why 1") + same + heading + folds + more


def _line(said: str) -> str:
    return shorten(" ".join(said.split()), 140)


def _mail(reading: BounceReading) -> str:
    together: dict[Fact, list[Fact]] = {}
    for fact in reading.facts:
        # What befell several differs in the recipient, and in the words that name him.
        alike = replace(fact, recipient=None, words=_without(fact.words, fact.recipient), matched=None)
        together.setdefault(alike, []).append(fact)
    cards = [
        fact_card(same[0], [fact.recipient for fact in same if fact.recipient], name=f"why {number}")
        for number, same in enumerate(together.values(), 1)
    ]
    more = f"<p>… and {len(cards) - CARDS} more answers.</p>" if len(cards) > CARDS else ""
    return _head(reading) + "".join(cards[:CARDS]) + more


def _without(words: str | None, recipient: str | None) -> str | None:
    return words.replace(recipient, "") if words and recipient else words


def _head(reading: BounceReading) -> str:
    sentence = _KIND[reading.kind]
    when = moment_of(reading)
    told = [
        count(len(reading.facts), "recipient") if reading.facts and reading.is_bounce else "",
        moment(when) if when else "",
        f"about the mail {shorten(reading.message_id, 120)}" if reading.message_id else "",
        f"delivery {reading.delivery_id}" if reading.delivery_id else "",
    ]
    about = " · ".join(text(one) for one in told if one)
    if reading.kind == "ordinary":
        return (
            f'<section class="mk-card mk-info" aria-label="Explanation"><h4 class="mk-headline">{sentence}</h4>'
            f'<p class="mk-about">{about}</p><p class="mk-say">{_ORDINARY}</p></section>'
        )
    forged = (
        '<p class="mk-about">Nothing in it ties it to a mail that was sent: it may be forged.</p>'
        if reading.is_bounce and not reading.message_id
        else ""
    )
    return f'<div class="mk-named">{sentence} <span class="mk-about">{about}</span>{forged}</div>'


def _card_of(row: Row, product: Product | None) -> str:
    if isinstance(row.origin, Explanation):
        return saying_card(row.origin, product=product, name="why group")
    return fact_card(row.origin, (), name="why group") if row.origin else f"<p>{_ORDINARY}</p>"
