"""A password as somebody typed it, twice or once: New Password and Confirmation, as in Preferences > Email.

maestro* documents two rules: the second entry repeats the first, and nobody tells a password to anybody. How it takes an empty
entry, or a blank at an end, is not documented, so that is said and not guessed. Maestro PMS documents that the password may be
left blank, and that this makes trouble on Windows 7 and Server 2008. What is said is data: ``knowledge/entries.toml``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from msgspec import Struct

from mailkit.finding import Finding, Product
from mailkit.knowledge import Entry, Filling, Meta, read
from mailkit.secret import Secret
from mailkit.signin.book import same

__all__ = ["check_entry", "check_secret"]

_GROUPED = re.compile(r"[a-z]{4}( [a-z]{4}){3}")
"""How Google shows an app password; the blanks are no part of it."""


class _Knowledge(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    findings: dict[str, Entry]


@cache
def _knowledge() -> _Knowledge:
    return read(Path(__file__).parent / "knowledge" / "entries.toml", _Knowledge)


def check_entry(
    new: Secret | None, confirmation: Secret | None, *, login: str, product: Product | None = None
) -> tuple[Finding, ...]:
    """Judge New Password and Confirmation; nothing wrong: nothing returned. No value is in a finding.

    Args:
        new: the first entry; ``None`` or empty: nothing was typed.
        confirmation: the second.
        login: whose password it is, for the words.
        product: on whose screens it goes; at Maestro PMS it may be blank.
    """
    if not new and not confirmation:
        return (_said("password.empty", login, product, "pms" if product == "maestro-pms" else None),)
    if not new or not confirmation:
        return (_said("password.once", login, product, "second" if new else "first"),)
    if not same(new, confirmation):
        return (_said("password.differs", login, product),)
    return check_secret(new, login=login, product=product)


def check_secret(secret: Secret, *, login: str, product: Product | None = None) -> tuple[Finding, ...]:
    """Judge one password by what often makes a log-in fail: nothing here proves it wrong."""
    codes = _oddities(secret)
    return tuple(_said(code, login, product) for code in codes)


def _oddities(secret: Secret) -> list[str]:
    value = secret.reveal()
    if _GROUPED.fullmatch(value.strip()):
        return ["password.grouped"]
    seen = {
        "password.blank-around": value != value.strip(),
        "password.control": any(unicodedata.category(one) in {"Cc", "Cf"} for one in value),
        "password.not-ascii": not value.isascii(),
    }
    return [code for code, is_seen in seen.items() if is_seen]


def _said(code: str, login: str, product: Product | None, variant: str | None = None) -> Finding:
    entry = _knowledge().findings[code].seen_as(variant)
    words = Filling({"login": login})
    return Finding(
        code=code,
        severity=entry.severity,
        stage="password",
        subject=words["login"],
        summary=entry.summary.format_map(words),
        detail=entry.detail.format_map(words) if entry.detail else None,
        fix=(*entry.on_screens(product), *entry.fix),
        refs=entry.refs,
        temporary=entry.temporary,
        account_risk=entry.account_risk,
    )
