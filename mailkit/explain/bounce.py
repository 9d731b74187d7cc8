"""Reading a bounce: whom it is about, why, in whose words. A chain of decoders, each sure or silent.

The order: feedback report, notice in JSON, delivery-status fields, words for people. Whatever decodes it, the causes come from
:mod:`mailkit.explain.explanation`. A mail that is no bounce says so. A bounce can be forged: ``message_id`` names the mail it is
about, and only if that is one of ours is it known to answer one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mailkit.explain.explanation import Explanation, judge
from mailkit.explain.fact import BounceReading, Fact, Kind
from mailkit.explain.notice import ADDRESS, addresses, divided, named
from mailkit.explain.report import Status, from_json, status_groups, told_in
from mailkit.explain.rule import Rules
from mailkit.explain.signs import shows
from mailkit.explain.vocabulary import causes, on_screens, reasons
from mailkit.finding import Product
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    from mailkit.explain.letter import Letter

__all__ = ["read_bounce"]


_TEXT = 1200
"""Characters of a text that are explained at a time."""
_HELD = 60_000
"""Bytes of a mail that is nothing but another mail."""
_FACTS = 500
_ENOUGH = 3
"""Signs that make a mail a bounce; with hardly more than these it also has to name somebody and say why."""
_WORTH = 8
"""Characters beside an address that may say something."""
_PLAIN = 5
"""Weight of an address named so plainly that it is meant even when the returned mail names others."""
_ANSWER = re.compile(r"\s*(?:re|aw|sv|antw|rif|fwd?|wg|tr) ?:", re.IGNORECASE)

_REPLY_TO = re.compile(r"(?:in\s+reply\s+to|after)\s+(?:end\s+of\s+data|mail\s+from|rcpt\s+to|data|ehlo|helo)", re.IGNORECASE)
_DATA_REFUSED = re.compile(r"(?im)^\s{0,8}>>> {0,3}data\b[^\n]{0,40}\n\s{0,8}<<< {0,3}[45]\d\d")
"""DATA shown in a notice, with the refusal it met."""
_PIPELINED = re.compile(r"^\s{0,8}<<< {0,3}503|need rcpt|valid rcpt|valid recipient", re.IGNORECASE | re.MULTILINE)
"""Signs that DATA was only sent along with a recipient that was refused."""
_CODED = re.compile(r"(?m)(?:^|[\s:'\"<(])[45][0-5]\d[ \-](?:[45]\.\d\.\d|<|[A-Za-z])")
_AT_RECIPIENT = re.compile(
    r"rcpt|recipient address rejected|(?:not|n't) like recipient|recipient (?:was )?rejected|\(state 1[2-4]\)|domino|directory",
    re.IGNORECASE,
)
"""Words that show a refusal to be an answer to RCPT."""
_OTHER_THINGS = frozenset({"7.1", "2.1"})
"""Status codes, without their class, that speak of policy or of a mailbox that exists."""
_GOOD = frozenset({"delivered", "relayed", "expanded", "deliverable"})
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}@[^<>\s]{1,300}>")


def read_bounce(raw: bytes, *, rules: Rules | None = None, product: Product | None = None) -> BounceReading:
    """Read a mail; no input raises."""
    from mailkit.explain.letter import opened  # noqa: PLC0415 - the parser of mails loads the network, which explaining texts needs not

    letter = opened(raw)
    if letter.kind == "message/rfc822" and letter.returned is None:  # as some send complaints: nothing but the mail complained of
        letter = replace(letter, returned=raw[:_HELD].decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")[2])
    reader = _Reader(letter, rules, product)
    for decoder in (reader.complaint, reader.json, reader.status, reader.away, reader.words):
        if (reading := decoder()) is not None:
            return reading
    if forwarded := _forwarded(letter.said):
        return read_bounce(forwarded, rules=rules, product=product)
    return BounceReading(kind="ordinary", date=letter.header.get("date"))


def _forwarded(text: str) -> bytes | None:
    """Give the mail that somebody forwarded as a quotation, when it looks like a bounce."""
    lines = [line[1:].removeprefix(" ") for line in text.split("\n")[:600] if line.startswith(">")]
    begin = next((at for at, line in enumerate(lines[:40]) if re.match(r"from: ?\S", line, re.IGNORECASE)), None)
    if begin is None or not shows("daemon", lines[begin]):
        return None
    return "\n".join(lines[begin:]).encode("utf-8", "replace")


class _Reader:
    """One mail while it is read."""

    def __init__(self, letter: Letter, rules: Rules | None, product: Product | None) -> None:
        self._letter, self._rules, self._product = letter, rules, product
        self._header = letter.header
        self._notice, cut = divided(letter.said)
        self._returned = letter.returned or cut
        self._back = told_in(self._returned.split("\n\n")[0])[:1] if self._returned and self._returned.strip() else []
        self._subject = self._header.get("subject", "")

    # ── decoders ──────────────────────────────────────────────────────────────────────────────────────────────────

    def complaint(self) -> BounceReading | None:
        """A feedback report (RFC 5965)."""
        fields = self._letter.feedback
        if fields is None and (match := re.search(r"(?im)^x-hmxmroriginalrecipient:[^\n]*", self._returned or self._letter.said)):
            fields = "Original-Rcpt-To:" + match[0].partition(":")[2]
        if fields is None and not (self._letter.report == "feedback-report" or (match := _inline_feedback(self._letter.said))):
            return None
        if fields is None:
            fields = match.group(0) if self._letter.report != "feedback-report" and match else ""
        told: dict[str, str] = {}
        recipients: list[str] = []
        for line in fields.split("\n"):
            name, _, value = line.partition(":")
            name = name.strip().lower()
            told.setdefault(name, value.strip())
            if name in ("original-rcpt-to", "removal-recipient"):
                recipients += addresses(value)
        if not recipients:
            recipients = [one for field in ("to", "delivered-to", "x-original-to") for one in addresses(self._original(field))][
                :1
            ]
        fact = self._nothing("complaint", "feedback")
        facts = tuple(replace(fact, recipient=one) for one in dict.fromkeys(recipients)) or (fact,)
        return self._reading("complaint", facts, "feedback-report")

    def json(self) -> BounceReading | None:
        """A sending service's notice in JSON."""
        told = from_json(self._letter.said) if "{" in self._letter.said[:4000] else None
        if told is None:
            return None
        kind, groups = told
        if kind == "bounce":
            return self._reading("bounce", tuple(self._fact(one, "") for one in groups), "json")
        cause, reason = ("complaint", "feedback") if kind == "complaint" else ("delivered", "delivered")
        facts = tuple(replace(self._nothing(cause, reason), recipient=one.recipient) for one in groups)
        return self._reading("complaint" if kind == "complaint" else "delivered", facts, "json")

    def status(self) -> BounceReading | None:
        """The fields of RFC 3464, in a part of their own or in the middle of a text."""
        fields = "\n\n".join(self._letter.fields)
        if not fields and re.search(r"(?im)^[ \t]{0,8}(?:final|original)-recipient[ \t]?:", self._letter.said):
            fields = self._letter.said
        groups = [one for one in status_groups(fields) if one.action or one.status or one.diagnostic] if fields else []
        if not groups:
            return None
        if not any(one.recipient for one in groups):
            names = (
                [one.address for one in named(self._notice, never=self._never())]
                or self._failed()
                or addresses(self._original("to"))[:1]
            )
            groups = [replace(one, recipient=names[at] if at < len(names) else None) for at, one in enumerate(groups)]
            if not any(one.recipient for one in groups) and not any(one.diagnostic or one.status for one in groups):
                return None
        about = {one.address.lower(): one.about for one in named(self._notice, never=frozenset())}
        facts: dict[str, Fact] = {}
        for one in groups[:_FACTS]:
            if one.action in _GOOD and (one.status or "2").startswith("2"):
                fact = replace(self._nothing("delivered", "delivered"), recipient=one.recipient, status=one.status)
            else:
                fact = self._fact(one, about.get((one.recipient or "").lower(), ""))
            key = (one.recipient or "").lower()
            if (
                key not in facts
                or (facts[key].bounce == "none")
                or (facts[key].reason in ("onhold", "undefined") and fact.reason not in ("onhold", "undefined"))
            ):
                facts[key] = fact
        actions = {one.action for one in groups}
        kind: Kind = (
            "delivered"
            if all(fact.bounce == "none" for fact in facts.values())
            else "delay"
            if actions == {"delayed"}
            else "bounce"
        )
        return self._reading(kind, tuple(facts.values()), "delivery-status")

    def away(self) -> BounceReading | None:
        """An automatic answer of a person's mailbox."""
        sent_by = self._header.get("from", "")
        auto = self._header.get("auto-submitted", "").lower()
        replied = (
            auto.startswith("auto-replied")
            or any(
                name in self._header for name in ("x-autoreply", "x-autorespond", "x-autogenerated", "x-auto-response-suppress")
            )
            or self._header.get("precedence", "").lower().strip() == "auto_reply"
        )
        if self._letter.kind == "multipart/report" or "x-failed-recipients" in self._header:
            return None
        if not (shows("away", self._subject) or replied) or (shows("daemon", sent_by) and not shows("away", self._subject)):
            return None
        if (shows("subject", self._subject) or shows("list", sent_by)) and not shows("away", self._subject):
            return None
        if not (shows("away", self._subject) or auto.startswith("auto-replied") or "x-autoreply" in self._header):
            return None
        fact = replace(
            self._nothing("absent", "vacation"), recipient=next(iter(addresses(sent_by)), None), words=_shown(self._notice)
        )
        return self._reading("vacation", (fact,), "automatic-answer")

    def words(self) -> BounceReading | None:
        """Words for people, of whatever program."""
        weight = self._weight()
        if weight < _ENOUGH:
            return None
        never = self._never()
        found = named(self._notice, never=never)
        failed = self._failed()
        near = {one.address.lower() for one in found}
        original = [
            one for field in ("to", "cc", "bcc", "x-original-to", "delivered-to") for one in addresses(self._original(field))
        ]
        if failed and (not found or near & {one.lower() for one in failed}):
            told = [(one, next((other.about for other in found if other.address.lower() == one.lower()), "")) for one in failed]
        elif found:
            returned = {one.lower() for one in original}
            both = (
                [one for one in found if one.address.lower() in returned]
                if len(found) > len(returned) and found[0].weight < _PLAIN
                else []
            )
            told = [(one.address, one.about) for one in both or found]
        else:
            again = named(self._notice, never=never - self._sender())
            told = (
                [(one.address, one.about) for one in again]
                or [(one, "") for one in original if one.lower() not in never][:1]
                or [(one, "") for one in self._received_for()]
                or [(one, "") for one in addresses(self._subject) if one.lower() not in never]
            )
        facts = (
            tuple(self._fact(Status(recipient=one), about) for one, about in dict(told[:_FACTS]).items())
            if told
            else (self._fact(Status(recipient=None), ""),)
        )
        if weight <= _ENOUGH + 1 and not any(_says_something(fact) for fact in facts):
            return None
        late = shows("delayed", self._subject) or shows("delayed", self._notice) or all(fact.cause == "delayed" for fact in facts)
        kind: Kind = "delay" if late and not any(fact.bounce == "hard" for fact in facts) else "bounce"
        return self._reading(kind, facts, "words")

    # ── what they need ────────────────────────────────────────────────────────────────────────────────────────────

    def _weight(self) -> int:
        """Count what makes a mail look like a bounce."""
        header = self._header
        sent_by = header.get("from", "") + " " + header.get("sender", "")
        path = header.get("return-path")
        notice = self._notice[:4000]
        titled = shows("subject", self._subject)
        machine = shows("daemon", sent_by) or sent_by.strip() in ("", "<>") or (titled and shows("list", sent_by))
        failing = shows("failing", notice)
        nobody = path is not None and (path.strip() in ("<>", "", "<#@[]>") or "MAILER-DAEMON" in path.upper())
        failed = "x-failed-recipients" in header
        if not (machine or titled or failed or (nobody and self._returned)):
            return 0
        if not (machine or nobody or failed) and _ANSWER.match(self._subject):
            return 0  # people write about bounces
        return (
            2 * machine
            - (not (machine or nobody or failed))
            + titled
            + nobody
            + failing
            + 3 * failed
            + (self._returned is not None)
            + 2 * (titled and failing and self._is_ours())
            + (_CODED.search(notice) is not None)
            + (self._letter.kind == "multipart/report")
            - 2 * (not failing and not titled)
            - 2 * ("list-id" in header or "list-unsubscribe" in header)
        )

    def _is_ours(self) -> bool:
        """Tell whether what came back was sent by the one who is written to now."""
        ours = addresses(self._header.get("to", ""))[:1]
        return bool(ours) and ours[0].lower() in self._original("from").lower()

    def _failed(self) -> list[str]:
        return addresses(self._header.get("x-failed-recipients", "") + " " + self._header.get("x-failed-recipient", ""))

    def _original(self, field: str) -> str:
        return self._back[0].get(field, "") if self._back else ""

    def _sender(self) -> frozenset[str]:
        told = [
            self._header.get("to", ""),
            self._header.get("delivered-to", ""),
            self._header.get("envelope-to", ""),
            self._original("from"),
            self._original("return-path"),
            self._original("reply-to"),
            self._original("sender"),
        ]
        return frozenset(one.lower() for text in told for one in addresses(text))

    def _never(self) -> frozenset[str]:
        told = [
            self._header.get("from", ""),
            self._header.get("reply-to", ""),
            self._header.get("message-id", ""),
            self._original("message-id"),
        ]
        return self._sender() | frozenset(one.lower() for text in told for one in addresses(text))

    def _received_for(self) -> list[str]:
        match = re.search(r"for\s{1,9}<([^<>\s]{3,200})>", self._returned or "")
        return [match[1]] if match and "@" in match[1] and match[1].lower() not in self._sender() else []

    def _message_id(self) -> str | None:
        for text in (
            self._original("message-id"),
            self._header.get("in-reply-to", ""),
            next(iter(self._header.get("references", "").split()[-1:]), ""),
        ):
            if match := _MESSAGE_ID.search(text[:2000]):
                return match[0]
        return None

    def _reading(self, kind: Kind, facts: tuple[Fact, ...], decoder: str) -> BounceReading:
        return BounceReading(
            kind=kind, facts=facts, message_id=self._message_id(), decoder=decoder, date=self._header.get("date")
        )

    def _nothing(self, cause: str, reason: str) -> Fact:
        """Give a fact of a mail that refuses nothing."""
        told = causes()[cause]
        return Fact(
            recipient=None,
            reason=reason,
            bounce=reasons()[reason].bounce,
            class_="",
            status=None,
            replycode=None,
            cause=cause,
            family=reasons()[reason].family,
            retry_helps=told.retry_helps,
            address_dead=None,
            provider=None,
            remote=None,
            words=None,
            summary=told.summary,
            fix=told.fix + (on_screens(told.on(self._product)) if self._product else ()),
            confidence="sure",
        )

    def _fact(self, told: Status, about: str) -> Fact:
        """Explain what befell one recipient, from the most particular words to the most general."""
        chosen = self._explained(told, about)
        status = chosen.enhanced_code or told.status
        first = (told.status or "")[:1] if not chosen.enhanced_code else chosen.enhanced_code[0]
        digit = first or str(chosen.reply_code or "")[:1]
        reason = chosen.reason
        dead = chosen.address_dead
        if reason == "userunknown" and self._unproven(chosen, told, about):
            reason, dead = "filtered", None
        bounce = reasons()[reason].bounce
        if reason == "notaccept" and digit == "4":
            bounce = "soft"
        return Fact(
            recipient=told.recipient,
            reason=reason,
            bounce=bounce,
            class_={"4": "temporary", "5": "permanent"}.get(digit, ""),
            status=status,
            replycode=str(chosen.reply_code) if chosen.reply_code else None,
            cause=chosen.cause,
            family=reasons()[reason].family,
            retry_helps=chosen.retry_helps,
            address_dead=dead,
            provider=chosen.provider,
            remote=told.remote,
            words=_shown(told.diagnostic or about or self._notice),
            summary=chosen.summary,
            fix=chosen.fix,
            confidence=chosen.confidence,
            matched=chosen.matched,
        )

    def _unproven(self, chosen: Explanation, told: Status, about: str) -> bool:
        """Tell whether it was only said that there is no such user, of which nothing shows that it was an answer to RCPT.

        Filters say so too, and after the whole mail; such a reply, relayed without its command and with no status code, or with
        the code of another thing, is no reason to strike off an address.
        """
        status = chosen.enhanced_code or told.status
        if not chosen.reply_code or chosen.cause != "recipient_unknown" or (status and status[2:] not in _OTHER_THINGS):
            return False
        return not any(_AT_RECIPIENT.search(text) for text in (told.diagnostic or "", about, self._notice))

    def _explained(self, told: Status, about: str) -> Explanation:
        coded: Explanation | None = None
        vague: Explanation | None = None
        seen: set[str] = set()
        for text, status in self._texts(told, about):
            if text in seen:
                continue
            seen.add(text)
            said = self._judged(text, told, status)
            if coded is None and (said.reply_code or said.enhanced_code):
                coded = said
            if said.confidence != "guess":
                return _with_codes(said, coded)
            if vague is None and said.matched is not None and said.cause != "unclear":
                vague = said
        if told.status and (said := self._judged(told.status, told, None)).cause != "unclear":
            if said.confidence != "guess":
                return _with_codes(said, coded)
            vague = vague or said
        if told.action == "delayed":
            return self._judged("delivery delayed", told, None)
        return _with_codes(vague or coded or self._judged(self._notice or "?", told, told.status), coded)

    def _texts(self, told: Status, about: str) -> Iterator[tuple[str, str | None]]:
        """Give the texts that may tell why, the most particular first, with a status code told apart."""
        if diagnostic := _diagnostic(told, about, self._notice):
            yield diagnostic, told.status
        if about.strip():
            yield _spoken(about) or _beside(about) or about, None
            yield about, None
        yield _transcript(self._notice) or "?", None
        yield self._notice or "?", None
        yield self._subject or "?", None

    def _judged(self, text: str, told: Status, status: str | None) -> Explanation:
        return judge(text[:_TEXT], host=told.remote, rules=self._rules, client=False, product=self._product, status=status)


