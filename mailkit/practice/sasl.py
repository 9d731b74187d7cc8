"""The server's side of SMTP AUTH (RFC 4954) for all mechanisms of the practice site.

Each mechanism is one coroutine: it asks the client through ``ask`` (a challenge out, a response in) and ends with a
:class:`~mailkit.practice.account.Verdict`. Used by :mod:`mailkit.practice.session`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType

from scramp import ScramException, ScramMechanism

from mailkit.practice.account import WRONG, Accounts, Verdict

__all__ = ["MECHANISMS", "ExchangeError"]

Ask = Callable[[bytes], Awaitable[bytes]]
Mechanism = Callable[[Ask, bytes | None, Accounts], Awaitable[Verdict]]


class ExchangeError(Exception):
    """The exchange ended early; ``reply`` is what the server says to it."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


_MALFORMED = "501 5.5.2 Malformed authentication response"


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ExchangeError(_MALFORMED) from None


async def _plain(ask: Ask, initial: bytes | None, accounts: Accounts) -> Verdict:
    """RFC 4616: authorisation identity, user and password between NULs."""
    parts = _text(await ask(b"") if initial is None else initial).split("\0")
    if len(parts) != 3:  # the three parts of the line above
        raise ExchangeError(_MALFORMED)
    _, user, password = parts
    return accounts.judge(user, "PLAIN", right=accounts.has_password(user, password))


async def _login(ask: Ask, initial: bytes | None, accounts: Accounts) -> Verdict:
    """The old LOGIN: two questions (draft-murchison-sasl-login)."""
    user = _text(await ask(b"Username:") if initial is None else initial)
    password = _text(await ask(b"Password:"))
    return accounts.judge(user, "LOGIN", right=accounts.has_password(user, password))


async def _cram_md5(ask: Ask, initial: bytes | None, accounts: Accounts) -> Verdict:
    """RFC 2195: HMAC-MD5 over a challenge."""
    if initial is not None:
        raise ExchangeError("501 5.7.0 CRAM-MD5 has no initial response")
    challenge = f"<{secrets.randbits(48)}.{time.time_ns() // 10**9}@practice.test>".encode()
    user, _, digest = _text(await ask(challenge)).rpartition(" ")
    account = accounts.get(user)
    right = account is not None and hmac.compare_digest(
        hmac.new(account.password.encode(), challenge, hashlib.md5).hexdigest(), digest.lower()
    )
    return accounts.judge(user, "CRAM-MD5", right=right)


async def _scram(name: str, ask: Ask, initial: bytes | None, accounts: Accounts) -> Verdict:
    """RFC 5802 and 7677; the server's proof goes out as a last challenge, answered with nothing."""
    mechanism = ScramMechanism(name)
    asked: list[str] = []

    def look_up(user: str) -> tuple[bytes, bytes, bytes, int]:
        asked.append(user)
        account = accounts.get(user)
        # For a user who does not exist the exchange goes on with a password nobody has: names cannot be guessed.
        salt, stored_key, server_key, iterations = mechanism.make_auth_info(account.password if account else secrets.token_hex())
        return salt, stored_key, server_key, iterations

    server = mechanism.make_server(look_up)
    try:
        server.set_client_first(_text(await ask(b"") if initial is None else initial))
        response = _text(await ask(server.get_server_first().encode()))
        try:
            server.set_client_final(response)
        except ScramException:
            return accounts.judge(asked[0], name, right=False) if asked else Verdict("", WRONG)
        verdict = accounts.judge(asked[0], name, right=True)
        if verdict.refusal is None:
            await ask(server.get_server_final().encode())
    except ScramException:
        raise ExchangeError(_MALFORMED) from None
    return verdict


async def _token(name: str, ask: Ask, initial: bytes | None, accounts: Accounts) -> Verdict:
    """XOAUTH2, and OAUTHBEARER (RFC 7628): a refusal is first explained in a JSON challenge."""
    message = _text(await ask(b"") if initial is None else initial)
    header, _, rest = message.partition("\1")
    pairs = dict(
        part.partition("=")[::2] for part in ([header, *rest.split("\1")] if name == "XOAUTH2" else rest.split("\1")) if part
    )
    user = (
        pairs.get("user", "")
        if name == "XOAUTH2"
        else next((part[2:] for part in header.split(",") if part.startswith("a=")), "")
    )
    scheme, _, token = pairs.get("auth", "").partition(" ")
    if not user or scheme.lower() != "bearer":
        raise ExchangeError(_MALFORMED)
    verdict = accounts.judge(user, name, right=accounts.has_token(user, token))
    if verdict.refusal is None:
        return verdict
    why = (
        {"status": "400", "schemes": "Bearer", "scope": "https://practice.test/smtp"}
        if name == "XOAUTH2"
        else {
            "status": "invalid_token",
            "scope": "smtp",
            "openid-configuration": "https://practice.test/.well-known/openid-configuration",
        }
    )
    await ask(json.dumps(why, separators=(",", ":")).encode())
    return Verdict(user, ("535 5.7.8 Username and Password not accepted: the access token is invalid or has expired",))


MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        "PLAIN": _plain,
        "LOGIN": _login,
        "CRAM-MD5": _cram_md5,
        **{name: partial(_scram, name) for name in ("SCRAM-SHA-1", "SCRAM-SHA-256")},
        **{name: partial(_token, name) for name in ("XOAUTH2", "OAUTHBEARER")},
    }
)
"""The mechanisms by name."""
