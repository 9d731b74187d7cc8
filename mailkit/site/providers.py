"""Who runs a mailbox or takes mail in for sending, and what has to be entered for it: ``providers.toml``, and matching names.

A provider is recognised from an address (:func:`provider_of_address`), from the server that was entered
(:func:`provider_of_host`) or from the mail exchangers of a domain (:func:`provider_of_mx`). A customer's own domain at Microsoft
365 or Google says nothing by itself: only its exchangers do, which :mod:`mailkit.probe.discover` asks for.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import idna
import msgspec
from msgspec import Struct

from mailkit.address import is_address
from mailkit.knowledge import in_each_language, read

__all__ = [
    "Limits",
    "Provider",
    "ProviderServer",
    "SecretKind",
    "SenderRule",
    "SenderRuleName",
    "UserForm",
    "filter_of_mx",
    "plain_name",
    "presets_date",
    "provider_of_address",
    "provider_of_host",
    "provider_of_mx",
    "providers",
    "secret_words",
    "sender_words",
    "sources",
    "user_name_for",
]

UserForm = Literal["address", "local-part", "fixed", "given", "none"]
"""What is typed as the user name: the whole address, the part before the @, one word for everybody, a name that the provider
gives out, nothing."""

SecretKind = Literal["password", "app-password", "oauth", "key", "address", "none"]
"""What proves who sends; the words for each: :func:`secret_words`."""

SenderRuleName = Literal["own", "alias", "permitted", "domain", "verified", "any"]
"""Which From is let through; the words for each: :func:`sender_words`."""

_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_Count = Annotated[int, msgspec.Meta(ge=1)]

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PATTERN = re.compile(r"(\*\.|[a-z0-9-]+\.)(\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+")


class ProviderServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server for sending."""

    host: str
    """A word in braces differs from customer to customer."""
    port: _Port
    security: Literal["starttls", "implicit"]

    @property
    def is_template(self) -> bool:
        """The host cannot be entered as it stands."""
        return "{" in self.host


class SenderRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which From a provider lets through; the words for each rule: :func:`sender_words`."""

    rule: SenderRuleName
    breach: Literal["refused", "rewritten"] | None = None
    """What becomes of another From; ``None``: not known."""
    replies: tuple[str, ...] = ()
    """With which reply codes it is refused, where that is known."""
    words: str | None = None
    """What the refusal means."""


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be sent; ``None``: not known."""

    per_minute: _Count | None = None
    """Messages."""
    per_hour: _Count | None = None
    per_day: _Count | None = None
    recipients_per_day: _Count | None = None
    connections: _Count | None = None
    """At once."""
    size: _Count | None = None
    """Bytes of one message."""


class Provider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one provider; ``providers.toml`` says what each field means."""

    id: str = ""
    """The name of its row."""
    name: str
    kind: Literal["mailbox", "relay", "service"]
    of: str | None = None
    """The provider whose customers it serves."""
    domains: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    server: ProviderServer | None = None
    alternatives: tuple[ProviderServer, ...] = ()
    user: UserForm | None = None
    user_word: str | None = None
    """The user name for everybody, where ``user`` is ``fixed``."""
    secrets: tuple[SecretKind, ...] = ()
    """What is typed as the password, the best first; empty: not known."""
    sender: SenderRule | None = None
    limits: Limits = Limits()
    oauth_scope: str | None = None
    """For SMTP, where signing in instead of a password is open to everybody's programs."""
    status: Literal["ok", "ends", "password-ended", "unconfirmed"]
    ends: dt.date | None = None
    """The last day on which a password works for everybody, past or future."""
    hint: str | None = None
    note: str | None = None
    checked: dt.date
    source: tuple[str, ...]

    @property
    def servers(self) -> tuple[ProviderServer, ...]:
        """All servers that can be entered, the best first."""
        return ((self.server,) if self.server else ()) + self.alternatives

    def password_works(self, on: dt.date) -> bool | None:
        """Say whether a password of any kind opens the server on a day.

        ``None``: nobody knows; after an announced end, an administrator may have switched it on again.
        """
        over = self.ends is not None and on > self.ends
        if not self.secrets or (over and self.status == "ends"):
            return None
        if over:
            return False
        return any(kind in ("password", "app-password", "key") for kind in self.secrets)


