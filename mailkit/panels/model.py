"""What the probe panel knows, as frozen values, and the work that fills it. No widget in here.

:func:`probing` turns a question into a stream of observations for a :class:`~mailkit.panels.job.Job`; :class:`ProbeModel` makes
documents of whatever has come until now, judged once the end is reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mailkit.diagnosis import diagnosed
from mailkit.finding import Product
from mailkit.observation import Observation, ProbeDocument
from mailkit.panels.job import Progress, State
from mailkit.probe import ProbeSettings, assemble, observe
from mailkit.probe.policy import AuthGate

__all__ = ["ProbeModel", "Seen", "probing"]

Seen = tuple[str, Observation]
"""An observation and the target it belongs to."""


async def probing(targets: Sequence[str], settings: ProbeSettings) -> AsyncGenerator[Seen, None]:
    """Probe all targets side by side and yield what is seen as it happens.

    They share one gate: credentials that one server refused are not tried at the next.
    """
    gate = AuthGate()
    queue: asyncio.Queue[Seen | None] = asyncio.Queue()

    async def one(target: str) -> None:
        async with aclosing(observe(target, settings, gate=gate)) as observations:
            async for observation in observations:
                queue.put_nowait((target, observation))

    tasks = [asyncio.create_task(one(target)) for target in targets]
    for task in tasks:
        task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        for _ in tasks:
            while (seen := await queue.get()) is not None:
                yield seen
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class ProbeModel:
    """A moment of the panel: what was asked, how far the work is, what has come.

    Attributes:
        targets: what is probed; empty before the first start.
        settings: how; the credentials are not among them.
        product: whose screens the fixes should name.
        progress: state, events and error of the work.
    """

    targets: tuple[str, ...] = ()
    settings: ProbeSettings = ProbeSettings()  # noqa: RUF009 - frozen
    product: Product | None = None
    progress: Progress[Seen] = Progress()  # noqa: RUF009 - frozen

    @property
    def state(self) -> State:
        """Where the work is."""
        return self.progress.state

    @property
    def events(self) -> tuple[Seen, ...]:
        """Everything seen until now, in order."""
        return self.progress.events

    @cached_property
    def documents(self) -> tuple[ProbeDocument, ...]:
        """One document per target, judged once the work is at its end, also when it was stopped."""
        if self.state in (State.IDLE, State.FAILED):
            return ()
        stopped: Literal["user"] | None = "user" if self.state is State.CANCELLED else None
        documents = tuple(
            assemble(target, self.settings, [seen for of, seen in self.events if of == target], stopped=stopped)
            for target in self.targets
        )
        return documents if self.progress.running else tuple(diagnosed(document, self.product) for document in documents)
