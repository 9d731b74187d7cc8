"""What a person has to do to sign in: open an address, and perhaps type a code there."""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from collections.abc import Awaitable, Callable
from datetime import datetime

from mailkit.errors import InputError
from mailkit.text import visible

__all__ = ["Ask", "Show", "in_browser", "shown"]


class Ask:
    """One request to the person who signs in.

    Attributes:
        login: whose sign-in it is.
        url: the address to open in a browser. It holds no secret.
        code: what to type there; ``None``: nothing, the browser comes back by itself.
        until: when it is too late.
    """

    def __init__(
        self, login: str, url: str, until: datetime, *, code: str | None = None, take: Callable[[str], bool] | None = None
    ) -> None:
        self.login = login
        self.url = url
        self.until = until
        self.code = code
        self._take = take

    def paste(self, address: str) -> None:
        """Give the address at which the browser ended, when it runs on another machine and could not come back (Google only).

        Raises:
            InputError: it is not that address, or the answer is in no address: at Microsoft a code is typed instead.
        """
        if self._take is None:
            raise InputError("this sign-in has no address to paste; sign in with a code instead")
        if not self._take(address):
            raise InputError("that is not the address at which the sign-in ended; copy the whole line, from http:// on")


Show = Callable[[Ask], Awaitable[None] | None]
"""Shows the request; called on the event loop, and awaited where it returns something to wait for."""


async def shown(show: Show, ask: Ask) -> None:
    """Show a request, and wait for that where it takes time."""
    if (waiting := show(ask)) is not None:
        await waiting


async def in_browser(ask: Ask) -> None:
    """Say on standard error what to do, and open the address in this machine's browser where there is one."""
    print(f"Sign in as {visible(ask.login)}: {visible(ask.url)}", file=sys.stderr)  # noqa: T201 - this is how a terminal is told
    if ask.code is not None:
        print(f"Code to type there: {ask.code}", file=sys.stderr)  # noqa: T201 - it talks to a person at a terminal
    await asyncio.to_thread(_open, ask.url)


def _open(url: str) -> None:
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return  # the address stands on the terminal
    if not url.startswith("https://"):
        return
    if not isinstance(browser, webbrowser.GenericBrowser) or isinstance(browser, webbrowser.BackgroundBrowser):
        browser.open(url)  # a browser in the terminal (lynx, w3m) would write over everything and cannot run the page
