"""Signing in at a service of Google's kind: the browser comes back to this machine, or its address is pasted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google_auth_oauthlib", reason="the extra oauth is not installed")

from mailkit.errors import InputError
from mailkit.practice.issuer import Grant
from mailkit.practice.oauth import OAuthServer
from mailkit.signin.ask import Ask
from mailkit.signin.failure import SignInFailed
from mailkit.signin.google import MAIL, google
from mailkit.signin.token_cache import TokenCache

from .person import Person, asked_for

USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"


async def test_a_person_signs_in_in_the_browser_and_a_token_comes_back(service: OAuthServer, ca_file: Path) -> None:
    person = Person(ca_file, USER, PASSWORD)
    signed = await google(USER, client=service.google_client, ca_file=ca_file, show=person.browser, deadline=20)
    claims = service.issuer.inspect((await signed.token()).reveal())
    assert claims is not None
    assert claims["email"] == USER
    asked = asked_for(person.asked[0].url)
    assert asked["scope"] == MAIL
    assert asked["access_type"] == "offline"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert "close this page" in person.pages[-1]


async def test_while_a_sign_in_counts_nobody_is_asked_again(service: OAuthServer, ca_file: Path) -> None:
    kept = TokenCache()
    person = Person(ca_file, USER, PASSWORD)
    await google(USER, client=service.google_client, ca_file=ca_file, show=person.browser, cache=kept, deadline=20)
    again = await google(USER, client=service.google_client, ca_file=ca_file, show=None, cache=kept)
    assert service.issuer.inspect((await again.token()).reveal())
    assert len(person.asked) == 1
    service.issuer.revoke(USER)
    with pytest.raises(SignInFailed) as failed:
        await google(USER, client=service.google_client, ca_file=ca_file, show=None, cache=kept)
    assert failed.value.finding.code == "signin.needs-person"
    assert failed.value.finding.evidence["because"] == "signin.expired"
    await google(USER, client=service.google_client, ca_file=ca_file, show=person.browser, cache=kept, deadline=20)
    assert len(person.asked) == 2
    await again.forget()
    with pytest.raises(SignInFailed):
        await google(USER, client=service.google_client, ca_file=ca_file, show=None, cache=kept)


async def test_a_token_that_ends_soon_is_replaced_without_asking(service: OAuthServer, ca_file: Path) -> None:
    service.issuer.lifetime = 60
    person = Person(ca_file, USER, PASSWORD)
    signed = await google(USER, client=service.google_client, ca_file=ca_file, show=person.browser, deadline=20)
    service.issuer.lifetime = 3600
    assert (await signed.token()).reveal() == (await signed.token()).reveal()
    assert service.asked.count("/o/token") == 2
    service.issuer.revoke(USER)
    signed._token = type(signed._token)(signed._token.secret, signed._token.expires.replace(year=2020))
    with pytest.raises(SignInFailed) as failed:
        await signed.token()
    assert failed.value.finding.code == "signin.expired"
    assert "7 days" in str(failed.value.finding.detail)


async def test_where_the_browser_cannot_come_back_its_address_is_pasted(service: OAuthServer, ca_file: Path) -> None:
    def elsewhere(ask: Ask) -> None:
        fields = asked_for(ask.url)
        redirect = fields["redirect_uri"]
        grant = Grant(
            login=USER,
            client=fields["client_id"],
            scope=fields["scope"],
            tenant="google",
            redirect=redirect,
            challenge=fields["code_challenge"],
        )
        for wrong in (f"{redirect}/?code=stolen&state=somebody-else", "https://hotel.test/", ""):
            with pytest.raises(InputError):
                ask.paste(wrong)
        ask.paste(f"  {redirect}/?code={service.issuer.code(grant)}&state={fields['state']}\n")

    signed = await google(USER, client=service.google_client, ca_file=ca_file, show=elsewhere, deadline=20)
    assert service.issuer.inspect((await signed.token()).reveal())


async def test_declining_or_leaving_out_the_mail_is_named(service: OAuthServer, ca_file: Path) -> None:
    person = Person(ca_file, USER, PASSWORD, do="cancel")
    with pytest.raises(SignInFailed) as failed:
        await google(USER, client=service.google_client, ca_file=ca_file, show=person.browser, deadline=20)
    assert failed.value.finding.code == "signin.declined"
    service.issuer.granted = "openid"
    person = Person(ca_file, USER, PASSWORD)
    with pytest.raises(SignInFailed) as failed:
        await google(USER, client=service.google_client, ca_file=ca_file, show=person.browser, deadline=20)
    assert failed.value.finding.code == "signin.scope-missing"


@pytest.mark.parametrize(
    "client",
    [
        {},
        {"web": {"client_id": "x"}},
        {"installed": {"client_id": "x", "client_secret": "y", "auth_uri": "http://a", "token_uri": "z"}},
    ],
)
async def test_a_client_of_another_kind_is_refused_in_one_line(client: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Desktop app") as failed:
        await google(USER, client=client)
    assert "\n" not in str(failed.value)


async def test_the_client_is_read_from_its_file(service: OAuthServer, ca_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "client_secret.json"
    file.write_text(json.dumps(service.google_client))
    person = Person(ca_file, USER, PASSWORD)
    assert await google(USER, client=file, ca_file=ca_file, show=person.browser, deadline=20)
    file.write_text("no JSON")
    with pytest.raises(InputError, match="Desktop app"):
        await google(USER, client=str(file))
