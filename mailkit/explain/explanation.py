"""What a text means: the answer to "why did it not go out, and who changes what"."""

from __future__ import annotations

import re

from msgspec import Struct, field

from mailkit.explain.heard import Heard, heard
from mailkit.explain.phrase import Hit
from mailkit.explain.rule import Placed, Rules, shipped
from mailkit.explain.speaker import identify, speakers
from mailkit.explain.vocabulary import causes, codes, on_screens, reasons
from mailkit.finding import PRODUCTS, Fix, Product

__all__ = ["Explanation", "Match", "judge"]

_ENVELOPE = frozenset({"greeting", "ehlo", "sender", "recipient", "data"})
_APPLY: dict[str, frozenset[str]] = {
    "greeting": _ENVELOPE,
    "ehlo": _ENVELOPE,
    "starttls": frozenset({"greeting", "starttls"}),
    "auth": frozenset({"greeting", "starttls", "auth"}),
    "sender": _ENVELOPE | {"starttls"},
    "recipient": _ENVELOPE | {"starttls"},
    "data": _ENVELOPE | {"after"},
    "after": _ENVELOPE | {"after"},
    "session": _ENVELOPE,
}
"""The stages whose rules are looked at when something was said at the stage on the left: refusals of client, name and sender
wander between the steps of the envelope, those of the log-in are its own."""

_PORT = re.compile(r"(?:\bport |:)(25|465|587|2525)\b")
_LOGIN_CODES = frozenset({432, 435, 524, 525, 530, 534, 535, 538})


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


def choose(
    said: Heard,
    who: tuple[str, ...],
    *,
    stage: str | None,
    rules: Rules,
    client: bool | None = None,
    port: int | None = None,
) -> tuple[Placed, Hit | None] | None:
    """Choose the rule that says most."""
    client = said.code is None if client is None else client
    best: tuple[tuple[int, ...], tuple[Placed, Hit | None]] | None = None
    for placed, hit in rules.find(said.text, said.status):
        rule = placed.rule
        kin = _kinship(placed, who, client=client or stage in ("tcp", "tls"))
        if kin is None or not _applies(rule.stage, rule.only, stage):
            continue
        if rule.codes and said.code is not None and said.code not in rule.codes:
            continue
        if (
            said.code is None
            and not client
            and stage != "auth"
            and placed.layer == "general"
            and _LOGIN_CODES.intersection(rule.codes)
        ):
            # Without a code to tell, a bounce that speaks of passwords is rarely about a log-in.
            continue
        if rule.ports and (port is None or port not in rule.ports):
            continue
        hint = any(code in said.status for code in rule.enhanced)
        rank = (not rule.vague, kin, rule.priority, hint, hit.end - hit.begin if hit else 0, rule.stage == stage)
        if best is None or rank > best[0]:
            best = (rank, (placed, hit))
    return best[1] if best else None


def _applies(at: str | None, only: tuple[str, ...], stage: str | None) -> bool:
    if stage not in _APPLY:
        return True
    return stage in only if only else at is None or at in _APPLY[stage]


def _kinship(placed: Placed, who: tuple[str, ...], *, client: bool) -> int | None:
    """Rank by layer and by who speaks; ``None``: not the words of this one."""
    rule = placed.rule
    if placed.layer == "client":
        return placed.strength if client else None
    if placed.layer in ("own", "general"):
        return placed.strength if rule.provider == "any" or rule.provider in who else None
    if rule.provider in who or (placed.layer == "provider" and rule.provider == "any"):
        return 3
    if placed.layer == "software" and rule.provider in (speakers().widespread | {"any"}):
        return 2 if rule.provider == "any" else 1
    return None


def by_code(said: Heard) -> tuple[str, bool]:
    """Give the cause that the codes alone say, and whether they say it clearly."""
    table = codes()
    for code in said.status:
        if (cause := table.status.get(code) or table.status.get(code[2:])) and code[2:] not in table.weak.status:
            return cause, True
    if said.code is not None and (cause := table.reply.get(str(said.code))):
        return cause, False
    for code in said.status:
        if cause := table.status.get(code) or table.status.get(code[2:]):
            return cause, False
    return "unclear", False


