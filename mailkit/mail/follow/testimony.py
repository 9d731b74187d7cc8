"""What header lines say about SPF, DKIM, DMARC: ``Authentication-Results`` (RFC 8601), its ARC copy (RFC 8617), ``Received-SPF``.

authres is not used for these: it refuses a whole line for what Microsoft (no server's name), Yahoo (a semicolon at the end) and
others write, and drops the comments, which are the receiver's own words. Here a line is cut at its semicolons, and a piece that
cannot be read is left out alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailkit.mail.follow.arrival import Testimony, Told
from mailkit.text import shorten

__all__ = ["LINES", "read_testimony"]

LINES = frozenset({"authentication-results", "arc-authentication-results", "received-spf", "x-original-authentication-results"})

_LINE = 8000
_RAW = 1200
_TEXT = 300
_METHODS = 40
_PAIR = re.compile(r'([A-Za-z][\w.-]{0,60})[ \t]{0,4}=[ \t]{0,4}("(?:[^"\\]|\\.){0,500}"|[^\s;()]{0,500})')
_WORD = re.compile(r"[A-Za-z]+")
_RESULTS = frozenset(
    {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy", "hardfail", "bestguesspass", "unknown"}
    | {"error", "discard", "nxdomain", "signed", "skipped", "timeout"}
)
_SPF = re.compile(r"\s*([A-Za-z]+)\b\s*")
_SAID_BY = re.compile(r"^\s*\(?\s*([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)\s*:")


def read_testimony(name: str, value: str) -> Testimony | None:
    """Read one line; ``None`` when it says nothing.

    Args:
        name: of the field, in lower case.
        value: unfolded.
    """
    value = value[:_LINE]
    if name == "received-spf":
        return _received_spf(value)
    pieces = _pieces(value)
    if name == "arc-authentication-results" and pieces and re.fullmatch(r"\s*i\s*=\s*\d{1,3}\s*", pieces[0][0]):
        pieces = pieces[1:]
    server: str | None = None
    if pieces and not _begins_result(pieces[0][0]):
        # The name may be followed by a version; Microsoft leaves the name out and begins with the first result.
        server = next(iter(pieces[0][0].split()), None)
        pieces = pieces[1:]
    told = tuple(one for text, comments in pieces[:_METHODS] if (one := _told(text, comments)) is not None)
    if not told and server is None:
        return None
    return Testimony(header=_shown(name), server=_host(server), told=told, raw=shorten(value, _RAW))


def _pieces(value: str) -> list[tuple[str, list[str]]]:  # noqa: C901 - one pass with one state
    """Cut at semicolons outside of comments and quotation marks; comments apart, each once."""
    pieces: list[tuple[str, list[str]]] = []
    text: list[str] = []
    comments: list[str] = []
    comment: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if escaped:
            (comment if depth else text).append(letter)
            escaped = False
        elif letter == "\\" and (depth or quoted):
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
            text.append(letter)
        elif letter == "(" and not quoted:
            if depth:
                comment.append(letter)
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            if depth:
                comment.append(letter)
            else:
                comments.append("".join(comment))
                comment = []
                text.append(" ")
        elif letter == ";" and not depth and not quoted:
            pieces.append(("".join(text), comments))
            text, comments = [], []
        else:
            (comment if depth else text).append(letter)
    if comment:
        comments.append("".join(comment))
    pieces.append(("".join(text), comments))
    return [(text, comments) for text, comments in pieces if text.strip()]


def _begins_result(text: str) -> bool:
    match = _PAIR.match(text.strip())
    return match is not None and "." not in match[1] and _result(match[2]) is not None


def _result(word: str) -> str | None:
    found = _WORD.match(word.strip('"'))
    return found[0].lower() if found and found[0].lower() in _RESULTS else None


def _told(text: str, comments: list[str]) -> Told | None:
    pairs = list(_PAIR.finditer(text.strip()))
    if not pairs or pairs[0].start() or (result := _result(pairs[0][2])) is None:
        return None
    method = pairs[0][1].partition("/")[0].lower()
    properties = {pair[1].lower()[:60]: _value(pair[2]) for pair in pairs[1:25] if pair[1].lower() != "reason"}
    reason = next((_value(pair[2]) for pair in pairs[1:] if pair[1].lower() == "reason"), None)
    comment = shorten("; ".join(" ".join(one.split()) for one in comments if one.strip()), _TEXT) or None
    return Told(
        method=method, result="fail" if result == "hardfail" else result, comment=comment, reason=reason, properties=properties
    )


def _received_spf(value: str) -> Testimony | None:
    match = _SPF.match(value)
    result = match and _result(match[1])
    if match is None or result is None:
        return None
    (text, comments), *_ = _pieces(value[match.end() :].replace(";", " ")) or [("", [])]
    properties = {pair[1].lower()[:60]: _value(pair[2]) for pair in _pairs(text)}
    comment = shorten("; ".join(comments) or text.partition("=")[0].strip(), _TEXT) or None
    named = _SAID_BY.match(comment or "")
    if "envelope-from" in properties:
        properties.setdefault("smtp.mailfrom", properties["envelope-from"])
    told = Told(method="spf", result="fail" if result == "hardfail" else result, comment=comment, properties=properties)
    server = properties.get("receiver") or (named[1] if named else None)
    return Testimony(header="Received-SPF", server=_host(server), told=(told,), raw=shorten(value, _RAW))


def _pairs(text: str) -> Iterator[re.Match[str]]:
    yield from list(_PAIR.finditer(text))[:25]


def _value(text: str) -> str:
    text = re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] == '"' and text[-1:] == '"' and len(text) > 1 else text
    return shorten(text.strip().strip("<>"), _TEXT)


def _host(name: str | None) -> str | None:
    return name.strip('";,').rstrip(".").lower()[:255] or None if name else None


def _shown(name: str) -> str:
    return "-".join({"arc": "ARC", "spf": "SPF"}.get(part, part.capitalize()) for part in name.split("-"))
