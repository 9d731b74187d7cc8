"""The presets: they are facts with a date and a source, and a provider is recognised by whole names only."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.site.providers import (
    Provider,
    filter_of_mx,
    plain_name,
    presets_date,
    provider_of_address,
    provider_of_host,
    provider_of_mx,
    providers,
    secret_words,
    sender_words,
    sources,
    user_name_for,
)

ALL = list(providers().values())

WANTED = [
    "microsoft365", "microsoft365-direct", "microsoft365-connector", "outlook-com", "gmail", "google-workspace", "google-relay",
    "yahoo", "aol", "att", "comcast", "icloud", "zoho", "proton", "bell", "videotron", "rogers", "telus", "shaw", "cogeco",
    "eastlink", "sasktel", "charter", "godaddy", "orange", "sfr", "free", "laposte", "gmx", "mail-com", "web-de", "ovh", "gandi",
    "ionos", "infomaniak", "fastmail", "rackspace", "proximus", "bluewin", "t-online", "strato", "telenet", "sendgrid", "ses",
    "mailgun", "postmark", "brevo", "smtp2go", "mailjet", "azure",
]  # fmt: skip


def id_of(provider: Provider | None) -> str | None:
    return provider.id if provider else None


@pytest.mark.parametrize("wanted", WANTED)
def test_a_common_provider_is_in_the_table(wanted: str) -> None:
    assert wanted in providers()


@pytest.mark.parametrize("provider", ALL, ids=lambda one: one.id)
def test_each_row_has_a_source_and_a_date_and_admits_what_is_not_known(provider: Provider) -> None:
    assert sources(provider)
    assert provider.checked <= presets_date()
    if provider.status == "unconfirmed":
        assert "KNOWN" in provider.source
    else:
        assert provider.server is not None
        assert provider.secrets
        assert provider.user
    for text in (provider.hint, provider.note):
        assert text is None or re.fullmatch(r".+[.]", text)


@pytest.mark.parametrize("provider", ALL, ids=lambda one: one.id)
def test_a_row_is_recognised_by_the_names_in_it(provider: Provider) -> None:
    for pattern in provider.domains:
        assert id_of(provider_of_address(f"somebody@{pattern.replace('*', 'x')}")) == provider.id
    for pattern in provider.hosts:
        assert id_of(provider_of_host(pattern.replace("*", "x"))) == provider.id
    for pattern in provider.mx:
        assert id_of(provider_of_mx([pattern.replace("*", "mx1")])) == provider.id


def test_ports_speak_what_they_speak_everywhere_but_for_the_known_exception() -> None:
    odd = {
        provider.id
        for provider in ALL
        for server in provider.servers
        if (server.port in (465, 2465)) != (server.security == "implicit")
    }
    assert odd == {"charter"}


def test_every_word_for_a_password_and_for_a_from_is_used_and_explained() -> None:
    assert {kind for provider in ALL for kind in provider.secrets} == set(secret_words())
    assert {provider.sender.rule for provider in ALL if provider.sender} <= set(sender_words())


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("frontdesk@gmail.com", "gmail"),
        ("FrontDesk@GMAIL.COM.", "gmail"),
        ("gmail.com", "gmail"),
        ("sales@hotmail.ca", "outlook-com"),
        ("sales@hotel.onmicrosoft.com", "microsoft365"),
        ("sales@tampabay.rr.com", "roadrunner"),
        ("sales@rr.com", "roadrunner"),
        ("sales@evilgmail.com", None),
        ("sales@gmail.com.example.com", None),
        ("sales@mail.gmail.com", None),
        ("sales@com", None),
        ("sales@onmicrosoft.com", None),
        ("sales@hotel.test", None),
        ("sales@", None),
        ("", None),
    ],
)
def test_an_address_is_recognised_by_its_whole_domain(address: str, wanted: str | None) -> None:
    assert id_of(provider_of_address(address)) == wanted


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("smtp.office365.com", "microsoft365"),
        (" SMTP.Office365.com. ", "microsoft365"),
        ("smtp-mail.outlook.com", "outlook-com"),
        ("hotel-test.mail.protection.outlook.com", "microsoft365-direct"),
        ("email-smtp.ca-central-1.amazonaws.com", "ses"),
        ("email-smtp.amazonaws.com", None),
        ("a.b.email-smtp.ca-central-1.amazonaws.com", None),
        ("smtp-relay.gmail.com", "google-relay"),
        ("52.97.1.2", None),
        ("2001:db8::25", None),
        ("smtp.office365.com:587", None),
        ("smtp office365 com", None),
    ],
)
def test_a_server_is_recognised_by_its_whole_name(host: str, wanted: str | None) -> None:
    assert id_of(provider_of_host(host)) == wanted


@pytest.mark.parametrize(
    ("exchangers", "wanted"),
    [
        (["hotel-test.mail.protection.outlook.com"], "microsoft365"),
        (["hotel-test.o-v1.mx.microsoft"], "microsoft365"),
        (["outlook-com.olc.protection.outlook.com"], "outlook-com"),
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], "google-workspace"),
        (["smtp.google.com"], "google-workspace"),
        (["alt2.gmail-smtp-in.l.google.com"], "gmail"),
        (["mx-aol.mail.gm0.yahoodns.net"], "aol"),
        (["mta5.am0.yahoodns.net"], "yahoo"),
        (["mx1.hotel.test", "aspmx.l.google.com"], "google-workspace"),
        (["mx1.hotel.test"], None),
        (["evil-mail.protection.outlook.com.example.com"], None),
        ([], None),
        (["."], None),
    ],
)
def test_who_runs_the_mailboxes_shows_in_the_exchangers(exchangers: list[str], wanted: str | None) -> None:
    assert id_of(provider_of_mx(exchangers)) == wanted


def test_a_filter_in_front_of_the_mailboxes_is_no_provider_of_them() -> None:
    hosts = ["mxa-00.gslb.pphosted.com", "mxb-00.gslb.pphosted.com"]
    assert filter_of_mx(hosts) == "Proofpoint"
    assert provider_of_mx(hosts) is None
    assert filter_of_mx(["mx1.hotel.test"]) is None


@pytest.mark.parametrize(
    ("provider", "address", "wanted"),
    [
        ("gmail", "frontdesk@gmail.com", "frontdesk@gmail.com"),
        ("free", "frontdesk@free.fr", "frontdesk"),
        ("sendgrid", "frontdesk@hotel.test", "apikey"),
        ("ses", "frontdesk@hotel.test", None),
        ("microsoft365-direct", "frontdesk@hotel.test", None),
        ("gmail", "frontdesk", None),
        ("gmail", "", None),
        ("free", "@free.fr", None),
        ("eastlink", "frontdesk@eastlink.ca", None),
    ],
)
def test_the_user_name_is_in_the_form_the_provider_wants(provider: str, address: str, wanted: str | None) -> None:
    assert user_name_for(providers()[provider], address) == wanted


@pytest.mark.parametrize(
    ("provider", "day", "works"),
    [
        ("microsoft365", dt.date(2026, 12, 1), True),
        ("microsoft365", dt.date(2027, 1, 1), None),  # an administrator may have switched it on again
        ("outlook-com", dt.date(2026, 11, 21), False),
        ("gmail", dt.date(2027, 1, 1), True),
        ("microsoft365-connector", dt.date(2026, 11, 21), False),
        ("sasktel", dt.date(2026, 11, 21), None),
    ],
)
def test_a_password_works_until_the_day_in_the_table(provider: str, day: dt.date, works: object) -> None:
    assert providers()[provider].password_works(day) is works


def test_an_international_name_is_compared_in_its_ascii_form() -> None:
    assert plain_name("Smtp.Exämple.COM") == "smtp.xn--exmple-cua.com"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.text("a.-@*{}\x00\x1b xn", max_size=60))
def test_no_text_whatsoever_is_an_error(text: str) -> None:
    found = (provider_of_address(text), provider_of_host(text), provider_of_mx([text, text]))
    assert filter_of_mx([text]) is None
    for provider in ALL[:5]:
        user_name_for(provider, text)
    name = plain_name(text)
    if name is None:
        assert found[1:] == (None, None)
    else:
        assert plain_name(name) == name


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([domain for provider in ALL for domain in provider.domains if "*" not in domain]),
    st.from_regex("[a-z0-9]{1,8}", fullmatch=True),
)
def test_a_name_that_only_ends_like_a_providers_is_not_the_providers(domain: str, more: str) -> None:
    known = {other for provider in ALL for other in provider.domains}
    lookalike = more + domain
    assert (provider_of_address(f"x@{lookalike}") is None) == (lookalike not in known)
