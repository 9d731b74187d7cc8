"""What is said for one mail: the commands of its envelope, and its body as it goes over the wire.

Pure: given what the server offers, make the commands, or say why the mail cannot go there. Used by :mod:`mailkit.mail.pipeline`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from mailkit.errors import InputError

__all__ = ["Mail", "Unsendable", "Wording", "word"]


class Mail(Struct, frozen=True, kw_only=True):
    """One message to one recipient. ``envid`` comes back in a report (RFC 3461, 4.4); ``notify`` is when one is wanted (4.1)."""

    sender: str
    """Empty: nobody wants the bounce."""
    recipient: str
    content: bytes
    envid: str | None = None
    notify: tuple[str, ...] = ()


class Wording(Struct, frozen=True, kw_only=True):
    """A mail as it is said to one server."""

    mail: str
    rcpt: str
    body: bytes
    """With its last dot."""

    @property
    def commands(self) -> tuple[str, ...]:
        """All commands before the body."""
        return (self.mail, self.rcpt, "DATA")

    @property
    def group(self) -> bytes:
        """The same in one write."""
        return f"{self.mail}\r\n{self.rcpt}\r\nDATA\r\n".encode()


class Unsendable(InputError):
    """This server cannot be given this mail, and nothing of it was said: ``code``, ``status`` and ``stage`` as a server would."""

    def __init__(self, stage: str, code: int, status: str, text: str) -> None:
        super().__init__(text)
        self.stage, self.code, self.status, self.text = stage, code, status, text


_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>]")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")


def word(mail: Mail, offers: Mapping[str, str]) -> Wording:
    """Word a mail for a server that offers these extensions (lower-case keyword to its parameters).

    Raises:
        Unsendable: an address cannot be said; the mail is too large; it needs SMTPUTF8, which is not offered.
    """
    sender, recipient = _address("sender", mail.sender), _address("recipient", mail.recipient)
    body = _body(mail.content)
    size = len(body) - 3  # RFC 1870, 3: without the dot
    most = _most(offers)
    if most is not None and size > most:
        raise Unsendable("data", 552, "5.3.4", f"message of {size:,} bytes; this server takes at most {most:,}")
    parameters = [f"SIZE={size}"] if "size" in offers else []
    plain = mail.content.isascii()
    if not (sender.isascii() and recipient.isascii() and (plain or _HEAD_END.split(mail.content, 1)[0].isascii())):
        if "smtputf8" not in offers:
            raise Unsendable("sender", 550, "5.6.7", "SMTPUTF8 is not supported by this server, and this mail needs it")
        parameters.append("SMTPUTF8")
    if not plain and "8bitmime" in offers:
        parameters.append("BODY=8BITMIME")
    wishes = []
    if "dsn" in offers:
        parameters.append("RET=HDRS")
        if mail.envid:
            parameters.append(f"ENVID={_xtext(mail.envid)[:100]}")
        if mail.notify:
            wishes.append(f"NOTIFY={','.join(mail.notify)}")
    return Wording(
        mail=" ".join([f"MAIL FROM:<{sender}>", *parameters]), rcpt=" ".join([f"RCPT TO:<{recipient}>", *wishes]), body=body
    )


def _address(what: str, address: str) -> str:
    """Give an address as it is said: a domain beyond ASCII in its ASCII form (RFC 5891), nothing that could break the command."""
    if _FORBIDDEN.search(address) or len(address) > 320 or (what == "recipient" and not address):
        code, status = (553, "5.1.7") if what == "sender" else (553, "5.1.3")
        raise Unsendable(what, code, status, f"bad {what} address syntax")
    local, at, domain = address.rpartition("@")
    if domain.isascii() or not local.isascii():
        return address
    import idna  # noqa: PLC0415 - loaded only for domains beyond ASCII

    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise Unsendable(what, 553, "5.1.2", f"the {what}'s domain is not a valid name") from None


def _most(offers: Mapping[str, str]) -> int | None:
    """The largest message the server takes; ``None``: it does not say (RFC 1870, 4: 0 is no limit)."""
    said = offers.get("size", "").split()
    return int(said[0]) or None if said and said[0].isdecimal() and len(said[0]) < 19 else None


def _body(content: bytes) -> bytes:
    r"""Lines ended by CRLF, dots at their beginning doubled (RFC 5321, 4.5.2), the last dot.

    >>> _body(b"Subject: x\n\n.hidden\rend")
    b'Subject: x\r\n\r\n..hidden\r\nend\r\n.\r\n'
    """
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = _LINE_BREAK.sub(b"\r\n", content)
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n..")
    if content.startswith(b"."):
        content = b"." + content
    return content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")


def _xtext(text: str) -> str:
    """Encode for ENVID (RFC 3461, 4).

    >>> _xtext("a+b=c d")
    'a+2Bb+3Dc+20d'
    """
    return _NOT_XTEXT.sub(lambda match: "".join(f"+{byte:02X}" for byte in match[0].encode()), text)
