"""What holds only for a time, or only of certain names: read from ``facts.toml``, judged by a day that the caller names.

A fact of a provider has stages, each with its first day, and a day on which it has to be compared with its source again: from
then on it is reported as old instead of being claimed.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Struct

from mailkit.knowledge import Meta, in_each_language, read

__all__ = ["Fact", "Facts", "Names", "Ports", "Stage", "facts"]

_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=160)]


class Stage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds from a day on."""

    when: str
    kind: Literal["off", "gone", "app-password"]
    then: _Words
    begins: dt.date | None = None
    """The first day; ``None``: it holds already."""


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a provider changes."""

    id: str
    of: Literal["password", "tls"]
    providers: tuple[str, ...]
    what: _Words
    way_out: _Words
    source: str
    checked: dt.date
    expires: dt.date
    stages: Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1)]

    def now(self, today: dt.date) -> Stage | None:
        """Give the stage that holds; ``None``: none has begun."""
        return next((stage for stage in reversed(self.stages) if stage.begins is None or stage.begins <= today), None)

    def ahead(self, today: dt.date) -> Stage | None:
        """Give the next stage that has not begun."""
        return next((stage for stage in self.stages if stage.begins is not None and stage.begins > today), None)

    def is_old(self, today: dt.date) -> bool:
        """Say whether it is to be compared with its source before anybody relies on it."""
        return today >= self.expires


class Names(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that mean something by themselves; the file says what."""

    inside: tuple[str, ...]
    examples: tuple[str, ...]
    never: tuple[str, ...]
    shared: frozenset[str]
    old_windows: tuple[str, ...]


class Ports(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ports that mail is handed in at, and what well-known others are for."""

    usual: frozenset[int]
    others: dict[str, str]


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    meta: Meta
    names: Names
    ports: Ports
    mechanisms: dict[str, tuple[str, ...]]
    """What the servers of a provider offer for the log-in, by its id."""
    fact: tuple[Fact, ...]

    def of_provider(self, provider: str, of: Literal["password", "tls"]) -> Fact | None:
        """Give what is known of a provider."""
        return next((fact for fact in self.fact if fact.of == of and provider in fact.providers), None)


@in_each_language
def facts() -> Facts:
    """Read the file, once."""
    return read(Path(__file__).with_name("facts.toml"), Facts)
