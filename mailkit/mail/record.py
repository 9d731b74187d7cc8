"""The transcript of one connection: what was said, made harmless and without secrets where it is written down."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Literal

from mailkit.observation import Line
from mailkit.secret import Secret
from mailkit.text import shorten, visible

__all__ = ["Record"]

_MAX_KEPT = 1000
"""Characters of a line that are kept."""
_MAX_LINES = 2000
"""Lines kept until somebody takes them: a server that never stops talking shall not fill the memory."""


class Record:
    """Write down a conversation with one address."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address
        self._origin = time.perf_counter()
        self._secrets: list[Secret] = []
        self._lines: list[Line] = []

    def guard(self, secret: Secret) -> None:
        """Keep ``secret`` out of everything written from now on, also when the server echoes it."""
        self._secrets.append(secret)

    def clean(self, text: str) -> str:
        """Give server's words as they may be shown: no secret, no control characters."""
        if not (text.isascii() and text.isprintable()):
            text = visible(text)
        for secret in self._secrets:
            text = secret.scrub(text)
        return text

    def client(self, *lines: str) -> None:
        """Write what this side said."""
        self._write("client", [self.clean(line) for line in lines])

    def server(self, code: int, *texts: str, clean: bool = False) -> None:
        """Write a reply: its code, and the text of each line; ``clean``: these have been through :meth:`clean`."""
        last = len(texts) - 1
        lines = texts if clean else [self.clean(text) for text in texts]
        self._write("server", [f"{code}{'-' if at < last else ' '}{text}" for at, text in enumerate(lines)])

    def note(self, text: str) -> None:
        """Write a remark."""
        self._write("note", [self.clean(text)])

    def _write(self, direction: Literal["client", "server", "note"], texts: Iterable[str]) -> None:
        at_ms = self.elapsed_ms()
        for text in texts:
            if len(self._lines) < _MAX_LINES:
                kept = text if len(text) <= _MAX_KEPT else shorten(text, _MAX_KEPT)
                self._lines.append(Line(direction=direction, at_ms=at_ms, line=kept, address=self.address))

    def elapsed_ms(self) -> float:
        """Milliseconds since the connection was begun."""
        return round((time.perf_counter() - self._origin) * 1000, 2)

    def take(self) -> tuple[Line, ...]:
        """Give the lines written since the last call."""
        taken = tuple(self._lines)
        self._lines.clear()
        return taken
