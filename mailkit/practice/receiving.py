"""What a practice receiver writes: the lines on top of a mail that arrives, and the notice of one that comes back.

Works for :mod:`mailkit.practice.postman`, which decides what becomes of a mail.
"""

from __future__ import annotations

from datetime import datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime

from mailkit.practice.addresses import LOCAL_DOMAINS
from mailkit.practice.mailbox import Message

__all__ = ["notice", "on_arrival"]

_RECEIVERS = {"hotel.test": "mx1.hotel.test", "builder.test": "mx.builder.test"}
"""Hosts that take the mail of a domain in; other domains' mail stays at the server that accepted it."""
_POLICY = {"hotel.test": "quarantine", "builder.test": "none"}
"""The DMARC policies in the practice zone."""
_HEADER_LIMIT = 65536


def on_arrival(message: Message, received: str, moment: datetime, *, vouched: bool) -> str:
    """Give the lines that come on top of a mail, the newest first.

    Args:
        message: as it was accepted.
        received: the Received line of the server that accepted it.
        moment: when it arrives.
        vouched: SPF and DMARC pass, where the sender's domain is a practice domain.
    """
    receiver = _receiver(message)
    top = f"Return-Path: <{message.sender}>\r\nDelivered-To: {message.recipient}\r\n"
    result = _result(message, receiver, vouched=vouched)
    if message.user is None or receiver == message.server:
        return top + received + result
    # Somebody logged in and handed it in: the receiver got it from that server.
    return (
        f"{top}Received: from {message.server} ({message.server} [127.0.0.1])\r\n"
        f"\tby {receiver} (mailkit practice) with ESMTPS id {message.queue_id}\r\n"
        f"\tfor <{message.recipient}>; {format_datetime(moment)}\r\n{result}{received}"
    )


def notice(message: Message, reply: str, moment: datetime) -> bytes:
    """Give the notice of failure (RFC 3464) that goes to the envelope sender; ``reply`` is ``550 5.1.1 …``."""
    receiver = _receiver(message)
    status = reply.split(" ", 2)[1]
    mark = f"{message.queue_id}.{receiver}"
    said = (
        f"This is the mail system at host {receiver}.\n\n"
        "I'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients. Its header is attached below.\n\n"
        f"<{message.recipient}>: host mailstore.{receiver} said:\n    {reply} (in reply to RCPT TO command)\n"
    )
    fields = (
        f"Reporting-MTA: dns; {receiver}\nX-Practice-Queue-ID: {message.queue_id}\n"
        f"Arrival-Date: {format_datetime(message.received)}\n\n"
        f"Final-Recipient: rfc822; {message.recipient}\nAction: failed\nStatus: {status}\n"
        f"Remote-MTA: dns; mailstore.{receiver}\nDiagnostic-Code: smtp; {reply}\n"
    )
    header = message.content.partition(b"\r\n\r\n")[0][:_HEADER_LIMIT].decode("utf-8", "replace").replace("\r\n", "\n")
    parts = (("text/plain; charset=us-ascii", said), ("message/delivery-status", fields), ("text/rfc822-headers", header))
    body = "".join(f"--{mark}\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
    letter = (
        f"Return-Path: <>\nDelivered-To: {message.sender}\n"
        f"Received: by {receiver} (mailkit practice) id {message.queue_id}B; {format_datetime(moment)}\n"
        f"Date: {format_datetime(moment)}\nFrom: MAILER-DAEMON@{receiver} (Mail Delivery System)\n"
        f"Subject: Undelivered Mail Returned to Sender\nTo: {message.sender}\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{mark}"\n'
        f"Message-ID: <{message.queue_id}.notice@{receiver}>\n\n"
        f"This is a MIME-encapsulated message.\n\n{body}--{mark}--\n"
    )
    return letter.replace("\n", "\r\n").encode("utf-8", "replace")


def _receiver(message: Message) -> str:
    return _RECEIVERS.get(message.recipient.rpartition("@")[2].lower(), message.server)


def _result(message: Message, receiver: str, *, vouched: bool) -> str:
    """What the receiver found out about the sender (RFC 8601). Nothing is signed here, so DKIM is none."""
    header = BytesHeaderParser().parsebytes(message.content[:_HEADER_LIMIT])
    shown = _name(str(header.get("From", "")).rpartition("@")[2].strip("> \r\n\t"))
    domain = _name(message.sender.rpartition("@")[2])
    spf = "none" if domain not in LOCAL_DOMAINS else "pass" if vouched else "softfail"
    dmarc = "none"
    if shown in _POLICY:
        dmarc = f"{'pass' if shown == domain and spf == 'pass' else 'fail'} (p={_POLICY[shown]})"
    return (
        f"Authentication-Results: {receiver};\r\n\tspf={spf} smtp.mailfrom={domain or 'postmaster'};\r\n"
        f"\tdkim=none;\r\n\tdmarc={dmarc} header.from={shown or 'unknown'}\r\n"
    )


def _name(domain: str) -> str:
    """A domain without anything that could end the line or the word it is put in."""
    return "".join(one for one in domain.lower() if one.isalnum() or one in ".-")[:253]
