"""Signing in at Google for mail: a token for SMTP and IMAP. google-auth-oauthlib and google-auth do the work.

In the Google Cloud console of the organisation: a project with the Gmail API, the consent screen (Internal for a Workspace), and
a client of the type *Desktop app*; its ``client_secret.json`` goes in here. The mail scope cannot be had with a device code, so
the browser has to be on the same machine, or the address at which it ends is pasted (:meth:`mailkit.signin.ask.Ask.paste`).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.secret import Secret
from mailkit.signin.ask import Ask, Show, in_browser, shown
from mailkit.signin.failure import SignInFailed, refused
from mailkit.signin.redirect import Answer, Redirect
from mailkit.signin.signed import SignedIn, Token, in_thread
from mailkit.signin.token_cache import TokenCache

__all__ = ["MAIL", "google"]

MAIL = "https://mail.google.com/"
"""The one scope that SMTP and IMAP take; ``gmail.send`` does not work for SMTP."""

_GOOGLE = "Google"


async def google(
    login: str,
    *,
    client: Mapping[str, Any] | str | os.PathLike[str],
    show: Show | None = in_browser,
    cache: TokenCache | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    deadline: float = 300.0,
) -> SignedIn:
    """Sign ``login`` in; without asking where an earlier sign-in still counts.

    Args:
        login: the mailbox's address.
        client: the content of ``client_secret.json`` of a desktop client, or the file's name. It names the service's addresses.
        show: is given what the person has to do; ``None``: nobody can be asked.
        cache: where the sign-in is kept; in memory when not given.
        ca_file: PEM file of authorities to trust instead of the machine's.
        deadline: seconds the person has.

    Raises:
        SignInFailed: with a finding that says why and who acts.
        InputError: the client is not that of a desktop program, or the libraries are not installed.
    """
    store = cache or TokenCache()
    engine = _Engine(login, await asyncio.to_thread(_program, client), ca_file, store)
    del client  # its secret is in no frame that an error passes through
    got = await in_thread(engine.begin, login, _GOOGLE)
    if isinstance(got, Finding) and got.code in {"signin.needs-person", "signin.expired"}:
        if show is None:
            raise SignInFailed(engine.refused(code="signin.needs-person", because=got.code))
        got = await _by_browser(engine, show, deadline)
    if isinstance(got, Finding):
        raise SignInFailed(got)
    return SignedIn(login, _GOOGLE, got, engine, store.note)


async def _by_browser(engine: _Engine, show: Show, deadline: float) -> Token | Finding:
    try:
        async with asyncio.timeout(deadline), Redirect("127.0.0.1") as page:
            url, state = await in_thread(lambda: engine.ask_code(page.url), engine.login, _GOOGLE)
            until = datetime.now(UTC) + timedelta(seconds=deadline)
            page.expect(state)
            await shown(show, Ask(engine.login, url, until, take=page.take))
            answer = await page.answer()
    except TimeoutError:
        return engine.refused(code="signin.timeout")
    return await in_thread(lambda: engine.redeem(answer), engine.login, _GOOGLE)


@dataclass(frozen=True)
class _Program:
    """A registered desktop program. Its secret is none by Google's own words, and is kept out of sight all the same."""

    client_id: str
    client_secret: Secret
    auth_uri: str
    token_uri: str


