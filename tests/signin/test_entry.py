"""New Password and Confirmation: what the product documents, what usually goes wrong, and nothing of the value."""

from __future__ import annotations

import pytest

from mailkit.finding import Product
from mailkit.secret import Secret
from mailkit.signin.entry import check_entry, check_secret
from mailkit.site.screens import fields_of

USER = "frontdesk@hotel.test"


@pytest.mark.parametrize(
    ("new", "confirmation", "codes"),
    [
        ("correct horse", "correct horse", []),
        ("correct horse", "correct Horse", ["password.differs"]),
        ("correct horse", "correct horse ", ["password.differs"]),
        ("correct horse ", "correct horse ", ["password.blank-around"]),
        ("correct horse", "", ["password.once"]),
        ("", "correct horse", ["password.once"]),
        ("", "", ["password.empty"]),
        ("abcd efgh ijkl mnop", "abcd efgh ijkl mnop", ["password.grouped"]),
        ("pässword", "pässword", ["password.not-ascii"]),
        ("pass\u200bword", "pass\u200bword", ["password.control", "password.not-ascii"]),
        ("two words", "two words", []),
    ],
)
def test_the_two_entries_are_judged(new: str, confirmation: str, codes: list[str]) -> None:
    found = check_entry(Secret(new), Secret(confirmation), login=USER, product="maestro-erp")
    assert [finding.code for finding in found] == codes
    for finding in found:
        assert USER in finding.summary
        assert finding.fix
        assert finding.stage == "password"
        assert not new or new.strip() not in repr(finding)


def test_nothing_typed_is_the_same_as_an_empty_field() -> None:
    assert [one.code for one in check_entry(None, None, login=USER)] == ["password.empty"]


def test_at_the_hotel_system_a_blank_password_is_allowed_and_warned_of() -> None:
    (finding,) = check_entry(None, None, login="traces", product="maestro-pms")
    assert (finding.code, finding.severity, finding.fix[0].where) == ("password.empty", "warning", "pms.password")
    assert "Windows 7" in str(finding.detail)


@pytest.mark.parametrize("product", ["maestro-erp", "maestro-pms", None])
def test_every_place_named_exists_on_the_screens_of_the_product(product: Product | None) -> None:
    known = set(fields_of(product)) if product else set()
    for new, again in (("a", "b"), ("", ""), ("a", "")):
        for finding in check_entry(Secret(new), Secret(again), login=USER, product=product):
            assert {fix.where for fix in finding.fix if fix.where} <= known


def test_a_password_that_was_typed_once_is_judged_alone() -> None:
    assert [one.code for one in check_secret(Secret("horse "), login=USER)] == ["password.blank-around"]
