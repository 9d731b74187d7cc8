"""The accounts of the practice site, and what becomes of a log-in with each.

The table is ``accounts.toml``: an account has a password or a token, and perhaps a refusal in the words of a real server.
:class:`Accounts` checks log-ins and counts them, so that a test can prove how many attempts a program made.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files

import msgspec
from msgspec import Struct
from msgspec.structs import replace

__all__ = ["WRONG", "Account", "Accounts", "Verdict"]

WRONG = ("535 5.7.8 Error: authentication failed: wrong user name or password",)
"""The usual answer to a wrong user name or password."""


class Account(Struct, kw_only=True, forbid_unknown_fields=True):
    """One account. The counters are the only parts that change."""

    user: str
    password: str
    note: str
    token: str | None = None
    """An access token for XOAUTH2 and OAUTHBEARER."""
    mechanisms: tuple[str, ...] | None = None
    """The only mechanisms that work for this account; ``None``: all."""
    refusal: tuple[str, ...] | None = None
    """The answer even to the right password."""
    then_close: bool = False
    """The server hangs up after the refusal."""
    lock_after: int | None = None
    """So many wrong passwords lock the account."""
    expects: tuple[str, ...] = ()
    """The findings a log-in with the right password leads to."""
    attempts: int = 0
    """Log-ins tried, right or wrong."""
    failures: int = 0
    """Wrong passwords among them."""


class Verdict(Struct, frozen=True):
    """The outcome of a log-in: ``refusal`` is ``None`` when it is accepted."""

    user: str
    refusal: tuple[str, ...] | None = None
    close: bool = False


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    account: tuple[Account, ...]


_ACCOUNTS = msgspec.toml.decode((files("mailkit.practice") / "accounts.toml").read_bytes(), type=_Table).account


_LOCKED = ("535 5.7.8 Error: authentication failed: account is locked after too many failed log-ins",)


class Accounts(Mapping[str, Account]):
    """The accounts of one site by user name, with their counters."""

    def __init__(self) -> None:
        self._accounts = {account.user: replace(account) for account in _ACCOUNTS}
        self.unknown: dict[str, int] = {}
        """Log-ins tried with user names that do not exist (the first thousand names)."""
        self.owner_of: Callable[[str], str | None] = lambda _token: None
        """Whose an access token is that a sign-in service gave; it puts itself here."""

    def __getitem__(self, user: str) -> Account:
        return self._accounts[user]

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    @property
    def attempts(self) -> int:
        """All log-ins tried, also with unknown names."""
        return sum(account.attempts for account in self.values()) + sum(self.unknown.values())

    def judge(self, user: str, mechanism: str, *, right: bool) -> Verdict:
        """Count one log-in and decide it; ``right``: the proof fits the password or token."""
        account = self.get(user)
        if account is None:
            if user in self.unknown or len(self.unknown) < 1000:  # a bound on memory, nothing else
                self.unknown[user] = self.unknown.get(user, 0) + 1
            return Verdict(user, WRONG)
        account.attempts += 1
        if account.lock_after is not None and account.failures >= account.lock_after:
            return Verdict(user, _LOCKED)
        if not right:
            account.failures += 1
            return Verdict(user, WRONG)
        allowed = mechanism in account.mechanisms if account.mechanisms is not None else account.refusal is None
        return Verdict(user) if allowed else Verdict(user, account.refusal or WRONG, account.then_close)

    def has_password(self, user: str, password: str) -> bool:
        """Whether this is the user's password."""
        account = self.get(user)
        return account is not None and hmac.compare_digest(account.password.encode(), password.encode())

    def has_token(self, user: str, token: str) -> bool:
        """Whether this is the user's access token."""
        account = self.get(user)
        if account is None:
            return False
        fixed = account.token is not None and hmac.compare_digest(account.token.encode(), token.encode())
        return fixed or self.owner_of(token) == user
