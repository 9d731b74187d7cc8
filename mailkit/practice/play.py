"""What a practice server plays, as data: frozen values that :mod:`mailkit.practice.server` acts out.

The table of them is ``plays.toml``, one row for each kind of server. A play says what the server does, and which
findings are then the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import Struct

from mailkit.observation import Asked, Security

__all__ = ["PLAYS", "Answer", "Ask", "Play", "Then"]

Then = Literal["go-on", "close", "reset", "hang", "endless", "flood", "long-line"]
"""What follows an answer: the session; its end (FIN or RST); silence; continuation lines for ever (twenty a second); a million of
them at once; one line of 10 MB."""

_KEYWORDS = ("PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8")
_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER")


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """What the server does at one step instead of the usual.

    A reply 2xx or 3xx carries the command out, any other does not. ``{host}`` and ``{peer}`` in ``lines`` are the server's
    name and the client's address.
    """

    lines: tuple[str, ...] | None = None
    """The reply without CRLF; ``None``: the usual reply; empty: none."""
    raw: str = ""
    """Sent instead, as it is: each character is one byte."""
    delay: float = 0.0
    """Seconds before it."""
    then: Then = "go-on"


class Ask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With what a server is to be asked for its fault to be seen; ``None``: nothing special."""

    security: Asked = "auto"
    user: str | None = None
    password: str | None = None
    """The password, or the access token for XOAUTH2 and OAUTHBEARER."""
    mechanism: str | None = None
    sender: str | None = None
    recipient: str | None = None
    message: bool = False
    """The fault shows only when a message is really handed over."""
    by_name: bool = False
    """The fault shows only when the server is asked by its host name, looked up at the practice name server."""


class Play(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of practice server."""

    id: str
    title: str
    """One plain sentence: what this server does."""
    expects: tuple[str, ...] = ()
    """The codes of the warnings and errors that are true of it, asked with ``ask``; empty: nothing is wrong."""
    ask: Ask = Ask()
    security: Security = "starttls"
    """What the server really speaks."""

    answers: dict[str, Answer] = {}
    """Departures from the usual by step.

    A step is a command, ``greeting``, ``handshake`` (instead of an answer to the ClientHello), ``message`` (after the last
    dot), or ``*`` (every command not named). ``EHLO/tls`` and ``EHLO/clear`` are meant only inside and outside TLS.
    """
    keywords: tuple[str, ...] = _KEYWORDS
    """What is listed after EHLO, besides STARTTLS and AUTH."""
    announces_starttls: bool = True
    """False: STARTTLS works but is not listed."""
    mechanisms: tuple[str, ...] = _MECHANISMS
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
    addresses: tuple[str, ...] = ("127.0.0.1",)
    """The loopback addresses it listens on, with one port; those the machine does not have are left out."""

    host: str = ""
    """Its host name in the practice site; empty: its id below ``practice.test``."""
    published: tuple[str, ...] = ()
    """The addresses the name server gives for it; empty: those it listens on."""
    tlsa: Literal["fits", "differs"] | None = None
    """A TLSA record (``3 1 1``) is published for it."""

    @property
    def host_name(self) -> str:
        """Its host name in the practice site."""
        return self.host or f"{self.id}.practice.test"


def _load() -> dict[str, Play]:
    rows = msgspec.toml.decode((files("mailkit.practice") / "plays.toml").read_bytes(), type=dict[str, dict[str, object]])
    return {name: msgspec.convert({"id": name, **row}, Play) for name, row in rows.items()}


PLAYS: Mapping[str, Play] = MappingProxyType(_load())
"""All kinds of practice servers by id: good ones, and one for each fault a support engineer meets."""
