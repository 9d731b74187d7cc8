"""An SMTP conversation: commands out, replies in, every line recorded (RFC 5321, 4.2).

Whatever the server sends is hostile: lines and replies have limits, and the recorded text is harmless. Where the limits
stand is below, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailkit.errors import Dropped, InputError, NetworkError, ProtocolViolation, TimedOut
from mailkit.net.clock import Clock
from mailkit.net.wire import Wire
from mailkit.observation import Line, Reply
from mailkit.secret import REDACTED, Secret
from mailkit.text import shorten, visible

__all__ = ["Conversation", "parse_reply"]

MAX_LINE = 4096
"""RFC 5321 (4.5.3.1.5) allows 512 octets for a reply line; servers with long policy texts send three times that."""
MAX_LINES = 200
"""The longest EHLO replies of real servers have some thirty lines."""
MAX_KEPT = 1000
"""Characters of a line that are recorded."""
MAX_SHOWN = 400
"""Characters of what is no reply that are told."""

_REPLY_LINE = re.compile(rb"([0-9]{3})([ -]?)(.*)", re.DOTALL)
_REPLY_START = re.compile(rb"[0-9]{1,3}([ -]|$)")
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?=\s|$|:)")


def parse_reply(lines: Iterable[tuple[int, str]]) -> Reply:
    """Make a :class:`Reply` of the code and text of each of its lines.

    >>> parse_reply([(550, "5.1.1 no such user"), (550, "5.1.1 here")])
    Reply(code=550, enhanced_code='5.1.1', text='5.1.1 no such user here', lines=('5.1.1 no such user', '5.1.1 here'))
    """
    pairs = list(lines)
    texts = tuple(text for _, text in pairs)
    code = pairs[-1][0]
    found = next((match[1] for text in texts if (match := _ENHANCED.match(text))), None)
    joined = texts[0] if texts else ""
    for text in texts[1:]:
        # A code repeated on each line says nothing more; the sentence is what should be readable.
        joined += " " + (text.removeprefix(found).lstrip() if found else text)
    return Reply(code=code, enhanced_code=found, text=shorten(joined.strip(), 4000), lines=texts)


class Conversation:
    """Talk SMTP on a :class:`~mailkit.net.wire.Wire`.

    Args:
        wire: the connection.
        clock: limits every wait.
        address: the server's address, for the record.
        connection: its number, for the record.
    """

    def __init__(self, wire: Wire, clock: Clock, *, address: str, connection: int) -> None:
        self.wire = wire
        self.clock = clock
        self._address = address
        self._connection = connection
        self._buffer = bytearray()
        self._lines: list[Line] = []
        self._secret: Secret | None = None
        self.lines_received = 0
        """Complete lines of the reply that is being read, or was read last."""

    def guard(self, secret: Secret) -> None:
        """Keep ``secret`` out of everything recorded from now on, also when the server echoes it."""
        self._secret = secret

    def take_transcript(self) -> tuple[Line, ...]:
        """Give the lines recorded since the last call."""
        taken = tuple(self._lines)
        self._lines.clear()
        return taken

    def note(self, text: str) -> None:
        """Record a remark of this side (``TLS: …``)."""
        self._record("note", text)

    def _record(self, direction: str, text: str) -> None:
        if self._secret is not None:
            text = self._secret.scrub(text)
        self._lines.append(
            Line(
                direction=direction,  # type: ignore[arg-type]  # the three callers pass the three values
                at_ms=self.clock.elapsed_ms(),
                line=shorten(text, MAX_KEPT),
                connection=self._connection,
                address=self._address,
            )
        )

    async def send(self, *commands: str, shown: str | None = None, wait: float | None = None) -> None:
        """Send commands in one packet; ``shown`` is recorded instead of a command that carries a secret."""
        await self.clock.wait(self.wire.send(self._written(commands, shown)), wait)

    def _written(self, commands: Iterable[str], shown: str | None) -> bytes:
        """Record commands and give their bytes."""
        for command in commands:
            if any(mark in command for mark in "\r\n\0"):
                raise InputError("an SMTP command cannot contain a line break")
            self._record("client", command if shown is None else shown)
        return "".join(f"{command}\r\n" for command in commands).encode("utf-8", "surrogateescape")

    async def command(
        self, command: str, *, shown: str | None = None, secret_reply: bool = False, wait: float | None = None
    ) -> Reply:
        """Send one command and read its reply, both within one wait."""
        data = self._written((command,), shown)
        self.lines_received = 0

        async def exchange() -> Reply:
            await self.wire.send(data)
            return await self._read_reply(secret_reply)

        return await self.clock.wait(exchange(), wait)

    async def reply(self, *, secret: bool = False, wait: float | None = None) -> Reply:
        """Read one reply, within one wait however slowly it trickles.

        Args:
            secret: record only the code (a challenge of a log-in).
            wait: seconds; one wait's limit when not given.

        Raises:
            TimedOut: no complete reply in time.
            Dropped: the connection ended first.
            ProtocolViolation: ``malformed``: not a reply; ``too-long``: beyond the limits.
        """
        self.lines_received = 0
        return await self.clock.wait(self._read_reply(secret), wait)

    async def _read_reply(self, secret: bool) -> Reply:  # noqa: FBT001 - private
        pairs: list[tuple[int, str]] = []
        while True:
            raw = await self._read_line()
            match = _REPLY_LINE.fullmatch(raw)
            if match is None:
                self._record("server", visible(raw))
                raise ProtocolViolation(self._clean(raw)[:MAX_SHOWN])
            code, more, text = int(match[1]), match[2] == b"-", self._clean(match[3])
            self._record("server", f"{code}{'-' if more else ' '}{REDACTED}" if secret and code == 334 else visible(raw))
            pairs.append((code, text))
            self.lines_received = len(pairs)
            if not more:
                return parse_reply(pairs)
            if len(pairs) >= MAX_LINES:
                raise ProtocolViolation(f"a reply of more than {MAX_LINES} lines", "too-long")

    def _clean(self, raw: bytes) -> str:
        text = visible(raw)
        return shorten(self._secret.scrub(text) if self._secret is not None else text, MAX_LINE)

    async def _read_line(self) -> bytes:
        scanned = 0
        while True:
            end = self._buffer.find(b"\n", scanned)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                if len(line) > MAX_LINE:
                    self._buffer.clear()
                    raise ProtocolViolation(f"a line of more than {MAX_LINE} bytes", "too-long")
                return line.removesuffix(b"\r")
            scanned = len(self._buffer)
            if scanned > MAX_LINE:
                self._buffer.clear()
                raise ProtocolViolation(f"a line of more than {MAX_LINE} bytes", "too-long")
            data = await self.wire.receive()
            if not data:
                if self._buffer and not _REPLY_START.match(self._buffer):
                    raise ProtocolViolation(self._clean(bytes(self._buffer))[:MAX_SHOWN])
                begun = bool(self._buffer or self.lines_received)
                raise Dropped(f"the server closed the connection{' in the middle of a reply' if begun else ''}")
            self._buffer += data

    def unasked(self) -> tuple[str, ...]:
        """Take the complete lines that are here although nothing was asked, without waiting."""
        self._buffer += self.wire.waiting()
        taken: list[str] = []
        while (end := self._buffer.find(b"\n")) >= 0 and len(taken) < MAX_LINES:
            raw = bytes(self._buffer[:end]).removesuffix(b"\r")
            del self._buffer[: end + 1]
            taken.append(self._clean(raw)[:MAX_KEPT])
            self._record("server", taken[-1])
        return tuple(taken)

    def drop_plaintext(self) -> bytes:
        """Throw away what was received in the clear behind the reply to STARTTLS, and tell what it was (RFC 3207, 4.2)."""
        data = bytes(self._buffer) + self.wire.waiting()
        self._buffer.clear()
        # What begins with a TLS record type cannot be there yet: the ClientHello has not been sent.
        if data:
            self._record("server", visible(data[:MAX_KEPT]))
        return data

    async def first_bytes(self, seconds: float) -> bool:
        """Wait for anything at all; False when nothing came in time. Nothing is consumed.

        Raises:
            Dropped: the connection ended instead.
        """
        if self._buffer:
            return True
        try:
            data = await self.clock.wait(self.wire.receive(), seconds)
        except TimedOut as error:
            if error.problem == "deadline":
                raise
            return False
        if not data:
            raise Dropped("the server closed the connection")
        self._buffer += data
        return True

    def peek(self) -> bytes:
        """What is buffered and not yet read (at most 400 bytes)."""
        return bytes(self._buffer[:400])

    def drain(self) -> None:
        """Record what is buffered as it is and forget it: for bytes that are not SMTP."""
        if self._buffer:
            for raw in bytes(self._buffer[:2000]).splitlines()[:20]:
                self._record("server", visible(raw[:MAX_KEPT]))
        self._buffer.clear()

    async def quit(self, wait: float) -> Reply | None:
        """Say goodbye; the answer, or ``None`` when none came."""
        try:
            return await self.command("QUIT", wait=wait)
        except NetworkError:
            return None

    def close(self) -> None:
        """Close the connection."""
        self.wire.close()
