"""One account's desk: takes its deliveries from the outbox at the pace it allows, opens its connections, stops when it must.

Each account has a desk of its own, so that one that is slow, refused or down holds up no other. The connections are worked by
:mod:`mailkit.mail.lane`.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import Any

import msgspec

from mailkit.errors import StoreError
from mailkit.explain import Explanation, explain
from mailkit.mail.account import Access
from mailkit.mail.failure import LineFailed
from mailkit.mail.intake import Intake, Job
from mailkit.mail.lane import Lane
from mailkit.mail.line import Dialer
from mailkit.mail.login import log_in
from mailkit.mail.news import Halted, Opened, Paused
from mailkit.mail.pace import Throttle
from mailkit.mail.pipeline import Pipeline
from mailkit.mail.retry import line_pause, refuses_log_in
from mailkit.mail.shift import Shift
from mailkit.mail.waiting import left_over

__all__ = ["Desk", "Gate"]

_STEPS = {"connect": "tcp"}
_WORTH_A_LINE = 5
"""Messages for which one more connection, with its log-in, is worth while."""
_LEARN = 10.0
"""Seconds after which the journal is asked whether somebody else sends by the same account."""
_REFUSED_IN_A_ROW = 3
"""Messages that the server itself puts off, one after the other, until it is left alone."""
_STORE_PAUSE = timedelta(seconds=15)


@dataclass(eq=False)
class Gate:
    """Lets one connection try a log-in that nobody has seen succeed, and nobody after it was refused.

    Shared by the accounts that log in to one host with one name: their password is the same.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    proven: bool = False
    refused: tuple[Explanation, LineFailed] | None = None

    def passing(self) -> contextlib.AbstractAsyncContextManager[Any]:
        """Wait for one's turn, where that is needed."""
        return contextlib.nullcontext() if self.proven else self.turn


