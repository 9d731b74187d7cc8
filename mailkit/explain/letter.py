"""A mail taken apart: header, the words meant for people, the fields meant for programs, and what it returns. Within limits.

Works with the standard library's parser in its oldest and most forgiving policy. What it cannot take apart (parts nested without
end, broken headers) is read as one text, so that no input raises.
"""

from __future__ import annotations

import binascii
import email.errors
import email.parser
import email.policy
import quopri
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from html import unescape

from msgspec import Struct

__all__ = ["Letter", "opened"]

LIMIT = 1 << 20
"""Bytes that are read: what a bounce has to say stands before the mail it returns."""
_PARTS = 40
_TEXT = 60_000
"""Characters of one part."""
_NESTED = 24

_PARSER = email.parser.Parser(policy=email.policy.compat32)
_HEADERS = email.parser.HeaderParser(policy=email.policy.compat32)
_TAG = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)[^<>]{0,200}>", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
_HIDDEN = re.compile(r"<(/?)(style|script|head)\b", re.IGNORECASE)
_WRONG_CHARSETS = {
    "unicode-1-1-utf-7": "utf-7",
    "uft-8": "utf-8",
    "utf8": "utf-8",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
}


class Letter(Struct, frozen=True):
    """A mail, as far as a reader of bounces needs it."""

    header: dict[str, str]
    """Field names in lower case; of a repeated field the first. Words are decoded."""
    kind: str
    """Its content type."""
    report: str
    """What its ``report-type`` says, if anything."""
    said: str
    """The text parts before the returned mail."""
    fields: tuple[str, ...]
    """The ``message/delivery-status`` parts, as text."""
    feedback: str | None
    """The ``message/feedback-report`` part."""
    returned: str | None
    """The mail that came back, or its header."""


def opened(raw: bytes) -> Letter:
    """Take a mail apart."""
    raw = raw[:LIMIT].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    text = raw.decode("ascii", "surrogateescape")
    deep = text.lower().count("boundary=") > _NESTED
    try:
        message = (_HEADERS if deep else _PARSER).parsestr(text)
        return _taken_apart(message)
    except (email.errors.MessageError, RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        # Whatever the library stumbles over: the text is there, and may say enough.
        head, _, body = text.partition("\n\n")
        return Letter(
            _fields(head), "text/plain", "", _decoded(body.encode("ascii", "surrogateescape"), None)[:_TEXT], (), None, None
        )


def _taken_apart(message: Message) -> Letter:
    header: dict[str, str] = {}
    for name, value in message.items():
        header.setdefault(name.lower().strip(), _words(str(value)))
    said: list[str] = []
    html: list[str] = []
    fields: list[str] = []
    feedback = returned = None
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            fields.append(_status_text(part))
        elif kind in ("message/feedback-report", "message/x-feedback-report"):
            feedback = _status_text(part)
        elif kind.startswith("message/") and part is not message:
            returned = returned or _original(part)
        elif kind == "text/rfc822-headers":
            returned = returned or _text(part)
        elif kind == "text/html":
            html.append(_text(part))
        elif (kind.startswith(("text/", "multipart/")) or not said) and returned is None:
            said.append(_text(part))
    if not any(text.strip() for text in said) and html:
        said = [_without_markup(text) for text in html[:2]]
    return Letter(
        header,
        message.get_content_type(),
        str(message.get_param("report-type") or "").lower(),
        "\n\n".join(said)[: 2 * _TEXT],
        tuple(fields[:4]),
        feedback,
        returned,
    )


def _parts(message: Message) -> Iterator[Message]:
    """Give the parts that are no multipart, without going into returned mails."""
    waiting = [message]
    for _ in range(_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [one for one in inside if isinstance(one, Message)]
        else:
            yield part


def _status_text(part: Message) -> str:
    """Give the field groups, a blank line between them."""
    told = part.get_payload()
    if not isinstance(told, list):
        return _text(part)
    groups = []
    for one in told[:200]:
        if isinstance(one, Message):
            if one.get_content_type() != "text/plain" and isinstance(one.get_payload(), list):
                continue
            lines = [f"{name}: {value}" for name, value in one.items()]
            rest = one.get_payload()
            body = rest if isinstance(rest, str) else ""
            if "base64" in str(part.get("content-transfer-encoding", "")).lower() and not lines:
                body = _transferred(body.encode("ascii", "surrogateescape"), "base64").decode("utf-8", "replace")
            groups.append("\n".join([*lines, body] if lines else [body]))
    return _readable("\n\n".join(groups)[:_TEXT])


def _original(part: Message) -> str:
    told = part.get_payload()
    inner = told[0] if isinstance(told, list) and told and isinstance(told[0], Message) else None
    if inner is None:
        return _text(part)
    return _readable("\n".join(f"{name}: {value}" for name, value in inner.items())[:_TEXT])


def _text(part: Message) -> str:
    told = part.get_payload()
    if not isinstance(told, str):
        return ""
    raw = (
        told[: 2 * _TEXT].encode("ascii", "surrogateescape")
        if told.isascii() or max(told) >= "\udc80"
        else told[: 2 * _TEXT].encode("utf-8", "surrogateescape")
    )
    charset = part.get_param("charset")
    return _decoded(
        _transferred(raw, str(part.get("content-transfer-encoding", "")).lower().strip()),
        charset if isinstance(charset, str) else None,
    )[:_TEXT]


def _transferred(raw: bytes, encoding: str) -> bytes:
    try:
        if "base64" in encoding:
            return binascii.a2b_base64(raw + b"==")
        if "quoted-printable" in encoding:
            return quopri.decodestring(raw)
    except (binascii.Error, ValueError):
        pass
    return raw


def _decoded(raw: bytes, charset: str | None) -> str:
    name = (charset or "utf-8").strip("\"' ").lower()
    name = _WRONG_CHARSETS.get(name, name)
    if b"\x1b$" in raw and name in ("utf-8", "us-ascii", "iso-8859-1"):
        name = "iso-2022-jp"
    for attempt in (name, "utf-8"):
        try:
            return raw.decode(attempt)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    try:
        return raw.decode(name, "replace")
    except (LookupError, ValueError):
        return raw.decode("latin-1")


def _readable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _words(value: str) -> str:
    """Decode the encoded words of a header field."""
    value = _readable(value)[:4000]
    if "=?" not in value:
        return value
    try:
        return "".join(
            told.decode(_WRONG_CHARSETS.get((charset or "ascii").lower(), charset or "ascii"), "replace")
            if isinstance(told, bytes)
            else told
            for told, charset in decode_header(value)
        )
    except (email.errors.MessageError, ValueError, LookupError):
        return value


def _without_markup(text: str) -> str:
    return unescape(_MARKUP.sub(" ", _TAG.sub("\n", _shown(text[:_TEXT]))))


def _shown(text: str) -> str:
    """Leave out styles, scripts and the head; a tag that never ends hides nothing."""
    kept: list[str] = []
    at = 0
    hidden: tuple[str, int] | None = None
    for tag in _HIDDEN.finditer(text):
        name = tag[2].lower()
        if hidden is None and not tag[1]:
            hidden = (name, tag.start())
        elif hidden and tag[1] and name == hidden[0]:
            kept.append(text[at : hidden[1]])
            at, hidden = tag.end(), None
    return "".join([*kept, text[at:]])


def _fields(head: str) -> dict[str, str]:
    told: dict[str, str] = {}
    for line in head.split("\n")[:400]:
        name, colon, value = line.partition(":")
        if colon and name and " " not in name:
            told.setdefault(name.lower(), _words(value.strip()))
    return told
