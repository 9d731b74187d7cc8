"""What Postfix says at the door: mail, or one recipient of it, that was not let in, or was let in and held.

Such a refusal has no message yet, so the refusals of one day, client, sender and recipient are one delivery.
"""

from __future__ import annotations

import re
from datetime import datetime

from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.identity import key_of
from mailkit.history.importing.queue import Message
from mailkit.history.importing.reading import Given
from mailkit.journal.delivery import State
from mailkit.journal.event import Event

__all__ = ["refused"]

_DOOR = re.compile(rb"(\w{5,30}): (?:milter-)?(reject|discard|hold): (.*)", re.DOTALL)
_ENVELOPE = re.compile(rb"; from=<(.*?)>,?(?: to=<(.*?)>)?(?=,? (?:proto|helo)=|: |$)")
_CLIENT = re.compile(rb"from [^\[\s]{0,255}\[([0-9a-fA-F.:]{2,45})\](?::\d+)?[:;]")
_CODES = re.compile(r"([245]\d\d)?[ \-]?(?:([245]\.\d{1,3}\.\d{1,3})(?=\W|$))?")
_CONTENT = (b"header ", b"body ", b"mime-header ", b"nested-header ")
_STAGES = {
    b"CONNECT": "connect",
    b"EHLO": "ehlo",
    b"HELO": "ehlo",
    b"MAIL": "sender",
    b"RCPT": "recipient",
    b"DATA": "data",
    b"END-OF-MESSAGE": "data",
    b"header": "data",
    b"body": "data",
}
_NOTES = {
    b"reject": "this server did not take it",
    b"discard": "this server took it and threw it away",
    b"hold": "this server took it and holds it",
}


def refused(rest: bytes, *, line: bytes, moment: datetime, host: str, message: Message | None, given: Given) -> Event | None:
    """Make the event of a line such as ``NOQUEUE: reject: RCPT from …``; none where there was no mail yet.

    Args:
        rest: what follows the program's name.
        line: all of it.
        moment: when.
        host: which server.
        message: the one meant, where it is known.
        given: see there.
    """
    told, envelope = _DOOR.match(rest), _ENVELOPE.search(rest)
    if told is None or envelope is None:  # at the connection or the greeting
        return None
    _, action, text = told.groups()
    client = _CLIENT.search(text)
    said = clean(text[client.end() :].partition(b"; from=<")[0] if client else text.partition(b"; from=<")[0]).strip()
    if text.startswith(_CONTENT):
        said = clean(rest[envelope.end() :].rpartition(b">: ")[2]) or said
    sender = address(envelope[1]) or "<>"
    recipient = address(envelope[2]) if envelope[2] is not None else None
    state: State = "pending" if action == b"hold" else "skipped" if action == b"discard" else "rejected"
    if state == "rejected" and said.startswith("4"):
        state = "deferred"
    tried = state in ("rejected", "deferred")
    why = given.reasons.of(said) if tried else None
    codes = _CODES.match(said)
    at = clean(client[1], 60) if client else None
    message_id = message.message_id if message else None
    named = ("door", host, at, sender, moment.date().isoformat(), "" if recipient else said)
    return Event(
        moment=moment,
        delivery_id=given.identity.of(message_id, recipient, *named),
        state=state,
        source="postfix",
        source_key=key_of(line),
        attempt=1 if tried else None,
        message_id=message_id,
        sender=sender,
        recipient=recipient,
        recipient_domain=domain_of(recipient),
        account=message.account if message else None,
        stage=_STAGES.get(text.partition(b" ")[0], why.stage if why else None),
        reply_code=int(codes[1]) if codes and codes[1] else None,
        enhanced_code=codes[2] if codes else None,
        reply=said or None,
        reason=why.reason if why else None,
        cause=why.cause if why else None,
        note=_NOTES[action] + (f" (client {at})" if at else ""),
    )
