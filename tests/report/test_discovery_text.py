"""A discovery as text: what to enter first, then what to know, then who was asked; and nothing of a stranger acts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from mailkit.probe.discover import DiscoverSettings, discover
from mailkit.probe.discovery import Inquiry, NamedServer, assemble_discovery
from mailkit.report.discovery import render_discovery, to_enter, warnings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def asked(source: str, **more: object) -> Inquiry:
    facts = {"asked": "x", "result": "found", "started": NOW, "duration_ms": 5.0, **more}
    return Inquiry(source=source, **facts)  # type: ignore[arg-type]


def named(host: str, port: int = 587, security: str = "starttls", **more: object) -> NamedServer:
    return NamedServer(host=host, port=port, security=security, **more)  # type: ignore[arg-type]


def test_what_to_enter_for_a_known_provider_comes_from_its_row() -> None:
    servers = (named("smtp.gmail.com", user_name="%EMAILADDRESS%"),)
    rows = dict(to_enter(assemble_discovery("info@gmail.com", [asked("table", servers=servers, provider="gmail")])))
    assert (rows["Server"], rows["Port"], rows["Security"]) == ("smtp.gmail.com", "587", "STARTTLS")
    assert rows["User name"] == "info@gmail.com"
    assert "app password" in rows["Password"]
    assert "silently replaced" in rows["From"]
    assert rows["Limits"] == "500 messages a day, 25 MB a message"


def test_for_a_domain_alone_the_form_of_the_user_name_is_said() -> None:
    servers = (named("smtp.hotel.test", user_name="%EMAILLOCALPART%", authentication=("OAuth2",)),)
    rows = dict(to_enter(assemble_discovery("hotel.test", [asked("autoconfig", servers=servers, authenticated=True)])))
    assert rows["User name"] == "the part of the address before the @"
    assert rows["Password"].startswith("no password: a sign-in")
    assert "Limits" not in rows


def test_a_record_that_could_be_forged_is_said_to_be_one() -> None:
    servers = (named("smtp.elsewhere.test"),)
    forged = assemble_discovery("hotel.test", [asked("submission", servers=servers, authenticated=False)])
    signed = assemble_discovery("hotel.test", [asked("submission", servers=servers, authenticated=True)])
    assert any("Nothing proves" in text for text in warnings(forged))
    assert warnings(signed) == ()


def test_sources_that_name_different_servers_are_not_taken_silently() -> None:
    discovery = assemble_discovery(
        "hotel.test",
        [asked("autoconfig", servers=(named("a.test"),), authenticated=True), asked("ispdb", servers=(named("b.test"),))],
    )
    assert any("different servers" in text for text in warnings(discovery))
    assert "b.test port 587" in render_discovery(discovery)


def test_a_server_without_encryption_is_warned_of() -> None:
    servers = (named("smtp.hotel.test", 25, "none"),)
    discovery = assemble_discovery("hotel.test", [asked("autoconfig", servers=servers, authenticated=True)])
    assert any("in the clear" in text for text in warnings(discovery))


def test_offline_the_text_says_that_the_presets_speak_alone() -> None:
    settings = DiscoverSettings(resolver="127.0.0.1:9", timeout=1, deadline=2)
    text = render_discovery(asyncio.run(discover("info@videotron.ca", settings)))
    assert "Nobody could be asked from here" in " ".join(text.split())
    assert "not confirmed" in " ".join(text.split())
    assert "smtp.videotron.ca" in text


def test_nothing_found_is_said_in_one_line() -> None:
    text = render_discovery(assemble_discovery("hotel.test", [asked("table", result="not-found")]))
    assert "Nobody named a server for sending." in text
    assert to_enter(assemble_discovery("hotel.test", [])) == ()


def test_a_document_from_a_stranger_sends_no_command_to_the_terminal() -> None:
    evil = "\x1b[31mred\x07\u202e"
    inquiry = asked(
        "autoconfig",
        text=evil,
        servers=(named(evil, user_name=evil, authentication=(evil,)),),
        advice=(evil,),
        exchangers=(evil,),
    )
    text = render_discovery(assemble_discovery("hotel.test", [inquiry]))
    assert all(line.isprintable() for line in text.splitlines())


def test_lines_stay_within_the_width() -> None:
    servers = (named("smtp.office365.com", user_name="%EMAILADDRESS%"),)
    discovery = assemble_discovery("a@hotel.test", [asked("exchangers", servers=servers, provider="microsoft365")])
    long = [line for line in render_discovery(discovery, width=60).splitlines() if len(line) > 60 and "https://" not in line]
    assert long == []
