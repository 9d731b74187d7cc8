"""Which mails of a mailbox are about what was sent: told from a few header fields, before anything is fetched.

The Message-ID decides. Some servers give a mail another one; then the token in the subject does, unless the mail is an answer
or a report. A report (a bounce, a notice of delay, an automatic answer) is told by the signs of RFC 3834 and RFC 3464 and read
whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from mailkit.explain import BounceReading, read_bounce
from mailkit.mail.follow.arrival import Expected
from mailkit.mail.follow.header import Head, decoded
from mailkit.mail.follow.reading import address_of, plain_id
from mailkit.mail.letter import short_token

__all__ = ["FIELDS", "Match", "Watch"]

FIELDS = (
    "message-id",
    "x-google-original-message-id",
    "x-original-message-id",
    "x-microsoft-original-message-id",
    "subject",
    "from",
    "return-path",
    "auto-submitted",
    "content-type",
    "in-reply-to",
    "references",
    "x-failed-recipients",
    "x-autoreply",
)
"""Fields that are asked for."""

_OTHER_IDS = ("x-google-original-message-id", "x-original-message-id", "x-microsoft-original-message-id")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{5,}")
_SHORTEST_TOKEN = 8
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|maildaemon|mdaemon|microsoftexchange[0-9a-f]+)\b", re.IGNORECASE)
_ID = re.compile(r"<[^<>\s]{1,400}>")


class Match(Struct, frozen=True):
    """What a mail is: a copy of one that is expected, or a report that may be about one."""

    kind: Literal["copy", "report"]
    expected: Expected | None = None
    how: Literal["message-id", "token"] = "message-id"


class Watch:
    """What is looked for."""

    def __init__(self, expected: Iterable[Expected]) -> None:
        self.expected = tuple(expected)
        self._by_id = {plain_id(one.message_id): one for one in self.expected}
        self._by_token: dict[str, Expected] = {}
        for one in self.expected:
            if one.delivery_id:
                for token in (one.delivery_id, short_token(one.delivery_id)):
                    if len(token) >= _SHORTEST_TOKEN:
                        self._by_token[token.casefold()] = one

    def match(self, head: Head) -> Match | None:
        """Say what a mail is by its header; ``None``: nothing to do with us."""
        found = self._by_id.get(plain_id(_one_id(head.first("message-id"))))
        if found:
            return Match("copy", found)
        if self._reports(head):
            return Match("report")
        for name in _OTHER_IDS:
            if found := self._by_id.get(plain_id(_one_id(head.first(name)))):
                return Match("copy", found, "token")
        if head.first("in-reply-to") or head.first("references"):
            return None
        found = self._by_words(decoded(head.first("subject")) or "")
        return Match("copy", found, "token") if found else None

    def about(self, raw: bytes, head: Head) -> tuple[Expected, BounceReading] | None:
        """Read a report; give it with the mail it is about, if that is one of ours. Blocking: it reads a whole mail."""
        reading = read_bounce(raw)
        if reading.kind == "ordinary":
            return None
        ids = (reading.message_id, *_ID.findall((head.first("in-reply-to") or "")[:2000]))
        found = next((one for each in ids if each and (one := self._by_id.get(plain_id(each)))), None)
        # A token that nobody can guess ties a report to its mail as well as a Message-ID does.
        found = found or self._by_words(raw[: 1 << 20].decode("utf-8", "replace"))
        return (found, reading) if found else None

    def _by_words(self, text: str) -> Expected | None:
        if not self._by_token:
            return None
        return next((one for word in _TOKEN.findall(text) if (one := self._by_token.get(word.casefold().rstrip(".")))), None)

    def _reports(self, head: Head) -> bool:
        automatic = (head.first("auto-submitted") or "").lower()
        kind = (head.first("content-type") or "").lower()
        author = address_of(decoded(head.first("from"))) or head.first("from") or ""
        answers = any(
            plain_id(one) in self._by_id
            for name in ("in-reply-to", "references")
            for one in _ID.findall((head.first(name) or "")[:4000])
        )
        return (
            "multipart/report" in kind
            or automatic.startswith(("auto-replied", "auto-notified"))
            or head.first("x-failed-recipients") is not None
            or (head.first("return-path") or "").replace(" ", "") == "<>"
            or _DAEMON.match(author) is not None
            or (answers and (automatic.startswith("auto") or head.first("x-autoreply") is not None))
        )


def _one_id(value: str | None) -> str | None:
    found = _ID.search(value[:2000]) if value else None
    return found[0] if found else value
