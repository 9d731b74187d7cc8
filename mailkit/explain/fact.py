"""What is read out of a mail: the document ``explanation`` of a bounce, with a fact for each recipient."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from mailkit.explain.explanation import Match
from mailkit.finding import Fix

__all__ = ["BounceReading", "Fact", "Kind"]

Kind = Literal["bounce", "delay", "delivered", "complaint", "vacation", "ordinary"]


class Fact(Struct, frozen=True, kw_only=True):
    """What a mail says about one recipient. Unknown is ``None``."""

    recipient: str | None
    reason: str
    bounce: Literal["hard", "soft", "none"]
    """hard: the address is dead; soft: it may live; none: nothing was refused."""
    class_: str = field(name="class")
    """``temporary`` or ``permanent`` as the codes state it, else empty."""
    status: str | None
    replycode: str | None
    cause: str
    family: str
    retry_helps: bool | None
    address_dead: bool | None
    provider: str | None
    remote: str | None
    words: str | None
    """The remote's own words."""
    summary: str
    fix: tuple[Fix, ...] = ()
    confidence: str = "likely"
    matched: Match | None = None


class BounceReading(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.explanation/1"):
    """The document ``explanation`` of a mail: what it is, and what it says of each recipient."""

    file: str | None = None
    """The file it was read from, where there was one."""
    kind: Kind
    facts: tuple[Fact, ...] = ()
    message_id: str | None = None
    """Of the mail it is about, as that mail named itself."""
    decoder: str | None = None
    """Which decoder was sure."""
    date: str | None = None
    delivery_id: str | None = None
    """Of the delivery it is about, where what was sent is known (:mod:`mailkit.explain.correlation`)."""

    @property
    def is_bounce(self) -> bool:
        """Whether something was refused or delayed."""
        return self.kind in ("bounce", "delay")
