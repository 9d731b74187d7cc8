"""Judge sender and recipient: what MAIL FROM and RCPT TO were answered, whatever the answer is really about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from mailkit.diagnosis.case import Opinion, Place, said
from mailkit.diagnosis.dns import is_address
from mailkit.diagnosis.session import refusal, trouble
from mailkit.observation import EhloStage, GreetingStage, RecipientStage, SenderStage

__all__ = ["judge_envelope"]


def judge_envelope(place: Place) -> Iterator[Opinion]:
    """Judge sender and recipient at one address."""
    for sender in place.all(SenderStage):
        yield from _sender(place, sender)
    for recipient in place.all(RecipientStage):
        yield from _recipient(place, recipient)


def _sender(place: Place, stage: SenderStage) -> Iterator[Opinion]:
    facts: dict[str, Any] = {"sender": f"<{stage.sender}>", "authenticated": stage.authenticated}
    if stage.ok and stage.reply is not None:
        yield Opinion(code="sender.ok", place=place, at="sender", evidence={**said(stage.reply), **facts})
    elif stage.reply is not None:
        yield from refusal(place, stage.reply, stage="sender", at="sender", encrypted=stage.encrypted, facts=facts)
    elif stage.problem is None:
        # Nothing was asked: the address cannot be written in what this server understands.
        evidence = {**facts, "observed": stage.problem_text}
        yield Opinion(code="sender.syntax", place=place, at="sender", variant="not-ascii", evidence=evidence, blocks=True)
    else:
        yield from trouble(place, stage, "sender")


def _recipient(place: Place, stage: RecipientStage) -> Iterator[Opinion]:
    facts: dict[str, Any] = {
        "recipient": f"<{stage.recipient}>",
        "sender": f"<{stage.sender}>",
        "authenticated": stage.authenticated,
    }
    if stage.ok and stage.reply is not None:
        if not stage.authenticated and _foreign(place, stage):
            known = place.document.recipient_exchangers
            evidence = {**said(stage.reply), **facts, "exchangers": None if known is None else list(known)}
            confidence: Literal["likely", "guess"] = "guess" if known is None else "likely"
            yield Opinion(code="recipient.open-relay", place=place, at="recipient", evidence=evidence, confidence=confidence)
        else:
            yield Opinion(code="recipient.ok", place=place, at="recipient", evidence={**said(stage.reply), **facts})
    elif stage.reply is not None:
        yield from refusal(place, stage.reply, stage="recipient", at="recipient", encrypted=stage.encrypted, facts=facts)
    else:
        yield from trouble(place, stage, "recipient")


def _foreign(place: Place, stage: RecipientStage) -> bool:
    """Tell whether this server is certainly not one that receives mail for the recipient's domain.

    Known exchangers decide. Without them the names have to: the server's must be real names, and neither they nor the sender may
    share a domain with the recipient (a server of the sender's domain may well be the recipient's too).
    """
    domain = _domain(stage.recipient)
    names = _names(place)
    document = place.document
    if not domain or not names or is_address(domain):
        return False
    if document.kind == "mx" and document.target.removeprefix("mx:").partition(":")[0].lower().rstrip(".") == domain:
        return False
    if document.recipient_exchangers is not None:
        exchangers = {one.lower().rstrip(".") for one in document.recipient_exchangers}
        # A cluster answers under many names: a name in the same domain as an exchanger may be the same server.
        return not any(_related(name, one) for name in names for one in (*exchangers, domain))
    return not any(_related(name, domain) for name in (*names, _domain(stage.sender)))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".")


def _names(place: Place) -> set[str]:
    """Collect the names of this server that are names: the one it was called by, and those it gives itself."""
    words = [place.host or ""]
    words += [stage.reply.text.split(" ")[0] for stage in place.all(GreetingStage) if stage.reply and stage.reply.text]
    words += [stage.reply.lines[0].split(" ")[0] for stage in place.all(EhloStage) if stage.reply and stage.reply.lines]
    return {word.lower().rstrip(".") for word in words if "." in word.rstrip(".") and not is_address(word)}


def _related(name: str, other: str) -> bool:
    """Tell whether two names share a domain: one lies under the other, or both under the same two or more labels."""
    a, b = name.split("."), other.split(".")
    shared = 0
    for left, right in zip(reversed(a), reversed(b), strict=False):
        if left != right:
            break
        shared += 1
    return shared == min(len(a), len(b)) or shared >= 2
