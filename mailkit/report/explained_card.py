"""One answer as a card: what it means, whether waiting helps, whether the address is dead, who changes what, how we know.

A line of a text and what a mail says about recipients are laid out alike. Everything a stranger wrote is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from mailkit.explain import Explanation, Fact, Match
from mailkit.finding import Fix, Product
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold
from mailkit.report.places import place
from mailkit.report.words import STAGE, who_words
from mailkit.text import shorten

__all__ = ["PRODUCT", "SURE", "fact_card", "saying_card", "tone_of"]

PRODUCT: dict[Product, str] = {"maestro-erp": "In maestro*", "maestro-pms": "In Maestro PMS"}
SURE = {"sure": "Yes.", "likely": "Likely, not certain.", "guess": "No: a guess from few words or codes."}

_WORDS = 600
"""Characters of somebody's words that are shown."""
_PEOPLE = 20
"""Recipients named on a card."""
_SOURCES = 5
_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#=&%+-]+")
_STAGE = {"after": "After it was taken", "tcp": "Connection", "data": "Message"}


class _Card(Struct, frozen=True, kw_only=True):
    headline: str
    about: tuple[str, ...]
    tone: str
    retry_helps: bool | None
    address_dead: bool | None
    account_risk: bool = False
    words: str | None
    general: tuple[Fix, ...]
    screens: tuple[tuple[str, tuple[Fix, ...]], ...] = ()
    confidence: str
    matched: Match | None
    called: str
    """Cause, reason and family."""
    people: tuple[str, ...] = ()


def saying_card(told: Explanation, *, product: Product | None = None, name: str = "why") -> str:
    """Return the card of a line or text; ``name`` tells its fold from those of other cards."""
    on_screens = {fix for fixes in told.product_fix.values() for fix in fixes}
    general = tuple(fix for fix in told.fix if fix not in on_screens) or told.fix
    card = _Card(
        headline=told.summary,
        about=tuple(_about(told.provider, told.stage, told.reply_code, told.enhanced_code)),
        tone=tone_of(told.retry_helps, told.address_dead),
        retry_helps=told.retry_helps,
        address_dead=told.address_dead,
        account_risk=told.account_risk,
        words=told.text,
        general=general,
        screens=tuple((PRODUCT[one], fixes) for one, fixes in told.product_fix.items() if product in (None, one)),
        confidence=told.confidence,
        matched=told.matched,
        called=f"{told.cause}; reason {told.reason}; family {told.family}",
    )
    return _laid_out(card, name)


def fact_card(fact: Fact, recipients: Sequence[str], *, name: str = "why") -> str:
    """Return the card of what befell some recipients of a mail."""
    by = ", ".join(dict.fromkeys(word for word in (fact.remote, fact.provider) if word))
    card = _Card(
        headline=fact.summary,
        about=tuple(_about(by or None, None, fact.replycode, fact.status)),
        tone="info" if fact.bounce == "none" else tone_of(fact.retry_helps, fact.address_dead),
        retry_helps=fact.retry_helps,
        address_dead=fact.address_dead,
        words=fact.words,
        general=fact.fix,
        confidence=fact.confidence,
        matched=fact.matched,
        called=f"{fact.cause}; reason {fact.reason}; family {fact.family}",
        people=tuple(recipients),
    )
    return _laid_out(card, name)


def tone_of(retry_helps: bool | None, address_dead: bool | None) -> str:  # noqa: FBT001 - two answers, not switches
    """Return the tone of a card: the words beside it say the same."""
    if address_dead or retry_helps is False:
        return "error"
    return "warning" if retry_helps else "unknown"


def _about(by: str | None, stage: str | None, reply_code: object, status: str | None) -> Iterator[str]:
    if by:
        yield by
    if stage:
        yield _STAGE.get(stage) or STAGE.get(stage, stage)
    if codes := " ".join(str(code) for code in (reply_code, status) if code):
        yield codes


