"""What is known as data is complete, consistent, and read when it is needed."""

from __future__ import annotations

import string
import subprocess
import sys

import msgspec
import pytest

from mailkit.diagnosis import finding_codes, replies
from mailkit.diagnosis.knowledge import knowledge, read
from mailkit.explain.rule import shipped
from mailkit.explain.vocabulary import causes
from mailkit.knowledge import Entry
from mailkit.site.screens import screens

# The codes that scripts are promised, by stage.
PROMISED = """
dns name-not-found no-address server-failure timeout refused alias-loop bogus no-mx null-mx mx-not-found mx-is-alias
    mx-is-address reverse-missing reverse-mismatch
tcp refused timeout unreachable address-broken port-25-blocked
greeting timeout slow rejected not-smtp tls-expected malformed
ehlo refused malformed
tls not-offered starttls-refused starttls-stripped wrong-mode handshake-failed protocol-too-old certificate-expired
    certificate-not-yet-valid certificate-self-signed certificate-untrusted certificate-name-mismatch certificate-weak-key
    certificate-weak-signature certificate-expires-soon chain-incomplete client-certificate-required
    certificate-wrong-purpose timeout injection dane-mismatch
auth not-offered needs-tls in-clear mechanism-not-offered rejected basic-disabled app-password-required account-locked
    rate-limited temporary-failure policy-refused token-refused
sender rejected not-permitted domain-unknown syntax temporary-failure login-required tls-required
recipient unknown relay-denied greylisted full rejected temporary-failure moved disabled open-relay
data too-large rejected-content rejected-authentication rejected temporary-failure
session dropped timeout protocol-error too-many-connections
"""


def promised() -> list[str]:
    codes, stage = [], ""
    for line in PROMISED.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            stage, *words = words
        codes += [f"{stage}.{word}" for word in words]
    return codes


ENTRIES = [(code, variant) for code, entry in knowledge().findings.items() for variant in (None, *entry.variants)]


@pytest.mark.parametrize("code", promised())
def test_every_promised_code_has_words_a_way_out_and_a_reference(code: str) -> None:
    entry = knowledge().findings[code]
    assert entry.summary
    assert entry.detail
    assert entry.fix
    assert entry.refs


def test_every_code_begins_with_its_stage() -> None:
    assert {code.partition(".")[0] for code in finding_codes()} == {*knowledge().words.stages}


@pytest.mark.parametrize(("code", "variant"), ENTRIES)
def test_sentences_are_sentences(code: str, variant: str | None) -> None:
    entry = knowledge().findings[code].seen_as(variant)
    for text in (entry.summary, entry.detail or "End.", *(fix.action for fix in actions(entry))):
        assert text == text.strip()
        assert text[0].isupper() or text[0] in "{0123456789" or text.startswith("maestro*")
        assert text[-1] in ".!}" or text.endswith("{fetch}")
        assert list(string.Formatter().parse(text))


@pytest.mark.parametrize(("code", "variant"), ENTRIES)
def test_what_to_do_on_a_screen_names_a_field_of_that_product(code: str, variant: str | None) -> None:
    entry = knowledge().findings[code].seen_as(variant)
    assert {fix.where.partition(".")[0] for fix in entry.maestro_erp if fix.where} <= {"erp"}
    assert {fix.where.partition(".")[0] for fix in entry.maestro_pms if fix.where} <= {"pms"}
    assert {fix.where for fix in actions(entry) if fix.where} <= screens().keys()


@pytest.mark.parametrize(("code", "entry"), knowledge().findings.items())
def test_what_a_finding_follows_from_exists(code: str, entry: Entry) -> None:
    assert {*entry.follows} <= {*finding_codes()} - {code}


def test_every_rule_about_words_leads_to_a_finding() -> None:
    known = {*finding_codes(), "*.rejected", "*.temporary-failure"}
    for row in (placed.rule for placed in shipped().rules):
        findings = (row.finding or causes()[row.means].finding, *row.at.values())
        assert {code for code in findings if not code.startswith("arrival.")} <= known, row.id


def test_what_the_codes_alone_say_leads_to_findings() -> None:
    table = replies.replies().fallback
    told = [*table.enhanced.values(), *table.code.values(), table.refused, table.deferred]
    assert {code for codes in told for code in codes.values()} <= {*finding_codes()}


def test_a_spelling_mistake_in_the_knowledge_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="sumary"):
        msgspec.toml.decode(b'severity = "error"\nsumary = "Oops."\nrefs = []', type=Entry)
    with pytest.raises(FileNotFoundError):
        read("rumours", Entry)


def test_importing_the_diagnosis_reads_no_file_and_no_socket() -> None:
    probe = (
        "import sys; opened = []; sys.addaudithook(lambda event, told: opened.append(told[0]) if event == 'open' else None);"
        "import mailkit.diagnosis;"
        "assert not [name for name in opened if str(name).endswith('.toml')], opened;"
        "assert not {'socket', 'ssl', 'asyncio', 'OpenSSL', 'dns'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)


def actions(entry: Entry) -> tuple[msgspec.Struct, ...]:
    return (*entry.fix, *entry.maestro_erp, *entry.maestro_pms)
