"""One target from its name to its last connection: look-ups, every address at once, a deadline over all of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from mailkit.address import is_address, is_public
from mailkit.net.clock import Clock
from mailkit.net.tls import TrustStore
from mailkit.observation import DnsStage, Observation, ProbeDocument
from mailkit.probe.address import AddressProbe
from mailkit.probe.dialogue import Shared
from mailkit.probe.document import assemble
from mailkit.probe.policy import AuthGate, Budget
from mailkit.probe.recorder import Recorder
from mailkit.probe.settings import ProbeSettings
from mailkit.probe.stream import stream
from mailkit.probe.target import Target, parse_target

if TYPE_CHECKING:
    from mailkit.probe.lookups import Lookups

__all__ = ["observe", "probe"]

MAX_EXCHANGERS = 12
"""Exchangers that are looked at; senders give up sooner."""
MAX_ADDRESSES = 8
"""Addresses of one host that are looked at."""
AFTERTHOUGHT = 2.0
"""Seconds that look-ups nothing depends on may go on after the last connection."""


async def observe(
    target: str, settings: ProbeSettings | None = None, *, gate: AuthGate | None = None, stop: asyncio.Event | None = None
) -> AsyncGenerator[Observation, None]:
    """Probe a target and yield each observation as it happens.

    Stop at any moment by leaving the loop, cancelling, or setting ``stop`` (which also yields the steps that were under way):
    every connection is closed, and what was yielded can be given to :func:`~mailkit.probe.document.assemble`.

    Args:
        target: ``host``, ``host:port``, ``[v6]:port``, ``mx:domain`` or ``mx:domain:port``.
        settings: how to probe.
        gate: shared by several probes with the same credentials, so that a refusal ends the attempts of all.
        stop: set it to end early.

    Raises:
        InputError: the target or a setting cannot be used; nothing was contacted.
    """
    settings = settings or ProbeSettings()
    parsed = parse_target(target)
    trust = await asyncio.to_thread(TrustStore.load, settings.ca_file)
    shared = Shared(settings, trust, gate or AuthGate())

    def work(emit: Callable[[Observation], None]) -> Coroutine[Any, Any, None]:
        return _Run(parsed, shared, emit).all()

    async with aclosing(stream(work, stop)) as observations:
        async for observation in observations:
            yield observation


async def probe(
    target: str, settings: ProbeSettings | None = None, *, gate: AuthGate | None = None, stop: asyncio.Event | None = None
) -> ProbeDocument:
    """Probe a target and give the document of all observations, without findings; arguments and errors as :func:`observe`."""
    settings = settings or ProbeSettings()
    seen = [observation async for observation in observe(target, settings, gate=gate, stop=stop)]
    return assemble(target, settings, seen, stopped="user" if stop is not None and stop.is_set() else None)


class _Run:
    """The tasks of one target."""

    def __init__(self, target: Target, shared: Shared, emit: Callable[[Observation], None]) -> None:
        self._target = target
        self._shared = shared
        self._emit = emit
        self._clock = Clock(shared.settings.timeout, shared.settings.deadline)
        self._names: Lookups | None = None
        self._afterthoughts: list[asyncio.Future[object]] = []

    def _recorder(self, host: str | None, port: int | None = None, address: str | None = None) -> Recorder:
        return Recorder(self._emit, self._clock, host=host, port=port, address=address)

    async def all(self) -> None:
        """Look at everything; ends by itself within the deadline."""
        try:
            async with asyncio.timeout(self._clock.remaining() + 1):
                try:
                    await self._questions()
                finally:
                    await self._end_afterthoughts()
        except TimeoutError:
            # The backstop: every wait has its own limit, which ends before this one.
            return

    async def _end_afterthoughts(self) -> None:
        if self._afterthoughts:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(self._afterthoughts, timeout=max(0.0, min(AFTERTHOUGHT, self._clock.remaining())))
            for task in self._afterthoughts:
                task.cancel()
            await asyncio.gather(*self._afterthoughts, return_exceptions=True)

    async def _questions(self) -> None:
        target, settings = self._target, self._shared.settings
        if not target.is_address or settings.resolver or is_public(target.host):
            # The import costs a tenth of a second, which a local address does not need.
            from mailkit.probe.lookups import Lookups  # noqa: PLC0415

            self._names = await asyncio.to_thread(Lookups, settings.resolver, self._clock)
        if self._names is not None and settings.recipient:
            self._later(self._names.recipient(self._recorder(None), settings.recipient))
        if target.kind != "mx" or self._names is None:
            await self._host(target.host, target.ports)
            return
        seen = await self._names.exchangers(self._recorder(target.host), target.host)
        async with asyncio.TaskGroup() as group:
            for host in exchanger_hosts(seen, target.host)[:MAX_EXCHANGERS]:
                group.create_task(self._host(host, target.ports))

    def _later(self, question: Coroutine[Any, Any, object]) -> None:
        """Ask something nothing else waits for."""
        self._afterthoughts.append(asyncio.ensure_future(question))

    async def _host(self, host: str, ports: tuple[int, ...]) -> None:
        if is_address(host) or self._names is None:
            await self._address(host, host, ports)
            return
        stage = await self._names.addresses(self._recorder(host), host)
        if stage.source == "dns" and stage.answers:
            for port in ports:
                self._later(self._names.tlsa(self._recorder(host, port), host, port))
        async with asyncio.TaskGroup() as group:
            for address in stage.answers[:MAX_ADDRESSES]:
                group.create_task(self._address(host, address, ports))

    async def _address(self, host: str, address: str, ports: tuple[int, ...]) -> None:
        budget = Budget(len(ports))
        if self._names is not None and (self._shared.settings.resolver or is_public(address)):
            self._later(self._names.reverse(self._recorder(host, None, address), address))
        async with asyncio.TaskGroup() as group:
            for port in ports:
                group.create_task(AddressProbe(self._recorder(host, port, address), self._shared, budget).run())


def exchanger_hosts(stage: DnsStage, domain: str) -> tuple[str, ...]:
    """Name the hosts to look at for a domain: its exchangers, or itself when it has none (RFC 5321, 5.1)."""
    hosts = tuple(dict.fromkeys(one.host for one in stage.exchangers))
    if hosts:
        return () if "." in hosts else hosts
    return (domain,) if stage.status == "no-data" else ()
