"""Ctrl-C: the first one ends a command kindly, with what was found until then; the second at once."""

from __future__ import annotations

import asyncio
import signal

__all__ = ["stop_on_interrupt"]


def stop_on_interrupt(stop: asyncio.Event) -> None:
    """Set ``stop`` at the first Ctrl-C; the second one raises as it does anywhere. Call it on the running loop."""
    loop = asyncio.get_running_loop()

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(stop.set)

    # Not the loop's own handler: Windows has none.
    signal.signal(signal.SIGINT, interrupted)
