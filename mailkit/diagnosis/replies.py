"""What a server's words mean: plain substrings and reply codes looked up in ``knowledge/replies.toml``.

No patterns, only case-insensitive substrings, so that no text can make the search run away. The stage at which something was said
is a hint: servers put refusals of the client, its name or the sender off until RCPT TO. Providers use the same codes for
different things, so who speaks counts first.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Literal

from msgspec import Struct

from mailkit.diagnosis.knowledge import read
from mailkit.finding import Fix, Product, Who
from mailkit.knowledge import Meta
from mailkit.observation import Reply
from mailkit.site.screens import screens

__all__ = ["Interpretation", "Stage", "generic", "identify", "interpret"]

Stage = Literal["tcp", "greeting", "ehlo", "starttls", "tls", "auth", "sender", "recipient", "data", "after", "session"]

# The stages whose rows are looked at when something was said at the stage on the left. A log-in's refusals are its own; those
# about client, name, sender, recipient and message wander between the steps of the envelope.
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
_CLIENT_STAGES = frozenset({"tcp", "tls"})
"""Words of these are those of a client's library, which the same file may call by any stage."""

_PUT_OFF = {f"{stage}.rejected": f"{stage}.temporary-failure" for stage in ("auth", "sender", "recipient", "data")}
"""The same refusal when the reply says that it is for the time being."""

_TEXT_LIMIT = 4000
"""Characters of a reply that are looked at."""

_REPLY = re.compile(r"\s*([2-5]\d\d)(?:[ -]|$)")
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class ScreenFix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do on a product's screens, in one sentence, and the field (``None``: on no screen)."""

    action: str
    where: str | None = None


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way of saying something: who says it, where, in which words, and what it means."""

    id: str
    provider: str
    stage: Stage
    any: tuple[str, ...]
    """Substrings in lower case; one must occur."""
    finding: str
    """The code it leads to; ``*.rejected`` and ``*.temporary-failure`` stand for that of the stage where it was said."""
    at: dict[str, str] = {}
    """Another code when it was said at the stage named."""
    only: tuple[Stage, ...] = ()
    """The stages at which it counts, when those of its own stage are too many."""
    priority: int = 50
    vague: bool = False
    """Says little by itself: any row that says more wins."""
    codes: tuple[int, ...] = ()
    enhanced: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    kind: str | None = None
    cause: str | None = None
    temporary: Literal["yes", "no", "depends"] | None = None
    account_risk: bool = False
    who: Who = "support"
    fix: str | None = None
    erp: tuple[ScreenFix, ...] | None = None
    pms: tuple[ScreenFix, ...] | None = None
    sources: tuple[str, ...] = ()
    confidence: Literal["verified", "source", "vendor", "corpus", "thread", "known"] = "known"
    date: dt.date | None = None
    """When it was checked, if not on the file's date."""


class Fingerprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a provider or a server program is recognised: by the end of its host name, or by words of its banner."""

    provider: str
    host: tuple[str, ...] = ()
    banner: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()
    """Words that occur in its replies only."""


class Fallback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the codes alone say, by stage: extended code without its class (RFC 3463), reply code, class of the reply."""

    enhanced: dict[str, dict[str, str]]
    code: dict[str, dict[str, str]]
    refused: dict[str, str]
    deferred: dict[str, str]


