"""What differs between two places or two days: what has a meaning, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from mailkit.diagnosis import Comparison, compare
from mailkit.observation import Observation, ProbeDocument

from .seen import (
    ADDRESS,
    AUTH,
    HOST,
    INTERMEDIATE,
    KEYWORDS,
    NOW,
    SECOND,
    auth,
    certificate,
    document,
    ehlo,
    endpoint,
    endpoint_of,
    good,
    greeting,
    look_up,
    mx,
    session,
    tcp,
    tls,
)

BEFORE = document(endpoint(*good()))


def after(*changes: Observation, **more: object) -> ProbeDocument:
    return document(endpoint(*good(*changes), **more))  # type: ignore[arg-type]


def kinds(comparison: Comparison) -> set[str]:
    return {one.what for one in comparison.differences}


def sentence(comparison: Comparison, what: str) -> str:
    (one,) = [one for one in comparison.differences if one.what == what]
    return one.sentence


def test_the_same_conversation_a_day_later_is_the_same() -> None:
    later = [
        msgspec.structs.replace(stage, started=NOW + timedelta(days=1), duration_ms=stage.duration_ms * 2, connection=3)
        for stage in good(greeting("220 mail.example.org ESMTP"))
    ]
    comparison = compare(BEFORE, document(endpoint(*later)))
    assert comparison.differences == ()
    assert comparison.headline == "Nothing that matters differs."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "220 mx.example.org ESMTP 5b1f17b1804b1-4a4c0e3f1sm12345678 - gsmtp",
            "220 mx.example.org ESMTP a640c23a62f3a-b73fdb1cf4sm87654 - gsmtp",
        ),
        (
            "220 mx.example.org ESMTP Exim 4.96 Sat, 21 Nov 2026 12:00:00 +0000",
            "220 mx.example.org ESMTP Exim 4.96 Sun, 22 Nov 2026 09:30:01 +0100",
        ),
    ],
)
def test_what_is_new_in_every_greeting_is_noise(one: str, other: str) -> None:
    assert kinds(compare(after(greeting(one)), after(greeting(other)))) == set()


def test_another_program_in_the_greeting_is_not() -> None:
    comparison = compare(
        after(greeting("220 mail.example.org ESMTP Exim 4.96")), after(greeting("220 mail.example.org ESMTP Postfix"))
    )
    assert kinds(comparison) == {"banner"}
    assert "Exim 4.96" in sentence(comparison, "banner")


def test_a_verdict_and_the_findings_behind_it_come_first() -> None:
    old = tls(session(10, chain=(certificate(not_after=NOW - timedelta(days=3), sha256="0" * 64, serial="ff"), INTERMEDIATE)))
    comparison = compare(BEFORE, after(old))
    assert [one.what for one in comparison.differences][:2] == ["verdict", "finding_new"]
    assert {"certificate", "not_after", "verified"} <= kinds(comparison)
    assert comparison.headline.startswith(
        "5 differences; the weightiest: The verdict is ok in the first and error in the second."
    )


def test_what_was_wrong_and_is_not_any_more_is_said_too() -> None:
    comparison = compare(after(greeting(duration_ms=9000)), BEFORE)
    assert "finding_gone" in kinds(comparison)
    assert "greets only after 9 seconds" in sentence(comparison, "finding_gone")


def test_another_issuer_points_at_a_device_in_between() -> None:
    opened = certificate(issuer="CN=Firewall Inspection CA", sha256="7" * 64, serial="77")
    comparison = compare(BEFORE, after(tls(session(chain=(opened, INTERMEDIATE)))))
    assert "Public Issuing CA" in sentence(comparison, "issuer")
    assert "Firewall Inspection CA" in sentence(comparison, "issuer")


def test_abilities_that_come_and_go_are_named_one_by_one() -> None:
    comparison = compare(BEFORE, after(ehlo("PIPELINING", "SIZE 20480000", "DSN", "STARTTLS")))
    told = {one.sentence for one in comparison.differences if one.what != "finding_new"}
    assert told == {
        f"Before encryption {HOST}:587 offers SIZE: SIZE 10240000 in the first, SIZE 20480000 in the second.",
        f"Before encryption {HOST}:587 offers DSN: not there in the first, there in the second.",
        f"Before encryption {HOST}:587 offers 8BITMIME: there in the first, not there in the second.",
    }


def test_log_in_methods_are_compared_as_a_set() -> None:
    assert kinds(compare(BEFORE, after(ehlo(*KEYWORDS, "AUTH LOGIN PLAIN", encrypted=True)))) == set()
    assert kinds(compare(BEFORE, after(ehlo(*KEYWORDS, "AUTH XOAUTH2", encrypted=True)))) == {"mechanisms"}


def test_tls_version_and_cipher() -> None:
    assert kinds(compare(BEFORE, after(tls(session(version="TLSv1.2", cipher="ECDHE-RSA-AES128-GCM-SHA256"))))) == {"tls_version"}
    assert kinds(compare(BEFORE, after(tls(session(cipher="TLS_CHACHA20_POLY1305_SHA256"))))) == {"cipher"}


def test_another_mode_is_a_difference() -> None:
    implicit = document(endpoint(*good(mode="implicit"), security="implicit", port=2525))
    comparison = compare(document(endpoint(*good(), port=2525)), implicit)
    assert "STARTTLS in the first and TLS at once in the second" in sentence(comparison, "security")


def test_addresses_and_whether_they_are_reached() -> None:
    first = document(endpoint_of({ADDRESS: good(), SECOND: [tcp("timeout", SECOND)]}))
    second = document(endpoint_of({ADDRESS: good(), SECOND: [tcp(address=SECOND), *good()[1:]]}))
    assert f"{SECOND}, port 587 is not reached in the first" in sentence(compare(first, second), "reachable")
    moved = after(names=(look_up(answers=("203.0.113.9",)),))
    assert "203.0.113.9" in sentence(compare(after(names=(look_up(),)), moved), "addresses")


def test_the_exchangers_of_a_domain() -> None:
    first, second = (
        document(
            endpoint(*good(), host="mx1.example.org", port=25, preference=10),
            kind="mx",
            target="mx:example.org",
            stages=(mx(*hosts),),
        )
        for hosts in (("mx1.example.org",), ("mx1.example.org", "mx2.example.org"))
    )
    assert "mx1.example.org (10), mx2.example.org (20) in the second" in sentence(compare(first, second), "exchangers")


def test_a_port_only_one_of_them_looked_at() -> None:
    both = document(endpoint(*good(), port=587), endpoint(*good(mode="implicit"), port=465, security="implicit"), kind="host")
    one = document(endpoint(*good(), port=587), endpoint(tcp("refused"), port=25, security=None), kind="host")
    assert {"endpoint_gone", "endpoint_new"} <= kinds(compare(both, one))


def test_another_answer_to_the_same_question() -> None:
    comparison = compare(after(auth()), after(auth("535 5.7.8 Error: authentication failed")))
    assert (
        sentence(comparison, "reply") == f"{HOST}:587 answers the log-in with 235 2.7.0 in the first and 535 5.7.8 in the second."
    )


@pytest.mark.parametrize(("duration_ms", "told"), [(900, True), (150, False), (60, False)])
def test_a_step_that_takes_clearly_longer(duration_ms: float, told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    comparison = compare(BEFORE, after(greeting(duration_ms=duration_ms)))
    assert kinds(comparison) == ({"duration"} if told else set())


def test_one_server_under_two_names_is_compared_and_said_to_be_so() -> None:
    comparison = compare(BEFORE, document(endpoint(*good(), host="198.51.100.7"), target="198.51.100.7:587"))
    assert comparison.headline.startswith(f"The two are of different targets ({HOST}:587 and 198.51.100.7:587).")


def test_a_comparison_is_data() -> None:
    comparison = compare(BEFORE, after(ehlo(*KEYWORDS, "DSN", AUTH, encrypted=True)))
    raw = msgspec.json.decode(msgspec.json.encode(comparison))
    assert raw["schema"] == "mailkit.comparison/1"
    assert raw["differences"][0]["what"] == "keywords_tls"
    assert msgspec.json.decode(msgspec.json.encode(comparison), type=Comparison) == comparison
