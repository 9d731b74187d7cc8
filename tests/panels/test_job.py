"""Long work in a notebook: its states, its updates, its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from mailkit.panels.job import Job, Progress, State


class Watcher:
    """Keep every update, and let a test wait for one."""

    def __init__(self) -> None:
        self.updates: list[Progress[int]] = []
        self._news = asyncio.Event()

    def __call__(self, progress: Progress[int]) -> None:
        self.updates.append(progress)
        self._news.set()

    async def until(self, state: State, events: int = 0) -> Progress[int]:
        while not self.updates or self.updates[-1].state is not state or len(self.updates[-1].events) < events:
            self._news.clear()
            await self._news.wait()
        return self.updates[-1]


async def numbers(count: int) -> AsyncGenerator[int, None]:
    for number in range(count):
        yield number
        await asyncio.sleep(0)


async def one_and_wait() -> AsyncGenerator[int, None]:
    yield 1
    await asyncio.Event().wait()


async def one_and_fail() -> AsyncGenerator[int, None]:
    yield 1
    raise ZeroDivisionError("on purpose")


async def test_a_job_ends_done_with_all_its_events() -> None:
    job = Job(Watcher())
    assert job.progress == Progress(State.IDLE)
    assert await job.run(lambda: numbers(3)) == Progress(State.DONE, (0, 1, 2))


async def test_stopping_keeps_what_was_found() -> None:
    watcher = Watcher()
    job = Job(watcher)
    job.start(one_and_wait)
    await watcher.until(State.RUNNING, events=1)
    job.cancel()
    assert await watcher.until(State.CANCELLED) == Progress(State.CANCELLED, (1,))


async def test_stopping_closes_the_work() -> None:
    closed = asyncio.Event()

    async def careful() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            closed.set()

    watcher = Watcher()
    job = Job(watcher)
    job.start(careful)
    await watcher.until(State.RUNNING, events=1)
    job.cancel()
    await watcher.until(State.CANCELLED)
    assert closed.is_set()


async def test_an_error_becomes_a_state_that_can_be_seen() -> None:
    progress = await Job(Watcher()).run(one_and_fail)
    assert progress.state is State.FAILED
    assert progress.events == (1,)
    assert isinstance(progress.error, ZeroDivisionError)


async def test_ten_thousand_events_make_few_updates_and_the_last_has_them_all() -> None:
    watcher = Watcher()
    progress = await Job(watcher).run(lambda: numbers(10_000))
    assert len(progress.events) == 10_000
    assert watcher.updates[-1] == progress
    assert len(watcher.updates) < 100


async def test_a_second_start_while_running_changes_nothing() -> None:
    watcher = Watcher()
    job = Job(watcher)
    job.start(one_and_wait)
    await watcher.until(State.RUNNING, events=1)
    job.start(lambda: numbers(5))
    job.cancel()
    assert (await watcher.until(State.CANCELLED)).events == (1,)


async def test_a_job_can_be_started_again_after_each_end() -> None:
    job = Job(Watcher())
    await job.run(one_and_fail)
    assert await job.run(lambda: numbers(2)) == Progress(State.DONE, (0, 1))


async def test_start_and_stop_work_from_another_thread_with_another_loop() -> None:
    watcher = Watcher()
    job = Job(watcher)
    home = asyncio.get_running_loop()
    loops: list[asyncio.AbstractEventLoop] = []

    async def where() -> AsyncGenerator[int, None]:
        loops.append(asyncio.get_running_loop())
        yield 1
        await asyncio.Event().wait()

    async def press(what: str) -> None:
        job.start(where) if what == "start" else job.cancel()

    for what, state in (("start", State.RUNNING), ("stop", State.CANCELLED)):
        thread = threading.Thread(target=asyncio.run, args=(press(what),))
        thread.start()
        await asyncio.to_thread(thread.join)
        await watcher.until(state, events=1)
    assert loops == [home]


async def test_cancelling_the_waiting_cell_stops_the_work() -> None:
    watcher = Watcher()
    job = Job(watcher)
    waiting = asyncio.create_task(job.run(one_and_wait))
    await watcher.until(State.RUNNING, events=1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert job.progress == Progress(State.CANCELLED, (1,))


def test_a_job_built_where_no_loop_runs_takes_the_loop_it_is_run_on() -> None:
    updates: list[Progress[int]] = []
    job = Job(updates.append)
    with pytest.raises(RuntimeError, match="await panel"):
        job.start(lambda: numbers(1))
    job.cancel()
    assert asyncio.run(job.run(lambda: numbers(2))).events == (0, 1)
    assert asyncio.run(job.run(lambda: numbers(3))).events == (0, 1, 2)
