"""Who speaks: providers and server programs, recognised by host name, greeting or their own words."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice

from msgspec import Struct

from mailkit.explain.phrase import Table, compiled
from mailkit.explain.vocabulary import KNOWLEDGE
from mailkit.knowledge import Meta, read

__all__ = ["Fingerprint", "Speakers", "identify", "speakers"]

_NAME = re.compile(r"(?<![\w.@\-])[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,12}")
_NAMES = 12


class Fingerprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a provider or a server program is recognised: by the end of its host name, or by words of its banner."""

    provider: str
    host: tuple[str, ...] = ()
    banner: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()
    """Words that occur in its replies only."""


class Speakers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``speakers.toml``."""

    meta: Meta
    widespread: frozenset[str]
    """Programs whose words are taken for theirs when it is not known who speaks."""
    fingerprint: tuple[Fingerprint, ...]


@cache
def speakers() -> Speakers:
    """Give what is known about who speaks how."""
    return read(KNOWLEDGE / "speakers.toml", Speakers)


@cache
def _ends() -> dict[str, str]:
    return {end.strip("."): mark.provider for mark in speakers().fingerprint for end in mark.host if not end.endswith(".")}


@cache
def _beginnings() -> tuple[tuple[str, str], ...]:
    return tuple((end, mark.provider) for mark in speakers().fingerprint for end in mark.host if end.endswith("."))


@cache
def _words() -> tuple[Table, list[str]]:
    told = [(words, mark.provider) for mark in speakers().fingerprint for words in mark.reply]
    return Table(compiled(words, {}) for words, _ in told), [provider for _, provider in told]


def provider_of(host: str) -> str | None:
    """Tell whose server a host name belongs to."""
    name = host.lower().rstrip(".")
    for begin, provider in _beginnings():
        if f".{begin}" in f".{name}":
            return provider
    ends, labels = _ends(), name.split(".")
    return next((ends[end] for at in range(len(labels)) if (end := ".".join(labels[at:])) in ends), None)


def identify(*, host: str | None = None, banner: str | None = None, reply: str | None = None) -> tuple[str, ...]:
    """Tell which providers and server programs these names and words belong to; a provider found by its host comes first.

    In ``reply`` host names count too ("host aspmx.l.google.com said: …").
    """
    found: dict[str | None, None] = {}
    if host:
        found[provider_of(host)] = None
    said = (banner or "").lower()
    found.update({mark.provider: None for mark in speakers().fingerprint if said and any(word in said for word in mark.banner)})
    if reply:
        found.update(_in_reply(reply.lower()))
    return tuple(name for name in found if name)


def _in_reply(text: str) -> dict[str | None, None]:
    table, names = _words()
    found: dict[str | None, None] = {names[number]: None for number in sorted(table.find(text))}
    if "." in text:
        found.update({provider_of(match[0]): None for match in islice(_NAME.finditer(text), _NAMES)})
    return found
