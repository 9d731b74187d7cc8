"""What a certificate and its chain mean: every fault of one handshake is said, and none that does not follow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailkit.diagnosis import Diagnosis
from mailkit.observation import Certificate, DnsStage, TlsFacts, VerifyError

from .seen import (
    ADDRESS,
    HOST,
    INTERMEDIATE,
    NOW,
    SECOND,
    certificate,
    document,
    endpoint,
    endpoint_of,
    finding,
    good,
    judge,
    judged,
    no_log_in,
    session,
    tcp,
    tls,
    tlsa,
    troubles,
)


def shown(facts: TlsFacts, port: int = 587, names: tuple[DnsStage, ...] = ()) -> Diagnosis:
    return judge(*good(tls(facts)), port=port, names=names)


def test_a_good_certificate_is_said_to_be_good() -> None:
    found = finding(shown(session()), "tls.certificate-ok")
    assert (found.severity, found.evidence["days"]) == ("ok", 60)


# ── dates ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_expired_certificate() -> None:
    old = certificate(not_after=NOW - timedelta(days=3, hours=1))
    found = finding(shown(session(10, chain=(old, INTERMEDIATE))), "tls.certificate-expired")
    assert found.severity == "error"
    assert "2026-11-18" in found.summary
    assert found.evidence["days"] == 3


def test_a_certificate_that_is_not_valid_yet_points_at_the_clock() -> None:
    early = certificate(not_before=NOW + timedelta(days=2))
    diagnosis = shown(session(9, chain=(early, INTERMEDIATE)))
    assert troubles(diagnosis) == {"tls.certificate-not-yet-valid": "error"}
    assert "clock" in str(finding(diagnosis, "tls.certificate-not-yet-valid").detail)


@pytest.mark.parametrize(("days", "warned"), [(20, True), (21, False), (0, True)])
def test_a_certificate_that_ends_within_21_days_is_a_warning(days: int, warned: bool) -> None:  # noqa: FBT001 - a parameter of the test
    soon = certificate(not_after=NOW + timedelta(days=days, hours=1))
    assert troubles(shown(session(chain=(soon, INTERMEDIATE)))) == ({"tls.certificate-expires-soon": "warning"} if warned else {})


def test_an_expired_intermediate_is_named_as_such() -> None:
    old = certificate(subject="CN=Public Issuing CA,O=Public Authority", not_after=NOW - timedelta(days=1), sha256="e" * 64)
    facts = session(chain=(certificate(), old), verified=False, errors=(VerifyError(number=10, depth=1, text="expired"),))
    found = finding(shown(facts), "tls.certificate-expired")
    assert "sends along" in found.summary


def test_an_old_certificate_the_check_did_not_need_is_no_fault() -> None:
    old = certificate(subject="CN=Old Root", not_after=NOW - timedelta(days=1))
    assert not troubles(shown(session(chain=(certificate(), INTERMEDIATE, old))))


# ── names ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_certificate_for_another_name_tells_the_names_to_use() -> None:
    other = certificate(names=("smtp.example.net", "192.0.2.9"))
    diagnosis = shown(session(chain=(other, INTERMEDIATE), name_matches=False))
    assert troubles(diagnosis) == {"tls.certificate-name-mismatch": "error"}
    found = finding(diagnosis, "tls.certificate-name-mismatch")
    assert found.evidence["expected"] == HOST
    assert found.evidence["names"] == ["smtp.example.net", "192.0.2.9"]
    assert "smtp.example.net" in found.fix[0].action
    assert "192.0.2.9" not in found.fix[0].action


def test_a_server_called_by_its_address_is_told_so() -> None:
    diagnosis = judge(
        *good(tls(session(name_matches=False, server_name="198.51.100.7"))), product="maestro-pms", host="198.51.100.7"
    )
    found = finding(diagnosis, "tls.certificate-name-mismatch")
    assert "by its address" in found.summary
    assert [fix.where for fix in found.fix] == ["pms.server", None]


def test_a_certificate_without_any_name() -> None:
    nameless = certificate(names=())
    found = finding(shown(session(chain=(nameless, INTERMEDIATE), name_matches=False)), "tls.certificate-name-mismatch")
    assert "names no host at all" in found.summary


def test_at_an_exchanger_the_other_name_concerns_its_domain() -> None:
    server = endpoint(*good(tls(session(name_matches=False))), port=25, preference=10)
    diagnosis = judged(document(server, kind="mx", target="mx:example.org"))
    assert finding(diagnosis, "tls.certificate-name-mismatch").fix[0].who == "recipient"


# ── trust ──────────────────────────────────────────────────────────────────────────────────────────────────────────

SELF_SIGNED = certificate(issuer=f"CN={HOST}", self_signed=True, issuer_urls=())


def leaf(issuer: str, *urls: str) -> Certificate:
    return certificate(issuer=issuer, issuer_urls=urls)


def test_a_self_signed_certificate() -> None:
    assert troubles(shown(session(18, chain=(SELF_SIGNED,)))) == {"tls.certificate-self-signed": "error"}


def test_a_self_signed_certificate_that_is_trusted_is_good() -> None:
    assert not troubles(shown(session(chain=(SELF_SIGNED,), trust="ours.pem")))


def test_a_self_signed_certificate_needs_no_list_of_authorities_to_be_seen() -> None:
    assert troubles(shown(session(chain=(SELF_SIGNED,), trust=None, verified=None, issuer_known=None))) == {
        "tls.certificate-self-signed": "error"
    }


def test_without_a_list_of_authorities_nothing_is_said_against_a_certificate() -> None:
    diagnosis = shown(session(trust=None, verified=None, issuer_known=None))
    assert diagnosis.verdict == "ok"
    assert "Could not tell" in finding(diagnosis, "tls.certificate-unchecked").summary


ROOT = certificate(subject="CN=Company Root CA", issuer="CN=Company Root CA", self_signed=True, sha256="9" * 64)
WEB = "http://ca.example.net/ca.crt"


@pytest.mark.parametrize(
    ("chain", "objections", "code"),
    [
        ((leaf("CN=Company Root CA"), ROOT), (19,), "tls.certificate-untrusted"),
        ((leaf("CN=Company Root CA"),), (20, 21), "tls.certificate-untrusted"),
        ((leaf("CN=Global Root G2", WEB),), (20, 21), "tls.certificate-untrusted"),
        ((leaf("CN=Example Intermediate CA"),), (20, 21), "tls.chain-incomplete"),
        ((leaf("CN=R11,O=Let's Encrypt"),), (20, 21), "tls.chain-incomplete"),
        ((leaf("CN=Example RSA 2048 M02", WEB),), (20, 21), "tls.chain-incomplete"),
        ((leaf("CN=DC01-CA", "ldap:///CN=DC01-CA"),), (20, 21), "tls.certificate-untrusted"),
        ((certificate(), INTERMEDIATE), (20,), "tls.certificate-untrusted"),
        ((certificate(), certificate(subject="CN=Somebody Else", issuer="CN=Elsewhere")), (20, 21), "tls.chain-incomplete"),
    ],
    ids=[
        "a root sent along",
        "signed by a root",
        "a root although it can be fetched",
        "signed by an intermediate",
        "a public intermediate by its short name",
        "an issuer that can be fetched",
        "an issuer in a directory",
        "only the root is missing",
        "a link missing in the middle",
    ],
)
def test_an_open_chain_is_incomplete_or_its_authority_is_unknown(
    chain: tuple[Certificate, ...], objections: tuple[int, ...], code: str
) -> None:
    diagnosis = shown(session(*objections, chain=chain, trust="ours.pem"))
    assert troubles(diagnosis) == {code: "error"}


def test_where_nothing_tells_which_both_readings_are_said() -> None:
    found = finding(shown(session(20, 21, chain=(leaf("CN=Testing CA 7f2a"),))), "tls.certificate-untrusted")
    assert found.confidence == "likely"
    assert "does not tell which" in str(found.detail)


def test_the_missing_certificate_can_be_fetched_where_its_issuer_says() -> None:
    found = finding(shown(session(20, 21, chain=(leaf("CN=Example Issuing CA", WEB),))), "tls.chain-incomplete")
    assert found.evidence["fetch_from"] == WEB
    assert WEB in found.fix[0].action


def test_an_objection_of_another_kind_is_passed_on() -> None:
    found = finding(shown(session(28)), "tls.certificate-untrusted")
    assert "certificate rejected" in found.summary


# ── key, signature, purpose ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "bits", "weak"), [("RSA", 1024, True), ("RSA", 2048, False), ("EC", 192, True), ("EC", 256, False)]
)
def test_short_keys_are_weak(kind: str, bits: int, weak: bool) -> None:  # noqa: FBT001 - a parameter of the test
    short = certificate(key_type=kind, key_bits=bits)
    assert troubles(shown(session(chain=(short, INTERMEDIATE)))) == ({"tls.certificate-weak-key": "warning"} if weak else {})


def test_a_weak_key_that_fails_the_check_is_an_error() -> None:
    short = certificate(key_type="RSA", key_bits=512)
    assert troubles(shown(session(66, chain=(short, INTERMEDIATE)))) == {"tls.certificate-weak-key": "error"}


def test_an_outdated_hash_is_weak_but_not_on_what_signed_itself() -> None:
    assert troubles(shown(session(chain=(certificate(signature="sha1"), INTERMEDIATE)))) == {
        "tls.certificate-weak-signature": "warning"
    }
    root = certificate(subject="CN=Public Root", issuer="CN=Public Root", self_signed=True, signature="sha1")
    assert not troubles(shown(session(chain=(certificate(), INTERMEDIATE, root))))


def test_a_certificate_for_clients_is_of_the_wrong_purpose() -> None:
    wrong = certificate(server_auth=False)
    assert troubles(shown(session(26, chain=(wrong, INTERMEDIATE)))) == {"tls.certificate-wrong-purpose": "error"}


def test_a_certificate_that_cannot_be_read() -> None:
    facts = TlsFacts(version="TLSv1.3", cipher="x", unreadable="invalid DER")
    assert troubles(shown(facts)) == {"tls.certificate-unreadable": "error"}


def test_all_faults_of_one_handshake_are_said_together() -> None:
    worst = certificate(
        not_after=NOW - timedelta(days=9),
        names=("www.example.net",),
        issuer="CN=Company Root CA",
        key_type="RSA",
        key_bits=1024,
        signature="sha1",
        server_auth=False,
    )
    diagnosis = shown(session(10, 20, 21, 26, chain=(worst,), name_matches=False))
    assert list(troubles(diagnosis)) == [
        "tls.certificate-expired",
        "tls.certificate-name-mismatch",
        "tls.certificate-untrusted",
        "tls.certificate-wrong-purpose",
        "tls.certificate-weak-key",
        "tls.certificate-weak-signature",
    ]


def test_a_password_kept_back_for_a_bad_certificate_is_not_tested_because_of_it() -> None:
    old = certificate(not_after=NOW - timedelta(days=3))
    stages = good(tls(session(10, chain=(old, INTERMEDIATE))), no_log_in("unverified", verified=False))
    diagnosis = judge(*stages, wanted=("auth", "sender", "recipient"))
    assert troubles(diagnosis) == {"tls.certificate-expired": "error"}
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [
        ("auth", "tls.certificate-expired"),
        ("sender", "tls.certificate-expired"),
        ("recipient", "tls.certificate-expired"),
    ]


def test_certificates_of_two_addresses_are_told_apart() -> None:
    old = certificate(not_after=NOW - timedelta(days=3), sha256="0" * 64)
    second = [tcp(address=SECOND), *good(tls(session(10, chain=(old, INTERMEDIATE))))[1:]]
    diagnosis = judged(document(endpoint_of({ADDRESS: good(), SECOND: second})))
    assert finding(diagnosis, "tls.certificate-expired").subject == f"{HOST}:587 [{SECOND}]"


# ── TLSA ───────────────────────────────────────────────────────────────────────────────────────────────────────────

FAULTY = session(10, 20, 21, chain=(certificate(not_after=NOW - timedelta(days=3)),), name_matches=False)


def test_on_port_25_a_match_of_usage_3_silences_name_dates_and_authority() -> None:
    diagnosis = shown(FAULTY, port=25, names=(tlsa(usage=3),))
    assert not troubles(diagnosis)
    assert finding(diagnosis, "tls.dane-ok").severity == "ok"


def test_elsewhere_it_does_not() -> None:
    assert "tls.certificate-expired" in troubles(shown(FAULTY, port=587, names=(tlsa(usage=3, port=587),)))


def test_a_match_of_usage_2_stands_for_the_authority_only() -> None:
    facts = session(20, chain=(certificate(), INTERMEDIATE), name_matches=False)
    diagnosis = shown(facts, port=25, names=(tlsa(usage=2, data="d" * 64),))
    assert troubles(diagnosis) == {"tls.certificate-name-mismatch": "error"}


@pytest.mark.parametrize(("port", "severity"), [(25, "error"), (587, "warning")])
def test_a_record_for_another_certificate_is_a_mismatch(port: int, severity: str) -> None:
    diagnosis = shown(session(), port=port, names=(tlsa(data="0" * 64, port=port),))
    assert troubles(diagnosis) == {"tls.dane-mismatch": severity}
    assert "b" * 64 in finding(diagnosis, "tls.dane-mismatch").fix[0].action


def test_one_of_two_records_is_enough() -> None:
    assert not troubles(shown(session(), port=25, names=(tlsa(data="0" * 64), tlsa())))


@pytest.mark.parametrize("record", [tlsa(authenticated=False), tlsa(usage=1)], ids=["not signed", "usage 1"])
def test_records_nobody_may_rely_on_settle_nothing(record: DnsStage) -> None:
    assert "tls.certificate-expired" in troubles(shown(FAULTY, port=25, names=(record,)))
    assert finding(shown(session(), port=25, names=(record,)), "tls.dane-unusable").severity == "info"


def test_an_issuer_of_the_same_organisation_as_the_given_authority_is_most_likely_below_it() -> None:
    facts = session(20, 21, chain=(leaf("CN=Testing CA 7f2a,O=Hotel Group"),), trust="ours.pem", issuer_related=True)
    assert finding(shown(facts), "tls.chain-incomplete").confidence == "likely"
