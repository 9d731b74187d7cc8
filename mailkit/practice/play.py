"""What a practice server plays, as data: frozen values that :mod:`mailkit.practice.server` acts out.

:mod:`mailkit.practice.plays` holds the table of them. A play says what the server does, and which findings are then the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from mailkit.observation import Asked, Security

__all__ = ["ALL_MECHANISMS", "KEYWORDS", "Answer", "Ask", "Play", "Step", "Then"]

Step = Literal["greeting", "HELO", "EHLO", "STARTTLS", "handshake", "AUTH", "MAIL", "RCPT", "DATA", "message", "RSET", "NOOP", "QUIT"]
"""A moment of the session: a command, or ``handshake`` (instead of the TLS handshake), or ``message`` (after the last dot)."""

Then = Literal["go-on", "close", "reset", "hang", "endless", "flood", "long-line"]
"""What follows an answer: the session, its end (FIN or RST), silence; continuation lines for ever (twenty a second), a million of
them at once, or one line of 10 MB."""

KEYWORDS = ("PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8")
"""What a server usually lists after EHLO, besides STARTTLS and AUTH."""

ALL_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does at one step instead of the usual.

    ``lines`` is the reply without CRLF (``None``: the usual reply; empty: none), ``raw`` bytes to be sent as they are instead,
    ``delay`` the seconds before it, ``then`` what follows. A reply 2xx or 3xx carries the command out, any other does not.
    """

    lines: tuple[str, ...] | None = None
    raw: bytes = b""
    delay: float = 0.0
    then: Then = "go-on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """With what a server is to be asked for its fault to be seen; ``None``: nothing special."""

    security: Asked = "auto"
    user: str | None = None
    password: str | None = None
    mechanism: str | None = None
    sender: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One kind of practice server."""

    id: str
    title: str
    """One plain sentence: what this server does."""
    expects: tuple[str, ...] = ()
    """The codes of the findings (warnings and errors) a complete probe should come to; empty: nothing is wrong."""
    ask: Ask = Ask()
    security: Security = "starttls"
    """What the server really speaks."""

    answers: Mapping[str, Answer] = field(default_factory=lambda: MappingProxyType({}))
    """Departures from the usual by :data:`Step`; ``"EHLO/tls"`` and ``"EHLO/clear"`` only inside and outside TLS, ``"*"`` for every command that is not named."""
    keywords: tuple[str, ...] = KEYWORDS
    announces_starttls: bool = True
    """False: STARTTLS works but is not listed."""
    mechanisms: tuple[str, ...] = ALL_MECHANISMS
    auth: Literal["inside-tls", "always", "never"] = "inside-tls"
    needs: tuple[Literal["tls", "login"], ...] = ()
    """What has to come before MAIL."""
    login_reply: str = "530 5.7.0 Authentication required"
    """The reply to MAIL when the log-in is missing."""
    own_sender_only: bool = False
    """Whoever is logged in may send only as himself."""
    open_relay: bool = False
    greylist: float | None = None
    """Seconds for which a new pair of sender and recipient is put off."""

    certificate: str = "good"
    """A kind of :data:`mailkit.practice.certificates.KINDS`."""
    oldest_tls: Literal["1.0", "1.2", "1.3"] = "1.2"
    newest_tls: Literal["1.0", "1.2", "1.3"] = "1.3"
    client_certificate: bool = False
    """The client must show a certificate."""
    executes_injected: bool = False
    """Commands that were buffered behind STARTTLS are carried out inside TLS (CVE-2011-0411)."""

    segments: bool = False
    """Replies arrive in pieces of a few bytes (legal)."""
    byte_delay: float = 0.0
    """Seconds before every single byte."""
    listens: Literal["yes", "closed", "full"] = "yes"
    """``closed``: nobody listens on the port. ``full``: connections are neither accepted nor refused."""
    families: tuple[Literal[4, 6], ...] = (4,)
