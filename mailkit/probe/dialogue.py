"""The steps of one connection, each an observation: connect, greeting, EHLO, STARTTLS, TLS, log-in, sender, recipient, QUIT.

The order is decided in :mod:`mailkit.probe.address`. A step that fails is reported and ends the dialogue by raising the
:class:`~mailkit.errors.NetworkError` that ended it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailkit.errors import NetworkError, ProtocolViolation, TimedOut
from mailkit.net.smtp import Conversation
from mailkit.net.tls import TlsClient, TrustStore
from mailkit.net.wire import Wire
from mailkit.observation import (
    ClearMailStage,
    EhloStage,
    GreetingStage,
    QuitStage,
    RecipientStage,
    Reply,
    SenderStage,
    Stage,
    StarttlsStage,
    TcpStage,
    TlsFacts,
    TlsStage,
)
from mailkit.probe.keywords import mechanisms, offers
from mailkit.probe.policy import AuthGate
from mailkit.probe.recorder import Mark, Recorder
from mailkit.probe.services import identify
from mailkit.probe.settings import ProbeSettings
from mailkit.text import shorten, visible

__all__ = ["Dialogue", "Shared"]

GOODBYE = 2.0
"""Seconds the answer to QUIT may take: nothing depends on it."""
ECHO = 0.3
"""Seconds to wait for the second of two answers to one EHLO."""

# A firewall that "inspects" SMTP overwrites what it does not know, letter by letter (Cisco's XXXXXXXA), or with stars.
_MASKED = re.compile(r"X{3,}[A-Z]?|\*{4,}.*|[02 *]*\*{6,}[02 *]*")


@dataclass(frozen=True, slots=True)
class Shared:
    """What every dialogue of a run uses."""

    settings: ProbeSettings
    trust: TrustStore
    gate: AuthGate


class Dialogue:
    """One connection to one address.

    Args:
        recorder: gets the observations.
        shared: settings, trust anchors, the gate for log-ins.
        number: of the connection, the first is 1.
    """

    def __init__(self, recorder: Recorder, shared: Shared, number: int) -> None:
        self.recorder = recorder
        self.shared = shared
        self.number = number
        self.keywords: tuple[str, ...] = ()
        self.encrypted = False
        self.authenticated = False
        self.verified: bool | None = None
        self.greeting: str = ""
        self.injected = False
        """A NOOP went along with STARTTLS."""
        self.executed: bool | None = None
        """The server carried that NOOP out inside TLS."""
        self.plaintext: bytes = b""
        """What the server sent in the clear behind its 220."""
        self._talk: Conversation | None = None

    @property
    def talk(self) -> Conversation:
        """The conversation, once connected."""
        assert self._talk is not None, "connect first"
        return self._talk

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._talk is not None:
            self._talk.close()

    @contextlib.contextmanager
    def step(self, kind: type[Stage], *, quiet: bool = False, mark: Mark | None = None, **facts: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - of each kind its own
        """Run one step; what is put into the dictionary becomes the observation's facts.

        Args:
            kind: the kind of observation.
            quiet: report only a failure; the same step was reported on an earlier connection.
            mark: when it began, if before now.
            facts: those known beforehand.
        """
        mark = mark or self.recorder.begin()
        seen: dict[str, Any] = {"ok": True, **facts}
        try:
            yield seen
        except (NetworkError, asyncio.CancelledError) as error:
            self._report(kind, mark, seen, error)
            raise
        if quiet and seen["ok"]:
            self.recorder.keep(self._lines())
        else:
            self._report(kind, mark, seen, None)

    def _report(self, kind: type[Stage], mark: Mark, seen: dict[str, Any], error: BaseException | None) -> None:
        facts = {**seen, "ok": seen["ok"] if error is None else False}
        self.recorder.end(kind, mark, error=error, lines=self._lines(), connection=self.number, **facts)

    def _lines(self) -> tuple[Any, ...]:
        return self._talk.take_transcript() if self._talk is not None else ()

    async def connect(self, *, quiet: bool = False) -> None:
        """Open the connection."""
        address, port = self.recorder.address, self.recorder.port
        assert address is not None
        assert port is not None
        with self.step(TcpStage, quiet=quiet, family=6 if ":" in address else 4):
            wire = await self.recorder.clock.wait(Wire.connect(address, port))
            self._talk = Conversation(wire, self.recorder.clock, address=address, connection=self.number)
            # Also the record of how many connections there were, for those that are not reported otherwise.
            self._talk.note(f"connected to {address} port {port}")
            if self.shared.settings.credentials is not None:
                self._talk.guard(self.shared.settings.credentials.password)

    async def greet(self, *, quiet: bool = False, since: Mark | None = None) -> bool:
        """Read the greeting; ``since`` tells from when it has been waited for."""
        waited = 0.0 if since is None else (self.recorder.clock.now() - since.started).total_seconds()
        with self.step(GreetingStage, quiet=quiet, mark=since, encrypted=self.encrypted) as seen:
            patience = self.recorder.clock.timeout
            try:
                reply = await self.talk.reply(wait=max(0.1, patience - waited))
            except ProtocolViolation as error:
                self.talk.drain()
                seen.update(raw=error.text, service=identify(error.text))
                raise
            except TimedOut as error:
                # Some services wait for a word before they show what they are.
                if error.problem == "timeout" and not self.talk.peek() and not self.talk.lines_received:
                    seen.update(await self._ask_who())
                raise TimedOut(f"no greeting within {patience:g} s", error.problem) from error
            seen.update(ok=reply.code == 220, reply=reply, service=identify(f"{reply.code} {reply.text}"))
            self.greeting = reply.text
            if seen["ok"]:
                seen["unasked"] = self.talk.unasked()
        return bool(seen["ok"])

    async def _ask_who(self) -> dict[str, Any]:
        """Say EHLO into the silence, to see whether this is another kind of server."""
        try:
            await self.talk.send(f"EHLO {self._own_name()}", wait=1.0)
            if await self.talk.first_bytes(1.0):
                raw = visible(self.talk.peek())
                self.talk.drain()
                return {"raw": shorten(raw, 400), "service": identify(raw)}
        except NetworkError:
            pass
        return {}

    def _own_name(self) -> str:
        if self.shared.settings.ehlo_name:
            return self.shared.settings.ehlo_name
        address = self.talk.wire.local_address.partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    async def ehlo(self, *, quiet: bool = False) -> bool:
        """Say EHLO, or HELO when that is refused for good."""
        name = self._own_name()
        with self.step(EhloStage, quiet=quiet, encrypted=self.encrypted, verb="EHLO", name=name) as seen:
            try:
                seen["unasked"] = self.talk.unasked()
                reply = await self.talk.command(f"EHLO {name}")
                if self.injected:
                    reply = await self._behind_injection(reply)
                if 500 <= reply.code < 600 and reply.code != 554:
                    seen.update(refused=reply, verb="HELO")
                    reply = await self.talk.command(f"HELO {name}")
            except NetworkError:
                seen["lines_received"] = self.talk.lines_received
                raise
            seen.update(ok=reply.code == 250, reply=reply, lines_received=max(1, len(reply.lines)))
            self.keywords = tuple(line.strip() for line in reply.lines[1:] if line.strip()) if seen["verb"] == "EHLO" else ()
            seen["keywords"] = self.keywords
        return bool(seen["ok"])

    async def _behind_injection(self, first: Reply) -> Reply:
        """After STARTTLS with a NOOP behind it: two answers to one EHLO mean that the NOOP was carried out."""
        if len(first.lines) > 1 or not await self.talk.first_bytes(ECHO):
            self.executed = False
            return first
        self.executed = True
        return await self.talk.reply()

    def offers(self, keyword: str) -> bool:
        """Say whether the last EHLO listed a keyword."""
        return offers(self.keywords, keyword)

    def mechanisms(self) -> tuple[str, ...]:
        """The AUTH mechanisms of the last EHLO."""
        return mechanisms(self.keywords)

    async def mail_in_clear(self) -> None:
        """Ask for a transaction before TLS, and take it back."""
        with self.step(ClearMailStage) as seen:
            together = self.offers("PIPELINING")
            await self.talk.send("MAIL FROM:<>", *(("RSET",) if together else ()))
            reply = await self.talk.reply()
            seen.update(ok=reply.code < 400, reply=reply)
            if together:
                await self.talk.reply()
            elif reply.code < 400:
                await self.talk.command("RSET")

    async def starttls(self, *, inject: bool = False) -> bool:
        """Say STARTTLS, offered or not.

        Args:
            inject: send a NOOP in the same packet.
        """
        masked = next((line for line in (*self.keywords, self.greeting) if _MASKED.fullmatch(line)), None)
        with self.step(StarttlsStage, offered=self.offers("STARTTLS"), masked=masked) as seen:
            self.injected = inject
            await self.talk.send("STARTTLS", *(("NOOP",) if inject else ()))
            reply = await self.talk.reply()
            seen.update(ok=reply.code == 220, reply=reply)
            if seen["ok"]:
                self.plaintext = self.talk.drop_plaintext()
                seen["plaintext_after_reply"] = visible(self.plaintext[:400]) or None
        return bool(seen["ok"])

    async def handshake(self, mode: str, wait: float | None = None) -> TlsFacts:
        """Start TLS and look at what comes."""
        client = self.tls_client()
        with self.step(TlsStage, mode=mode) as seen:
            try:
                await self.recorder.clock.wait(self.talk.wire.start_tls(client.connection, skip_text=mode == "starttls"), wait)
            finally:
                self.tell_tls(client, seen)
            self.secured(client, seen["tls"])
        return seen["tls"]  # type: ignore[no-any-return]  # put there by tell_tls

    def tls_client(self) -> TlsClient:
        """Prepare a handshake."""
        host = self.recorder.host
        # TLSA records are found by name only.
        return TlsClient(self.shared.trust, self.shared.settings.server_name or host, want_tlsa=host != self.recorder.address)

    def tell_tls(self, client: TlsClient, seen: dict[str, Any]) -> None:
        """Put what a handshake showed into the facts of its step."""
        wire = self.talk.wire
        seen.update(
            tls=client.facts(),
            last_step=client.last_step,
            received=visible(wire.first_answer[:400]) or None,
            plaintext_before=visible(wire.text_before_tls[:400]) or None,
        )
        if wire.first_answer or wire.text_before_tls:
            self.talk.note(f"received in place of TLS: {visible((wire.text_before_tls + wire.first_answer)[:200])}")

    def secured(self, client: TlsClient, facts: TlsFacts) -> None:
        """Go on inside TLS."""
        self.encrypted = True
        self.verified = facts.verified
        self.talk.note(f"TLS: {facts.version}, {facts.cipher}, certificate {'verified' if facts.verified else 'not verified'}")
        self._client = client

    async def sender(self) -> bool:
        """Ask MAIL FROM."""
        settings = self.shared.settings
        address = settings.sender
        if address is None:
            user = settings.credentials.user if settings.credentials else ""
            address = user if "@" in user else ""
        self._sender = address
        facts: dict[str, Any] = {"encrypted": self.encrypted, "authenticated": self.authenticated, "sender": visible(address)}
        with self.step(SenderStage, **facts) as seen:
            unicode = "" if address.isascii() and (settings.recipient or "").isascii() else " SMTPUTF8"
            if unicode and not self.offers("SMTPUTF8"):
                seen.update(ok=None, text="the address needs SMTPUTF8 (RFC 6531), which the server does not offer")
                return False
            reply = await self.talk.command(f"MAIL FROM:<{address}>{unicode}")
            seen.update(ok=reply.code < 400, reply=reply)
        return bool(seen["ok"])

    async def recipient(self) -> None:
        """Ask RCPT TO, and take the transaction back."""
        address = self.shared.settings.recipient
        assert address is not None
        facts: dict[str, Any] = {
            "encrypted": self.encrypted,
            "authenticated": self.authenticated,
            "sender": visible(self._sender),
        }
        with self.step(RecipientStage, **facts, recipient=visible(address)) as seen:
            reply = await self.talk.command(f"RCPT TO:<{address}>")
            seen.update(ok=reply.code < 400, reply=reply)

    async def leave(self) -> None:
        """Say goodbye to a server that has refused already; whether it still answers means nothing."""
        await self.talk.quit(GOODBYE)
        self.recorder.keep(self._lines())
        self.close()

    async def finish(self) -> None:
        """Take back what was begun and say goodbye."""
        with contextlib.suppress(NetworkError), self.step(QuitStage) as seen:
            try:
                seen["unasked"] = self.talk.unasked()
                if self.shared.settings.wanted and not seen["unasked"]:
                    await self.talk.command("RSET", wait=GOODBYE)
                seen["reply"] = await self.talk.command("QUIT", wait=GOODBYE)
            finally:
                self.close()
