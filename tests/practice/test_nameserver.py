"""The name server answers as real ones do, as an independent resolver sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import dns.asyncquery
import dns.asyncresolver
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.reversename
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailkit.practice import PracticeSite, practice_site

from .talk import talking


@pytest.fixture
async def site() -> AsyncIterator[PracticeSite]:
    async with practice_site(plays=["good-exchanger", "dane-good", "dane-mismatch", "dane-unsigned", "ipv6-broken"]) as site:
        yield site


@pytest.fixture
def resolver(site: PracticeSite) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    host, port = site.resolver.split(":")
    resolver.nameservers, resolver.port, resolver.lifetime = [host], int(port), 5
    return resolver


async def question(
    site: PracticeSite, name: str, kind: str, *, tcp: bool = False, patience: float = 5, **options: object
) -> dns.message.Message:
    host, port = site.resolver.split(":")
    flags = options.pop("flags", 0)
    assert isinstance(flags, int)
    query = dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]  # passed on
    query.flags |= flags
    send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await send(query, host, port=int(port), timeout=patience)


@pytest.mark.parametrize(
    ("domain", "exchangers"),
    [
        ("hotel.test", ["10 mx1.hotel.test.", "20 mx2.hotel.test."]),
        ("null-mx.test", ["0 ."]),
        ("alias-mx.test", ["10 mail-alias.practice.test."]),
        ("address-mx.test", ["10 127.0.0.1."]),
        ("missing-mx.test", ["10 nobody-here.practice.test."]),
        ("loop-mx.test", ["10 loop-a.practice.test."]),
    ],
)
async def test_exchangers_by_preference(resolver: dns.asyncresolver.Resolver, domain: str, exchangers: list[str]) -> None:
    assert sorted(map(str, await resolver.resolve(domain, "MX"))) == exchangers


async def test_every_server_has_the_addresses_it_listens_on(site: PracticeSite, resolver: dns.asyncresolver.Resolver) -> None:
    for server in site.servers.values():
        if not server.play.published:
            found = [str(each) for each in await resolver.resolve(server.name, "A")]
            if len(server.addresses) > 1:
                found += [str(each) for each in await resolver.resolve(server.name, "AAAA")]
            assert tuple(found) == server.addresses


async def test_a_name_may_have_an_address_nobody_listens_on(site: PracticeSite, resolver: dns.asyncresolver.Resolver) -> None:
    assert str((await resolver.resolve("ipv6-broken.practice.test", "AAAA"))[0]) == "::1"
    assert site.server("ipv6-broken").addresses == ("127.0.0.1",)


async def test_an_alias_is_followed(resolver: dns.asyncresolver.Resolver) -> None:
    answer = await resolver.resolve("mail-alias.practice.test", "A")
    assert str(answer.canonical_name) == "good-exchanger.practice.test."


@pytest.mark.parametrize(("name", "kind"), [("missing.test", "A"), ("nobody-here.practice.test", "A"), ("example.com", "MX")])
async def test_the_rest_of_the_world_does_not_exist(resolver: dns.asyncresolver.Resolver, name: str, kind: str) -> None:
    with pytest.raises(dns.resolver.NXDOMAIN):
        await resolver.resolve(name, kind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("no-address.practice.test", "A"), ("nothing.test", "MX"), ("no-mx.test", "MX"), ("_tcp.dane-good.signed.test", "A")],
)
async def test_a_name_may_exist_without_such_a_record(resolver: dns.asyncresolver.Resolver, name: str, kind: str) -> None:
    with pytest.raises(dns.resolver.NoAnswer):
        await resolver.resolve(name, kind)


async def test_an_alias_loop_is_answered_with_the_loop(site: PracticeSite) -> None:
    reply = await question(site, "loop-a.practice.test", "A")
    assert [str(rrset[0].target) for rrset in reply.answer] == ["loop-b.practice.test.", "loop-a.practice.test."]


@pytest.mark.parametrize(("name", "code"), [("servfail.test", dns.rcode.SERVFAIL), ("mail.refused.test", dns.rcode.REFUSED)])
async def test_a_name_server_may_fail_or_refuse(site: PracticeSite, name: str, code: dns.rcode.Rcode) -> None:
    assert (await question(site, name, "A")).rcode() == code


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_name_server_may_be_silent(site: PracticeSite, tcp: bool) -> None:  # noqa: FBT001  # a parameter of the test
    asked = site.nameserver.questions
    with pytest.raises(dns.exception.Timeout):
        await question(site, "silent.test", "A", tcp=tcp, patience=0.1)
    assert site.nameserver.questions == asked + 1


async def test_a_bogus_domain_fails_with_the_reason_unless_checking_is_off(site: PracticeSite) -> None:
    reply = await question(site, "bogus.test", "MX", use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in reply.options if isinstance(option, dns.edns.EDEOption)] == [dns.edns.EDECode.DNSSEC_BOGUS]
    unchecked = await question(site, "bogus.test", "MX", flags=dns.flags.CD)
    assert str(unchecked.answer[0][0]) == "10 good-exchanger.practice.test."


@pytest.mark.parametrize(
    ("options", "name", "validated"),
    [
        ({"flags": dns.flags.AD}, "dane-good.signed.test", True),
        ({"want_dnssec": True}, "dane-good.signed.test", True),
        ({}, "dane-good.signed.test", False),
        ({"want_dnssec": True}, "dane-unsigned.practice.test", False),
    ],
)
async def test_signed_domains_are_marked_for_whoever_asks(
    site: PracticeSite, options: dict[str, object], name: str, *, validated: bool
) -> None:
    assert bool((await question(site, name, "A", **options)).flags & dns.flags.AD) == validated


@pytest.mark.parametrize(("play", "fits"), [("dane-good", True), ("dane-mismatch", False), ("dane-unsigned", False)])
async def test_tlsa_records_name_the_certificate_or_do_not(
    site: PracticeSite, resolver: dns.asyncresolver.Resolver, play: str, *, fits: bool
) -> None:
    server = site.server(play)
    record = (await resolver.resolve(f"_{server.port}._tcp.{server.name}", "TLSA"))[0]
    assert (record.usage, record.selector, record.mtype) == (3, 1, 1)
    async with talking(server) as talk:
        await talk.all("EHLO client.test", "STARTTLS")
        der = (await talk.secure()).getpeercert(binary_form=True)
    assert der is not None
    key = x509.load_der_x509_certificate(der).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert (record.cert == sha256(key).digest()) == fits


@pytest.mark.parametrize(
    ("address", "name"),
    [("127.0.0.1", "mail.hotel.test."), ("::1", "mail.hotel.test."), ("127.0.0.2", None), ("127.0.0.3", "mail.elsewhere.test.")],
)
async def test_addresses_have_names_that_may_be_missing_or_wrong(
    resolver: dns.asyncresolver.Resolver, address: str, name: str | None
) -> None:
    if name is None:
        with pytest.raises(dns.resolver.NXDOMAIN):
            await resolver.resolve_address(address)
    else:
        assert str((await resolver.resolve_address(address))[0]) == name


async def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp(site: PracticeSite) -> None:
    assert (await question(site, "large.test", "A")).flags & dns.flags.TC
    assert len((await question(site, "large.test", "A", tcp=True)).answer[0]) == 90


async def test_nonsense_is_not_answered_and_does_no_harm(site: PracticeSite) -> None:
    assert site.nameserver.answer(b"") is None
    assert site.nameserver.answer(b"\xff" * 600) is None
    assert (await question(site, "hotel.test", "MX")).rcode() == dns.rcode.NOERROR
