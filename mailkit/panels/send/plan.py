"""The plan of a site as rows of a table: whose mail, from what to where, by which way, and whether it can be sent. Pure.

The words are made once for a plan, because a site may have ten thousand users with four kinds of mail each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mailkit.mail.account import Account
from mailkit.mail.planned import Planned
from mailkit.report.sending_words import by_which_way, title
from mailkit.text import shorten, visible

__all__ = ["Light", "Plan", "Tone", "light"]

_LONGEST = 120

Tone = Literal["ok", "warning", "error", "info", "quiet"]


@dataclass(frozen=True, slots=True)
class Light:
    """How it stands with a mail, in words; the tone only colours them."""

    words: str
    tone: Tone


@dataclass(frozen=True)
class Plan:
    """Every mail of a site that could be sent, or not. Rows are counted from 0."""

    mails: tuple[Planned, ...] = ()

    @cached_property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Of each row: whose mail, From, to whom, by which way."""
        return tuple(_cells(one) for one in self.mails)

    @cached_property
    def sendable(self) -> frozenset[int]:
        """Rows that can be chosen: sent from here, or by a person."""
        return frozenset(number for number, one in enumerate(self.mails) if one.way != "none")

    def accounts(self, rows: Iterable[int]) -> dict[str, Account]:
        """Return the accounts that the mails of these rows leave by, by their keys, in the order of the site."""
        found = (self.mails[number] for number in sorted(rows))
        return {one.account.key: one.account for one in found if one.way == "smtp" and one.account is not None}


def light(one: Planned, *, secret: bool) -> Light:
    """Say whether a mail can be sent; ``secret``: its account has what it logs in with."""
    if one.obstacle is not None:
        unused = one.obstacle.severity == "info"
        why = shorten(visible(one.obstacle.summary), _LONGEST)
        return Light(f"{'not used' if unused else 'cannot be sent'}: {why}", "quiet" if unused else "error")
    if one.way == "by-hand":
        return Light("by hand", "info")
    return Light("ready", "ok") if secret or not one.needs_secret else Light("password needed", "warning")


def _cells(one: Planned) -> tuple[str, ...]:
    meant = f" (meant for {one.intended})" if one.intended else ""
    sender = one.sender or ("settled by the program" if one.way == "by-hand" else "")
    way = by_which_way(one) if one.obstacle is None or one.account else ""
    return tuple(visible(shorten(cell, 200)) for cell in (title(one), sender, (one.recipient or "") + meant, way))
