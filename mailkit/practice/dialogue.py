"""The conversation of one connection as a play wants it: every reply goes through here, and may be another one than usual.

:class:`~mailkit.practice.session.Session` knows what is usual, a :class:`~mailkit.practice.play.Play` what is different.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from msgspec import Struct

from mailkit.practice.account import Accounts
from mailkit.practice.play import Answer, Play
from mailkit.practice.postman import Postman
from mailkit.practice.wire import Wire

__all__ = ["Dialogue", "OverError", "Stage"]

_ERRORS_ALLOWED = 20
_ENDLESS_PAUSE = 0.05
_FLOOD_LINES = 1_000_000
_LONG_LINE = 10_000_000


class Stage(Struct, kw_only=True):
    """What all sessions of a server have in common."""

    host: str
    """The name the server calls itself."""
    play: Play
    accounts: Accounts
    postman: Postman
    context: Callable[[], Awaitable[ssl.SSLContext]]
    reply_delay: float = 0.0
    """Seconds before each reply line."""
    banner_delay: float | None = None
    """Seconds instead of the play's own delay before the greeting."""
    greylisted: dict[tuple[str, str], float] = {}


class OverError(Exception):
    """The play says that the session ends here."""


class Dialogue:
    """One connection, and the replies on it."""

    def __init__(self, wire: Wire, stage: Stage) -> None:
        self.wire, self.stage = wire, stage
        self._errors = 0
        wire.segments, wire.byte_delay = stage.play.segments, stage.play.byte_delay

    def answer(self, step: str) -> Answer | None:
        """What the play has for a step; ``None``: the usual."""
        answers = self.stage.play.answers
        place = "tls" if self.wire.encrypted else "clear"
        return answers.get(f"{step}/{place}") or answers.get(step) or (answers.get("*") if step.isupper() else None)

    async def say(self, step: str, *usual: str) -> bool:
        """Give the usual reply or the play's answer; whether it was positive (2xx, 3xx)."""
        answer = self.answer(step) or Answer()
        delay = answer.delay
        if delay and step == "greeting" and self.stage.banner_delay is not None:
            delay = self.stage.banner_delay
        if delay:
            await asyncio.sleep(delay)
        lines = usual if answer.lines is None else tuple(map(self._fill, answer.lines))
        if answer.raw:
            await self.wire.send(answer.raw.encode("latin-1"))
        else:
            await self.lines(*lines)
        await self._then(answer)
        return (answer.raw or "".join(lines[-1:])).startswith(("2", "3"))

    async def refuse(self, *lines: str) -> None:
        """Refuse a command; after too many, hang up."""
        self._errors += 1
        if self._errors >= _ERRORS_ALLOWED:
            await self.lines(f"421 4.7.0 {self.stage.host} Error: too many errors")
            raise OverError
        await self.lines(*lines)

    async def lines(self, *lines: str) -> None:
        """Send lines as they are."""
        encoded = [f"{line}\r\n".encode("utf-8", "surrogateescape") for line in lines]
        if self.stage.reply_delay:
            for line in encoded:
                await asyncio.sleep(self.stage.reply_delay)
                await self.wire.send(line)
        elif encoded:
            await self.wire.send(b"".join(encoded))

    async def _then(self, answer: Answer) -> None:
        number = 0
        match answer.then:
            case "go-on":
                return
            case "reset":
                self.wire.reset()
            case "hang":
                await self.wire.discard()
            case "endless":
                while True:
                    number += 1
                    await asyncio.sleep(_ENDLESS_PAUSE)
                    await self.wire.send(f"250-PRACTICE-{number}\r\n".encode())
            case "flood":
                for _ in range(_FLOOD_LINES // 1000):
                    await self.wire.send(b"250-PRACTICE\r\n" * 1000)
            case "long-line":
                for _ in range(_LONG_LINE // 50_000):
                    await self.wire.send(b"x" * 50_000)
        raise OverError

    def _fill(self, line: str) -> str:
        return line.replace("{host}", self.stage.host).replace("{peer}", self.wire.peer)
