"""A program that signs in and tests passwords in every way, with everything switched on that writes.

That is: debug logs, asyncio's debug mode, tracebacks with the values of all variables, and the repr of every object. Run by
``test_leaks.py``, which looks for secrets afterwards.

Standard input: rows of login and password. Standard output: a JSON line for each request to the person who signs in, and for each
pause, which ends when a file of that name appears.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mailkit.mail.account import Access, Account
from mailkit.signin.ask import Ask
from mailkit.signin.entry import check_entry
from mailkit.signin.environment import Environment
from mailkit.signin.google import google
from mailkit.signin.keyring import Keyring
from mailkit.signin.microsoft import microsoft, microsoft_app
from mailkit.signin.own import read_case, write_result
from mailkit.signin.own_attempt import try_own
from mailkit.signin.stream import from_stream
from mailkit.signin.token_cache import TokenCache, own_folder


def show(ask: Ask) -> None:
    say({"login": ask.login, "url": ask.url, "code": ask.code})
    told(ask)


def say(document: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(document)}\n")
    sys.stdout.flush()


async def pause(name: str) -> None:
    say({"pause": name})
    while not await asyncio.to_thread(Path(name).exists):  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.05)


def told(*things: object) -> None:
    """Print all there is to see of a thing."""
    for thing in things:
        sys.stderr.write(f"{thing!r} {thing} {vars(thing) if hasattr(thing, '__dict__') else ''}\n")


async def failing(act: Callable[[], Awaitable[Any]] | Callable[[], Any], words: str) -> None:
    """Do what has to fail, and print everything about it."""
    try:
        done = act()
        if isinstance(done, Awaitable):
            await done
    except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
        sys.stderr.write("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
        one: BaseException | None = error
        while one is not None:  # also what is not shown, but reachable for a debugger
            for frame, _ in traceback.walk_tb(one.__traceback__):
                if frame.f_code.co_filename != __file__:
                    told(*frame.f_locals.values())
            told(one)
            one = one.__cause__ or one.__context__
        return
    raise AssertionError(f"this was to fail: {words}")


async def main(settings: dict[str, Any]) -> None:
    logins = settings["logins"]
    book = from_stream(logins)
    variables = Environment("MARKED_{user}")
    secrets = [book.secret_of(logins[0]), variables.secret_of(logins[0])]
    told(book, variables, *secrets, check_entry(*secrets, login=logins[0]), check_entry(secrets[0], None, login=logins[0]))
    await failing(lambda: book.secret_of("nobody@hotel.test"), "no row")
    await failing(lambda: variables.secret_of("nobody@hotel.test"), "no variable")
    await failing(lambda: Keyring().remember(logins[0], None, secrets[0]), "no keyring")

    cache = await asyncio.to_thread(TokenCache, own_folder())
    told(cache)
    at: dict[str, Any] = {"tenant": "practice", "authority": settings["url"], "ca_file": settings["ca_file"], "deadline": 20}
    program: dict[str, Any] = {"client_id": "practice-desktop", **at}
    signed = await microsoft(logins[0], show=show, cache=cache, **program)
    again = await microsoft(logins[0], show=None, cache=cache, **program)
    by_code = await microsoft(logins[0], flow="device", show=show, **program)
    other = await google(logins[0], client=settings["google"], ca_file=settings["ca_file"], show=show, cache=cache, deadline=20)
    del at["deadline"]
    service = await microsoft_app(logins[0], client_id="practice-service", client_secret=book.secret_of("practice-service"), **at)
    account = Account(host="mail.hotel.test", port=587, login=logins[0])
    for one in (signed, again, by_code, other, service):
        told(one, one._engine, one._token, await one.token(), Access(account, one.token))
    await failing(lambda: microsoft(logins[1], show=show, **program), "a second factor is wanted")
    await failing(lambda: microsoft_app(logins[0], client_id="practice-service", client_secret=secrets[0], **at), "wrong secret")
    await pause("revoke")
    for one in (signed, other):
        await failing(one.token, "the sign-in was ended")

    case = await asyncio.to_thread(read_case, Path(settings["case"]))
    for secret in secrets:
        result = await try_own(case, secret, ca_file=settings["ca_file"])
        told(result)
        await asyncio.to_thread(write_result, result, Path("own.result.json"), secret)
    await pause("look")


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, filename="debug.log")
    asyncio.run(main(json.loads(sys.argv[1])), debug=True)
