"""What the mode, STARTTLS, the handshake, and text around it mean."""

from __future__ import annotations

import pytest

from mailkit.diagnosis import Diagnosis
from mailkit.observation import Asked, Observation, Problem, Security

from .seen import (
    AUTH,
    KEYWORDS,
    ehlo,
    end,
    finding,
    good,
    greeting,
    injection,
    judge,
    mail_in_clear,
    session,
    starttls,
    tcp,
    tls,
    tlsa,
    troubles,
)

REFUSED_STARTTLS = starttls("502 5.5.1 Command not implemented", offered=False)


def in_clear(
    *more: Observation, port: int = 587, asked: Asked = "auto", keywords: tuple[str, ...] = KEYWORDS, **facts: object
) -> Diagnosis:
    """Judge a server that speaks plain text only."""
    stages = [tcp(), greeting(), ehlo(*keywords), *more, end()]
    return judge(*stages, port=port, asked=asked, security="none", **facts)  # type: ignore[arg-type]


# ── no TLS ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("port", "severity"), [(25, "warning"), (587, "error"), (2525, "error")])
def test_no_encryption_weighs_more_where_passwords_go(port: int, severity: str) -> None:
    assert troubles(in_clear(REFUSED_STARTTLS, port=port)) == {"tls.not-offered": severity}


def test_no_encryption_is_only_mentioned_where_none_was_asked_for() -> None:
    diagnosis = in_clear(asked="none")
    assert finding(diagnosis, "tls.not-offered").severity == "info"
    assert (diagnosis.verdict, diagnosis.not_tested) == ("ok", ())


def test_no_encryption_breaks_the_promise_of_a_tlsa_record() -> None:
    diagnosis = in_clear(REFUSED_STARTTLS, port=25, names=(tlsa(),))
    assert troubles(diagnosis) == {"tls.not-offered": "error"}
    assert "TLSA" in str(finding(diagnosis, "tls.not-offered").detail)


# ── STARTTLS ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_starttls_that_is_withheld_but_works_was_stripped() -> None:
    diagnosis = judge(*good(ehlo(*KEYWORDS), starttls(offered=False)))
    assert troubles(diagnosis) == {"tls.starttls-stripped": "error"}
    assert finding(diagnosis, "tls.starttls-stripped").evidence["works"] is True


def test_a_blotted_out_keyword_betrays_the_device_in_between() -> None:
    diagnosis = in_clear(starttls("500 5.5.1 unrecognized", offered=False, masked="XXXXXXXA"))
    assert troubles(diagnosis) == {"tls.starttls-stripped": "error"}
    found = finding(diagnosis, "tls.starttls-stripped")
    assert found.fix[0].who == "network"
    assert "XXXXXXXA" in str(found.detail)


def test_between_servers_stripping_is_a_warning() -> None:
    diagnosis = in_clear(starttls("500 5.5.1 unrecognized", offered=False, masked="XXXXXXXA"), port=25)
    assert troubles(diagnosis) == {"tls.starttls-stripped": "warning"}


def test_a_banner_of_stars_is_no_stripping_while_starttls_is_offered() -> None:
    assert not troubles(judge(*good(starttls(masked="*****************"))))


@pytest.mark.parametrize(("line", "severity"), [("454 4.7.0 TLS not available", "warning"), ("554 5.7.3 no", "error")])
def test_starttls_offered_and_refused(line: str, severity: str) -> None:
    diagnosis = judge(*good(starttls(line), until="starttls"), wanted=("auth",), security="none")
    assert troubles(diagnosis) == {"tls.starttls-refused": severity}
    assert finding(diagnosis, "tls.starttls-refused").temporary is (severity == "warning")
    assert [gap.because for gap in diagnosis.not_tested] == ["tls.starttls-refused"]


def test_starttls_without_answer_is_a_time_out() -> None:
    diagnosis = judge(*good(starttls(None, "timeout"), until="starttls"), security="none")
    assert troubles(diagnosis) == {"tls.timeout": "error"}
    assert finding(diagnosis, "tls.timeout").temporary is None


