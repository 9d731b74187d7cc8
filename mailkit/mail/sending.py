"""Sending what is due in the outbox, by many accounts at once; the one function others call is :func:`send`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from mailkit.attempt import Purpose
from mailkit.errors import StoreError
from mailkit.explain import explain
from mailkit.journal import Journal, Store
from mailkit.mail.account import Access
from mailkit.mail.desk import Desk, Gate
from mailkit.mail.news import Closed, Halted, Moved, News, Opened, Paused, Rest
from mailkit.mail.shift import SendSettings, Shift
from mailkit.mail.waiting import left_over

__all__ = ["Closed", "Halted", "Moved", "News", "Opened", "Paused", "Rest", "SendSettings", "send"]


async def send(
    store: Store,
    accesses: Mapping[str, Access],
    settings: SendSettings | None = None,
    *,
    batch: str | None = None,
    kinds: Collection[Purpose] | None = None,
    stop: asyncio.Event | None = None,
    watch: bool = False,
) -> AsyncIterator[News]:
    """Send what is due, and tell what happens.

    Args:
        store: the outbox and its journal.
        accesses: by account key (:attr:`mailkit.mail.account.Account.key`); deliveries of other accounts are left alone.
        settings: how to send.
        batch: only deliveries of this batch.
        kinds: only deliveries of these kinds.
        stop: when set, the messages in hand are finished, nothing new is begun, and the run ends.
        watch: stay, and send what becomes due; otherwise the run ends when nothing is due.

    Yields:
        Each step when it is durable; the last one is a :class:`Rest`. Whoever stops listening stops the run as ``stop`` does.

    Raises:
        StoreError: the journal cannot be written. Nothing left that was not recorded as ``sending`` before; what was
            answered and could not be recorded any more is ``uncertain`` in the next run.
    """
    settings = settings or SendSettings()
    await asyncio.to_thread(explain, "250 2.0.0 Ok")  # its knowledge is read from files, once
    run = await asyncio.to_thread(store.begin_run, "send", settings.now())
    outcome = "failed"
    try:
        async with Journal(store) as journal:
            shift = Shift(store, journal, settings, run, batch=batch, kinds=kinds, watch=watch)
            work = asyncio.create_task(_work(shift, accesses))
            stopping = asyncio.create_task(_pass_on(stop, shift.ending)) if stop is not None else None
            try:
                while news := await shift.news.get():
                    for one in news:
                        yield one
                await work
                outcome = "stopped" if stop is not None and stop.is_set() else "done"
            except (GeneratorExit, asyncio.CancelledError):
                outcome = "stopped"
                raise
            finally:
                if stopping is not None:
                    stopping.cancel()
                await _end(shift, work)
        waiting, until = await asyncio.to_thread(left_over, store, accesses.keys(), batch=batch, kinds=kinds)
        yield Rest(waiting=waiting, until=until)
    finally:
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(store.end_run, run, outcome, settings.now())


async def _pass_on(stop: asyncio.Event, ending: asyncio.Event) -> None:
    await stop.wait()
    ending.set()


async def _end(shift: Shift, work: asyncio.Task[None]) -> None:
    """End the work, if it has not ended: what is in hand gets a while to finish, though nobody listens any more."""
    shift.ending.set()
    shift.deaf = True
    while not shift.news.empty():
        shift.news.get_nowait()
    if not work.done():
        await asyncio.wait({work}, timeout=shift.settings.grace)
    work.cancel()
    await asyncio.wait({work})


async def _work(shift: Shift, accesses: Mapping[str, Access]) -> None:
    """Run a desk for every account, and prolong their leases."""
    gates: dict[tuple[str, str], Gate] = {}
    desks: list[Desk] = []
    for number, (key, access) in enumerate(sorted(accesses.items())):
        account = access.account
        person = (account.login.casefold(), account.host.casefold()) if account.login is not None else (key, "")
        desks.append(Desk(shift, access, gates.setdefault(person, Gate()), number))
    keeping = asyncio.create_task(_keep(shift, desks))
    try:
        again = True
        while again:
            shift.doubtful = False
            await _recover(shift)
            await _all(desks)
            again = shift.doubtful and not shift.ending.is_set()
        await shift.record_late()
        if shift.broken is not None:
            raise shift.broken
    finally:
        keeping.cancel()
        if not shift.deaf:
            await shift.news.put(())


async def _all(desks: Sequence[Desk]) -> None:
    tasks = [asyncio.create_task(desk.run()) for desk in desks]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _recover(shift: Shift) -> None:
    """Take back what a sender left behind that is gone, and tell."""
    for one in await asyncio.to_thread(shift.store.recover, shift.settings.now()):
        story = await asyncio.to_thread(shift.store.story, one.delivery_id)
        await shift.tell(Moved(delivery=one, event=story[-1]))


async def _keep(shift: Shift, desks: Sequence[Desk]) -> None:
    """Prolong what the desks hold, record what could not be recorded, and take back what others left behind."""
    lease = shift.settings.lease
    while True:
        await asyncio.sleep(lease.total_seconds() / 3)
        with contextlib.suppress(StoreError):  # whoever loses a lease by this is told before he sends
            for desk in desks:
                if desk.intake.holds:
                    await asyncio.to_thread(shift.store.renew, desk.intake.owner, lease, shift.settings.now())
            await shift.record_late()
            if shift.watch:
                await _recover(shift)
