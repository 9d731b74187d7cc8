"""What Postfix really speaks, offers and demands, and what the probe says about it."""

from __future__ import annotations

import pytest

from mailkit.observation import ClearMailStage, EndpointResult, InjectionStage, ProbeDocument, Security, StarttlsStage

from .ground.asking import Ask
from .ground.dovecot import MECHANISMS
from .ground.postfix import ROLES, Postfix

COMMON = {"PIPELINING", "VRFY", "ETRN", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"}
SIZE = "SIZE 10240000"
AUTH = "AUTH " + " ".join(MECHANISMS)
IMPLICIT = {"implicit"}
CLEAR = {"plain", "auth-without-tls", "withheld"}
LOGIN = {"submission", "implicit", "login-first"}
LOGIN_IN_CLEAR = {"auth-in-clear", "auth-without-tls"}
TLS_FIRST = {"submission", "login-first", "client-certificate"}
SILENT = {"rejects-client"}
"""What :data:`~ground.postfix.ROLES` makes of each role, once more, in the words of the probe."""

SPEAKING = sorted(set(ROLES) - SILENT)
STARTTLS = sorted(set(SPEAKING) - IMPLICIT - CLEAR)


def endpoint(document: ProbeDocument) -> EndpointResult:
    (only,) = document.endpoints
    return only


@pytest.mark.parametrize("role", SPEAKING)
async def test_the_protection_is_found_out(role: str, mail: Postfix, ask: Ask) -> None:
    expected: Security = "implicit" if role in IMPLICIT else "none" if role in CLEAR else "starttls"
    assert endpoint(await ask(mail.target(role))).security == expected


@pytest.mark.parametrize("asked", ["none", "starttls", "implicit"])
@pytest.mark.parametrize(("role", "speaks"), [("plain", "none"), ("submission", "starttls"), ("implicit", "implicit")])
async def test_the_protection_is_found_out_though_another_was_asked_for(
    role: str, speaks: Security, asked: Security, mail: Postfix, ask: Ask
) -> None:
    document = await ask(mail.target(role), security=asked)
    assert endpoint(document).security == speaks
    assert endpoint(document).asked == asked
    # "none" is a wish that a server with STARTTLS fulfils, unless it insists on TLS; everything else is a mode it does not have.
    fits = speaks == asked
    assert fits or document.verdict in {"error", "warning"}


@pytest.mark.parametrize("role", SPEAKING)
async def test_the_keywords_are_those_configured_before_and_after_tls(role: str, mail: Postfix, ask: Ask) -> None:
    seen = endpoint(await ask(mail.target(role)))
    always = COMMON | {"SIZE 20000" if role == "small" else SIZE}
    if role in IMPLICIT:
        assert seen.ehlo_before_tls is None
    else:
        assert seen.ehlo_before_tls is not None
        expected = always | ({AUTH} if role in LOGIN_IN_CLEAR else set()) | (set() if role in CLEAR else {"STARTTLS"})
        assert set(seen.ehlo_before_tls) == expected
    if role in CLEAR or role == "client-certificate":  # the latter ends the conversation before its second list
        assert seen.ehlo_after_tls is None
    else:
        assert seen.ehlo_after_tls is not None
        assert set(seen.ehlo_after_tls) == always | ({AUTH} if role in LOGIN | LOGIN_IN_CLEAR else set())


@pytest.mark.parametrize("role", sorted(LOGIN | LOGIN_IN_CLEAR))
async def test_the_log_in_mechanisms_are_those_of_dovecot_in_the_order_offered(role: str, mail: Postfix, ask: Ask) -> None:
    auth = endpoint(await ask(mail.target(role))).auth
    before = MECHANISMS if role in LOGIN_IN_CLEAR else () if role not in IMPLICIT else None
    assert auth.offered_before_tls == before
    # Without TLS there is no second list: what counts is the first.
    assert (auth.offered or auth.offered_before_tls) == MECHANISMS
    assert auth.result == "not_tried"


@pytest.mark.parametrize("role", STARTTLS)
async def test_whether_mail_is_refused_without_tls_is_seen(role: str, mail: Postfix, ask: Ask) -> None:
    (stage,) = [stage for stage in endpoint(await ask(mail.target(role))).stages if isinstance(stage, ClearMailStage)]
    assert stage.reply is not None
    assert stage.reply.code == (530 if role in TLS_FIRST else 250)


@pytest.mark.parametrize("role", sorted(set(STARTTLS) - {"client-certificate"}))
async def test_postfix_carries_out_nothing_that_was_sent_before_tls(role: str, mail: Postfix, ask: Ask) -> None:
    (stage,) = [stage for stage in endpoint(await ask(mail.target(role))).stages if isinstance(stage, InjectionStage)]
    assert stage.executed is False


async def test_starttls_is_tried_where_it_is_not_offered_and_found_not_to_work(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("withheld"))
    (stage,) = [stage for stage in endpoint(document).stages if isinstance(stage, StarttlsStage)]
    assert not stage.offered
    assert stage.reply is not None
    assert (stage.reply.code, stage.reply.enhanced_code) == (502, "5.5.1")


@pytest.mark.parametrize("role", SPEAKING)
async def test_a_probe_is_polite(role: str, mail: Postfix, ask: Ask) -> None:
    mark = mail.log.mark()
    document = await ask(mail.target(role))
    sessions = mail.sessions(role, mark)
    assert len(sessions) == document.connections["127.0.0.1"] <= 4
    talked = [session for session in sessions if "ehlo=" in session]
    assert all("quit=1" in session for session in talked) or role == "client-certificate"
    assert not [session for session in sessions if "unknown=" in session or "auth=" in session or "data=" in session]


async def test_every_address_has_its_own_result(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("mx", "::1"))
    assert [(result.address, result.family, result.ok) for result in document.address_family_results] == [("::1", 6, True)]
    assert endpoint(document).security == "starttls"
