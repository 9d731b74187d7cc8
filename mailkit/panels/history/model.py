"""What the panel "delivery history" knows at a moment, as frozen values. No widget in here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mailkit.history.importing import Report
from mailkit.history.questions import Headline
from mailkit.panels.history.asking import Answered, Far, Happened, Known, Said
from mailkit.panels.history.choice import Choice
from mailkit.panels.history.deliveries import Listed
from mailkit.panels.job import Progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "HistoryModel", "answer_of"]


@dataclass(frozen=True)
class Answer:
    """All that was answered to one choice, or as much of it as has come."""

    choice: Choice
    headlines: tuple[Headline, ...]
    parts: tuple[Answered, ...] = ()

    @cached_property
    def tables(self) -> dict[str, Answered]:
        """The tables by name."""
        return {one.name: one for one in self.parts}

    @property
    def listed(self) -> Listed | None:
        """The deliveries on the page."""
        return self.tables["latest"].listed if "latest" in self.tables else None


@dataclass(frozen=True)
class Opened:
    """One delivery that is looked at."""

    name: str
    told: pd.DataFrame


@dataclass(frozen=True)
class HistoryModel:
    """A moment of the panel.

    Attributes:
        name: what is open; empty: nothing.
        reports: of the files that were read.
        progress: state, events and error of the work.
        answer: the last answer; while a newer one is on its way, still the one before.
        opened: the delivery that is looked at.
    """

    name: str = ""
    reports: tuple[Report, ...] = ()
    progress: Progress[Happened] = Progress()  # noqa: RUF009 - frozen
    answer: Answer | None = None
    opened: Opened | None = None

    @property
    def far(self) -> str:
        """How far the work is."""
        last = self.progress.events[-1] if self.progress.events else None
        return last.words if isinstance(last, Far) else ""

    @property
    def asking(self) -> bool:
        """The questions have begun: what is chosen anew makes them begin again."""
        return any(isinstance(one, Said | Answered) for one in self.progress.events)

    @property
    def known(self) -> Known | None:
        """What the filters can be, once that was asked for."""
        return next((one for one in reversed(self.progress.events) if isinstance(one, Known)), None)


def answer_of(progress: Progress[Happened]) -> Answer | None:
    """Put together what has been answered until now."""
    said = next((one for one in progress.events if isinstance(one, Said)), None)
    if said is None:
        return None
    return Answer(said.choice, said.headlines, tuple(one for one in progress.events if isinstance(one, Answered)))
