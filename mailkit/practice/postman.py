"""What becomes of a mail that a practice server has accepted: into a mailbox at once, late, twice, as junk, not at all, or back.

The special mailboxes are in ``fates.toml``; all others get their mail at once. Lines and notices are made in :mod:`.receiving`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from types import MappingProxyType

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mailkit.practice.mailbox import Mailboxes, Message
from mailkit.practice.maildir import Maildirs
from mailkit.practice.receiving import notice, on_arrival

__all__ = ["FATES", "Fate", "Postman"]

_MOST_WAITING = 1000


class Fate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of mail to one mailbox."""

    title: str = "The mail arrives at once."
    copies: int = 1
    delay: float = 0.0
    """Seconds between the server's 250 and the arrival, or the notice."""
    folder: str = ""
    """``Junk``; empty: the inbox."""
    vouched: bool = True
    """SPF and DMARC pass, for senders in the practice domains."""
    bounce: str = ""
    """The reply from behind the receiver; a notice with it goes to the envelope sender."""


FATES: Mapping[str, Fate] = MappingProxyType(
    msgspec.toml.decode((files("mailkit.practice") / "fates.toml").read_bytes(), type=dict[str, Fate])
)
"""The special mailboxes by local part, the same in every domain."""

_USUAL = Fate()


class Postman:
    """Brings accepted mails where they belong.

    Args:
        mailboxes: keep everything in memory.
        maildirs: keep it in folders too.
        delay: seconds instead of each delay of the table.
    """

    def __init__(self, mailboxes: Mailboxes, maildirs: Maildirs | None = None, *, delay: float | None = None) -> None:
        self.mailboxes = mailboxes
        self._maildirs, self._delay = maildirs, delay
        self._waiting: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()

    def take(self, message: Message, *, received: str) -> None:
        """Take a mail that was accepted: its content as it came, and the Received line of the server that took it."""
        fate = FATES.get(message.recipient.rpartition("@")[0].lower(), _USUAL)
        if not fate.delay:
            self._bring(message, received, fate)
        elif len(self._waiting) < _MOST_WAITING:  # a bound on memory, nothing else
            delay = fate.delay if self._delay is None else self._delay
            _keep_until_done(self._waiting, self._bring_later(delay, message, received, fate))

    async def close(self) -> None:
        """Give up what has not arrived yet; what has is in its folder when this returns."""
        for task in tuple(self._waiting):
            task.cancel()
        await asyncio.gather(*self._waiting, *self._writing, return_exceptions=True)

    async def _bring_later(self, delay: float, message: Message, received: str, fate: Fate) -> None:
        await asyncio.sleep(delay)
        self._bring(message, received, fate)

    def _bring(self, message: Message, received: str, fate: Fate) -> None:
        now = datetime.now(UTC)
        if fate.copies:
            lines = on_arrival(message, received, now, vouched=fate.vouched).encode("utf-8", "replace")
            arrived = replace(message, content=lines + message.content, received=now, folder=fate.folder)
            for _ in range(fate.copies):
                self._keep(arrived)
        if fate.bounce and message.sender:
            content = notice(message, fate.bounce.format(recipient=message.recipient), now)
            self._keep(replace(message, recipient=message.sender, sender="", content=content, received=now, user=None))

    def _keep(self, message: Message) -> None:
        if not self.mailboxes.has_room(len(message.content)):
            return
        self.mailboxes.deliver(message)
        if self._maildirs is not None:
            _keep_until_done(self._writing, asyncio.to_thread(self._maildirs.write, message))


def _keep_until_done(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
