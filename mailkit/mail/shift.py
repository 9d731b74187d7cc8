"""What all accounts of one run share: the store and its journal, the time, the end of the run, and the ear of whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailkit.attempt import Purpose
from mailkit.errors import StoreError
from mailkit.journal import Change, Journal, Store
from mailkit.mail.news import Moved, News
from mailkit.mail.patience import Patience

__all__ = ["Happened", "SendSettings", "Shift"]

Happened = tuple[Change, Moved]
"""A change, and what is told when it is durable."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class SendSettings:
    """How to send.

    Attributes:
        patience: limits of all waits for a server.
        lease: so long a delivery stays with a sender that is not heard of any more; prolonged while it lives.
        poll: seconds between looks into the outbox, for a sender that stays.
        idle: seconds a connection without work is kept.
        grace: seconds the message in hand gets when whoever listens goes away.
        longest_wait: seconds a run that does not stay waits for an account's limits before it ends.
        notify: when a report is asked for, where the server offers it: some of ``SUCCESS``, ``FAILURE``, ``DELAY``.
        now: the time of day.
    """

    patience: Patience = field(default_factory=Patience)
    lease: timedelta = timedelta(minutes=2)
    poll: float = 5.0
    idle: float = 20.0
    grace: float = 30.0
    longest_wait: float = 900.0
    notify: tuple[str, ...] = ()
    now: Callable[[], datetime] = _now


class Shift:
    """One run."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        settings: SendSettings,
        run: str,
        *,
        batch: str | None,
        kinds: Collection[Purpose] | None,
        watch: bool,
    ) -> None:
        self.store, self.journal, self.settings, self.run = store, journal, settings, run
        self.batch, self.kinds, self.watch = batch, kinds, watch
        self.ending = asyncio.Event()
        """Finish what is in hand and begin nothing new."""
        self.broken: StoreError | None = None
        """The journal cannot be written, so nothing may leave: the run ends."""
        self.late: list[Happened] = []
        """What happened and could not be recorded."""
        self.doubtful = False
        """Something became uncertain that is to be sent again without asking."""
        self.news: asyncio.Queue[tuple[News, ...]] = asyncio.Queue(maxsize=1000)
        """Several at a time; an empty one is the end."""
        self.deaf = False
        """Nobody listens any more."""

    async def tell(self, *news: News) -> None:
        """Tell whoever listens; waits while he is busy."""
        if news and not self.deaf:
            await self.news.put(news)

    async def record(self, *happened: Happened) -> None:
        """Record changes in one commit, and tell when they are durable.

        Raises:
            LeaseLost: one of them is not ours any more; none is recorded.
            StoreError: the store cannot be written; none is recorded.
        """
        await self.journal.record(*(change for change, _ in happened))
        await self.tell(*(news for _, news in happened))

    async def record_late(self) -> None:
        """Try again to record what happened while the store could not be written."""
        late, self.late = self.late, []
        try:
            if late:
                await self.record(*late)
        except BaseException:
            self.late = late + self.late
            raise

    async def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run."""
        try:
            async with asyncio.timeout(seconds):
                await self.ending.wait()
        except TimeoutError:
            pass
