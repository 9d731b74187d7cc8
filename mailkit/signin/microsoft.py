"""Signing in at Microsoft (Entra ID) for mail: a token for SMTP, and for IMAP where mail is followed.

The organisation's administrator registers a program once: Entra > App registrations > New; platform *Mobile and desktop
applications* with the redirect address ``http://localhost``; *Allow public client flows*: Yes; API permissions: *Office 365
Exchange Online*, delegated, ``SMTP.Send`` (and ``IMAP.AccessAsUser.All``). Its client id and tenant go in here. SMTP AUTH must
be switched on for the mailbox as well: a token does not replace that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Literal

from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.secret import Secret
from mailkit.signin.ask import Ask, Show, in_browser, shown
from mailkit.signin.entra import MICROSOFT, AppEngine, PersonEngine, Registration
from mailkit.signin.failure import SignInFailed
from mailkit.signin.redirect import Redirect
from mailkit.signin.signed import SignedIn, Token, in_thread
from mailkit.signin.token_cache import TokenCache
from mailkit.text import visible

__all__ = ["AUTHORITY", "IMAP", "SMTP", "microsoft", "microsoft_app"]

AUTHORITY = "https://login.microsoftonline.com"
SMTP = "https://outlook.office.com/SMTP.Send"
IMAP = "https://outlook.office.com/IMAP.AccessAsUser.All"

_APP_SCOPE = "https://outlook.office365.com/.default"
_PERSON_HELPS = frozenset(
    {"signin.needs-person", "signin.expired", "signin.second-factor", "signin.consent", "signin.policy", "signin.scope-missing"}
)


async def microsoft(
    login: str,
    *,
    client_id: str,
    tenant: str = "organizations",
    scopes: Collection[str] = (SMTP,),
    flow: Literal["browser", "device"] = "browser",
    show: Show | None = in_browser,
    cache: TokenCache | None = None,
    authority: str = AUTHORITY,
    ca_file: str | os.PathLike[str] | None = None,
    deadline: float = 300.0,
) -> SignedIn:
    """Sign ``login`` in; without asking where an earlier sign-in still counts.

    Args:
        login: the mailbox's address or sign-in name.
        client_id: Application (client) ID of the registered program.
        tenant: the organisation's id or a domain of it; ``organizations``: the login tells; ``consumers``: Outlook.com.
        scopes: what the token is for: :data:`SMTP`, and :data:`IMAP` to follow mail.
        flow: ``browser`` comes back by itself; ``device`` shows a code to type on any machine, which many organisations block.
        show: is given what the person has to do; ``None``: nobody can be asked.
        cache: where the sign-in is kept; in memory when not given.
        authority: another sign-in service of the same kind (national clouds, practice).
        ca_file: PEM file of authorities to trust for that instead of the machine's.
        deadline: seconds the person has.

    Raises:
        SignInFailed: with a finding that says why and who acts.
        InputError: the client id or tenant cannot be one, or the libraries are not installed.
    """
    registration = _registration(login, client_id, tenant, tuple(scopes), authority, ca_file)
    store = cache or TokenCache()
    engine = PersonEngine(registration, store)
    got = await in_thread(engine.begin, login, MICROSOFT)
    if isinstance(got, Finding) and got.code in _PERSON_HELPS:
        if show is None:
            raise SignInFailed(registration.refused(code="signin.needs-person", because=got.code))
        got = await (_by_browser if flow == "browser" else _by_device)(engine, show, deadline)
    if isinstance(got, Finding):
        raise SignInFailed(got)
    return SignedIn(login, MICROSOFT, got, engine, store.note)


async def microsoft_app(
    login: str,
    *,
    client_id: str,
    client_secret: Secret,
    tenant: str,
    authority: str = AUTHORITY,
    ca_file: str | os.PathLike[str] | None = None,
) -> SignedIn:
    """Sign the program itself in, to send as ``login`` without a person (application permission ``SMTP.SendAsApp``).

    The administrator also has to let it into the mailbox: ``New-ServicePrincipal`` and ``Add-MailboxPermission`` in Exchange
    Online PowerShell. Arguments and errors are those of :func:`microsoft`; ``client_secret`` is the value of the secret.
    """
    engine = AppEngine(_registration(login, client_id, tenant, (_APP_SCOPE,), authority, ca_file), client_secret)
    got = await in_thread(engine.fresh, login, MICROSOFT)
    if isinstance(got, Finding):
        raise SignInFailed(got)
    return SignedIn(login, MICROSOFT, got, engine, "The program signs in by itself; nothing is kept.")


async def _by_browser(engine: PersonEngine, show: Show, deadline: float) -> Token | Finding:
    """Authorization code with PKCE (RFC 7636), answered as a form, so that no code is left in the browser's history."""
    login = engine.registration.login
    try:
        async with asyncio.timeout(deadline), Redirect() as page:
            url, state = await in_thread(lambda: engine.ask_code(page.url), login, MICROSOFT)
            page.expect(state)
            await shown(show, Ask(login, url, _until(deadline)))
            answer = await page.answer()
    except TimeoutError:
        return engine.registration.refused(code="signin.timeout")
    return await in_thread(lambda: engine.redeem(answer), login, MICROSOFT)


async def _by_device(engine: PersonEngine, show: Show, deadline: float) -> Token | Finding:
    """Device code (RFC 8628); polled here and not in the library, so that cancelling ends it."""
    login = engine.registration.login
    begun = await in_thread(engine.ask_device, login, MICROSOFT)
    if isinstance(begun, Finding):
        return begun
    seconds = min(deadline, begun.seconds)
    try:
        async with asyncio.timeout(seconds):
            await shown(show, Ask(login, begun.url, _until(seconds), code=begun.code))
            while True:
                await asyncio.sleep(begun.interval)
                if (got := await in_thread(engine.poll, login, MICROSOFT)) is not None:
                    return got
    except TimeoutError:
        return engine.registration.refused(code="signin.timeout")


def _until(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _registration(  # noqa: PLR0917 - called twice, with the same six
    login: str, client_id: str, tenant: str, scopes: tuple[str, ...], authority: str, ca_file: str | os.PathLike[str] | None
) -> Registration:
    if not _is_word(client_id):
        raise InputError(
            "signing in needs the client id of a program that the organisation has registered "
            "(Entra > App registrations > Application (client) ID)"
        )
    if not _is_word(tenant):
        raise InputError(
            f"the tenant {visible(tenant)!r} is not usable; give the tenant id or a domain such as hotel.example.com"
        )
    if not authority.startswith("https://"):
        raise InputError(f"the sign-in service {visible(authority)!r} is not usable; give an address that begins with https://")
    return Registration(login=login, client_id=client_id, tenant=tenant, scopes=scopes, authority=authority, ca_file=ca_file)


def _is_word(text: str) -> bool:
    return bool(text) and all(one.isalnum() or one in "-." for one in text)
