"""What a person chooses about a back-fill: which days, which statuses, what is left out. Frozen and without a widget.

What is not chosen holds as documented, or as the site file says; :class:`~mailkit.traces.desk.Desk` is told which is which.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from mailkit.errors import InputError
from mailkit.site.pms import PmsSite
from mailkit.text import visible
from mailkit.traces.sorting import Exclusion
from mailkit.traces.trace import KINDS, Kind, Status
from mailkit.traces.window import Basis, Edges, Reach

__all__ = ["Choice"]

_LONGEST = 3660
_NAMED = 12


@dataclass(frozen=True)
class Choice:
    """A choice; ``None``: not chosen.

    Attributes:
        days: how many days back, as typed; empty: not chosen.
        basis, edges, statuses: which days and traces count.
        repeat: a later activation sends what is in the window too.
        without: what is left out for good, as typed: codes of clerks, kinds, ``id:NUMBER``, separated by commas.
        since: the first day that is sent, as typed; empty: no such day.
        mark_sent: write the back-fill down as sent without sending it.
    """

    days: str = ""
    basis: Basis | None = None
    edges: Edges | None = None
    statuses: tuple[Status, ...] | None = None
    repeat: bool = False
    without: str = ""
    since: str = ""
    mark_sent: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Which parameters were chosen."""
        said = {"days": self.days.strip(), "basis": self.basis, "edges": self.edges, "statuses": self.statuses}
        return (*(name for name, value in said.items() if value), *(("repeat",) if self.repeat else ()))

    def reach(self, site: PmsSite) -> Reach:
        """Give how far the back-fill reaches.

        Raises:
            InputError: the days are no number, or no status counts.
        """
        days = self.days.strip()
        if days and not (days.isascii() and days.isdigit() and len(days) <= 4 and int(days) <= _LONGEST):
            raise InputError(f"{visible(days)[:40]!r} is no number of days; give one from 0 to {_LONGEST}")
        if self.statuses == ():
            raise InputError("no status is ticked, so nothing would ever be sent")
        said: dict[str, Any] = {"basis": self.basis, "edges": self.edges, "statuses": self.statuses, "repeat": self.repeat}
        chosen = {name: value for name, value in said.items() if value is not None}
        return Reach(days=int(days) if days else site.traces.days, **chosen)

    def exclusion(self, site: PmsSite) -> Exclusion:
        """Give what is left out.

        Raises:
            InputError: a word is no kind, no clerk or department of the site and no ``id:NUMBER``, or the day is none.
        """
        clerks: list[str] = []
        kinds: list[Kind] = []
        ids: list[str] = []
        names = [one for clerk in site.clerks for one in (clerk.code, clerk.name) if one] + [one.code for one in site.departments]
        known = {name.strip().casefold() for name in names}
        for word in (part.strip() for part in self.without.split(",") if part.strip()):
            what, _, rest = word.partition(":")
            kind = next((one for one in KINDS if one == word.lower()), None)
            if kind is not None:
                kinds.append(kind)
            elif what.lower() == "id" and rest.strip():
                ids.append(rest.strip())
            elif word.casefold() in known:
                clerks.append(word)
            else:
                there = ", ".join(visible(name) for name in names[:_NAMED]) or "nobody"
                raise InputError(
                    f"{visible(word)[:60]!r} is no clerk of the site, no kind ({', '.join(KINDS)}) and no id:NUMBER;"
                    f" the site has {there}"
                )
        return Exclusion(clerks=tuple(clerks), kinds=tuple(kinds), before=self._since(), traces=tuple(ids))

    def _since(self) -> dt.date | None:
        if not self.since.strip():
            return None
        try:
            return dt.date.fromisoformat(self.since.strip())
        except ValueError:
            raise InputError(f"{visible(self.since.strip())[:40]!r} is no day; give one such as 2026-11-21") from None
