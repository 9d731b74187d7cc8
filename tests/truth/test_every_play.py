"""Every practice server, probed the way its fault shows: the findings are the truth, all of it and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from mailkit.diagnosis import diagnosed
from mailkit.observation import ProbeDocument
from mailkit.practice import PLAYS, practice_site
from mailkit.practice.asking import settings_for
from mailkit.practice.play import Play
from mailkit.probe import ProbeSettings, probe

TIMEOUT = 7.0
SEEN_WITHOUT_A_MESSAGE = [play for play in PLAYS.values() if not play.ask.message]


@pytest.fixture(scope="module")
def documents() -> dict[str, ProbeDocument]:
    async def all_of_them() -> dict[str, ProbeDocument]:
        async with practice_site(banner_delay=5.5) as site:

            async def one(play: Play) -> ProbeDocument:
                server = site.server(play.id)
                return diagnosed(await probe(f"{server.name}:{server.port}", settings_for(site, server, timeout=TIMEOUT)))

            found = await asyncio.gather(*(one(play) for play in SEEN_WITHOUT_A_MESSAGE))
        return dict(zip((play.id for play in SEEN_WITHOUT_A_MESSAGE), found, strict=True))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("play", SEEN_WITHOUT_A_MESSAGE, ids=lambda play: play.id)
def test_the_findings_are_what_the_server_really_does(play: Play, documents: dict[str, ProbeDocument]) -> None:
    document = documents[play.id]
    codes = {finding.code for finding in document.findings if finding.severity in ("error", "warning")}
    assert codes == set(play.expects), document.headline


@pytest.mark.parametrize("play", SEEN_WITHOUT_A_MESSAGE, ids=lambda play: play.id)
def test_the_first_finding_names_the_fault_and_how_to_mend_it(play: Play, documents: dict[str, ProbeDocument]) -> None:
    document = documents[play.id]
    if play.expects:
        first = document.findings[0]
        assert first.code in play.expects
        assert first.fix
        assert first.evidence
        assert document.headline
    else:
        assert document.verdict == "ok"


def test_no_address_got_more_than_four_connections(documents: dict[str, ProbeDocument]) -> None:
    counts = [number for document in documents.values() for number in document.connections.values()]
    assert max(counts) <= 4


@pytest.fixture(scope="module")
def domains() -> dict[str, tuple[set[str], ProbeDocument]]:
    async def all_of_them() -> dict[str, tuple[set[str], ProbeDocument]]:
        async with practice_site() as site:
            how = ProbeSettings(resolver=site.resolver, ca_file=site.ca_file, timeout=TIMEOUT)
            port = site.server("good-exchanger").port
            found = await asyncio.gather(*(probe(f"mx:{domain.name}:{port}", how) for domain in site.domains))
            return {
                domain.name: ({code for code in domain.expects if code.startswith("dns.")}, diagnosed(document))
                for domain, document in zip(site.domains, found, strict=True)
            }

    return asyncio.run(all_of_them())


def test_what_the_name_service_says_about_a_domain_is_understood(domains: dict[str, tuple[set[str], ProbeDocument]]) -> None:
    for name, (expected, document) in domains.items():
        found = {
            finding.code for finding in document.findings if finding.severity in ("error", "warning") and finding.stage == "dns"
        }
        assert found == expected, name
