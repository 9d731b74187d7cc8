"""The words people read for the names the documents use.

Used by every way out in :mod:`mailkit.report`, so that a stage is called the same in a terminal, in a notebook and in a ticket.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from mailkit.diagnosis.knowledge import knowledge
from mailkit.finding import Severity, Who
from mailkit.observation import DnsStatus, Problem, Security, UsedBy
from mailkit.report.spoken import said

__all__ = [
    "DNS_STATUS",
    "PROBLEM",
    "SECURITY",
    "SEVERITY",
    "SHORT_PROBLEM",
    "STAGE",
    "WHY_NO_LOGIN",
    "count",
    "duration",
    "for_whom",
    "key_words",
    "moment",
    "stage_words",
    "who_words",
]

SEVERITY: dict[Severity, str] = {"error": "Error", "warning": "Warning", "info": "Note", "ok": "OK"}

SECURITY: dict[Security, str] = {"none": "not encrypted", "starttls": "STARTTLS", "implicit": "SSL/TLS from the start"}

STAGE: dict[str, str] = {
    "dns": "Name look-up",
    "tcp": "Connection",
    "greeting": "Greeting",
    "ehlo": "EHLO",
    "starttls": "STARTTLS",
    "tls": "Encryption (TLS)",
    "mail-in-clear": "Mail without TLS",
    "injection": "TLS injection",
    "auth": "Log-in",
    "sender": "Sender",
    "recipient": "Recipient",
    "data": "Message",
    "session": "End",
    "spf": "SPF record",
    "dkim": "DKIM key",
    "dmarc": "DMARC record",
    "dane": "DANE record",
    "site": "Configuration",
    "workstation": "Workstation",
}

PROBLEM: dict[Problem, str] = {
    "timeout": "no answer in time",
    "refused": "connection refused",
    "unreachable": "no way to this address",
    "reset": "connection reset",
    "closed": "connection closed by the server",
    "malformed": "the answer is not SMTP",
    "too-long": "the answer is longer than any may be",
    "tls": "the TLS handshake failed",
    "cancelled": "stopped",
    "deadline": "out of time",
    "budget": "would have needed one connection more than allowed",
    "failed": "failed",
}

SHORT_PROBLEM: dict[Problem, str] = {
    "timeout": "no answer",
    "refused": "refused",
    "unreachable": "no route",
    "reset": "cut off",
    "closed": "cut off",
    "cancelled": "stopped",
    "deadline": "out of time",
    "budget": "not asked",
}
"""One or two words for the result column; everything else is ``failed``."""

DNS_STATUS: dict[DnsStatus, str] = {
    "ok": "found",
    "not-found": "the name does not exist",
    "no-data": "no such record",
    "server-failure": "the name server failed",
    "timeout": "the name server did not answer in time",
    "refused": "the name server refused to answer",
    "alias-loop": "the aliases go round in a circle",
    "bogus": "the answer is forged or its signature is broken (DNSSEC)",
    "no-resolver": "no name server is configured on this machine",
    "malformed": "the name server's answer cannot be read",
}

WHY_NO_LOGIN: dict[str, str] = {
    "not-offered": "the server offers no log-in here",
    "mechanism-not-offered": "no log-in mechanism that both sides know",
    "unencrypted": "the password would have gone over the wire in the clear",
    "unverified": "the server's certificate could not be verified",
    "already-rejected": "the same log-in was refused before in this run",
}

_KEYS = {
    "dns": "DNS",
    "ehlo": "EHLO",
    "enhanced_code": "enhanced code",
    "helo": "HELO",
    "ip": "IP",
    "mx": "MX",
    "not_after": "valid until",
    "not_before": "valid from",
    "tls": "TLS",
}


def who_words(who: Who, *, start: bool = False) -> str:
    """Return who must act, in the words of the findings; with a capital letter at the ``start`` of a sentence."""
    words = knowledge().words.who[who]
    return words[:1].upper() + words[1:] if start else words


def stage_words(stage: str) -> str:
    """Return what people call a stage; an unknown one keeps its own name."""
    return said(STAGE.get(stage, stage))


def key_words(key: str) -> str:
    """Return the key of a piece of evidence as words.

    >>> key_words("reply_code"), key_words("offered_before_tls")
    ('reply code', 'offered before TLS')
    """
    return said(_KEYS.get(key) or " ".join(_KEYS.get(word, word) for word in key.split("_")))


def duration(milliseconds: float) -> str:
    """Return a duration a person can compare at a glance.

    >>> [duration(ms) for ms in (0.04, 7.4, 1234.5, 61000)]
    ['<1 ms', '7 ms', '1.23 s', '61.0 s']
    """
    if not math.isfinite(milliseconds):
        return "?"
    if milliseconds < 1:
        return "<1 ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def moment(when: datetime) -> str:
    """Return a time in UTC, to the second.

    >>> moment(datetime(2026, 3, 3, 12, 0, 5, tzinfo=UTC))
    '2026-03-03 12:00:05 UTC'
    """
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> count(1, "step"), count(3, "step"), count(2, "look-up")
    ('1 step', '3 steps', '2 look-ups')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


MAILING: dict[str, str] = {
    "standard": "standard mail",
    "bulk": "mass mailing",
    "dispatch": "dispatch",
    "mobile": "maestro*MOBILE",
    "trace": "copies of traces",
    "staff": "copies of staff messages",
    "alert": "alerts to guests",
}
"""The kinds of mail of both products."""

NAMED = 4
"""People named in a sentence; the JSON has them all."""


def for_whom(used_by: UsedBy, hide: Callable[[str], str] = str) -> str:
    """Return for whom the findings about an endpoint matter.

    >>> for_whom(UsedBy(site="site.toml", users=("ana", "bo"), mailings=("standard",)))
    '2 users send through this server (standard mail): ana, bo.'
    """
    people = used_by.users
    kinds = ", ".join(MAILING.get(one, one) for one in used_by.mailings)
    if not people:
        return f"This server is used for: {kinds}."
    shown = ", ".join(hide(one) for one in people[:NAMED]) + (f" and {len(people) - NAMED} more" if len(people) > NAMED else "")
    send = "sends" if len(people) == 1 else "send"
    maybe = "" if used_by.certain else " The site file leaves open whether all of them do."
    return f"{count(len(people), 'user')} {send} through this server ({kinds}): {shown}.{maybe}"
