"""msal, held so that it can be used from an event loop: what blocks, what its answers mean, and where a sign-in is kept.

Used by :mod:`mailkit.signin.microsoft`, in threads. Whatever goes wrong inside becomes a finding here, so that no frame with a
token in it is left in what is raised.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.secret import Secret
from mailkit.signin.failure import refused
from mailkit.signin.redirect import Answer
from mailkit.signin.signed import Token
from mailkit.signin.token_cache import TokenCache
from mailkit.text import visible
from mailkit.version import __version__

__all__ = ["MICROSOFT", "AppEngine", "Begun", "PersonEngine", "Registration"]

MICROSOFT = "Microsoft"
_WAITING = frozenset({"authorization_pending", "slow_down"})


@dataclass(frozen=True, kw_only=True)
class Registration:
    """Who signs in, with which registered program, at which service, for what."""

    login: str
    client_id: str
    tenant: str
    scopes: tuple[str, ...]
    authority: str
    ca_file: str | os.PathLike[str] | None = None

    @property
    def url(self) -> str:
        """The organisation's address at the service."""
        return f"{self.authority.rstrip('/')}/{self.tenant}"

    @property
    def host(self) -> str:
        """The service's name."""
        return urlsplit(self.authority).hostname or self.authority

    def refused(self, answer: Mapping[str, Any] | None = None, *, code: str | None = None, **more: Any) -> Finding:  # noqa: ANN401 - evidence
        """Say what an answer means for this sign-in."""
        facts = {"client_id": self.client_id, "tenant": self.tenant, "scopes": list(self.scopes), "host": self.host}
        return refused(self.login, MICROSOFT, answer, code=code, **facts | more)


class Begun:
    """A sign-in by code: what to show, and how long to ask."""

    def __init__(self, flow: Mapping[str, Any]) -> None:
        self.url = str(flow["verification_uri"])
        self.code = visible(str(flow["user_code"]))
        self.interval = max(1.0, float(flow.get("interval", 5)))
        self.seconds = float(flow.get("expires_in", 900))


