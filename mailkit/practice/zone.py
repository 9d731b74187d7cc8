"""The practice zone: parsed from ``zone.toml`` and completed with the servers that run.

Asked by :mod:`mailkit.practice.nameserver`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset
import dns.zone
import msgspec
from msgspec import Struct

__all__ = ["Behaviour", "Domain", "Found", "PracticeZone"]

Behaviour = Literal["servfail", "refused", "silent", "bogus"]

_TTL = 60
_MOST_ALIASES = 8


class Domain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A domain of the practice site and the finding codes that are the truth about it."""

    name: str
    title: str
    expects: tuple[str, ...] = ()


class Found(Struct, frozen=True, kw_only=True):
    """The zone's answer to one question: record sets in order, and whether the (last) name exists."""

    answers: tuple[dns.rrset.RRset, ...]
    exists: bool
    signed: bool
    behaviour: Behaviour | None


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    records: str
    reverse: dict[str, str]
    behaviour: dict[str, Behaviour]
    signed: tuple[str, ...]
    domain: tuple[Domain, ...]


class PracticeZone:
    """All names of the practice site."""

    def __init__(self) -> None:
        data = msgspec.toml.decode((files("mailkit.practice") / "zone.toml").read_bytes(), type=_Table)
        self._records: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset] = {}
        self._names: set[dns.name.Name] = set()
        zone = dns.zone.from_text(data.records, origin="test.", relativize=False)
        for name, rdataset in zone.iterate_rdatasets():
            self._put(name, dns.rrset.from_rdata_list(name, rdataset.ttl, tuple(rdataset)))
        for address, target in data.reverse.items():
            self.add(dns.reversename.from_address(address).to_text(), "PTR", f"{target}.")
        self._behaviour = {dns.name.from_text(name): what for name, what in data.behaviour.items()}
        self._signed = tuple(dns.name.from_text(name) for name in data.signed)
        self.domains = data.domain
        """The domains worth a probe."""
        self.soa = self._records[dns.name.from_text("test."), dns.rdatatype.SOA]

    def add(self, name: str, kind: str, *values: str) -> None:
        """Add records; ``kind`` is ``A``, ``TLSA``, …; ``values`` in master-file form."""
        self._put(dns.name.from_text(name), dns.rrset.from_text(dns.name.from_text(name), _TTL, "IN", kind, *values))

    def find(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Found:
        """Answer a question, following aliases inside the zone."""
        behaviour = next((what for top, what in self._behaviour.items() if name.is_subdomain(top)), None)
        signed = any(name.is_subdomain(top) for top in self._signed)
        answers: list[dns.rrset.RRset] = []
        while len(answers) < _MOST_ALIASES:
            if (found := self._records.get((name, kind))) is not None:
                return Found(answers=(*answers, found), exists=True, signed=signed, behaviour=behaviour)
            alias = self._records.get((name, dns.rdatatype.CNAME))
            if alias is None or alias in answers:
                break
            answers.append(alias)
            name = alias[0].target
        return Found(answers=tuple(answers), exists=name in self._names, signed=signed, behaviour=behaviour)

    def _put(self, name: dns.name.Name, rrset: dns.rrset.RRset) -> None:
        key = (name, rrset.rdtype)
        if key in self._records:
            for record in rrset:
                self._records[key].add(record)
        else:
            self._records[key] = rrset
        # A name exists when there is something at it or below it (RFC 8020).
        while len(name) > 1:
            self._names.add(name)
            name = name.parent()
