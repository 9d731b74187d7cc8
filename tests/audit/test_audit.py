"""An audit of the practice businesses: what it finds, what it says it left out, and what changed between two of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from mailkit.audit import Audit, audit, compare
from mailkit.audit.document import AuditTable
from mailkit.audit.records import Records
from mailkit.finding import Finding
from mailkit.practice import practice_site
from mailkit.practice.site_files import SITE_FILES, with_ports
from mailkit.probe import ProbeSettings
from mailkit.report.audit_page import page
from mailkit.report.share import shared
from mailkit.site import Site

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def hotel() -> Site:
    return SITE_FILES["hotel"].site()


async def test_an_audit_without_servers_and_history_says_what_it_did_not_look_at(hotel: Site) -> None:
    made = await audit(hotel, "hotel.site.toml", now=NOW)
    assert made.verdict == "error"
    assert made.headline == made.findings[0].summary
    assert [one.what for one in made.left_out] == ["The mail servers", "The delivery history"]
    assert all(one.how for one in made.left_out)


async def test_an_audit_asks_every_server_of_the_site_and_names_the_users_it_matters_to() -> None:
    async with practice_site(plays=[]) as running:
        builder = with_ports(SITE_FILES["builder"].site(), {name: server.port for name, server in running.servers.items()})
        settings = ProbeSettings(resolver=running.resolver, ca_file=running.ca_file, timeout=5)
        made = await audit(builder, "builder.site.toml", settings=settings, now=NOW)
    targets = {document.target.partition(":")[0] for document in made.probes}
    assert targets == {"submit.builder.test", "smtp.builder.test"}
    assert all(document.used_by and document.used_by.users for document in made.probes)
    assert {finding.stage for finding in made.findings} > {"site", "tls"}
    assert [one.what for one in made.left_out] == ["The log-ins", "The delivery history"]


async def test_findings_come_worst_first(hotel: Site) -> None:
    made = await audit(hotel, "hotel.site.toml", now=NOW)
    ranks = [("error", "warning", "info", "ok").index(finding.severity) for finding in made.findings]
    assert ranks == sorted(ranks)


async def test_a_stopped_audit_keeps_what_was_seen(hotel: Site) -> None:
    stop = asyncio.Event()
    stop.set()
    made = await audit(
        hotel, "hotel.site.toml", settings=ProbeSettings(), records=lambda: pytest.fail("asked"), now=NOW, stop=stop
    )
    assert made.stopped
    assert made.findings
    assert not made.probes


async def test_the_document_survives_being_written_down(hotel: Site) -> None:
    made = await audit(hotel, "hotel.site.toml", now=NOW)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Audit) == made


def finding(code: str, severity: str, subject: str = "site") -> Finding:
    return Finding(code=code, severity=severity, stage="site", subject=subject, summary=f"{code} of {subject}")  # type: ignore[arg-type]


async def test_a_comparison_says_what_came_what_went_and_what_got_worse(hotel: Site) -> None:
    made = await audit(hotel, "hotel.site.toml", now=NOW)
    before = replace(made, findings=(finding("a.gone", "error"), finding("a.kept", "warning"), finding("a.worse", "warning")))
    after = replace(
        made,
        findings=(
            finding("a.worse", "error"),
            finding("a.new", "warning"),
            finding("a.kept", "warning"),
            finding("a.fine", "ok"),
        ),
        figures={"deliveries": 200, "rejected": 50},
    )
    before = replace(before, figures={"deliveries": 100, "rejected": 5})
    told = compare(before, after)
    assert [(change.what, change.sentence) for change in told.changes] == [
        ("worse", "a.worse of site"),
        ("new", "a.new of site"),
        ("gone", "a.gone of site"),
        ("share", "Rejected: 25.0 % of 200 deliveries; before, 5.0 % of 100."),
    ]
    assert told.headline == "2 errors or warnings came, 1 error or warning went."
    assert compare(after, after).headline == "Nothing changed."


async def test_an_audit_to_be_given_away_names_nobody(hotel: Site) -> None:
    table = AuditTable(
        name="by-user",
        title="By user",
        columns=("user", "recipient", "endpoint", "rejected"),
        rows=(
            ("HSK", "housekeeping@hotel.test", "mail.hotel.test:587", 3),
            ("FD1", "frontdesk@hotel.test", "mail.hotel.test:587", 0),
        ),
    )
    told = Records(sentences=("3 of 9 mails were refused, all of them of HSK at mail.hotel.test:587.",), tables=(table,))
    made = await audit(hotel, "hotel.site.toml", records=lambda: told, now=NOW)
    given = page(shared(made, hotel)) + msgspec.json.encode(shared(made, hotel)).decode()
    for name in (
        "hotel.test",
        "housekeeping",
        "HSK",
        "FD1",
        "frontdesk",
        "hotel.site.toml",
        "Hotel of the practice site",
        "traces@hotel.local",
    ):
        assert name not in given, name
        assert name in page(made) + msgspec.json.encode(made).decode(), name


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\"'&"


async def test_a_page_is_complete_in_itself_and_takes_no_markup_from_anybody(hotel: Site) -> None:
    table = AuditTable(
        name="funnel",
        title=HOSTILE,
        columns=("day", HOSTILE, "rejected"),
        rows=(("2026-11-01T00:00:00", HOSTILE, 1), ("2026-11-02T00:00:00", None, 2)),
    )
    told = Records(
        sentences=(HOSTILE,),
        tables=(table,),
        figures={"deliveries": 3, "rejected": 3},
        findings=(finding(HOSTILE, "warning", HOSTILE),),
    )
    made = replace(await audit(hotel, HOSTILE, records=lambda: told, now=NOW), site=HOSTILE)
    html = page(made, compare(made, replace(made, findings=())))
    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html
    assert "<svg" in html
    for outside in ("src=", 'href="http://', "@import", "url(http"):
        assert outside not in html.replace("src=x onerror", ""), outside