def test_starttls_that_ends_the_connection_is_a_dropped_session() -> None:
    diagnosis = judge(*good(starttls(None, "closed"), until="starttls"), security="none")
    assert troubles(diagnosis) == {"session.dropped": "error"}
    assert "STARTTLS" in finding(diagnosis, "session.dropped").summary


def test_starttls_answered_with_a_code_that_means_nothing_there() -> None:
    diagnosis = judge(*good(starttls("250 sure"), until="starttls"), security="none")
    assert troubles(diagnosis) == {"session.protocol-error": "error"}


# ── the mode ───────────────────────────────────────────────────────────────────────────────────────────────────────


SILENT = greeting(None, "timeout", speaks_tls=True, duration_ms=500)


@pytest.mark.parametrize("asked", ["starttls", "none"])
def test_a_server_that_waits_for_tls_is_found_out(asked: Asked) -> None:
    diagnosis = judge(tcp(), SILENT, *good(mode="implicit")[1:], port=465, asked=asked, security="implicit")
    assert list(troubles(diagnosis).items()) == [("tls.wrong-mode", "error"), ("greeting.tls-expected", "error")]
    assert finding(diagnosis, "greeting.tls-expected").evidence["follows_from"] == "tls.wrong-mode"
    assert "TLS at once" in finding(diagnosis, "tls.wrong-mode").summary
    assert "greeting.timeout" not in [one.code for one in diagnosis.findings]


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_server_that_greets_in_clear_is_found_out(security: Security) -> None:
    refused = tls(problem="tls", mode="implicit", received="220 mail.example.org ESMTP", problem_text="not TLS")
    later = good()[1:] if security == "starttls" else [greeting(), ehlo(*KEYWORDS), REFUSED_STARTTLS, end()]
    diagnosis = judge(tcp(), refused, *later, port=465, asked="implicit", security=security)
    assert troubles(diagnosis)["tls.wrong-mode"] == "error"
    assert "tls.handshake-failed" not in troubles(diagnosis)
    assert finding(diagnosis, "tls.wrong-mode").evidence["actual"] == security


@pytest.mark.parametrize("port", [25, 587])
def test_asked_to_find_out_an_unusual_mode_is_a_warning(port: int) -> None:
    diagnosis = judge(tcp(), SILENT, *good(mode="implicit")[1:], port=port, security="implicit")
    assert troubles(diagnosis) == {"tls.wrong-mode": "warning", "greeting.tls-expected": "warning"}


def test_starttls_on_465_is_unusual_too() -> None:
    assert troubles(judge(*good(), port=465)) == {"tls.wrong-mode": "warning"}


@pytest.mark.parametrize(("port", "mode"), [(2525, "implicit"), (2525, "starttls"), (465, "implicit"), (587, "starttls")])
def test_asked_to_find_out_a_usual_mode_is_no_finding(port: int, mode: Security) -> None:
    assert not troubles(judge(*good(mode=mode), port=port, security=mode))


def test_the_setting_to_change_is_on_the_screens_of_the_product() -> None:
    stages = [tcp(), SILENT, *good(mode="implicit")[1:]]
    erp = judge(*stages, port=465, asked="starttls", security="implicit", product="maestro-erp")
    pms = judge(*stages, port=465, asked="starttls", security="implicit", product="maestro-pms")
    assert [fix.where for fix in finding(erp, "tls.wrong-mode").fix][:2] == ["erp.use_ssl", "erp.port"]
    assert [fix.where for fix in finding(pms, "tls.wrong-mode").fix][:1] == ["pms.port"]
    assert "Use SSL encoding" in erp.headline


# ── the handshake ──────────────────────────────────────────────────────────────────────────────────────────────────


def broken(problem: Problem, text: str = "", mode: Security = "starttls", **more: object) -> Diagnosis:
    handshake = tls(problem=problem, mode=mode, problem_text=text or None, **more)
    return judge(*good(handshake, until="tls", mode=mode), security=mode, port=465 if mode == "implicit" else 587)


