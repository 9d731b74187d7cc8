"""Time for one target: every wait has a limit, and all waits together have one too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar

from mailkit.errors import TimedOut

__all__ = ["Clock"]

T = TypeVar("T")


class Clock:
    """Measure one run and bound its waits.

    Args:
        timeout: seconds one wait may take.
        deadline: seconds all of it may take.
    """

    def __init__(self, timeout: float, deadline: float) -> None:
        self.timeout = timeout
        self._origin = time.perf_counter()
        self._ends = self._origin + deadline

    def now(self) -> datetime:
        """The time of day, for people."""
        return datetime.now(UTC)

    def elapsed_ms(self) -> float:
        """Milliseconds since the run began, for measuring."""
        return round((time.perf_counter() - self._origin) * 1000, 2)

    def remaining(self) -> float:
        """Seconds left for everything."""
        return self._ends - time.perf_counter()

    async def wait(self, what: Awaitable[T], seconds: float | None = None) -> T:
        """Await ``what`` for at most ``seconds`` (one wait's limit when not given), never beyond the deadline.

        Raises:
            TimedOut: with problem ``timeout``, or ``deadline`` when it was the total that ran out.
        """
        limit = self.timeout if seconds is None else seconds
        remaining = self.remaining()
        try:
            async with asyncio.timeout(max(0.0, min(limit, remaining))):
                return await what
        except TimeoutError as error:
            if remaining < limit:
                raise TimedOut("the time for this target was over", "deadline") from error
            raise TimedOut(f"no answer within {limit:g} s") from error
