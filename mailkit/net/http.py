"""One page fetched over HTTPS from somebody who is not trusted: little, soon, and only behind a certificate that holds.

The name is looked up by :mod:`mailkit.net.names`, the connection is a :class:`~mailkit.net.wire.Wire`, the certificate is judged
by the trust anchors of :mod:`mailkit.net.tls`, as everywhere here; h11 speaks HTTP. Nothing is ever asked over plain HTTP, and
the request is not sent before the certificate was found good. How it went is a status, as with the answers of the name service.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

import h11
import idna

from mailkit.address import is_address
from mailkit.errors import ConnectFailed, Dropped, NetworkError, ProtocolViolation, TimedOut, TlsFailed
from mailkit.net.clock import Clock
from mailkit.net.names import Resolver
from mailkit.net.tls import TlsClient, TrustStore
from mailkit.net.wire import Wire
from mailkit.observation import TlsFacts
from mailkit.text import shorten, visible

__all__ = ["FetchStatus", "Page", "Web"]

FetchStatus = Literal[
    "found",  # a page came
    "not-found",  # the name has no address, or the server has no such page (404, 410)
    "timeout",
    "deadline",  # the total time was over
    "refused",  # nobody listens there
    "unreachable",  # no way to that network from here
    "no-resolver",
    "server-failure",  # the name service failed, or the web server (5xx)
    "certificate",  # it does not hold for this name
    "tls",
    "redirect",  # to plain HTTP, to an address, in a circle, or too often
    "too-large",
    "malformed",  # what came is not HTTP, or the connection broke off
    "denied",  # the server does not give it (any other status)
]

LARGEST = 256 * 1024
"""Bytes of a page; a real autoconfig file has some 3,000."""
_HEAD = 32 * 1024
_REDIRECTS = 3
_ADDRESSES = 4
_CONNECT = 4.0
"""Seconds for one address, so that a dead one does not use up the time of the others."""

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_TARGET = re.compile(r"/[!-~]*")


@dataclass(frozen=True, kw_only=True)
class Page:
    """What became of one fetch. ``text`` is harmless, ``body`` is not."""

    status: FetchStatus
    body: bytes = b""
    code: int | None = None
    """The HTTP status."""
    text: str | None = None
    """Why there is no page, in plain words."""
    redirects: tuple[str, ...] = ()
    """The addresses that were followed after the first."""


class Web:
    """Fetch pages.

    Args:
        clock: the run's time.
        resolver: looks names up.
        trust: the trust anchors.
        limit: seconds for one page, with everything that it takes.
    """

    def __init__(self, clock: Clock, resolver: Resolver, trust: TrustStore, *, limit: float) -> None:
        self.clock = clock
        self.resolver = resolver
        self._trust = trust
        self._limit = limit

    async def fetch(self, url: str) -> Page:
        """Fetch one page, following a few redirects, none of which may leave HTTPS. Never raises but for cancelling."""
        try:
            return await self.clock.wait(self._follow(url), self._limit)
        except TimedOut as error:
            return _late(error)

    async def _follow(self, url: str) -> Page:
        seen: list[str] = []
        while True:
            place = _place(url)
            if isinstance(place, str):
                text = f"it leads to {place}; not followed" if seen else f"this is {place}"
                return Page(status="redirect" if seen else "malformed", text=text, redirects=tuple(seen))
            page, location = await self._get(place)
            page = replace(page, redirects=tuple(seen))
            if location is None:
                return page
            url = _joined(url, location)
            if url in seen or len(seen) == _REDIRECTS:
                return replace(page, status="redirect", text="the server sends whoever asks from page to page without an end")
            seen.append(shorten(visible(url), 300))

    async def _get(self, place: SplitResult) -> tuple[Page, str | None]:
        host, port = place.hostname or "", place.port or 443
        found = await self.resolver.addresses(host)
        if not found.addresses:
            return Page(status=_no_address(found.status), text=f"{host}: {found.text or 'the name has no address'}"), None
        try:
            with contextlib.closing(await self._connect(found.addresses, port)) as wire:
                client = TlsClient(self._trust, host)
                await wire.start_tls(client.connection, skip_text=False)
                if objection := _objection(client.facts()):
                    return Page(status="certificate", text=f"the certificate of {host} does not hold: {objection}"), None
                return await _exchange(wire, place)
        except TimedOut as error:
            return _late(error), None
        except ConnectFailed as error:
            refused = error.problem == "refused"
            return Page(status="refused" if refused else "unreachable", text=f"{host} port {port}: {error.text}"), None
        except TlsFailed as error:
            return Page(status="tls", text=f"{host}: {visible(error.text)}"), None
        except (Dropped, ProtocolViolation) as error:
            too_large = error.problem == "too-long"
            return Page(status="too-large" if too_large else "malformed", text=f"{host}: {error.text}"), None

    async def _connect(self, addresses: tuple[str, ...], port: int) -> Wire:
        """Connect to the first address that answers."""
        failed: NetworkError | None = None
        for address in addresses[:_ADDRESSES]:
            try:
                return await self.clock.wait(Wire.connect(address, port), _CONNECT)
            except (ConnectFailed, TimedOut) as error:
                failed = failed or error
        assert failed is not None, "a name has an address"
        raise failed


def _place(url: str) -> SplitResult | str:
    """Take an address apart; a word of complaint for one that is not fetched."""
    try:
        place = urlsplit(url)
        host, port = place.hostname or "", place.port
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii")
    except ValueError:  # idna's errors are such too
        return "an address that cannot be read"
    host = host.removesuffix(".")
    if place.scheme != "https":
        return "an address without HTTPS"
    if place.username is not None or place.password is not None:
        return "an address with a password in it"
    if len(host) > 253 or not _NAME.fullmatch(host) or is_address(host):
        return "an address that is no host name"
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    if not _TARGET.fullmatch(target) or len(target) > 2000:
        return "an address that cannot be read"
    return place._replace(netloc=f"{host}:{port or 443}", path=place.path or "/", fragment="")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _late(error: TimedOut) -> Page:
    return Page(status="deadline" if error.problem == "deadline" else "timeout", text=error.text)


def _no_address(status: str) -> FetchStatus:
    known: dict[str, FetchStatus] = {
        "timeout": "timeout",
        "no-resolver": "no-resolver",
        "not-found": "not-found",
        "ok": "not-found",
    }
    return known.get(status, "not-found" if status == "no-data" else "server-failure")


def _objection(tls: TlsFacts) -> str | None:
    """Say what is wrong with a certificate; ``None``: it holds, and the connection is one of today."""
    if tls.verified is None:
        return "this machine has no list of trusted authorities" if tls.chain else tls.unreadable or "there is none"
    wrong = [error.text for error in tls.errors]
    if tls.name_matches is False:
        wrong.insert(0, "it is for another name")
    if tls.version not in ("TLSv1.2", "TLSv1.3"):
        wrong.append(f"the server only knows {tls.version}")
    return "; ".join(dict.fromkeys(wrong)) or None


async def _exchange(wire: Wire, place: SplitResult) -> tuple[Page, str | None]:
    """Ask for the page; the second value is where a redirect leads."""
    host = place.hostname or ""
    request = h11.Request(
        method="GET",
        target=place.path + (f"?{place.query}" if place.query else ""),
        headers=[
            ("Host", host if place.port == 443 else f"{host}:{place.port}"),
            ("User-Agent", "maestro-mailkit"),
            ("Accept", "application/xml, text/xml, */*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ],
    )
    answer = _Answer(wire)
    await answer.ask(request)
    body = bytearray()
    while isinstance(event := await answer.event(), h11.Response | h11.Data):
        if isinstance(event, h11.Data):
            body += event.data
        elif event.status_code >= 300:
            return _without_page(event)
    response = answer.response
    if response is None:
        raise Dropped("the server closed the connection without an answer")
    if len(body) > LARGEST:
        raise _too_much()
    if (packed := _header(response, b"content-encoding")) not in (None, "", "identity"):
        raise ProtocolViolation(f"the page is packed ({visible(packed or '')[:40]}), which was not asked for")
    return Page(status="found", code=response.status_code, body=bytes(body)), None


class _Answer:
    """The answer on one connection, event by event, and no more of it than fits."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
        self._room = LARGEST + _HEAD
        self.response: h11.Response | None = None

    async def ask(self, request: h11.Request) -> None:
        await self._wire.send((self._peer.send(request) or b"") + (self._peer.send(h11.EndOfMessage()) or b""))

    async def event(self) -> object:
        """Give the next part of the answer: its head, a piece of the page, or something else at the end."""
        while True:
            try:
                event = self._peer.next_event()
                if isinstance(event, h11.Response):
                    self.response = event
                elif isinstance(event, h11.InformationalResponse):
                    continue
                if event is not h11.NEED_DATA:
                    return event
                data = await self._wire.receive()
                self._room -= len(data)
                if self._room < 0:
                    raise _too_much()
                self._peer.receive_data(data)
            except h11.RemoteProtocolError as error:
                raise ProtocolViolation(shorten(visible(str(error)), 200)) from error


def _too_much() -> ProtocolViolation:
    return ProtocolViolation(f"more than {LARGEST // 1024} KiB came", "too-long")


def _without_page(response: h11.Response) -> tuple[Page, str | None]:
    code = response.status_code
    location = _header(response, b"location")
    if code in (301, 302, 303, 307, 308) and location:
        return Page(status="redirect", code=code), location
    status: FetchStatus = "not-found" if code in (404, 410) else "server-failure" if code >= 500 else "denied"
    return Page(status=status, code=code, text=f"the web server answered {code}"), None


def _header(response: h11.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1")[:2000] for key, value in response.headers if key == name), None)
