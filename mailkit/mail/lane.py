"""One connection at work: hands over one message after the other, and writes each step down before and after.

The order is the journal's: ``sending`` is durable before the body leaves; the answer is recorded at once, or together with the
``sending`` of the next message when that one's answers are here already. Belongs to a :class:`mailkit.mail.desk.Desk`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mailkit.errors import LeaseLost, StoreError
from mailkit.journal import Change, happened
from mailkit.mail.envelope import Mail
from mailkit.mail.intake import Job
from mailkit.mail.news import Closed, Moved
from mailkit.mail.pipeline import Handed, Pipeline
from mailkit.mail.ruling import Ruling, rule
from mailkit.mail.shift import Happened

if TYPE_CHECKING:
    from mailkit.mail.desk import Desk  # for the type only: the desk makes lanes

__all__ = ["Lane"]


class Lane:
    """Work one connection after the other, until the desk has nothing more."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shift = desk.shift
        self._accepted = 0
        self._connect_ms = 0.0
        self._late: list[Happened] = []
        self._following: Job | None = None

    async def run(self, pipeline: Pipeline | None) -> None:
        """Work; ``pipeline`` is open already, or to be opened."""
        while True:
            if pipeline is None and (pipeline := await self._desk.open()) is None:
                return
            try:
                await self._work(pipeline)
                if pipeline.usable:
                    return
            finally:
                await self._leave(pipeline)
            pipeline = None

    async def _leave(self, pipeline: Pipeline) -> None:
        self._desk.closed()
        if self._following is not None:
            self._desk.put_back(self._following)
            self._following = None
        try:
            if self._late:
                await self._record()
        finally:
            await pipeline.close()
            await self._shift.tell(Closed(account=self._desk.key, address=pipeline.line.address, accepted=self._accepted))
            self._accepted = 0

    async def _work(self, pipeline: Pipeline) -> None:
        """Hand over messages while the connection can be used and there are some."""
        self._connect_ms = pipeline.line.opened_ms
        while pipeline.usable:
            job, self._following = self._following or await self._desk.take(), None
            if job is None:
                return
            self._desk.more_lanes()
            try:
                handed = await self._hand_over(pipeline, job)
            except StoreError as error:
                self._desk.finished(counts=False)
                if not isinstance(error, LeaseLost):  # else another sender has it, and the run goes on
                    await self._desk.store_failed(error)
                return
            except asyncio.CancelledError:
                if pipeline.body_left:
                    await self._settle_cancelled(pipeline, job)
                raise
            await self._settle(pipeline, job, handed)

    async def _hand_over(self, pipeline: Pipeline, job: Job) -> Handed:
        async def before_body() -> None:
            facts = self._facts(pipeline, job, "sending") | {"attempt": job.attempt, "stage": "data"}
            event = happened(job.delivery, "sending", self._shift.settings.now(), **facts)
            change = Change(job.delivery.delivery_id, event, owner=self._desk.intake.owner)
            await self._begin((change, Moved(delivery=change.applied(job.delivery), event=event)))

        def following() -> Mail | None:
            self._following = self._desk.take_now()
            return self._following.mail if self._following is not None else None

        return await pipeline.hand_over(job.mail, before_body=before_body, following=following)

    async def _settle(self, pipeline: Pipeline, job: Job, handed: Handed) -> None:
        """Record how it ended, and do what follows for the account."""
        desk = self._desk
        closing = handed.reply is not None and handed.reply.code == 421 and handed.stage == "sender"
        if handed.outcome in ("broken", "refused") and (handed.untouched or closing) and self._accepted:
            # The server had enough of this connection, and nothing of this message: as if it had not been tried.
            desk.ahead = desk.ahead and not pipeline.failed_behind_body
            desk.put_back(job)
            return
        desk.finished(counts=handed.outcome in ("accepted", "refused", "uncertain"))
        ruling = self._rule(pipeline, job, handed)
        change = ruling.change
        moved = Moved(
            delivery=change.applied(job.delivery),
            event=change.event,
            explanation=ruling.explanation,
            transcript=handed.transcript,
        )
        self._connect_ms = 0.0
        if handed.outcome == "accepted":
            self._accepted += 1
            desk.works()
        if pipeline.answers_here:
            self._late.append((change, moved))  # goes with the `sending` of the one whose answers are here
        else:
            await self._record((change, moved))
        if handed.outcome == "uncertain" and job.delivery.on_uncertain == "resend":
            self._shift.doubtful = True
        await self._follow_up(ruling, handed)

    async def _follow_up(self, ruling: Ruling, handed: Handed) -> None:
        desk, told, following = self._desk, ruling.explanation, ruling.next
        if told is None:
            return
        if following is not None and following.halt:
            await desk.halt(told)
        elif following is not None and following.account_until is not None:
            if told.cause == "too_many_connections":
                desk.fewer_lines()
            span = following.account_until - ruling.change.event.moment
            await desk.pause(span, told.summary, told, handed.transcript)
        elif handed.problem is not None or (handed.reply is not None and handed.reply.code == 421):
            if not self._accepted:
                await desk.broke(told)
        elif following is not None and following.state == "deferred" and handed.stage != "recipient":
            await desk.put_off(told)

    def _rule(self, pipeline: Pipeline, job: Job, handed: Handed) -> Ruling:
        moment = self._shift.settings.now()
        facts = self._facts(pipeline, job, "answered") | {"connect_ms": self._connect_ms}
        waited = max(0.0, (moment - job.delivery.due).total_seconds() * 1000 - handed.transmit_ms - self._connect_ms)
        facts["before_ms" if job.attempt == 1 else "queue_ms"] = round(waited, 2)
        host = self._desk.account.host
        return rule(job.delivery, handed, attempt=job.attempt, moment=moment, host=host, facts=facts)

    def _facts(self, pipeline: Pipeline, job: Job, what: str) -> dict[str, Any]:
        return {
            # With the owner in it: an event that somebody else recorded of the same attempt must never pass for this one.
            "source_key": f"{job.delivery.delivery_id}/{job.attempt}/{what}/{self._desk.intake.owner}",
            "run": self._shift.run,
            "endpoint": self._desk.account.endpoint,
            "address": pipeline.line.address,
            "tls": pipeline.line.tls,
        }

    async def _begin(self, happened: Happened) -> None:
        """Record that a body is about to leave, with the answers that were waiting for it.

        Raises:
            StoreError: it must not leave.
        """
        late, self._late = self._late, []
        try:
            await self._shift.record(*late, happened)
        except StoreError:
            self._late = late
            raise

    async def _record(self, *happened: Happened) -> None:
        """Record what has happened. What cannot be recorded now is kept: it is true all the same."""
        late, self._late = (*self._late, *happened), []
        try:
            await self._shift.record(*late)
        except StoreError as error:
            self._shift.late.extend(late)
            await self._desk.store_failed(error)

    async def _settle_cancelled(self, pipeline: Pipeline, job: Job) -> None:
        """The run was torn down while the answer was awaited: say so, instead of leaving it to the end of the lease."""
        note = "the sender was stopped before the answer came"
        facts = self._facts(pipeline, job, "answered") | {"attempt": job.attempt, "stage": "data", "note": note}
        event = happened(job.delivery, "uncertain", self._shift.settings.now(), **facts)
        await asyncio.shield(self._shift.journal.record(Change(job.delivery.delivery_id, event)))
