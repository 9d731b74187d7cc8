"""The person who signs in, and the person's browser: opens the page, types, and follows it back to the program."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from mailkit.signin.ask import Ask


class _Form(HTMLParser):
    """The first form of a page: where it goes, and its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.found = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found, self.action = True, given.get("action")
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]


class Person:
    """Signs in with a user name and a password; ``browser`` is given to a sign-in as ``show``.

    Attributes:
        asked: what was asked of the person.
        pages: what the browser showed last.
        ended: the address at which it ended.
    """

    def __init__(self, ca_file: Path, user: str, password: str, do: str = "sign-in") -> None:
        self.asked: list[Ask] = []
        self.pages: list[str] = []
        self.ended = ""
        self.ca_file, self.do = ca_file, do
        self._user, self._password = user, password
        self._acting: set[asyncio.Task[None]] = set()

    def browser(self, ask: Ask) -> None:
        """Open the address and act, while the sign-in waits."""
        self.asked.append(ask)
        task = asyncio.get_running_loop().create_task(asyncio.to_thread(self._act, ask))  # type: ignore[arg-type]  # a coroutine
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)

    def _act(self, ask: Ask) -> None:
        with requests.Session() as session:
            session.verify = str(self.ca_file)
            session.trust_env = False
            page = session.get(ask.url, timeout=10)
            form = _Form(page.text)
            if not form.found:
                self.pages.append(page.text)
                return
            typed = {"user": self._user, "password": self._password, "do": self.do}
            if ask.code is not None:
                typed["code"] = ask.code
            page = session.post(ask.url, data=form.fields | typed, timeout=10, allow_redirects=False)
            if page.is_redirect:
                self.ended = page.headers["Location"]
                page = session.get(self.ended, timeout=10)
            elif (back := _Form(page.text)).found and back.action:
                self.ended = urljoin(ask.url, back.action)
                page = session.post(self.ended, data=back.fields, timeout=10)
            self.pages.append(page.text)


def asked_for(url: str) -> dict[str, str]:
    """Return the fields of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
