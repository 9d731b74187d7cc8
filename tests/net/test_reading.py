"""Replies, secrets and names: the small parts that read what others wrote."""

from __future__ import annotations

import asyncio
import base64
import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.net.names import Resolver
from mailkit.net.sasl import choose
from mailkit.net.smtp import parse_reply
from mailkit.practice import practice_site
from mailkit.probe.services import identify
from mailkit.secret import Secret
from mailkit.text import visible


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_no_character_that_acts_survives(raw: bytes | str) -> None:
    text = visible(raw)
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text)
    assert visible(text) == text


@given(st.text(min_size=6, max_size=40, alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF)), st.integers(0, 8))
def test_a_secret_is_found_in_the_base64_of_whatever_it_was_sent_in(value: str, lead: int) -> None:
    sent = base64.b64encode(b"\0" * lead + value.encode() + b"\0tail").decode()
    scrubbed = Secret(value).scrub(f"535 you sent {sent} and {value}")
    assert value not in scrubbed
    assert sent not in scrubbed


def test_a_secret_cannot_be_printed_pickled_or_copied() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} {secret:>20}"
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(secret)


def test_the_lines_of_a_reply_are_read_as_one_sentence() -> None:
    reply = parse_reply([(550, "5.7.1 Mail from this"), (550, "5.7.1 address is refused")])
    assert (reply.code, reply.enhanced_code) == (550, "5.7.1")
    assert reply.text == "5.7.1 Mail from this address is refused"


@pytest.mark.parametrize(
    ("offered", "asked", "chosen"),
    [
        (("CRAM-MD5", "PLAIN"), None, "PLAIN"),
        (("LOGIN", "XOAUTH2"), None, "LOGIN"),
        (("XOAUTH2",), None, None),
        (("XOAUTH2",), "xoauth2", "XOAUTH2"),
        (("NTLM", "GSSAPI"), None, None),
        (("PLAIN",), "CRAM-MD5", None),
    ],
)
def test_one_mechanism_is_chosen_and_a_token_only_when_it_is_asked_for(
    offered: tuple[str, ...], asked: str | None, chosen: str | None
) -> None:
    assert choose(offered, asked) == chosen


@pytest.mark.parametrize(
    ("said", "service"),
    [
        ("HTTP/1.1 400 Bad Request", "http"),
        ("SSH-2.0-OpenSSH_9.2", "ssh"),
        ("+OK ready", "pop3"),
        ("* OK [CAPABILITY IMAP4rev1] ready", "imap"),
        ("220 (vsFTPd 3.0.3)", "ftp"),
        ("220 ftp.example.com ESMTP ready", None),
        ("220 mail.example.com ESMTP", None),
        ("250 mysql.example.com", None),
    ],
)
def test_a_server_of_another_kind_is_known_by_its_first_words(said: str, service: str | None) -> None:
    assert identify(said) == service


@pytest.mark.parametrize("server", ["", "localhost", "1.2.3", "192.0.2.1:0", "192.0.2.1:99999", "[::1", "192.0.2.1 53"])
def test_a_resolver_that_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(InputError):
        Resolver(server)


async def test_each_way_a_name_can_fail_has_its_own_status() -> None:
    async with practice_site() as site:
        resolver = Resolver(site.resolver)
        names = {
            "mail.hotel.test": "ok",
            "nothing-of-that-name.hotel.test": "not-found",
            "nothing.test": "no-data",
            "servfail.test": "server-failure",
            "refused.test": "refused",
            "silent.test": "timeout",
            "bogus.test": "bogus",
            "loop.test": "alias-loop",
        }
        found = await asyncio.gather(*(resolver.addresses(name) for name in names))
    assert {name: answer.status for name, answer in zip(names, found, strict=True)} == names
