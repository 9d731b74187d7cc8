"""Signing the accounts of a round in, one after the other; what a person has to do is told as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from mailkit.mail.account import Access, Account
from mailkit.panels.send.happening import Happening, Said, SignIn
from mailkit.panels.send.options import Options
from mailkit.signin.ask import Ask, Show

__all__ = ["signing"]


async def signing(options: Options, accesses: dict[str, Access]) -> AsyncGenerator[Happening, None]:
    """Put the token of each sign-in into ``accesses``; who could not be signed in has none there, and why is told."""
    from mailkit.signin.failure import SignInFailed  # noqa: PLC0415 - only where somebody signs in
    from mailkit.signin.token_cache import TokenCache, own_folder  # noqa: PLC0415 - loaded when it is needed

    cache = await asyncio.to_thread(lambda: TokenCache(own_folder()))
    people: dict[str, Any] = {}
    for key, access in list(accesses.items()):
        account = access.account
        if account.login is None:
            continue
        if account.login not in people:
            asks: asyncio.Queue[Ask | None] = asyncio.Queue()
            task = asyncio.create_task(_sign_in(options, account, cache, asks.put))
            task.add_done_callback(lambda _, asks=asks: asks.put_nowait(None))  # type: ignore[misc]  # mypy: a lambda's default
            try:
                while (ask := await asks.get()) is not None:
                    yield SignIn(login=ask.login, url=ask.url, code=ask.code)
                people[account.login] = await task
            except SignInFailed as failed:
                people[account.login] = None
                yield Said(text=str(failed))
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError, SignInFailed):
                    await task
        if (person := people[account.login]) is not None:
            accesses[key] = Access(replace(account, mechanism="XOAUTH2"), person.token)


async def _sign_in(options: Options, account: Account, cache: Any, show: Show) -> Any:  # noqa: ANN401 - the extra's own types
    login, client = account.login or "", options.client.strip()
    if options.login == "google":
        from mailkit.signin.google import google  # noqa: PLC0415 - one of two

        return await google(login, client=client, cache=cache, show=show)
    from mailkit.signin.microsoft import microsoft  # noqa: PLC0415 - one of two

    return await microsoft(
        login,
        client_id=client,
        tenant=options.tenant.strip() or "organizations",
        flow="device" if options.login == "microsoft-code" else "browser",
        cache=cache,
        show=show,
    )