class Desk:
    """Send what is due by one account.

    Args:
        shift: the run.
        access: the account and its secret.
        gate: for its log-ins.
        number: of the desk in this run.
    """

    def __init__(self, shift: Shift, access: Access, gate: Gate, number: int) -> None:
        self.shift = shift
        self.access = access
        self.account = access.account
        self.key = access.account.key
        self._gate = gate
        self._dialer = Dialer(access.account, shift.settings.patience)
        self._throttle = Throttle(access.account.pace)
        self._lines = max(1, access.account.pace.connections)
        self._lanes: set[asyncio.Task[None]] = set()
        self._open_lines = 0
        self.intake = Intake(shift, access.account, number)
        self._failures = self._put_off = 0
        self._learnt = 0.0
        self._paused_until = 0.0
        self._halted = False
        self.ahead = True
        """Envelopes may ride behind bodies."""

    # ── the run ──

    async def run(self) -> None:
        """Work until nothing is due (or, for a run that stays, until its end)."""
        try:
            on, begun = True, False
            while on and not self._ended:
                try:
                    begun = begun or await self._begin_run()
                    on = begun and await self._round()
                except StoreError as error:
                    await self.store_failed(error)
        finally:
            await self.intake.give_back()

    async def _begin_run(self) -> bool:
        """See what earlier runs left; ``False``: the account is stopped."""
        self._throttle = Throttle(self.account.pace, await self._left())
        self._learnt = self._time()
        return not await self._halted_before()

    async def _round(self) -> bool:
        """Do what is to be done now; ``False``: there is no more for this run."""
        settings, watch = self.shift.settings, self.shift.watch
        rest = max(self._paused_until - self._time(), 0.0)
        limit = self._throttle.wait(self._time())
        if rest:
            if watch:
                await self.intake.give_back()
                await self.shift.sleep(rest)
            return watch
        if limit > settings.longest_wait:
            await self.pause(timedelta(seconds=limit), "The account has sent as much as it may for now.")
        elif limit > settings.idle:
            await self.shift.sleep(limit)
        elif await self.intake.fill():
            await self._work()
        else:
            if watch:
                await self.shift.sleep(settings.poll)
            return watch
        return True

    @property
    def _ended(self) -> bool:
        return self._halted or self.shift.ending.is_set()

    @property
    def _stopped(self) -> bool:
        """Nothing new is to be begun."""
        return self._ended or self._paused_until > self._time()

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()

    async def _work(self) -> None:
        """Open one connection; when it stands, as many more as there is work for."""
        first = await self.open()
        if first is None:
            return
        try:
            self._start(first)
            while self._lanes:
                done, _ = await asyncio.wait(self._lanes, return_when=asyncio.FIRST_COMPLETED)
                self._lanes -= done
                for lane in done:
                    lane.result()
        finally:
            for lane in self._lanes:
                lane.cancel()
            if self._lanes:
                await asyncio.wait(self._lanes)
            self._lanes.clear()

    def _start(self, pipeline: Pipeline | None) -> None:
        self._lanes.add(asyncio.create_task(Lane(self).run(pipeline)))

    def more_lanes(self) -> None:
        """Open further connections, where there is so much work that they are worth it."""
        wanted = len(self._lanes) + 1 if self._throttle.limited else ceil(len(self.intake) / _WORTH_A_LINE)
        while len(self._lanes) < min(wanted, self._lines) and self.intake.at_hand and not self._throttle.wait(self._time()):
            self._start(None)

    # ── deliveries ──

    async def take(self) -> Job | None:
        """Give the next message as soon as the pace allows; ``None``: there is none, or nothing is to be begun."""
        waited = 0.0
        while not self._stopped:
            if not self.intake.at_hand and not await self.intake.fill():
                if not self.shift.watch or waited >= self.shift.settings.idle:
                    return None
                pause = min(self.shift.settings.poll, self.shift.settings.idle - waited)
                waited += pause
                await self.shift.sleep(pause)
                continue
            await self._learn()
            limit = self._throttle.wait(self._time())
            if not limit:
                return self._begin()
            if limit > self.shift.settings.idle:
                return None
            await self.shift.sleep(limit)
        return None

    def take_now(self) -> Job | None:
        """Give the next message if one is here and may leave now."""
        if self._stopped or not self.intake.at_hand or self._throttle.wait(self._time()):
            return None
        return self._begin()

    def _begin(self) -> Job:
        self._throttle.begin(self._time())
        return self.intake.next()

    def put_back(self, job: Job) -> None:
        """Take back a message of which the server has not even heard."""
        self.intake.put_back(job)
        self.finished(counts=False)

    def finished(self, *, counts: bool) -> None:
        """A message was answered; ``counts``: the server may have counted it."""
        self._throttle.end(self._time(), counts=counts)

    async def _learn(self) -> None:
        """Look now and then whether somebody else sends by the same account."""
        if self._throttle.limited and self._time() - self._learnt > _LEARN:
            self._learnt = self._time()
            with contextlib.suppress(StoreError):
                self._throttle.learn(await self._left())

    async def _left(self) -> list[float]:
        """Give when earlier messages left, on the loop's clock. None is newer than now, whatever clock they were noted by."""
        pace = self.account.pace
        if pace.per_minute is None and pace.per_day is None:
            return []
        now = self.shift.settings.now()
        since = now - (timedelta(days=1) if pace.per_day is not None else timedelta(minutes=1))
        moments = await asyncio.to_thread(self.shift.store.sent_since, self.key, since)
        return [self._time() - max(0.0, (now - one).total_seconds()) for one in moments]

    # ── connections ──

    async def open(self) -> Pipeline | None:
        """Open a connection and log in; ``None``: it could not be, and what has to follow has been done."""
        async with self._gate.passing():
            if self._gate.refused is not None:
                await self.halt(*self._gate.refused)
            if self._stopped:
                return None
            try:
                line = await self._dialer.open()
                await log_in(line, self.access, self.shift.settings.patience)
            except LineFailed as failed:
                await self._line_failed(failed)
                return None
            self._gate.proven = self.account.login is not None
        self._open_lines += 1
        await self.shift.tell(
            Opened(
                account=self.key,
                address=line.address,
                tls=line.tls,
                verified=line.verified,
                mechanism=line.mechanism,
                transcript=line.record.take(),
            )
        )
        return Pipeline(line, self.shift.settings.patience, ahead=self.ahead)

    def closed(self) -> None:
        """One connection less."""
        self._open_lines -= 1

    def works(self) -> None:
        """The server took a mail: whatever failed before is over."""
        self._failures = self._put_off = 0

    async def put_off(self, told: Explanation) -> None:
        """The server put off a mail for a reason of its own, not for its recipient's."""
        self._put_off += 1
        if self._put_off >= _REFUSED_IN_A_ROW:
            self._put_off = 0
            await self.broke(told)

    async def _line_failed(self, failed: LineFailed) -> None:
        told = explain(failed.text, stage=_STEPS.get(failed.stage, failed.stage), host=self.account.host, port=self.account.port)
        if refuses_log_in(failed, told):
            self._gate.refused = (told, failed)
            await self.halt(told, failed)
        elif self._open_lines:
            self._lines = self._open_lines  # the server has enough of us; those that stand go on
        else:
            await self.broke(told, failed)

    async def broke(self, told: Explanation, failed: LineFailed | None = None) -> None:
        """The connection cannot be used: wait, longer each time."""
        self._failures += 1
        because = told.summary if told.cause != "unclear" else told.text
        transcript = failed.transcript if failed is not None else ()
        await self.pause(line_pause(told, self._failures), because, told, transcript)

    async def pause(
        self, span: timedelta, because: str, told: Explanation | None = None, transcript: tuple[Any, ...] = ()
    ) -> None:
        """Send nothing by this account for a while."""
        until = self._time() + span.total_seconds()
        if until <= self._paused_until or self._halted:
            return
        self._paused_until = until
        when = self.shift.settings.now() + span
        await self.shift.tell(Paused(account=self.key, until=when, because=because, explanation=told, transcript=transcript))

    def fewer_lines(self) -> None:
        """The server counts connections."""
        self._lines = max(1, self._lines - 1)

    # ── stopping ──

    async def store_failed(self, error: StoreError) -> None:
        """Send nothing while it cannot be written down. A run that stays waits for the store; another one ends."""
        if self.shift.watch:
            self.intake.forget()
            await self.pause(_STORE_PAUSE, error.text)
        else:
            self.shift.broken = self.shift.broken or error
            self.shift.ending.set()

    async def halt(self, told: Explanation, failed: LineFailed | None = None) -> None:
        """Send nothing by this account until a person says so, in no run."""
        if self._halted:
            return
        self._halted = True
        told_json = msgspec.json.encode(told).decode()
        with contextlib.suppress(StoreError):  # this run at least will not try again
            await asyncio.to_thread(self.shift.store.halt, self.key, told_json, self.shift.settings.now())
        await self.shift.tell(
            Halted(
                account=self.key,
                explanation=told,
                waiting=await self._waiting(),
                challenge=failed.challenge if failed is not None else None,
                transcript=failed.transcript if failed is not None else (),
            )
        )

    async def _halted_before(self) -> bool:
        halt = (await asyncio.to_thread(self.shift.store.halted)).get(self.key)
        if halt is None:
            return False
        self._halted = True
        if waiting := await self._waiting():
            told = msgspec.json.decode(halt.explanation, type=Explanation)
            await self.shift.tell(Halted(account=self.key, explanation=told, waiting=waiting, earlier=True))
        return True

    async def _waiting(self) -> int:
        with contextlib.suppress(StoreError):
            found = await asyncio.to_thread(
                left_over, self.shift.store, {self.key}, batch=self.shift.batch, kinds=self.shift.kinds
            )
            return found[0]
        return 0
