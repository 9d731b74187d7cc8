"""Composing a mail: what is put into it may be hostile, what comes out is one well-formed message.

Used for test mails (:mod:`mailkit.mail.letter`) and for the copies of traces. A name or a subject is made harmless and kept; an
address that is not one is refused, because nobody could say where the mail would go.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from typing import Literal

import idna

from mailkit.errors import InputError
from mailkit.site.mailbox import flaw_of
from mailkit.text import shorten, visible

__all__ = ["Language", "compose", "envelope_address", "message_id", "needs_smtputf8", "new_delivery_id", "one_line"]

Language = Literal["en", "fr"]

# The library makes the parts of the body. The head is put together here: the library's own writer of headers decodes what looks
# encoded, line ends too, and folds names in the middle of a word (seen with Python 3.11).
_POLICY = SMTP.clone(cte_type="7bit")

_FOLD_AT = 76
_LONGEST_NAME, _LONGEST_SUBJECT, _LONGEST_VALUE = 64, 200, 500
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{3,63}")
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_LABELS = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*", re.IGNORECASE)
_OWN = frozenset({"date", "message-id", "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "auto-submitted"})
_OWN |= {"x-auto-response-suppress", "mime-version", "return-path", "received"}
"""Headers that are set here, or that nobody sets who sends."""
_BODY_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def new_delivery_id() -> str:
    """Give a token nobody can guess; it is what a mail is found again by.

    >>> len(new_delivery_id()), new_delivery_id().isalnum()
    (20, True)
    """
    return secrets.token_hex(10)


def message_id(delivery_id: str, sender: str) -> str:
    """Give the Message-ID of a delivery, with its angle brackets; the right half is the sender's domain.

    >>> message_id("4f1f", "frontdesk@hotel.test"), message_id("4f1f", "frontdesk@[192.0.2.25]")
    ('<4f1f@hotel.test>', '<4f1f@mailkit.invalid>')
    """
    if not _TOKEN.fullmatch(delivery_id):
        raise InputError(
            f"{visible(shorten(delivery_id, 70))!r} is no delivery ID; it has 4 to 64 letters, digits, '-', '_' or '.'"
        )
    domain = envelope_address(sender).rpartition("@")[2]
    return f"<{delivery_id}@{domain if _LABELS.fullmatch(domain) else 'mailkit.invalid'}>"


def envelope_address(text: str) -> str:
    """Give an address as it goes over the wire: the domain in ASCII (RFC 5891), the local part as it is.

    >>> envelope_address("info@Hôtel.example")
    'info@xn--htel-vqa.example'

    Raises:
        InputError: it is not one address.
    """
    flaw = flaw_of(text)
    if flaw is not None:
        words = {"empty": "nothing", "several": "more than one address", "display-name": "a name around an address"}.get(
            flaw, "no address"
        )
        raise InputError(f"{visible(shorten(text, 80))!r} is {words}; give one address such as frontdesk@hotel.test")
    local, _, domain = text.rpartition("@")
    if domain.isascii():
        return text
    return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"


def needs_smtputf8(*addresses: str) -> bool:
    """Say whether a mail with these addresses needs a server that offers SMTPUTF8 (RFC 6531): a local part is not ASCII.

    >>> needs_smtputf8("info@hôtel.example"), needs_smtputf8("réception@hotel.example")
    (False, True)
    """
    return not all(address.rpartition("@")[0].isascii() for address in addresses)


def one_line(text: str, limit: int) -> str:
    r"""Give a text as it may stand in a header: on one line, without characters that act or hide, at most ``limit`` long.

    >>> one_line("Front\r\nBcc: all@x.test\u202e desk", 40)
    'Front Bcc: all@x.test desk'
    """
    # "Cc" controls, "Cf" directions and joiners, "Cs" halves of a pair, "Zl" and "Zp" line and paragraph ends.
    kept = "".join(
        " " if (kind := unicodedata.category(one)) in ("Cc", "Zl", "Zp") else "" if kind in ("Cf", "Cs") else one for one in text
    )
    return shorten(" ".join(kept.split()), limit)


def compose(
    *,
    delivery_id: str,
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    moment: datetime,
    html: str | None = None,
    language: Language = "en",
    display_name: str | None = None,
    recipient_name: str | None = None,
    reply_to: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Compose one mail; lines end with CRLF, dots are not doubled.

    The envelope is not in here: bounces go to the envelope sender, which may be another than ``sender``.

    Args:
        delivery_id: becomes the left half of the Message-ID (:func:`message_id`).
        sender: the address in From.
        recipient: the address in To.
        subject: made one harmless line, at most 200 characters.
        text: the plain text; controls in it become spaces.
        moment: for Date; a time with its zone.
        html: the same for programs that show HTML. Whoever made it has escaped what is in it.
        language: of the text, for Content-Language.
        display_name: shown with the sender; made harmless.
        recipient_name: shown with the recipient.
        reply_to: where answers go, if not to the sender.
        headers: more headers, by name; the values are made one harmless line. None of those that every mail has.

    Raises:
        InputError: an address, the ID or the name of a header is not usable.
    """
    addresses = [envelope_address(one) for one in (sender, recipient, *([reply_to] if reply_to else []))]
    fields = {
        "Date": format_datetime(moment.astimezone(UTC)),
        "Message-ID": message_id(delivery_id, sender),
        "From": _mailbox("From", addresses[0], display_name),
        "To": _mailbox("To", addresses[1], recipient_name),
        **({"Reply-To": addresses[2]} if reply_to else {}),
        "Subject": _encoded("Subject", one_line(subject, _LONGEST_SUBJECT)),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Content-Language": language,
    }
    for name, value in (headers or {}).items():
        if not _HEADER.fullmatch(name) or name.lower() in _OWN or name.lower().startswith("content-"):
            raise InputError(f"{visible(shorten(name, 70))!r} cannot be the name of a further header; use one such as X-Property")
        fields[name] = _encoded(name, one_line(value, _LONGEST_VALUE))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    _check(head, list(fields), ascii_only=not needs_smtputf8(*addresses))
    body = EmailMessage(policy=_POLICY)
    body.set_content(_plain(text), charset="utf-8", cte="quoted-printable")
    if html is not None:
        body.add_alternative(_plain(html), subtype="html", charset="utf-8", cte="quoted-printable")
    return head + body.as_bytes()


