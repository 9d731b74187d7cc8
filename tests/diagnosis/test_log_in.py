"""What the log-in means: offered or not, tried or not, and what the server said to the one attempt."""

from __future__ import annotations

import pytest

from mailkit.diagnosis import Diagnosis

from .seen import (
    AUTH,
    KEYWORDS,
    auth,
    ehlo,
    end,
    finding,
    good,
    greeting,
    judge,
    no_log_in,
    starttls,
    tcp,
    troubles,
)


def tried(line: str, **more: object) -> Diagnosis:
    return judge(*good(auth(line, **more)), wanted=("auth",))  # type: ignore[arg-type]


def test_an_accepted_log_in_is_good() -> None:
    diagnosis = tried("235 2.7.0 Authentication successful")
    assert (diagnosis.verdict, diagnosis.not_tested) == ("ok", ())
    assert "accepts the log-in" in diagnosis.headline


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("535 5.7.8 Error: authentication failed", "auth.rejected"),
        ("535 Incorrect authentication data", "auth.rejected"),
        ("535 5.7.3 Authentication unsuccessful", "auth.rejected"),
        ("535 authentication failed (#5.7.1)", "auth.rejected"),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/x",
            "auth.basic-disabled",
        ),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "auth.basic-disabled"),
        ("550 5.7.30 Basic authentication is not supported for Client Submission.", "auth.basic-disabled"),
        (
            "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.",
            "auth.policy-refused",
        ),
        (
            "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
            "auth.policy-refused",
        ),
        ("534 5.7.14 Please log in via your web browser and then try again. gsmtp", "auth.policy-refused"),
        ("534 5.7.9 Application-specific password required. gsmtp", "auth.app-password-required"),
        ("535 5.7.8 Username and Password not accepted. gsmtp", "auth.rejected"),
        ("535 5.7.8 Error: authentication failed: account is locked", "auth.account-locked"),
        ("525 5.7.13 User account disabled", "auth.account-locked"),
        ("535 5.7.0 Your account has been suspended", "auth.account-locked"),
        ("421 4.7.0 Too many login attempts, please try again later", "auth.rate-limited"),
        ("535 5.7.0 Too many authentication failures", "auth.rate-limited"),
        ("454 4.7.0 Temporary authentication failure", "auth.temporary-failure"),
        ("435 Unable to authenticate at present", "auth.temporary-failure"),
        ("451 4.3.0 Internal error", "auth.temporary-failure"),
        ("504 5.5.4 Unrecognized authentication type", "auth.mechanism-not-offered"),
        ("534 5.7.9 Authentication mechanism is too weak", "auth.mechanism-not-offered"),
        ("538 5.7.11 Encryption required for requested authentication mechanism", "auth.needs-tls"),
        ("530 5.7.0 Must issue a STARTTLS command first", "auth.needs-tls"),
        ("503 AUTH command used when not advertised", "auth.not-offered"),
        ("502 5.5.1 Command not implemented", "auth.not-offered"),
        ("503 auth not available (#5.3.3)", "auth.not-offered"),
        ("538 auth not available without TLS (#5.3.3)", "auth.needs-tls"),
        ("534 5.7.1 LOGIN disabled, use XOAUTH2", "auth.basic-disabled"),
        ("535 5.7.0 Two-factor authentication enabled, use an app password", "auth.app-password-required"),
        ("535 5.7.8 OAuth token expired", "auth.token-refused"),
        ("599 nobody knows", "auth.rejected"),
    ],
)
def test_a_refused_log_in_is_named_for_its_reason(line: str, code: str) -> None:
    diagnosis = tried(line)
    assert list(troubles(diagnosis)) == [code]
    found = finding(diagnosis, code)
    assert found.severity == ("warning" if line.startswith("4") else "error")
    assert (found.temporary is True) or not line.startswith("4")
    assert found.evidence["reply"] == line.partition(" ")[2]


def test_a_wrong_password_must_not_be_tried_again() -> None:
    assert finding(tried("535 5.7.8 Error: authentication failed"), "auth.rejected").account_risk is True


def test_a_refused_token_shows_what_its_challenge_says() -> None:
    challenge = '{"status":"invalid_token","scope":"https://mail.example.org/"}'
    diagnosis = tried("535 5.7.3 Authentication unsuccessful", tried="XOAUTH2", challenge=challenge)
    assert troubles(diagnosis) == {"auth.token-refused": "error"}
    assert finding(diagnosis, "auth.token-refused").evidence["challenge"] == challenge


def test_a_server_that_did_not_prove_itself_is_not_to_be_trusted() -> None:
    assert troubles(tried("235 ok", tried="SCRAM-SHA-256", server_proved=False)) == {"auth.server-unproven": "error"}
    assert not troubles(tried("235 ok", tried="SCRAM-SHA-256", server_proved=True))


