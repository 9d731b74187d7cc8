"""The same questions to Exim: one probe must not depend on the habits of one server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailkit.observation import InjectionStage
from mailkit.probe import Credentials
from mailkit.secret import Secret

from .ground.asking import Ask, severities, troubles
from .ground.certificates import Certificates
from .ground.exim import MECHANISMS, PASSWORD, PROGRAM, USER, Exim, exim

KEYWORDS = {"SIZE 52428800", "8BITMIME", "PIPELINING", "PIPECONNECT", "CHUNKING", "SMTPUTF8", "HELP"}
AUTH = "AUTH " + " ".join(MECHANISMS)


@pytest.fixture(scope="module")
def server(ground: Path, certificates: Certificates) -> Iterator[Exim]:
    if not PROGRAM.exists():
        pytest.skip("Exim is not unpacked below build/ (make test does that)")
    with exim(ground / "exim", certificates) as running:
        yield running


async def test_starttls_and_what_is_offered_before_and_after(server: Exim, ask: Ask) -> None:
    document = await ask(f"127.0.0.1:{server.starttls}")
    (endpoint,) = document.endpoints
    assert endpoint.security == "starttls"
    assert set(endpoint.ehlo_before_tls or ()) == {*KEYWORDS, "STARTTLS"}
    assert set(endpoint.ehlo_after_tls or ()) == {*KEYWORDS, AUTH}
    assert (document.verdict, troubles(document)) == ("ok", set())


async def test_tls_at_once_is_found_out(server: Exim, ask: Ask) -> None:
    document = await ask(f"127.0.0.1:{server.implicit}", security="auto")
    assert document.endpoints[0].security == "implicit"
    assert document.endpoints[0].auth.offered == MECHANISMS
    assert not troubles(document)


async def test_the_probe_never_talks_out_of_turn(server: Exim, ask: Ask) -> None:
    mark = server.log.mark()
    document = await ask(f"127.0.0.1:{server.starttls}", sender="billing@elsewhere.test", recipient=f"{USER}@ci.test")
    lines = server.log.wait(mark, lambda lines: any("closed by QUIT" in line for line in lines))
    assert not [line for line in lines if "synchronization error" in line or "protocol error" in line]
    (stage,) = [stage for stage in document.endpoints[0].stages if isinstance(stage, InjectionStage)]
    assert stage.executed is False


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_log_ins_are_accepted_and_rejected(mechanism: str, server: Exim, ask: Ask) -> None:
    target = f"127.0.0.1:{server.starttls}"
    good = await ask(target, credentials=Credentials(USER, Secret(PASSWORD)), mechanism=mechanism)
    assert (good.endpoints[0].auth.tried, good.endpoints[0].auth.result) == (mechanism, "accepted")
    mark = server.log.mark()
    bad = await ask(target, credentials=Credentials(USER, Secret("wrong")), mechanism=mechanism)
    assert (bad.endpoints[0].auth.result, troubles(bad)) == ("rejected", {"auth.rejected"})
    lines = server.log.wait(mark, lambda lines: any("authenticator failed" in line for line in lines))
    assert len([line for line in lines if "authenticator failed" in line]) == 1


RECIPIENTS = {
    f"{USER}@ci.test": {},
    "greylisted@ci.test": {"recipient.greylisted": "warning"},
    "nobody@ci.test": {"recipient.unknown": "error"},
    "visitor@elsewhere.test": {"recipient.relay-denied": "error"},
}


@pytest.mark.parametrize("recipient", RECIPIENTS)
async def test_answers_without_enhanced_codes_are_understood(recipient: str, server: Exim, ask: Ask) -> None:
    document = await ask(f"127.0.0.1:{server.starttls}", sender="billing@elsewhere.test", recipient=recipient)
    assert severities(document) == RECIPIENTS[recipient]
