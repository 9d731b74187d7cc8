"""The words for test mails: which ways there are, what a state means, what the reply to a mail means and who acts on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from mailkit.explain import Explanation, explain
from mailkit.finding import Finding, Product
from mailkit.journal import Delivery, State
from mailkit.mail.account import Wanted
from mailkit.mail.planned import Planned
from mailkit.report.route_words import MAILING, TRANSPORT
from mailkit.report.words import count
from mailkit.text import visible

__all__ = [
    "SECURITY",
    "STATE",
    "STATE_MEANS",
    "alike",
    "by_which_way",
    "full_reply",
    "meaning",
    "means",
    "span",
    "state",
    "title",
    "totals",
    "whose",
]

STATE: dict[State, str] = {
    "pending": "waiting",
    "skipped": "not sent",
    "sending": "being sent",
    "accepted": "accepted",
    "deferred": "refused for now",
    "rejected": "refused",
    "uncertain": "uncertain",
    "delivered": "delivered",
    "bounced": "came back",
    "expired": "given up",
}
"""A state in one or two words."""

STATE_MEANS: dict[State, str] = {
    "pending": "It has not been tried yet.",
    "skipped": "It was not sent, and there is a reason.",
    "sending": "It may be on its way at this moment.",
    "accepted": "The mail server took it. Whether it arrives, only the mailbox or a bounce can tell.",
    "deferred": "The server refused it for now and may take it later.",
    "rejected": "The server refused it for good.",
    "uncertain": "The connection ended after the last dot: the server may have it. Look into the mailbox before sending again.",
    "delivered": "It is in the mailbox.",
    "bounced": "It was accepted and came back.",
    "expired": "It was tried until its time was over.",
}
"""A state in a sentence; "accepted" is never "delivered"."""

SECURITY: dict[Wanted, str] = {
    "none": "not encrypted",
    "starttls": "STARTTLS",
    "implicit": "SSL/TLS from the start",
    "tls": "encrypted",
    "auto": "encrypted if the server offers it",
}


_STAGES = {"connect": "tcp", "arrival": "after"}
"""Stages of an attempt that the explanations call otherwise."""


def state(delivery: Delivery) -> str:
    """Return the state of a mail in a few words; where it never came to the mail itself, what failed instead."""
    before = _before_the_mail(delivery)
    return before[0] if before else STATE[delivery.state]


def meaning(delivery: Delivery) -> str:
    """Return what the state of a mail means, as far as it came."""
    before = _before_the_mail(delivery)
    return before[1] if before else STATE_MEANS[delivery.state]


def _before_the_mail(delivery: Delivery) -> tuple[str, str] | None:
    if delivery.state not in ("rejected", "deferred", "expired"):
        return None
    if delivery.stage == "auth":
        if delivery.reply_code is None:
            return "no log-in", "Nobody could log in there, so no mail could be handed over."
        if delivery.reply_code < 500:
            return "log-in put off", "The server could not log anybody in just now. That does not say that the password is wrong."
        return "log-in refused", "The log-in was refused, so no mail could be handed over."
    if delivery.stage in ("connect", "greeting", "ehlo", "tls"):
        return "no connection", "There was no connection over which mail could be handed over."
    if delivery.reply_code is None and delivery.stage in ("sender", "recipient", "data"):
        return "cut off", "The connection ended, or no answer came, before the server had the mail: it has not got it."
    return None


def whose(one: Planned) -> str:
    """Return whose mail it is, with the documents it holds for."""
    named = f" ({', '.join(one.route.documents)})" if one.route.documents else ""
    return visible((one.user or ("guests" if one.mailing == "alert" else "anybody")) + named)


def title(one: Planned) -> str:
    """Return whose mail of which kind.

    It is the first line about a mail in every list.
    """
    return f"{whose(one)}: {MAILING.get(one.mailing, one.mailing)}"


def by_which_way(one: Planned) -> str:
    """Return how it leaves: server, log-in, encryption and the rule that says so."""
    rule = one.route.as_rule or one.route.rule
    if one.account is None:
        return f"{TRANSPORT[one.route.transport]} (rule {rule})"
    login = f"logged in as {one.account.login}" if one.account.login else "without a log-in"
    return visible(f"{one.account.endpoint}, {login}, {SECURITY[one.account.security]} (rule {rule})")


def alike(findings: Iterable[Finding]) -> list[tuple[Finding, tuple[str, ...]]]:
    """Put findings together that differ only in whom they are about; each with those it is about, the most serious first."""
    found: dict[tuple[str, str], tuple[Finding, dict[str, None]]] = {}
    for finding in findings:
        key = (finding.code, finding.summary.replace(finding.subject, "\0") if finding.subject else finding.summary)
        found.setdefault(key, (finding, {}))[1][finding.subject] = None
    rank = {"error": 0, "warning": 1, "info": 2, "ok": 3}
    return sorted(((first, tuple(about)) for first, about in found.values()), key=lambda pair: rank[pair[0].severity])


def means(delivery: Delivery, product: Product | None) -> Explanation | None:
    """Return what the reply to a mail means; ``None``: there was none, or it was taken."""
    if delivery.state in ("accepted", "delivered", "pending", "sending", "skipped") or not delivery.reply:
        return None
    host = (delivery.account or "").rpartition(" at ")[2].rpartition(":")[0] or None
    return explain(full_reply(delivery), stage=_STAGES.get(delivery.stage or "", delivery.stage), host=host, product=product)


def full_reply(delivery: Delivery) -> str:
    """Return the reply with its codes, each once.

    Some records keep the codes in the text, others beside it.
    """
    text = " ".join((delivery.reply or "").split())
    for code in (delivery.enhanced_code, str(delivery.reply_code or "")):
        if code and code not in text[:16].split():
            text = f"{code} {text}"
    return text


def totals(deliveries: Iterable[Delivery]) -> str:
    """Return how many mails are in which state, in one sentence.

    >>> totals([])
    'Nothing was sent.'
    """
    counted = Counter(state(one) for one in deliveries)
    told = [f"{number} {words}" for words, number in counted.most_common()]
    return f"{count(counted.total(), 'mail')}: {', '.join(told)}." if told else "Nothing was sent."


def span(time: timedelta) -> str:
    """Return a time that a person plans with.

    >>> span(timedelta(seconds=20)), span(timedelta(minutes=3)), span(timedelta(hours=30))
    ('less than a minute', '3 minutes', '1 day and 6 hours')
    """
    minutes = int(time.total_seconds() // 60)
    if not minutes:
        return "less than a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [count(number, word) for number, word in ((days, "day"), (hours, "hour"), (minutes, "minute")) if number][:2]
    return " and ".join(parts)
