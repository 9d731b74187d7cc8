"""What the answers to sender and recipient mean, whatever they are really about."""

from __future__ import annotations

import pytest

from mailkit.diagnosis import Diagnosis
from mailkit.observation import Observation

from .seen import document, ehlo, endpoint, finding, good, greeting, judge, judged, recipient, sender, troubles


def from_sender(line: str, **more: object) -> Diagnosis:
    return judge(*good(sender(line, **more)), wanted=("sender",))  # type: ignore[arg-type]


def from_recipient(line: str, *before: Observation) -> Diagnosis:
    return judge(*good(*before, sender(), recipient(line)), wanted=("sender", "recipient"))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("550 5.7.1 <frontdesk@example.org>: Sender address rejected: blocked", "sender.rejected"),
        ("554 5.1.0 Sender denied", "sender.rejected"),
        ("553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)", "sender.rejected"),
        ("550 No MX for your FROM address", "sender.domain-unknown"),
        ("530 5.5.1 Invalid command: Must issue an AUTH command first", "sender.login-required"),
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "sender.not-permitted"),
        ("553 5.7.1 <a@example.org>: Sender address rejected: not owned by user b@example.org", "sender.not-permitted"),
        ("550 5.1.8 <a@nowhere.invalid>: Sender address rejected: Domain not found", "sender.domain-unknown"),
        ("553 5.1.8 <a@nowhere.invalid>... Domain of sender address a@nowhere.invalid does not exist", "sender.domain-unknown"),
        ("517 Sender rejected: invalid domain", "sender.domain-unknown"),
        ("501 5.1.7 Bad sender address syntax", "sender.syntax"),
        ("501 <traces>: sender address must contain a domain", "sender.syntax"),
        ("553 5.5.4 <traces>... Domain name required for sender address traces", "sender.syntax"),
        ("504 5.5.2 <traces>: Sender address rejected: need fully-qualified address", "sender.syntax"),
        ("530 5.7.0 Authentication required", "sender.login-required"),
        ("530 5.7.57 Client not authenticated to send mail", "sender.login-required"),
        ("503 5.5.1 Error: authenticate first", "sender.login-required"),
        ("530 5.7.0 Must issue a STARTTLS command first", "sender.tls-required"),
        ("550 TLS required", "sender.tls-required"),
        ("451 4.3.0 Temporary lookup failure", "sender.temporary-failure"),
        ("450 4.1.8 <a@nowhere.invalid>: Sender address rejected: Domain not found", "sender.domain-unknown"),
        ("552 5.3.4 Message size exceeds fixed limit", "data.too-large"),
        ("550 5.7.1 Helo command rejected: Host not found", "ehlo.refused"),
        ("599 nobody knows", "sender.rejected"),
        ("499 nobody knows", "sender.temporary-failure"),
    ],
)
def test_a_refused_sender_is_named_for_its_reason(line: str, code: str) -> None:
    diagnosis = from_sender(line)
    assert list(troubles(diagnosis)) == [code]
    found = finding(diagnosis, code)
    assert found.severity == ("warning" if line.startswith("4") else "error")
    assert (found.temporary is True) or not line.startswith("4")
    assert found.evidence["at"] == "sender"


@pytest.mark.parametrize(("encrypted", "code"), [(False, "sender.tls-required"), (True, "sender.login-required")])
def test_a_bare_530_means_what_is_missing(encrypted: bool, code: str) -> None:  # noqa: FBT001 - a parameter of the test
    assert list(troubles(from_sender("530 no", encrypted=encrypted))) == [code]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (
            "550 5.1.1 <guest@elsewhere.test>: Recipient address rejected: User unknown in local recipient table",
            "recipient.unknown",
        ),
        ("550 5.1.1 <guest@elsewhere.test>... User unknown", "recipient.unknown"),
        ("550 No such user here", "recipient.unknown"),
        ("550 Unrouteable address", "recipient.unknown"),
        ("550 sorry, no mailbox here by that name. (#5.1.1)", "recipient.unknown"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "recipient.unknown"),
        ("550 Invalid recipient: <guest@elsewhere.test>", "recipient.unknown"),
        ("554 5.7.1 <guest@elsewhere.test>: Relay access denied", "recipient.relay-denied"),
        ("550 relay not permitted", "recipient.relay-denied"),
        ("550 5.7.1 <guest@elsewhere.test>... Relaying denied. Proper authentication required.", "recipient.relay-denied"),
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "recipient.relay-denied"),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "recipient.relay-denied"),
        ("513 Relaying denied.", "recipient.relay-denied"),
        ("550 I cannot deliver mail for <guest@elsewhere.test>", "recipient.relay-denied"),
        (
            "450 4.2.0 <guest@elsewhere.test>: Recipient address rejected: Greylisted, see http://greylist.example",
            "recipient.greylisted",
        ),
        ("451 4.7.1 Greylisting in action, please come back in 00:05:00", "recipient.greylisted"),
        ("452 4.2.2 Mailbox full", "recipient.full"),
        ("552 5.2.2 The mailbox is over quota", "recipient.full"),
        ("452 4.3.1 Insufficient system storage", "recipient.full"),
        ("551 5.1.6 User has moved; please try <new@elsewhere.test>", "recipient.moved"),
        ("551 User not local; please try <new@elsewhere.test>", "recipient.moved"),
        ("550 5.2.1 The email account that you tried to reach is disabled", "recipient.disabled"),
        ("550 Account has been suspended", "recipient.disabled"),
        ("550 5.7.1 refused by policy", "recipient.rejected"),
        ("550 Administrative prohibition", "recipient.rejected"),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.org", "recipient.rejected"),
        ("451 4.3.5 Server configuration error", "recipient.temporary-failure"),
        ("450 4.7.25 Client host rejected: cannot find your reverse hostname", "recipient.temporary-failure"),
        ("550 Authentication required", "sender.login-required"),
        ("550 5.1.8 <a@nowhere.invalid>: Sender address rejected: Domain not found", "sender.domain-unknown"),
        ("550 Verification failed for <a@example.org>\nSender verify failed", "sender.rejected"),
        ("504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname", "ehlo.refused"),
        ("550 sender verify fail for <a@example.org>: No such person at this address", "sender.rejected"),
        ("450 4.1.2 <guest@elsewhere.test>: Recipient address rejected: Domain not found", "recipient.unknown"),
        (
            "503 This mail server requires authentication when attempting to send to a non-local e-mail address.",
            "sender.login-required",
        ),
        ("550 5.1.2 Relay not allowed.", "recipient.relay-denied"),
        ("550 5.4.1 Recipient address rejected: Access denied. [DB5.prod.protection.outlook.com]", "recipient.unknown"),
        ("450 Requested mail action not taken: mailbox unavailable", "recipient.temporary-failure"),
        ("599 nobody knows", "recipient.rejected"),
        ("499 nobody knows", "recipient.temporary-failure"),
    ],
)
def test_a_refused_recipient_is_named_for_its_reason(line: str, code: str) -> None:
    diagnosis = from_recipient(line)
    assert list(troubles(diagnosis)) == [code]
    found = finding(diagnosis, code)
    assert found.severity == ("warning" if line.startswith("4") else "error")
    assert (found.temporary is True) or not line.startswith("4")
    assert found.evidence["at"] == "recipient", "the evidence says where it was said, the code what it is about"