def _program(client: Mapping[str, Any] | str | os.PathLike[str]) -> _Program:
    wrong = (
        "this is not the client_secret.json of a desktop client; make one in the Google Cloud console: OAuth client, Desktop app"
    )
    if not isinstance(client, Mapping):
        try:
            client = json.loads(Path(client).read_text("utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            raise InputError(f"the file of the Google client cannot be read; {wrong}") from None
    found = client.get("installed") if isinstance(client, Mapping) else None
    names = ("client_id", "client_secret", "auth_uri", "token_uri")
    if not isinstance(found, Mapping) or not all(isinstance(found.get(name), str) and found[name] for name in names):
        raise InputError(wrong)
    if not all(str(found[name]).startswith("https://") for name in ("auth_uri", "token_uri")):
        raise InputError(f"an address in the Google client does not begin with https://; {wrong}")
    return _Program(found["client_id"], Secret(found["client_secret"]), found["auth_uri"], found["token_uri"])


class _Engine:
    """The two libraries, used in threads; whatever goes wrong inside becomes a finding here."""

    def __init__(self, login: str, program: _Program, ca_file: str | os.PathLike[str] | None, store: TokenCache) -> None:
        self.login = login
        self._program = program
        self._ca_file = ca_file
        self._store = store
        self._key = f"google {program.auth_uri} {program.client_id} {login.lower()}"
        self._credentials: Any = None
        self._flow: Any = None

    def refused(
        self,
        answer: Mapping[str, Any] | None = None,
        *,
        code: str | None = None,
        variant: str | None = "google",
        **more: Any,  # noqa: ANN401 - evidence is of any kind
    ) -> Finding:
        """Say what an answer means for this sign-in."""
        facts = {"client_id": self._program.client_id, "scopes": [MAIL], "host": urlsplit(self._program.token_uri).hostname}
        return refused(self.login, _GOOGLE, answer, code=code, variant=variant, **facts | more)

    def begin(self) -> Token | Finding:
        """Try with what was kept."""
        try:
            from google.oauth2.credentials import Credentials  # noqa: PLC0415 - an extra

            from mailkit.signin import transport  # noqa: PLC0415 - needs requests
        except ImportError:
            raise InputError("signing in at Google needs an extra; pip install 'maestro-mailkit[oauth]'") from None
        transport.quiet()
        kept = self._store.load(self._key)
        if not kept:
            return self.refused(code="signin.needs-person")
        self._credentials = Credentials(  # type: ignore[no-untyped-call]  # untyped there
            None,
            refresh_token=kept.reveal(),
            token_uri=self._program.token_uri,
            client_id=self._program.client_id,
            client_secret=self._program.client_secret.reveal(),
            scopes=[MAIL],
        )
        return self.fresh()

    def fresh(self) -> Token | Finding:
        """Give a token without asking."""
        from google.auth.transport.requests import Request  # noqa: PLC0415 - an extra
        from requests import Session  # noqa: PLC0415 - comes with it

        from mailkit.signin.transport import adapted  # noqa: PLC0415 - needs requests

        credentials = self._credentials
        session = adapted(Session(), self._ca_file)
        failed = self._tried(lambda: credentials.refresh(Request(session)))
        return failed or self._kept()

    def forget(self) -> None:
        """Remove the sign-in."""
        self._store.forget(self._key)
        self._credentials = None

    def ask_code(self, redirect: str) -> tuple[str, str]:
        """Give the address for the browser, and the state its answer will carry."""
        from google_auth_oauthlib.flow import InstalledAppFlow  # noqa: PLC0415 - an extra

        from mailkit.signin.transport import adapted  # noqa: PLC0415 - needs requests

        settings = {
            "client_id": self._program.client_id,
            "client_secret": self._program.client_secret.reveal(),
            "auth_uri": self._program.auth_uri,
            "token_uri": self._program.token_uri,
        }
        self._flow = InstalledAppFlow.from_client_config({"installed": settings}, [MAIL], redirect_uri=redirect)
        adapted(self._flow.oauth2session, self._ca_file)
        # Without prompt=consent a second sign-in with the same program gets no refresh token.
        url, state = self._flow.authorization_url(login_hint=self.login, prompt="consent")
        return url, state

    def redeem(self, answer: Answer) -> Token | Finding:
        """Exchange the browser's answer for a token."""
        if "error" in answer:
            return self.refused(answer)
        flow, self._flow = self._flow, None
        if failed := self._tried(lambda: flow.fetch_token(code=answer["code"])):
            return failed
        self._credentials = flow.credentials
        return self._kept()

    def _kept(self) -> Token:
        """Keep what a new run needs, and give the token."""
        if self._credentials.refresh_token:
            self._store.save(self._key, Secret(self._credentials.refresh_token))
        expires: datetime | None = self._credentials.expiry  # without a zone, in UTC
        return Token(Secret(self._credentials.token), (expires or datetime.now(UTC)).replace(tzinfo=UTC))

    def _tried(self, call: Callable[[], object]) -> Finding | None:
        """Call a library; ``None``: it went well."""
        from google.auth.exceptions import RefreshError  # noqa: PLC0415 - an extra
        from oauthlib.oauth2 import OAuth2Error  # noqa: PLC0415 - comes with it

        from mailkit.signin.transport import reason  # noqa: PLC0415 - needs requests

        try:
            call()
        except OAuth2Error as error:
            return self.refused({"error": error.error, "error_description": error.description})
        except RefreshError as error:
            details = error.args[1] if len(error.args) > 1 else None
            return self.refused(
                details if isinstance(details, Mapping) else {"error": "", "error_description": str(error.args[0])}
            )
        except Warning as error:  # what oauthlib raises when other scopes were granted than asked for
            return self.refused(code="signin.scope-missing", granted=list(getattr(error, "new_scope", ())))
        except Exception as error:  # noqa: BLE001 - the libraries let errors of requests and json through
            said, variant = reason(error.__cause__ or error)
            return self.refused(code="signin.unreachable", said=said, variant=variant)
        return None
