"""How programs use mailkit, as a type checker sees it: checked, never run.

Each ``type: ignore`` marks a mistake that the types must catch; mypy complains when one is not needed any more.
"""

from __future__ import annotations

from typing import assert_type

import mailkit
from mailkit.diagnosis import diagnosed
from mailkit.finding import Finding, Fix, Severity, Who
from mailkit.observation import AddressResult, AuthResult, Certificate, Observation, ProbeDocument, Security, TlsStage
from mailkit.practice import practice_server, practice_site
from mailkit.probe import Credentials, ProbeSettings, assemble, observe, probe, probe_many
from mailkit.secret import Secret


async def the_short_way() -> None:
    document = await mailkit.examine("mail.example.com:587", product="maestro-erp")
    assert_type(document, ProbeDocument)
    assert_type(document.verdict, Severity | None)
    assert_type(document.headline, str | None)
    await mailkit.examine(587)  # type: ignore[arg-type]  # a target is text
    await mailkit.examine("mail.example.com", product="excel")  # type: ignore[arg-type]  # no such product


async def asking_and_judging() -> None:
    settings = ProbeSettings(
        security="starttls",
        credentials=Credentials("frontdesk@example.com", Secret("typed by its owner")),
        mechanism="SCRAM-SHA-256",
        sender="frontdesk@example.com",
        recipient="clerk@example.com",
        timeout=5,
    )
    seen: list[Observation] = []
    async for observation in observe("mx:example.com", settings):
        assert_type(observation.ok, bool | None)
        if isinstance(observation, TlsStage) and observation.tls is not None:
            assert_type(observation.tls.chain, tuple[Certificate, ...])
        seen.append(observation)
    assert_type(assemble("mx:example.com", settings, seen), ProbeDocument)
    assert_type(await probe("mail.example.com", settings), ProbeDocument)
    async for document in probe_many(["a.example.com", "b.example.com:465"], settings, concurrency=10):
        assert_type(diagnosed(document, "maestro-pms"), ProbeDocument)
    ProbeSettings(security="ssl")  # type: ignore[arg-type]  # the word is "implicit"
    Credentials("frontdesk@example.com", "in the clear")  # type: ignore[arg-type]  # a password is a Secret


def reading(document: ProbeDocument) -> None:
    for endpoint in document.endpoints:
        assert_type(endpoint.security, Security | None)
        assert_type(endpoint.auth.result, AuthResult)
        assert_type(endpoint.addresses, tuple[AddressResult, ...])
    for finding in document.findings:
        assert_type(finding, Finding)
        assert_type(finding.fix, tuple[Fix, ...])
        assert_type([fix.who for fix in finding.fix], list[Who])
        finding.severity = "ok"  # type: ignore[misc]  # values do not change
    document.endpoints[0].security.upper()  # type: ignore[union-attr]  # it may not be known


async def practising() -> None:
    async with practice_server("expired-certificate") as server:
        assert_type(server.host, str)
        assert_type(server.port, int)
    async with practice_site() as site:
        assert_type(site.resolver, str)
