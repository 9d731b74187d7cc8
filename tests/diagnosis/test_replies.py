"""What the words of servers and programs mean, whoever says them and wherever they are said."""

from __future__ import annotations

import time

import pytest

from mailkit.diagnosis import interpret
from mailkit.diagnosis.replies import identify
from mailkit.observation import Reply


@pytest.mark.parametrize(
    ("host", "banner", "speaker"),
    [
        ("smtp.office365.com", None, "microsoft365"),
        ("hotel-test.mail.protection.outlook.com", None, "microsoft365"),
        ("smtp.gmail.com", None, "google"),
        ("email-smtp.eu-west-1.amazonaws.com", None, "ses"),
        ("mail.gmx.net", None, "gmx"),
        ("mail.example.org", "mail.example.org ESMTP Postfix (Debian/GNU)", "postfix"),
        ("mail.example.org", "mail.example.org ESMTP Exim 4.96 Sat, 21 Nov 2026", "exim"),
        ("mail.example.org", "mail.example.org Microsoft ESMTP MAIL Service ready", "exchange-onprem"),
        ("mail.example.org", "mail.example.org ESMTP OpenSMTPD", "opensmtpd"),
    ],
)
def test_who_speaks_is_known_by_host_or_greeting(host: str, banner: str | None, speaker: str) -> None:
    assert identify(host=host, banner=banner)[0] == speaker


@pytest.mark.parametrize("host", ["mail.example.org", "notgmail.com", "smtp.gmail.com.evil.example", "mygoogle.com"])
def test_a_name_that_only_looks_like_a_provider_is_none(host: str) -> None:
    assert identify(host=host) == ()


def test_the_provider_found_by_host_comes_before_its_program() -> None:
    assert identify(host="smtp.laposte.net", banner="ESMTP Postfix") == ("orange", "postfix")


def test_a_text_is_read_like_a_reply() -> None:
    text = "535 5.7.8 Error: authentication failed"
    spoken = Reply(code=535, enhanced_code="5.7.8", text="5.7.8 Error: authentication failed")
    assert interpret(text, stage="auth") == interpret(spoken, stage="auth")


def test_case_line_breaks_and_blanks_make_no_difference() -> None:
    assert interpret("550 5.1.1 USER\r\n  UNKNOWN", stage="recipient").finding == "recipient.unknown"


def test_the_same_code_means_different_things_to_different_providers() -> None:
    microsoft = interpret("550 5.7.30 Basic authentication is not supported for Client Submission.", stage="auth")
    google = interpret("550-5.7.30 DKIM: not passed. gsmtp", stage="data")
    assert (microsoft.finding, microsoft.provider) == ("auth.basic-disabled", "microsoft365")
    assert (google.finding, google.provider) == ("data.rejected-authentication", "google")


def test_a_provider_knows_more_than_the_words_alone() -> None:
    text = "535 5.7.8 Error: authentication failed"
    assert "app-specific password" in (interpret(text, stage="auth", provider="icloud").cause or "")
    assert "app-specific password" not in (interpret(text, stage="auth").cause or "")


def test_clear_words_beat_a_vague_line_of_the_same_server() -> None:
    text = "535 5.7.8 Error: authentication failed: account is locked"
    assert interpret(text, stage="auth", provider="postfix").finding == "auth.account-locked"


def test_a_company_s_advice_is_not_given_for_another_server() -> None:
    means = interpret("535 authentication failed", stage="auth", provider="exim")
    assert means.finding == "auth.rejected"
    assert "IONOS" not in str(means.cause)


@pytest.mark.parametrize(("text", "temporary"), [("450 4.7.1 try later", True), ("550 5.7.1 no", False)])
def test_what_the_reply_says_about_waiting_counts(text: str, temporary: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert interpret(text, stage="recipient").temporary is temporary


def test_a_text_without_a_code_leaves_waiting_open() -> None:
    assert interpret("something went wrong", stage="recipient").temporary is None


@pytest.mark.parametrize(
    ("text", "stage", "finding"),
    [
        ("535 5.7.13 whatever", "auth", "auth.account-locked"),
        ("535 5.7.11 whatever", "auth", "auth.needs-tls"),
        ("500 5.5.2 whatever", "auth", "auth.not-offered"),
        ("538 whatever", "auth", "auth.needs-tls"),
        ("454 whatever", "auth", "auth.temporary-failure"),
        ("553 whatever", "sender", "sender.syntax"),
        ("550 5.1.8 whatever", "sender", "sender.domain-unknown"),
        ("552 whatever", "recipient", "recipient.full"),
        ("551 whatever", "recipient", "recipient.moved"),
        ("550 5.1.1 whatever", "recipient", "recipient.unknown"),
        ("550 5.2.1 whatever", "recipient", "recipient.disabled"),
        ("554 5.6.0 whatever", "data", "data.rejected"),
        ("552 whatever", "data", "data.too-large"),
        ("554 whatever", "greeting", "greeting.rejected"),
        ("554 whatever", "starttls", "tls.starttls-refused"),
    ],
)
def test_where_no_words_are_known_the_codes_have_to_do(text: str, stage: str, finding: str) -> None:
    means = interpret(text, stage=stage)
    assert (means.finding, means.row, means.cause) == (finding, None, None)


@pytest.mark.parametrize(
    ("text", "stage", "finding"),
    [
        ("[Errno 111] Connection refused", "tcp", "tcp.refused"),
        ("No connection could be made because the target machine actively refused it (10061)", "tcp", "tcp.refused"),
        ("[Errno -2] Name or service not known", "tcp", "dns.name-not-found"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "tls", "tls.wrong-mode"),
        ("certificate verify failed: certificate has expired", "tls", "tls.certificate-expired"),
        ("certificate verify failed: Hostname mismatch", "tls", "tls.certificate-name-mismatch"),
        ("first record does not look like a TLS handshake", "tls", "tls.wrong-mode"),
        ("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version", "tls", "tls.protocol-too-old"),
    ],
)
def test_words_of_client_programs_are_known_too(text: str, stage: str, finding: str) -> None:
    assert interpret(text, stage=stage).finding == finding


def test_a_row_for_one_port_does_not_count_on_another() -> None:
    assert interpret("timed out", stage="tcp", port=25).finding == "tcp.port-25-blocked"
    assert interpret("timed out", stage="tcp", port=587).finding == "tcp.timeout"


def test_the_way_out_names_fields_of_both_products() -> None:
    means = interpret("553 5.7.1 Sender address rejected: not owned by user", stage="recipient")
    assert [fix.where for fix in means.product_fix["maestro-erp"]] == ["erp.from_address"]
    assert [fix.where for fix in means.product_fix["maestro-pms"]] == ["pms.trace_rep_addr"]


def test_a_huge_text_is_read_in_bounded_time() -> None:
    began = time.process_time()
    assert interpret("550 " + "sender from domain " * 500_000, stage="recipient").finding
    assert time.process_time() - began < 1
