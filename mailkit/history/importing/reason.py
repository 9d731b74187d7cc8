"""Why a server refused, in the fixed words of :mod:`mailkit.explain`, at the rate of a log.

A log says the same few sentences a million times, with other addresses and numbers in them: what differs only in those is
explained once.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from mailkit.explain.explanation import judge
from mailkit.explain.speaker import provider_of

__all__ = ["Reason", "Reasons"]

_MOST = 20_000
_LOOKED_AT = 1200
_CONNECTING = re.compile(
    r"(?:delivery temporarily suspended: )?(?:connect to \S{1,300}: )?((?:Connection|Network|No route|Operation timed) .{1,200})"
)
"""What the mail server's own system says when there is no connection: the words that any program gets."""
_STAGES = {"tcp": "connect", "starttls": "tls", "after": "data", "session": None}
"""The words of the explanations for the stages, where an event has others."""
_VARIES = re.compile(
    r"(?P<address>[^\s<>\"'(),;:]{1,200}@(?:[\w\-]{1,63}\.){0,8}[\w\-]{1,63})"
    r"|(?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b)"
    r"|(?P<host>\b(?:[A-Za-z0-9\-_]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9\-]{1,62}\b)"
    r"|(?P<name>\b(?=[A-Za-z\-_]{0,40}\d)(?=[0-9\-_]{0,40}[A-Za-z])[\w\-]{6,}\b)|(?P<number>\b\d{4,}\b)"
)


@lru_cache(maxsize=20_000)
def _provider(host: str | None) -> str | None:
    return provider_of(host) if host else None


def _same(found: re.Match[str]) -> str:
    """Write what varies in one way; a host by whose it is."""
    return f"#{_provider(found[0]) or ''}" if found.lastgroup == "host" else "#"


class Reason(Struct, frozen=True):
    """What a text means; ``None`` is not known."""

    reason: str | None = None
    cause: str | None = None
    stage: str | None = None
    reply_code: int | None = None
    enhanced_code: str | None = None
    temporary: bool | None = None


class Reasons:
    """Explains texts; those that are alike once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None, str | None], Reason] = {}

    def of(self, text: str, *, host: str | None = None, status: str | None = None) -> Reason:
        """Say what a text means.

        Args:
            text: the reply, or the server's own words.
            host: who said it.
            status: its enhanced code, where the log has it apart.
        """
        text = text[:_LOOKED_AT]
        key = (_VARIES.sub(_same, text), status, _provider(host))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[key] = _judged(text, host, status)
        return known


def _judged(text: str, host: str | None, status: str | None) -> Reason:
    own = _CONNECTING.fullmatch(text)
    said = judge(own[1], client=True) if own else judge(text, host=host, status=status, client=False)
    return Reason(
        reason=said.reason,
        cause=said.cause,
        stage=_STAGES.get(said.stage, said.stage) if said.stage else None,
        reply_code=said.reply_code,
        enhanced_code=said.enhanced_code or status,
        temporary=said.temporary,
    )
