"""Which finding a server's words lead to: :mod:`mailkit.explain` says what they mean, the stage decides on the finding's name.

The stage at which something was said is a hint: servers put refusals of the client, its name or the sender off until RCPT TO.
Where no words are known, the codes have to do; what they mean at each stage is kept in ``knowledge/replies.toml``.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from msgspec import Struct

from mailkit.diagnosis.knowledge import read
from mailkit.explain.choice import choose
from mailkit.explain.heard import Heard, heard
from mailkit.explain.rule import Rule, Stage, shipped
from mailkit.explain.speaker import identify
from mailkit.explain.vocabulary import causes, on_screens
from mailkit.finding import PRODUCTS, Fix, Product
from mailkit.knowledge import Meta, language
from mailkit.observation import Reply

__all__ = ["Interpretation", "Stage", "generic", "identify", "interpret"]

_CLIENT_STAGES = frozenset({"tcp", "tls"})
"""Words of these are those of a client's library, which the same file may call by any stage."""

_PUT_OFF = {f"{stage}.rejected": f"{stage}.temporary-failure" for stage in ("auth", "sender", "recipient", "data")}
"""The same refusal when the reply says that it is for the time being."""


class Fallback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the codes alone say, by stage: extended code without its class (RFC 3463), reply code, class of the reply."""

    enhanced: dict[str, dict[str, str]]
    code: dict[str, dict[str, str]]
    refused: dict[str, str]
    deferred: dict[str, str]


class Replies(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``replies.toml``."""

    meta: Meta
    fallback: Fallback


class Interpretation(Struct, frozen=True, kw_only=True):
    """What a text means. Without ``row`` only its codes were understood; the words of the finding then have to do."""

    finding: str
    temporary: bool | None
    provider: str | None = None
    row: str | None = None
    kind: str | None = None
    cause: str | None = None
    account_risk: bool = False
    fix: tuple[Fix, ...] = ()
    product_fix: dict[Product, tuple[Fix, ...]] = {}
    confidence: Literal["sure", "likely", "guess"] = "sure"
    matched: str | None = None
    sources: tuple[str, ...] = ()


@cache
def replies() -> Replies:
    """Give what codes mean at which stage; read when the first refusal is met."""
    return read("replies", Replies)


def interpret(
    reply: Reply | str,
    *,
    stage: str,
    provider: str | tuple[str, ...] | None = None,
    port: int | None = None,
    encrypted: bool | None = None,
) -> Interpretation:
    """Tell what a reply means.

    Args:
        reply: the reply, or its text with or without codes.
        stage: where it was said: ``greeting``, ``ehlo``, ``starttls``, ``auth``, ``sender``, ``recipient``, ``data``,
            ``session``; ``tcp`` and ``tls`` for the words of a client library. A hint only.
        provider: who said it, as :func:`identify` names it; found out from the words when not given.
        port: the port, for what only holds on one.
        encrypted: whether TLS was on, where that is known: a bare 530 then means one thing or the other.

    Returns:
        The finding it leads to, and cause and way out where the words are known.
    """
    text = reply if isinstance(reply, str) else f"{reply.code} {reply.enhanced_code or ''} {reply.text}"
    said = heard(text)
    speakers = (provider,) if isinstance(provider, str) else provider or ()
    speakers = (*speakers, *(name for name in identify(reply=text[:4000]) if name not in speakers))
    speaker = speakers[0] if speakers else None
    found = choose(said, speakers, stage=stage, rules=shipped(), client=stage in _CLIENT_STAGES, port=port)
    if found is None:
        return Interpretation(
            finding=_by_code(said, stage, encrypted=encrypted), temporary=_later(said), provider=speaker, confidence="likely"
        )
    rule, hit = found.telling.rule, found.hit
    # What a rule says more finely is kept in English only; elsewhere its cause speaks for it.
    cause, own = causes()[rule.means], language() == "en"
    return Interpretation(
        finding=_finding(rule, said, stage),
        temporary=_waiting(rule, said),
        provider=speaker,
        row=rule.id,
        kind=rule.kind,
        cause=rule.because if own or not rule.because else cause.summary,
        account_risk=cause.account_risk if rule.account_risk is None else rule.account_risk,
        fix=() if not rule.fix else (Fix(who=rule.who, action=rule.fix),) if own else cause.fix,
        product_fix={
            product: on_screens(told if own or not told else cause.on(product))
            for product in PRODUCTS
            if (told := rule.on(product)) is not None
        },
        confidence="sure" if found.confidence(speakers) == "sure" else "likely",
        matched=said.text[hit.begin : hit.end] if hit else None,
        sources=found.telling.sources,
    )


def generic(stage: str, *, later: bool) -> str:
    """Name the finding for a refusal at a stage of which nothing more is known; ``later``: for the time being."""
    table = replies().fallback
    return (table.deferred if later else table.refused)[stage if stage in table.refused else "session"]


def _later(said: Heard) -> bool | None:
    return None if said.code is None else said.code // 100 == 4


def _waiting(rule: Rule, said: Heard) -> bool | None:
    if _later(said):
        return True
    return {"yes": True, "no": False, "depends": None}[rule.temporary] if rule.temporary else _later(said)


def _finding(rule: Rule, said: Heard, stage: str) -> str:
    cause = causes()[rule.means]
    finding = rule.at.get(stage) or rule.finding or cause.at.get(stage) or cause.finding
    later = _later(said)
    if later:
        finding = _PUT_OFF.get(finding, finding)
    if finding.startswith("*."):
        return generic(stage, later=later if later is not None else finding == "*.temporary-failure")
    return finding


def _by_code(said: Heard, stage: str, *, encrypted: bool | None) -> str:
    table = replies().fallback
    if said.code == 530 and stage in {"sender", "recipient"} and encrypted is False:
        return "sender.tls-required"
    for code in said.status:
        if found := table.enhanced.get(stage, {}).get(code[2:]):
            return found
    if found := table.code.get(stage, {}).get(str(said.code)):
        return found
    return generic(stage, later=bool(_later(said)))