@pytest.mark.parametrize(
    ("problem", "text", "code"),
    [
        ("tls", "tlsv1 alert protocol version", "tls.protocol-too-old"),
        ("tls", "unsupported protocol", "tls.protocol-too-old"),
        ("tls", "sslv3 alert handshake failure", "tls.handshake-failed"),
        ("tls", "tlsv1 unrecognized name", "tls.handshake-failed"),
        ("tls", "tlsv1 alert internal error", "tls.handshake-failed"),
        ("tls", "wrong version number", "tls.handshake-failed"),
        ("tls", "something new", "tls.handshake-failed"),
        ("tls", "tlsv13 alert certificate required", "tls.client-certificate-required"),
        ("closed", "", "tls.handshake-failed"),
        ("reset", "", "tls.handshake-failed"),
        ("timeout", "", "tls.timeout"),
    ],
)
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_a_handshake_that_fails_is_named_for_its_reason(problem: Problem, text: str, code: str, mode: Security) -> None:
    diagnosis = broken(problem, text, mode, last_step="SSLv3/TLS write client hello")
    assert troubles(diagnosis) == {code: "error"}
    assert finding(diagnosis, code).evidence["problem"] == problem


def test_silence_in_the_handshake_is_not_a_failure() -> None:
    found = finding(broken("timeout", last_step="SSLv3/TLS write client hello"), "tls.timeout")
    assert found.temporary is None
    assert "Nobody refused" in str(found.detail)


def test_bytes_that_are_no_tls_after_the_220_are_garbage() -> None:
    found = finding(broken("tls", "not TLS", received="\\x00\\x17 hello"), "tls.handshake-failed")
    assert "something that is not TLS" in found.summary
    assert "hello" in str(found.detail)


@pytest.mark.parametrize("text", ["sslv3 alert handshake failure", "sslv3 alert bad certificate"])
def test_a_refusal_after_a_request_for_a_certificate_is_about_the_certificate(text: str) -> None:
    diagnosis = broken("tls", text, facts=session(chain=(), client_certificate_requested=True, verified=None))
    assert troubles(diagnosis) == {"tls.client-certificate-required": "error"}
    assert finding(diagnosis, "tls.client-certificate-required").confidence == "likely"


@pytest.mark.parametrize(("problem", "text"), [("tls", "tlsv13 alert certificate required"), ("closed", ""), ("reset", "")])
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_in_tls_1_3_the_refusal_shows_at_the_next_word(problem: Problem, text: str, mode: Security) -> None:
    handshake = tls(session(client_certificate_requested=True), mode=mode)
    after: Observation = ehlo(line=None, problem=problem, problem_text=text, encrypted=True)
    if mode == "implicit":
        after = greeting(None, problem, problem_text=text, encrypted=True)
    stages = good(handshake, until="tls", mode=mode)
    diagnosis = judge(*stages, after, security=mode, port=465 if mode == "implicit" else 587)
    assert troubles(diagnosis) == {"tls.client-certificate-required": "error"}


def test_a_request_for_a_certificate_that_does_not_insist_is_no_fault() -> None:
    assert not troubles(judge(*good(tls(session(client_certificate_requested=True)))))


