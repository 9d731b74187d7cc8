"""The accounts of the practice site, and what becomes of a log-in with each.

The table below is data: an account has a password or a token, and perhaps a refusal in the words of a real server.
:class:`Accounts` checks log-ins and counts them, so that a test can prove how many attempts a program made.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

__all__ = ["ACCOUNTS", "WRONG", "Account", "Accounts", "Verdict"]

WRONG = ("535 5.7.8 Error: authentication failed: wrong user name or password",)
"""The usual answer to a wrong user name or password."""


@dataclass(slots=True, kw_only=True)
class Account:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a log-in: ``refusal`` is ``None`` when it is accepted."""

    user: str
    refusal: tuple[str, ...] | None = None
    close: bool = False


_WEB = "https://practice.test/login"
ACCOUNTS = (
    Account(user="frontdesk@hotel.test", password="practice-frontdesk", token="practice-token-frontdesk", note="works with every mechanism"),
    Account(user="estimator@builder.test", password="practice-estimator", token="practice-token-estimator", note="works with every mechanism"),
    Account(user="superintendent", password="practice-superintendent", note="works; the user name has no domain"),
    Account(
        user="bookkeeping@hotel.test",
        password="practice-bookkeeping",
        note="right password, but SMTP AUTH is switched off for the tenant",
        refusal=(
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
            "Visit https://aka.ms/smtp_auth_disabled for more information. [PRACTICE.PROD.OUTLOOK.COM]",
        ),
        expects=("auth.basic-disabled",),
    ),
    Account(
        user="payroll@builder.test",
        password="practice-payroll",
        token="practice-token-payroll",
        mechanisms=("XOAUTH2", "OAUTHBEARER"),
        note="only with an access token: passwords are switched off",
        refusal=("535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [PRACTICE.PROD.OUTLOOK.COM]",),
        expects=("auth.basic-disabled",),
    ),
    Account(
        user="reservations@hotel.test",
        password="practice-reservations",
        note="needs an app password",
        refusal=(
            "534-5.7.9 Application-specific password required. For more information, go to",
            "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor practice - gsmtp",
        ),
        expects=("auth.app-password-required",),
    ),
    Account(
        user="sales@hotel.test",
        password="practice-sales",
        note="locked",
        refusal=("535 5.7.8 Error: authentication failed: account is locked",),
        expects=("auth.account-locked",),
    ),
    Account(
        user="manager@hotel.test",
        password="practice-manager",
        note="too many log-ins: the server hangs up",
        refusal=("421 4.7.0 Too many login attempts, please try again later",),
        then_close=True,
        expects=("auth.rate-limited",),
    ),
    Account(
        user="housekeeping@hotel.test",
        password="practice-housekeeping",
        note="the server cannot check passwords at the moment",
        refusal=("454 4.7.0 Temporary authentication failure: Connection lost to authentication server",),
        expects=("auth.temporary-failure",),
    ),
    Account(
        user="events@hotel.test",
        password="practice-events",
        note="stopped by a conditional access rule",
        refusal=(
            "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. "
            "Contact your administrator. [PRACTICE.PROD.OUTLOOK.COM]",
        ),
        expects=("auth.policy-refused",),
    ),
    Account(
        user="concierge@hotel.test",
        password="practice-concierge",
        note="has to log in with a browser first",
        refusal=("534-5.7.14 Please log in via your web browser and then try again.", f"534 5.7.14  Learn more at {_WEB} - gsmtp"),
        expects=("auth.policy-refused",),
    ),
    Account(
        user="scanner@builder.test",
        password="practice-scanner",
        token=None,
        mechanisms=("CRAM-MD5", "SCRAM-SHA-256"),
        note="works only with CRAM-MD5 and SCRAM-SHA-256",
        refusal=("535 5.7.8 Error: authentication failed: plaintext mechanisms are switched off for this account",),
        expects=("auth.rejected",),
    ),
    Account(user="maintenance@hotel.test", password="practice-maintenance", note="locked after three wrong passwords", lock_after=3),
)
"""The accounts every practice server knows. The passwords open nothing but practice servers."""

LOCKED = ("535 5.7.8 Error: authentication failed: account is locked after too many failed log-ins",)


class Accounts(Mapping[str, Account]):
    """The accounts of one site by user name, with their counters."""

    def __init__(self) -> None:
        self._accounts = {account.user: replace(account) for account in ACCOUNTS}
        self.unknown: dict[str, int] = {}
        """Log-ins tried with user names that do not exist (the first thousand names)."""

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
            if user in self.unknown or len(self.unknown) < 1000:  # noqa: PLR2004  # a bound on memory, nothing else
                self.unknown[user] = self.unknown.get(user, 0) + 1
            return Verdict(user, WRONG)
        account.attempts += 1
        if account.lock_after is not None and account.failures >= account.lock_after:
            return Verdict(user, LOCKED)
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
        return account is not None and account.token is not None and hmac.compare_digest(account.token.encode(), token.encode())
