"""The messages a server had in its queue, as far as its log was read: what later lines about them leave out.

Bounded: the oldest are forgotten, those that left the queue before those that are still in it.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Message", "Queue"]

_OPEN = 200_000
_LEFT = 50_000


class Message:
    """One message in the queue."""

    __slots__ = ("account", "message_id", "sender", "waiting")

    def __init__(self) -> None:
        self.message_id: str | None = None
        self.sender: str | None = None
        self.account: str | None = None
        """Who logged in to hand it over."""
        self.waiting: dict[str, int] = {}
        """How often each recipient was tried that is not done with."""

    def tried(self, recipient: str, *, again: bool) -> int:
        """Count an attempt, the first is 1; ``again``: there will be another."""
        number = self.waiting.pop(recipient, 0) + 1
        if again:
            self.waiting[recipient] = number
        return number


class Queue:
    """The messages by the names their server gave them."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, Message] = OrderedDict()
        self._left: OrderedDict[bytes, str | None] = OrderedDict()

    def begin(self, name: bytes) -> Message:
        """Take a message that just came in; whatever had that name before is another one."""
        message = self._open[name] = Message()
        self._open.move_to_end(name)
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return message

    def get(self, name: bytes) -> Message:
        """Give a message; an empty one when its beginning was not read."""
        return self._open.get(name) or self.begin(name)

    def known(self, name: bytes) -> Message | None:
        """Give a message that is in the queue, if its beginning was read."""
        return self._open.get(name)

    def end(self, name: bytes) -> None:
        """A message left the queue."""
        message = self._open.pop(name, None)
        if message is not None:
            self._left[name] = message.message_id
            if len(self._left) > _LEFT:
                self._left.popitem(last=False)

    def holds(self, name: bytes, message_id: str | None) -> bool:
        """Say whether that message is or was in this queue under that name."""
        here = self._open.get(name)
        found = here.message_id if here else self._left.get(name, "")
        return found != "" and (found is None or message_id is None or found == message_id)
