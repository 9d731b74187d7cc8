"""What look-ups mean: the name, the exchangers, the way back from an address."""

from __future__ import annotations

from typing import get_args

import pytest

from mailkit.diagnosis import Diagnosis
from mailkit.observation import DnsStage, DnsStatus, EndpointResult

from .seen import (
    ADDRESS,
    HOST,
    document,
    endpoint,
    endpoint_of,
    finding,
    good,
    judge,
    judged,
    look_up,
    mx,
    tlsa,
    troubles,
)

STATUS_CODES = {
    "not-found": "dns.name-not-found",
    "no-data": "dns.no-address",
    "server-failure": "dns.server-failure",
    "timeout": "dns.timeout",
    "refused": "dns.refused",
    "alias-loop": "dns.alias-loop",
    "bogus": "dns.bogus",
    "no-resolver": "dns.no-resolver",
    "malformed": "dns.malformed",
}


def unresolved(status: DnsStatus, host: str = HOST, **more: object) -> EndpointResult:
    return endpoint_of({}, host=host, security=None, names=(look_up(name=host, status=status),), **more)  # type: ignore[arg-type]


def domain(*endpoints: EndpointResult, stages: tuple[DnsStage, ...]) -> Diagnosis:
    return judged(document(*endpoints, kind="mx", target="mx:example.org", stages=stages))


def exchanger(host: str, preference: int = 10, **more: object) -> EndpointResult:
    return endpoint(*good(), host=host, port=25, preference=preference, names=(look_up(name=host, **more),))  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "code"), STATUS_CODES.items())
def test_a_host_that_cannot_be_resolved_is_an_error_that_stops_everything(status: DnsStatus, code: str) -> None:
    diagnosis = judged(document(unresolved(status), wanted=("auth",)))
    assert troubles(diagnosis) == {code: "error"}
    assert {(gap.stage, gap.because) for gap in diagnosis.not_tested} == {
        (stage, code) for stage in ("tcp", "greeting", "ehlo", "tls", "auth")
    }


def test_all_ways_a_look_up_can_end_have_a_finding() -> None:
    assert STATUS_CODES.keys() == {*get_args(DnsStatus)} - {"ok"}


def test_no_answer_from_the_name_service_says_nothing_about_the_name() -> None:
    timeout = finding(judged(document(unresolved("timeout"))), "dns.timeout")
    assert timeout.temporary is None
    assert "no answer" in timeout.summary
    assert "does not exist" not in timeout.summary


def test_a_name_server_that_fails_on_one_family_only_is_a_warning() -> None:
    names = (look_up(family_status={"A": "ok", "AAAA": "timeout"}),)
    diagnosis = judge(*good(), names=names)
    assert troubles(diagnosis) == {"dns.timeout": "warning"}
    assert "AAAA" in finding(diagnosis, "dns.timeout").summary


def test_a_resolved_name_is_said_to_be_good() -> None:
    found = finding(judge(*good(), names=(look_up(),)), "dns.ok")
    assert (found.severity, found.subject) == ("ok", HOST)
    assert ADDRESS in found.summary


@pytest.mark.parametrize("status", ["not-found", "server-failure", "timeout", "refused", "bogus"])
def test_a_domain_that_cannot_be_looked_up_leads_nowhere(status: DnsStatus) -> None:
    diagnosis = domain(stages=(mx(status=status),))
    assert troubles(diagnosis) == {STATUS_CODES[status]: "error"}
    assert diagnosis.not_tested[0].stage == "tcp"


def test_a_domain_without_exchanger_is_reached_at_its_own_address() -> None:
    diagnosis = domain(exchanger("example.org", preference=0), stages=(mx(status="no-data"),))
    assert troubles(diagnosis) == {"dns.no-mx": "warning"}


def test_a_domain_with_neither_exchanger_nor_address_takes_no_mail() -> None:
    diagnosis = domain(unresolved("no-data", "example.org"), stages=(mx(status="no-data"),))
    assert troubles(diagnosis)["dns.no-mx"] == "error"


def test_a_null_mx_is_taken_at_its_word() -> None:
    diagnosis = domain(stages=(mx("."),))
    assert troubles(diagnosis) == {"dns.null-mx": "error"}
    assert finding(diagnosis, "dns.null-mx").temporary is False


def test_a_null_mx_beside_real_exchangers_is_a_mistake() -> None:
    diagnosis = domain(exchanger("mx.example.org"), stages=(mx(".", "mx.example.org"),))
    assert troubles(diagnosis) == {"dns.null-mx": "warning"}


