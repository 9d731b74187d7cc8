"""The look-ups of a probe, each an observation."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from mailkit.errors import TimedOut
from mailkit.net.clock import Clock
from mailkit.net.names import Answer, Resolver
from mailkit.observation import DnsStage
from mailkit.probe.recorder import Recorder

__all__ = ["Lookups"]

LONGEST = 15.0
"""Seconds one question may take with all that it leads to: a second one without DNSSEC checking, the aliases."""
ABSENT = ("ok", "no-data", "not-found")
"""The answers that are answers: there is a record, or there is none."""


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

    async def _ask(self, recorder: Recorder, what: str, name: str, answering: Coroutine[Any, Any, dict[str, Any]]) -> DnsStage:
        """Report one question; ``answering`` gives the facts of its answer."""
        mark = recorder.begin()
        try:
            facts = await self._clock.wait(answering, LONGEST)
        except TimedOut as error:
            return recorder.end(
                DnsStage, mark, ok=None, error=error, what=what, name=name, status="timeout", resolver=self._resolver.label
            )
        return recorder.end(DnsStage, mark, what=what, name=name, resolver=self._resolver.label, **facts)

    async def addresses(self, recorder: Recorder, host: str) -> DnsStage:
        """A and AAAA of a host."""

        async def answering() -> dict[str, Any]:
            found = await self._resolver.addresses(host)
            return {
                "ok": _ok(found.status),
                "text": found.text,
                "status": found.status,
                "source": found.source,
                "answers": found.addresses,
                "aliases": found.aliases,
                "authenticated": found.authenticated,
                "family_status": found.families,
            }

        return await self._ask(recorder, "address", host, answering())

    async def exchangers(self, recorder: Recorder, domain: str) -> DnsStage:
        """MX of a domain."""

        async def answering() -> dict[str, Any]:
            answer, exchangers = await self._resolver.exchangers(domain)
            hosts = tuple(one.host for one in exchangers)
            return {
                **_common(answer),
                "ok": _ok(answer.status),
                "answers": hosts,
                "exchangers": exchangers,
                "aliases": answer.aliases,
            }

        return await self._ask(recorder, "mx", domain, answering())

    async def recipient(self, recorder: Recorder, address: str) -> None:
        """MX of the recipient's domain, to tell relaying from delivery."""
        domain = address.rpartition("@")[2]
        if domain and not domain.startswith("["):
            await self.exchangers(recorder, domain)

    async def reverse(self, recorder: Recorder, address: str) -> None:
        """PTR of an address, and whether its names lead back."""

        async def answering() -> dict[str, Any]:
            answer, names, confirmed = await self._resolver.reverse(address)
            known = answer.status in ABSENT
            return {**_common(answer), "ok": bool(confirmed) if known else None, "answers": names, "confirmed": confirmed}

        await self._ask(recorder, "reverse", address, answering())

    async def tlsa(self, recorder: Recorder, host: str, port: int) -> None:
        """TLSA of an endpoint; having none is usual."""

        async def answering() -> dict[str, Any]:
            answer, records = await self._resolver.tlsa(host, port)
            return {**_common(answer), "ok": True if answer.status in ABSENT else None, "records": records}

        await self._ask(recorder, "tlsa", f"_{port}._tcp.{host}", answering())


def _common(answer: Answer) -> dict[str, Any]:
    return {"text": answer.text, "status": answer.status, "authenticated": answer.authenticated}


def _ok(status: str) -> bool | None:
    """A name that is not there is an answer; no answer is not one."""
    return True if status == "ok" else False if status in ("not-found", "no-data", "alias-loop", "bogus") else None
