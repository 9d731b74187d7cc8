"""NTLM, as Exchange offers it in offices: the right password, a wrong one, and what each costs the account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit.probe import Credentials
from mailkit.secret import Secret

from .ground.asking import Ask, troubles
from .ground.certificates import Certificates
from .ground.cyrus import PASSWORD, REALM, USER, windows_like
from .ground.postfix import Postfix
from .ground.running import found

pytest.importorskip("spnego", reason="the extra ntlm is not installed")


@pytest.fixture(scope="module")
def office(ground: Path, certificates: Certificates) -> Iterator[Postfix]:
    if not found("saslpasswd2"):
        pytest.skip("Debian package missing: sasl2-bin")
    with windows_like(ground / "office", certificates) as running:
        yield running


@pytest.mark.parametrize("user", [USER, f"{USER}@{REALM}"])
async def test_the_right_password_is_accepted(user: str, office: Postfix, ask: Ask) -> None:
    document = await ask(office.target("windows"), credentials=Credentials(user, Secret(PASSWORD)), mechanism="NTLM")
    auth = document.endpoints[0].auth
    assert (auth.offered, auth.tried, auth.result) == (("NTLM",), "NTLM", "accepted")
    assert not troubles(document)


async def test_ntlm_is_not_tried_unless_it_is_asked_for(office: Postfix, ask: Ask) -> None:
    document = await ask(office.target("windows"), credentials=Credentials(f"{USER}@{REALM}", Secret(PASSWORD)))
    assert document.endpoints[0].auth.result == "not_tried"
    assert troubles(document) == {"auth.mechanism-not-offered"}


async def test_a_wrong_password_is_rejected_and_costs_one_attempt(office: Postfix, ask: Ask) -> None:
    mark = office.log.mark()
    wrong = Credentials(f"{USER}@{REALM}", Secret(f"not {PASSWORD}"))
    document = await ask(office.target("windows"), credentials=wrong, mechanism="NTLM")
    assert document.endpoints[0].auth.result == "rejected"
    assert troubles(document) == {"auth.rejected"}
    assert [session for session in office.sessions("windows", mark) if "auth=" in session] == [
        session for session in office.sessions("windows", mark) if "auth=0/1" in session
    ]
    failures = [line for line in office.log.since(mark) if "SASL NTLM authentication failed" in line]
    assert len(failures) == 1


async def test_no_part_of_the_exchange_is_in_the_transcript(office: Postfix, ask: Ask) -> None:
    document = await ask(office.target("windows"), credentials=Credentials(f"{USER}@{REALM}", Secret(PASSWORD)), mechanism="NTLM")
    shown = [line.line for line in document.endpoints[0].transcript]
    assert any("AUTH NTLM" in line for line in shown)
    assert not [line for line in shown if "TlRMTVNTU" in line]  # how every NTLM message begins in base64
