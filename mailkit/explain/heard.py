"""A text made ready for the search: one line in lower case without accents and addresses, and the codes found in it."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

__all__ = ["Heard", "heard", "plain"]

LIMIT = 4000
"""Characters that are looked at."""

_ADDRESS = re.compile(r"<?[^\s<>@\"'():,;=\[\]]{1,64}@[a-z0-9_.\-]{1,255}>?")
_CONTINUED = re.compile(r"(?m)^[ \t]*(?:<<< |s: )?([2-5]\d\d)-(?:[245]\.\d{1,3}\.\d{1,3}[ \t]*)?")
_FIRST = re.compile(r"\s{0,9}[<({\[\"']{0,3}([2-5]\d\d)(?:[ \-:,#]|$)")
_WITH_STATUS = re.compile(r"(?<![\d.])(2\d\d|4[2-5]\d|47\d|5[0-57]\d)[ \-:]{1,2}#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_SAID = re.compile(
    r"(?:said: ?|response was: ?|reply was: ?|responded with(?: code)? ?|returned ?|rejected it: ?|"
    r"response(?:code)?['\"]?: ?['\"]?|smtp code: ?|code ?|error:? |"
    r"error \(|status: ?|failed: ?|<<< ?|answered: ?|\(|smtp;? ?|'|\"|#|>: |\] |: )(4[2-5]\d|47\d|5[0-57]\d)(?![\d.\w])"
)
_STATUS = re.compile(r"(?<![\d.a-z])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_LOOSE = re.compile(r"(?<![\d.\w\-/+:])(4[2-5]\d|47\d|5[0-57]\d)[ \-](?=[a-z<\[\"'(#*])")
_FRAME = re.compile(
    r"\bhost (?=\S{0,255}[.\[])\S{1,255} {0,2}(?:\[[0-9a-f.:]{2,45}\])?(?: said)?:|remote host said:|the following error: ?|"
    r"smtp error from remote (?:mail )?server|error from remote (?:mail )?server:?"
)
_BLANKS = re.compile(r"\s+")


class Heard(Struct, frozen=True):
    """What was said, ready for the search."""

    text: str
    code: int | None
    status: tuple[str, ...]

    @property
    def temporary(self) -> bool | None:
        """What the class of the codes says about trying again; the status goes before the reply code."""
        digit = self.status[0][0] if self.status else str(self.code)[0] if self.code else ""
        return {"4": True, "5": False}.get(digit)


def plain(text: str) -> str:
    """Give lower case without accents, with plain quotation marks."""
    if not text.isascii():
        marked = unicodedata.normalize("NFKD", text)
        text = "".join(mark for mark in marked if not unicodedata.combining(mark)).translate(_QUOTES)
    return text.lower()


_QUOTES = str.maketrans("\u2018\u2019`\u201c\u201d\u2013\u2014", "'''\"\"--", "")


def heard(text: str, status_too: str | None = None) -> Heard:
    """Make a text ready; ``status_too``: a status code told apart from it, for when it holds none."""
    text = plain(text[:LIMIT])[:LIMIT]
    begin = _FIRST.match(text)
    text = _CONTINUED.sub(_Once(), text) if "-" in text else text
    status = dict.fromkeys(match[2] for match in _WITH_STATUS.finditer(text))
    status.update(dict.fromkeys(match[1] for match in _STATUS.finditer(text)))
    code = begin or _WITH_STATUS.search(text) or _SAID.search(text) or _LOOSE.search(text)
    if not status and status_too:
        status[status_too] = None
    if again := _WITH_STATUS.search(text):
        text = text[: again.end()] + text[again.end() :].replace(again[0] + " ", " ")
    text = _FRAME.sub(" ", _BLANKS.sub(" ", text))
    if "@" in text:
        text = _ADDRESS.sub(" @ ", text)
    return Heard(text.strip(), int(code[1]) if code else None, tuple(code for code in status if _is_status(code)))


def _is_status(code: str) -> bool:
    # 5.7.1 is one, 4.90.1 is a version of a program.
    _, subject, detail = code.split(".")
    return int(subject) <= 9 and int(detail) <= 999 and not (len(subject) > 1)


class _Once:
    """Replace the code of every line but the first: it stands in all lines of one reply."""

    def __init__(self) -> None:
        self._seen = False

    def __call__(self, match: re.Match[str]) -> str:
        if not self._seen:
            self._seen = True
            return match[0].replace("-", " ", 1)
        return " "
