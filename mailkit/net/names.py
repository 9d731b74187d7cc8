"""Questions to the name service, each answered with a status: found, not there, refused, no answer.

A time-out is a status of its own and never "not found". dnspython does the asking; added here are the reading of what
went wrong (refused, DNSSEC, alias loops) and the two other places names come from: the hosts file and the system's own service.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

import dns.asyncresolver
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TLSA import TLSA
from dns.rdtypes.IN.SRV import SRV

from mailkit.errors import InputError
from mailkit.observation import DnsStatus, Exchanger, TlsaRecord
from mailkit.text import visible

__all__ = ["Addresses", "Answer", "Resolver", "Service"]

_PATIENCE = 5.0
"""Seconds for one look-up with its retries; applications give up at about that."""
_MAX_ALIASES = 10
_MAX_ANSWERS = 50
# RFC 8914: 5 to 12 are DNSSEC failures; 1 and 2 only say that an algorithm is unknown.
_BOGUS = frozenset(range(5, 13))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one question: ``records`` are dnspython's rdata, ``aliases`` the CNAMEs followed."""

    status: DnsStatus
    text: str | None = None
    records: tuple[object, ...] = ()
    aliases: tuple[str, ...] = ()
    authenticated: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """All addresses of a name, IPv6 first as RFC 6724 prefers, and how each family's question went."""

    status: DnsStatus
    source: str = "dns"
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    authenticated: bool | None = None
    families: dict[str, DnsStatus] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """One SRV record (RFC 2782); the host ``"."`` says that the service is not offered."""

    priority: int
    weight: int
    port: int
    host: str


