"""What one account has to send: taken from the outbox some at a time, with the messages, a little ahead of their need.

Belongs to a :class:`mailkit.mail.desk.Desk`; everything that blocks happens in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from typing import NamedTuple

from mailkit.errors import StoreError
from mailkit.journal import Change, Delivery, happened
from mailkit.mail.account import Account
from mailkit.mail.envelope import Mail
from mailkit.mail.news import Moved
from mailkit.mail.shift import Shift
from mailkit.mail.waiting import contents

__all__ = ["Intake", "Job"]

_AT_LEAST, _PER_LINE, _AT_MOST = 50, 16, 500
"""Deliveries taken at once: enough that a connection need not wait for the next, not so many that others get none."""
_LOADED = 25
"""Messages read at once, and how many are left when the next are read."""


class Job(NamedTuple):
    """A message to be handed over."""

    delivery: Delivery
    mail: Mail
    attempt: int


class Intake:
    """Deliveries of one account, held under a lease by ``owner``.

    Args:
        shift: the run.
        account: whose.
        number: of the account in this run.
    """

    def __init__(self, shift: Shift, account: Account, number: int) -> None:
        self._names = (f"{shift.run}/{number}.{again}" for again in itertools.count())
        self.owner = next(self._names)
        self.holds = False
        """It may hold deliveries, whose lease has to be prolonged."""
        self._shift = shift
        self._account = account
        self._claimed: deque[Delivery] = deque()
        self._ready: deque[Job] = deque()
        self._fetching: asyncio.Task[None] | None = None
        self._dry = False
        self._fault: StoreError | None = None

    def __len__(self) -> int:
        """How many are here, as far as is known without asking the outbox."""
        return len(self._ready) + len(self._claimed)

    @property
    def at_hand(self) -> bool:
        """A message is here."""
        return bool(self._ready)

    def next(self) -> Job:
        """Give the next message; there has to be one."""
        job = self._ready.popleft()
        if len(self._ready) < _LOADED and self._fetching is None and (self._claimed or not self._dry):
            self._fetching = asyncio.create_task(self._fetch())
        return job

    def put_back(self, job: Job) -> None:
        """Take back a message of which no server has heard."""
        self._ready.appendleft(job)

    async def fill(self) -> bool:
        """Fetch what is due, if nothing is here; ``False``: nothing is.

        Raises:
            StoreError: the outbox cannot be read.
        """
        while not self._ready and not (self._dry and not self._claimed and self._fetching is None):
            if self._fetching is None:
                self._fetching = asyncio.create_task(self._fetch())
            await asyncio.shield(self._fetching)
            if self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault
        if self._ready:
            return True
        self._dry = False  # the next look may find something
        return False

    async def _fetch(self) -> None:
        try:
            jobs, odd = await asyncio.to_thread(self._load)
            if odd:
                await self._shift.record(
                    *((change, Moved(delivery=change.applied(one), event=change.event)) for one, change in odd)
                )
            self._ready.extend(jobs)
        except StoreError as error:
            self._fault = error  # for whoever asks next: this was perhaps done ahead of any need
        finally:
            self._fetching = None

    def _load(self) -> tuple[list[Job], list[tuple[Delivery, Change]]]:
        """Take deliveries and read their messages; in a thread. Those that cannot be sent come back as changes."""
        shift, account = self._shift, self._account
        self.holds = True
        now = shift.settings.now()
        if not self._claimed:
            most = min(_AT_MOST, account.pace.per_minute or _AT_MOST)
            limit = max(1, min(most, max(_AT_LEAST, _PER_LINE * account.pace.connections)))
            taken = shift.store.claim(
                self.owner,
                accounts={account.key},
                batch=shift.batch,
                kinds=shift.kinds,
                limit=limit,
                lease=shift.settings.lease,
                now=now,
            )
            self._dry = len(taken) < limit
            self._claimed.extend(taken)
        piece = [self._claimed.popleft() for _ in range(min(len(self._claimed), max(_LOADED, 2 * account.pace.connections)))]
        messages = contents(shift.store, [one.delivery_id for one in piece]) if piece else {}
        jobs: list[Job] = []
        odd: list[tuple[Delivery, Change]] = []
        for one in piece:
            message = messages.get(one.delivery_id)
            if one.expires is not None and one.expires <= now:
                event = happened(one, "expired", now, run=shift.run, reason="expired", note="it was not taken in time")
                odd.append((one, Change(one.delivery_id, event)))
            elif message is None:
                note = "the message itself is not in the store"
                event = happened(one, "rejected", now, run=shift.run, reason="contenterror", note=note)
                odd.append((one, Change(one.delivery_id, event)))
            else:
                attempt = one.attempts + 1
                envid = f"{one.delivery_id}.{attempt}"
                mail = Mail(
                    sender=one.sender, recipient=one.recipient, content=message, envid=envid, notify=shift.settings.notify
                )
                jobs.append(Job(delivery=one, mail=mail, attempt=attempt))
        return jobs, odd

    def forget(self) -> None:
        """Go on under another name: what was done last under the old one is not known, and its lease shall end."""
        self.owner = next(self._names)
        self._claimed.clear()
        self._ready.clear()

    async def give_back(self) -> None:
        """Let others have what was taken and not begun."""
        if self._fetching is not None:
            await self._fetching
        self._claimed.clear()
        self._ready.clear()
        self._fault = None
        self._dry = False
        with contextlib.suppress(StoreError):  # the lease ends by itself
            await asyncio.to_thread(self._shift.store.release, self.owner)
        self.holds = False
