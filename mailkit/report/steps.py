"""What one step saw, in one line: the sentence beside each bar of the waterfall.

Facts only, no opinion: that is the business of the findings. Text of servers is passed on as it is (already harmless for a
terminal); whoever makes a page or a ticket of it escapes it there.
"""

from __future__ import annotations

from functools import singledispatch

from mailkit.observation import (
    AuthStage,
    ClearMailStage,
    DnsStage,
    EhloStage,
    GreetingStage,
    InjectionStage,
    QuitStage,
    RecipientStage,
    Reply,
    SenderStage,
    Stage,
    StarttlsStage,
    TcpStage,
    TlsStage,
)
from mailkit.report.spoken import said
from mailkit.report.words import DNS_STATUS, PROBLEM, SHORT_PROBLEM, WHY_NO_LOGIN, count, stage_words
from mailkit.text import shorten

__all__ = ["DOUBTFUL", "NOT_TRIED", "good", "label", "result", "saw", "stage_name"]

LIMIT = 200
"""Characters of a server's words beside a bar; the transcript has them all."""

NOT_TRIED = "not tried"
DOUBTFUL = "not verified"

_LOOKUPS = {"address": "Name look-up", "mx": "MX look-up", "reverse": "Reverse look-up", "tlsa": "DANE look-up"}
_NONE = ("no-data", "not-found")
_OPTIONAL = {"tlsa": True, "reverse": None}
"""Look-ups that may well find nothing, and whether that is good."""

SHOWN = 4
"""Names or addresses listed beside a bar before "and 3 more"."""


def stage_name(stage: Stage) -> str:
    """Return the name of the stage as the documents have it (``"mail-in-clear"``)."""
    return str(stage.__struct_config__.tag)


def result(stage: Stage) -> str:
    """Return one or two words: ``ok``, ``failed``, ``no answer``, ``could not tell`` and their like."""
    if isinstance(stage, AuthStage) and stage.result == "not_tried":
        return NOT_TRIED
    if isinstance(stage, DnsStage) and stage.status in _NONE and stage.what in _OPTIONAL:
        return "none"
    if isinstance(stage, DnsStage) and stage.status == "timeout":
        return SHORT_PROBLEM["timeout"]
    if isinstance(stage, TlsStage) and stage.ok and stage.tls and stage.tls.verified is False:
        return DOUBTFUL
    if stage.problem in SHORT_PROBLEM:
        return SHORT_PROBLEM[stage.problem]
    if stage.ok is None:
        return "could not tell"
    return "ok" if stage.ok else "failed"


def label(stage: Stage) -> str:
    """Return the name of the step: that of its stage, closer where a stage has several steps."""
    if isinstance(stage, DnsStage):
        return said(_LOOKUPS[stage.what])
    if isinstance(stage, EhloStage):
        return said(f"{stage.verb} inside TLS") if stage.encrypted else stage.verb
    return stage_words(stage_name(stage))


def good(stage: Stage) -> bool | None:
    """Return whether the step ended well, as a reader sees it: ``None`` for what is neither good nor bad by itself.

    An encrypted line with a doubtful certificate is one, for whether that matters depends on the port; an address without a
    name is another.
    """
    if isinstance(stage, DnsStage) and stage.status in _NONE and stage.what in _OPTIONAL:
        return _OPTIONAL[stage.what]
    return None if result(stage) == DOUBTFUL else stage.ok


def saw(stage: Stage) -> str:
    """Return what the step saw, at most a line of about 200 characters."""
    return shorten(_saw(stage), LIMIT)


@singledispatch
def _saw(stage: Stage) -> str:
    return _problem(stage)


@_saw.register
def _dns(stage: DnsStage) -> str:
    question = stage.name
    if stage.status in _NONE and stage.what in _OPTIONAL:
        return f"{question}: {said('none')}"
    if stage.status != "ok":
        return f"{question}: {said(DNS_STATUS[stage.status])}"
    if stage.exchangers:
        answer = _some([f"{exchanger.host or '.'} ({exchanger.preference})" for exchanger in stage.exchangers])
    elif stage.records:
        answer = count(len(stage.records), said("record"))
    else:
        answer = _some(list(stage.answers)) or said("none")
    if stage.what == "reverse" and stage.answers:
        answer += said(", confirmed" if stage.confirmed else ", not confirmed by its own addresses")
    via = said(" by way of {names}").format(names=_some(list(stage.aliases))) if stage.aliases else ""
    return f"{question}: {answer}{via}"


@_saw.register
def _tcp(stage: TcpStage) -> str:
    return "" if stage.ok else _problem(stage)


@_saw.register
def _greeting(stage: GreetingStage) -> str:
    if stage.reply:
        return _said(stage.reply)
    if stage.speaks_tls:
        return said("silent in the clear; it answers a TLS handshake")
    what = f"this is {stage.service}, not SMTP" if stage.service else _problem(stage)
    return _join(what, f"“{stage.raw}”" if stage.raw else "")


@_saw.register
def _ehlo(stage: EhloStage) -> str:
    if stage.ok and not stage.keywords:
        return _join(stage.verb, said("no extensions"))
    if stage.ok:
        return ", ".join(stage.keywords)
    return _said(stage.reply) if stage.reply else _problem(stage)


@_saw.register
def _starttls(stage: StarttlsStage) -> str:
    if stage.reply:
        return _join("" if stage.offered else said("not offered"), _said(stage.reply))
    if stage.masked:
        return f"overwritten on the way: {stage.masked}"
    return _problem(stage) if stage.problem else said("offered" if stage.offered else "not offered")


@_saw.register
def _tls(stage: TlsStage) -> str:
    tls = stage.tls
    if tls and tls.chain:
        leaf = tls.chain[0]
        trust = {True: "certificate verified", False: "certificate not good", None: "certificate not verified"}[tls.verified]
        name = leaf.names[0] if leaf.names else leaf.subject
        told = said("{trust}: {name}, until {day}").format(trust=said(trust), name=name, day=f"{leaf.not_after:%Y-%m-%d}")
        return _join(tls.version or "", told)
    return _join(tls.version or "" if tls else "", _problem(stage), f"“{stage.received}”" if stage.received else "")


@_saw.register
def _clear_mail(stage: ClearMailStage) -> str:
    return _said(stage.reply) if stage.reply else _problem(stage)


@_saw.register
def _injection(stage: InjectionStage) -> str:
    told = {True: "carried out inside TLS", False: "thrown away, as it should be", None: _problem(stage) or "could not tell"}
    return said(told[stage.executed])


@_saw.register
def _auth(stage: AuthStage) -> str:
    if stage.why_not:
        return said(WHY_NO_LOGIN[stage.why_not])
    return _join(stage.tried or "", _said(stage.reply) if stage.reply else _problem(stage))


@_saw.register
def _sender(stage: SenderStage) -> str:
    return _join(stage.sender or "<>", _said(stage.reply) if stage.reply else _problem(stage))


@_saw.register
def _recipient(stage: RecipientStage) -> str:
    return _join(stage.recipient, _said(stage.reply) if stage.reply else _problem(stage))


@_saw.register
def _quit(stage: QuitStage) -> str:
    if stage.reply:
        return _said(stage.reply)
    return _problem(stage)


def _problem(stage: Stage) -> str:
    if stage.problem is None:
        return stage.problem_text or ""
    words = said(PROBLEM[stage.problem])
    return f"{words} ({stage.problem_text})" if stage.problem_text and stage.problem_text not in words else words


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.text}".strip()


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (said(" and {count} more").format(count=more) if more > 0 else "")