def _explained(
    text: str,
    said: Heard,
    who: tuple[str, ...],
    found: tuple[Placed, Hit | None] | None,
    *,
    stage: str | None,
    product: Product | None,
) -> Explanation:
    coded, clear = by_code(said)
    if found is not None and found[0].rule.vague and clear:
        found = None
    rule = found[0].rule if found else None
    name = rule.means if rule else coded
    cause = causes()[name]
    reason = (rule.reason if rule else None) or cause.reason
    if name == "unclear" and not said.code and not said.status:
        reason = "undefined"
    temporary = said.temporary
    told = {"yes": True, "no": False}.get(rule.temporary or "") if rule else None
    retry = told if told is not None else cause.retry_helps if cause.retry_helps is not None else temporary
    dead = reasons()[reason].bounce == "hard" if rule and rule.reason else cause.address_dead
    if reason == "notaccept" and temporary:
        dead = False
    screens = {one: on_screens(own if rule and (own := rule.on(one)) is not None else cause.on(one)) for one in PRODUCTS}
    fixes = (Fix(who=rule.who, action=rule.fix),) if rule and rule.fix else cause.fix
    return Explanation(
        text=text,
        provider=who[0] if who else None,
        stage=stage or (rule.stage if rule else None) or _stage_of(name, said),
        reply_code=said.code,
        enhanced_code=said.status[0] if said.status else None,
        cause=name,
        reason=reason,
        family=reasons()[reason].family,
        temporary=temporary,
        retry_helps=retry,
        address_dead=dead if name != "unclear" else None,
        account_risk=rule.account_risk if rule and rule.account_risk is not None else cause.account_risk,
        summary=(rule.because if rule else None) or cause.summary,
        fix=fixes + (screens[product] if product else ()),
        product_fix={one: told for one, told in screens.items() if told},
        confidence=_confidence(found, who, clear=clear),
        finding=(rule.finding if rule else None) or cause.finding,
        matched=_match(found, said, coded),
    )


def _confidence(found: tuple[Placed, Hit | None] | None, who: tuple[str, ...], *, clear: bool) -> str:
    if found is None:
        return "likely" if clear else "guess"
    rule = found[0].rule
    if rule.vague:
        return "guess"
    known = rule.provider in who or found[0].layer == "own" or rule.confidence in ("verified", "source", "vendor")
    return "sure" if known else "likely"


def _match(found: tuple[Placed, Hit | None] | None, said: Heard, coded: str) -> Match | None:
    if found is None:
        code = next(iter(said.status), None) or (str(said.code) if said.code else None)
        return (
            Match(rule=f"code {code}", layer="table", sources=codes().meta.sources[:1], date=str(codes().meta.date))
            if code and coded
            else None
        )
    placed, hit = found
    return Match(
        rule=placed.rule.id,
        layer=placed.layer,
        words=said.text[hit.begin : hit.end] if hit else None,
        sources=placed.sources,
        date=str(placed.date) if placed.date else None,
        confidence=placed.rule.confidence,
    )


def _stage_of(cause: str, said: Heard) -> str | None:
    if cause.startswith("auth_") and cause != "auth_required":
        return "auth"
    for command, stage in (
        ("in reply to mail from", "sender"),
        ("after mail from", "sender"),
        ("in reply to rcpt to", "recipient"),
        ("after rcpt to", "recipient"),
        ("end of data", "data"),
        ("in reply to data", "data"),
        ("in reply to ehlo", "ehlo"),
        ("in reply to helo", "ehlo"),
        ("initial connection", "greeting"),
        ("[mail_from]", "sender"),
        ("[rcpt_to]", "recipient"),
    ):
        if command in said.text:
            return stage
    if cause.startswith("recipient_") or cause == "mailbox_full":
        return "recipient"
    if cause.startswith("sender_"):
        return "sender"
    if cause.startswith(("content_", "message_")) or cause == "too_big":
        return "data"
    return None
