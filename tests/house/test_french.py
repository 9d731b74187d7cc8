"""The French of an audit: every sentence has its French, that says as much as the English, and no English is left in between."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import mailkit
from mailkit.audit import Audit, audit, compare
from mailkit.cli.main import main
from mailkit.diagnosis.replies import interpret
from mailkit.explain import explain
from mailkit.knowledge import LANGUAGES, Language, number, speaking
from mailkit.practice import practice_site
from mailkit.practice.site_files import SITE_FILES, with_ports
from mailkit.probe import ProbeSettings
from mailkit.report.audit_page import page
from mailkit.report.spoken import said
from mailkit.report.words import DNS_STATUS, PROBLEM, SECURITY, SHORT_PROBLEM, STAGE, WHY_NO_LOGIN

PACKAGE = Path(mailkit.__file__).parent
OVERLAYS = sorted(file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.fr.toml"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

NO_TEXT = frozenset(
    {"meta", "thresholds", "severity", "who", "where", "refs", "follows", "step", "reason", "finding", "at", "id", "sources"}
)
"""Keys that hold no text for a reader, in the files that are French from end to end."""
IN_PART = frozenset(
    {
        "site/facts.fr.toml",
        "site/providers.fr.toml",
        "site/routing/rules.fr.toml",
        "site/routing/trace_rules.fr.toml",
        "history/questions/headlines.fr.toml",
    }
)
"""Files that hold more than sentences of findings; what else is in them stays as it is."""
ALIKE = frozenset(
    {
        # Words that are the same in both languages, names, units, and bare evidence.
        *("EHLO", "STARTTLS", "MAIL FROM", "RCPT TO", "25", "465", "SSH", "MOBILE", "maestro*CLOUD"),
        *("message", "conversation", "Note", "standard", "{count} codes"),
        *("Mail Software", "Mailing Mode", "Email Traces", "Email account for sending"),
        *("{value} ms", "{value} s", "{value} min", "{value} h", "{way_out}", "{look}", "{why}"),
    }
)
ENGLISH = re.compile(r"\b(the|and|is|was|are|of|not|with|from|this|that|its|for|has|been|it|by)\b")
NO_PROSE = re.compile(r"\{\w+\}|\bFrom\b|Email account for sending|Either there is no default mail client.*request")


def texts(node: Any, *, every: bool, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Give each text of a file and where it is; ``every``: those too that no reader sees."""
    if isinstance(node, str):
        yield path, node
        return
    for key, inside in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if every or key not in NO_TEXT or path[:1] == ("words",):
            yield from texts(inside, every=every, path=(*path, key))


def both(overlay: str) -> tuple[dict[str, Any], dict[str, Any]]:
    file = PACKAGE / overlay
    english = file.with_name(file.name.replace(".fr.toml", ".toml"))
    return tomllib.loads(english.read_text("utf-8")), tomllib.loads(file.read_text("utf-8"))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_french_stands_where_the_english_text_stands_and_speaks_of_the_same_things(overlay: str) -> None:
    english, french = (dict(texts(told, every=True)) for told in both(overlay))
    assert french.keys() <= english.keys()
    assert {path: fields(text) for path, text in french.items()} == {path: fields(english[path]) for path in french}


@pytest.mark.parametrize("overlay", [one for one in OVERLAYS if one not in IN_PART])
def test_every_text_has_its_french(overlay: str) -> None:
    english, french = both(overlay)
    there = dict(texts(french, every=True))
    assert [text for path, text in texts(english, every=False) if path not in there] == []


def test_the_rooms_that_an_audit_speaks_for_have_french() -> None:
    rooms = ("diagnosis/knowledge/findings", "site/findings/checks", "site/findings/routes", "explain/knowledge/causes")
    assert {f"{room}.fr.toml" for room in rooms} <= {*OVERLAYS}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_english_was_left_by_mistake(overlay: str) -> None:
    english, french = both(overlay)
    there = dict(texts(english, every=True))
    told = [(path, text) for path, text in texts(french, every=True) if path[-1] != "id"]
    assert [text for path, text in told if text == there[path] and text not in ALIKE] == []
    assert [text for _, text in told if text not in ALIKE and ENGLISH.search(NO_PROSE.sub("", text))] == []


@pytest.mark.parametrize("overlay", [one for one in OVERLAYS if "rules" in one or "facts" in one])
def test_rows_in_french_are_in_the_order_of_the_english_ones(overlay: str) -> None:
    english, french = both(overlay)
    for rows in ("rules", "fact", "deductions"):
        assert [row.get("id") for row in french.get(rows, [])] == [row.get("id") for row in english.get(rows, [])]


