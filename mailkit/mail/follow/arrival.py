"""What was seen of a mail after it was handed over: the document ``arrival``. Facts only, no opinion.

:mod:`mailkit.mail.follow.following` makes it, :mod:`mailkit.diagnosis.arrival` judges it, live or read back from a file.
Times are in UTC, durations in milliseconds, ``None`` is not known. Text from the mail is already harmless
(:func:`mailkit.text.visible`) and of bounded length.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from mailkit.explain import BounceReading

__all__ = [
    "Arrival",
    "Change",
    "Check",
    "Copy",
    "Expected",
    "FolderUse",
    "Found",
    "Hop",
    "Looked",
    "Result",
    "Screening",
    "Signature",
    "Testimony",
    "Told",
    "Trust",
    "Verified",
]

FolderUse = Literal["inbox", "junk", "trash", "archive", "sent", "drafts", "other", "source"]
"""What a folder is for (RFC 6154); ``source``: there was no folder, the mail was pasted or read from a file."""

Found = Literal["arrived", "returned", "confirmed", "missing", "not-looked"]
"""``arrived``: at least one copy was seen. ``returned``: a bounce about it was. ``confirmed``: a report says it was delivered.
``missing``: looked for and not seen until :attr:`Looked.until`. ``not-looked``: the mailbox could not be looked into."""

Trust = Literal["position", "name", "none"]
"""Why a line is believed to be the receiver's own: it stands above the line of the receiver's first server, where nobody else
could write; it bears the receiver's name, which an outsider's line loses at a careful receiver; or it is not."""

Result = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy", "unknown"]
"""RFC 8601, 2.7; ``unknown``: could not tell, and ``because`` says why."""


class Expected(Struct, frozen=True, kw_only=True):
    """A mail that was handed over, or may have been, and is looked for."""

    message_id: str
    delivery_id: str | None = None
    """The token in the Message-ID; found in the subject too, where a server gave the mail another Message-ID."""
    recipient: str | None = None
    sender: str | None = None
    """The envelope sender."""
    header_from: str | None = None
    """The From as it was composed."""
    subject: str | None = None
    accepted: datetime | None = None
    """When the first server took it."""
    uncertain: bool = False
    """It may not have taken it: the connection ended before its answer."""


class Hop(Struct, frozen=True, kw_only=True):
    """One ``Received`` line (RFC 5321, 4.4): a server tells from whom it got the mail, how and when."""

    by: str | None = None
    from_: str | None = field(default=None, name="from")
    """As the sending side called itself (EHLO)."""
    name: str | None = None
    """The reverse name of its address, as the receiving server looked it up."""
    address: str | None = None
    protocol: str | None = None
    encrypted: bool | None = None
    tls: str | None = None
    """Its version, where that is told."""
    logged_in: bool | None = None
    id: str | None = None
    for_: str | None = field(default=None, name="for")
    moment: datetime | None = None
    delay_ms: float | None = None
    """Since the hop before; never below 0."""
    behind_ms: float | None = None
    """By how much this clock is behind that of the hop before, where it is: the delay is then given as 0."""
    outside: bool = False
    """Here the mail entered the receiver's own servers."""
    raw: str = ""


class Told(Struct, frozen=True, kw_only=True):
    """What one check gave, in the receiver's words (RFC 8601, 2.2)."""

    method: str
    result: str
    comment: str | None = None
    reason: str | None = None
    properties: dict[str, str] = {}
    """``smtp.mailfrom``, ``header.d``, ``header.from``, ``action``, …"""


class Testimony(Struct, frozen=True, kw_only=True):
    """One header line about authentication."""

    header: str
    server: str | None = None
    """Who says so (authserv-id); Microsoft does not say."""
    trust: Trust = "none"
    told: tuple[Told, ...] = ()
    raw: str = ""


class Screening(Struct, frozen=True, kw_only=True):
    """What a filter against junk wrote into the mail."""

    header: str
    verdict: Literal["junk", "clean"] | None = None
    score: float | None = None
    limit: float | None = None
    words: dict[str, str] = {}
    """Its own codes, such as ``SFV``, ``SCL``, ``CAT``, or the names of the rules that matched."""
    trust: Trust = "none"
    raw: str = ""


