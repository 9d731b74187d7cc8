"""IP addresses as words: what is one, and who else could know it."""

from __future__ import annotations

import functools
import ipaddress

__all__ = ["is_address", "is_public"]


@functools.lru_cache(maxsize=1024)  # asked again and again of the same few
def is_address(word: str) -> bool:
    """Say whether ``word`` is a literal IPv4 or IPv6 address, perhaps with a zone (``fe80::1%eth0``).

    >>> is_address("192.0.2.25"), is_address("2001:db8::25"), is_address("mail.example.com")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=1024)
def is_public(address: str) -> bool:
    """Say whether an address is one of the internet: others have no reverse name that anybody else could look up."""
    return ipaddress.ip_address(address.partition("%")[0]).is_global
