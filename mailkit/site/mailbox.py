"""Mail addresses as they stand in a field: what is wrong with one, and its two halves.

Judges what people typed, so it is generous where the standards are: plus signs, apostrophes, quoted local parts, address
literals and other scripts than Latin are addresses (RFC 5321, 4.1.2; RFC 6531). Used by the checks of both products.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import idna

from mailkit.address import is_address
from mailkit.text import visible

__all__ = ["Flaw", "below", "domain_of", "flaw_of", "is_mailbox", "same"]

Flaw = Literal["empty", "several", "display-name", "blank", "no-domain", "malformed"]
"""Nothing there; two addresses in one field; a name around it; a blank in or around it; nothing after an @; anything else."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\xa1-\U0010ffff-]+"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BETWEEN = re.compile(r"[,;|\s/&]+")
_LONGEST, _LONGEST_LOCAL = 254, 64  # octets: RFC 5321, 4.5.3.1


@lru_cache(maxsize=4096)  # the same few servers, senders and log-ins are looked at again and again
def flaw_of(text: str) -> Flaw | None:
    """Say what keeps ``text`` from being one address; ``None``: nothing does.

    >>> flaw_of("o'neil+traces@hotel.test"), flaw_of("a@hotel.test; b@hotel.test"), flaw_of("frontdesk")
    (None, 'several', 'no-domain')
    """
    if not text.strip():
        return "empty"
    bare = _QUOTED.sub("x", text)
    if sum("@" in piece.strip("@") for piece in _BETWEEN.split(bare)) > 1:
        return "several"
    if "<" in bare or ">" in bare:
        return "display-name"
    local, at, domain = text.rpartition("@")
    if not at or not domain.strip():
        return "no-domain"
    if _parts_fit(local, domain):
        return None
    if _parts_fit(*("".join(part.split()) for part in (local, domain))):
        return "blank"
    return "malformed"


def _parts_fit(local: str, domain: str) -> bool:
    octets = len(local.encode("utf-8", "replace"))
    if octets > _LONGEST_LOCAL or octets + len(domain) >= _LONGEST or not _LOCAL.fullmatch(local) or visible(local) != local:
        return False
    if domain.startswith("[") and domain.endswith("]"):
        return is_address(domain[1:-1].removeprefix("IPv6:"))
    try:
        idna.encode(domain, uts46=True)
    except (idna.IDNAError, UnicodeError):
        return False
    return not domain.endswith(".")


def is_mailbox(text: str | None) -> bool:
    """Say whether ``text`` is known and one address."""
    return text is not None and flaw_of(text) is None


def domain_of(text: str | None) -> str | None:
    """Give what follows the last @, in small letters; ``None``: nothing does."""
    domain = (text or "").rpartition("@")[2] if "@" in (text or "") else ""
    return domain.strip().strip(".").lower() or None


def same(one: str, other: str) -> bool:
    """Say whether two fields hold the same, as mail servers compare: capitals and blanks around do not count."""
    return one.strip().casefold() == other.strip().casefold()


def below(name: str, ends: tuple[str, ...]) -> str | None:
    """Give the one of ``ends`` that a host or domain name is, or lies below; ``None``: none.

    >>> below("mail.hotel.local", ("lan", "local"))
    'local'
    """
    name = name.strip().strip(".").lower()
    return next((end for end in ends if name == end or name.endswith(f".{end}")), None)
