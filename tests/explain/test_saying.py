"""What servers and programs say is explained by its words, whoever says it."""

from __future__ import annotations

import pytest

from mailkit.errors import InputError
from mailkit.explain import explain, identify

SUBMISSION = [
    ("535 5.7.8 Error: authentication failed: bad password", "auth_credentials"),
    ("535 Incorrect authentication data", "auth_credentials"),
    ("535 5.7.8 Sorry, the password is wrong", "auth_credentials"),
    ("534 5.7.9 An app password is needed for this account", "auth_app_password"),
    ("535 Please use the authorization code instead of the password", "auth_app_password"),
    ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.", "auth_basic_disabled"),
    ("550 5.7.30 Basic authentication is not supported for Client Submission.", "auth_basic_disabled"),
    ("535 5.7.139 the request did not meet the criteria to be authenticated successfully", "auth_policy"),
    ("534 Please log in via your web browser and then try again", "auth_policy"),
    ("454 4.7.0 Too many failed login attempts", "auth_locked"),
    ("504 5.7.4 Unrecognized authentication type", "auth_mechanism"),
    ("503 AUTH command used when not advertised", "auth_mechanism"),
    ("454 4.7.0 Temporary authentication failure", "auth_temporary"),
    ("435 Unable to authenticate at present", "auth_temporary"),
    ("530 5.7.0 Authentication required", "auth_required"),
    ("530 5.7.57 Client not authenticated to send mail", "auth_required"),
    ("530 Must issue a STARTTLS command first", "tls_required"),
    ("421 4.7.66 TLS 1.0 and 1.1 are not supported", "tls_version"),
    ("553 5.7.1 <desk@hotel.test>: Sender address rejected: not owned by user bar@hotel.test", "sender_not_allowed"),
    ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "sender_not_allowed"),
    ("550 The from address does not match a verified Sender Identity", "sender_unverified"),
    ("450 4.1.8 <desk@hotel.test>: Sender address rejected: Domain not found", "sender_domain"),
    ("501 5.1.7 Bad sender address syntax", "sender_syntax"),
    ("554 5.7.1 <guest@other.test>: Relay access denied", "relay_denied"),
    ("550 5.1.1 <guest@other.test>: no such mailbox", "recipient_unknown"),
    ("450 4.1.2 <guest@other.test>: Recipient address rejected: Domain not found", "recipient_domain"),
    ("501 5.1.3 Bad recipient address syntax", "recipient_syntax"),
    ("550 5.4.5 Daily sending quota exceeded", "quota"),
    ("450 4.7.1 Error: too much mail from 192.0.2.7", "rate_limit"),
    ("421 4.7.0 too many connections from 192.0.2.7", "too_many_connections"),
    ("452 4.5.3 Error: too many recipients", "too_many_recipients"),
    ("550 5.1.8 Access denied, bad outbound sender", "account_blocked"),
    ("554 5.7.1 Service unavailable; client [192.0.2.7] blocked using zen.example.test", "ip_listed"),
    ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]", "ptr"),
    ("504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname", "helo"),
    ("450 4.2.0 <guest@other.test>: Recipient address rejected: Greylisted", "greylisted"),
    ("552 5.3.4 Message size exceeds fixed limit", "too_big"),
    ("552 5.7.0 The file type of the attachment is blocked", "content_attachment"),
    ("553 5.6.7 Must declare SMTPUTF8 to send unicode address", "smtputf8"),
    ("452 4.3.1 Insufficient system storage", "server_storage"),
    ("451 4.3.0 Error: queue file write error, server configuration problem", "server_error"),
    ("503 5.5.1 Error: need MAIL command", "protocol"),
    ("554 5.4.6 Too many hops", "loop"),
    ("554 5.7.1 rejected due to local policy", "policy"),
]


@pytest.mark.parametrize(("text", "cause"), SUBMISSION)
def test_the_fine_cause_of_a_refusal_is_named(text: str, cause: str) -> None:
    assert explain(text).cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "550 5.1.1 user unknown",
        "user unknown",
        "550-5.1.1 user\r\n550 5.1.1 unknown",
        "host mx.other.test[192.0.2.5] said: 550 5.1.1 <guest@other.test>: User Unknown (in reply to RCPT TO command)",
        "SMTP error from remote mail server after RCPT TO:<guest@other.test>: host mx.other.test [192.0.2.5]: 550 no such user",
        "The recipient's address does not exist",
        "Boîte inconnue: utilisateur inconnu",
        "宛先のユーザが見つかりません",
    ],
)
def test_the_same_is_understood_in_many_ways_of_saying_it(text: str) -> None:
    assert (explain(text).cause, explain(text).address_dead) == ("recipient_unknown", True)


def test_waiting_and_a_dead_address_are_two_questions() -> None:
    full = explain("552 5.2.2 mailbox is full")
    gone = explain("550 5.1.1 no such user")
    policy = explain("550 5.7.26 the mail did not pass DMARC")
    assert (full.retry_helps, full.address_dead) == (True, False)
    assert (gone.retry_helps, gone.address_dead) == (False, True)
    assert (policy.retry_helps, policy.address_dead) == (False, False)


