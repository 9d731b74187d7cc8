"""By which server and log-in mail leaves, and how much the server takes: values that the sender works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from mailkit.secret import Secret

__all__ = ["Access", "Account", "Pace", "Wanted"]

Wanted = Literal["none", "starttls", "implicit", "tls", "auto"]
"""``tls``: encrypted in any case, from the first byte on port 465 and by STARTTLS elsewhere, and the other way round where the
server speaks that. ``auto``: the same if the server offers it, else in clear (a password then needs a person's yes)."""


class Pace(Struct, frozen=True, kw_only=True):
    """How much one account may send; ``None``: no limit is known."""

    per_minute: int | None = None
    per_day: int | None = None
    connections: int = 1


class Account(Struct, frozen=True, kw_only=True):
    """A server, and who logs in there."""

    host: str
    port: int
    security: Wanted = "auto"
    login: str | None = None
    """``None``: nobody logs in."""
    mechanism: str | None = None
    """The one to use; ``None``: the best that both sides know."""
    server_name: str | None = None
    """The name in its certificate, where it is not ``host``."""
    ca_file: str | None = None
    """Authorities to trust instead of the machine's (PEM)."""
    allow_plaintext_auth: bool = False
    allow_unverified: bool = False
    ehlo_name: str | None = None
    resolver: str | None = None
    """``address:port`` of a name server instead of the machine's."""
    pace: Pace = Pace()

    @property
    def endpoint(self) -> str:
        """``host:port``; an IPv6 address stands in brackets.

        >>> Account(host="::1", port=587).endpoint
        '[::1]:587'
        """
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def key(self) -> str:
        """Its name in the journal and in what people read.

        >>> Account(host="smtp.office365.com", port=587, login="frontdesk@hotel.test").key
        'frontdesk@hotel.test at smtp.office365.com:587'
        """
        return f"{self.login or 'nobody'} at {self.endpoint}"


@dataclass(frozen=True)
class Access:
    """An account with its secret: a password, an access token, or a function that gives a fresh token. Lives in memory only."""

    account: Account
    secret: Secret | Callable[[], Awaitable[Secret]] | None = None
