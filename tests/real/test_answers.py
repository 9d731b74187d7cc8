"""What Postfix answers to senders and recipients, and what the findings make of it.

Postfix judges a sender only when it hears the first recipient, unless it is told not to: both ways must lead to the same finding.
"""

from __future__ import annotations

import contextlib
import socket

import pytest

from mailkit.observation import RecipientStage
from mailkit.probe import Credentials
from mailkit.secret import Secret

from .ground.asking import Ask, severities, troubles
from .ground.dovecot import PASSWORD, USER
from .ground.postfix import Postfix

STRANGER = "visitor@elsewhere.test"

RECIPIENTS = {
    "greylisted@ci.test": (450, "recipient.greylisted", "warning"),
    "full@ci.test": (552, "recipient.full", "error"),
    "nearly-full@ci.test": (452, "recipient.full", "warning"),
    "disabled@ci.test": (550, "recipient.disabled", "error"),
    "busy@ci.test": (451, "recipient.temporary-failure", "warning"),
    "refused@ci.test": (550, "recipient.rejected", "error"),
    "unknown@ci.test": (550, "recipient.unknown", "error"),
    "moved@ci.test": (550, "recipient.moved", "error"),
    STRANGER: (554, "recipient.relay-denied", "error"),
}

SENDERS = {
    "blocked@ci.test": ("sender.rejected", "error"),
    "slow@ci.test": ("sender.temporary-failure", "warning"),
    "nobody@nowhere.test": ("sender.domain-unknown", "error"),
    "frontdesk@intern": ("sender.syntax", "error"),
}


@pytest.mark.parametrize("recipient", RECIPIENTS)
async def test_the_answer_to_a_recipient_is_understood(recipient: str, mail: Postfix, ask: Ask) -> None:
    code, finding, severity = RECIPIENTS[recipient]
    document = await ask(mail.target("mx"), sender="billing@elsewhere.test", recipient=recipient)
    (stage,) = [stage for stage in document.endpoints[0].stages if isinstance(stage, RecipientStage)]
    assert stage.reply is not None
    assert stage.reply.code == code
    assert severities(document) == {finding: severity}


async def test_a_good_recipient_is_said_to_be_good(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("mx"), sender="billing@elsewhere.test", recipient=USER)
    assert (document.verdict, troubles(document)) == ("ok", set())


@pytest.mark.parametrize("role", ["mx", "judges-at-once"])
@pytest.mark.parametrize("sender", SENDERS)
async def test_a_refused_sender_is_named_whenever_the_server_says_so(sender: str, role: str, mail: Postfix, ask: Ask) -> None:
    finding, severity = SENDERS[sender]
    document = await ask(mail.target(role), sender=sender, recipient=USER)
    assert severities(document) == {finding: severity}


async def test_a_sender_that_belongs_to_another_account_is_not_permitted(mail: Postfix, ask: Ask) -> None:
    document = await ask(
        mail.target("submission"),
        credentials=Credentials(USER, Secret(PASSWORD)),
        sender="bookkeeping@ci.test",
        recipient=STRANGER,
    )
    assert severities(document) == {"sender.not-permitted": "error"}


async def test_a_log_in_lets_mail_go_anywhere_and_that_is_no_open_relay(mail: Postfix, ask: Ask) -> None:
    document = await ask(
        mail.target("submission"), credentials=Credentials(USER, Secret(PASSWORD)), sender=USER, recipient=STRANGER
    )
    assert (document.verdict, troubles(document)) == ("ok", set())


async def test_an_account_s_own_sender_without_log_in_is_asked_to_log_in(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("submission"), sender=USER, recipient=STRANGER)
    assert severities(document) == {"sender.login-required": "error"}


async def test_a_submission_server_that_rejects_clients_without_log_in_wants_one(mail: Postfix, ask: Ask) -> None:
    # Debian's usual submission service: "Client host rejected: Access denied", said at the first recipient.
    document = await ask(mail.target("login-first"), sender=USER, recipient=STRANGER)
    assert "sender.login-required" in troubles(document)
    assert document.verdict == "error"


async def test_an_open_relay_is_found(mail: Postfix, resolver: str, ask: Ask) -> None:
    document = await ask(mail.target("open-relay"), sender="billing@nomx.test", recipient=STRANGER, resolver=resolver)
    assert document.recipient_exchangers == ("mail.elsewhere.test",)
    assert "recipient.open-relay" in troubles(document)


async def test_nothing_is_ever_sent(mail: Postfix, ask: Ask) -> None:
    mark = mail.log.mark()
    await ask(mail.target("mx"), sender="billing@elsewhere.test", recipient=USER)
    (session,) = mail.sessions("mx", mark)
    assert "rcpt=1" in session
    assert "data=" not in session
    assert "quit=1" in session


async def test_a_client_that_is_not_welcome_is_told_so_at_the_greeting(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("rejects-client"))
    assert severities(document) == {"greeting.rejected": "error"}


async def test_too_many_connections_are_named(mail: Postfix, ask: Ask) -> None:
    with contextlib.closing(socket.create_connection(("127.0.0.1", mail.ports["one-at-a-time"]))) as first:
        assert first.recv(100).startswith(b"220")
        document = await ask(mail.target("one-at-a-time"))
    assert troubles(document) == {"greeting.rejected", "session.too-many-connections"}


async def test_a_greeting_in_two_parts_is_one_greeting(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("postscreen"))
    assert (document.verdict, troubles(document)) == ("ok", set())


FAULTS: dict[str, dict[str, str]] = {
    "mx": {},
    "submission": {},
    "implicit": {},
    "intermediate": {},
    "asks-certificate": {},
    "small": {},
    "login-first": {},
    "plain": {"tls.not-offered": "error"},
    "withheld": {"tls.not-offered": "error"},
    "auth-in-clear": {"auth.in-clear": "warning"},
    "auth-without-tls": {"tls.not-offered": "error", "auth.in-clear": "warning"},
    "old-tls": {"tls.protocol-too-old": "error"},
    "client-certificate": {"tls.client-certificate-required": "error"},
    "expired": {"tls.certificate-expired": "error"},
    "early": {"tls.certificate-not-yet-valid": "error"},
    "ending": {"tls.certificate-expires-soon": "warning"},
    "elsewhere": {"tls.certificate-name-mismatch": "error"},
    "untrusted": {"tls.certificate-untrusted": "error"},
    "incomplete": {"tls.chain-incomplete": "error"},
    "self-signed": {"tls.certificate-self-signed": "error"},
    "client-only": {"tls.certificate-wrong-purpose": "error"},
}


@pytest.mark.parametrize("role", FAULTS)
async def test_the_fault_of_each_role_is_found_and_no_other(role: str, mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target(role))
    assert severities(document) == FAULTS[role]
    assert document.verdict == max(FAULTS[role].values(), default="ok", key=["ok", "warning", "error"].index)