def sentences(made: Audit) -> Iterator[str]:
    yield made.headline
    for finding in made.findings:
        yield from (finding.summary, finding.detail or "", *(fix.action for fix in finding.fix))
    for left in made.left_out:
        yield from (left.what, left.why, left.how)
    for document in made.probes:
        yield document.headline or ""


async def in_both(name: str, settings: ProbeSettings | None = None, ports: dict[str, int] | None = None) -> dict[Language, Audit]:
    site = with_ports(SITE_FILES[name].site(), ports or {})
    made: dict[Language, Audit] = {}
    for chosen in LANGUAGES:
        with speaking(chosen):
            made[chosen] = await audit(site, name, settings=settings, now=NOW)
    return made


def compared(made: dict[Language, Audit]) -> None:
    english, french = made["en"], made["fr"]
    assert [(one.code, one.severity) for one in french.findings] == [(one.code, one.severity) for one in english.findings]
    assert {*sentences(french)} & {*sentences(english)} <= {""}
    assert [text for text in sentences(french) if re.search(r"\b(the|and|is not|has no)\b", text)] == []


@pytest.mark.parametrize("name", sorted(SITE_FILES))
async def test_an_audit_of_each_practice_site_has_no_english_sentence(name: str) -> None:
    made = await in_both(name)
    assert made["fr"].findings
    compared(made)


async def test_an_audit_that_asked_the_servers_has_no_english_sentence() -> None:
    async with practice_site(plays=[]) as running:
        settings = ProbeSettings(resolver=running.resolver, ca_file=running.ca_file, timeout=5)
        made = await in_both("builder", settings, {name: server.port for name, server in running.servers.items()})
    assert made["fr"].probes
    english, french = made["en"], made["fr"]
    # How long a server took is in some sentences, so that two runs differ; what matters is that no English is left.
    assert {one.code for one in french.findings} == {one.code for one in english.findings}
    assert {*sentences(french)} & {*sentences(english)} <= {""}


async def test_changes_and_numbers_are_told_in_french() -> None:
    made = (await in_both("hotel"))["fr"]
    with speaking("fr"):
        assert compare(made, made).headline == "Rien n'a changé."
        assert number(1234.5, 1) == "1\N{NO-BREAK SPACE}234,5"
    assert compare(made, made).headline == "Nothing changed."


def test_a_refusal_that_is_known_word_for_word_is_explained_in_french_too() -> None:
    said = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
    english, here = explain(said), interpret(said, stage="auth")
    with speaking("fr"):
        french, there = explain(said), interpret(said, stage="auth")
    assert (french.cause, french.finding) == (english.cause, english.finding)
    assert there.finding == here.finding
    assert french.summary == there.cause
    assert french.summary.startswith("Le fournisseur a désactivé l'ouverture de session par nom et mot de passe")
    assert [fix.who for fix in there.fix]
    assert not {fix.action for fix in there.fix} & {fix.action for fix in here.fix}


def test_the_names_of_steps_results_and_reasons_of_a_waterfall_have_french() -> None:
    named = [*STAGE.values(), *SHORT_PROBLEM.values(), *PROBLEM.values(), *DNS_STATUS.values(), *WHY_NO_LOGIN.values()]
    with speaking("fr"):
        left = {text for text in (*named, *SECURITY.values()) if said(text) == text}
    assert left == {"EHLO", "STARTTLS", "Message", "Configuration", "SPF record", "DKIM key", "DMARC record", "DANE record"}


async def test_the_page_of_an_audit_that_asked_the_servers_is_french() -> None:
    async with practice_site(plays=[]) as running:
        settings = ProbeSettings(resolver=running.resolver, ca_file=running.ca_file, timeout=5)
        made = await in_both("builder", settings, {name: server.port for name, server in running.servers.items()})
    with speaking("fr"):
        french = page(made["fr"])
    for told in ("Que faire, et qui", "Étape", "Ce qui a été vu", "Résolution du nom", "certificat vérifié", "comme il se doit"):
        assert told in french
    for told in ("What to do", "Name look-up", "What was seen", "Log-in", "certificate verified", "thrown away", "not known"):
        assert told not in french


def test_the_command_speaks_the_language_it_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hotel.site.toml"
    file.write_text(SITE_FILES["hotel"].text, "utf-8")
    assert main(["audit", str(file), "--no-probe", "--language", "fr", "--out", str(tmp_path / "fr")]) == 1
    french = capsys.readouterr().out
    assert french.startswith("ERREUR  Email Traces est à N")
    assert "Pas examiné : Les serveurs de courriel (ils ne devaient pas être interrogés)." in french
    assert "Rapport : " in french
    assert not ENGLISH.search(NO_PROSE.sub("", french.replace(str(tmp_path), "")))
    assert main(["audit", str(file), "--no-probe", "--out", str(tmp_path / "en")]) == 1
    assert capsys.readouterr().out.startswith("ERROR  Email Traces is N")
