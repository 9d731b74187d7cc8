"""What connections mean that were made, refused, or never answered."""

from __future__ import annotations

import pytest

from mailkit.observation import EndpointResult, Problem

from .seen import ADDRESS, HOST, SECOND, document, endpoint, endpoint_of, finding, good, judge, judged, tcp, troubles


def closed(port: int, problem: Problem, host: str = HOST, **more: object) -> EndpointResult:
    return endpoint(tcp(problem), host=host, port=port, security=None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "code"),
    [("refused", "tcp.refused"), ("timeout", "tcp.timeout"), ("unreachable", "tcp.unreachable"), ("reset", "tcp.failed")],
)
def test_a_connection_that_fails_is_named_for_how_it_failed(problem: Problem, code: str) -> None:
    diagnosis = judge(tcp(problem), security=None, wanted=("auth", "sender"))
    assert troubles(diagnosis) == {code: "error"}
    assert {gap.because for gap in diagnosis.not_tested} == {code}
    assert [gap.stage for gap in diagnosis.not_tested] == ["greeting", "ehlo", "tls", "auth", "sender"]


def test_a_time_out_is_never_a_refusal() -> None:
    diagnosis = judge(tcp("timeout"), security=None)
    found = finding(diagnosis, "tcp.timeout")
    assert found.temporary is None
    assert "no answer" in found.summary
    assert "refuse" not in f"{found.summary} {found.detail}"
    assert diagnosis.headline.startswith("No answer")


def test_a_closed_port_beside_one_that_works_is_only_mentioned() -> None:
    diagnosis = judged(document(closed(25, "refused"), endpoint(*good(), port=587), kind="host"))
    assert finding(diagnosis, "tcp.refused").severity == "info"
    assert diagnosis.verdict == "ok"
    assert diagnosis.not_tested == ()


def test_but_an_error_when_no_port_works() -> None:
    diagnosis = judged(document(closed(465, "refused"), closed(587, "refused"), kind="host"))
    assert {one.severity for one in diagnosis.findings} == {"error"}


def test_port_25_alone_without_answer_looks_like_a_block() -> None:
    diagnosis = judged(document(closed(25, "timeout"), endpoint(*good(), port=587), kind="host"))
    assert troubles(diagnosis) == {"tcp.port-25-blocked": "warning"}
    found = finding(diagnosis, "tcp.port-25-blocked")
    assert (found.confidence, found.evidence["working_ports"]) == ("likely", [587])
    assert finding(diagnosis, "tcp.timeout").evidence["follows_from"] == "tcp.port-25-blocked"


def test_port_25_that_refuses_is_not_blocked() -> None:
    diagnosis = judged(document(closed(25, "refused"), endpoint(*good(), port=587), kind="host"))
    assert "tcp.port-25-blocked" not in [one.code for one in diagnosis.findings]


def test_silence_of_all_exchangers_looks_like_a_block() -> None:
    exchangers = [
        closed(25, "timeout", host, preference=number) for number, host in enumerate(("mx1.example.org", "mx2.example.org"))
    ]
    diagnosis = judged(document(*exchangers, kind="mx", target="mx:example.org"))
    assert diagnosis.findings[0].code == "tcp.port-25-blocked"
    assert (diagnosis.findings[0].severity, diagnosis.findings[0].confidence) == ("error", "likely")
    assert "seems" in diagnosis.headline


def test_silence_of_one_exchanger_beside_another_is_not_a_block() -> None:
    exchangers = [
        closed(25, "timeout", "mx1.example.org", preference=10),
        endpoint(*good(), host="mx2.example.org", port=25, preference=20),
    ]
    diagnosis = judged(document(*exchangers, kind="mx", target="mx:example.org"))
    assert "tcp.port-25-blocked" not in troubles(diagnosis)


def test_a_dead_address_beside_a_living_one_is_a_warning() -> None:
    diagnosis = judged(document(endpoint_of({ADDRESS: good(), SECOND: [tcp("timeout", SECOND)]})))
    assert troubles(diagnosis) == {"tcp.address-broken": "warning"}
    found = finding(diagnosis, "tcp.address-broken")
    assert (found.evidence["working"], found.evidence["broken"]) == ([ADDRESS], [SECOND])
    assert "no answer" in str(found.detail)


def test_a_machine_without_ipv6_is_no_fault_of_the_server() -> None:
    diagnosis = judged(document(endpoint_of({ADDRESS: good(), SECOND: [tcp("unreachable", SECOND)]})))
    assert finding(diagnosis, "tcp.address-broken").severity == "info"
    assert diagnosis.verdict == "ok"


def test_the_same_failure_of_two_addresses_is_said_once() -> None:
    diagnosis = judged(document(endpoint_of({ADDRESS: [tcp("refused")], SECOND: [tcp("refused", SECOND)]}, security=None)))
    assert finding(diagnosis, "tcp.refused").evidence["addresses"] == [ADDRESS, SECOND]


def test_different_failures_of_two_addresses_are_two_findings() -> None:
    diagnosis = judged(document(endpoint_of({ADDRESS: [tcp("refused")], SECOND: [tcp("timeout", SECOND)]}, security=None)))
    assert finding(diagnosis, "tcp.refused").subject == f"{HOST}:587 [{ADDRESS}]"
    assert finding(diagnosis, "tcp.timeout").subject == f"{HOST}:587 [{SECOND}]"


def test_a_connection_is_said_to_be_good() -> None:
    assert finding(judge(*good()), "tcp.ok").evidence["connect_ms"] == 12
