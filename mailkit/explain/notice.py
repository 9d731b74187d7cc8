"""The words of a bounce meant for people: where the notice ends and the returned mail begins, and whom it names as not reached.

Nothing here knows one program. A mail server names the failed addresses in few ways: alone on a line, in front of a colon or
dots, behind a label, in quotation marks or in a sentence about delivery. The most telling way that occurs is believed.
"""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["Named", "addresses", "divided", "named"]

_LINES = 400
_WIDTH = 1000

ADDRESS = re.compile(
    r"(?:\"[^\"\s@]{1,64}\"|[A-Za-z0-9!#$%&*+\-=?^_`{}~.]{1,64})@[A-Za-z0-9\-._]{1,200}[A-Za-z0-9\-_]|"
    r"[A-Za-z0-9!#$%&*+\-=?^_.]{1,64}@\[[0-9a-fA-F.:]{3,45}\]"
)
_HEADER = re.compile(r"[> ]{0,3}([A-Za-z][A-Za-z0-9\-]{1,40}) ?: ?\S?")
_KNOWN = frozenset(
    {
        "received",
        "return-path",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "reply-to",
        "dkim-signature",
        "content-transfer-encoding",
        "x-mailer",
        "user-agent",
        "x-originating-ip",
        "cc",
        "sender",
        "x-sender",
        "list-unsubscribe",
        "authentication-results",
        "received-spf",
        "thread-topic",
        "importance",
        "x-priority",
        "references",
        "in-reply-to",
        "precedence",
        "organization",
        "content-language",
        "thread-index",
        "arc-seal",
        "x-original-to",
    }
)
_TELLING = frozenset(
    {
        "received",
        "mime-version",
        "return-path",
        "content-type",
        "delivered-to",
        "dkim-signature",
        "content-transfer-encoding",
        "x-mailer",
        "user-agent",
    }
)
_ANNOUNCED = re.compile(
    r"[\s>*=_\-|.+#:]{0,80}(?:(?:this|here|below|following|included|attached|enclosed|the|a|your|start of|"
    r"begin|full)[\w ,']{0,40} )?"
    r"(?:(?:copy|header|headers|text|body|part|first|beginning|start|original|unsent|returned|undelivered|"
    r"rejected|failed|message|mail)[ ,]{1,3}){1,4}[\w .,'()]{0,60}[\s>*=_\-|.+#:]{0,80}$",
    re.IGNORECASE,
)

_GOES_ON = re.compile(r"deliver|recipient|reject|fail|reason|error|could not|cannot|unable", re.IGNORECASE)
_MACHINE = re.compile(r"[ \t]{0,4}(?:content-type: {0,4}message/|reporting-mta:|final-recipient ?:)", re.IGNORECASE)
_LABEL = re.compile(
    r"\s{0,40}[*>|\-#.]{0,3}\s{0,4}(?:(?:x-)?(?:final|original|actual|failed|intended|"
    r"envelope)?[ \-]?recipients?(?: ?address| ?name)?(?:\(s\))?|to|rcpt to|e-?mail(?: address)?|"
    r"address(?:ee)?|user|mailbox|undeliverable(?: address| to)?|failed(?: address| recipient| addresses)?|"
    r"unknown (?:user|address|recipient)|unable to deliver(?: message)? to|delivery failed(?: to)?|"
    r"could not (?:be )?deliver(?:ed)? (?:to|mail to)|not delivered to|invalid final delivery userid|(?:user|"
    r"recipient) unknown|mail to|message to|sent to|"
    r"destinataires?|destinatario|empf(?:ä|ae)nger|an|a|à|para|宛先|收件人|受信者|送信先|お客様|кому|получатель|ontvanger|"
    r"mottagare|modtager|odbiorca|adres(?:se)?|"
    r"adresse)\s{0,4}[:;=]\s{0,10}(?:rfc822\s?;\s?)?[<\"'(\[]{0,2}\s{0,2}(?:smtp:)?",
    re.IGNORECASE,
)
_WHOM = re.compile(
    r"(?:deliver|recipient|address|mailbox|undeliverable|unable|failed|failure|reject|unknown|not reach|"
    r"returned|user|account|bounce|could not|couldn't|cannot|can't|wasn't|delay|sent to|send to|mail to|"
    r"message to|message for|mail for|email to|"
    r"zugestellt|empf|remis|destinat|consegn|entreg|enviar|livr|配信|届|宛|送信|不能|发送|投递|退信|доставлен|доставить|"
    r"does not exist|not found)",
    re.IGNORECASE,
)
_HELPER = re.compile(
    r"(?:contact|assist|help|question|report|support|forward(?:ed)? to|please (?:send|write|mail|e-?mail)|ask |"
    r"for further|more information|administrator at|problem[s]? to|if you |queries|sender|from|on behalf|"
    r"de la part|postmaster|abuse|mailer-daemon|expéditeur|absender|remitente)[^<@]{0,60}$",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|abuse|noreply|no-reply|double-bounce|postoffice)@", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"(?:message-?id|\bid|msgid|reference|references|in-reply-to)\s?[:=]?\s?<?$", re.IGNORECASE)