def _says_something(fact: Fact) -> bool:
    return fact.recipient is not None and bool(fact.cause != "unclear" or fact.replycode or fact.status)


def _diagnostic(told: Status, about: str, notice: str) -> str | None:
    """Give the diagnostic with what else is known of it: its type, and the command it answered."""
    if not told.diagnostic:
        return None
    if told.kind == "x-unix":
        return f"x-unix; {told.diagnostic}"
    command = _REPLY_TO.search(about) or _REPLY_TO.search(notice)
    if command is None and _DATA_REFUSED.search(notice) and not _PIPELINED.search(notice):
        return f"{told.diagnostic} (in reply to data)"
    return told.diagnostic if command is None else f"{told.diagnostic} ({' '.join(command[0].split())})"


def _spoken(text: str) -> str:
    """Give the server's lines of a session shown in a notice."""
    told: list[str] = []
    speaking = False
    for line in text.split("\n") if "<<<" in text else ():
        begins = line.lstrip().startswith("<<<")
        speaking = begins or (speaking and bool(line.strip()) and not line.lstrip().startswith((">>>", "---")))
        if speaking:
            told.append(line.strip().removeprefix("<<<").strip())
    return "\n".join(told)


def _beside(text: str) -> str:
    """Give what stands with an address before the first blank line, when that is more than the address."""
    told = text.strip("\n").split("\n\n")[0]
    return told if len(ADDRESS.sub("", told).strip(" \t\n<>:;.()[]*-")) >= _WORTH else ""


def _transcript(text: str) -> str:
    """Give the lines of a notice in which a server speaks."""
    lines = [
        line.strip()
        for line in text.split("\n")
        if re.search(r"(?:^|[\s'\"<:(#])[45]\d\d[ \-]|<<<|said:|reason:|error:|\b[45]\.\d\.\d", line, re.IGNORECASE)
    ]
    return "\n".join(lines[:12])


def _with_codes(said: Explanation, coded: Explanation | None) -> Explanation:
    """Keep the codes of the most particular text that had some."""
    if coded is None or coded is said or said.reply_code or said.enhanced_code:
        return said
    return replace(said, reply_code=coded.reply_code, enhanced_code=coded.enhanced_code, temporary=coded.temporary)


def _inline_feedback(text: str) -> re.Match[str] | None:
    return re.search(r"(?im)^feedback-type:[^\n]*(?:\n[^\n]+)*", text)


def _shown(text: str) -> str | None:
    told = " ".join(text[:2000].split())
    return visible(shorten(told, 400)) if told else None
