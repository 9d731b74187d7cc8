"""Which addresses the practice servers take, and what they say to the others: data for MAIL and RCPT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["KNOWN", "LOCAL_DOMAINS", "RECIPIENTS", "is_address"]

LOCAL_DOMAINS = frozenset({"hotel.test", "builder.test", "practice.test"})
"""Domains whose mail ends at every server, like that for its own host name; mail for others is relayed, which needs a log-in."""

KNOWN = frozenset(
    {
        "frontdesk",
        "bookkeeping",
        "reservations",
        "sales",
        "manager",
        "housekeeping",
        "events",
        "concierge",
        "maintenance",
        "traces",
        "estimator",
        "payroll",
        "superintendent",
        "scanner",
        "dispatch",
        "postmaster",
        "abuse",
    }
)
"""Local parts with a mailbox, in each of those domains."""

RECIPIENTS: Mapping[str, str] = MappingProxyType(
    {
        "full": "452 4.2.2 <{address}>: Recipient address rejected: the mailbox is full",
        "over-quota": "552 5.2.2 <{address}>: Recipient address rejected: mailbox over quota",
        "moved": "551 5.1.6 <{address}>: User has moved to frontdesk@hotel.test, please try there",
        "disabled": "550 5.2.1 <{address}>: Recipient address rejected: this mailbox is disabled",
        "busy": "451 4.3.0 <{address}>: Temporary lookup failure",
        "grey": "450 4.2.0 <{address}>: Recipient address rejected: Greylisted, please try again in 300 seconds",
        "policy": "550 5.7.1 <{address}>: Recipient address rejected: Message rejected due to local policy",
    }
)
"""Local parts that are always refused, in each of those domains, and the reply."""

_ADDRESS = re.compile(r"[^@\s<>]+@(?:\[[0-9A-Za-z:.]+\]|[^@\s<>.]+(?:\.[^@\s<>.]+)*)")


def is_address(text: str) -> bool:
    """Whether a text has the shape of an envelope address (a loose reading of RFC 5321, 4.1.2)."""
    return len(text) <= 320 and _ADDRESS.fullmatch(text) is not None  # 64 + @ + 255, RFC 5321, 4.5.3.1
