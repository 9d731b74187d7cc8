"""What kind of server its first words betray, when it is not an SMTP server."""

from __future__ import annotations

import re

__all__ = ["identify"]

# First match wins. The words are those the protocols themselves prescribe (RFC 9112, 4253, 1939, 9051, 959, 3977, 2033, 5804).
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("http", re.compile(r"HTTP/\d|<!doctype html|<html", re.IGNORECASE)),
    ("ssh", re.compile(r"SSH-\d")),
    ("pop3", re.compile(r"\+OK|-ERR")),
    ("imap", re.compile(r"\* (OK|PREAUTH|BYE)\b")),
    ("managesieve", re.compile(r'"IMPLEMENTATION"', re.IGNORECASE)),
    ("ftp", re.compile(r"(220|421|530)[ -](?!.*E?SMTP).*\b(FTP|vsFTPd|ProFTPD|FileZilla)", re.IGNORECASE)),
    ("lmtp", re.compile(r"220[ -](?!.*E?SMTP).*\bLMTP\b", re.IGNORECASE)),
    ("nntp", re.compile(r"20[01] .*(NNTP|news|posting)", re.IGNORECASE)),
    ("rdp", re.compile(r"^\\x03\\x00\\x00")),
    ("mysql", re.compile(r"(?!\d{3}[ -]).*(mysql|mariadb)", re.IGNORECASE)),
    ("vnc", re.compile(r"RFB \d{3}\.\d{3}")),
    ("telnet", re.compile(r"^\\xff[\\xf]")),
    ("tls", re.compile(r"^\\x1[56]\\x03")),
)


def identify(text: str) -> str | None:
    """Name the service that ``text`` (harmless, first bytes of a server) comes from; ``None``: SMTP, or not known.

    >>> identify("HTTP/1.1 400 Bad Request"), identify("220 mail.example.com ESMTP")
    ('http', None)
    """
    return next((name for name, sign in _SIGNS if sign.match(text.lstrip())), None)