class Resolver:
    """Ask a name server.

    Args:
        server: ``IP`` or ``IP:PORT`` or ``[IPv6]:PORT`` to ask instead of the system's resolver; the hosts file is then left out.

    Raises:
        InputError: ``server`` is not an address.
    """

    def __init__(self, server: str | None = None) -> None:
        self.named = server is not None
        self.label: str | None = server
        self._missing = False
        if server is not None:
            address, port = _server(server)
            self._asker = dns.asyncresolver.Resolver(configure=False)
            self._asker.nameservers = [address]
            self._asker.port = port
        else:
            try:
                self._asker = dns.asyncresolver.Resolver()
            except (dns.resolver.NoResolverConfiguration, OSError):
                self._asker = dns.asyncresolver.Resolver(configure=False)
                self._missing = True
            self.label = str(self._asker.nameservers[0]) if self._asker.nameservers else None
        self._asker.use_edns(0, 0, 1232)
        self._asker.flags = dns.flags.RD | dns.flags.AD

    async def _ask(self, name: str | dns.name.Name, kind: str, patience: float = _PATIENCE) -> Answer:
        if self._missing:
            return Answer(status="no-resolver", text="this machine has no resolver configured")
        try:
            answer = await self._asker.resolve(
                name,
                kind,
                raise_on_no_answer=False,
                lifetime=patience,
                search=not self.named and isinstance(name, str) and "." not in name,
            )
        except dns.resolver.NXDOMAIN as error:
            responses = error.responses()  # type: ignore[no-untyped-call]  # dnspython leaves it untyped
            return Answer(status="not-found", aliases=_aliases(next(iter(responses.values()), None)) if responses else ())
        except dns.resolver.LifetimeTimeout:
            return Answer(status="timeout", text=f"no answer from the name server within {patience:g} s")
        except dns.resolver.NoNameservers as error:
            return await self._why_refused(error, name, kind)
        except (dns.resolver.YXDOMAIN, dns.name.NameTooLong, dns.name.LabelTooLong, dns.name.EmptyLabel) as error:
            return Answer(status="malformed", text=visible(str(error)))
        except (dns.exception.DNSException, OSError) as error:
            return Answer(status="server-failure", text=visible(str(error))[:200])
        response = answer.response
        return Answer(
            status="ok" if answer.rrset else "no-data",
            records=tuple(answer.rrset or ())[:_MAX_ANSWERS],
            aliases=_aliases(response),
            authenticated=bool(response.flags & dns.flags.AD),
        )

    async def _why_refused(self, error: dns.resolver.NoNameservers, name: str | dns.name.Name, kind: str) -> Answer:
        """Read why no name server gave an answer: its own words first, then a second question without DNSSEC checking."""
        failures = error.kwargs.get("errors") or []
        _, _, _, reason, response = failures[-1] if failures else (None, None, None, None, None)
        if isinstance(reason, dns.message.ChainTooLong):
            return Answer(status="alias-loop", text="the aliases go round in a circle")
        if isinstance(reason, OSError | dns.exception.Timeout):
            return Answer(status="timeout", text=f"the name server cannot be reached ({visible(str(reason))[:120]})")
        if response is None:
            return Answer(status="malformed", text=visible(str(reason))[:200])
        rcode = response.rcode()
        if rcode == dns.rcode.REFUSED:
            return Answer(status="refused", text="the name server answered REFUSED")
        if rcode != dns.rcode.SERVFAIL:
            return Answer(status="server-failure", text=f"the name server answered {dns.rcode.to_text(rcode)}")
        told = [option for option in response.options if isinstance(option, dns.edns.EDEOption)]
        words = "; ".join(visible(option.to_text())[:120] for option in told) or None
        if any(int(option.code) in _BOGUS for option in told) or await self._answers_unchecked(name, kind):
            return Answer(status="bogus", text=words or "SERVFAIL, but an answer when DNSSEC checking is switched off")
        if await self._loops(name):
            return Answer(status="alias-loop", text="the aliases go round in a circle")
        return Answer(status="server-failure", text=words or "the name server answered SERVFAIL")

    async def _answers_unchecked(self, name: str | dns.name.Name, kind: str) -> bool:
        unchecked = dns.asyncresolver.Resolver(configure=False)
        unchecked.nameservers, unchecked.port = self._asker.nameservers, self._asker.port
        unchecked.flags = dns.flags.RD | dns.flags.CD
        try:
            await unchecked.resolve(name, kind, raise_on_no_answer=False, lifetime=_PATIENCE / 2, search=False)
        except dns.resolver.NXDOMAIN:
            return True
        except (dns.exception.DNSException, OSError):
            return False
        return True

    async def _loops(self, name: str | dns.name.Name) -> bool:
        seen: set[dns.name.Name] = set()
        at = dns.name.from_text(name) if isinstance(name, str) else name
        for _ in range(_MAX_ALIASES):
            if at in seen:
                return True
            seen.add(at)
            try:
                answer = await self._asker.resolve(at, "CNAME", raise_on_no_answer=False, lifetime=_PATIENCE / 2, search=False)
            except (dns.exception.DNSException, OSError):
                return False
            target = next((one.target for one in answer.rrset or () if isinstance(one, CNAME)), None)
            if target is None:
                return False
            at = target
        return True

    async def records(self, name: str, kind: str) -> Answer:
        """Look up the records of one kind, such as ``TXT``, as they are."""
        return await self._ask(name, kind)

    async def addresses(self, name: str) -> Addresses:
        """Look up A and AAAA at once (the hosts file first, as every program does, unless a name server was named)."""
        if not self.named and (listed := await asyncio.to_thread(_from_hosts_file, name)):
            return Addresses(status="ok", source="hosts-file", addresses=listed)
        v6, v4 = await asyncio.gather(self._ask(name, "AAAA"), self._ask(name, "A"))
        found = tuple(str(getattr(record, "address", "")) for answer in (v6, v4) for record in answer.records)
        families: dict[str, DnsStatus] = {"A": v4.status, "AAAA": v6.status}
        if found:
            return Addresses(
                status="ok",
                addresses=tuple(dict.fromkeys(address for address in found if address)),
                aliases=v4.aliases or v6.aliases,
                authenticated=bool(v4.authenticated or v6.authenticated),
                families=families,
            )
        worst = v4 if v4.status not in ("ok", "no-data") else v6 if v6.status not in ("ok", "no-data") else v4
        if worst.status == "no-data" and (v4.aliases or v6.aliases) and await self._loops(name):
            worst = Answer(status="alias-loop", text="the aliases go round in a circle", aliases=v4.aliases or v6.aliases)
        absent = worst.status in ("not-found", "no-data", "no-resolver")
        # Windows and mDNS know names that no name server does.
        if not self.named and absent and _local_name(name) and (known := await _from_system(name)):
            return Addresses(status="ok", source="system", addresses=known)
        return Addresses(status=worst.status, text=worst.text, aliases=v4.aliases or v6.aliases, families=families)

    async def exchangers(self, domain: str) -> tuple[Answer, tuple[Exchanger, ...]]:
        """Look up the MX records, best preference first; the null MX (RFC 7505) has the host ``"."``."""
        answer = await self._ask(domain, "MX")
        records = [record for record in answer.records if isinstance(record, MX)]
        found = [Exchanger(preference=record.preference, host=_plain(record.exchange)) for record in records]
        return answer, tuple(sorted(found, key=lambda one: (one.preference, one.host)))

    async def reverse(self, address: str) -> tuple[Answer, tuple[str, ...], tuple[str, ...]]:
        """Look up the names an address points back to, and which of those lead to it again."""
        answer = await self._ask(dns.reversename.from_address(address.partition("%")[0]), "PTR")
        names = tuple(_plain(record.target) for record in answer.records if isinstance(record, PTR))[:5]
        there = await asyncio.gather(*(self.addresses(name) for name in names))
        same = ipaddress.ip_address(address.partition("%")[0])
        confirmed = tuple(
            name
            for name, found in zip(names, there, strict=True)
            if any(ipaddress.ip_address(one) == same for one in found.addresses)
        )
        return answer, names, confirmed

    async def tlsa(self, host: str, port: int) -> tuple[Answer, tuple[TlsaRecord, ...]]:
        """Look up the TLSA records of an endpoint (RFC 6698, 3)."""
        answer = await self._ask(f"_{port}._tcp.{host}", "TLSA")
        return answer, tuple(
            TlsaRecord(usage=record.usage, selector=record.selector, matching_type=record.mtype, data=record.cert.hex())
            for record in answer.records
            if isinstance(record, TLSA)
        )

    async def services(self, name: str) -> tuple[Answer, tuple[Service, ...]]:
        """Look up the SRV records of a name such as ``_submission._tcp.example.com``, the ones to try first in front."""
        answer = await self._ask(name, "SRV")
        found = [
            Service(priority=record.priority, weight=record.weight, port=record.port, host=_plain(record.target))
            for record in answer.records
            if isinstance(record, SRV)
        ]
        return answer, tuple(sorted(found, key=lambda one: (one.priority, -one.weight, one.host)))


