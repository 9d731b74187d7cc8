"""Group commit: many senders record at once, one thread commits whatever is waiting.

A commit takes as long as the disk takes to be sure; the more wait for it, the cheaper it is for each. Used by the sender, which
records ``sending`` before a body leaves and the reply at once after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

from mailkit.errors import MailkitError, StoreError
from mailkit.journal.change import Change

if TYPE_CHECKING:
    from mailkit.journal.store import Store  # for the type only: the store does not know of groups

__all__ = ["Journal"]

_LARGEST = 500
"""Calls in one commit: what waits is never many more than there are connections."""

_Waiting = tuple[Sequence[Change], "asyncio.Future[int]"]


class Journal:
    """Records changes for the coroutines of one event loop, durably, many in one commit.

    >>> async def sender(store, change):
    ...     async with Journal(store) as journal:
    ...         await journal.record(change)  # on the disk when this returns
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()  # None: no more will come
        self._closing = False
        self._thread: threading.Thread | None = None
        self.commits = 0
        """How many commits were made."""
        self.recorded = 0
        """How many events these commits added."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="mailkit-journal")
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what is still waiting and stop."""
        self._closing = True
        self._waiting.put(None)
        assert self._thread
        stopped = asyncio.ensure_future(asyncio.to_thread(self._thread.join))
        try:
            await asyncio.shield(stopped)
        except asyncio.CancelledError:
            await stopped  # what was handed in is committed, whoever stopped waiting for it
            raise

    async def record(self, *changes: Change) -> int:
        """Record ``changes`` in one transaction; they are durable when this returns. Returns how many of the events were new.

        When the caller is cancelled meanwhile, they are recorded nevertheless: what happened has happened.

        Raises:
            LeaseLost: a delivery is held by another sender by now; none of these changes is recorded.
            StoreError: the store could not be written; none is recorded.
        """
        if self._closing or self._thread is None:
            raise StoreError(f"{self._store.shown}: the journal is closed", "gone")
        done: asyncio.Future[int] = self._loop.create_future()
        self._waiting.put((changes, done))
        return await done

    def _work(self) -> None:
        more = True
        while more:
            group: list[_Waiting] = []
            while len(group) < _LARGEST:
                try:
                    one = self._waiting.get(block=not group)
                except Empty:
                    break
                if one is None:
                    more = False
                    break
                group.append(one)
            if not group:
                continue
            results: Sequence[int | MailkitError | BaseException]
            try:
                results = self._store.record_all([changes for changes, _ in group])
                self.commits += 1
                self.recorded += sum(one for one in results if isinstance(one, int))
            except BaseException as error:  # noqa: BLE001 (whatever it is, those who wait must hear of it, and the next group come)
                results = [error] * len(group)
            with contextlib.suppress(RuntimeError):  # the loop was closed without waiting for its journal
                self._loop.call_soon_threadsafe(_tell, group, results)


def _tell(group: list[_Waiting], results: Sequence[int | BaseException]) -> None:
    for (_, done), result in zip(group, results, strict=True):
        if done.done():
            continue
        if isinstance(result, int):
            done.set_result(result)
        else:
            # Each his own: an exception that several raise collects all their tracebacks.
            done.set_exception(type(result)(result.text, result.problem) if isinstance(result, StoreError) else result)
