"""What to probe, read from one word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import idna

from mailkit.address import is_address
from mailkit.errors import InputError
from mailkit.text import visible

__all__ = ["SUBMISSION_PORTS", "Target", "parse_target"]

SUBMISSION_PORTS = (25, 465, 587, 2525)
"""Where a host is looked at when no port is given."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to probe: ``text`` as it was given, the host in ASCII, and the ports."""

    text: str
    kind: Literal["endpoint", "host", "mx"]
    host: str
    ports: tuple[int, ...]

    @property
    def is_address(self) -> bool:
        """The host is an address, not a name."""
        return is_address(self.host)


def parse_target(text: str) -> Target:
    """Read ``host``, ``host:port``, ``[v6]:port``, ``mx:domain`` or ``mx:domain:port``.

    >>> parse_target("mail.example.com:587")
    Target(text='mail.example.com:587', kind='endpoint', host='mail.example.com', ports=(587,))
    >>> parse_target("mx:exämple.com").host
    'xn--exmple-cua.com'

    Raises:
        InputError: it is none of these; the message says what would be.
    """
    shown = visible(text.strip())[:120]
    word = text.strip()
    if not word:
        raise InputError("the target is empty; give a host such as mail.example.com, host:port, or mx:domain")
    if word.startswith("site:"):
        raise InputError(
            f"the target {shown!r} stands for several; the command line takes it, here give one of its servers as host:port"
        )
    if "://" in word:
        raise InputError(
            f"the target {shown!r} is an address of a page; give only the host and port, for example mail.example.com:587"
        )
    if "@" in word:
        raise InputError(
            f"the target {shown!r} is an e-mail address; give a host, or its domain as mx:{visible(word.rpartition('@')[2])[:80]}"
        )
    if word[:3].lower() == "mx:":
        host, port = _host_and_port(word[3:], shown)
        if is_address(host):
            raise InputError(f"the target {shown!r} is not a domain; give a name such as mx:example.com")
        return Target(shown, "mx", host, (port or 25,))
    host, port = _host_and_port(word, shown)
    return Target(shown, "endpoint", host, (port,)) if port else Target(shown, "host", host, SUBMISSION_PORTS)


def _host_and_port(word: str, shown: str) -> tuple[str, int | None]:
    if match := re.fullmatch(r"\[([^\]]*)\](?::(.*))?", word, re.DOTALL):
        host, port = match[1], match[2]
        if not is_address(host):
            raise InputError(f"the target {shown!r} has no IP address in its brackets; give one like [2001:db8::25]:587")
        return host, _port(port, shown)
    if word.count(":") > 1:
        if is_address(word):
            return word, None
        raise InputError(f"the target {shown!r} has too many colons; give host:port, and an IPv6 address as [address]:port")
    host, colon, port = word.partition(":")
    return _host(host, shown), _port(port, shown) if colon else None


def _port(text: str | None, shown: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise InputError(f"the port {visible(text)[:40]!r} in {shown!r} is not usable; give a number from 1 to 65535")
    return int(text)


def _host(text: str, shown: str) -> str:
    if not text:
        raise InputError(f"the target {shown!r} has no host; give one like mail.example.com:587")
    if is_address(text):
        return text
    host = text.removesuffix(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise InputError(f"the host in {shown!r} is not a usable international name; write it like exämple.com") from error
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise InputError(f"the host in {shown!r} is not a host name; give one like mail.example.com")
    if host.replace(".", "").isdigit():
        raise InputError(f"the host in {shown!r} looks like an IP address but is none; give four numbers up to 255, or a name")
    return host
