"""What unbound and Knot answer, and what is made of it: exchangers, aliases, null MX, forged answers, reverse names, DANE."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from mailkit.observation import DnsStage, DnsStatus, ProbeDocument

from .ground.asking import Ask, severities, troubles
from .ground.certificates import Certificates
from .ground.postfix import Postfix


def question(document: ProbeDocument, what: str) -> DnsStage:
    stages = [*document.stages, *(stage for endpoint in document.endpoints for stage in endpoint.stages)]
    return next(stage for stage in stages if isinstance(stage, DnsStage) and stage.what == what)


@pytest.fixture
def exchanger(mail: Postfix, resolver: str, ask: Ask) -> Ask:
    """Ask for the exchangers of a domain, at the port of a role, under their own names."""

    async def exchanger(target: str, role: str = "mx", **settings: object) -> ProbeDocument:
        return await ask(f"mx:{target}:{mail.ports[role]}", **{"resolver": resolver, "server_name": None} | settings)

    return exchanger


async def test_a_signed_domain_with_one_exchanger_is_fine(exchanger: Ask) -> None:
    document = await exchanger("ci.test")
    mx = question(document, "mx")
    assert [(one.preference, one.host) for one in mx.exchangers] == [(10, "mx.ci.test")]
    assert mx.authenticated is True
    assert question(document, "address").authenticated is True
    reverse = question(document, "reverse")
    assert (reverse.name, reverse.answers, reverse.confirmed) == ("127.0.0.1", ("mx.ci.test",), ("mx.ci.test",))
    assert (document.verdict, troubles(document)) == ("ok", set())


async def test_exchangers_come_in_the_order_of_their_preference(exchanger: Ask) -> None:
    document = await exchanger("two.test")
    assert [(endpoint.preference, endpoint.host) for endpoint in document.endpoints] == [(10, "mx.ci.test"), (20, "mx2.ci.test")]
    assert document.connections.keys() == {"127.0.0.1", "127.0.0.4"}
    assert not troubles(document)


@pytest.mark.parametrize("domain", ["bücher.test", "xn--bcher-kva.test", "BÜCHER.test."])
async def test_a_domain_with_an_umlaut_is_asked_for_as_dns_has_it(domain: str, exchanger: Ask) -> None:
    document = await exchanger(domain)
    assert question(document, "mx").name == "xn--bcher-kva.test"
    assert [endpoint.host for endpoint in document.endpoints] == ["mx.ci.test"]


DOMAINS: dict[str, tuple[DnsStatus, dict[str, str]]] = {
    "nullmx.test": ("ok", {"dns.null-mx": "error"}),
    "cnamemx.test": ("ok", {"dns.mx-is-alias": "warning"}),
    "deadmx.test": ("ok", {"dns.mx-not-found": "error"}),
    "halfdead.test": ("ok", {"dns.mx-not-found": "warning"}),
    "literalmx.test": ("ok", {"dns.mx-is-address": "error"}),
    "nomx.test": ("no-data", {"dns.no-mx": "warning"}),
    "missing.test": ("not-found", {"dns.name-not-found": "error"}),
    "bogus.test": ("bogus", {"dns.bogus": "error"}),
    "lame.test": ("server-failure", {"dns.server-failure": "error"}),
    "outside.example": ("refused", {"dns.refused": "error"}),
    "mismatch.test": ("ok", {"dns.reverse-mismatch": "warning"}),
    "noreverse.test": ("ok", {"dns.reverse-missing": "warning"}),
}


@pytest.mark.parametrize("domain", DOMAINS)
async def test_what_is_wrong_with_a_domain_is_said_and_nothing_else(domain: str, exchanger: Ask) -> None:
    status, findings = DOMAINS[domain]
    # The names of these exchangers are about DNS; which of them the certificate has is not the point here.
    document = await exchanger(domain, server_name="mx.ci.test")
    assert question(document, "mx").status == status
    assert severities(document) == findings


async def test_a_domain_without_exchanger_is_its_own(exchanger: Ask) -> None:
    document = await exchanger("nomx.test", server_name="mx.ci.test")
    assert [endpoint.host for endpoint in document.endpoints] == ["nomx.test"]
    assert document.endpoints[0].security == "starttls"


async def test_a_domain_without_exchanger_and_address_takes_no_mail(exchanger: Ask) -> None:
    document = await exchanger("textonly.test")
    assert document.verdict == "error"
    assert troubles(document) & {"dns.no-mx", "dns.no-address"}


async def test_a_null_mx_is_not_contacted(exchanger: Ask) -> None:
    document = await exchanger("nullmx.test")
    assert not document.connections


HOSTS: dict[str, tuple[DnsStatus, str]] = {
    "gone.test": ("not-found", "dns.name-not-found"),
    "textonly.test": ("no-data", "dns.no-address"),
    "loop.test": ("alias-loop", "dns.alias-loop"),
    "mx.bogus.test": ("bogus", "dns.bogus"),
    "mx.lame.test": ("server-failure", "dns.server-failure"),
    "mx.outside.example": ("refused", "dns.refused"),
}


@pytest.mark.parametrize("host", HOSTS)
async def test_why_a_host_has_no_address_is_said(host: str, mail: Postfix, resolver: str, ask: Ask) -> None:
    status, code = HOSTS[host]
    document = await ask(f"{host}:{mail.ports['mx']}", resolver=resolver)
    assert question(document, "address").status == status
    assert severities(document) == {code: "error"}
    assert not document.connections


async def test_the_alias_of_a_host_is_followed_and_kept(mail: Postfix, resolver: str, ask: Ask) -> None:
    document = await ask(f"alias.test:{mail.ports['mx']}", resolver=resolver)
    stage = question(document, "address")
    assert (stage.aliases, stage.answers) == (("mx.ci.test",), ("127.0.0.1",))


@contextlib.contextmanager
def silent_name_server() -> Iterator[str]:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{deaf.getsockname()[1]}"


async def test_a_name_server_that_does_not_answer_is_no_missing_name(mail: Postfix, ask: Ask) -> None:
    with silent_name_server() as deaf:
        document = await ask(f"mx.ci.test:{mail.ports['mx']}", resolver=deaf, timeout=1.0)
    assert question(document, "address").status == "timeout"
    assert question(document, "address").ok is None
    assert troubles(document) == {"dns.timeout"}


async def test_a_family_that_is_not_served_is_told_from_a_server_that_is_down(mail: Postfix, resolver: str, ask: Ask) -> None:
    document = await ask(f"dual.test:{mail.ports['plain']}", resolver=resolver)
    assert {(one.family, one.ok, one.error) for one in document.address_family_results} == {
        (4, True, None),
        (6, False, "refused"),
    }
    assert "tcp.address-broken" in troubles(document)
    assert "tcp.refused" not in troubles(document)


# ── DANE (RFC 6698, RFC 7672) ──


async def test_a_tlsa_record_that_fits_is_good(exchanger: Ask, certificates: Certificates) -> None:
    document = await exchanger("dane.test")
    stage = question(document, "tlsa")
    record = (stage.records[0].usage, stage.records[0].selector, stage.records[0].matching_type, stage.records[0].data)
    assert record == (3, 1, 1, certificates.tlsa_key_sha256("good"))
    assert stage.authenticated is True
    facts = document.endpoints[0].tls
    assert facts is not None
    assert facts.chain[0].tlsa["1-1"] == certificates.tlsa_key_sha256("good")
    assert (document.verdict, troubles(document)) == ("ok", set())


async def test_a_tlsa_record_of_another_key_is_a_mismatch(exchanger: Ask) -> None:
    document = await exchanger("wrongdane.test", server_name="mx.ci.test")
    assert troubles(document) == {"tls.dane-mismatch"}


async def test_a_tlsa_record_does_not_excuse_a_date_where_mail_is_submitted(mail: Postfix, resolver: str, ask: Ask) -> None:
    document = await ask(f"mx.dane.test:{mail.ports['expired']}", resolver=resolver, server_name=None)
    assert severities(document) == {"tls.certificate-expired": "error"}
