"""The practice site as a document (``mailkit.practice/1``): where everything is, and what is to be found there."""

from __future__ import annotations

from msgspec import Struct

from mailkit.observation import Security
from mailkit.practice.play import Ask
from mailkit.practice.zone import Domain

__all__ = ["AccountEntry", "MailboxEntry", "Planted", "PracticeDocument", "ServerEntry"]


class ServerEntry(Struct, frozen=True, kw_only=True):
    """One mail server. ``expects`` are the finding codes that are true of it when it is asked with ``ask``."""

    name: str
    """The id of what it plays."""
    title: str
    host: str
    """Its host name, known to the practice name server and in its certificate."""
    address: str
    port: int
    security: Security
    expects: tuple[str, ...]
    ask: Ask


class AccountEntry(Struct, frozen=True, kw_only=True):
    """One account. It works at every practice server that offers a log-in; ``server`` is the one to try it at."""

    user: str
    password: str
    token: str | None
    mechanisms: tuple[str, ...] | None
    """The only mechanisms that work for it; ``None``: all."""
    server: str
    note: str
    expects: tuple[str, ...]


class MailboxEntry(Struct, frozen=True, kw_only=True):
    """A mailbox to which mail comes in another way than at once and once; every practice domain has one."""

    address: str
    title: str


class Planted(Struct, frozen=True, kw_only=True):
    """A fault planted in one of the two businesses."""

    host: str
    port: int
    sentence: str
    """The fault in one plain sentence."""
    codes: tuple[str, ...]
    """The finding codes that name it."""
    ask: Ask
    """With what to ask for it to be seen."""


class PracticeDocument(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.practice/1"):
    """The whole site. Its passwords open nothing but practice servers."""

    resolver: str
    """``address:port`` of the name server."""
    ca_file: str
    """The root certificate to trust, as a PEM file; it exists as long as the site runs."""
    planted: tuple[Planted, ...]
    servers: tuple[ServerEntry, ...]
    accounts: tuple[AccountEntry, ...]
    domains: tuple[Domain, ...]
    https_port: int
    """Where the web server with the autoconfig pages listens, for all names."""
    ispdb: str
    """The base address of the practice database of autoconfig files."""
    discoveries: tuple[Domain, ...]
    """Domains to discover the servers of."""
    mailboxes: tuple[MailboxEntry, ...]
    """Addresses to write to and to wait for."""
    mail_folder: str | None = None
    """Where each address that gets mail has a Maildir; ``None``: mail is kept in memory only."""
