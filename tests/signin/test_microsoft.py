"""Signing in at a service of Microsoft's kind: by browser, by code, without asking, as a program; and what every refusal says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msal", reason="the extra oauth is not installed")

from mailkit.errors import InputError
from mailkit.practice import practice_site
from mailkit.practice.oauth import OAuthServer
from mailkit.probe import Credentials, ProbeSettings, probe
from mailkit.secret import Secret
from mailkit.signin.failure import SignInFailed
from mailkit.signin.microsoft import IMAP, SMTP, microsoft, microsoft_app
from mailkit.signin.signed import SignedIn
from mailkit.signin.token_cache import TokenCache

from .person import Person, asked_for

USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"
SignIn = Callable[..., Any]


@pytest.fixture
def sign_in(service: OAuthServer, ca_file: Path) -> SignIn:
    """Sign in as a person would who has this password."""

    async def sign_in(login: str = USER, password: str = PASSWORD, *, do: str = "sign-in", **more: Any) -> SignedIn:
        person = Person(ca_file, login, password, do)
        settings: dict[str, Any] = {"client_id": "practice-desktop", "tenant": "practice", "deadline": 20, "show": person.browser}
        return await microsoft(login, authority=service.url, ca_file=ca_file, **settings | more)

    return sign_in


async def test_a_person_signs_in_in_the_browser_and_a_token_comes_back(service: OAuthServer, ca_file: Path) -> None:
    person = Person(ca_file, USER, PASSWORD)
    signed = await microsoft(
        USER,
        client_id="practice-desktop",
        tenant="practice",
        scopes=(SMTP, IMAP),
        authority=service.url,
        ca_file=ca_file,
        show=person.browser,
    )
    claims = service.issuer.inspect((await signed.token()).reveal())
    assert claims is not None
    assert claims["email"] == USER
    assert signed.who == USER
    assert signed.expires > datetime.now(UTC) + timedelta(minutes=30)
    asked = asked_for(person.asked[0].url)
    assert {SMTP, IMAP} <= set(asked["scope"].split())
    assert asked["code_challenge_method"] == "S256"
    assert asked["login_hint"] == USER
    # The answer came as a form: no code in an address that a browser remembers.
    assert "code=" not in person.ended
    assert "close this page" in person.pages[-1]


async def test_while_a_sign_in_counts_nobody_is_asked_again(sign_in: SignIn, service: OAuthServer) -> None:
    kept = TokenCache()
    first = await sign_in(cache=kept)
    again = await sign_in(cache=kept, show=None)
    assert (await again.token()).reveal() == (await first.token()).reveal()
    assert again.who == USER
    with pytest.raises(SignInFailed) as failed:  # somebody else's sign-in
        await sign_in("estimator@builder.test", cache=kept, show=None)
    assert failed.value.finding.code == "signin.needs-person"
    assert len([path for path in service.asked if path.endswith("/authorize")]) == 2  # the page, and its form


async def test_a_token_that_ends_soon_is_replaced_without_asking(sign_in: SignIn, service: OAuthServer) -> None:
    service.issuer.lifetime = 60
    signed = await sign_in()
    service.issuer.lifetime = 3600
    first, second, third = [(await signed.token()).reveal() for _ in range(3)]
    assert first == second == third
    assert signed.expires > datetime.now(UTC) + timedelta(minutes=30)
    pages = [path for path in service.asked if path.endswith("/authorize")]
    assert len(pages) == 2


async def test_many_connections_at_once_fetch_one_token(sign_in: SignIn, service: OAuthServer) -> None:
    service.issuer.lifetime = 60
    signed = await sign_in()
    service.issuer.lifetime = 3600
    before = service.asked.count("/practice/oauth2/v2.0/token")
    tokens = await asyncio.gather(*(signed.token() for _ in range(10)))
    assert len({token.reveal() for token in tokens}) == 1
    assert service.asked.count("/practice/oauth2/v2.0/token") == before + 1


async def test_a_sign_in_that_was_ended_is_said_to_be(sign_in: SignIn, service: OAuthServer) -> None:
    service.issuer.lifetime = 60
    kept = TokenCache()
    signed = await sign_in(cache=kept)
    service.issuer.revoke(USER)
    with pytest.raises(SignInFailed) as failed:
        await signed.token()
    finding = failed.value.finding
    assert (finding.code, finding.evidence["number"]) == ("signin.expired", "AADSTS50173")
    assert "Sign in again" in str(failed.value)
    assert isinstance(failed.value, PermissionError)
    # Where a person can be asked, the person is.
    assert await (await sign_in(cache=kept)).token()


async def test_signing_out_forgets_the_sign_in(sign_in: SignIn) -> None:
    kept = TokenCache()
    signed = await sign_in(cache=kept)
    await signed.forget()
    with pytest.raises(SignInFailed) as failed:
        await sign_in(cache=kept, show=None)
    assert failed.value.finding.code == "signin.needs-person"


async def test_a_person_signs_in_with_a_code_on_another_machine(sign_in: SignIn, service: OAuthServer, ca_file: Path) -> None:
    person = Person(ca_file, USER, PASSWORD)
    signed = await sign_in(flow="device", show=person.browser)
    assert service.issuer.inspect((await signed.token()).reveal())
    assert person.asked[0].url == f"{service.url}/device"
    assert person.asked[0].code
    assert not [path for path in service.asked if path.endswith("/authorize")]


@pytest.mark.parametrize(
    ("login", "password", "code", "number", "who"),
    [
        ("reservations@hotel.test", "practice-reservations", "signin.second-factor", "AADSTS50076", "user"),
        ("manager@hotel.test", "practice-manager", "signin.policy", "AADSTS53003", "site-admin"),
        ("bookkeeping@hotel.test", "practice-bookkeeping", "signin.consent", "AADSTS65001", "site-admin"),
    ],
)
async def test_a_refusal_says_what_is_wrong_and_who_acts(  # noqa: PLR0917 - one row
    sign_in: SignIn, login: str, password: str, code: str, number: str, who: str
) -> None:
    with pytest.raises(SignInFailed) as failed:
        await sign_in(login, password)
    finding = failed.value.finding
    assert (finding.code, finding.evidence["number"], finding.fix[0].who) == (code, number, who)
    assert finding.subject == login
    assert finding.refs[-1].endswith(number.removeprefix("AADSTS"))
    assert "\n" not in str(failed.value)


async def test_a_blocked_code_points_to_the_browser(sign_in: SignIn) -> None:
    with pytest.raises(SignInFailed) as failed:
        await sign_in("manager@hotel.test", "practice-manager", flow="device")
    assert failed.value.finding.code == "signin.policy"
    assert "instead of with a code" in failed.value.finding.fix[0].action


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tenant": "nowhere.test"}, "signin.tenant-unknown"),
        ({"client_id": "practice-no-device", "flow": "device"}, "signin.public-client"),
        ({"do": "cancel"}, "signin.declined"),
        ({"do": "cancel", "flow": "device"}, "signin.declined"),
    ],
)
async def test_what_is_set_up_wrong_or_declined_is_named(sign_in: SignIn, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(SignInFailed) as failed:
        await sign_in(**changes)
    assert failed.value.finding.code == code


async def test_a_permission_that_was_not_given_is_noticed(sign_in: SignIn, service: OAuthServer) -> None:
    service.issuer.granted = "https://outlook.office.com/IMAP.AccessAsUser.All"
    with pytest.raises(SignInFailed) as failed:
        await sign_in()
    assert failed.value.finding.code == "signin.scope-missing"
    assert SMTP in str(failed.value.finding.detail)


async def test_a_wrong_password_costs_one_attempt_and_the_page_says_so(
    service: OAuthServer, sign_in: SignIn, ca_file: Path
) -> None:
    person = Person(ca_file, USER, "not the password")
    with pytest.raises(SignInFailed) as failed:
        await sign_in(show=person.browser, deadline=1.5)
    assert failed.value.finding.code == "signin.timeout"  # the page is still open: it is the person's turn
    assert "AADSTS50126" in person.pages[-1]
    assert service._accounts[USER].failures == 1


async def test_cancelling_ends_the_sign_in_at_once(sign_in: SignIn) -> None:
    before = asyncio.all_tasks()
    for flow in ("browser", "device"):
        shown = asyncio.Event()
        task = asyncio.create_task(sign_in(flow=flow, show=lambda _ask, shown=shown: shown.set()))
        await asyncio.wait_for(shown.wait(), 20)
        task.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([task])
        assert task.cancelled()
    assert {task for task in asyncio.all_tasks() if task.get_name() == "sign-in answer"} <= before


async def test_a_service_that_is_not_there_or_not_trusted_is_named(service: OAuthServer, unused_tcp_port: int) -> None:
    with pytest.raises(SignInFailed) as failed:
        await microsoft(USER, client_id="practice-desktop", tenant="practice", authority=f"https://127.0.0.1:{unused_tcp_port}")
    assert failed.value.finding.code == "signin.unreachable"
    with pytest.raises(SignInFailed) as failed:
        await microsoft(USER, client_id="practice-desktop", tenant="practice", authority=service.url)
    assert failed.value.finding.code == "signin.unreachable"
    assert "certificate" in failed.value.finding.summary


@pytest.mark.parametrize(
    "wrong", [{"client_id": ""}, {"client_id": "a b"}, {"tenant": "../x"}, {"authority": "http://login.test"}]
)
async def test_what_cannot_be_a_registration_is_refused_before_anything_is_asked(
    wrong: dict[str, str], service: OAuthServer
) -> None:
    with pytest.raises(InputError):
        await microsoft(USER, **{"client_id": "practice-desktop", "tenant": "practice", "authority": service.url} | wrong)
    assert not service.asked


async def test_a_program_signs_in_by_itself(service: OAuthServer, ca_file: Path) -> None:
    common: dict[str, Any] = {"client_id": "practice-service", "tenant": "practice", "authority": service.url, "ca_file": ca_file}
    signed = await microsoft_app(USER, client_secret=Secret("practice-client-secret"), **common)
    assert service.issuer.inspect((await signed.token()).reveal())
    with pytest.raises(SignInFailed) as failed:
        await microsoft_app(USER, client_secret=Secret("wrong"), **common)
    assert failed.value.finding.code == "signin.client-secret"


async def test_a_server_of_the_practice_site_takes_the_token() -> None:
    async with practice_site(plays=["auth-accepted"]) as site:
        person = Person(site.ca_file, USER, PASSWORD)
        signed = await microsoft(
            USER,
            client_id="practice-desktop",
            tenant="practice",
            authority=site.sign_in.url,
            ca_file=site.ca_file,
            show=person.browser,
        )
        server = site.server("auth-accepted")
        for mechanism in ("XOAUTH2", "OAUTHBEARER"):
            settings = ProbeSettings(
                credentials=Credentials(USER, await signed.token()),
                mechanism=mechanism,
                ca_file=site.ca_file,
                server_name=server.name,
            )
            document = await probe(f"{server.host}:{server.port}", settings)
            assert document.endpoints[0].auth.result == "accepted"
