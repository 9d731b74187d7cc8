"""Handing over mail on an open line: one message after the other, always knowing how far it came.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA go in one write, and those of the next message right behind the body of this one,
so that a message costs one round trip. The body leaves only after its 354 and after the caller has written down that it will:
whatever fails before cannot have made a copy, whatever fails after may have, and :class:`Handed` says which.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from mailkit.errors import NetworkError, ProtocolViolation
from mailkit.mail.channel import Channel
from mailkit.mail.envelope import Mail, Unsendable, Wording, word
from mailkit.mail.line import OpenLine
from mailkit.mail.patience import Patience
from mailkit.net.smtp import parse_reply
from mailkit.observation import Line, Reply

__all__ = ["Handed", "Outcome", "Pipeline"]

Outcome = Literal["accepted", "refused", "uncertain", "broken", "unsendable"]
"""``accepted``: the server took it. ``refused``: it answered no; it has not got it. ``uncertain``: the connection ended after the
last dot had been given to it, so it may have it. ``broken``: the connection ended earlier; it has not got it. ``unsendable``:
nothing was said, because this server cannot be given this mail."""

_LAST_PIECE = 64 * 1024
_QUEUED_AS = re.compile(
    r"queued as \[?([\w.\-]{4,64})"  # Postfix, most relays
    r"|\bid=([\w.\-]{4,64})"  # Exim
    r"|\[InternalId=(\d+)"  # Exchange
    r"|\b(\w{8,32}) Message accepted for delivery",  # Sendmail
    re.IGNORECASE,
)


class Handed(Struct, frozen=True, kw_only=True):
    """What became of one message."""

    outcome: Outcome
    stage: str
    """``sender``, ``recipient`` or ``data``."""
    reply: Reply | None = None
    """The answer that decided."""
    problem: NetworkError | None = None
    """How the connection ended, when it did."""
    untouched: bool = False
    """The connection had ended before anything of this message was answered: as if it had not been tried."""
    transmit_ms: float = 0.0
    transcript: tuple[Line, ...] = ()

    @property
    def queue_id(self) -> str | None:
        """The name the server gave it, where its answer tells."""
        if self.outcome != "accepted" or self.reply is None:
            return None
        found = _QUEUED_AS.search(self.reply.text)
        return next(filter(None, found.groups()), None) if found else None


class Pipeline:
    """The mail phase of one line.

    Args:
        line: logged in, where that is needed.
        patience: limits of all waits.
        ahead: the envelope of the next message may follow behind a body; for servers that cannot stand it.
    """

    def __init__(self, line: OpenLine, patience: Patience = Patience(), *, ahead: bool = True) -> None:  # noqa: B008 - a frozen value
        self.line = line
        self._patience = patience
        self._offers = line.extensions
        self._together = "pipelining" in self._offers
        self._ahead = ahead and self._together
        self._record = line.record
        self._channel = Channel(line.transport, line.record)
        self._asked: tuple[Mail, Wording] | None = None
        self._behind_body = False
        self._reset = False
        self._stage: str = "sender"
        self._answered = False
        self._body_left = False

    @property
    def usable(self) -> bool:
        """Another message can be handed over."""
        return self._channel.ended is None

    @property
    def asked(self) -> Mail | None:
        """The message whose envelope has gone out already, behind the last body: it has to be the next one."""
        return self._asked[0] if self._asked is not None else None

    @property
    def answers_here(self) -> bool:
        """The answers to that envelope are here, so that handing it over will not wait."""
        return self._asked is not None and self._channel.waiting >= 3

    @property
    def failed_behind_body(self) -> bool:
        """The line broke although a body had been answered, while the envelope behind it was not: some servers drop it."""
        return self._behind_body and not self._answered and self._channel.ended is not None

    async def hand_over(
        self, mail: Mail, *, before_body: Callable[[], Awaitable[None]], following: Callable[[], Mail | None] = lambda: None
    ) -> Handed:
        """Hand over one message.

        Args:
            mail: the message; the one in :attr:`asked`, if there is one.
            before_body: awaited after the server has said 354 and before the body leaves. What it raises ends the connection with
                nothing sent, and is passed on.
            following: asked for the next message when the body is about to leave.
        """
        self._answered = self._body_left = False
        self._stage = "sender"
        began = time.perf_counter()
        try:
            wording = await self._envelope(mail)
            refusal = await (self._all_answers() if self._together else self._one_by_one(wording))
            if refusal is None:
                try:
                    await before_body()
                except BaseException:
                    self._channel.abort()  # after a 354 there is no other way to say no: a lone dot would be an empty mail
                    raise
                refusal = await self._body(wording, following)
        except Unsendable as error:
            reply = parse_reply([(error.code, f"{error.status} {error.text} (not sent)")])
            self._record.note(error.text)
            return self._handed("unsendable", began, reply=reply, stage=error.stage)
        except NetworkError as problem:
            self._channel.abort()
            self._record.note(problem.text)
            return self._handed("uncertain" if self._body_left else "broken", began, problem=problem)
        except BaseException:
            self._channel.abort()
            raise
        outcome: Outcome = "accepted" if refusal.code < 300 else "refused"
        if self._body_left and 300 <= refusal.code < 400:
            self._channel.abort()  # neither yes nor no, and it has the whole message
            outcome = "uncertain"
        return self._handed(outcome, began, reply=refusal)

    @property
    def body_left(self) -> bool:
        """The last dot of the message in hand was given to the connection: from now on the server may have it."""
        return self._body_left

    def _handed(
        self, outcome: Outcome, began: float, *, reply: Reply | None = None, problem: NetworkError | None = None, stage: str = ""
    ) -> Handed:
        return Handed(
            outcome=outcome,
            stage=stage or self._stage,
            reply=reply,
            problem=problem,
            untouched=problem is not None and not self._answered,
            transmit_ms=round((time.perf_counter() - began) * 1000, 2),
            transcript=self._record.take(),
        )

    async def _envelope(self, mail: Mail) -> Wording:
        """Say the commands before the body, unless they went out behind the last one."""
        if self._asked is not None:
            asked, wording = self._asked
            assert asked is mail, "another message was announced"
            self._asked = None
            self._record.client(*wording.commands)
            return wording
        self._behind_body = False
        if self._channel.waiting:
            # Unasked: nearly always 421, the server was tired of waiting.
            parting = await self._channel.reply(0)
            self._channel.abort()
            raise NetworkError(f"{parting.code} {parting.text}", "closed")
        wording = word(mail, self._offers)
        if self._together:
            reset = b"RSET\r\n" if self._reset else b""
            self._record.client(*(["RSET"] if reset else []), *wording.commands)
            await self._channel.write(reset + wording.group, self._patience.envelope)
        return wording

    async def _all_answers(self) -> Reply | None:
        """Read the answers to RSET, MAIL, RCPT and DATA; the refusal, or ``None`` for go ahead."""
        if self._reset:
            await self._answer(self._patience.envelope)
        wait = self._patience.behind if self._behind_body else self._patience.envelope
        refusal: Reply | None = None
        for stage in ("sender", "recipient"):
            self._stage = stage if refusal is None else self._stage
            reply = await self._answer(wait)
            if refusal is None and not 200 <= reply.code < 300:
                refusal = _no(reply)
            if refusal is not None and not self.usable:
                return refusal  # without one, reading on says how the line ended: silence is no "go ahead"
            wait = self._patience.envelope
        self._stage = "data" if refusal is None else self._stage
        go = await self._answer(self._patience.data)
        self._reset = refusal is not None or go.code != 354
        if go.code == 354 and refusal is not None:
            # It waits for a body although there is nobody to give it to: the lone dot ends that (RFC 2920, 3.1).
            self._record.client(".")
            await self._channel.write(b".\r\n", self._patience.block)
            await self._answer(self._patience.end)
        return refusal or (None if go.code == 354 else _no(go))

    async def _one_by_one(self, wording: Wording) -> Reply | None:
        """Say each command when the one before was answered."""
        if self._reset:
            self._reset = False
            await self._ask("RSET", self._patience.envelope)
        steps = (
            ("sender", wording.mail, self._patience.envelope),
            ("recipient", wording.rcpt, self._patience.envelope),
            ("data", "DATA", self._patience.data),
        )
        for stage, command, wait in steps:
            self._stage = stage
            reply = await self._ask(command, wait)
            if reply.code != 354 if stage == "data" else not 200 <= reply.code < 300:
                self._reset = stage != "sender"
                return _no(reply)
        return None

    async def _ask(self, command: str, wait: float) -> Reply:
        self._record.client(command)
        await self._channel.write(f"{command}\r\n".encode(), wait)
        return await self._answer(wait)

    async def _answer(self, wait: float) -> Reply:
        reply = await self._channel.reply(wait)
        self._answered = True
        if reply.code == 421:
            self._channel.abort()  # whatever was asked besides, there will be no answer
        return reply

    async def _body(self, wording: Wording, following: Callable[[], Mail | None]) -> Reply:
        """Send the body, perhaps with the next envelope behind it, and read the answer."""
        cut = (len(wording.body) - 1) // _LAST_PIECE * _LAST_PIECE
        if cut:
            # Without its dot no server may keep it, so nothing is uncertain as long as the last piece is here.
            await self._channel.write(wording.body[:cut], self._patience.block)
        if self._channel.ended is not None:
            raise self._channel.ended
        behind = self._next(following) if self._ahead else b""
        self._record.client(f"({len(wording.body):,} bytes of message)", ".")
        self._body_left = True
        await self._channel.write(wording.body[cut:] + behind, self._patience.block)
        return await self._answer(self._patience.end)

    def _next(self, following: Callable[[], Mail | None]) -> bytes:
        mail = following()
        if mail is None:
            return b""
        try:
            wording = word(mail, self._offers)
        except Unsendable:
            return b""  # said when its turn comes
        self._asked = (mail, wording)
        self._behind_body = True
        self._reset = False
        return wording.group

    async def close(self) -> None:
        """Say goodbye, where somebody listens, and close."""
        if self._asked is not None or not self.usable:
            self._channel.abort()
            return
        with contextlib.suppress(NetworkError):
            await self._ask("QUIT", self._patience.goodbye)
        await self._channel.close(self._patience.goodbye)

    def abort(self) -> None:
        """Hang up at once."""
        self._channel.abort()


def _no(reply: Reply) -> Reply:
    """Give a refusal; an answer that is neither yes nor no is none."""
    if reply.code < 400:
        raise ProtocolViolation(f"unexpected reply {reply.code} {reply.text}")
    return reply
