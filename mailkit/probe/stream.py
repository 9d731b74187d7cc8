"""What tasks report, as a stream: in the order it comes, ended early on request, with nothing left running behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TypeVar

__all__ = ["stream"]

T = TypeVar("T")


async def stream(
    work: Callable[[Callable[[T], None]], Coroutine[object, object, None]], stop: asyncio.Event | None = None
) -> AsyncGenerator[T, None]:
    """Run ``work``, which is given the function to report with, and yield each report.

    Setting ``stop`` cancels the work; what it reports while it ends is still yielded. Leaving the stream cancels it too. What
    the work raises is raised at the end.
    """
    queue: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
    task = asyncio.create_task(work(lambda report: queue.put_nowait((report,))))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    stopper = asyncio.create_task(_cancel_on(stop, task)) if stop is not None else None
    try:
        while (reported := await queue.get()) is not None:
            yield reported[0]
        if not task.cancelled():
            task.result()
    finally:
        running = [task, *([stopper] if stopper is not None else [])]
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _cancel_on(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    await stop.wait()
    task.cancel()