# ── no attempt ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_log_in_offered_is_an_error_where_one_was_wanted() -> None:
    stages = good(ehlo(*KEYWORDS, encrypted=True), no_log_in("not-offered"))
    diagnosis = judge(*stages, wanted=("auth",))
    assert troubles(diagnosis) == {"auth.not-offered": "error"}
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [("auth", "auth.not-offered")]


def test_and_a_hint_on_a_submission_port_where_none_was() -> None:
    stages = good(ehlo(*KEYWORDS, encrypted=True))
    assert finding(judge(*stages, port=587), "auth.not-offered").severity == "info"
    assert "auth.not-offered" not in [one.code for one in judge(*stages, port=25).findings]


def test_what_is_offered_is_said_where_nobody_logs_in() -> None:
    assert finding(judge(*good()), "auth.ok").evidence["mechanisms"] == ["PLAIN", "LOGIN"]


def test_a_log_in_that_exists_only_inside_tls_needs_tls() -> None:
    clear = [tcp(), greeting(), ehlo(*KEYWORDS, "STARTTLS"), no_log_in("not-offered", encrypted=False), end()]
    inside = [starttls(), ehlo(*KEYWORDS, AUTH, encrypted=True)]
    diagnosis = judge(*clear, *inside, asked="none", wanted=("auth",))
    assert troubles(diagnosis) == {"auth.needs-tls": "error"}


def test_no_common_method() -> None:
    stages = good(no_log_in("mechanism-not-offered", offered=("NTLM", "GSSAPI")))
    diagnosis = judge(*stages, wanted=("auth",), product="maestro-pms")
    assert troubles(diagnosis) == {"auth.mechanism-not-offered": "error"}
    found = finding(diagnosis, "auth.mechanism-not-offered")
    assert "NTLM, GSSAPI" in str(found.detail)
    assert found.fix[0].where == "pms.auth_meth"


def test_a_password_is_not_sent_in_clear() -> None:
    refused = starttls("502 no", offered=False)
    kept = no_log_in("unencrypted", encrypted=False, offered=("PLAIN",))
    diagnosis = judge(tcp(), greeting(), ehlo(*KEYWORDS, AUTH), refused, kept, end(), security="none", port=25, wanted=("auth",))
    assert troubles(diagnosis) == {"tls.not-offered": "warning", "auth.in-clear": "error"}
    assert diagnosis.findings[0].code == "tls.not-offered", "the cause comes first"
    assert finding(diagnosis, "auth.in-clear").evidence["follows_from"] == "tls.not-offered"


def test_a_log_in_offered_in_clear_is_a_warning() -> None:
    diagnosis = judge(*good(ehlo(*KEYWORDS, AUTH, "STARTTLS")))
    assert troubles(diagnosis) == {"auth.in-clear": "warning"}


@pytest.mark.parametrize(("mechanism", "severity"), [("PLAIN", "error"), ("CRAM-MD5", "warning"), ("SCRAM-SHA-256", "warning")])
def test_a_password_that_went_over_in_clear(mechanism: str, severity: str) -> None:
    sent = auth(encrypted=False, verified=None, tried=mechanism)
    diagnosis = judge(tcp(), greeting(), ehlo(*KEYWORDS, AUTH), sent, end(), security="none", asked="none", wanted=("auth",))
    assert finding(diagnosis, "auth.in-clear").severity == severity


def test_what_was_refused_elsewhere_is_not_tried_again() -> None:
    diagnosis = judge(*good(no_log_in("already-rejected")), wanted=("auth",))
    assert finding(diagnosis, "auth.not-tried").account_risk is True
    assert diagnosis.verdict == "ok"


def test_silence_at_the_log_in_says_nothing_about_the_password() -> None:
    diagnosis = judge(*good(auth(None, "timeout")), wanted=("auth",))
    assert troubles(diagnosis) == {"session.timeout": "error"}
    assert "the log-in" in finding(diagnosis, "session.timeout").summary


# ── products ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("product", "fields"),
    [("maestro-erp", ["erp.user_name", "erp.password"]), ("maestro-pms", ["pms.auth_name", "pms.password"]), (None, [])],
)
def test_a_wrong_password_leads_to_the_screens_of_the_product(product: str | None, fields: list[str]) -> None:
    diagnosis = judge(*good(auth("535 5.7.8 Error: authentication failed")), wanted=("auth",), product=product)  # type: ignore[arg-type]
    found = finding(diagnosis, "auth.rejected")
    assert [fix.where for fix in found.fix if fix.where] == fields
    assert any(fix.where is None for fix in found.fix)


def test_the_password_is_typed_by_its_owner() -> None:
    diagnosis = judge(*good(auth("535 5.7.8 Error: authentication failed")), wanted=("auth",), product="maestro-erp")
    assert {fix.who for fix in finding(diagnosis, "auth.rejected").fix if fix.where == "erp.password"} == {"user"}
