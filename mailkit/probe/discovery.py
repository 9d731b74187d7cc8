"""What autodiscovery asked, what was answered, and which servers that makes: the document ``mailkit.discovery/1``.

The questions are asked by :mod:`mailkit.probe.discover`. Nothing in the document was tried: it says what others say, who says it
and how far that can be trusted. Unknown is ``None``; text is already harmless (:func:`mailkit.text.visible`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.net.http import FetchStatus
from mailkit.observation import DnsStatus, Security
from mailkit.site.providers import Provider, plain_name, presets_date, provider_of_host, providers
from mailkit.text import shorten, visible

__all__ = [
    "ANSWERED",
    "Candidate",
    "Discovery",
    "Inquiry",
    "InquirySource",
    "NamedServer",
    "Outcome",
    "assemble_discovery",
    "filled_in",
    "read_domain",
    "user_name_form",
]

InquirySource = Literal[
    "table",  # the presets shipped with mailkit, by the domain of the address
    "exchangers",  # the presets, by the mail exchangers of the domain
    "submissions",  # SRV _submissions._tcp: TLS from the first byte (RFC 8314, 5.1)
    "submission",  # SRV _submission._tcp: STARTTLS (RFC 6186, 3.1)
    "autoconfig",  # https://autoconfig.DOMAIN/mail/config-v1.1.xml
    "well-known",  # https://DOMAIN/.well-known/autoconfig/mail/config-v1.1.xml
    "ispdb",  # the database that Thunderbird uses
    "exchanger-autoconfig",  # autoconfig of the domain that the first exchanger belongs to
    "exchanger-ispdb",  # the database, asked for that domain
]

Outcome = (
    FetchStatus
    | DnsStatus
    | Literal[
        "found",
        "not-offered",  # said so: an SRV record with the target ".", or a null MX
        "not-xml",
        "unusable",  # it can be read, but names no server that could be entered
        "not-asked",
        "cancelled",
    ]
)
"""How a question went: words of the name service and of a fetch, and some more."""

ANSWERED: frozenset[str] = frozenset(
    {
        "found", "not-found", "not-offered", "no-data", "not-xml", "unusable", "certificate", "tls", "redirect", "too-large",
        "malformed", "denied", "alias-loop", "bogus",
    }
)  # fmt: skip
"""The outcomes that are an answer of somebody, good or bad."""


_TRUST: dict[InquirySource, int] = {
    "table": 0,
    "exchangers": 1,
    "autoconfig": 2,
    "well-known": 3,
    "submissions": 4,
    "submission": 5,
    "ispdb": 6,
    "exchanger-autoconfig": 7,
    "exchanger-ispdb": 8,
}
"""The order in which sources are offered. Exchangers go before a domain's own pages: they say where the mailboxes are today,
while many web hosts go on serving an autoconfig file of their own after the mail has moved."""
_HEARSAY = 20
"""Added for an SRV record that DNSSEC does not protect, and for a preset that nobody confirmed."""

_PLACEHOLDER = re.compile("%(EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%")
_PERSONAL = re.compile("%(EMAILADDRESS|EMAILLOCALPART)%")
_USER_NAMES = {"address": "%EMAILADDRESS%", "local-part": "%EMAILLOCALPART%"}


class NamedServer(Struct, frozen=True, kw_only=True):
    """A server for sending, as a source names it."""

    host: str
    port: int
    security: Security
    user_name: str | None = None
    """As the source writes it; ``%EMAILADDRESS%``, ``%EMAILLOCALPART%`` and ``%EMAILDOMAIN%`` are the address and its parts."""
    authentication: tuple[str, ...] = ()
    """Methods in the source's order: ``OAuth2``, ``password-cleartext`` (which is meant inside TLS), …"""


