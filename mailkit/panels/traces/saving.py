"""The buttons that save: what they give is made in another thread, for the store may be large and far away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

from mailkit.panels.job import Job, Progress, State
from mailkit.panels.parts import SaveBar

__all__ = ["LateSaveBar"]


class LateSaveBar(SaveBar):
    """A :class:`~mailkit.panels.parts.SaveBar` whose texts take their time.

    Args:
        make: gives file name and text for the name of a button; called in a thread.
        failed: called with why it could not be made.
    """

    def __init__(self, make: Callable[[str], tuple[str, str]], failed: Callable[[BaseException], None], **traits: Any) -> None:  # noqa: ANN401 - traits of the class
        super().__init__({}, **traits)
        self._make, self._failed = make, failed
        self._job: Job[None] = Job(self._moved)

    def close(self) -> None:
        """Stop what is being made."""
        self._job.cancel()
        super().close()

    def _asked(self, _widget: object, content: object, _buffers: object) -> None:
        name = content.get("wanted") if isinstance(content, dict) else None
        if isinstance(name, str) and name in {action[0] for action in self.actions} and not self.disabled:
            self._job.start(partial(self._making, name))

    async def _making(self, name: str) -> AsyncGenerator[None, None]:
        file, text = await asyncio.to_thread(self._make, name)
        self.send({"name": name, "file": file, "text": text})
        yield None

    def _moved(self, progress: Progress[None]) -> None:
        if progress.state is State.FAILED and progress.error is not None:
            self._failed(progress.error)
