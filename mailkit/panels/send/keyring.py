"""Passwords that the keyring of this machine has, fetched without holding anything up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping

from mailkit.errors import InputError
from mailkit.mail.account import Account
from mailkit.secret import Secret
from mailkit.signin.keyring import Keyring

__all__ = ["Found", "from_keyring"]


class Found:
    """What the keyring has for one account: a secret that can be taken once, or why there is none."""

    def __init__(self, account: Account, secret: Secret | None, why: str = "") -> None:
        self.account, self.why = account, why
        self._secret = secret

    def take(self) -> Secret | None:
        """Return the secret and forget it."""
        secret, self._secret = self._secret, None
        return secret


async def from_keyring(accounts: Mapping[str, Account]) -> AsyncGenerator[Found, None]:
    """Ask for the secret of each account; the keyring may ask its owner, so it is asked in a thread."""
    try:
        ring = await asyncio.to_thread(Keyring)
    except InputError as wrong:
        for account in accounts.values():
            yield Found(account, None, str(wrong))
        return
    for account in accounts.values():
        try:
            secret = await asyncio.to_thread(ring.secret_of, account.login or "", account.host)
        except InputError as wrong:
            yield Found(account, None, str(wrong))
        else:
            yield Found(account, secret)
