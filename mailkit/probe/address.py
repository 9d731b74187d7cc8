"""One address of an endpoint: find out which mode it speaks, then walk the dialogue as far as it goes.

The caller's word on the mode is not believed. A clear-text start that meets silence is checked by a ClientHello on a second
connection; a TLS start that meets text goes on in the clear. Everything that fits is asked on one connection:

* connection 1 says EHLO, tries MAIL before TLS, and sends STARTTLS with a harmless NOOP in the same packet;
* a server that objects to that (it may: RFC 2920 does not allow it) gets a clean second connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from mailkit.errors import Dropped, NetworkError, TimedOut
from mailkit.net.tls import TlsClient
from mailkit.observation import GreetingStage, InjectionStage, TlsStage
from mailkit.probe.dialogue import Dialogue, Shared
from mailkit.probe.login import log_in
from mailkit.probe.policy import Budget
from mailkit.probe.recorder import Mark, Recorder
from mailkit.probe.services import identify
from mailkit.text import visible

__all__ = ["AddressProbe"]

SILENCE = 0.5
"""Seconds of silence after which a second connection asks whether the server waits for TLS."""
TRIAL = 2.0
"""Seconds the handshake behind an injected NOOP may take before a clean connection is tried."""


@dataclass(frozen=True, slots=True)
class _Hello:
    """What a ClientHello on a connection of its own brought."""

    dialogue: Dialogue
    client: TlsClient
    mark: Mark
    error: NetworkError | None

    @property
    def answered(self) -> bool:
        """The server speaks TLS."""
        return self.error is None or self.dialogue.talk.wire.answered_with_tls


class AddressProbe:
    """Probe one address and port.

    Args:
        recorder: gets the observations.
        shared: what all dialogues use.
        budget: connections to this address.
    """

    def __init__(self, recorder: Recorder, shared: Shared, budget: Budget) -> None:
        self._recorder = recorder
        self._shared = shared
        self._budget = budget
        self._asked = shared.settings.security
        self._dialogues: list[Dialogue] = []

    async def run(self) -> None:
        """Ask everything; failures are observations, so nothing is raised but cancellation."""
        try:
            with contextlib.suppress(NetworkError):
                if self._asked == "implicit" or (self._asked == "auto" and self._recorder.port == 465):
                    await self._tls_first()
                else:
                    await self._clear_first()
        finally:
            for dialogue in self._dialogues:
                dialogue.close()

    def _new(self) -> Dialogue:
        dialogue = Dialogue(self._recorder, self._shared, len(self._dialogues) + 1)
        self._dialogues.append(dialogue)
        return dialogue

    async def _first(self) -> Dialogue:
        """Open the connection that was kept for this port."""
        dialogue = self._new()
        try:
            await dialogue.connect()
        except NetworkError:
            self._budget.release()
            raise
        return dialogue

    async def _another(self) -> Dialogue | None:
        """Open one more connection and say what was said before; ``None``: not allowed, or not possible any more."""
        if not self._budget.take():
            return None
        dialogue = self._new()
        await dialogue.connect(quiet=True)
        return dialogue

    # --- TLS from the first byte ------------------------------------------------------------------------------

    async def _tls_first(self) -> None:
        dialogue = await self._first()
        try:
            await dialogue.handshake("implicit")
        except NetworkError:
            said = dialogue.talk.wire.first_answer
            dialogue.close()
            if not said:
                raise
            service = identify(visible(said))
            if service is not None:
                self._not_smtp(visible(said), service)
                return
            clear = await self._another()
            if clear is not None:
                await self._in_clear(clear)
            return
        await self._inside_tls(dialogue)

    def _not_smtp(self, said: str, service: str) -> None:
        mark = self._recorder.begin()
        error = NetworkError("not an SMTP server", "malformed")
        self._recorder.end(GreetingStage, mark, ok=False, error=error, encrypted=False, raw=said, service=service)

    async def _inside_tls(self, dialogue: Dialogue, *, greet: bool = True) -> None:
        if (greet and not await dialogue.greet()) or not await dialogue.ehlo():
            await dialogue.leave()
            return
        await self._envelope(dialogue)
        await dialogue.finish()

    # --- a clear start ----------------------------------------------------------------------------------------

    async def _clear_first(self) -> None:
        await self._in_clear(await self._first())

    async def _in_clear(self, dialogue: Dialogue) -> None:
        mark = self._recorder.begin()
        silent = False
        with contextlib.suppress(Dropped):
            silent = not await dialogue.talk.first_bytes(min(SILENCE, self._recorder.clock.timeout / 2))
        if silent:
            hello = await self._hello_against(dialogue)
            if hello is not None and hello.answered:
                await self._go_on_with(hello, dialogue, mark)
                return
            service = identify(visible(hello.dialogue.talk.wire.first_answer)) if hello is not None else None
            if hello is not None and service is not None:
                self._not_smtp(visible(hello.dialogue.talk.wire.first_answer), service)
                return
        if await dialogue.greet(since=mark) and await dialogue.ehlo():
            await self._after_ehlo(dialogue)
        else:
            await dialogue.leave()

    async def _hello_against(self, silent: Dialogue) -> _Hello | None:
        """Race the greeting against a ClientHello on a second connection; ``None``: the greeting won, or nobody did."""
        if not self._budget.take():
            return None
        patience = self._recorder.clock.timeout
        greeting = asyncio.ensure_future(silent.talk.first_bytes(patience))
        hello = asyncio.ensure_future(self._hello())
        try:
            await asyncio.wait((greeting, hello), return_when=asyncio.FIRST_COMPLETED)
            if hello.done() and not greeting.done():
                result = hello.result()
                if result is not None and (result.answered or identify(visible(result.dialogue.talk.wire.first_answer))):
                    return result
                await asyncio.wait((greeting,))
            return hello.result() if hello.done() and not greeting.result() else None
        except NetworkError:
            return None
        finally:
            for task in (greeting, hello):
                task.cancel()
            await asyncio.gather(greeting, hello, return_exceptions=True)

    async def _hello(self) -> _Hello | None:
        dialogue = self._new()
        mark = self._recorder.begin()
        try:
            await dialogue.connect(quiet=True)
        except NetworkError:
            return None
        client = dialogue.tls_client()
        error: NetworkError | None = None
        try:
            await self._recorder.clock.wait(dialogue.talk.wire.start_tls(client.connection, skip_text=False))
        except NetworkError as failed:
            error = failed
        return _Hello(dialogue, client, mark, error)

    async def _go_on_with(self, hello: _Hello, silent: Dialogue, mark: Mark) -> None:
        """The server waited for TLS: leave the silent connection, go on inside the other one."""
        lines = silent.talk.take_transcript()
        silent.close()
        waited = TimedOut("no greeting; the server waits for TLS")
        self._recorder.end(
            GreetingStage, mark, ok=None, error=waited, lines=lines, connection=silent.number, encrypted=False, speaks_tls=True
        )
        seen: dict[str, Any] = {}
        dialogue = hello.dialogue
        dialogue.tell_tls(hello.client, seen)
        if hello.error is None:
            facts = hello.client.facts()
            dialogue.secured(hello.client, facts)
        self._recorder.end(
            TlsStage,
            hello.mark,
            ok=hello.error is None,
            error=hello.error,
            lines=dialogue.talk.take_transcript(),
            connection=dialogue.number,
            mode="implicit",
            **seen,
        )
        if hello.error is None:
            await self._inside_tls(dialogue)

    # --- STARTTLS ---------------------------------------------------------------------------------------------

    async def _after_ehlo(self, dialogue: Dialogue) -> None:
        offered = dialogue.offers("STARTTLS")
        if self._asked == "none":
            if not self._shared.settings.wanted:
                await dialogue.mail_in_clear()
            await self._envelope(dialogue)
            await dialogue.finish()
            if offered:
                await self._secure_on_another()
            return
        if offered:
            await self._secure(dialogue)
            return
        # Not offered: a device in between may have struck it out, so it is tried all the same.
        if await dialogue.starttls():
            await dialogue.handshake("starttls")
            await self._inside_tls(dialogue, greet=False)
            return
        if self._asked == "auto":
            await self._envelope(dialogue)
        await dialogue.finish()

    async def _secure(self, dialogue: Dialogue) -> None:
        """Ask for TLS with the trial first, and on a clean connection when the server objects."""
        # The trial may cost the connection, so the one that would replace it is reserved beforehand.
        reserved = not self._shared.settings.gentle and self._budget.take()
        try:
            await dialogue.mail_in_clear()
        except NetworkError:
            if reserved:
                await self._secure_cleanly()
            return
        if not reserved:
            if await dialogue.starttls():
                await dialogue.handshake("starttls")
                await self._inside_tls(dialogue, greet=False)
            else:
                await dialogue.finish()
            return
        mark = self._recorder.begin()
        self._recorder.hold()
        try:
            conclusive = await self._try_injection(dialogue)
        except NetworkError:
            conclusive = False
        except asyncio.CancelledError:
            self._recorder.tell()
            raise
        if conclusive:
            self._budget.put_back()
            self._recorder.tell()
            self._tell_injection(mark, dialogue, executed=dialogue.executed, evidence=None)
            await self._envelope(dialogue)
            await dialogue.finish()
            return
        self._recorder.drop()
        dialogue.close()
        if await self._secure_cleanly(after=(dialogue, mark)) is None:
            self._tell_injection(mark, dialogue, executed=None, evidence=None)

    async def _try_injection(self, dialogue: Dialogue) -> bool:
        """STARTTLS with a NOOP, TLS, EHLO; True when all of it worked, so that nothing needs repeating."""
        if not await dialogue.starttls(inject=True) or dialogue.plaintext:
            return False
        await dialogue.handshake("starttls", wait=TRIAL)
        return not dialogue.talk.wire.text_before_tls and await dialogue.ehlo()

    async def _secure_cleanly(self, after: tuple[Dialogue, Mark] | None = None) -> Dialogue | None:
        """Do STARTTLS on a new connection without tricks; the connection was reserved already."""
        dialogue = self._new()
        await dialogue.connect(quiet=True)
        if not (await dialogue.greet(quiet=True) and await dialogue.ehlo(quiet=True)):
            await dialogue.leave()
            return None
        if not await dialogue.starttls():
            await dialogue.finish()
            return None
        await dialogue.handshake("starttls")
        if after is not None:
            trial, mark = after
            in_clear = trial.plaintext + trial.talk.wire.text_before_tls
            if not in_clear:
                self._tell_injection(mark, trial, executed=False, evidence="the server refused to go on after the NOOP")
            elif not dialogue.plaintext + dialogue.talk.wire.text_before_tls:
                # An answer in the clear that only the trial brought is the answer to the NOOP.
                self._tell_injection(mark, trial, executed=True, evidence=f"the NOOP was answered: {visible(in_clear[:200])}")
            else:
                self._tell_injection(mark, trial, executed=None, evidence=None)
        await self._inside_tls(dialogue, greet=False)
        return dialogue

    def _tell_injection(self, mark: Mark, dialogue: Dialogue, *, executed: bool | None, evidence: str | None) -> None:
        if executed and evidence is None:
            evidence = "EHLO was answered twice inside TLS: the first answer is that of the NOOP sent before TLS"
        self._recorder.end(
            InjectionStage,
            mark,
            ok=None if executed is None else not executed,
            connection=dialogue.number,
            executed=executed,
            evidence=evidence,
        )

    async def _secure_on_another(self) -> None:
        """Asked for no TLS: what TLS there is belongs to the picture all the same."""
        dialogue = await self._another()
        if dialogue is None:
            return
        if await dialogue.greet(quiet=True) and await dialogue.ehlo(quiet=True) and await dialogue.starttls():
            await dialogue.handshake("starttls")
            await dialogue.ehlo()
        await dialogue.finish()

    # --- log-in, sender, recipient ----------------------------------------------------------------------------

    async def _envelope(self, dialogue: Dialogue) -> None:
        settings = self._shared.settings
        if settings.credentials is not None and not await log_in(dialogue) and dialogue.mechanisms():
            return
        if (settings.sender is not None or settings.recipient is not None) and await dialogue.sender() and settings.recipient:
            await dialogue.recipient()
