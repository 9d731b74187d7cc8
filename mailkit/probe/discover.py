"""Autodiscovery, when it is asked for: which servers for sending others name for an address or a domain.

Asked are the presets, the name service (SRV and MX records), the domain's own autoconfig pages and the database of Thunderbird,
all at once; each question becomes an :class:`~mailkit.probe.discovery.Inquiry`, whatever comes of it. :func:`inquire` yields them
as they are answered, :func:`~mailkit.probe.discovery.assemble_discovery` orders them, :func:`discover` does both. What was found
is offered to a person, not taken: a name found without DNSSEC or HTTPS can be forged, and even a domain's own pages are sometimes
left over from an earlier provider.

The address itself is told to the domain's own web server only, and only inside TLS with a good certificate; the database is told
the domain.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from publicsuffixlist import PublicSuffixList

from mailkit.errors import InputError, TimedOut
from mailkit.net.clock import Clock
from mailkit.net.http import Web
from mailkit.net.names import Answer, Resolver
from mailkit.net.tls import TrustStore
from mailkit.observation import Security
from mailkit.probe.autoconfig import NotAutoconfig, read_autoconfig
from mailkit.probe.discovery import (
    Discovery,
    Inquiry,
    InquirySource,
    NamedServer,
    assemble_discovery,
    read_domain,
    user_name_form,
)
from mailkit.probe.stream import stream
from mailkit.site.providers import Provider, filter_of_mx, plain_name, provider_of_address, provider_of_mx
from mailkit.text import visible

__all__ = ["ISPDB", "DiscoverSettings", "discover", "inquire"]

ISPDB = "https://v1.ispdb.net/"

_METHODS = {"oauth": "OAuth2", "address": "client-IP-address", "none": "none"}
_SERVICES: tuple[tuple[InquirySource, Security], ...] = (("submissions", "implicit"), ("submission", "starttls"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverSettings:
    """Settings of one discovery.

    Attributes:
        resolver: ``IP`` or ``IP:PORT`` of a name server to ask instead of the system's.
        ca_file: PEM file of certificate authorities to trust instead of the system's.
        timeout: seconds one question may take, with everything it leads to.
        deadline: seconds for all.
        ispdb: base address of the database; ``None``: it is not asked.
        https_port: where web servers are asked; another than 443 only for practice servers.
    """

    resolver: str | None = None
    ca_file: str | os.PathLike[str] | None = None
    timeout: float = 10.0
    deadline: float = 30.0
    ispdb: str | None = ISPDB
    https_port: int = 443

    def __post_init__(self) -> None:
        for what, seconds in (("timeout", self.timeout), ("deadline", self.deadline)):
            if not 0 < seconds <= 3600:
                raise InputError(f"the {what} {seconds:g} is not usable; give seconds between 0 and 3600")
        if self.ispdb is not None and not (self.ispdb.startswith("https://") and self.ispdb.endswith("/")):
            raise InputError(f"the database {visible(self.ispdb)!r} is not usable; give an address like {ISPDB}")
        if not 0 < self.https_port < 65536:
            raise InputError(f"the port {self.https_port} is not usable; give a number from 1 to 65535")


async def inquire(
    target: str, settings: DiscoverSettings | None = None, *, stop: asyncio.Event | None = None
) -> AsyncGenerator[Inquiry, None]:
    """Ask all sources and yield each answer as it comes, the presets' first.

    Stop at any moment by leaving the loop, cancelling, or setting ``stop`` (which also yields the questions that were open, as
    cancelled).

    Args:
        target: an e-mail address, or a domain.
        settings: how to ask.
        stop: set it to end early.

    Raises:
        InputError: the target or a setting cannot be used; nobody was asked.
    """
    settings = settings or DiscoverSettings()
    read_domain(target)
    trust = await asyncio.to_thread(TrustStore.load, settings.ca_file)
    resolver = await asyncio.to_thread(Resolver, settings.resolver)
    # The presets are read from a file when they are first asked for: not while the loop waits.
    await asyncio.to_thread(provider_of_address, target)
    web = Web(Clock(settings.timeout, settings.deadline), resolver, trust, limit=settings.timeout)

    def work(emit: Callable[[Inquiry], None]) -> Coroutine[Any, Any, None]:
        return _Run(target, settings, web, emit).all()

    async with aclosing(stream(work, stop)) as inquiries:
        async for inquiry in inquiries:
            yield inquiry


async def discover(target: str, settings: DiscoverSettings | None = None, *, stop: asyncio.Event | None = None) -> Discovery:
    """Ask all sources and give the document; arguments and errors as :func:`inquire`."""
    return assemble_discovery(target, [inquiry async for inquiry in inquire(target, settings, stop=stop)])


class _Run:
    """The questions about one domain."""

    def __init__(self, target: str, settings: DiscoverSettings, web: Web, emit: Callable[[Inquiry], None]) -> None:
        self._domain, self._address = read_domain(target)
        self._settings, self._web, self._emit = settings, web, emit
        self._clock, self._resolver = web.clock, web.resolver

    async def all(self) -> None:
        """Ask everybody; ends by itself within the deadline."""
        known = provider_of_address(self._domain)
        await self._ask("table", self._domain, _at_once(_recognised(known) or {"result": "not-found"}))
        personal = f"?emailaddress={quote(self._address, safe='@')}" if self._address else ""
        async with asyncio.TaskGroup() as group:
            for source, security in _SERVICES:
                name = f"_{source}._tcp.{self._domain}"
                group.create_task(self._ask(source, name, self._service(name, security)))
            group.create_task(self._page("autoconfig", self._autoconfig(self._domain, personal)))
            group.create_task(self._page("well-known", self._well_known(personal)))
            if self._settings.ispdb:
                group.create_task(self._page("ispdb", f"{self._settings.ispdb}{self._domain}"))
            group.create_task(self._exchangers())

    def _autoconfig(self, domain: str, personal: str) -> str:
        return f"https://autoconfig.{domain}{self._port}/mail/config-v1.1.xml{personal}"

    def _well_known(self, personal: str) -> str:
        return f"https://{self._domain}{self._port}/.well-known/autoconfig/mail/config-v1.1.xml{personal}"

    @property
    def _port(self) -> str:
        return "" if self._settings.https_port == 443 else f":{self._settings.https_port}"

    async def _exchangers(self) -> None:
        """Ask for the exchangers, and where nobody knows them, the domain they belong to."""
        seen = await self._ask("exchangers", self._domain, self._mx())
        if seen is None or seen.provider or seen.filter or not seen.exchangers:
            return
        base = await asyncio.to_thread(_base_domain, seen.exchangers[0])
        if base is None or base == await asyncio.to_thread(_base_domain, self._domain):
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._page("exchanger-autoconfig", self._autoconfig(base, "")))
            if self._settings.ispdb:
                group.create_task(self._page("exchanger-ispdb", f"{self._settings.ispdb}{base}"))

    async def _ask(self, source: InquirySource, asked: str, answering: Coroutine[Any, Any, dict[str, Any]]) -> Inquiry | None:
        """Report one question; ``answering`` gives the facts of its answer."""
        started, since = self._clock.now(), self._clock.elapsed_ms()

        def tell(**facts: Any) -> Inquiry:  # noqa: ANN401 - of each source its own
            spent = round(self._clock.elapsed_ms() - since, 2)
            inquiry = Inquiry(source=source, asked=asked, started=started, duration_ms=spent, **facts)
            self._emit(inquiry)
            return inquiry

        try:
            facts = await self._clock.wait(answering, self._settings.timeout)
        except TimedOut as error:
            return tell(result="deadline" if error.problem == "deadline" else "timeout", text=error.text)
        except asyncio.CancelledError:
            tell(result="cancelled", text="stopped before an answer came")
            raise
        return tell(**facts)

    async def _service(self, name: str, security: Security) -> dict[str, Any]:
        answer, records = await self._resolver.services(name)
        if answer.status != "ok":
            return _without(answer)
        offered = [record for record in records if record.host != "."]
        if not offered:
            return {"result": "not-offered", "text": "the domain says that it does not offer this"}
        usable = [(host, record.port) for record in offered if (host := plain_name(record.host)) and record.port]
        if not usable:
            return {"result": "unusable", "text": "the record names no usable host and port"}
        return {
            "result": "found",
            "servers": tuple(NamedServer(host=host, port=port, security=security) for host, port in dict.fromkeys(usable)),
            "authenticated": bool(answer.authenticated),
        }

    async def _mx(self) -> dict[str, Any]:
        answer, exchangers = await self._resolver.exchangers(self._domain)
        if answer.status != "ok":
            return _without(answer)
        hosts = tuple(dict.fromkeys(one.host for one in exchangers))
        if "." in hosts:
            return {"result": "not-offered", "text": "the domain says that it takes no mail", "exchangers": hosts}
        known = {"exchangers": hosts, "authenticated": bool(answer.authenticated), "filter": filter_of_mx(hosts)}
        return {"result": "found", **known, **(_recognised(provider_of_mx(hosts)) or {})}

    async def _page(self, source: InquirySource, url: str) -> None:
        await self._ask(source, url, self._read(url, own=source in ("autoconfig", "well-known")))

    async def _read(self, url: str, *, own: bool) -> dict[str, Any]:
        page = await self._web.fetch(url)
        known = {"redirects": page.redirects, "text": page.text}
        if page.status != "found":
            return {**known, "result": page.status}
        try:
            file = read_autoconfig(page.body, self._domain, self._address)
        except NotAutoconfig as error:
            return {**known, "result": "not-xml", "text": str(error)}
        left_out = f"left out: {'; '.join(file.left_out)}" if file.left_out else None
        return {
            **known,
            "result": "found" if file.servers else "unusable",
            "text": left_out or (None if file.servers else "it names no server for sending"),
            "servers": file.servers,
            "authenticated": True if own else None,
            "name": file.name,
            "advice": file.advice,
        }


async def _at_once(facts: dict[str, Any]) -> dict[str, Any]:
    return facts


def _without(answer: Answer) -> dict[str, Any]:
    return {"result": answer.status, "text": answer.text, "authenticated": answer.authenticated}


def _recognised(provider: Provider | None) -> dict[str, Any] | None:
    """Give the facts of an inquiry by which a provider was recognised."""
    if provider is None:
        return None
    methods = dict.fromkeys(_METHODS.get(secret, "password-cleartext") for secret in provider.secrets)
    return {
        "result": "found",
        "provider": provider.id,
        "name": provider.name,
        "servers": tuple(
            NamedServer(
                host=server.host,
                port=server.port,
                security=server.security,
                user_name=user_name_form(provider),
                authentication=tuple(methods),
            )
            for server in provider.servers
            if not server.is_template
        ),
    }


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _base_domain(host: str) -> str | None:
    """Give the domain that somebody registered; reads the list of public suffixes when first called."""
    name = plain_name(host)
    found = _suffixes().privatesuffix(name) if name else None
    return str(found) if found else None