def test_an_exchanger_that_does_not_exist_is_an_error_when_there_is_no_other() -> None:
    diagnosis = domain(unresolved("not-found", "mx.example.org", preference=10), stages=(mx("mx.example.org"),))
    assert troubles(diagnosis) == {"dns.mx-not-found": "error"}


def test_and_a_warning_when_there_is_one() -> None:
    missing = unresolved("not-found", "mx1.example.org", preference=10)
    diagnosis = domain(missing, exchanger("mx2.example.org", 20), stages=(mx("mx1.example.org", "mx2.example.org"),))
    assert troubles(diagnosis) == {"dns.mx-not-found": "warning"}
    assert finding(diagnosis, "dns.mx-not-found").subject == "mx1.example.org"


def test_an_exchanger_without_address_is_named() -> None:
    diagnosis = domain(unresolved("no-data", "mx.example.org", preference=10), stages=(mx("mx.example.org"),))
    assert troubles(diagnosis) == {"dns.no-address": "error"}
    assert finding(diagnosis, "dns.no-address").fix[0].who == "recipient"


def test_an_exchanger_that_is_an_alias_still_works() -> None:
    diagnosis = domain(exchanger("mx.example.org", aliases=("host.example.net",)), stages=(mx("mx.example.org"),))
    assert troubles(diagnosis) == {"dns.mx-is-alias": "warning"}
    assert "host.example.net" in finding(diagnosis, "dns.mx-is-alias").summary


def test_an_exchanger_that_is_an_address_cannot_be_used() -> None:
    diagnosis = domain(unresolved("not-found", "192.0.2.1", preference=10), stages=(mx("192.0.2.1"),))
    assert troubles(diagnosis) == {"dns.mx-is-address": "error"}


def test_the_exchangers_are_listed_in_the_order_senders_try_them() -> None:
    diagnosis = domain(exchanger("b.example.org"), exchanger("a.example.org"), stages=(mx("b.example.org", "a.example.org"),))
    found = next(one for one in diagnosis.findings if one.code == "dns.ok" and one.subject == "example.org")
    assert "b.example.org (10), a.example.org (20)" in found.summary


@pytest.mark.parametrize("status", ["not-found", "no-data"])
@pytest.mark.parametrize(("kind", "severity"), [("mx", "warning"), ("endpoint", "info"), ("host", "info")])
def test_a_missing_reverse_name_matters_for_exchangers_only(kind: str, severity: str, status: DnsStatus) -> None:
    server = endpoint(*good(), names=(look_up("reverse", ADDRESS, status),))
    assert finding(judged(document(server, kind=kind)), "dns.reverse-missing").severity == severity


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd00::1", "169.254.1.1"])
def test_an_internal_address_needs_no_reverse_name(address: str) -> None:
    diagnosis = judge(*good(), names=(look_up("reverse", address, "not-found"),))
    assert not [one for one in diagnosis.findings if one.stage == "dns"]


def test_a_reverse_name_that_does_not_lead_back_is_named() -> None:
    server = endpoint(*good(), names=(look_up("reverse", ADDRESS, answers=("other.example.net",)),))
    found = finding(judged(document(server, kind="mx")), "dns.reverse-mismatch")
    assert (found.severity, found.evidence["pointers"]) == ("warning", ["other.example.net"])


def test_a_confirmed_reverse_name_is_good() -> None:
    diagnosis = judge(*good(), names=(look_up("reverse", ADDRESS, answers=(HOST,), confirmed=(HOST,)),))
    assert finding(diagnosis, "dns.ok").evidence["pointers"] == [HOST]


def test_a_reverse_look_up_without_answer_leaves_it_open() -> None:
    diagnosis = judge(*good(), names=(look_up("reverse", ADDRESS, "timeout"),))
    assert diagnosis.verdict == "ok"
    assert finding(diagnosis, "dns.timeout").summary.startswith("Could not tell")


def test_a_tlsa_look_up_that_fails_is_a_warning() -> None:
    diagnosis = judge(*good(), names=(look_up("tlsa", f"_587._tcp.{HOST}", "server-failure"),))
    assert troubles(diagnosis) == {"dns.server-failure": "warning"}


def test_no_tlsa_record_is_nothing_to_speak_of() -> None:
    assert not troubles(judge(*good(), names=(look_up("tlsa", f"_587._tcp.{HOST}", "not-found"), tlsa(port=587))))


def test_the_same_look_up_at_four_ports_is_said_once() -> None:
    names = (look_up(family_status={"A": "ok", "AAAA": "refused"}),)
    diagnosis = judged(document(*(endpoint(*good(), port=port, names=names) for port in (25, 465, 587)), kind="host"))
    assert [one.code for one in diagnosis.findings].count("dns.refused") == 1
