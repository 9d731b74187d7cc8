"""One test mail that could be sent, and how; or why it cannot. Values only: :mod:`mailkit.mail.plan` makes them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mailkit.finding import Finding, Product
from mailkit.mail.account import Account
from mailkit.site.route import Route

__all__ = ["PlanSettings", "Planned", "Way"]

Way = Literal["smtp", "by-hand", "none"]
"""Sent from here by SMTP; sent by a person in the program itself; not at all."""


class PlanSettings(Struct, frozen=True, kw_only=True):
    """What holds for every connection of a plan; the meanings are those of :class:`~mailkit.mail.account.Account`."""

    ca_file: str | None = None
    resolver: str | None = None
    ehlo_name: str | None = None
    allow_plaintext_auth: bool = False
    allow_unverified: bool = False


class Planned(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.planned/1"):
    """One test mail that could be sent, and how; or why it cannot."""

    product: Product
    route: Route
    way: Way
    recipient: str | None = None
    """Where it goes; with its domain in ASCII."""
    intended: str | None = None
    """Whom it was meant for, where it goes to a test address instead."""
    sender: str | None = None
    """In From and in the envelope: replies and bounces go there. ``None``: the mail program or the sign-in settles it."""
    account: Account | None = None
    obstacle: Finding | None = None
    """Why it cannot be sent; ``info``: nobody sends like this, or nothing is wrong with that."""
    notes: tuple[Finding, ...] = ()
    """What should be known before it is sent."""

    @property
    def user(self) -> str | None:
        """Whose mail it is."""
        return self.route.user

    @property
    def mailing(self) -> str:
        """The kind of mail."""
        return self.route.mailing

    @property
    def needs_secret(self) -> bool:
        """Somebody logs in."""
        return self.account is not None and self.account.login is not None
