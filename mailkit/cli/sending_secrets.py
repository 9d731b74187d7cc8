"""The log-ins of a round of test mails: each account's password or sign-in, asked for once; and those of mailboxes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from mailkit.cli.password import password_book
from mailkit.errors import InputError
from mailkit.mail.account import Access, Account
from mailkit.mail.follow import needs_secret
from mailkit.mail.follow.mailbox import read_mailbox
from mailkit.mail.planned import Planned
from mailkit.secret import Secret

__all__ = ["LogIns", "log_ins", "signed_in"]


class LogIns:
    """What was given: accesses by account key, why there is none for the others, and the secrets of mailboxes by their name."""

    def __init__(self) -> None:
        self.accesses: dict[str, Access] = {}
        self.missing: dict[str, str] = {}
        self.boxes: dict[str, Secret] = {}


def log_ins(planned: Sequence[Planned], chosen: argparse.Namespace) -> LogIns:
    """Ask for every secret that is needed, once; blocking, and perhaps a conversation with a person.

    Raises:
        InputError: there is not one to work with, or a followed mailbox has none.
    """
    given = LogIns()
    accounts = {one.account.key: one.account for one in planned if one.way == "smtp" and one.account is not None}
    boxes = {box: read_mailbox(box) for box in chosen.follow or () if needs_secret(box)}
    asked = [account.login for account in accounts.values() if account.login is not None and not chosen.oauth]
    asked += [box.user for box in boxes.values() if not chosen.follow_password_env]
    book = password_book(chosen, list(dict.fromkeys(asked))) if asked else None
    for key, account in accounts.items():
        if account.login is None or chosen.oauth:
            given.accesses[key] = Access(account)
            continue
        assert book is not None
        try:
            given.accesses[key] = Access(account, book.secret_of(account.login, account.host))
        except InputError as error:
            given.missing[key] = str(error)
    if accounts and not given.accesses:
        more = f" (and {len(given.missing) - 1} more accounts)" if len(given.missing) > 1 else ""
        raise InputError(next(iter(given.missing.values())) + more)
    for name, box in boxes.items():
        if chosen.follow_password_env:
            from mailkit.signin.environment import Environment  # noqa: PLC0415 - only where it was asked for

            given.boxes[name] = Environment(chosen.follow_password_env).secret_of(box.user, box.host)
        else:
            assert book is not None
            given.boxes[name] = book.secret_of(box.user, box.host)
    return given


async def signed_in(accesses: Mapping[str, Access], chosen: argparse.Namespace) -> tuple[dict[str, Access], dict[str, str]]:
    """Sign every log-in in, one after the other; gives the accesses with their tokens, and why there is none for the others."""
    from mailkit.signin.failure import SignInFailed  # noqa: PLC0415 - only with --oauth
    from mailkit.signin.token_cache import TokenCache, own_folder  # noqa: PLC0415 - loaded when it is needed

    cache = TokenCache(own_folder())
    people: dict[str, Any] = {}
    found: dict[str, Access] = {}
    missing: dict[str, str] = {}
    for key, access in accesses.items():
        login = access.account.login
        if login is None:
            found[key] = access
            continue
        try:
            if login not in people:
                people[login] = await _sign_in(access.account, chosen, cache)
            found[key] = Access(replace(access.account, mechanism="XOAUTH2"), people[login].token)
        except SignInFailed as failed:
            missing[key] = str(failed)
    if not found and missing:
        raise InputError(next(iter(missing.values())))
    return found, missing


async def _sign_in(account: Account, chosen: argparse.Namespace, cache: Any) -> Any:  # noqa: ANN401 - the extra's own types
    if chosen.oauth == "google":
        from mailkit.signin.google import google  # noqa: PLC0415 - one of two

        return await google(account.login or "", client=chosen.oauth_client, cache=cache)
    from mailkit.signin.microsoft import microsoft  # noqa: PLC0415 - one of two

    return await microsoft(account.login or "", client_id=chosen.oauth_client, tenant=chosen.oauth_tenant, cache=cache)