class Inquiry(Struct, frozen=True, kw_only=True):
    """One source: what was asked, and what came."""

    source: InquirySource
    asked: str
    """The name or page asked for."""
    result: Outcome
    started: datetime
    duration_ms: float
    text: str | None = None
    """Why there is nothing, or what is remarkable."""
    servers: tuple[NamedServer, ...] = ()
    authenticated: bool | None = None
    """It is the domain's own word: HTTPS, or DNSSEC as the resolver says. ``None``: not applicable."""
    exchangers: tuple[str, ...] = ()
    provider: str | None = None
    """The row of the presets that was recognised."""
    filter: str | None = None
    """A filter in front of the mailboxes, which hides where they are."""
    redirects: tuple[str, ...] = ()
    name: str | None = None
    """What the provider calls itself."""
    advice: tuple[str, ...] = ()
    """What the source tells to do first, in its words."""


class Candidate(Struct, frozen=True, kw_only=True):
    """One server to offer to a person, from all sources that name it."""

    host: str
    port: int
    security: Security
    user_name: str | None = None
    """With placeholders, as in :class:`NamedServer`."""
    authentication: tuple[str, ...] = ()
    login: str | None = None
    """The user name for the address; ``None``: not known, or no address was given."""
    sources: tuple[InquirySource, ...]
    authenticated: bool
    """At least one source is the domain's own word."""
    provider: str | None = None


