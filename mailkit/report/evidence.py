"""The evidence of a finding as short lines of words.

The values are whatever the diagnosis quoted: numbers, times, texts of servers, lists of them. They stay data in JSON; for
people each becomes one line, cut where it would fill the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailkit.finding import Finding
from mailkit.report.spoken import said
from mailkit.report.words import duration, key_words, moment
from mailkit.text import shorten, visible

__all__ = ["about", "beyond_words", "facts"]

_ISO = re.compile(r"\d{4}-(0[1-9]|1[0-2])-([01]\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|\+00:00)")

_LEFT_OUT = {"host", "port", "addresses", "serial", "sha256", "each", "concerns", "fields"}
"""What the subject says already, and what only a program compares or counts; it is all in the JSON."""

LIMIT = 400
ENTRIES = 8


def facts(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return key and value of each piece of evidence in words; what is unknown is left out.

    >>> facts({"reply_code": 535, "reply": "5.7.8 no", "waited_ms": 5000, "offered": ["PLAIN", "LOGIN"], "user": None})
    [('reply', '535 5.7.8 no'), ('waited', '5.00 s'), ('offered', 'PLAIN, LOGIN')]
    """
    shown = []
    left_out = _LEFT_OUT
    if evidence.get("reply_code") and evidence.get("reply"):
        evidence = {**evidence, "reply": f"{evidence['reply_code']} {evidence['reply']}"}
        left_out = _LEFT_OUT | {"reply_code", "enhanced_code"}
    for key, value in evidence.items():
        if value is None or key in left_out:
            continue
        if key.endswith("_ms") and isinstance(value, int | float):
            shown.append((key_words(key.removesuffix("_ms")), duration(value)))
        else:
            shown.append((key_words(visible(str(key))), shorten(_words(value), LIMIT)))
    return shown


def beyond_words(finding: Finding) -> list[tuple[str, str]]:
    """Return the evidence that the finding's own sentences do not quote already."""
    said = " ".join((finding.summary, finding.detail or "", *(fix.action for fix in finding.fix)))
    return [(key, value) for key, value in facts(finding.evidence) if not re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said)]


def about(finding: Finding) -> str:
    """Return the subject in brackets, unless the summary names its host anyway."""
    host = re.sub(r"(:\d+)?( \[.*\])?$", "", finding.subject)
    return "" if host in finding.summary else f" ({finding.subject})"


def _words(value: Any) -> str:  # noqa: ANN401 - evidence is any JSON value
    if isinstance(value, bool):
        return said("yes" if value else "no")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key_words(str(key))} {_words(entry)}" for key, entry in list(value.items())[:ENTRIES]) or said("none")
    if isinstance(value, list | tuple | set | frozenset):
        entries = list(value)
        more = said(" and {count} more").format(count=len(entries) - ENTRIES) if len(entries) > ENTRIES else ""
        return (", ".join(_words(entry) for entry in entries[:ENTRIES]) or said("none")) + more
    text = visible(str(value))
    return moment(datetime.fromisoformat(text)) if _ISO.fullmatch(text) else text