class _Clients(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``clients.toml``."""

    meta: Meta
    reply: tuple[Row, ...]


class Replies(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``replies.toml``."""

    meta: Meta
    widespread: frozenset[str]
    """Programs whose words are taken for theirs when it is not known who speaks."""
    fallback: Fallback
    fingerprint: tuple[Fingerprint, ...]
    reply: tuple[Row, ...]


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
    """Give what is known about replies; read when the first refusal is met."""
    return read("replies", Replies)


@cache
def clients() -> tuple[Row, ...]:
    """Give what client programs say of their own errors."""
    return read("clients", _Clients).reply


def identify(*, host: str | None = None, banner: str | None = None, reply: str | None = None) -> tuple[str, ...]:
    """Tell which providers and server programs these names and words belong to; a provider found by its host comes first."""
    name = f".{host.lower().rstrip('.')}" if host else ""
    banner, reply = (banner or "").lower(), (reply or "").lower()
    found: dict[str, None] = {}
    for mark in replies().fingerprint:
        if name and any(_ends(name, end) for end in mark.host):
            found[mark.provider] = None
    for mark in replies().fingerprint:
        if any(words in banner for words in mark.banner) or any(words in reply for words in mark.reply):
            found[mark.provider] = None
    return tuple(found)


def _ends(name: str, end: str) -> bool:
    # "email-smtp." and "mail.gmx." are beginnings: what follows is a region or a country.
    return f".{end}" in name if end.endswith(".") else name.endswith(end if end.startswith(".") else f".{end}")


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
        ``session``;
            ``tcp`` and ``tls`` for the words of a client library. A hint only.
        provider: who said it, as :func:`identify` names it; found out from the words when not given.
        port: the port, for what only holds on one.
        encrypted: whether TLS was on, where that is known: a bare 530 then means one thing or the other.

    Returns:
        The finding it leads to, and cause and way out where the words are known.
    """
    heard = _heard(reply)
    speakers = (provider,) if isinstance(provider, str) else provider or ()
    speakers = (*speakers, *(name for name in identify(reply=heard.text) if name not in speakers))
    best: tuple[tuple[int, ...], Row, str] | None = None
    for row in clients() if stage in _CLIENT_STAGES else replies().reply:
        kin = _kinship(row, speakers)
        if kin is None or (match := _match(row, heard, stage, port)) is None:
            continue
        rank = (not row.vague, kin, row.priority, _hint(row, heard), len(match), row.stage == stage)
        if best is None or rank > best[0]:
            best = (rank, row, match)
    if best is None:
        return Interpretation(
            finding=_by_code(heard, stage, encrypted=encrypted),
            temporary=heard.temporary,
            provider=speakers[0] if speakers else None,
            confidence="likely",
        )
    (_, kin, *_), row, match = best
    return _from_row(row, match, heard, stage, speakers[0] if speakers else None, own=kin == 2)


class _Heard(Struct, frozen=True):
    """A reply made ready for the search."""

    code: int | None
    enhanced: tuple[str, ...]
    text: str

    @property
    def temporary(self) -> bool | None:
        return None if self.code is None else self.code // 100 == 4


def _heard(reply: Reply | str) -> _Heard:
    if isinstance(reply, str):
        begin = _REPLY.match(reply)
        code, text = int(begin[1]) if begin else None, reply
    else:
        code, text = reply.code, f"{reply.code} {reply.enhanced_code or ''} {reply.text}"
    text = " ".join(text[:_TEXT_LIMIT].lower().split())
    codes = dict.fromkeys(match[0] for match in _ENHANCED.finditer(text))
    return _Heard(code, tuple(codes), text)


def _match(row: Row, heard: _Heard, stage: str, port: int | None) -> str | None:
    """Give the longest of the row's substrings that occurs, when the row applies at all."""
    if stage in _APPLY and (stage not in row.only if row.only else row.stage not in _APPLY[stage]):
        return None
    if row.codes and heard.code is not None and heard.code not in row.codes:
        return None
    if row.ports and port is not None and port not in row.ports:
        return None
    if any(words not in heard.text for words in row.all):
        return None
    return max((words for words in row.any if words in heard.text), key=len, default=None)


def _kinship(row: Row, speakers: tuple[str, ...]) -> int | None:
    """Rank by who speaks: 2 the row's own, 1 anybody, 0 a common program's words from another; ``None``: not his words."""
    if row.provider in speakers:
        return 2
    if row.provider == "any" or row.provider.startswith("client:"):
        return 1
    if row.provider in replies().widespread:
        return 0 if speakers else 1
    return None


def _hint(row: Row, heard: _Heard) -> int:
    return any(code in heard.enhanced for code in row.enhanced)


def _by_code(heard: _Heard, stage: str, *, encrypted: bool | None) -> str:
    table = replies().fallback
    if heard.code == 530 and stage in {"sender", "recipient"} and encrypted is False:
        return "sender.tls-required"
    for code in heard.enhanced:
        if found := table.enhanced.get(stage, {}).get(code[2:]):
            return found
    if found := table.code.get(stage, {}).get(str(heard.code)):
        return found
    return generic(stage, later=bool(heard.temporary))


def generic(stage: str, *, later: bool) -> str:
    """Name the finding for a refusal at a stage of which nothing more is known; ``later``: for the time being."""
    table = replies().fallback
    return (table.deferred if later else table.refused)[stage if stage in table.refused else "session"]


def _from_row(row: Row, match: str, heard: _Heard, stage: str, speaker: str | None, *, own: bool) -> Interpretation:
    finding = row.at.get(stage, row.finding)
    if heard.temporary:
        finding = _PUT_OFF.get(finding, finding)
    if finding.startswith("*."):
        finding = generic(stage, later=heard.temporary if heard.temporary is not None else finding == "*.temporary-failure")
    told = {"yes": True, "no": False, "depends": None}[row.temporary] if row.temporary else heard.temporary
    checked = row.confidence in ("verified", "source", "vendor")
    return Interpretation(
        finding=finding,
        temporary=True if heard.temporary else told,
        provider=speaker,
        row=row.id,
        kind=row.kind,
        cause=row.cause,
        account_risk=row.account_risk,
        fix=(Fix(who=row.who, action=row.fix),) if row.fix else (),
        product_fix=_on_screens(row),
        confidence="sure" if (own or checked) and not row.vague else "likely",
        matched=match,
        sources=row.sources,
    )


def _on_screens(row: Row) -> dict[Product, tuple[Fix, ...]]:
    """Give what the row says about each product's screens; a field is keyed in by whoever its screen says."""
    told: tuple[tuple[Product, tuple[ScreenFix, ...] | None], ...] = (("maestro-erp", row.erp), ("maestro-pms", row.pms))
    fields = screens()
    return {
        product: tuple(
            Fix(who=fields[fix.where].who if fix.where else row.who, action=fix.action, where=fix.where) for fix in fixes
        )
        for product, fixes in told
        if fixes is not None
    }
