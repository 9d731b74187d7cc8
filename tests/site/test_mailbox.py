"""What is an address, and what is wrong with what is none."""

from __future__ import annotations

import pytest

from mailkit.site.mailbox import flaw_of
from mailkit.site.pms import Clerk

from .samples import (
    hotel,
    wrong,
)


@pytest.mark.parametrize(
    "address",
    [
        "front.desk+traces@hotel.test",
        "o'neil@hotel.test",
        '"front desk"@hotel.test',
        "réception@hôtel.test",
        "用户@例え.jp",
        "desk@hotel.technology",
        "desk@xn--htel-vqa.test",
        "desk@[192.0.2.1]",
        "a/b@hotel.test",
    ],
)
def test_an_unusual_address_is_an_address(address: str) -> None:
    assert flaw_of(address) is None
    assert wrong(hotel(Clerk(code="FD1", email=address))) == set()


@pytest.mark.parametrize(
    ("address", "flaw"),
    [
        ("", "empty"),
        ("a@hotel.test;b@hotel.test", "several"),
        ("a@hotel.test / b@hotel.test", "several"),
        ('"Desk, front" <a@hotel.test>', "display-name"),
        ("a @hotel.test", "blank"),
        ("a@hotel.test\n", "blank"),
        ("n/a", "no-domain"),
        ("a@", "no-domain"),
        ("@hotel.test", "malformed"),
        ("a..b@hotel.test", "malformed"),
        ("a@-hotel.test", "malformed"),
        ("a@hotel..test", "malformed"),
        ("a@hotel.test.", "malformed"),
        ("mailto:a@hotel.test", "malformed"),
        ("a\u200b@hotel.test", "malformed"),
        ("x" * 65 + "@hotel.test", "malformed"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_apart(address: str, flaw: str) -> None:
    assert flaw_of(address) == flaw
