"""One piece of long work in a notebook: started, watched, stopped, never lost.

Knows asyncio and no widget. The work is an asynchronous iterator of events; whoever watches gets a frozen :class:`Progress`, at
most about seven times a second, and always the last one. Two traps of notebooks shape it: a button's callback may run in another
thread with another loop, so the loop of the cell that built the panel is kept and everything goes through it; and a front end
that gets too many messages loses the last ones, so they are held together.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

__all__ = ["INTERVAL", "Job", "Progress", "State"]

Event = TypeVar("Event")

INTERVAL = 0.15
"""Seconds between two updates, at least."""

PER_EVENT = 0.002
"""Seconds more for each event so far: what is shown grows with them, and Jupyter drops what is over a megabyte a second."""


class State(StrEnum):
    """Where a job is; the last three are ends, from each of which it can be started again."""

    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress(Generic[Event]):
    """A moment of a job: its state, all events until now (also after it was stopped), and the error it failed with."""

    state: State = State.IDLE
    events: tuple[Event, ...] = field(default=())
    error: BaseException | None = None
    seconds: float = field(default=0.0, compare=False)
    """Since it was started, until its end."""

    @property
    def running(self) -> bool:
        """Started and not at its end."""
        return self.state is State.RUNNING


class Job(Generic[Event]):
    """Run one piece of work at a time on the loop it was built on.

    :meth:`start` and :meth:`cancel` may be called from any thread and return at once; :meth:`run` is awaited. Built where no loop
    runs (in a script), a job takes the loop of the first :meth:`run`.

    Args:
        changed: called on the loop with each :class:`Progress`; it must not block.
    """

    def __init__(self, changed: Callable[[Progress[Event]], None]) -> None:
        self._changed = changed
        self._progress: Progress[Event] = Progress()
        self._events: list[Event] = []
        self._task: asyncio.Task[None] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._told = float("-inf")
        self._began = 0.0
        self._loop: asyncio.AbstractEventLoop | None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    @property
    def progress(self) -> Progress[Event]:
        """What was last told."""
        return self._progress

    def start(self, work: Callable[[], AsyncGenerator[Event, None]]) -> None:
        """Start the work soon, unless some is running already."""
        self._home().call_soon_threadsafe(self._begin, work)

    def cancel(self) -> None:
        """Stop the work soon; what it found until then is kept. Nothing happens when none is running."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop)

    def soon(self, call: Callable[[], object]) -> None:
        """Do something small on the loop of the work; nothing happens when there is none."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    async def run(self, work: Callable[[], AsyncGenerator[Event, None]]) -> Progress[Event]:
        """Do the work and return its end; work that is already running is waited for instead. Cancelling this stops it."""
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.get_running_loop()
        self._begin(work)
        task = self._task
        if task is not None:
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait([task])
                raise
        return self._progress

    def _home(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("no event loop is running here; use `await panel.run()` inside one")
        return self._loop

    def _begin(self, work: Callable[[], AsyncGenerator[Event, None]]) -> None:
        if self._task is not None and not self._task.done():
            return
        self._events = []
        self._began = self._home().time()
        self._task = self._home().create_task(self._follow(work))
        self._task.add_done_callback(self._ended)
        self._tell(State.RUNNING)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _follow(self, work: Callable[[], AsyncGenerator[Event, None]]) -> None:
        async with aclosing(work()) as events:
            async for event in events:
                self._events.append(event)
                self._tell_soon()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._tell(State.CANCELLED)
        elif error := task.exception():
            self._tell(State.FAILED, error)
        else:
            self._tell(State.DONE)

    def _tell_soon(self) -> None:
        """Hold updates together: one goes out when the interval since the last is over."""
        if self._due is None:
            loop = self._home()
            self._due = loop.call_at(
                max(loop.time(), self._told + INTERVAL + PER_EVENT * len(self._events)), self._tell, State.RUNNING
            )

    def _tell(self, state: State, error: BaseException | None = None) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._told = self._home().time()
        self._progress = Progress(state, tuple(self._events), error, self._told - self._began)
        self._changed(self._progress)
