"""What a sender tells while it works: one value for each thing that a person may want to see."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from mailkit.explain import Explanation
from mailkit.journal import Delivery, Event
from mailkit.observation import Line

__all__ = ["Closed", "Halted", "Moved", "News", "Opened", "Paused", "Rest"]


class Moved(Struct, frozen=True, kw_only=True):
    """A delivery is in another state, and that is in the journal."""

    delivery: Delivery
    """As it is now."""
    event: Event
    explanation: Explanation | None = None
    """What a refusal means."""
    transcript: tuple[Line, ...] = ()
    """What was said about this mail, where the state ends an attempt."""


class Opened(Struct, frozen=True, kw_only=True):
    """A connection stands, and whoever had to log in has."""

    account: str
    address: str
    tls: str | None
    """``None``: in clear."""
    verified: bool | None
    mechanism: str | None
    transcript: tuple[Line, ...] = ()


class Closed(Struct, frozen=True, kw_only=True):
    """A connection is no more."""

    account: str
    address: str
    accepted: int
    """Mails that the server took over it."""


class Paused(Struct, frozen=True, kw_only=True):
    """Nothing is sent by this account for a while; its deliveries wait."""

    account: str
    until: datetime
    because: str
    """One sentence."""
    explanation: Explanation | None = None
    transcript: tuple[Line, ...] = ()


class Halted(Struct, frozen=True, kw_only=True):
    """Nothing is sent by this account until a person says so (:meth:`mailkit.journal.Store.resume`); its deliveries wait."""

    account: str
    explanation: Explanation
    waiting: int
    earlier: bool = False
    """It was stopped before this run, which has not tried it."""
    challenge: str | None = None
    """The JSON with which a token was refused."""
    transcript: tuple[Line, ...] = ()


class Rest(Struct, frozen=True, kw_only=True):
    """The last word of a run: what still waits, and until when (``None``: nothing, or for a person)."""

    waiting: int
    until: datetime | None


News = Moved | Opened | Closed | Paused | Halted | Rest
