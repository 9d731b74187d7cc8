"""``Received`` lines read: who handed the mail to whom, how, when, and how long it lay there.

The lines of Postfix, Exim, Sendmail, qmail, Exchange, Gmail, Yahoo, Domino and others agree on little more than the words
``from``, ``by``, ``with``, ``id`` and ``for`` and a date at the end (RFC 5321, 4.4); the rest stands in comments. Each line is
read in one pass, within limits; a line that says nothing is kept as it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from msgspec import Struct
from msgspec.structs import replace

from mailkit.mail.follow.arrival import Hop
from mailkit.text import shorten

__all__ = ["MOST_HOPS", "moment_of", "read_hops"]

MOST_HOPS = 100
"""Lines that are read: RFC 5321, 6.3 calls about 100 a loop. Of more, the newest and the oldest halves."""

_LINE = 4000
_RAW = 1000
_NAME = 255
_CLAUSES = frozenset({"from", "by", "via", "with", "id", "for"})
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})(?:%[\w.-]{1,20})?\]", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w.:])((?:\d{1,3}\.){3}\d{1,3}|(?:[0-9A-Fa-f]{1,4}:){2,7}[0-9A-Fa-f:.]{0,40}|::[0-9A-Fa-f:.]{1,40})(?![\w.])"
)
_HELO = re.compile(r"\b(?:helo|ehlo)[ =](\[?[^\s()\]]{1,255}\]?)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,10}[\w-]{1,63}\.?")
_TLS = re.compile(r"\b(?:TLS|SSL) ?v?(\d)(?:[._](\d))?\b(?!\d)", re.IGNORECASE)
_CIPHER = re.compile(r"\bcipher|\bTLS\b|_WITH_|(?:AES|CHACHA)\w*[-_](?:128|256|POLY)", re.IGNORECASE)
_SECURE = re.compile(r"(?:ESMTP|SMTP|LMTP|UTF8SMTP|UTF8LMTP|HTTP)SA?", re.IGNORECASE)
_CLEAR = re.compile(r"(?:UTF8)?E?SMTPA?", re.IGNORECASE)
_LOGIN = re.compile(r"\bauthenticated|\bauth[ =:]|\bAuthenticated sender", re.IGNORECASE)
_NOT_LOGIN = re.compile(r"(?:not|un) ?authenticated", re.IGNORECASE)
_DATE = re.compile(r"(?:\w{3}, )?\d{1,2} \w{3} \d{4} \d{1,2}:\d{2}(?::\d{2})?(?: [+-]\d{4}| \w{1,5})?")


def read_hops(lines: Sequence[str]) -> tuple[tuple[Hop, ...], int]:
    """Read ``Received`` values, given newest first as they stand in a mail.

    Returns:
        the hops, oldest first, each with its delay, and how many lines were left out.
    """
    left_out = max(0, len(lines) - MOST_HOPS)
    if left_out:
        lines = [*lines[: MOST_HOPS // 2], *lines[-MOST_HOPS // 2 :]]
    return _delayed([_hop(line) for line in reversed(lines)]), left_out


def moment_of(date: str) -> datetime | None:
    """Read a date of a mail (RFC 5322, 3.3); one without a zone is taken for UTC, as is ``-0000``.

    >>> moment_of("Tue, 3 Mar 2026 13:00:05 +0100 (CET)")
    datetime.datetime(2026, 3, 3, 12, 0, 5, tzinfo=datetime.timezone.utc)
    """
    try:
        parts = parsedate_tz(" ".join(date[:200].split()))
        if parts is None:
            return None
        zone = timezone(timedelta(seconds=parts[9] or 0))
        second = min(parts[5], 59)  # a leap second
        return datetime(*parts[:5], second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _delayed(hops: list[Hop]) -> tuple[Hop, ...]:
    told: list[Hop] = []
    before: datetime | None = None
    for hop in hops:
        if hop.moment is not None and before is not None:
            took = (hop.moment - before).total_seconds() * 1000
            hop = replace(hop, delay_ms=max(0.0, took), behind_ms=-took if took < 0 else None)  # noqa: PLW2901 - the same hop, told
        before = hop.moment or before
        told.append(hop)
    return tuple(told)


class _Clause(Struct):
    words: list[str]
    comments: list[str]

    @property
    def first(self) -> str | None:
        return self.words[0][:_NAME] if self.words else None

    @property
    def said(self) -> str:
        return " ".join(self.comments)


def _hop(line: str) -> Hop:
    line = line[:_LINE]
    clauses, rest, date = _clauses(line)
    nothing = _Clause([], [])
    who, by, how = (clauses.get(word, nothing) for word in ("from", "by", "with"))
    helo, name, address = _sender(who)
    protocol = how.first or clauses.get("via", nothing).first
    if protocol and protocol.lower() == "microsoft":
        protocol = " ".join(how.words)[:60]
    aside = " ".join((*how.words[1:], *(clause.said for clause in clauses.values()), rest))
    version = _TLS.search(aside)
    encrypted = _encrypted(protocol, aside, known=address is not None or helo is not None)
    return Hop(
        by=_plain(by.first),
        from_=helo,
        name=name,
        address=address,
        protocol=protocol,
        encrypted=encrypted,
        tls=f"TLSv{version[1]}.{version[2] or 0}" if version and encrypted else None,
        logged_in=True if _logged_in(protocol, aside) else None,
        id=clauses.get("id", nothing).first,
        for_=(clauses.get("for", nothing).first or "").strip("<>") or None,
        moment=moment_of(date) if date else None,
        raw=shorten(line, _RAW),
    )


def _clauses(line: str) -> tuple[dict[str, _Clause], str, str | None]:  # noqa: C901 - one pass with one state
    """Cut a line at its key words, comments apart; give also the comments before the first one, and the date."""
    clauses: dict[str, _Clause] = {}
    current = lead = _Clause([], [])
    depth, begin, semicolon = 0, 0, None

    def word(end: int) -> None:
        nonlocal current
        text = line[begin:end].strip()
        for one in text.split():
            key = one.lower()
            if key in _CLAUSES and key not in clauses:
                current = clauses[key] = _Clause([], [])
            else:
                current.words.append(one)

    for at, letter in enumerate(line):
        if letter == "(" and (depth or not at or line[at - 1] in " )];" or line[at - 1].isalnum()):
            if not depth:
                word(at)
                begin = at + 1
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            if not depth:
                current.comments.append(line[begin:at])
                begin = at + 1
        elif letter == ";" and not depth:
            if semicolon is None:
                word(at)
            semicolon, begin = at, at + 1
    if semicolon is None:
        if depth:  # a comment that never ends
            current.comments.append(line[begin:])
        else:
            word(len(line))
        found = list(_DATE.finditer(line))
        return clauses, lead.said, found[-1][0] if found else None
    return clauses, lead.said, line[semicolon + 1 :]


def _sender(who: _Clause) -> tuple[str | None, str | None, str | None]:
    """Tell the name in EHLO, the reverse name and the address, wherever the server at hand puts them."""
    first, said = who.first, who.said[:1000]
    called = _HELO.search(said)
    rest = _HELO.sub(" ", said)
    address = next((one for one in map(_address, _places(rest, first)) if one), None)
    # The first comment is about the sender; those behind it are about TLS and log-in.
    about = _HELO.sub(" ", who.comments[0][:500]) if who.comments else ""
    inside = next((one[0] for one in _HOST.finditer(about) if not _address(one[0])), None)
    if called:
        helo: str | None = called[1].strip("[]") if _address(called[1].strip("[]")) else called[1]
        name = inside or (first if first and _HOST.fullmatch(first) and not _address(first) else None)
    else:
        helo, name = first, inside
    return _plain(helo), _plain(name), address


def _places(said: str, first: str | None) -> list[str]:
    """Give the texts that may be the address, the likeliest first: in brackets, bare in a comment, in front."""
    found = [*_BRACKETED.findall(said), *_BARE.findall(said)]
    return [*found, *([first.strip("[]")] if first else [])]


def _address(text: str) -> str | None:
    try:
        found = ipaddress.ip_address(text.removeprefix("IPv6:").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def _plain(name: str | None) -> str | None:
    if not name or name.lower() in ("unknown", "(unknown)"):
        return None
    return name.strip("<>;,").rstrip(".")[:_NAME].lower() or None


def _encrypted(protocol: str | None, aside: str, *, known: bool) -> bool | None:
    if (protocol and _SECURE.fullmatch(protocol)) or _TLS.search(aside) or _CIPHER.search(aside):
        return True
    # A server that passes mail on within itself writes SMTP too, and says nothing about from whom.
    return False if protocol and known and _CLEAR.fullmatch(protocol) else None


def _logged_in(protocol: str | None, aside: str) -> bool:
    by_name = protocol is not None and re.fullmatch(r"(?:UTF8)?(?:ESMTP|SMTP|LMTP|HTTP)S?A", protocol, re.IGNORECASE) is not None
    return by_name or (_LOGIN.search(aside) is not None and not _NOT_LOGIN.search(aside))