def _server(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d+))?|([0-9.]+)(?::(\d+))?|([0-9A-Fa-f:]+)", text.strip())
    address = (match[1] or match[3] or match[5]) if match else ""
    port = int(match[2] or match[4] or 53) if match else 0
    try:
        ipaddress.ip_address(address)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise InputError(f"the resolver {visible(text)!r} is not an address; give IP or IP:PORT, for example 192.0.2.53:53")
    return address, port


def _plain(name: dns.name.Name) -> str:
    return "." if name == dns.name.root else visible(name.to_text(omit_final_dot=True)).lower()


def _aliases(response: dns.message.Message | None) -> tuple[str, ...]:
    """The chain of CNAMEs in a response, in the order it was followed."""
    if response is None or not response.question:
        return ()
    steps = {rrset.name: rrset[0].target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME}
    chain: list[str] = []
    at = response.question[0].name
    while at in steps and len(chain) < _MAX_ALIASES:
        at = steps[at]
        chain.append(_plain(at))
    return tuple(chain)


def _local_name(name: str) -> bool:
    return "." not in name or name.endswith((".local", ".localhost"))


def _from_hosts_file(name: str) -> tuple[str, ...]:
    wanted = {name, "localhost"} if name == "localhost" or name.endswith(".localhost") else {name}
    path = Path("/etc/hosts")
    if sys.platform == "win32":
        path = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "drivers", "etc", "hosts")
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    found: list[str] = []
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if wanted & {one.lower() for one in names}:
            try:
                found.append(str(ipaddress.ip_address(address)))
            except ValueError:
                continue
    if not found and "localhost" in wanted:
        return ("::1", "127.0.0.1")  # RFC 6761, 6.3
    return tuple(sorted(dict.fromkeys(found), key=lambda one: ":" not in one))


async def _from_system(name: str) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
