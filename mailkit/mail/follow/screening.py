"""What filters against junk write into a header: Microsoft's report, SpamAssassin, Rspamd, others that say a score or a word."""

from __future__ import annotations

import re
from typing import Literal

from mailkit.mail.follow.arrival import Screening
from mailkit.text import shorten

__all__ = ["LINES", "read_screening"]

_TEXT = 300
_RAW = 1500
_RULES = 30
_NUMBER = r"-?\d{1,5}(?:\.\d{1,6})?"
_ASSASSIN = re.compile(
    rf"(?P<word>yes|no)\b.{{0,40}}?(?:score|hits)\s?=\s?(?P<score>{_NUMBER}).{{0,40}}?required\s?=\s?(?P<limit>{_NUMBER})",
    re.IGNORECASE,
)
_RSPAMD = re.compile(rf"(?P<word>true|false)\b[^\[]{{0,20}}\[(?P<score>{_NUMBER}) / (?P<limit>{_NUMBER})\]", re.IGNORECASE)
_TESTS = re.compile(r"tests\s?=\s?([A-Za-z0-9_,\s.=:-]{1,2000}?)(?=\s[a-z]+\s?=|$)")
_SYMBOL = re.compile(r"\b([A-Z][A-Z0-9_]{2,50})(?:\(|\b)")
_PAIR = re.compile(r"([A-Za-z]{2,10}):([^;]{0,200})(?:;|$)")
_FOREFRONT = ("SFV", "CAT", "SCL", "SRV", "IPV", "CTRY", "SFTY", "DIR")
_JUNK_LEVEL = 5
"""From this spam confidence level on Microsoft puts a mail into junk (documented: 5, 6 spam; 9 high confidence)."""
_JUNK_VERDICTS = frozenset({"SPM", "SKB", "SKS", "BLK"})
_CLEAN_VERDICTS = frozenset({"NSPM", "SKN", "SKI", "SKA", "SFE", "SKQ"})
_JUNK_WORDS = re.compile(r"^\W*(?:yes|true|spam|junk|high|bulk|phish|suspect)", re.IGNORECASE)
_CLEAN_WORDS = re.compile(r"^\W*(?:no\b|false|ham\b|clean|not spam|none|legit|0\b)", re.IGNORECASE)

LINES = frozenset(
    {
        "x-forefront-antispam-report",
        "x-ms-exchange-organization-scl",
        "x-microsoft-antispam",
        "x-spam-status",
        "x-spam-flag",
        "x-spam-report",
        "x-spam-score",
        "x-spam-level",
        "x-spamd-result",
        "x-spam-action",
        "x-spam",
        "x-rspamd-action",
        "x-gmx-antispam",
        "x-ui-filterresults",
        "x-ymailisg-verdict",
        "x-proofpoint-spam-details",
        "x-mimecast-spam-score",
        "x-barracuda-spam-status",
        "x-barracuda-spam-flag",
        "x-ovh-spamcause",
        "x-ovh-spam-status",
        "x-suspected-spam",
        "x-bogosity",
        "x-dspam-result",
        "x-sophos-antispam",
        "x-zohomail-antispam",
        "x-icl-info",
    }
)


def read_screening(name: str, value: str) -> Screening | None:
    """Read one line; ``None`` when it says neither a verdict nor a score nor codes."""
    shown = "-".join(part.capitalize() for part in name.split("-"))
    raw = shorten(value, _RAW)
    if name == "x-forefront-antispam-report":
        return _forefront(shown, value, raw)
    if name == "x-microsoft-antispam":
        words = {
            pair[1].upper(): shorten(pair[2].strip(), 60) for pair in list(_PAIR.finditer(value))[:20] if pair[1].upper() == "BCL"
        }
        return Screening(header=shown, words=words, raw=raw) if words else None
    if name == "x-ms-exchange-organization-scl":
        level = _number(value)
        return Screening(header=shown, score=level, verdict=_by_level(level), words={"SCL": value.strip()[:5]}, raw=raw)
    for pattern in (_ASSASSIN, _RSPAMD):
        if match := pattern.search(value[:4000]):
            return Screening(
                header=shown,
                verdict="junk" if match["word"].lower() in ("yes", "true") else "clean",
                score=float(match["score"]),
                limit=float(match["limit"]),
                words=dict.fromkeys(_rules(value[match.end() : 4000]), ""),
                raw=raw,
            )
    verdict = _by_word(value, score=name.endswith(("score", "level")))
    score = _number(value) if name.endswith("score") else None
    return Screening(header=shown, verdict=verdict, score=score, raw=raw) if verdict or score is not None else None


def _forefront(shown: str, value: str, raw: str) -> Screening | None:
    pairs = {pair[1].upper(): shorten(pair[2].strip(), _TEXT) for pair in list(_PAIR.finditer(value[:4000]))[:60]}
    words = {key: pairs[key] for key in _FOREFRONT if pairs.get(key)}
    if not words:
        return None
    level = _number(words.get("SCL", ""))
    filtered = words.get("SFV", "").upper()
    verdict: Literal["junk", "clean"] | None = _by_level(level)
    if filtered in _JUNK_VERDICTS:
        verdict = "junk"
    elif filtered in _CLEAN_VERDICTS and verdict is None:
        verdict = "clean"
    return Screening(header=shown, verdict=verdict, score=level, words=words, raw=raw)


def _by_level(level: float | None) -> Literal["junk", "clean"] | None:
    return None if level is None else "junk" if level >= _JUNK_LEVEL else "clean"


def _by_word(value: str, *, score: bool) -> Literal["junk", "clean"] | None:
    if score:
        return None
    if _CLEAN_WORDS.match(value[:200]):
        return "clean"
    return "junk" if _JUNK_WORDS.match(value[:200]) else None


def _rules(text: str) -> list[str]:
    found = _TESTS.search(text)
    names = re.split(r"[,\s]+", found[1]) if found else _SYMBOL.findall(text)
    return [name[:60] for name in dict.fromkeys(names) if name and name != "none"][:_RULES]


def _number(text: str) -> float | None:
    found = re.search(_NUMBER, text[:100])
    return float(found[0]) if found else None
