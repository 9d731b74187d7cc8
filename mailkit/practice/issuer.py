"""What the practice sign-in service knows and hands out: programs, codes, signed tokens, refresh tokens. No network here.

Tokens are JSON Web Tokens (RFC 7519) signed with RS256, so that a mail server can check them by itself with the public key, or
ask (RFC 7662). Used by :mod:`mailkit.practice.oauth`; the table is ``oauth.toml``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec import Struct

__all__ = ["CLIENTS", "KEY_ID", "REFUSALS", "TENANTS", "Client", "Grant", "Issuer", "Refusal"]

KEY_ID = "practice"
_MOST = 10_000
_CODE_SECONDS = 300.0


class Client(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered program."""

    title: str
    secret: str | None = None
    public: bool = True
    """A person can sign in with it."""
    device: bool = True
    """Public client flows are allowed."""


class Refusal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account is told instead of getting a token."""

    error: str
    words: str
    number: int
    at: Literal["page", "redirect", "token"]


class Grant(Struct, kw_only=True):
    """What somebody agreed to: by the page, or by a code typed on it."""

    login: str
    client: str
    scope: str
    tenant: str
    redirect: str = ""
    challenge: str = ""
    nonce: str | None = None
    made: float = msgspec.field(default_factory=time.monotonic)
    state: Literal["waiting", "granted", "declined"] = "granted"
    """For a code typed on the page: whether somebody has done so."""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    tenants: tuple[str, ...]
    clients: dict[str, Client]
    refusals: dict[str, Refusal]


_TABLE = msgspec.toml.decode((files("mailkit.practice") / "oauth.toml").read_bytes(), type=_Table)

TENANTS = _TABLE.tenants
CLIENTS: Mapping[str, Client] = _TABLE.clients
REFUSALS: Mapping[str, Refusal] = _TABLE.refusals


class Issuer:
    """Signs tokens and remembers what it gave.

    Attributes:
        url: its address, the ``iss`` of its tokens.
        lifetime: seconds an access token lasts.
        granted: permissions it gives instead of those asked for; ``None``: those asked for.
        device_interval: seconds a program is told to wait between two questions.
    """

    def __init__(self) -> None:
        self.url = ""
        self.lifetime = 3600.0
        self.granted: str | None = None
        self.device_interval = 1
        self.codes: dict[str, Grant] = {}
        """Authorization codes, each good once."""
        self.devices: dict[str, Grant] = {}
        """Device codes."""
        self.typed: dict[str, str] = {}
        """What a person types, to the device code."""
        self._refresh: dict[str, Grant] = {}
        self._revoked: set[str] = set()

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        """Made when it is first needed: most runs of a practice site sign nothing, and it takes a while."""
        return rsa.generate_private_key(65537, 2048)

    @property
    def public_key(self) -> bytes:
        """The key to check tokens with, in PEM form."""
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def keys(self) -> dict[str, Any]:
        """The key as a JSON Web Key Set (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        parts = {
            name: _url64(number.to_bytes((number.bit_length() + 7) // 8)) for name, number in (("n", numbers.n), ("e", numbers.e))
        }
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, **parts}]}

    def code(self, grant: Grant) -> str:
        """Give an authorization code."""
        return _kept(self.codes, grant)

    def redeem(self, code: str, *, client: str, redirect: str, verifier: str) -> Grant | None:
        """Give what a code stands for, once, to the program that asked for it (RFC 6749, 4.1.3; RFC 7636, 4.6)."""
        grant = self.codes.pop(code, None)
        if grant is None or time.monotonic() - grant.made > _CODE_SECONDS:
            return None
        proof = _url64(hashlib.sha256(verifier.encode()).digest())
        fits = hmac.compare_digest(proof, grant.challenge) and (grant.client, grant.redirect) == (client, redirect)
        return grant if fits else None

    def device(self, grant: Grant) -> tuple[str, str]:
        """Begin a sign-in by code: the device code, and the code that a person types."""
        code = _kept(self.devices, grant)
        letters = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(9))
        self.typed[letters] = code
        return code, letters

    def refreshed(self, token: str, client: str) -> Grant | None:
        """Give what a refresh token stands for, unless it was revoked."""
        grant = self._refresh.get(token)
        return grant if grant is not None and grant.client == client and grant.login not in self._revoked else None

    def revoke(self, login: str) -> None:
        """End all sign-ins of a login: as a changed password does."""
        self._revoked.add(login)
        for token in [token for token, grant in self._refresh.items() if grant.login == login]:
            del self._refresh[token]

    def tokens(self, grant: Grant, *, refresh: bool = True) -> dict[str, Any]:
        """Give the answer of the token endpoint."""
        self._revoked.discard(grant.login)
        scope = self.granted if self.granted is not None else grant.scope
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "access_token": self.sign(grant.login, scope=scope, client=grant.client),
            "expires_in": int(self.lifetime),
            "scope": scope,
        }
        if refresh:
            answer["refresh_token"] = _kept(self._refresh, grant)
        if "openid" in grant.scope.split():
            who: dict[str, Any] = {"aud": grant.client, "preferred_username": grant.login, "tid": grant.tenant}
            if grant.nonce:
                who["nonce"] = grant.nonce
            answer["id_token"] = self.sign(grant.login, **who)
            answer["client_info"] = _url64(json.dumps({"uid": _id(grant.login), "utid": grant.tenant}).encode())
            answer["scope"] = " ".join(one for one in scope.split() if one not in {"openid", "profile", "offline_access"})
        return answer

    def sign(self, login: str, *, client: str = "", lifetime: float | None = None, **claims: Any) -> str:  # noqa: ANN401 - claims are of any kind
        """Sign a token for a login; a negative ``lifetime`` makes one that is over already."""
        now = int(time.time())
        ends = now + int(self.lifetime if lifetime is None else lifetime)
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        body = {
            "iss": self.url,
            "aud": "https://outlook.office.com",
            "sub": _id(login),
            "email": login,
            "iat": min(now, ends) - 60,
            "nbf": min(now, ends) - 60,
            "exp": ends,
            "jti": secrets.token_hex(8),
            **({"appid": client} if client else {}),
            **claims,
        }
        signed = f"{_url64(json.dumps(head).encode())}.{_url64(json.dumps(body).encode())}"
        return f"{signed}.{_url64(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def inspect(self, token: str) -> dict[str, Any] | None:
        """Give the claims of a token that is good now; ``None``: it is not."""
        try:
            head, body, signature = token.split(".")
            self._key.public_key().verify(_raw(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
            claims = json.loads(_raw(body))
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not good
            return None
        good = isinstance(claims, dict) and claims["exp"] > time.time() and claims["email"] not in self._revoked
        return claims if good else None


def _kept(where: dict[str, Grant], grant: Grant) -> str:
    if len(where) >= _MOST:
        where.pop(next(iter(where)))
    name = secrets.token_urlsafe(32)
    where[name] = grant
    return name


def _id(login: str) -> str:
    return hashlib.sha256(login.encode()).hexdigest()[:32]


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