class _Meta(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    date: dt.date
    sources: dict[str, str]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: _Meta
    secrets: dict[SecretKind, str]
    senders: dict[SenderRuleName, str]
    providers: dict[str, Provider]
    filters: dict[str, tuple[str, ...]]


@in_each_language
def _table() -> _Table:
    table = read(Path(__file__).with_name("providers.toml"), _Table)
    named = {id_: msgspec.structs.replace(provider, id=id_) for id_, provider in table.providers.items()}
    for provider in named.values():
        _check(provider, table)
    return msgspec.structs.replace(table, providers=named)


def _check(provider: Provider, table: _Table) -> None:
    """Refuse a row that contradicts itself (``ValueError``); types were checked when it was read."""
    patterns = (*provider.domains, *provider.hosts, *provider.mx)
    wrong = [pattern for pattern in patterns if not _PATTERN.fullmatch(pattern)]
    complaints = {
        f"is no name or pattern: {wrong}": bool(wrong),
        "of names no provider": provider.of is not None and provider.of not in table.providers,
        "user_word goes with user = fixed": (provider.user == "fixed") != bool(provider.user_word),
        "ends goes with status ends or password-ended": (provider.ends is not None)
        != (provider.status in ("ends", "password-ended")),
        "a server is missing": provider.server is None and provider.status != "unconfirmed",
        "a source is missing": not provider.source,
        "a source is neither a key nor an address": not all(
            one in table.meta.sources or one.startswith("https://") for one in provider.source
        ),
        "was checked after the table": provider.checked > table.meta.date,
    }
    for complaint, true in complaints.items():
        if true:
            raise ValueError(f"providers.toml, {provider.id}: {complaint}")


def providers() -> Mapping[str, Provider]:
    """Give every provider by its id, in the order of the table."""
    return MappingProxyType(_table().providers)


def presets_date() -> dt.date:
    """Give the day the table was last compared with its sources as a whole."""
    return _table().meta.date


def secret_words() -> Mapping[SecretKind, str]:
    """Give what each kind of password is, in words."""
    return MappingProxyType(_table().secrets)


def sender_words() -> Mapping[SenderRuleName, str]:
    """Give which From each rule lets through, in words."""
    return MappingProxyType(_table().senders)


def sources(provider: Provider) -> tuple[str, ...]:
    """Give where a provider's row comes from: addresses of pages, or words."""
    return tuple(_table().meta.sources.get(one, one) for one in provider.source)


def plain_name(text: str) -> str | None:
    """Give a domain or host as it is compared: ASCII, lower case, no dot at the end; ``None`` if it is no such name.

    >>> plain_name(" Smtp.Exämple.COM. "), plain_name("192.0.2.25"), plain_name("a b"), plain_name("a..b")
    ('smtp.xn--exmple-cua.com', None, None, None)
    """
    return _plain_name(text.strip()) if len(text) <= 1000 else None


@lru_cache(maxsize=4096)  # a site names the same few again and again
def _plain_name(text: str) -> str | None:
    name = text.removesuffix(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    if len(name) > 253 or is_address(name) or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        return None
    return name


def provider_of_address(address: str) -> Provider | None:
    """Recognise the provider of a mailbox from its address, or from the domain alone; ``None``: a domain of somebody's own.

    >>> provider_of_address("frontdesk@Gmail.com").id
    'gmail'
    """
    return _provider("domains", address.rpartition("@")[2])


def provider_of_host(host: str) -> Provider | None:
    """Recognise the provider from the name of the server that mail is handed to.

    >>> provider_of_host("email-smtp.ca-central-1.amazonaws.com.").id
    'ses'
    """
    return _provider("hosts", host)


def provider_of_mx(hosts: Iterable[str]) -> Provider | None:
    """Recognise who runs a domain's mailboxes from its mail exchangers, the most preferred first.

    >>> provider_of_mx(["hotel-test.mail.protection.outlook.com"]).id
    'microsoft365'
    """
    return next((found for host in hosts if (found := _provider("mx", host))), None)


def filter_of_mx(hosts: Iterable[str]) -> str | None:
    """Name the filter that a domain's mail comes in through; where the mailboxes are, it does not say."""
    names = (name for host in hosts if (name := plain_name(host)))
    return next((found for name in names if (found := _look_up(_filters(), name))), None)


def user_name_for(provider: Provider, address: str) -> str | None:
    """Give the user name to enter for an address; ``None``: the provider gives it out, there is none, or it is not known.

    >>> user_name_for(providers()["free"], "reservations@free.fr"), user_name_for(providers()["sendgrid"], "")
    ('reservations', 'apikey')
    """
    local, at, domain = address.strip().rpartition("@")
    whole = bool(local and at and domain)
    return {
        "address": address.strip() if whole else None,
        "local-part": local if whole else None,
        "fixed": provider.user_word,
    }.get(provider.user or "")


def _provider(what: Literal["domains", "hosts", "mx"], text: str) -> Provider | None:
    name = plain_name(text)
    found = _look_up(_patterns(what), name) if name else None
    return _table().providers[found] if found else None


def _look_up(patterns: Mapping[str, str], name: str) -> str | None:
    return next((patterns[pattern] for pattern in _fitting(name) if pattern in patterns), None)


def _fitting(name: str) -> Iterator[str]:
    """Give the patterns a name could stand under, the closest first. They end at dots: ``evilgmail.com`` is not ``gmail.com``."""
    yield name
    labels = name.split(".")
    if len(labels) > 2:
        yield ".".join((labels[0], "*", *labels[2:]))
    for start in range(1, len(labels)):
        yield ".".join(("*", *labels[start:]))


@cache
def _patterns(what: Literal["domains", "hosts", "mx"]) -> Mapping[str, str]:
    """Give the ids by pattern. One pattern under two providers would be decided by chance, and is an error (``ValueError``)."""
    found: dict[str, str] = {}
    for provider in _table().providers.values():
        for pattern in getattr(provider, what):
            if found.setdefault(pattern, provider.id) != provider.id:
                raise ValueError(f"providers.toml: {pattern} stands under {found[pattern]} and {provider.id}")
    return found


@cache
def _filters() -> Mapping[str, str]:
    return {pattern: name for name, patterns in _table().filters.items() for pattern in patterns}
