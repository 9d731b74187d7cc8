"""A sign-in that succeeded: it gives a fresh access token whenever one is needed, without asking anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from mailkit.finding import Finding
from mailkit.secret import Secret
from mailkit.signin.failure import SignInFailed, refused

__all__ = ["Engine", "SignedIn", "Token", "in_thread"]

T = TypeVar("T")

_SOON = timedelta(minutes=5)
"""A token that ends so soon is not used: a mail may take its time."""
_PATIENCE = 60.0


@dataclass(frozen=True)
class Token:
    """An access token: its value, when it ends, and who signed in (``None``: not said)."""

    secret: Secret
    expires: datetime
    who: str | None = None


class Engine(Protocol):
    """One provider's way to a token without asking; its methods block."""

    def fresh(self) -> Token | Finding:
        """Give a token that is good for a while, or say why there is none."""
        ...

    def forget(self) -> None:
        """Remove the sign-in from where it is kept."""
        ...


class SignedIn:
    """Somebody who is signed in. ``token`` is what :class:`mailkit.mail.account.Access` takes for its secret.

    Attributes:
        login: for whose mail account it was done.
        provider: ``Microsoft`` or ``Google``.
        who: who really signed in, as the provider says; differs from ``login`` where the sign-in name is not the address, or
            where somebody opens a shared mailbox.
        note: one sentence about whether the sign-in is kept for the next run.
    """

    def __init__(self, login: str, provider: str, token: Token, engine: Engine, note: str) -> None:
        self.login = login
        self.provider = provider
        self.who = token.who
        self.note = note
        self._token = token
        self._engine = engine
        self._one = asyncio.Lock()

    @property
    def expires(self) -> datetime:
        """When the token there is now ends; a new one is fetched before."""
        return self._token.expires

    async def token(self) -> Secret:
        """Give an access token that is good for at least five minutes.

        Raises:
            SignInFailed: the sign-in no longer counts, or the provider cannot be reached.
        """
        async with self._one:
            if self._token.expires - datetime.now(UTC) < _SOON:
                fresh = await in_thread(self._engine.fresh, self.login, self.provider)
                if isinstance(fresh, Finding):
                    raise SignInFailed(fresh)
                self._token = fresh
            return self._token.secret

    async def forget(self) -> None:
        """Sign out here: the sign-in is removed from where it is kept, and asked for anew next time."""
        await in_thread(self._engine.forget, self.login, self.provider)


async def in_thread(call: Callable[[], T], login: str, provider: str, seconds: float = _PATIENCE) -> T:
    """Do what blocks in a thread, for a limited time; cancelling leaves at once, the thread ends by its own limits.

    Raises:
        SignInFailed: it took too long.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(call)
    except TimeoutError:
        pass
    slow = partial(refused, login, provider, code="signin.unreachable", variant="slow", host=provider)
    raise SignInFailed(await asyncio.to_thread(slow))