@pytest.mark.parametrize(
    ("version", "old"), [("SSLv3", True), ("TLSv1", True), ("TLSv1.1", True), ("TLSv1.2", False), ("TLSv1.3", False)]
)
def test_old_versions_are_too_old(version: str, old: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert troubles(judge(*good(tls(session(version=version))))) == ({"tls.protocol-too-old": "error"} if old else {})


def test_steps_after_a_failed_handshake_are_not_tested_because_of_it() -> None:
    diagnosis = judge(*good(tls(problem="closed"), until="tls"), wanted=("auth", "recipient"))
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [
        ("auth", "tls.handshake-failed"),
        ("recipient", "tls.handshake-failed"),
    ]


def test_steps_after_a_hanging_implicit_handshake_are_not_tested_because_of_it() -> None:
    diagnosis = broken("timeout", mode="implicit", last_step="write client hello")
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [("greeting", "tls.timeout"), ("ehlo", "tls.timeout")]


# ── text in the wrong place ────────────────────────────────────────────────────────────────────────────────────────


def test_a_command_carried_out_inside_tls_is_an_injection() -> None:
    diagnosis = judge(*good(injection(executed=True)))
    assert troubles(diagnosis) == {"tls.injection": "error"}
    assert finding(diagnosis, "tls.injection").fix[0].who == "provider"


@pytest.mark.parametrize("executed", [False, None])
def test_a_command_thrown_away_is_none(executed: bool | None) -> None:  # noqa: FBT001 - a parameter of the test
    assert not troubles(judge(*good(injection(executed=executed))))


@pytest.mark.parametrize(
    "changed",
    [
        starttls(plaintext_after_reply="250-injected.example.net\\r\\n250 AUTH PLAIN\\r\\n"),
        tls(session(), plaintext_before="250 injected"),
    ],
)
def test_plain_text_behind_the_220_is_an_injection_too(changed: Observation) -> None:
    diagnosis = judge(*good(changed))
    assert troubles(diagnosis) == {"tls.injection": "error"}
    assert "injected" in str(finding(diagnosis, "tls.injection").detail)


# ── before TLS ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_insists_on_tls_is_praised() -> None:
    assert finding(judge(*good(mail_in_clear())), "tls.enforced").severity == "ok"


def test_a_submission_server_that_does_not_insist_is_mentioned() -> None:
    assert finding(judge(*good(mail_in_clear("250 2.1.0 Ok"))), "tls.not-enforced").severity == "info"


@pytest.mark.parametrize(("port", "keywords"), [(25, (*KEYWORDS, AUTH)), (587, KEYWORDS)])
def test_an_exchanger_must_not_insist_so_nothing_is_said(port: int, keywords: tuple[str, ...]) -> None:
    diagnosis = judge(*good(mail_in_clear("250 2.1.0 Ok"), ehlo(*keywords, encrypted=True)), port=port)
    assert "tls.not-enforced" not in [one.code for one in diagnosis.findings]


def test_a_server_that_insists_on_tls_refuses_what_was_asked_for() -> None:
    diagnosis = in_clear(mail_in_clear(), asked="none", keywords=(*KEYWORDS, "STARTTLS"))
    assert troubles(diagnosis) == {"sender.tls-required": "error"}


def test_one_that_only_wants_a_log_in_does_not() -> None:
    diagnosis = in_clear(mail_in_clear("530 5.7.0 Authentication required"), asked="none", keywords=(*KEYWORDS, "STARTTLS"))
    assert not troubles(diagnosis)


@pytest.mark.parametrize(
    "line", ["421 4.7.1 mx.example.org Error: No client certificate presented", "530 5.7.0 Client certificate required"]
)
def test_a_server_may_ask_for_a_certificate_in_words(line: str) -> None:
    stages = good(tls(session(client_certificate_requested=True)), ehlo(line=line, encrypted=True))
    assert troubles(judge(*stages)) == {"tls.client-certificate-required": "error"}


def test_a_plain_greeting_in_place_of_tls_is_enough_to_know_the_mode() -> None:
    refused = tls(problem="tls", mode="implicit", received="220 mail.example.org ESMTP", problem_text="not TLS")
    diagnosis = judge(tcp(), refused, port=465, asked="implicit", security=None)
    assert troubles(diagnosis) == {"tls.wrong-mode": "error"}
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [
        ("greeting", "tls.wrong-mode"),
        ("ehlo", "tls.wrong-mode"),
    ]


def test_a_tls_alert_in_place_of_a_greeting_is_enough_too() -> None:
    alert = greeting(None, "malformed", raw="\\x15\\x03\\x01", service="tls")
    diagnosis = judge(tcp(), alert, port=49152, security=None)
    assert troubles(diagnosis) == {"greeting.tls-expected": "error"}
    assert {gap.because for gap in diagnosis.not_tested} == {"greeting.tls-expected"}