def test_who_speaks_is_told_by_host_and_greeting() -> None:
    outlook = judge(*good(sender("550 5.7.60 no")), host="smtp.office365.com", wanted=("sender",))
    assert finding(outlook, "sender.not-permitted").evidence["provider"] == "microsoft365"
    postfix = judge(*good(greeting("220 mail.example.org ESMTP Postfix"), sender("550 5.7.1 no")), wanted=("sender",))
    assert finding(postfix, "sender.rejected").evidence["provider"] == "postfix"


def test_accepted_sender_and_recipient_are_good() -> None:
    diagnosis = from_recipient("250 2.1.5 Ok")
    assert diagnosis.verdict == "ok"
    assert {"sender.ok", "recipient.ok"} <= {one.code for one in diagnosis.findings}


def test_an_address_the_server_cannot_write_was_not_asked_about() -> None:
    stage = sender(None, sender="ménage@example.org", problem_text="the address needs SMTPUTF8")
    diagnosis = judge(*good(stage), wanted=("sender", "recipient"))
    assert troubles(diagnosis) == {"sender.syntax": "error"}
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [("recipient", "sender.syntax")]


def test_a_refused_sender_keeps_the_recipient_from_being_tested() -> None:
    diagnosis = judge(*good(sender("550 5.7.1 no")), wanted=("sender", "recipient"))
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [("recipient", "sender.rejected")]


# ── open relay ─────────────────────────────────────────────────────────────────────────────────────────────────────


def anonymous(
    to: str, exchangers: tuple[str, ...] | None, *, name: str = "mail.example.org", frm: str = "a@example.org", **more: object
) -> Diagnosis:
    stages = good(
        greeting(f"220 {name} ESMTP"),
        ehlo("STARTTLS", line=f"250 {name}"),
        ehlo("PIPELINING", line=f"250 {name}", encrypted=True),
        sender(authenticated=False),
        recipient(authenticated=False, recipient=to, sender=frm),
    )
    server = endpoint(*stages, port=25, host=name)
    return judged(document(server, wanted=("sender", "recipient"), recipient_exchangers=exchangers, **more))  # type: ignore[arg-type]


def test_taking_mail_for_a_domain_of_other_servers_is_an_open_relay() -> None:
    diagnosis = anonymous("guest@elsewhere.test", ("mx.elsewhere.test",))
    assert troubles(diagnosis) == {"recipient.open-relay": "warning"}
    assert finding(diagnosis, "recipient.open-relay").confidence == "likely"


def test_it_is_only_a_guess_while_those_servers_are_unknown() -> None:
    assert finding(anonymous("guest@elsewhere.test", None), "recipient.open-relay").confidence == "guess"


@pytest.mark.parametrize(
    ("to", "exchangers", "more"),
    [
        ("guest@customer.test", ("mail.example.org",), {}),
        ("guest@customer.test", ("mx7.example.org",), {}),
        ("guest@example.org", None, {}),
        ("guest@elsewhere.test", None, {"frm": "b@elsewhere.test"}),
        ("guest@elsewhere.test", None, {"name": "localhost"}),
        ("guest@elsewhere.test", ("mx.elsewhere.test",), {"kind": "mx", "target": "mx:elsewhere.test"}),
        ("guest@[192.0.2.1]", None, {}),
    ],
    ids=[
        "it is an exchanger",
        "a cluster's other name",
        "its own domain",
        "the sender's domain",
        "no name",
        "probed as one",
        "address",
    ],
)
def test_it_is_not_claimed_where_it_does_not_follow(to: str, exchangers: tuple[str, ...] | None, more: dict[str, str]) -> None:
    assert not troubles(anonymous(to, exchangers, **more))  # type: ignore[arg-type]


def test_nobody_is_called_an_open_relay_after_a_log_in() -> None:
    stages = good(sender(), recipient())
    assert not troubles(judged(document(endpoint(*stages), recipient_exchangers=("mx.elsewhere.test",))))
