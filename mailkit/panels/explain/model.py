"""What the panel "what does it mean" knows at a moment, as a frozen value, and the work that fills it. No widget in here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mailkit.panels.explain.given import Given, Question, Step, steps
from mailkit.panels.job import Progress
from mailkit.report.answers import Answer, Group, Row, grouped, rows

__all__ = ["Batch", "ExplainModel", "reading"]

Batch = tuple[Step, ...]
"""What was read in a moment: one message for each mail would be too many."""

_MOMENT = 0.1
PAGE = 15
"""Rows on a page of the table."""


async def reading(things: Sequence[Given], question: Question) -> AsyncGenerator[Batch, None]:
    """Read everything in another thread, a moment at a time, so that the work can be watched and stopped."""
    iterator = steps(things, question)
    while batch := await asyncio.to_thread(_batch, iterator):
        yield batch


def _batch(iterator: Iterator[Step]) -> Batch:
    until = time.monotonic() + _MOMENT
    taken: list[Step] = []
    for step in iterator:
        taken.append(step)
        if time.monotonic() > until:
            break
    return tuple(taken)


@dataclass(frozen=True)
class ExplainModel:
    """A moment of the panel.

    Attributes:
        names: what was given.
        text: what was pasted, without what looked like a password; empty when files were given.
        question: what was asked about it.
        progress: state and batches of the work.
        wanted: what is looked for in the table.
        page: of the table, from 1.
        chosen: the number of the row that is looked at, among all groups; -1: none.
    """

    names: tuple[str, ...] = ()
    text: str = ""
    question: Question = Question()  # noqa: RUF009 - frozen
    progress: Progress[Batch] = Progress()  # noqa: RUF009 - frozen
    wanted: str = ""
    page: int = 1
    chosen: int = -1

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Everything that was read until now."""
        return tuple(step for batch in self.progress.events for step in batch)

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """What it means, in the order it was given."""
        return tuple(step.answer for step in self.steps if step.answer)

    @property
    def not_read(self) -> tuple[Step, ...]:
        """What could not be read, each with its reason."""
        return tuple(step for step in self.steps if step.why)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each recipient and telling line."""
        return tuple(rows(self.answers))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The rows, counted together."""
        return grouped(self.rows)

    @property
    def found(self) -> tuple[int, ...]:
        """The numbers of the groups in which what is looked for occurs."""
        wanted = self.wanted.casefold()
        return tuple(number for number, group in enumerate(self.groups) if not wanted or wanted in _searched(group))

    @property
    def pages(self) -> int:
        """How many pages the table has."""
        return max(1, -(-len(self.found) // PAGE))

    @property
    def shown(self) -> tuple[int, ...]:
        """The numbers of the groups on this page."""
        first = (self.page - 1) * PAGE
        return self.found[first : first + PAGE]

    def turned(self, wanted: str, page: int) -> ExplainModel:
        """Look for something, and go to a page."""
        there = replace(self, wanted=wanted, page=1)
        return replace(there, page=min(max(1, page), there.pages))


def _searched(group: Group) -> str:
    words = (group.reason, group.cause or "", group.provider or "", group.summary, *group.recipients)
    return " ".join(words).casefold()
