"""Many targets: side by side up to a limit, results in the order of the targets, memory that does not grow with their number."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable

from mailkit.observation import ProbeDocument
from mailkit.probe.policy import AuthGate
from mailkit.probe.run import probe
from mailkit.probe.settings import ProbeSettings

__all__ = ["probe_many"]


async def probe_many(
    targets: Iterable[str], settings: ProbeSettings | None = None, *, concurrency: int = 100
) -> AsyncGenerator[ProbeDocument, None]:
    """Probe targets and yield their documents in the order given.

    One set of credentials is tried at one server at a time, and nowhere any more once it was refused. At most ``concurrency``
    probes run at once, and at most twice as many documents wait for a slower one before them.

    Raises:
        InputError: a target or a setting cannot be used; the targets before it were probed.
    """
    gate = AuthGate()
    room = asyncio.Semaphore(concurrency)
    tasks: deque[asyncio.Task[ProbeDocument]] = deque()

    async def one(target: str) -> ProbeDocument:
        async with room:
            return await probe(target, settings, gate=gate)

    try:
        for target in targets:
            tasks.append(asyncio.create_task(one(target)))
            while len(tasks) >= concurrency * 2 or (tasks and tasks[0].done()):
                yield await tasks[0]
                tasks.popleft()
        while tasks:
            yield await tasks[0]
            tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