def _laid_out(card: _Card, name: str) -> str:
    about = f'<p class="mk-about">{" · ".join(text(one) for one in card.about)}</p>' if card.about else ""
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in _rows(card))
    return (
        f'<section class="mk-card mk-{card.tone}" aria-label="Explanation">'
        f'<h4 class="mk-headline">{text(card.headline)}</h4>{about}{_answers(card)}'
        f'<dl class="mk-rows">{rows}</dl>{fold("Why", _why(card), name=name)}</section>'
    )


def _answers(card: _Card) -> str:
    waiting = {True: "Yes, it may pass later", False: "No", None: "Not known"}[card.retry_helps]
    dead = {True: "Yes, nobody reads it", False: "No, nothing says so", None: "Not known"}[card.address_dead]
    asked = [("Does waiting help?", waiting), ("Is the address dead?", dead)]
    if card.account_risk:
        asked.append(("Careful", "Another try with the same data may lock the account"))
    told = "".join(f"<div><dt>{question}</dt><dd>{answer}</dd></div>" for question, answer in asked)
    return f'<dl class="mk-answers">{told}</dl>'


def _rows(card: _Card) -> Iterator[tuple[str, str]]:
    if card.people:
        more = f" and {len(card.people) - _PEOPLE} more" if len(card.people) > _PEOPLE else ""
        yield "Recipient" if len(card.people) == 1 else "Recipients", text(", ".join(card.people[:_PEOPLE])) + more
    if card.words:
        yield "Said", f'<code class="mk-quote" tabindex="0" {QUIET_KEYS}>{_quoted(card.words)}</code>'
    every = (*card.general, *(fix for _, fixes in card.screens for fix in fixes))
    people = tuple(dict.fromkeys(fix.who for fix in every))
    if people:
        yield "Who must act", text("; ".join(who_words(who, start=not number) for number, who in enumerate(people)))
    if card.general:
        yield "What to change", _fixes(card.general, named=len(people) > 1)
    for where, fixes in card.screens:
        yield text(where), _fixes(fixes, named=len(people) > 1)
    yield "Sure?", SURE.get(card.confidence, text(card.confidence))


def _fixes(fixes: tuple[Fix, ...], *, named: bool) -> str:
    entries = []
    for fix in fixes:
        who = f"<b>{text(who_words(fix.who, start=True))}:</b> " if named else ""
        where = place(fix.where)
        entries.append(f"<li>{who}{text(fix.action)}{f' <span class=mk-place>{text(where)}</span>' if where else ''}</li>")
    return f'<ol class="mk-fixes{"" if len(entries) > 1 else " mk-single"}">{"".join(entries)}</ol>'


def _why(card: _Card) -> str:
    rows = [("In one word", text(card.called))]
    match = card.matched
    if match is None:
        rows.append(("Rule", "None, and no code: nothing is known about these words."))
    else:
        rows.append(("Rule", f"{text(match.rule)} ({text(match.layer)} rules)"))
        if match.words:
            rows.append(("On the words", f"<code>{text(shorten(match.words, 160))}</code>"))
        if match.sources:
            more = [f"and {len(match.sources) - _SOURCES} more"] if len(match.sources) > _SOURCES else []
            rows.append(("From", "<br>".join([*(_source(one) for one in match.sources[:_SOURCES]), *more])))
        rows.append(("As of", text(", ".join(one for one in (match.date, f"confidence: {match.confidence}") if one))))
    return f'<dl class="mk-rows">{"".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in rows)}</dl>'


def _source(source: str) -> str:
    if not _LINK.fullmatch(source):
        return text(source)
    return f'<a href="{text(source)}" target="_blank" rel="noopener noreferrer">{text(source.removeprefix("https://"))}</a>'


def _quoted(words: str) -> str:
    return "\n".join(text(line) for line in shorten(words.strip(), _WORDS).splitlines())
