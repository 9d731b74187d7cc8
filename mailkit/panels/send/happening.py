"""What happens in a round beside what the sender tells: one value for each thing a person may want to see."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from mailkit.attempt import Attempt
from mailkit.finding import Finding
from mailkit.journal import Delivery, Event
from mailkit.mail.follow import Arrival
from mailkit.mail.news import News
from mailkit.observation import ProbeDocument

__all__ = ["Arrived", "Asked", "Ended", "Happening", "Phase", "Queued", "Reported", "Said", "SignIn"]


class Queued(Struct, frozen=True, kw_only=True):
    """The round is in the store: its deliveries, in the order of the mails."""

    batch: str
    deliveries: tuple[Delivery, ...]


class Phase(Struct, frozen=True, kw_only=True):
    """Something else begins."""

    name: Literal["sign-in", "sending", "servers", "following"]
    until: datetime | None = None


class SignIn(Struct, frozen=True, kw_only=True):
    """Somebody is to sign in: open an address, and perhaps type a code there."""

    login: str
    url: str
    code: str | None


class Said(Struct, frozen=True, kw_only=True):
    """A sentence for the person."""

    text: str


class Asked(Struct, frozen=True, kw_only=True):
    """A server that could not be reached was probed."""

    endpoint: str
    document: ProbeDocument


class Arrived(Struct, frozen=True, kw_only=True):
    """Something was seen of a mail after it was taken; a later one replaces an earlier one."""

    delivery: Delivery
    arrival: Arrival
    findings: tuple[Finding, ...]


class Reported(Struct, frozen=True, kw_only=True):
    """A person said how it went."""

    delivery: Delivery


class Ended(Struct, frozen=True, kw_only=True):
    """The round is over: how every mail of it stands in the store, with its story."""

    deliveries: tuple[Delivery, ...]
    stories: dict[str, tuple[Event, ...]]
    attempts: tuple[Attempt, ...] = ()


Happening = News | Queued | Phase | SignIn | Said | Asked | Arrived | Reported | Ended
