"""How long each wait of a sender may take, in seconds. Every wait has its limit, however slowly an answer trickles."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Patience"]


class Patience(Struct, frozen=True, kw_only=True):
    """Limits of single waits (RFC 5321, 4.5.3.2). Those before the log-in are shorter than the RFC's: a person is waiting."""

    connect: float = 10.0
    """For one address."""
    greeting: float = 30.0
    """Some servers make strangers wait for up to half a minute."""
    silence: float = 4.0
    """After so long without a greeting it is tried whether the server waits for TLS, where the settings leave that open."""
    tls: float = 20.0
    ehlo: float = 30.0
    auth: float = 60.0
    """For each answer of a log-in: servers make wrong ones wait."""
    opening: float = 120.0
    """For all of the above together, over all addresses."""
    envelope: float = 300.0
    """For the answers to MAIL and RCPT."""
    behind: float = 60.0
    """For the answer to an envelope that went out behind a body: a server that drops it has a fault."""
    data: float = 120.0
    """For the answer to DATA."""
    block: float = 180.0
    """For a piece of the body to leave."""
    end: float = 600.0
    """For the answer to the last dot. Hanging up earlier makes copies: the server may have taken the mail (RFC 1047)."""
    goodbye: float = 2.0
    """For the answer to QUIT: nothing depends on it."""