class Check(Struct, frozen=True, kw_only=True):
    """One check made here."""

    result: Result
    domain: str | None = None
    aligned: bool | None = None
    """Whether the domain is that of the From (RFC 7489, 3.1)."""
    because: str | None = None
    policy: str | None = None
    """What a DMARC record asks for: ``none``, ``quarantine``, ``reject``."""
    record: str | None = None


class Signature(Check, frozen=True, kw_only=True):
    """One DKIM signature (RFC 6376), checked here."""

    selector: str | None = None
    bits: int | None = None


class Verified(Struct, frozen=True, kw_only=True):
    """SPF, DKIM and DMARC as checked here, now, with the records of this moment."""

    spf: Check
    dkim: tuple[Signature, ...]
    dmarc: Check


class Change(Struct, frozen=True, kw_only=True):
    """A field that is not as it was sent, or two that do not agree."""

    field: str
    was: str | None
    now: str | None
    how: str
    """How it is known: the name of a header line, or ``sent``: it was compared with what was sent."""


class Copy(Struct, frozen=True, kw_only=True):
    """One copy of the mail, where it lies and what stands in its header."""

    folder: str | None = None
    use: FolderUse = "source"
    matched: Literal["message-id", "token", "given"] = "given"
    """``token``: the Message-ID is another one; the token was found in the subject or in a line that keeps the old one."""
    arrived: datetime | None = None
    """The mailbox's own date (IMAP INTERNALDATE, the time of the file), to the second, by that machine's clock."""
    seen: datetime | None = None
    """When it was seen here, by this machine's clock."""
    latency_ms: float | None = None
    """From taken by the first server to ``arrived``: two clocks. Never below 0."""
    clock_behind_ms: float | None = None
    """By how much ``arrived`` lies before the hand-over, where it does: the mailbox's clock is behind, or this one ahead."""
    seen_after_ms: float | None = None
    """From taken to ``seen``, by this machine's clock alone: it took no longer than that."""
    size: int | None = None
    complete: bool = True
    """False: only the header was there to look at, or the mail was too large to fetch."""
    message_id: str | None = None
    subject: str | None = None
    header_from: str | None = None
    return_path: str | None = None
    """Where bounces go, as the last server noted it; ``<>`` is nobody."""
    hops: tuple[Hop, ...] = ()
    """Oldest first."""
    hops_left_out: int = 0
    testimony: tuple[Testimony, ...] = ()
    """Top to bottom."""
    screening: tuple[Screening, ...] = ()
    greylisted: str | None = None
    """What the receiver noted about putting the mail off at first."""
    verified: Verified | None = None
    """``None``: nothing was checked here."""
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    """What had to be mended before the source could be read."""

    def said(self, method: str) -> tuple[Told, ...]:
        """Give what the receiver itself says of a method: of the most trustworthy line that mentions it."""
        for trust in ("position", "name"):
            for one in self.testimony:
                found = tuple(told for told in one.told if told.method == method)
                if one.trust == trust and found:
                    return found
        return ()

    @property
    def border(self) -> Hop | None:
        """The hop at which the mail entered the receiver's servers."""
        return next((hop for hop in self.hops if hop.outside), None)


class Looked(Struct, frozen=True, kw_only=True):
    """Where and how often was looked."""

    where: tuple[str, ...]
    """Mailboxes, without any secret."""
    folders: tuple[str, ...] = ()
    folders_left_out: int = 0
    times: int = 0
    began: datetime | None = None
    until: datetime | None = None
    problem: str | None = None
    """``login-refused``, ``unverified``, ``no-tls``, ``denied`` (a command was), ``not-found``, or a word of
    :data:`mailkit.observation.Problem`."""
    problem_text: str | None = None
    stopped: bool = False
    """Somebody stopped before the time was over."""


class Arrival(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.arrival/1"):
    """The document ``arrival``: what became of one mail, as far as the mailbox shows."""

    message_id: str | None = None
    delivery_id: str | None = None
    recipient: str | None = None
    sender: str | None = None
    accepted: datetime | None = None
    uncertain: bool = False
    """Whether the first server took it at :attr:`accepted` is not known."""
    found: Found
    looked: Looked
    copies: tuple[Copy, ...] = ()
    """In the order they were seen."""
    returned: tuple[BounceReading, ...] = ()
    """Mails about it: bounces, notices of delay, confirmations, automatic answers."""
