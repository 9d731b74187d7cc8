"""Mailboxes of the practice site: they keep what the practice servers accept, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

__all__ = ["Mailboxes", "Message"]

_MOST_BYTES = 256 * 1024 * 1024


class Message(Struct, frozen=True, kw_only=True):
    """One message as it was delivered to one mailbox."""

    recipient: str
    sender: str
    """The envelope sender; empty for a bounce."""
    content: bytes
    """The message with its ``Return-Path``, ``Delivered-To`` and ``Received`` lines, CRLF line ends."""
    received: datetime
    server: str
    """Host name of the practice server that took it."""
    user: str | None
    """Who was logged in."""
    encrypted: bool
    queue_id: str
    folder: str = ""
    """``Junk``; empty: the inbox."""


class Mailboxes(Mapping[str, tuple[Message, ...]]):
    """What arrived, by recipient address, oldest first. An address to which nothing came has no mailbox yet."""

    def __init__(self) -> None:
        self._messages: dict[str, list[Message]] = {}
        self._size = 0

    def __getitem__(self, address: str) -> tuple[Message, ...]:
        return tuple(self._messages[address.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def has_room(self, size: int) -> bool:
        """Whether ``size`` bytes more can be kept (256 MB in all)."""
        return self._size + size <= _MOST_BYTES

    def deliver(self, message: Message) -> None:
        """Keep a message."""
        self._size += len(message.content)
        self._messages.setdefault(message.recipient.lower(), []).append(message)

    def clear(self) -> None:
        """Forget everything."""
        self._messages.clear()
        self._size = 0