class _Engine:
    """What both kinds of program share."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self._app: Any = None

    def _settings(self) -> dict[str, Any]:
        try:
            import msal  # noqa: PLC0415 - an extra
            import requests  # noqa: PLC0415 - comes with it
            from msal.authority import WELL_KNOWN_AUTHORITY_HOSTS  # noqa: PLC0415 - loaded when it is needed

            from mailkit.signin import transport  # noqa: PLC0415 - needs requests
        except ImportError:
            raise InputError("signing in at Microsoft needs an extra; pip install 'maestro-mailkit[oauth]'") from None
        transport.quiet()
        return {
            "authority": self.registration.url,
            # Microsoft is asked whether it knows a sign-in service only where it can be one of its own.
            "instance_discovery": None if self.registration.host in WELL_KNOWN_AUTHORITY_HOSTS else False,
            "http_client": transport.adapted(requests.Session(), self.registration.ca_file),
            "app_name": "mailkit",
            "app_version": __version__,
            "token_cache": msal.SerializableTokenCache(),
        }

    def _tried(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - the library's answers are dictionaries of any kind
        """Call the library; an error becomes a finding."""
        from mailkit.signin.transport import reason  # noqa: PLC0415 - needs requests

        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the library lets errors of requests, json and its own through
            if isinstance(error, ValueError) and "authority configuration" in str(error):
                return self.registration.refused(code="signin.tenant-unknown")
            said, variant = reason(error)
        return self.registration.refused(code="signin.unreachable", variant=variant, said=said)

    def _token(self, answer: Mapping[str, Any] | Finding, who: str | None = None) -> Token | Finding:
        """Judge an answer of the token endpoint."""
        if isinstance(answer, Finding):
            return answer
        if not isinstance(answer.get("access_token"), str):
            return self.registration.refused(answer)
        who = (answer.get("id_token_claims") or {}).get("preferred_username") or who
        expires = datetime.now(UTC) + timedelta(seconds=float(answer.get("expires_in") or 0))
        return Token(Secret(answer["access_token"]), expires, visible(str(who)) if who else None)


class PersonEngine(_Engine):
    """A person's sign-in."""

    def __init__(self, registration: Registration, store: TokenCache) -> None:
        super().__init__(registration)
        self._store = store
        self._key = f"microsoft {registration.url} {registration.client_id} {registration.login.lower()}"
        self._tokens: Any = None
        self._flow: dict[str, Any] = {}

    def begin(self) -> Token | Finding:
        """Make the library's object, with what was kept, and try without asking."""
        settings = self._settings()
        import msal  # noqa: PLC0415 - an extra

        self._tokens = settings["token_cache"]
        if kept := self._store.load(self._key):
            self._tried(lambda: self._tokens.deserialize(kept.reveal()))
        app = self._tried(lambda: msal.PublicClientApplication(self.registration.client_id, **settings))
        if isinstance(app, Finding):
            return app
        self._app = app
        return self.fresh()

    def fresh(self) -> Token | Finding:
        """Give a token without asking."""
        accounts = self._tried(self._app.get_accounts)
        if isinstance(accounts, Finding):
            return accounts
        if not accounts:
            return self.registration.refused(code="signin.needs-person")
        # What is kept under one key is one person's sign-in.
        one, scopes = accounts[0], list(self.registration.scopes)
        answer = self._tried(lambda: self._app.acquire_token_silent_with_error(scopes, one))
        return self._kept(answer, one.get("username")) if answer else self.registration.refused(code="signin.needs-person")

    def forget(self) -> None:
        """Remove the sign-in."""
        for account in self._app.get_accounts():
            self._app.remove_account(account)
        self._store.forget(self._key)

    def ask_code(self, redirect: str) -> tuple[str, str]:
        """Give the address for the browser, and the state its answer will carry."""
        self._flow = self._app.initiate_auth_code_flow(
            list(self.registration.scopes), redirect_uri=redirect, login_hint=self.registration.login, response_mode="form_post"
        )
        return self._flow["auth_uri"], self._flow["state"]

    def redeem(self, answer: Answer) -> Token | Finding:
        """Exchange the browser's answer for a token."""
        if "error" in answer:
            return self.registration.refused(answer)
        flow, self._flow = self._flow, {}
        return self._kept(self._tried(lambda: self._app.acquire_token_by_auth_code_flow(flow, dict(answer))))

    def ask_device(self) -> Begun | Finding:
        """Begin a sign-in by code."""
        flow = self._tried(lambda: self._app.initiate_device_flow(list(self.registration.scopes)))
        if isinstance(flow, Finding):
            return flow
        if "user_code" not in flow:
            return self.registration.refused(flow, variant="device")
        self._flow = flow
        return Begun(flow)

    def poll(self) -> Token | Finding | None:
        """Ask once whether the person has finished; ``None``: not yet."""
        answer = self._tried(lambda: self._app.acquire_token_by_device_flow(self._flow, exit_condition=lambda _flow: True))
        if not isinstance(answer, Finding) and answer.get("error") in _WAITING:
            return None
        self._flow = {}
        if not isinstance(answer, Finding) and "error" in answer:
            return self.registration.refused(answer, variant="device")
        return self._kept(answer)

    def _kept(self, answer: Mapping[str, Any] | Finding, who: str | None = None) -> Token | Finding:
        """Judge an answer, and keep the sign-in where the token is good for all that was wanted."""
        got = self._token(answer, who)
        if isinstance(got, Finding) or isinstance(answer, Finding):
            return got
        granted = str(answer.get("scope", "")).split()
        if granted and _names(self.registration.scopes) - _names(granted):
            return self.registration.refused(code="signin.scope-missing", granted=granted)
        if self._tokens.has_state_changed:
            self._store.save(self._key, Secret(self._tokens.serialize()))
            self._tokens.has_state_changed = False
        return got


def _names(scopes: tuple[str, ...] | list[str]) -> set[str]:
    """Give the permissions without the service's address before them, which is written in several ways."""
    return {scope.rpartition("/")[2].lower() for scope in scopes}


class AppEngine(_Engine):
    """A program's own sign-in (client credentials, RFC 6749, 4.4)."""

    def __init__(self, registration: Registration, secret: Secret) -> None:
        super().__init__(registration)
        self._secret = secret

    def fresh(self) -> Token | Finding:
        """Give a token."""
        if self._app is None:
            settings = self._settings()
            import msal  # noqa: PLC0415 - an extra

            name = self.registration.client_id
            app = self._tried(
                lambda: msal.ConfidentialClientApplication(name, client_credential=self._secret.reveal(), **settings)
            )
            if isinstance(app, Finding):
                return app
            self._app = app
        return self._token(self._tried(lambda: self._app.acquire_token_for_client(list(self.registration.scopes))))

    def forget(self) -> None:
        """Nothing is kept."""
        self._app = None