@pytest.mark.parametrize(
    ("text", "stated", "means"),
    [
        ("550 5.4.5 Daily user sending limit exceeded", False, True),
        ("450 4.7.25 Client host rejected: cannot find your reverse hostname", True, False),
        ("450 4.1.2 Recipient address rejected: Domain not found", True, False),
        ("451 4.3.2 try again later", True, True),
    ],
)
def test_the_first_digit_is_evidence_and_not_the_answer(text: str, stated: bool, means: bool) -> None:  # noqa: FBT001 - of the test
    told = explain(text)
    assert (told.temporary, told.retry_helps) == (stated, means)


def test_a_refused_password_warns_of_trying_again() -> None:
    assert explain("535 5.7.8 authentication failed").account_risk
    assert not explain("552 5.2.2 mailbox full").account_risk


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("550 5.7.26 unauthenticated a1sm12edq.1 - gsmtp", "google"),
        ("535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.outlook.com]", "microsoft365"),
        ("554 5.7.1 rejected, see https://support.apple.com/en-us/102322", "icloud"),
        ("host mx-aol.mail.gm0.yahoodns.net[192.0.2.9] said: 554 refused", "yahoo"),
    ],
)
def test_the_provider_is_recognised_by_the_text_itself(text: str, provider: str) -> None:
    assert explain(text).provider == provider


def test_an_address_that_looks_like_a_provider_s_is_no_sign_of_who_speaks() -> None:
    assert identify(reply="550 5.1.1 <guest@mail.yahoo.example>: user unknown") == ()


def test_a_mailbox_called_spam_is_not_taken_for_a_reason() -> None:
    assert explain("550 5.1.1 <spam-quota-full@other.test>: user unknown").cause == "recipient_unknown"


def test_where_no_word_is_known_the_codes_speak_and_it_says_how_unsure_it_is() -> None:
    coded, weak, nothing = explain("550 5.2.2 zzz"), explain("550 5.7.1 zzz"), explain("zzz")
    assert (coded.cause, coded.confidence) == ("mailbox_full", "likely")
    assert weak.confidence == "guess"
    assert (nothing.cause, nothing.reason, nothing.confidence, nothing.address_dead) == ("unclear", "undefined", "guess", None)


def test_the_way_out_is_told_in_general_and_on_the_screens_of_both_products() -> None:
    told = explain("553 5.7.1 Sender address rejected: not owned by user")
    assert told.fix
    assert [fix.where for fix in told.product_fix["maestro-erp"]] == ["erp.from_address"]
    assert [fix.where for fix in told.product_fix["maestro-pms"]] == ["pms.trace_rep_addr"]
    chosen = explain("553 5.7.1 Sender address rejected: not owned by user", product="maestro-pms")
    assert "pms.trace_rep_addr" in {fix.where for fix in chosen.fix}


def test_a_stage_that_does_not_exist_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="stage 'rcpt' does not exist"):
        explain("550 no", stage="rcpt")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[Errno 111] Connection refused", "connect_refused"),
        ("socket.gaierror: [Errno -2] Name or service not known", "name_not_found"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "tls_wrong_mode"),
        ("SSL routines::certificate verify failed: certificate has expired", "certificate"),
        ("System.Net.Sockets.SocketException (10060): the connected party did not properly respond", "connect_timeout"),
        ("SMTP Error: Could not authenticate.", "auth_credentials"),
        ("smtplib.SMTPNotSupportedError: STARTTLS extension not supported by server.", "tls_not_offered"),
        ("aiosmtplib.errors.SMTPConnectTimeoutError: Timed out connecting to mail.site.test on port 465", "connect_timeout"),
        ("SMTPRecipientsRefused: {'guest@other.test': (550, b'5.1.1 user unknown')}", "recipient_unknown"),
    ],
)
def test_words_of_programs_that_send_are_known_too(text: str, cause: str) -> None:
    assert explain(text).cause == cause


def test_words_after_host_are_no_name_of_a_host() -> None:
    told = explain("554 5.7.1 <unknown[192.0.2.7]>: Client host rejected: Access denied", stage="recipient", host="postfix")
    assert told.matched is not None
    assert "client host rejected" in (told.matched.words or "")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path",
            "certificate",
        ),
        ("javax.net.ssl.SSLHandshakeException: No subject alternative DNS name matching mail.hotel.test found.", "certificate"),
        ("javax.net.ssl.SSLHandshakeException: No appropriate protocol", "tls_version"),
        ("Error: connect ECONNREFUSED 192.0.2.25:587", "connect_refused"),
        ("Error: getaddrinfo ENOTFOUND mail.hotel.test", "name_not_found"),
        ("AuthenticationException: The remote certificate is invalid because of errors in the certificate chain", "certificate"),
        ("535 5.7.8 Error: authentication failed: This user does not have access rights to this service", "auth_basic_disabled"),
    ],
)
def test_programs_of_other_languages_are_understood(text: str, cause: str) -> None:
    assert explain(text).cause == cause
