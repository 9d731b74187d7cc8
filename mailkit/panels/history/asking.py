"""The work of the panel: events made ready, then the questions, one after the other, in another thread.

What is found is told as it comes. Whoever asks something newer stops the older: it ends after the question it is at.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailkit.history.choice import Filter
from mailkit.history.engine import History
from mailkit.history.questions import STATES, Headline
from mailkit.history.questions import before_after as asks_before_after
from mailkit.history.questions import check as asks_check
from mailkit.history.questions import duplicates as asks_duplicates
from mailkit.history.questions import funnel as asks_funnel
from mailkit.history.questions import gaps as asks_gaps
from mailkit.history.questions import headlines as asks_headlines
from mailkit.history.questions import latency as asks_latency
from mailkit.history.questions import latest as asks_latest
from mailkit.history.questions import queue as asks_queue
from mailkit.history.questions import reasons as asks_reasons
from mailkit.history.questions import silence as asks_silence
from mailkit.history.questions import stuck as asks_stuck
from mailkit.history.questions import unattempted as asks_unattempted
from mailkit.panels.history.charts import drawn
from mailkit.panels.history.choice import Choice
from mailkit.panels.history.deliveries import SHOWN, Listed, listed
from mailkit.panels.history.source import Source
from mailkit.report.drawing import Drawing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALL", "EVERY", "Answered", "Far", "Known", "Said", "Task", "ask", "follow", "working"]

EVERY = (
    "funnel",
    "timeline",
    "latency",
    "reasons",
    "latest",
    "stuck",
    "unattempted",
    "silence",
    "queue",
    "duplicates",
    "gaps",
    "before-after",
    "check",
)
"""The tables, in the order in which they are asked for."""
ALL = 1_000_000
"""The most rows of a table that goes into a file."""
_ROWS = 500
"""The most rows of a table on the page, the deliveries aside."""
_SILENCES = ("property", "domain", "account")
_OFFERED = 200
_TWO_DAYS, _MANY_DAYS = 2, 130


@dataclass(frozen=True)
class Far:
    """How far the work is, in words."""

    words: str


@dataclass(frozen=True)
class Said:
    """The first sentences."""

    headlines: tuple[Headline, ...]
    choice: Choice


@dataclass(frozen=True, eq=False)
class Answered:
    """A table, with its chart, and the cells of the deliveries."""

    name: str
    frame: pd.DataFrame
    drawing: Drawing | None = None
    listed: Listed | None = None


@dataclass(frozen=True)
class Known:
    """What the filters can be, by their names."""

    words: dict[str, tuple[str, ...]]


Happened = Far | Said | Answered | Known
Tell = Callable[[Happened], None]
Task = Callable[[Source, Tell, threading.Event], None]
"""Something that makes events ready, before anything is asked."""


async def follow(work: Callable[[Tell, threading.Event], None]) -> AsyncGenerator[Happened, None]:
    """Do the work in another thread and give what it tells as it comes; left early, it is told to stop."""
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[Happened | None] = asyncio.Queue()
    stop = threading.Event()

    def put(what: Happened | None) -> None:
        if not stop.is_set():
            loop.call_soon_threadsafe(told.put_nowait, what)

    thread = asyncio.ensure_future(asyncio.to_thread(work, put, stop))
    thread.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (what := await told.get()) is not None:
            yield what
        await thread
    finally:
        stop.set()
        if not thread.done():
            # A thread cannot be ended from outside; what it still finds is nobody's, also what it fails with.
            thread.add_done_callback(lambda done: done.cancelled() or done.exception())


def working(
    source: Source, tasks: Sequence[Task], choice: Callable[[], Choice], halt: threading.Event
) -> Callable[[Tell, threading.Event], None]:
    """Give the work: the tasks, then all questions.

    Args:
        source: where the events are.
        tasks: what is to be made ready.
        choice: asked when the tasks are done: the filters may have been changed meanwhile.
        halt: ends the tasks; what they made until then is asked about.
    """

    def work(tell: Tell, stop: threading.Event) -> None:
        with source.turn:
            if stop.is_set():
                return
            for task in tasks:
                task(source, tell, halt)
            if source.history is None or stop.is_set():
                return
            if not tasks:
                source.history.refresh()
            for one in _answers(source.history, choice()):
                tell(one)
                if stop.is_set():
                    return
            if tasks:
                tell(Known(_offered(source.history)))

    return work


def _answers(history: History, choice: Choice) -> Iterator[Happened]:
    where = choice.where()
    yield Said(asks_headlines(history, where), choice)
    for name in EVERY:
        if name == "before-after" and choice.at is None:
            continue
        frame = ask(name, history, choice, where, limit=SHOWN if name == "latest" else _ROWS)
        yield Answered(name, frame, drawn(name, frame, choice), listed(frame, choice.zone) if name == "latest" else None)


def ask(name: str, history: History, choice: Choice, where: Filter, *, limit: int) -> pd.DataFrame:
    """Ask for one table.

    Args:
        name: one of :data:`EVERY`.
        history: what to ask.
        choice: by what to count, and the day of a change.
        where: which deliveries.
        limit: the most rows.

    Raises:
        InputError: the day of the change is still to come.
    """
    by: Any = choice.by
    match name:
        case "funnel":
            return asks_funnel(history, by, where, limit=limit)
        case "timeline":
            return _timeline(history, where, limit)
        case "latency":
            return asks_latency(history, by, where, limit=max(1, limit // 5))
        case "queue":
            return asks_queue(history, by, where, limit=limit)
        case "gaps":
            return asks_gaps(history, by if by in _SILENCES else "user", where, limit=limit)
        case "before-after":
            assert choice.at is not None
            return asks_before_after(history, choice.at, None, where, days=choice.days)
        case "check":
            return asks_check(history)
    questions: dict[str, Callable[..., pd.DataFrame]] = {
        "reasons": asks_reasons,
        "latest": asks_latest,
        "stuck": asks_stuck,
        "unattempted": asks_unattempted,
        "silence": asks_silence,
        "duplicates": asks_duplicates,
    }
    return questions[name](history, where, limit=limit)


def _timeline(history: History, where: Filter, limit: int) -> pd.DataFrame:
    """Count by day; by hour when there are few days, by week when there are many."""
    days = asks_funnel(history, "day", where, limit=limit)
    if days.empty:
        return days
    length = (days["day"].iloc[-1] - days["day"].iloc[0]) / dt.timedelta(days=1) + 1
    if length <= _TWO_DAYS:
        return asks_funnel(history, "hour", where, limit=limit)
    return asks_funnel(history, "week", where, limit=limit) if length > _MANY_DAYS else days


def _offered(history: History) -> dict[str, tuple[str, ...]]:
    names: tuple[Any, ...] = ("user", "domain", "endpoint", "property", "kind", "source")
    found = {name: asks_funnel(history, name, limit=_OFFERED)[name].dropna() for name in names}
    return {name: tuple(sorted(str(word) for word in words)) for name, words in found.items()} | {"state": STATES}
