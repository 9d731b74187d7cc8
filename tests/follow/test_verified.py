"""SPF, DKIM and DMARC are checked here with the records of the name service, and what cannot be told is told so."""

from __future__ import annotations

import base64

import dkim
import dns.name
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailkit.mail.follow.arrival import Verified
from mailkit.mail.follow.reading import read_copy
from mailkit.mail.follow.verify import verified
from mailkit.net.names import Resolver
from mailkit.practice.zone import PracticeZone

Zone = tuple[PracticeZone, Resolver]

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
MAIL = b"From: Desk <desk@signed.test>\r\nTo: guest@hotel.test\r\nSubject: Test\r\nMessage-ID: <q@signed.test>\r\n\r\nHello\r\n"


def came(address: str, mail: bytes = MAIL, sender: str = "desk@signed.test", helo: str = "mail.signed.test") -> bytes:
    """Put on top what the receiver's server writes."""
    return (
        f"Return-Path: <{sender}>\r\nReceived: from {helo} ({helo} [{address}]) by mx.hotel.test with ESMTPS id 1"
        " for <guest@hotel.test>; Tue, 3 Mar 2026 12:00:00 +0000\r\n"
    ).encode() + mail


def signed(mail: bytes = MAIL, domain: bytes = b"signed.test", selector: bytes = b"k1") -> bytes:
    signature: bytes = dkim.sign(mail, selector, domain, PEM)
    return signature + mail


@pytest.fixture(autouse=True)
def records(zone: Zone) -> None:
    names, _ = zone
    names.add("k1._domainkey.signed.test.", "TXT", f'"v=DKIM1; k=rsa; p={PUBLIC[:200]}" "{PUBLIC[200:]}"')
    names.add("gone._domainkey.signed.test.", "TXT", '"v=DKIM1; p="')
    names.add("signed.test.", "TXT", '"v=spf1 include:partner.signed.test mx -all"')
    names.add("partner.signed.test.", "TXT", '"v=spf1 ip4:192.0.2.25 ip6:2001:db8::/32 ?all"')
    names.add("signed.test.", "MX", "10 mx.signed.test.")
    names.add("mx.signed.test.", "A", "192.0.2.26")
    names.add("_dmarc.signed.test.", "TXT", '"v=DMARC1; p=reject; sp=none"')
    names.add("loop.signed.test.", "TXT", '"v=spf1 include:loop.signed.test -all"')
    names.add("two.signed.test.", "TXT", '"v=spf1 -all"', '"v=spf1 ~all"')


async def check(zone: Zone, mail: bytes) -> Verified:
    found = (await verified(read_copy(mail), mail, zone[1])).verified
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("address", "result"), [("192.0.2.25", "pass"), ("192.0.2.26", "pass"), ("2001:db8::7", "pass"), ("192.0.2.99", "fail")]
)
async def test_spf_is_evaluated_for_the_address_the_mail_came_from(zone: Zone, address: str, result: str) -> None:
    found = await check(zone, came(address))
    assert (found.spf.result, found.spf.domain) == (result, "signed.test")
    assert found.dmarc.result == result
    assert found.dmarc.policy == "reject"


@pytest.mark.parametrize(
    ("domain", "result"), [("loop.signed.test", "permerror"), ("two.signed.test", "permerror"), ("without.signed.test", "none")]
)
async def test_a_record_that_cannot_be_used_is_told_so(zone: Zone, domain: str, result: str) -> None:
    assert (await check(zone, came("192.0.2.25", sender=f"desk@{domain}"))).spf.result == result


async def test_a_good_signature_passes_and_carries_dmarc_where_spf_fails(zone: Zone) -> None:
    found = await check(zone, came("192.0.2.99", signed()))
    (signature,) = found.dkim
    assert (signature.result, signature.domain, signature.selector, signature.bits) == ("pass", "signed.test", "k1", 2048)
    assert (found.spf.result, found.dmarc.result) == ("fail", "pass")


async def test_a_text_that_was_changed_is_told_apart_from_a_header_that_was(zone: Zone) -> None:
    footer = await check(zone, came("192.0.2.25", signed() + b"-- \r\nscanned\r\n"))
    assert footer.dkim[0].result == "fail"
    assert "text of the mail" in (footer.dkim[0].because or "")
    subject = await check(zone, came("192.0.2.25", signed().replace(b"Subject: Test", b"Subject: [EXTERNAL] Test")))
    assert subject.dkim[0].result == "fail"
    assert "header" in (subject.dkim[0].because or "")


@pytest.mark.parametrize(("selector", "words"), [(b"gone", "withdrawn"), (b"never", "no such key")])
async def test_a_key_that_is_not_there_is_told_so(zone: Zone, selector: bytes, words: str) -> None:
    (signature,) = (await check(zone, came("192.0.2.25", signed(selector=selector)))).dkim
    assert signature.result == "permerror"
    assert words in (signature.because or "")


async def test_a_pass_for_another_domain_does_not_count_for_dmarc(zone: Zone) -> None:
    zone[0].add("other.test.", "TXT", '"v=spf1 ip4:192.0.2.25 -all"')
    found = await check(zone, came("192.0.2.25", sender="bounce@other.test"))
    assert (found.spf.result, found.spf.aligned, found.dmarc.result) == ("pass", False, "fail")
    assert "other.test" in (found.dmarc.because or "")


async def test_a_subdomain_is_aligned_unless_the_record_is_strict(zone: Zone) -> None:
    mail = MAIL.replace(b"desk@signed.test", b"desk@strict.test")
    zone[0].add("mail.strict.test.", "TXT", '"v=spf1 ip4:192.0.2.25 -all"')
    zone[0].add("_dmarc.strict.test.", "TXT", '"v=DMARC1; p=quarantine; aspf=s"')
    found = await check(zone, came("192.0.2.25", mail, sender="desk@mail.strict.test"))
    assert (found.spf.aligned, found.dmarc.result) == (True, "fail")


async def test_a_header_alone_leaves_signatures_open(zone: Zone) -> None:
    found = await check(zone, came("192.0.2.99", signed()).partition(b"\r\n\r\n")[0])
    assert found.dkim[0].result == "unknown"
    assert found.dmarc.result == "unknown"


async def test_a_mail_that_never_came_from_outside_leaves_spf_open(zone: Zone) -> None:
    found = await check(zone, came("10.0.0.5", helo="desk.hotel.test"))
    assert found.spf.result == "unknown"
    assert found.spf.because


async def test_a_name_server_that_fails_is_no_verdict(zone: Zone) -> None:
    zone[0]._behaviour[dns.name.from_text("signed.test.")] = "servfail"
    found = await check(zone, came("192.0.2.25", signed()))
    assert (found.spf.result, found.dkim[0].result, found.dmarc.result) == ("temperror", "temperror", "temperror")


@pytest.mark.timeout(30)
async def test_a_mail_made_to_keep_us_busy_is_left_unchecked(zone: Zone) -> None:
    found = await check(zone, came("192.0.2.25", signed() + b" " * 2_000_000))
    assert found.dkim[0].result == "unknown"
    found = await check(zone, came("192.0.2.25", b"X-A: b\r\n" * 20_000 + signed()))
    assert found.dkim[0].result == "unknown"
