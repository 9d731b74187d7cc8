"""The keyword lines of an EHLO reply (RFC 5321, 4.1.1.1), read."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["mechanisms", "offers"]

_MOST = 30
"""Mechanisms that are read of one line; servers know about ten."""


def offers(keywords: Sequence[str], name: str) -> bool:
    """Say whether a keyword is listed.

    >>> offers(["SIZE 100", "STARTTLS"], "STARTTLS")
    True
    """
    return any(line.split(None, 1)[0].upper() == name for line in keywords)


def mechanisms(keywords: Sequence[str]) -> tuple[str, ...]:
    """Give the mechanisms of the AUTH line (RFC 4954, 3), also of the old form ``AUTH=LOGIN``.

    >>> mechanisms(["SIZE 100", "AUTH PLAIN LOGIN", "AUTH=LOGIN"])
    ('PLAIN', 'LOGIN')
    """
    lists = [
        match[1].upper().split()[:_MOST] for line in keywords if (match := re.fullmatch(r"AUTH[ =](.+)", line, re.IGNORECASE))
    ]
    return tuple(dict.fromkeys(name for names in lists for name in names))
