"""The words of the findings about a configuration: whole sentences, real fields, no brace left open."""

from __future__ import annotations

import string

import pytest

from mailkit.finding import Fix, Product
from mailkit.knowledge import Entry
from mailkit.site.opinion import entry_of, finding_codes
from mailkit.site.screens import fields_of, screens

# The codes about a configuration that scripts are promised.
PROMISED = (
    "cloud-needs-smtp mode-not-in-cloud user-code-not-address general-smtp-incomplete route-incomplete "
    "user-copy-stale password-missing from-missing from-not-login new-outlook mobile-needs-general-smtp "
    "modern-auth-not-microsoft basic-auth-ends inferred-rule trace-flag-off leave-field-changed "
    "clerk-without-address clerk-address-invalid trace-sender-not-real auth-name-without-domain server-is-address "
    "password-blank backfill-pending"
)

BY_FIELD = {"route-incomplete", "mobile-needs-general-smtp"}
"""What to do is to fill in the fields that are missing: tests of routes look at that."""

ENTRIES = [(code, variant) for code in finding_codes() for variant in (None, *entry_of(code).variants)]
PRODUCTS: tuple[Product, ...] = ("maestro-erp", "maestro-pms")


def actions(entry: Entry) -> tuple[Fix, ...]:
    return (*entry.fix, *entry.maestro_erp, *entry.maestro_pms)


@pytest.mark.parametrize("code", PROMISED.split())
def test_every_promised_code_has_words_and_a_way_out(code: str) -> None:
    entry = entry_of(f"site.{code}")
    assert entry.summary
    if code in BY_FIELD:
        return
    every = [entry, *(entry.seen_as(variant) for variant in entry.variants)]
    assert any(actions(one) for one in every)


@pytest.mark.parametrize(("code", "variant"), ENTRIES)
def test_sentences_are_sentences(code: str, variant: str | None) -> None:
    entry = entry_of(code).seen_as(variant)
    for text in (entry.summary, entry.detail or "End.", *(fix.action for fix in actions(entry))):
        assert text == text.strip()
        assert text[0].isupper() or text[0] in "{0123456789" or text.startswith("maestro*")
        assert text[-1] in ".!}" or text.endswith(".reg")  # a command line ends as it must
        assert "None" not in text
        assert list(string.Formatter().parse(text))


@pytest.mark.parametrize(("code", "variant"), ENTRIES)
def test_what_to_do_on_a_screen_names_a_field_of_that_product(code: str, variant: str | None) -> None:
    entry = entry_of(code).seen_as(variant)
    assert {fix.where for fix in entry.maestro_erp if fix.where} <= fields_of("maestro-erp").keys()
    assert {fix.where for fix in entry.maestro_pms if fix.where} <= fields_of("maestro-pms").keys()
    assert {fix.where for fix in entry.fix if fix.where} <= screens().keys()


@pytest.mark.parametrize(("code", "variant"), ENTRIES)
def test_only_a_user_is_told_to_type_a_password(code: str, variant: str | None) -> None:
    secret = [fix for fix in actions(entry_of(code).seen_as(variant)) if fix.where in ("erp.password", "erp.authentication")]
    assert {fix.who for fix in secret} <= {"user"}


@pytest.mark.parametrize("code", finding_codes())
def test_a_code_begins_with_its_stage(code: str) -> None:
    stage, _, what = code.partition(".")
    assert stage in {"site", "workstation"}
    assert what == what.lower()
