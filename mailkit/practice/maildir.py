"""Mailboxes as folders, so that other programs can look into them: one Maildir for each address.

Laid out as Dovecot does it (``cur``, ``new``, ``tmp``; the junk folder is ``.Junk`` inside). Written by hand: the standard
library's writer turns line ends into the system's own.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from mailkit.errors import InputError
from mailkit.practice.mailbox import Message
from mailkit.text import visible

__all__ = ["Maildirs"]

_UNSAFE = re.compile(r"[^a-z0-9@._+=-]")
_LONGEST = 120


class Maildirs:
    """Folders for the mailboxes, below one that is made if it does not exist.

    Raises:
        InputError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the folder {visible(str(folder))} cannot be made ({error.strerror}); give one where you may write"
            ) from None
        self.folder = folder
        self._numbers = itertools.count(1)

    def of(self, address: str) -> Path:
        """Give the Maildir of an address, whether it is there yet or not."""
        return self.folder / (_UNSAFE.sub("_", address.lower()).lstrip(".")[:_LONGEST] or "_")

    def make(self, address: str) -> None:
        """Make the Maildir of an address before its first mail, so that others can look into it; blocking."""
        _make(self.of(address))

    def write(self, message: Message) -> None:
        """Put a message among the new ones; blocking."""
        maildir = self.of(message.recipient)
        _make(maildir)
        if message.folder:
            maildir /= f".{message.folder}"
            _make(maildir)
            (maildir / "maildirfolder").touch()
        name = f"{int(message.received.timestamp())}.{next(self._numbers)}.{message.queue_id}"
        (maildir / "tmp" / name).write_bytes(message.content.replace(b"\r\n", b"\n"))
        (maildir / "tmp" / name).rename(maildir / "new" / name)


def _make(maildir: Path) -> None:
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True, exist_ok=True)
