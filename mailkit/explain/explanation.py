"""What a text means: the answer to "why did it not go out, and who changes what"."""

from __future__ import annotations

import re

from msgspec import Struct, field

from mailkit.explain.choice import Found, by_code, choose
from mailkit.explain.heard import Heard, heard
from mailkit.explain.rule import Rule, Rules, shipped
from mailkit.explain.speaker import identify
from mailkit.explain.vocabulary import Cause, causes, codes, on_screens, reasons
from mailkit.finding import PRODUCTS, Fix, Product
from mailkit.knowledge import language

__all__ = ["Explanation", "Match", "judge"]

_NO_RULE = Rule(id="", means="")
_COMMANDS = (
    ("in reply to mail from", "sender"),
    ("after mail from", "sender"),
    ("in reply to rcpt to", "recipient"),
    ("after rcpt to", "recipient"),
    ("end of data", "data"),
    ("in reply to data", "data"),
    ("in reply to ehlo", "ehlo"),
    ("in reply to helo", "ehlo"),
    ("initial connection", "greeting"),
)
_USUAL = (
    ("auth_required", "sender"),
    ("auth_", "auth"),
    ("recipient_", "recipient"),
    ("mailbox_", "recipient"),
    ("sender_", "sender"),
    ("content_", "data"),
    ("message_", "data"),
    ("too_big", "data"),
)
"""Where a refusal for this cause is usually said."""
_PORT = re.compile(r"(?:\bport |:)(25|465|587|2525)\b")


class Match(Struct, frozen=True, kw_only=True):
    """Why this answer: the rule, its layer, the words that were found, where the rule comes from."""

    rule: str
    layer: str
    words: str | None = None
    sources: tuple[str, ...] = ()
    date: str | None = None
    confidence: str = "known"


class Explanation(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.explanation/1"):
    """The document ``explanation``. Unknown is ``None``."""

    text: str
    provider: str | None
    stage: str | None
    reply_code: int | None
    enhanced_code: str | None
    cause: str
    reason: str
    family: str
    temporary: bool | None
    """What the class of the codes says (4yz or 5yz)."""
    retry_helps: bool | None
    """What it means: whether the same mail may pass later."""
    address_dead: bool | None
    account_risk: bool
    summary: str
    fix: tuple[Fix, ...]
    product_fix: dict[Product, tuple[Fix, ...]] = field(default_factory=dict)
    confidence: str
    """``sure``: words of who is known to speak, or checked ones; ``likely``; ``guess``: vague words, or codes that mean much."""
    finding: str | None = None
    matched: Match | None = None


def judge(
    text: str,
    *,
    shown: str | None = None,
    stage: str | None = None,
    host: str | None = None,
    product: Product | None = None,
    rules: Rules | None = None,
    client: bool | None = None,
    port: int | None = None,
    status: str | None = None,
) -> Explanation:
    """Explain one saying.

    Args:
        text: the reply or error, as one text.
        shown: what stands in the document as its text, if not ``text``.
        stage: where it was said; a hint.
        host: who said it, when known.
        product: name its fields among the fixes.
        rules: those to use; the shipped ones when not given.
        client: whether words of client programs count; ``None``: when no server's reply code is in the text.
        port: for rules that hold on one port.
        status: a status code told apart from the text, for when it holds none.
    """
    said = heard(text, status)
    if port is None and said.code is None and (named := _PORT.search(said.text)):
        port = int(named[1])
    who = identify(host=host, reply=text[: 4 * 1024])
    found = choose(said, who, stage=stage, rules=rules or shipped(), client=client, port=port)
    return _explained(shown if shown is not None else text, said, who, found, stage=stage, product=product)


def _explained(
    text: str, said: Heard, who: tuple[str, ...], found: Found | None, *, stage: str | None, product: Product | None
) -> Explanation:
    coded, clear = by_code(said)
    if found is not None and found.placed.rule.vague and clear:
        found = None
    rule = found.placed.rule if found else _NO_RULE
    told = found.telling.rule if found else _NO_RULE
    name = rule.means or coded
    cause = causes()[name]
    reason = rule.reason or cause.reason
    if name == "unclear" and not said.code and not said.status:
        reason = "undefined"
    dead = reasons()[reason].bounce == "hard" if rule.reason else cause.address_dead
    if reason == "notaccept" and said.temporary:
        dead = False
    screens = {one: on_screens(own if (own := told.on(one)) is not None else cause.on(one)) for one in PRODUCTS}
    fixes = (Fix(who=told.who, action=told.fix),) if told.fix and language() == "en" else cause.fix
    return Explanation(
        text=text,
        provider=who[0] if who else None,
        stage=stage or _stage_in(said) or rule.stage or told.stage or _stage_of(name),
        reply_code=said.code,
        enhanced_code=said.status[0] if said.status else None,
        cause=name,
        reason=reason,
        family=reasons()[reason].family,
        temporary=said.temporary,
        retry_helps=_waiting(rule, cause, said),
        address_dead=dead if name != "unclear" else None,
        account_risk=rule.account_risk if rule.account_risk is not None else cause.account_risk,
        # What a rule says more finely is kept in English only.
        summary=(told.because if language() == "en" else None) or cause.summary,
        fix=fixes + (screens[product] if product else ()),
        product_fix={one: fields for one, fields in screens.items() if fields},
        confidence=found.confidence(who) if found else "likely" if clear else "guess",
        finding=rule.finding or cause.finding,
        matched=_match(found, said),
    )


def _waiting(rule: Rule, cause: Cause, said: Heard) -> bool | None:
    if rule.temporary in ("yes", "no"):
        return rule.temporary == "yes"
    return said.temporary if cause.retry_helps is None else cause.retry_helps


def _match(found: Found | None, said: Heard) -> Match | None:
    if found is None:
        code = next(iter(said.status), None) or (str(said.code) if said.code else None)
        return (
            Match(rule=f"code {code}", layer="table", sources=codes().meta.sources, date=str(codes().meta.date)) if code else None
        )
    placed, hit = found.placed, found.hit
    return Match(
        rule=placed.rule.id,
        layer=placed.layer,
        words=said.text[hit.begin : hit.end] if hit else None,
        sources=tuple(dict.fromkeys((*found.telling.sources, *placed.sources))),
        date=str(placed.date) if placed.date else None,
        confidence=placed.rule.confidence,
    )


def _stage_in(said: Heard) -> str | None:
    """Tell at which command it was said, where the text names it."""
    return next((stage for command, stage in _COMMANDS if command in said.text), None)


def _stage_of(cause: str) -> str | None:
    return next((stage for begin, stage in _USUAL if cause.startswith(begin)), None)
