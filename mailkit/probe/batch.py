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
    targets: Iterable[str | tuple[str, ProbeSettings]],
    settings: ProbeSettings | None = None,
    *,
    concurrency: int = 100,
    stop: asyncio.Event | None = None,
) -> AsyncGenerator[ProbeDocument, None]:
    """Probe targets, each with the settings that stand beside it or with those of all, and yield their documents in order.

    One set of credentials is tried at one server at a time, and nowhere any more once it was refused. At most ``concurrency``
    probes run at once, and at most twice as many documents wait for a slower one before them. Setting ``stop`` ends the probes
    that run; those not begun are left out.

    Raises:
        InputError: a target or a setting cannot be used; the targets before it were probed.
    """
    gate = AuthGate()
    room = asyncio.Semaphore(concurrency)
    tasks: deque[asyncio.Task[ProbeDocument | None]] = deque()

    async def one(target: str, own: ProbeSettings | None) -> ProbeDocument | None:
        async with room:
            if stop is not None and stop.is_set():
                return None
            return await probe(target, own, gate=gate, stop=stop)

    try:
        for target in targets:
            name, own = (target, settings) if isinstance(target, str) else target
            tasks.append(asyncio.create_task(one(name, own)))
            while tasks and (len(tasks) >= concurrency * 2 or tasks[0].done()):
                if (document := await tasks[0]) is not None:
                    yield document
                tasks.popleft()
        while tasks:
            if (document := await tasks[0]) is not None:
                yield document
            tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
