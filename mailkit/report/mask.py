"""Names, addresses and hosts replaced by words that stay the same throughout a text.

Two kinds of name are hidden: those the document knows of (target, hosts, addresses, users, sender, recipient, names in
certificates), and whatever in a free text has the shape of a mail address, an IP address or a domain name, because a greeting or
a refusal names hosts that nobody asked for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator

from mailkit.observation import AuthStage, DnsStage, EhloStage, Observation, ProbeDocument, RecipientStage, SenderStage
from mailkit.text import visible

__all__ = ["Mask", "masker", "names_of", "names_of_person"]

_MAIL = r"[^\s<>\"'(),:;@=]+@(?:[\w-]+\.)*[\w-]+|[^\s<>\"'(),:;@=]+@\[[0-9A-Fa-f.:]+\]"
_IP4 = r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)"
_IP6 = r"(?:(?<=IPv6:)|(?<![\w:.]))(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})(?![\w:])"
_NAME = r"(?<![\w.])(?:[\w](?:[\w-]*\w)?\.)+(?!(?:\d+)\b)[^\W\d_][\w-]*\w\.?(?![\w-])"
_SHAPES = re.compile(f"(?P<mail>{_MAIL})|(?P<ip6>{_IP6})|(?P<ip4>{_IP4})|(?P<host>{_NAME})")

SHORTEST = 3
"""A user name of fewer characters is not looked for inside free text: too many words contain it."""


def masker(document: ProbeDocument) -> Callable[[str], str]:
    """Return a function that masks a text of this document; equal names get equal words (``host-1``, ``user-1``, ``ipv4-1``)."""
    return Mask(names_of(document))


class Mask:
    """A function from text to text that keeps in mind which word stands for which name.

    Args:
        names: those that are known, each with its kind: ``host``, ``user``, ``mail``, ``organisation``.
    """

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self.words: dict[tuple[str, str], str] = {}
        known: dict[str, str] = {}
        for kind, name in names:
            if len(name) >= SHORTEST:
                known.setdefault(visible(name).lower(), kind)
        self.known = known
        listed = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
        self.pattern = re.compile(
            (rf"(?P<code>(?<!\S)\d{{3}}-)|(?<!\w)(?P<known>{listed})(?![\w-])|" if listed else r"(?P<code>(?<!\S)\d{3}-)|")
            + _SHAPES.pattern,
            re.IGNORECASE,
        )

    def __call__(self, text: str) -> str:
        """Return the text without names."""
        return self.pattern.sub(self.replaced, visible(text))

    def replaced(self, match: re.Match[str]) -> str:
        """Return what stands for one name that was found."""
        found = match[0]
        kind = match.lastgroup
        if kind == "code":  # "250-mail.example.org": the reply code is not a part of the name
            return found
        if kind == "known":
            kind = self.known[found.lower()]
        if kind == "mail" and "@" in found:
            user, _, domain = found.rpartition("@")
            return f"{self.word('user', user)}@{self.word('host', domain)}"
        if kind in ("ip4", "ip6"):
            try:
                return self.word(f"ipv{ipaddress.ip_address(found).version}", found)
            except ValueError:  # a version number, a time of day
                return found
        return self.word("user" if kind == "mail" else kind or "host", found)

    def word(self, kind: str, name: str) -> str:
        """Return the word that stands for a name, the same for every spelling in upper and lower case."""
        key = (kind, name.lower().rstrip("."))
        return self.words.setdefault(key, f"{kind}-{sum(1 for other, _ in self.words if other == kind) + 1}")


def names_of(document: ProbeDocument) -> Iterator[tuple[str, str]]:
    """Give every name a document knows of, with its kind."""
    for endpoint in document.endpoints:
        yield _host(endpoint.host)
        for address in endpoint.addresses:
            for certificate in address.tls.chain[:1] if address.tls else ():
                yield from (("host", name) for name in certificate.names)
                yield from (
                    ("organisation", value) for value in re.findall(r"\b(?:CN|O|OU)=((?:\\.|[^,\\])+)", certificate.subject)
                )
        yield from (name for stage in endpoint.stages for name in _stage_names(stage))
    yield from (name for stage in document.stages for name in _stage_names(stage))
    yield _host(re.sub(r"^mx:|:\d+$", "", document.target))
    yield from (_host(host) for host in document.recipient_exchangers or ())
    for user in document.used_by.users if document.used_by else ():
        yield from names_of_person(user)


def _stage_names(stage: Observation) -> Iterator[tuple[str, str]]:
    if isinstance(stage, DnsStage):
        hosts = (
            stage.name,
            *stage.answers,
            *stage.aliases,
            *stage.confirmed,
            *(exchanger.host for exchanger in stage.exchangers),
        )
        yield from (_host(host) for host in hosts)
    elif isinstance(stage, EhloStage):
        yield _host(stage.name)
    elif isinstance(stage, AuthStage) and stage.user:
        yield from names_of_person(stage.user)
    elif isinstance(stage, RecipientStage):
        yield from names_of_person(stage.sender)
        yield from names_of_person(stage.recipient)
    elif isinstance(stage, SenderStage):
        yield from names_of_person(stage.sender)


def names_of_person(name: str) -> Iterator[tuple[str, str]]:
    """Give the names in a user name or an address, with their kinds."""
    yield ("mail", name) if "@" in name else ("user", name)
    local, _, domain = name.rpartition("@")
    if local:
        yield from (("user", local), ("host", domain))


def _host(name: str) -> tuple[str, str]:
    bare = name.strip("[]")
    try:
        return (f"ipv{ipaddress.ip_address(bare).version}", bare)
    except ValueError:
        return ("host", bare.rstrip("."))