def _mailbox(header: str, address: str, name: str | None) -> str:
    """An address with the name shown for it. The name is a word of its own to every reader, whatever is in it."""
    shown = one_line(name or "", _LONGEST_NAME)
    if not shown:
        return address
    phrase = f'"{quote(shown)}"' if shown.isascii() and "=?" not in shown else _encoded(header, shown)
    apart = " " if len(header) + len(phrase.rpartition("\n")[2]) + len(address) < _FOLD_AT else "\r\n "
    return f"{phrase}{apart}<{address}>"


def _encoded(header: str, value: str) -> str:
    """A value folded, and encoded where it is not ASCII or would be taken for encoded (RFC 2047)."""
    plain = value.isascii() and "=?" not in value
    return Header(value, "us-ascii" if plain else "utf-8", header_name=header, maxlinelen=_FOLD_AT).encode(linesep="\r\n")


def _plain(text: str) -> str:
    """A text without controls, each line end as one character."""
    return _BODY_CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).rstrip("\n") + "\n"


def _check(head: bytes, names: list[str], *, ascii_only: bool) -> None:
    """Refuse a head with other headers than were asked for: this holds whatever the encoding made of a text."""
    lines = head.removesuffix(b"\r\n").split(b"\r\n")
    found = [line.partition(b":")[0].decode("latin-1") for line in lines if not line.startswith(b" ")]
    loose = any(not line.strip() or b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    if loose or found != names or (ascii_only and not head.isascii()):
        raise InputError("the mail cannot be composed: a name, the subject or an address would change its headers")
