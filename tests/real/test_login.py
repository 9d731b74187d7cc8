"""Log-ins at Postfix, checked by Dovecot: the right password, a wrong one, and what each costs the account."""

from __future__ import annotations

import pytest

from mailkit.observation import AuthStage, ProbeDocument
from mailkit.probe import Credentials, ProbeSettings, probe_many
from mailkit.secret import Secret

from .ground.asking import Ask, troubles
from .ground.certificates import Certificates
from .ground.dovecot import MECHANISMS, PASSWORD, USER, Dovecot, token
from .ground.postfix import Postfix

TOKENS = {"XOAUTH2", "OAUTHBEARER"}


def secret(mechanism: str, *, right: bool) -> Secret:
    if mechanism in TOKENS:
        return Secret(token() if right else token()[:-6] + "AAAAAA")
    return Secret(PASSWORD if right else f"not {PASSWORD}")


def log_in(document: ProbeDocument) -> AuthStage:
    (stage,) = [stage for stage in document.endpoints[0].stages if isinstance(stage, AuthStage)]
    return stage


@pytest.mark.parametrize("role", ["submission", "implicit"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_the_right_secret_is_accepted(mechanism: str, role: str, mail: Postfix, login: Dovecot, ask: Ask) -> None:
    mark = login.log.mark()
    document = await ask(mail.target(role), credentials=Credentials(USER, secret(mechanism, right=True)), mechanism=mechanism)
    assert document.endpoints[0].auth.result == "accepted"
    assert document.endpoints[0].auth.tried == mechanism
    assert log_in(document).server_proved is (True if mechanism.startswith("SCRAM") else None)
    assert not troubles(document)
    assert len(login.attempts(mark)) == 1


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_secret_is_rejected_and_costs_one_attempt(mechanism: str, mail: Postfix, login: Dovecot, ask: Ask) -> None:
    mark = login.log.mark()
    document = await ask(
        mail.target("submission"), credentials=Credentials(USER, secret(mechanism, right=False)), mechanism=mechanism
    )
    assert document.endpoints[0].auth.result == "rejected"
    stage = log_in(document)
    assert stage.reply is not None
    assert (stage.reply.code, stage.reply.enhanced_code) == (535, "5.7.8")
    assert troubles(document) == {"auth.token-refused" if mechanism in TOKENS else "auth.rejected"}
    assert document.verdict == "error"
    assert len(login.attempts(mark)) == 1


async def test_without_a_mechanism_named_one_is_chosen_and_tried_once(mail: Postfix, login: Dovecot, ask: Ask) -> None:
    mark = login.log.mark()
    document = await ask(mail.target("submission"), credentials=Credentials(USER, Secret("wrong")))
    assert document.endpoints[0].auth.result == "rejected"
    assert document.endpoints[0].auth.tried in set(MECHANISMS) - TOKENS
    assert len(login.attempts(mark)) == 1


async def test_an_expired_token_is_refused_with_the_reason_of_the_server(mail: Postfix, ask: Ask) -> None:
    document = await ask(
        mail.target("submission"), credentials=Credentials(USER, Secret(token(seconds=-60))), mechanism="OAUTHBEARER"
    )
    assert troubles(document) == {"auth.token-refused"}
    assert log_in(document).challenge is not None


async def test_one_wrong_password_is_tried_at_one_address_of_a_name_only(
    mail: Postfix, login: Dovecot, resolver: str, ask: Ask
) -> None:
    mark = login.log.mark()
    host = f"dual.test:{mail.ports['submission']}"
    document = await ask(host, resolver=resolver, server_name=None, credentials=Credentials(USER, Secret("wrong")))
    assert document.connections.keys() == {"127.0.0.1", "::1"}
    assert document.endpoints[0].auth.result == "rejected"
    assert len(login.attempts(mark)) == 1


async def test_one_wrong_password_is_tried_at_one_of_many_targets_only(
    mail: Postfix, login: Dovecot, certificates: Certificates
) -> None:
    mark = login.log.mark()
    settings = ProbeSettings(
        ca_file=certificates.anchor, server_name="mx.ci.test", credentials=Credentials(USER, Secret("wrong")), timeout=5
    )
    targets = [mail.target(role) for role in ("submission", "implicit", "login-first")]
    results = [document.endpoints[0].auth.result async for document in probe_many(targets, settings)]
    assert sorted(results) == ["not_tried", "not_tried", "rejected"]
    assert len(login.attempts(mark)) == 1


@pytest.mark.parametrize("role", ["auth-without-tls", "plain"])
async def test_a_password_never_goes_over_a_line_that_can_be_read(role: str, mail: Postfix, ask: Ask) -> None:
    mark = mail.log.mark()
    document = await ask(mail.target(role), credentials=Credentials(USER, Secret(PASSWORD)))
    assert document.endpoints[0].auth.result == "not_tried"
    assert document.verdict == "error"
    assert not [session for session in mail.sessions(role, mark) if "auth=" in session]


async def test_a_password_goes_over_a_readable_line_when_that_was_allowed(mail: Postfix, ask: Ask) -> None:
    document = await ask(
        mail.target("auth-without-tls"), credentials=Credentials(USER, Secret(PASSWORD)), allow_plaintext_auth=True
    )
    assert document.endpoints[0].auth.result == "accepted"


async def test_a_password_does_not_go_to_a_server_whose_certificate_fails(mail: Postfix, login: Dovecot, ask: Ask) -> None:
    target, mine = mail.target("submission"), Credentials(USER, Secret(PASSWORD))
    document = await ask(target, server_name="elsewhere.test", credentials=mine)
    assert (log_in(document).result, log_in(document).why_not) == ("not_tried", "unverified")
    mark = login.log.mark()
    document = await ask(target, server_name="elsewhere.test", credentials=mine, allow_unverified=True)
    assert log_in(document).result == "accepted"
    assert len(login.attempts(mark)) == 1


async def test_the_password_is_in_no_document(mail: Postfix, ask: Ask) -> None:
    for mechanism in ("PLAIN", "LOGIN"):
        document = await ask(mail.target("submission"), credentials=Credentials(USER, Secret(PASSWORD)), mechanism=mechanism)
        shown = " ".join(line.line for line in document.endpoints[0].transcript)
        assert f"AUTH {mechanism}" in shown
        assert "correct" not in repr(document)
        assert Secret(PASSWORD).scrub(shown) == shown  # nor in base64
