"""The look-ups of a probe, each an observation."""

from __future__ import annotations

from mailkit.net.clock import Clock
from mailkit.net.names import Resolver
from mailkit.observation import DnsStage
from mailkit.probe.recorder import Recorder

__all__ = ["Lookups"]


class Lookups:
    """Ask the name service and report each question.

    Args:
        server: the name server to ask; the system's when ``None``.
        clock: the run's time.

    Raises:
        InputError: ``server`` is not an address.
    """

    def __init__(self, server: str | None, clock: Clock) -> None:
        self._resolver = Resolver(server)
        self._clock = clock

    async def addresses(self, recorder: Recorder, host: str) -> DnsStage:
        """A and AAAA of a host."""
        mark = recorder.begin()
        found = await self._resolver.addresses(host)
        return recorder.end(
            DnsStage,
            mark,
            ok=_ok(found.status),
            text=found.text,
            what="address",
            name=host,
            status=found.status,
            source=found.source,
            resolver=self._resolver.label,
            answers=found.addresses,
            aliases=found.aliases,
            authenticated=found.authenticated,
            family_status=found.families,
        )

    async def exchangers(self, recorder: Recorder, domain: str) -> DnsStage:
        """MX of a domain."""
        mark = recorder.begin()
        answer, exchangers = await self._resolver.exchangers(domain)
        return recorder.end(
            DnsStage,
            mark,
            ok=_ok(answer.status),
            text=answer.text,
            what="mx",
            name=domain,
            status=answer.status,
            resolver=self._resolver.label,
            answers=tuple(one.host for one in exchangers),
            exchangers=exchangers,
            aliases=answer.aliases,
            authenticated=answer.authenticated,
        )

    async def recipient(self, recorder: Recorder, address: str) -> None:
        """MX of the recipient's domain, to tell relaying from delivery."""
        domain = address.rpartition("@")[2]
        if domain and not domain.startswith("["):
            await self.exchangers(recorder, domain)

    async def reverse(self, recorder: Recorder, address: str) -> None:
        """PTR of an address, and whether its names lead back."""
        mark = recorder.begin()
        answer, names, confirmed = await self._resolver.reverse(address)
        recorder.end(
            DnsStage,
            mark,
            ok=bool(confirmed) if answer.status in ("ok", "no-data", "not-found") else None,
            text=answer.text,
            what="reverse",
            name=address,
            status=answer.status,
            resolver=self._resolver.label,
            answers=names,
            confirmed=confirmed,
        )

    async def tlsa(self, recorder: Recorder, host: str, port: int) -> None:
        """TLSA of an endpoint; having none is usual."""
        mark = recorder.begin()
        answer, records = await self._resolver.tlsa(host, port)
        recorder.end(
            DnsStage,
            mark,
            ok=True if answer.status in ("ok", "no-data", "not-found") else None,
            text=answer.text,
            what="tlsa",
            name=f"_{port}._tcp.{host}",
            status=answer.status,
            resolver=self._resolver.label,
            records=records,
            authenticated=answer.authenticated,
        )


def _ok(status: str) -> bool | None:
    """A name that is not there is an answer; no answer is not one."""
    return True if status == "ok" else False if status in ("not-found", "no-data", "alias-loop", "bogus") else None
