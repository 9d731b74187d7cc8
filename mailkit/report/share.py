"""An audit to be given away: user names, addresses and hosts replaced by words that stay the same throughout.

What servers said, word for word, is left out of it: the findings have what matters. Everything else is masked by the names the
site and its servers are known to have, and by shape (:mod:`mailkit.report.mask`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from mailkit.audit.document import Audit, AuditTable, Cell
from mailkit.audit.words import words
from mailkit.finding import Finding, Fix
from mailkit.report.mask import SHORTEST, Mask, names_of, names_of_person
from mailkit.site import Site

__all__ = ["shared"]

_USERS = frozenset({"user", "clerk", "sender", "recipient", "account", "intended", "owner"})
"""Columns and fields that hold a person's name or address, whatever it looks like."""
_HOSTS = frozenset({"endpoint", "address", "recipient_domain", "domain", "relay", "host"})
_SITE_USERS = frozenset(
    {"code", "name", "user_name", "from_address", "auth_name", "email", "trace_rep_addr", "rep_address", "account"}
)
_SITE_HOSTS = frozenset({"server", "server_name"})


def shared(audit: Audit, site: Site | None = None) -> Audit:
    """Return the audit without names; equal names have equal words (``user-1``, ``host-2``) in all of it.

    Args:
        audit: what to give away.
        site: the site it is about, whose users are then known by name; without it names are found by their shape alone.
    """
    text = msgspec.json.encode(replace(audit, probes=())).decode().lower()
    known = [(kind, name) for kind, name in _names(audit, site) if name.lower() in text]
    mask = Mask(known)
    return replace(
        audit,
        site=None,
        file=words().shared["file"],
        headline=mask(audit.headline),
        findings=tuple(_finding(one, mask) for one in audit.findings),
        probes=(),
        sentences=tuple(mask(one) for one in audit.sentences),
        tables=tuple(_table(one, mask) for one in audit.tables),
        left_out=(
            *(replace(one, what=mask(one.what), why=mask(one.why), how=mask(one.how)) for one in audit.left_out),
            words().left_out["word-for-word"],
        ),
    )


def _names(audit: Audit, site: Site | None) -> Iterator[tuple[str, str]]:
    if site is not None:
        yield from _of_site(msgspec.to_builtins(site))
    for document in audit.probes:
        yield from names_of(document)
    for table in audit.tables:
        for number, column in enumerate(table.columns):
            for row in table.rows if column in _USERS | _HOSTS else ():
                value = row[number]
                if isinstance(value, str) and len(value) >= SHORTEST:
                    yield from names_of_person(value) if column in _USERS else [("host", value)]


def _of_site(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a site as plain values
    if isinstance(value, dict):
        for key, inside in value.items():
            if isinstance(inside, str) and inside:
                if key in _SITE_HOSTS:
                    yield ("host", inside)
                elif key in _SITE_USERS:
                    yield from names_of_person(inside)
            else:
                yield from _of_site(inside)
    elif isinstance(value, list):
        for one in value:
            yield from _of_site(one)


def _finding(finding: Finding, mask: Mask) -> Finding:
    return replace(
        finding,
        subject=mask(finding.subject),
        summary=mask(finding.summary),
        detail=mask(finding.detail) if finding.detail else None,
        evidence={key: _value(value, mask, key) for key, value in finding.evidence.items()},
        fix=tuple(Fix(who=fix.who, action=mask(fix.action), where=fix.where) for fix in finding.fix),
    )


def _value(value: Any, mask: Mask, key: str = "") -> Any:  # noqa: ANN401 - evidence is any JSON value
    if isinstance(value, str):
        return _word(value, mask, key)
    if isinstance(value, dict):
        return {_word(name, mask): _value(inside, mask, name) for name, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_value(one, mask, key) for one in value]
    return value


def _table(table: AuditTable, mask: Mask) -> AuditTable:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        tuple(
            _word(cell, mask, column) if isinstance(cell, str) else cell for column, cell in zip(table.columns, row, strict=True)
        )
        for row in table.rows
    )
    return replace(table, sentence=mask(table.sentence) if table.sentence else None, rows=rows)


def _word(text: str, mask: Mask, column: str = "") -> str:
    masked = mask(text)
    # A user code of two letters is no name to look for in a sentence; in a column of users it is one.
    if masked == text and text and column in _USERS:
        return mask.word("user", text)
    if masked == text and text and column in _HOSTS:
        return mask.word("host", text)
    return masked