class Discovery(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.discovery/1"):
    """All that was asked about one address or domain."""

    target: str
    domain: str
    address: str | None = None
    started: datetime | None = None
    duration_ms: float
    candidates: tuple[Candidate, ...] = ()
    """What could be entered, the best first. Show it and ask: none of it was tried."""
    provider: str | None = None
    """Who runs the mailboxes, as named in ``mailkit.site.providers``."""
    recognised_by: Literal["address", "exchangers", "server"] | None = None
    filter: str | None = None
    agreed: bool | None = None
    """The sources that name servers have one in common; ``None``: there are not two."""
    online: bool
    """Somebody answered; otherwise all that is here comes from the presets."""
    presets_from: date
    """When the presets were compared with their sources."""
    asked: tuple[Inquiry, ...] = ()
    stopped: Literal["user", "deadline"] | None = None


def read_domain(target: str) -> tuple[str, str | None]:
    """Read an e-mail address or a domain: the domain in ASCII, and the address if it was one.

    >>> read_domain("frontdesk@Hotel.test"), read_domain("hotel.test.")
    (('hotel.test', 'frontdesk@hotel.test'), ('hotel.test', None))

    Raises:
        InputError: it is neither.
    """
    word = target.strip()
    local, at, domain = word.rpartition("@")
    name = plain_name(domain)
    usable = name is not None and "." in name and not name.replace(".", "").isdigit()
    if at:
        usable = usable and 0 < len(local) <= 64 and visible(local) == local and not set(local) & set(' <>"(),:;@\\')
    if name is None or not usable:
        shown = visible(shorten(word, 80))
        raise InputError(
            f"{shown!r} is neither an e-mail address nor a domain; give one like frontdesk@example.com or example.com"
        )
    return name, f"{local}@{name}" if at else None


def filled_in(text: str, domain: str, address: str | None) -> str | None:
    """Fill in the placeholders; ``None``: it takes an address, and there is none.

    >>> filled_in("%EMAILLOCALPART%", "hotel.test", "frontdesk@hotel.test"), filled_in("%EMAILADDRESS%", "hotel.test", None)
    ('frontdesk', None)
    """
    if address is None and _PERSONAL.search(text):
        return None
    known = {"EMAILADDRESS": address or "", "EMAILLOCALPART": (address or "").rpartition("@")[0], "EMAILDOMAIN": domain}
    return _PLACEHOLDER.sub(lambda match: known[match[1]], text)


def user_name_form(provider: Provider | None) -> str | None:
    """Give a provider's user name with placeholders; ``None``: it gives names out, or nobody knows."""
    return (_USER_NAMES.get(provider.user or "") or provider.user_word) if provider else None


def assemble_discovery(target: str, asked: Sequence[Inquiry]) -> Discovery:
    """Order what was answered into a document; may be called at any time with what there is.

    Raises:
        InputError: the target is neither an address nor a domain.
    """
    domain, address = read_domain(target)
    naming = sorted((inquiry for inquiry in asked if inquiry.servers), key=_rank)
    candidates = _candidates(naming, domain, address)
    provider, recognised_by = _recognised(asked, candidates)
    started = min((inquiry.started for inquiry in asked), default=None)
    ended = max((inquiry.started.timestamp() * 1000 + inquiry.duration_ms for inquiry in asked), default=0.0)
    results = {inquiry.result for inquiry in asked}
    return Discovery(
        target=visible(shorten(target.strip(), 320)),
        domain=domain,
        address=address,
        started=started,
        duration_ms=round(ended - started.timestamp() * 1000, 2) if started else 0.0,
        candidates=candidates,
        provider=provider,
        recognised_by=recognised_by,
        filter=next((inquiry.filter for inquiry in asked if inquiry.filter), None),
        agreed=_agreed(naming),
        online=any(inquiry.source != "table" and inquiry.result in ANSWERED for inquiry in asked),
        presets_from=presets_date(),
        asked=tuple(asked),
        stopped="user" if "cancelled" in results else "deadline" if "deadline" in results else None,
    )


def _rank(inquiry: Inquiry) -> int:
    preset = providers().get(inquiry.provider or "")
    forgeable = inquiry.source in ("submissions", "submission") and inquiry.authenticated is not True
    hearsay = forgeable or (preset is not None and preset.status == "unconfirmed")
    return _TRUST[inquiry.source] + (_HEARSAY if hearsay else 0)


def _candidates(naming: Sequence[Inquiry], domain: str, address: str | None) -> tuple[Candidate, ...]:
    """Merge what several sources say of one server, in the order of the sources."""
    found: dict[tuple[str, int, Security], Candidate] = {}
    for inquiry in naming:
        own = inquiry.authenticated is True
        for server in inquiry.servers:
            provider = provider_of_host(server.host)
            key = (server.host, server.port, server.security)
            known = found.get(key)
            if known is None:
                form = server.user_name or user_name_form(provider)
                found[key] = Candidate(
                    **msgspec.structs.asdict(msgspec.structs.replace(server, user_name=form)),
                    sources=(inquiry.source,),
                    authenticated=own,
                    provider=inquiry.provider or (provider.id if provider else None),
                )
                continue
            found[key] = msgspec.structs.replace(
                known,
                user_name=known.user_name or server.user_name,
                authentication=known.authentication or server.authentication,
                sources=(*known.sources, inquiry.source),
                authenticated=known.authenticated or own,
            )
    return tuple(
        msgspec.structs.replace(one, login=filled_in(one.user_name, domain, address) if one.user_name else None)
        for one in found.values()
    )


def _recognised(
    asked: Sequence[Inquiry], candidates: Sequence[Candidate]
) -> tuple[str | None, Literal["address", "exchangers", "server"] | None]:
    by = {inquiry.source: inquiry.provider for inquiry in asked}
    if by.get("table"):
        return by["table"], "address"
    if by.get("exchangers"):
        return by["exchangers"], "exchangers"
    if candidates and candidates[0].provider:
        return candidates[0].provider, "server"
    return None, None


def _agreed(naming: Sequence[Inquiry]) -> bool | None:
    """Say whether there is a server, or at least a provider, that every source names; both SRV records are one source."""
    named: dict[str, set[str]] = {}
    for inquiry in naming:
        source = "records" if inquiry.source in ("submissions", "submission") else inquiry.source
        named.setdefault(source, set()).update(_known_as(server.host) for server in inquiry.servers)
    return bool(set.intersection(*named.values())) if len(named) > 1 else None


def _known_as(host: str) -> str:
    provider = provider_of_host(host)
    return provider.id if provider else host
