"""A sign-in from end to end: a person signs in, a real Dovecot asks the service about the token, Postfix takes the mail."""

from __future__ import annotations

import asyncio
import imaplib
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("msal", reason="the extra oauth is not installed")

from mailkit.mail.account import Access, Account
from mailkit.mail.line import Dialer
from mailkit.mail.login import log_in as send_log_in
from mailkit.observation import AuthStage, ProbeDocument
from mailkit.probe import Credentials
from mailkit.secret import Secret
from mailkit.signin.google import google
from mailkit.signin.microsoft import IMAP, SMTP, microsoft
from mailkit.signin.signed import SignedIn

from ..signin.person import Person
from .ground.asking import Ask, troubles
from .ground.authority import OTHER, OTHERS_PASSWORD, PASSWORD, USER, Tokens, token_servers
from .ground.certificates import Certificates
from .ground.mailbox import imap_server

MECHANISMS = ("XOAUTH2", "OAUTHBEARER")


@pytest.fixture(scope="module")
def tokens(ground: Path, certificates: Certificates) -> Iterator[Tokens]:
    with token_servers(ground / "tokens", certificates) as running:
        yield running


async def signed_in(tokens: Tokens, user: str = USER, password: str = PASSWORD) -> SignedIn:
    service = tokens.service
    return await microsoft(
        user,
        client_id="practice-desktop",
        tenant="practice",
        scopes=(SMTP, IMAP),
        authority=service.server.url,
        ca_file=service.ca_file,
        show=Person(service.ca_file, user, password).browser,
        deadline=30,
    )


def log_in(document: ProbeDocument) -> AuthStage:
    (stage,) = [stage for stage in document.endpoints[0].stages if isinstance(stage, AuthStage)]
    return stage


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_the_token_of_a_sign_in_is_accepted_and_costs_one_attempt(mechanism: str, tokens: Tokens, ask: Ask) -> None:
    mark = tokens.log.mark()
    mine = Credentials(USER, await (await signed_in(tokens)).token())
    document = await ask(tokens.mail.target("submission"), credentials=mine, mechanism=mechanism)
    assert (document.endpoints[0].auth.tried, document.endpoints[0].auth.result) == (mechanism, "accepted")
    assert not troubles(document)
    assert len(tokens.attempts(mark)) == 1


async def test_a_token_of_the_other_kind_of_service_is_accepted(tokens: Tokens, ask: Ask) -> None:
    service = tokens.service
    person = Person(service.ca_file, USER, PASSWORD)
    signed = await google(USER, client=service.server.google_client, ca_file=service.ca_file, show=person.browser, deadline=30)
    document = await ask(
        tokens.mail.target("submission"), credentials=Credentials(USER, await signed.token()), mechanism="XOAUTH2"
    )
    assert document.endpoints[0].auth.result == "accepted"


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("what", ["expired", "forged", "somebody else's", "withdrawn"])
async def test_a_token_that_is_not_good_is_refused_with_the_reason(what: str, mechanism: str, tokens: Tokens, ask: Ask) -> None:
    issuer = tokens.service.server.issuer
    good = issuer.sign(USER)
    token = {
        "expired": issuer.sign(USER, lifetime=-60),
        "forged": good[:-6] + "AAAAAA",
        "somebody else's": issuer.sign(OTHER),
        "withdrawn": good,
    }[what]
    if what == "withdrawn":
        issuer.revoke(USER)
    mark = tokens.log.mark()
    document = await ask(tokens.mail.target("submission"), credentials=Credentials(USER, Secret(token)), mechanism=mechanism)
    stage = log_in(document)
    assert stage.result == "rejected"
    assert troubles(document) == {"auth.token-refused"}
    assert stage.challenge is not None
    assert json.loads(stage.challenge)["status"]
    assert token not in repr(document)
    assert len(tokens.attempts(mark)) == 1


async def test_a_connection_that_sends_gets_a_fresh_token_each_time_it_logs_in(
    tokens: Tokens, certificates: Certificates
) -> None:
    tokens.service.server.issuer.lifetime = 30  # no mail is begun with a token that ends so soon
    try:
        signed = await signed_in(tokens, OTHER, OTHERS_PASSWORD)
    finally:
        tokens.service.server.issuer.lifetime = 3600
    account = Account(
        host="127.0.0.1",
        port=tokens.mail.ports["submission"],
        security="starttls",
        login=OTHER,
        mechanism="XOAUTH2",
        server_name="mx.ci.test",
        ca_file=str(certificates.anchor),
    )
    before = tokens.service.server.asked.count("/practice/oauth2/v2.0/token")
    for _ in range(2):
        line = await Dialer(account).open()
        try:
            await send_log_in(line, Access(account, signed.token))
            assert line.mechanism == "XOAUTH2"
        finally:
            line.close()
    assert tokens.service.server.asked.count("/practice/oauth2/v2.0/token") == before + 1


async def test_a_mailbox_that_checks_the_signature_by_itself_takes_the_token(
    tokens: Tokens, ground: Path, certificates: Certificates
) -> None:
    signed = await signed_in(tokens)
    token = await signed.token()

    def look(folder: Path) -> str:
        with imap_server(folder, certificates) as server:
            keys = folder / "keys/default/RS256"
            keys.mkdir(parents=True)
            (keys / "practice").write_bytes(tokens.service.server.issuer.public_key)
            context = ssl.create_default_context(cafile=str(certificates.anchor))
            context.check_hostname = False
            with imaplib.IMAP4_SSL("127.0.0.1", server.implicit, ssl_context=context, timeout=10) as mailbox:
                mailbox.authenticate("XOAUTH2", lambda _: f"user={USER}\x01auth=Bearer {token.reveal()}\x01\x01".encode())
                return mailbox.select("INBOX")[0]

    assert await asyncio.to_thread(look, ground / "token-mailbox") == "OK"
