"""Autodiscovery against the practice site's name server and web server: what is found, what is withstood, what is not said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.practice import PracticeSite, practice_site
from mailkit.practice.autoconfig import PAGES, AutoconfigPage
from mailkit.probe.autoconfig import NotAutoconfig, read_autoconfig
from mailkit.probe.discover import DiscoverSettings, discover, inquire
from mailkit.probe.discovery import Discovery, Inquiry, InquirySource, NamedServer, assemble_discovery, read_domain

NOBODY = "127.0.0.1:9"
"""A name server that does not answer."""


@pytest_asyncio.fixture
async def site() -> AsyncIterator[PracticeSite]:
    async with practice_site(plays=[]) as running:
        yield running


def how(site: PracticeSite, **other: object) -> DiscoverSettings:
    settings = {"resolver": site.resolver, "ca_file": site.ca_file, "https_port": site.web.port, "ispdb": site.web.database}
    return DiscoverSettings(**{**settings, "timeout": 5.0, **other})  # type: ignore[arg-type]


def of(discovery: Discovery, source: InquirySource) -> Inquiry:
    return next(inquiry for inquiry in discovery.asked if inquiry.source == source)


# --- what is found -----------------------------------------------------------------------------------------------------


async def test_what_the_domain_says_of_itself_is_offered_first(site: PracticeSite) -> None:
    found = await discover("frontdesk@hotel.test", how(site))
    first = found.candidates[0]
    assert (first.host, first.port, first.security) == ("mail.hotel.test", site.server("mail.hotel.test").port, "starttls")
    assert (first.user_name, first.login) == ("%EMAILADDRESS%", "frontdesk@hotel.test")
    assert first.sources == ("autoconfig", "submission")
    assert first.authenticated
    assert (found.agreed, found.online, found.stopped) == (True, True, None)
    assert of(found, "exchangers").exchangers == ("mx1.hotel.test", "mx2.hotel.test")


async def test_the_file_is_also_found_at_the_well_known_place(site: PracticeSite) -> None:
    found = await discover("estimator@builder.test", how(site))
    first = found.candidates[0]
    assert (first.host, first.login) == ("submit.builder.test", "estimator")
    assert first.authentication == ("OAuth2", "password-cleartext")
    assert of(found, "autoconfig").result == "not-found"
    assert of(found, "well-known").advice == ("Allow mail programs in the settings first.",)


async def test_srv_records_come_in_their_order_and_a_dot_means_not_offered(site: PracticeSite) -> None:
    found = await discover("builder.test", how(site))
    assert of(found, "submissions").result == "not-offered"
    assert [server.host for server in of(found, "submission").servers] == ["submit.builder.test", "mail.builder.test"]
    assert of(found, "submission").authenticated is False


async def test_only_dnssec_makes_a_record_the_domains_own_word(site: PracticeSite) -> None:
    signed = await discover("signed.test", how(site))
    assert (signed.candidates[0].sources, signed.candidates[0].authenticated) == (("submission",), True)


async def test_a_record_without_a_port_is_unusable(site: PracticeSite) -> None:
    assert of(await discover("broken-srv.test", how(site)), "submission").result == "unusable"


async def test_a_tenant_of_microsoft_365_is_recognised_by_its_exchangers_and_old_pages_come_second(site: PracticeSite) -> None:
    found = await discover("frontdesk@moved.test", how(site))
    assert (found.provider, found.recognised_by, found.agreed) == ("microsoft365", "exchangers", False)
    assert [(one.host, one.sources) for one in found.candidates] == [
        ("smtp.office365.com", ("exchangers",)),
        ("mail.moved.test", ("autoconfig",)),
    ]


async def test_a_customers_domain_is_found_by_way_of_the_domain_of_its_exchanger(site: PracticeSite) -> None:
    found = await discover("frontdesk@customer.test", how(site))
    assert of(found, "exchanger-autoconfig").asked.startswith("https://autoconfig.hoster.test:")
    assert [(one.host, one.authenticated) for one in found.candidates] == [("smtp.hoster.test", False)]


async def test_the_database_is_the_last_to_know(site: PracticeSite) -> None:
    found = await discover("listed.test", how(site))
    assert [(one.host, one.sources, one.authentication) for one in found.candidates] == [
        ("submit.builder.test", ("ispdb",), ("password-cleartext",))
    ]


async def test_a_filter_in_front_is_named_and_nobody_guesses_behind_it(site: PracticeSite) -> None:
    found = await discover("filtered.test", how(site))
    assert (found.filter, found.provider, found.candidates) == ("Proofpoint", None, ())


async def test_an_address_of_a_well_known_provider_is_recognised_at_once(site: PracticeSite) -> None:
    found = await discover("somebody@gmail.com", how(site))
    assert (found.provider, found.recognised_by) == ("gmail", "address")
    assert [(one.host, one.port, one.login) for one in found.candidates] == [
        ("smtp.gmail.com", 587, "somebody@gmail.com"),
        ("smtp.gmail.com", 465, "somebody@gmail.com"),
    ]


async def test_offline_the_presets_are_what_is_left_and_that_is_said() -> None:
    found = await discover("somebody@gmail.com", DiscoverSettings(resolver=NOBODY, timeout=1, deadline=3))
    assert not found.online
    assert [one.sources for one in found.candidates] == [("table",), ("table",)]
    assert {one.result for one in found.asked if one.source != "table"} <= {"timeout", "deadline", "server-failure"}


async def test_offline_an_unknown_domain_gives_nothing_and_no_error() -> None:
    found = await discover("hotel.test", DiscoverSettings(resolver=NOBODY, timeout=1, deadline=3))
    assert (found.online, found.candidates, found.provider) == (False, (), None)


# --- what is withstood -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.domain}-{page.source}")
async def test_a_page_ends_as_the_table_says(site: PracticeSite, page: AutoconfigPage) -> None:
    slow = page.outcome == "timeout"
    found = await discover(page.domain, how(site, timeout=1.0 if slow else 5.0))
    assert of(found, page.source).result == page.outcome


async def test_a_redirect_inside_https_is_followed_and_told(site: PracticeSite) -> None:
    asked = of(await discover("elsewhere-page.test", how(site)), "autoconfig")
    assert asked.redirects == (f"https://autoconfig.hotel.test:{site.web.port}/mail/config-v1.1.xml",)
    assert asked.servers


async def test_what_a_file_says_in_names_reaches_nobody_as_a_command(site: PracticeSite) -> None:
    found = await discover("hostile-page.test", how(site))
    assert found.candidates == ()
    asked = of(found, "autoconfig")
    assert asked.name is not None
    assert asked.text is not None
    assert (asked.name.isprintable(), asked.text.isprintable()) == (True, True)
    assert "RCPT TO" in asked.text


async def test_an_untrusted_authority_is_trusted_nowhere(site: PracticeSite) -> None:
    found = await discover("frontdesk@hotel.test", how(site, ca_file=None))
    assert of(found, "autoconfig").result == "certificate"
    assert site.web.asked == []


async def test_one_source_that_never_answers_holds_up_no_other(site: PracticeSite) -> None:
    async with contextlib.aclosing(inquire("silent-page.test", how(site, timeout=2.0))) as answers:
        order = [inquiry.source async for inquiry in answers]
    assert order[0] == "table"
    assert order[-1] == "autoconfig"
    assert len(order) == 7


async def test_the_total_time_is_kept_and_said(site: PracticeSite) -> None:
    found = await discover("silent-page.test", how(site, timeout=5.0, deadline=1.0))
    assert found.stopped == "deadline"
    assert of(found, "autoconfig").result == "deadline"


async def test_stopped_it_keeps_what_was_found_and_names_what_was_open(site: PracticeSite) -> None:
    stop = asyncio.Event()
    seen: list[Inquiry] = []
    async for inquiry in inquire("trickle-page.test", how(site, timeout=60.0, deadline=60.0), stop=stop):
        seen.append(inquiry)
        if len(seen) == 6:
            stop.set()
    found = assemble_discovery("trickle-page.test", seen)
    assert found.stopped == "user"
    assert of(found, "autoconfig").result == "cancelled"
    assert of(found, "exchangers").result == "no-data"


# --- what is not said --------------------------------------------------------------------------------------------------


async def test_the_address_is_told_to_the_domains_own_web_server_only(site: PracticeSite) -> None:
    await discover("frontdesk@customer.test", how(site))
    await discover("frontdesk@hotel.test", how(site))
    told = [(host, path) for host, path in site.web.asked if "frontdesk" in path]
    assert told == [("autoconfig.hotel.test", "/mail/config-v1.1.xml?emailaddress=frontdesk@hotel.test")]
    assert ("ispdb.practice.test", "/customer.test") in site.web.asked


async def test_a_database_that_is_not_wanted_is_not_asked(site: PracticeSite) -> None:
    found = await discover("listed.test", how(site, ispdb=None))
    assert "ispdb" not in {inquiry.source for inquiry in found.asked}
    assert site.web.asked == []


@pytest.mark.parametrize(
    "target", ["", "@", "frontdesk@", "@hotel.test", "frontdesk@hotel", "hotel", "a b@hotel.test", "192.0.2.1", "a@192.0.2.1",
               "https://hotel.test/", "a@b@hotel.test", "x\x1b[31m@hotel.test", "hotel..test", "<a@hotel.test>"],
)  # fmt: skip
async def test_what_is_neither_an_address_nor_a_domain_is_refused_before_anybody_is_asked(target: str) -> None:
    with pytest.raises(InputError, match="give one like"):
        await discover(target)


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"deadline": -1}, {"ispdb": "http://v1.ispdb.net/"}, {"ispdb": "https://x"}, {"https_port": 0}]
)
def test_a_setting_that_cannot_be_used_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not usable"):
        DiscoverSettings(**wrong)  # type: ignore[arg-type]


# --- reading a file ----------------------------------------------------------------------------------------------------


def file(servers: str, *, around: str = "{}") -> bytes:
    return around.format(f"<clientConfig><emailProvider>{servers}</emailProvider></clientConfig>").encode()


def server(host: str = "smtp.hotel.test", port: str = "587", socket: str = "STARTTLS", more: str = "") -> str:
    inside = f"<hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType>{more}"
    return f'<outgoingServer type="smtp">{inside}</outgoingServer>'


def test_servers_keep_the_order_of_the_file_but_unencrypted_ones_come_last() -> None:
    found = read_autoconfig(
        file(server("a.test", "25", "plain") + server("b.test", "465", "SSL") + server("c.test", "587")), "hotel.test"
    )
    assert [one.host for one in found.servers] == ["b.test", "c.test", "a.test"]


def test_placeholders_are_filled_in_host_names_and_kept_in_user_names() -> None:
    user = "<username>%EMAILLOCALPART%.%EMAILDOMAIN%</username>"
    found = read_autoconfig(file(server("smtp.%EMAILDOMAIN%", more=user)), "hotel.test")
    assert found.servers == (
        NamedServer(host="smtp.hotel.test", port=587, security="starttls", user_name="%EMAILLOCALPART%.%EMAILDOMAIN%"),
    )


def test_a_local_part_that_looks_like_a_placeholder_is_not_filled_in_again() -> None:
    domain, address = read_domain("%EMAILDOMAIN%@hotel.test")
    now = datetime.now(UTC)
    named = NamedServer(host="smtp.hotel.test", port=587, security="starttls", user_name="%EMAILLOCALPART%")
    asked = Inquiry(source="autoconfig", asked="x", result="found", started=now, duration_ms=1, servers=(named,))
    assert (domain, address) == ("hotel.test", "%EMAILDOMAIN%@hotel.test")
    assert assemble_discovery(address or "", [asked]).candidates[0].login == "%EMAILDOMAIN%"


def test_a_file_with_a_namespace_and_another_encoding_is_read() -> None:
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    text = (
        head
        + '<clientConfig xmlns="urn:x"><emailProvider><displayName>Hôtel</displayName>'
        + server()
        + "</emailProvider></clientConfig>"
    )
    found = read_autoconfig(text.encode("latin-1"), "hotel.test")
    assert (found.name, len(found.servers)) == ("Hôtel", 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"<a/>",
        b"<clientConfig>",
        b'<?xml version="1.0" encoding="no-such"?><clientConfig/>',
        b'<?xml version="1.0" encoding="shift_jis"?><clientConfig/>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><clientConfig>&a;</clientConfig>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><clientConfig/>',
        b"<clientConfig>&undefined;</clientConfig>",
    ],
)
def test_what_is_not_such_a_file_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NotAutoconfig):
        read_autoconfig(data, "hotel.test")


def test_a_deep_file_and_one_with_very_many_servers_are_read_within_limits() -> None:
    assert read_autoconfig(file("<a>" * 50_000 + "</a>" * 50_000), "hotel.test").servers == ()
    many = "".join(server(f"s{number}.test") for number in range(500))
    assert len(read_autoconfig(file(many), "hotel.test").servers) == 20


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda host, port, socket, more: file(server(host, port, socket, more)),
        *(st.text(st.characters(exclude_characters="<&", exclude_categories=("Cs", "Cc")), max_size=30) for _ in range(4)),
    )
)
def test_no_file_whatsoever_is_an_error_or_names_a_host_that_is_none(data: bytes) -> None:
    with contextlib.suppress(NotAutoconfig):
        for named in read_autoconfig(data, "hotel.test", "frontdesk@hotel.test").servers:
            assert read_domain(named.host) == (named.host, None)
            assert 0 < named.port < 65536