_COMMAND = re.compile(r"rcpt to:?\s?<?$", re.IGNORECASE)
_BEFELL = re.compile(r"[> \"')]{0,4}(?:\.\.\.|[:;\[(\-,=|]|<mailto:|(?:is|has|was|does|on) |#?[45]\d\d\b|#<)")
_SAID = re.compile(r"^[^a-z]{0,4}[45]\d\d[ \-](?:[45]\.\d\.\d{1,3}[ \-])?.{0,40}$|<<<|>>>|said:")
_SHORT_LABELS = frozenset({"to", "a", "an", "à"})
"""Labels that may also stand in front of the one who is written to now."""
_AFTER_LABEL, _NAME = 200, 90


class Named(Struct, frozen=True):
    """A recipient that a notice names, and the lines that speak of it."""

    address: str
    about: str
    weight: int = 1
    """How telling the way is in which it is named, 1 to 6."""


def addresses(text: str) -> list[str]:
    """Give the addresses in a text, each once."""
    return list(dict.fromkeys(match[0] for match in ADDRESS.finditer(text[:_WIDTH])))


def divided(text: str) -> tuple[str, str | None]:
    """Divide a text into the notice and the mail it returns (``None``: nothing that looks like one)."""
    lines = text.split("\n")[: 4 * _LINES]
    for at, line in enumerate(lines):
        if _MACHINE.match(line):
            # The mail lost the header that said it had parts.
            _, back = divided("\n".join(lines[at + 1 :])) if at < len(lines) - 1 else ("", None)
            return "\n".join(lines[:at]), back
        match = _HEADER.match(line[:200])
        if match and match[1].lower() in _KNOWN and _heads(lines[at : at + 40]):
            above = at
            while (
                above
                and at - above < 4
                and (
                    not lines[above - 1].strip()
                    or (len(lines[above - 1]) < 120 and _ANNOUNCED.match(lines[above - 1]) and "@" not in lines[above - 1])
                )
            ):
                above -= 1
            return "\n".join(lines[:above]), "\n".join(lines[at : at + _LINES])
    return "\n".join(lines), None


def _heads(lines: list[str]) -> bool:
    """Tell whether these lines begin the header of a mail."""
    names: set[str] = set()
    for at, line in enumerate(lines):  # noqa: B007 - where it ends counts
        if not line.strip():
            break
        if line[:1] in " \t" and names:
            continue
        match = _HEADER.match(line[:200])
        if not match:
            break
        names.add(match[1].lower())
    else:
        at = len(lines)
    if len(names & _KNOWN) < 3:
        return False
    # A notice may name a few fields of the mail it is about, and go on; what comes back as a whole tells its way.
    return bool(names & _TELLING) or not any(_GOES_ON.search(line[:300]) for line in lines[at : at + 12])


def named(text: str, *, never: frozenset[str] = frozenset()) -> tuple[Named, ...]:
    """Find the recipients a notice names, in its order.

    Args:
        text: the notice, without the returned mail.
        never: addresses in lower case that are those of the sender or of a helper.
    """
    lines = [line[:_WIDTH].rstrip() for line in text.split("\n")[:_LINES]]
    found: dict[int, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        around = f"{lines[number - 1] if number else ''} {line}"
        for match in list(ADDRESS.finditer(line))[:8]:
            address = match[0].strip("'`.")
            if address.lower() in never:
                continue
            weight = _weight(line, match, around)
            if weight < 6 and _DAEMON.match(address):
                continue
            if weight:
                found.setdefault(weight, []).append((number, address))
    if not found:
        return ()
    most = max(found)
    chosen = found[most]
    seen: dict[str, int] = {}
    for number, address in chosen:
        seen.setdefault(address.lower(), number)
    starts = sorted(set(seen.values()))
    told = {address.lower(): address for _, address in reversed(chosen)}
    named_at: list[Named] = []
    for low, number in seen.items():
        after = next((start for start in starts if start > number), len(lines))
        named_at.append(Named(told[low], "\n".join(lines[number : min(after, number + 30)]), most))
    return tuple(named_at)


def _weight(line: str, match: re.Match[str], around: str) -> int:
    """Say how telling the way is in which an address is named (0: it is not the one)."""
    before, after = line[: match.start()], line[match.end() :]
    if _MESSAGE_ID.search(before) or after.startswith("/"):
        return 0
    if _COMMAND.search(before):
        return 5
    if not before.strip(" \t<>\"'(*-|#[•·\\"):
        # At the beginning of a line: alone, or followed by what befell it.
        return 6 if not after.strip(" \t<>\"')]|\\") or _BEFELL.match(after) else 4
    if _LABEL.fullmatch(before) and len(after) < _AFTER_LABEL:
        return 3 if before.strip().lower().rstrip(": ") in _SHORT_LABELS else 5
    if _SAID.search(before):
        return 3
    if before.endswith("mailto:"):
        return 6 if before.strip() in ("mailto:", "<mailto:") or ("<mailto:" in before and len(before) < _NAME) else 2
    if _HELPER.search(before):
        return 0
    return 3 if _WHOM.search(around) else 1
