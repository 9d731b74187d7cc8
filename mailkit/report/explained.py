"""Explanations as text for a terminal: what it means, whether waiting helps, whether the address is dead, who does what.

Texts come from strangers, so each is made harmless before it is laid out.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mailkit.explain import BounceReading, Explanation, Fact, Returned
from mailkit.finding import Fix, Product
from mailkit.report.places import place
from mailkit.report.words import STAGE, who_words
from mailkit.text import shorten, visible

__all__ = ["bounce", "came_back", "explanation", "tally"]

_LABEL = 16
_KINDS = {
    "bounce": "BOUNCE",
    "delay": "DELAYED",
    "delivered": "DELIVERED",
    "complaint": "COMPLAINT",
    "vacation": "AUTOMATIC ANSWER",
    "ordinary": "NO BOUNCE",
}
_PRODUCTS: dict[Product, str] = {"maestro-erp": "In maestro*", "maestro-pms": "In Maestro PMS"}


def explanation(told: Explanation, *, width: int = 80, why: bool = False, product: Product | None = None) -> str:
    """Return one explanation as text, ending with a line end.

    Args:
        told: the explanation.
        width: columns of the terminal.
        why: also which rule matched, on which words, from where.
        product: only this one's screens; ``None``: of both.
    """
    lines = list(_wrapped(told.summary, width))
    lines += _row("Said", _said(told.text), width)
    if told.provider:
        lines += _row("By", told.provider, width)
    if told.stage:
        lines += _row("At", STAGE.get(told.stage, told.stage), width)
    lines += _axes(told.retry_helps, told.address_dead, width)
    if told.account_risk:
        lines += _row("Careful", "another try with the same data may lock the account or have the address banned", width)
    lines += _row("In one word", f"{told.cause} (reason: {told.reason})", width)
    general = tuple(fix for fix in told.fix if not fix.where)
    lines += _fixes("What to do", general or told.fix, width)
    for one, fixes in told.product_fix.items():
        if product in (None, one):
            lines += _fixes(_PRODUCTS[one], fixes, width)
    lines += _row(
        "Sure?", {"sure": "yes", "likely": "likely", "guess": "no: a guess from few words or codes"}[told.confidence], width
    )
    if why:
        lines += _why(told, width)
    return "\n".join(lines) + "\n"


def bounce(reading: BounceReading, *, width: int = 80, why: bool = False, product: Product | None = None) -> str:
    """Return what a mail says as text, one paragraph for each recipient."""
    lines = [f"{_KINDS[reading.kind]}  {visible(reading.file or '')}".rstrip()]
    if reading.kind == "ordinary":
        lines += _wrapped("This mail does not report a failed delivery.", width)
    if reading.message_id:
        lines += _row("About", visible(reading.message_id), width)
    for fact in reading.facts:
        lines += ["", *_fact(fact, width, why=why, product=product)]
    if reading.is_bounce and not reading.message_id:
        lines += ["", *_wrapped("Nothing in it ties it to a mail that was sent: it may be forged.", width)]
    return "\n".join(lines) + "\n"


def tally(readings: Iterable[BounceReading], *, width: int = 80) -> str:
    """Return how often each reason occurs among many mails, the most frequent first."""
    count: Counter[str] = Counter()
    shown: dict[str, str] = {}
    mails = 0
    for reading in readings:
        mails += 1
        for fact in reading.facts:
            count[fact.reason] += 1
            shown.setdefault(fact.reason, fact.summary)
        if not reading.facts:
            count["no bounce"] += 1
    lines = [f"{mails} mails"]
    most = max(count.values(), default=1)
    for reason, number in count.most_common():
        bar = "█" * max(1, round(number * 20 / most))
        lines.append(shorten(f"  {number:>6}  {reason:<16} {bar:<20} {shown.get(reason, '')}".rstrip(), width))
    return "\n".join(lines) + "\n"


def came_back(returned: Sequence[Returned], *, width: int = 80) -> str:
    """Return which of the mails that were sent came back, and why, a paragraph for each."""
    if not returned:
        return "\n".join(_wrapped("None of the mails that were sent is known to have come back.", width)) + "\n"
    number = len({one.attempt.delivery_id for one in returned})
    lines = [f"{number} of the mails sent came back" if number > 1 else "1 of the mails sent came back"]
    for one in returned:
        sent = one.attempt
        when = f" on {sent.started:%Y-%m-%d %H:%M} UTC" if sent.started else ""
        of = f" ({one.fact.reason}: {one.fact.summary})" if one.fact else ""
        whom = sent.recipient or "a recipient not noted"
        told = f"{sent.delivery_id}: {sent.kind} mail to {whom}{when}, attempt {sent.number}{of}"
        lines += textwrap.wrap(visible(told), max(40, width), initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _fact(fact: Fact, width: int, *, why: bool, product: Product | None) -> Iterator[str]:
    yield from _wrapped(f"{visible(fact.recipient) if fact.recipient else 'Recipient not named'}: {fact.summary}", width)
    if fact.words:
        yield from _row("Said", shorten(fact.words, 300), width)
    if fact.remote or fact.provider:
        yield from _row("By", visible(", ".join(word for word in (fact.remote, fact.provider) if word)), width)
    yield from _axes(fact.retry_helps, fact.address_dead, width)
    codes = " ".join(word for word in (fact.replycode, fact.status) if word)
    yield from _row("In one word", f"{fact.cause} (reason: {fact.reason}{', ' + codes if codes else ''})", width)
    yield from _fixes("What to do", tuple(fix for fix in fact.fix if product or not fix.where), width)
    if why and fact.matched:
        yield from _row("Because of", _rule(fact.matched.rule, fact.matched.layer, fact.matched.words), width)


def _axes(retry: bool | None, dead: bool | None, width: int) -> Iterator[str]:  # noqa: FBT001 - two answers, not switches
    yield from _row("Waiting", {True: "helps", False: "does not help", None: "may help; cannot tell"}[retry], width)
    yield from _row("Address", {True: "dead: nobody reads it", False: "not said to be dead", None: "cannot tell"}[dead], width)


def _fixes(label: str, fixes: tuple[Fix, ...], width: int) -> Iterator[str]:
    for number, fix in enumerate(fixes):
        where = f" [{place(fix.where)}]" if fix.where else ""
        yield from _row(label if not number else "", f"{who_words(fix.who, start=True)}: {fix.action}{where}", width)


def _why(told: Explanation, width: int) -> Iterator[str]:
    match = told.matched
    if match is None:
        yield from _row("Because of", "no rule and no code; nothing is known about these words", width)
        return
    yield from _row("Because of", _rule(match.rule, match.layer, match.words), width)
    yield from _row(
        "From", "; ".join((*match.sources[:3], *([match.date] if match.date else []), f"confidence: {match.confidence}")), width
    )


def _rule(name: str, layer: str, words: str | None) -> str:
    return f"{name} ({layer} rules)" + (f', on the words "{visible(shorten(words, 120))}"' if words else "")


def _said(text: str) -> str:
    return visible(shorten(" ".join(text.split()), 300))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(30, width), break_long_words=True) or [""]


def _row(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(40, width), initial_indent=f"  {label:<{_LABEL}}", subsequent_indent=" " * (_LABEL + 2)) or []
