"""Where a mail entered the receiver's own servers, and which lines in its header are therefore to be believed.

A header is written from below to above. What stands above the line of the receiver's first server was written by the receiver;
what stands below can come from anybody, and counts only under the receiver's name, which a careful receiver removes from the
lines of strangers (RFC 8601, 5).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct
from publicsuffixlist import PublicSuffixList

from mailkit.address import is_address
from mailkit.knowledge import Meta, read
from mailkit.mail.follow.arrival import Hop, Trust

__all__ = ["Border", "border", "domain_of"]

# Not "is_private": that counts the addresses of examples, which in an example are outside.
_INSIDE_V4 = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")
_INSIDE = tuple(map(ipaddress.ip_network, (*_INSIDE_V4, "::1/128", "fe80::/10", "fc00::/7")))


class Receiver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of ``receivers.toml``."""

    name: str
    hosts: tuple[str, ...]
    border: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    receiver: tuple[Receiver, ...]


class Border(Struct, frozen=True, kw_only=True):
    """The hop at which the mail came in, and the names of the receiver."""

    hop: int | None
    """Its number, newest first; ``None``: not to be told, or the mail never came from outside."""
    names: frozenset[str]
    """Organisations whose servers took it in."""
    ids: tuple[str, ...] = ()

    def trust(self, server: str | None, above: int) -> Trust:
        """Say why a line is to be believed.

        Args:
            server: who it says has written it.
            above: how many ``Received`` lines stand above it.
        """
        if self.hop is not None and above <= self.hop:
            return "position"
        # Straight below the line of the first server: where that server itself writes, but also the newest line of a stranger.
        close = above == self.hop + 1 if self.hop is not None else above <= 1
        if server and close and (domain_of(server) in self.names or _below(server, self.ids)):
            return "name"
        return "none"


@cache
def _receivers() -> tuple[Receiver, ...]:
    return read(Path(__file__).parent / "receivers.toml", _Table).receiver


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def domain_of(host: str | None) -> str | None:
    """Give the domain somebody registered, of a host (its organisational domain); ``None`` for an address or a bare name.

    >>> domain_of("mx1.mail.example.co.uk"), domain_of("localhost"), domain_of("192.0.2.1")
    ('example.co.uk', None, None)
    """
    if not host or is_address(host.strip("[]")):
        return None
    found: str | None = _suffixes().privatesuffix(host.strip(".").lower()[:255])
    return found


def border(hops: Sequence[Hop], inside: Collection[str] = ()) -> Border:
    """Find where the mail came in.

    Args:
        hops: newest first.
        inside: hosts, domains or addresses known to be the receiver's too, such as a filter in front of its servers.
    """
    known = tuple(one.lower().lstrip("*.") for one in inside)
    top = next((name for hop in hops if (name := domain_of(hop.by))), None)
    receiver = next((one for one in _receivers() if top and _below(top, one.hosts)), None)
    names = {top} if top else set[str]()
    for at, hop in enumerate(hops):
        named = domain_of(hop.by)
        if named and (named == top or (receiver and _below(named, receiver.hosts)) or _below(hop.by, known)):
            names.add(named)
        if _came_in(hop, receiver, known):
            names |= {named} if named else set()
            return Border(hop=at, names=frozenset(names), ids=receiver.ids if receiver else ())
    return Border(hop=None, names=frozenset(names), ids=receiver.ids if receiver else ())


def _came_in(hop: Hop, receiver: Receiver | None, known: tuple[str, ...]) -> bool:
    if _below(hop.name or hop.from_, known) or (hop.address and hop.address in known):
        return False
    senders = {found for name in (hop.name, hop.from_) if (found := domain_of(name))}
    if receiver and _below(hop.by, receiver.border):
        return not _below(hop.from_, receiver.inner)
    if receiver and _below(hop.from_, (*receiver.inner, *receiver.hosts)) and _below(hop.by, receiver.hosts):
        return False
    if hop.address is None:
        return bool(senders) and domain_of(hop.by) is not None and domain_of(hop.by) not in senders
    if any(ipaddress.ip_address(hop.address) in network for network in _INSIDE):
        return False
    # Its own reverse name proves that a server is of the same house; what it calls itself does not, unless nothing else is known.
    same = {domain_of(hop.name)} if hop.name else senders
    return domain_of(hop.by) is None or domain_of(hop.by) not in same


def _below(host: str | None, domains: Collection[str]) -> bool:
    return host is not None and any(host == one or host.endswith(f".{one}") for one in domains)
