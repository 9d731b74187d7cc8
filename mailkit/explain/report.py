"""The fields of a bounce meant for programs: delivery status (RFC 3464), feedback reports (RFC 5965), and notices in JSON."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from mailkit.explain.notice import ADDRESS

__all__ = ["Status", "from_json", "status_groups", "told_in"]

_RECIPIENTS = 1000
_FIELD = re.compile(r"[ \t]{0,8}([A-Za-z][A-Za-z0-9\-]{1,60})[ \t]{0,8}:[ \t]{0,8}(.*)")
_RECIPIENT_FIELDS = ("final-recipient", "x-actual-recipient", "original-recipient", "x-original-recipient")
_SOURCE_ROUTE = re.compile(r"^(?:@[^:@\s]{1,200}[,:])+")
_JSON = re.compile(r"\{\s{0,20}\\?\"")
_STATUS = re.compile(r"([245])\s?\.\s?(\d{1,3})\s?\.\s?(\d{1,3})")


class Status(Struct, frozen=True, kw_only=True):
    """What the fields say of one recipient. Unknown is ``None``."""

    recipient: str | None
    action: str | None = None
    status: str | None = None
    diagnostic: str | None = None
    remote: str | None = None
    kind: str | None = None
    """The type of the diagnostic: ``smtp``, ``x-unix``, …"""
    message_id: str | None = None


def told_in(text: str) -> list[dict[str, str]]:
    """Read groups of fields, a blank line between them; a field said twice keeps its first value."""
    groups: list[dict[str, str]] = [{}]
    last = ""
    for line in text.split("\n")[:4000]:
        if not line.strip():
            if groups[-1]:
                groups.append({})
            last = ""
        elif (
            line[0] in " \t"
            and last
            and not _FIELD.match(
                line[:200].strip()
                if ":" in line[:30] and line.strip()[:6].lower() in ("final-", "action", "status", "diagno", "origin")
                else ""
            )
        ):
            if len(groups[-1][last]) < 4000:
                groups[-1][last] += "\n" + line.strip()
        elif match := _FIELD.match(line[:4000]):
            last = match[1].lower()
            if last in groups[-1] and last == "final-recipient":
                groups.append({})
            groups[-1].setdefault(last, match[2].strip())
        if len(groups) > _RECIPIENTS:
            break
    return [group for group in groups if group]


def status_groups(text: str) -> tuple[Status, ...]:
    """Read the fields of a ``message/delivery-status`` part."""
    groups = told_in(text)
    whole: dict[str, str] = {}
    found: list[Status] = []
    for group in groups:
        if (
            not {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "x-actual-recipient"}
            & group.keys()
        ):
            whole.update(group)
            continue
        if not {"final-recipient", "original-recipient", "x-actual-recipient", "x-final-recipient"} & group.keys():
            # A group that lost its recipient to a stray blank line belongs to the one before.
            if found and found[-1].action is None and found[-1].status is None:
                found[-1] = msgspec.structs.replace(_one(group, whole), recipient=found[-1].recipient)
                continue
            if not {"status", "diagnostic-code"} & group.keys():
                whole.update(group)
                continue
        found.append(_one({**group}, whole))
    return tuple(found)


def _one(group: dict[str, str], whole: dict[str, str]) -> Status:
    names = [told for name in _RECIPIENT_FIELDS if (told := _recipient(group.get(name, ""))) is not None]
    # A final recipient of one label ("user@server") is a name inside the last machine.
    recipient = next((told for told in names if "." in told.rpartition("@")[2]), next(iter(names), None))
    kind, semicolon, rest = group.get("diagnostic-code", "").partition(";")
    said = rest.strip() if semicolon and len(kind) < 20 and " " not in kind.strip() else group.get("diagnostic-code", "")
    status = _STATUS.search(group.get("status", ""))
    remote = group.get("remote-mta", "").partition(";")[2].strip() or group.get("remote-mta", "")
    return Status(
        recipient=recipient,
        action=next(iter(group.get("action", "").lower().replace("(", " ").split()), None),
        status=f"{status[1]}.{status[2]}.{status[3]}" if status else None,
        diagnostic=said.strip() or None,
        remote=remote.split("[")[0].split("(")[0].strip().rstrip(".").lower() or None,
        kind=kind.strip().lower() if semicolon else None,
        message_id=group.get("original-message-id") or whole.get("original-message-id") or whole.get("x-original-message-id"),
    )


def _recipient(value: str) -> str | None:
    told = value.partition(";")[2] if ";" in value[:20] else value
    told = _SOURCE_ROUTE.sub("", told.strip().strip("<>").strip())
    match = ADDRESS.search(told[:600])
    return match[0] if match else None


def from_json(text: str) -> tuple[str, tuple[Status, ...]] | None:
    """Read a notice in JSON as sending services write it: its kind (``bounce``, ``complaint``, ``delivery``) and recipients."""
    begin = text.find("{")
    if begin < 0 or '"' not in text[begin : begin + 40] or "ecipient" not in text:
        return None
    try:
        document: Any = msgspec.json.decode(text[begin : text.rfind("}") + 1].encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    for _ in range(3):
        if isinstance(document, dict) and isinstance(document.get("Message"), str):
            try:
                document = msgspec.json.decode(document["Message"])
            except (msgspec.DecodeError, RecursionError):
                return None
    if not isinstance(document, dict):
        return None
    for kind, key in (("bounce", "bouncedRecipients"), ("complaint", "complainedRecipients"), ("delivery", "recipients")):
        inner = document.get(kind)
        if isinstance(inner, dict) and isinstance(inner.get(key), list):
            mail = document.get("mail")
            message_id = mail.get("messageId") if isinstance(mail, dict) else None
            return kind, tuple(_json_recipient(one, inner, message_id) for one in inner[key][:_RECIPIENTS])
    return None


def _json_recipient(one: object, inner: dict[str, Any], message_id: object) -> Status:
    told = one if isinstance(one, dict) else {"emailAddress": one}
    text = {name: value for name, value in told.items() if isinstance(value, str)}
    said = text.get("diagnosticCode", "")
    _, semicolon, rest = said.partition(";")
    hint = f"{inner.get('bounceType', '')} {inner.get('bounceSubType', '')}" if not said else ""
    return Status(
        recipient=_recipient(text.get("emailAddress", "")),
        action=text.get("action"),
        status=text.get("status") if _STATUS.fullmatch(text.get("status", "")) else None,
        diagnostic=(rest if semicolon else said).strip()
        or ("recipient is on the suppression list" if "Suppress" in hint else None),
        message_id=message_id if isinstance(message_id, str) else None,
    )
