"""A sign-in that did not end with a token: what is wrong and who acts, in plain words.

The words are data: ``knowledge/refusals.toml``, by Microsoft's numbers and by the names of RFC 6749 and of Google.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mailkit.errors import MailkitError
from mailkit.explain import redact
from mailkit.finding import Finding
from mailkit.knowledge import Entry, Filling, Meta, read
from mailkit.text import shorten, visible

__all__ = ["SignInFailed", "refusal_codes", "refused"]

_NUMBER = re.compile(r"\bAADSTS(\d{5,8})\b")
_TRACE = re.compile(r"\bTrace ID: ([0-9a-fA-F-]{8,40})")
_LONGEST = 400


class SignInFailed(MailkitError, PermissionError):
    """There is no token; ``finding`` says why and what to do, the text is the same in one line."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(_line(finding))
        self.finding = finding

    def __str__(self) -> str:
        return _line(self.finding)


class Refusal(Entry, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What to say of some of the numbers (``AADSTS…``, at Microsoft) and names (RFC 6749, 5.2, and the providers' own)."""

    aadsts: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()


class _Knowledge(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    refusals: dict[str, Refusal]


@cache
def _knowledge() -> _Knowledge:
    return read(Path(__file__).parent / "knowledge" / "refusals.toml", _Knowledge)


def refusal_codes() -> tuple[str, ...]:
    """Give every code a failed sign-in can have."""
    return tuple(_knowledge().refusals)


def refused(
    login: str,
    provider: str,
    answer: Mapping[str, Any] | None = None,
    *,
    code: str | None = None,
    variant: str | None = None,
    **evidence: Any,  # noqa: ANN401 - evidence is of any kind
) -> Finding:
    """Say what an answer means.

    Args:
        login: who was to sign in.
        provider: ``Microsoft`` or ``Google``, for the words.
        answer: the provider's answer with ``error`` and ``error_description``; its words are redacted and kept as evidence.
        code: what it is, where that is known without an answer.
        variant: the same seen in another way, where the knowledge has words for that.
        evidence: more of what is known.
    """
    facts: dict[str, Any] = {"login": login, "provider": provider, **evidence}
    if answer is not None:
        words = str(answer.get("error_description") or answer.get("error_subtype") or "")
        number = _number(answer, words)
        facts |= {
            "error": visible(shorten(str(answer.get("error") or "unknown"), 80)),
            "number": f"AADSTS{number}" if number else None,
            "said": visible(shorten(redact(words.partition("\n")[0].partition("\r")[0]), _LONGEST)) or None,
            "trace_id": found[1] if (found := _TRACE.search(words)) else None,
            "correlation_id": visible(shorten(str(answer["correlation_id"]), 80)) if answer.get("correlation_id") else None,
        }
        code = code or _code(number, str(answer.get("error") or ""))
    return _worded(code or "signin.unknown", facts, variant)


def _number(answer: Mapping[str, Any], words: str) -> int | None:
    numbers = answer.get("error_codes")
    if isinstance(numbers, list) and numbers and isinstance(numbers[0], int):
        return numbers[0]
    found = _NUMBER.search(words)
    return int(found[1]) if found else None


def _code(number: int | None, error: str) -> str:
    """Find the row: by number, for it says most, else by name."""
    rows = _knowledge().refusals
    by_number = next((code for code, row in rows.items() if number is not None and number in row.aadsts), None)
    return by_number or next((code for code, row in rows.items() if error in row.errors), "signin.unknown")


def _worded(code: str, facts: dict[str, Any], variant: str | None) -> Finding:
    row = _knowledge().refusals[code]
    entry = row.seen_as(variant if variant in row.variants else None)
    words = Filling(facts)
    number = facts.get("number")
    more = (f"https://login.microsoftonline.com/error?code={number.removeprefix('AADSTS')}",) if number else ()
    return Finding(
        code=code,
        severity=entry.severity,
        stage="signin",
        subject=words["login"],
        summary=entry.summary.format_map(words),
        detail=entry.detail.format_map(words) if entry.detail else None,
        evidence={key: value for key, value in facts.items() if value is not None},
        fix=tuple(msgspec.structs.replace(fix, action=fix.action.format_map(words)) for fix in entry.fix),
        refs=(*entry.refs, *more),
        temporary=entry.temporary,
        account_risk=entry.account_risk,
    )


def _line(finding: Finding) -> str:
    action = f" {finding.fix[0].action}" if finding.fix else ""
    return f"{finding.summary}{action}"
