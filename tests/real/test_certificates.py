"""Certificates as Postfix shows them, compared with how they were made."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography.hazmat.primitives import hashes

from mailkit.observation import ProbeDocument, TlsFacts

from .ground.asking import Ask
from .ground.certificates import Certificates
from .ground.postfix import Postfix

# X509_V_ERR_*: what OpenSSL objects to
NOT_YET_VALID, EXPIRED, SELF_SIGNED, UNKNOWN_ISSUER, NOTHING_TO_VERIFY, WRONG_PURPOSE = 9, 10, 18, 20, 21, 26

KINDS: dict[str, set[int]] = {
    "good": set(),
    "intermediate": set(),
    "ending": set(),
    "elsewhere": set(),
    "expired": {EXPIRED},
    "early": {NOT_YET_VALID},
    "untrusted": {UNKNOWN_ISSUER, NOTHING_TO_VERIFY},
    "incomplete": {UNKNOWN_ISSUER, NOTHING_TO_VERIFY},
    "self-signed": {SELF_SIGNED},
    "client-only": {WRONG_PURPOSE},
}


def tls(document: ProbeDocument) -> TlsFacts:
    facts = document.endpoints[0].tls
    assert facts is not None
    return facts


def role(kind: str) -> str:
    return "mx" if kind == "good" else kind


@pytest.mark.parametrize("kind", KINDS)
async def test_the_certificate_is_described_as_it_was_made(
    kind: str, mail: Postfix, certificates: Certificates, ask: Ask
) -> None:
    facts = tls(await ask(mail.target(role(kind))))
    made, seen = certificates.leaf(kind), facts.chain[0]
    assert seen.sha256 == made.fingerprint(hashes.SHA256()).hex()
    assert int(seen.serial, 16) == made.serial_number
    assert (seen.not_before, seen.not_after) == (made.not_valid_before_utc, made.not_valid_after_utc)
    assert (seen.key_type, seen.key_bits, seen.signature) == ("EC", 256, "sha256")
    assert seen.self_signed == (kind == "self-signed")
    assert len(facts.chain) == (2 if kind == "intermediate" else 1)
    assert facts.trust == "anchor.pem"


@pytest.mark.parametrize("kind", KINDS)
async def test_every_objection_to_the_certificate_is_kept(kind: str, mail: Postfix, ask: Ask) -> None:
    facts = tls(await ask(mail.target(role(kind))))
    assert {error.number for error in facts.errors} == KINDS[kind]
    assert facts.name_matches is (kind != "elsewhere")
    assert facts.verified is (kind in {"good", "intermediate", "ending"})


async def test_without_the_ca_file_the_authority_is_not_known(mail: Postfix, ask: Ask) -> None:
    facts = tls(await ask(mail.target("mx"), ca_file=None))
    assert facts.verified is not True
    assert facts.issuer_known is not True


async def test_the_name_to_compare_with_is_the_host_asked(mail: Postfix, ask: Ask) -> None:
    facts = tls(await ask(mail.target("mx"), server_name=None))
    assert (facts.server_name, facts.name_matches, facts.verified) == ("127.0.0.1", False, False)


async def test_the_version_is_the_one_spoken(mail: Postfix, ask: Ask) -> None:
    assert tls(await ask(mail.target("mx"))).version == "TLSv1.3"
    assert tls(await ask(mail.target("old-tls"))).version == "TLSv1"


@pytest.mark.parametrize("role", ["mx", "asks-certificate", "client-certificate"])
async def test_whether_a_client_certificate_is_asked_for_is_seen(role: str, mail: Postfix, ask: Ask) -> None:
    assert tls(await ask(mail.target(role))).client_certificate_requested is (role != "mx")


async def test_the_days_left_are_those_of_the_certificate(mail: Postfix, ask: Ask) -> None:
    document = await ask(mail.target("ending"))
    left = tls(document).chain[0].not_after - document.started
    assert dt.timedelta(days=8) < left < dt.timedelta(days=9)
