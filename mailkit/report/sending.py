"""Test mails for a terminal: what would be sent, before anything is; and what became of each, with who must act.

The same words as a page are in :mod:`.sending_page`. Names and replies come from strangers, so each is made harmless.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from mailkit.explain import Explanation
from mailkit.finding import Finding, Fix, Product
from mailkit.journal import Delivery
from mailkit.mail.by_hand import ByHand
from mailkit.mail.planned import Planned
from mailkit.observation import ProbeDocument
from mailkit.report.outline import outline
from mailkit.report.places import place
from mailkit.report.sending_words import alike, by_which_way, full_reply, meaning, span, state, title
from mailkit.report.words import SEVERITY, STAGE, count, moment, who_words
from mailkit.text import shorten, visible

__all__ = ["hand", "preview", "result", "server"]

ROWS = 200
"""Mails that are listed one by one; of more, how many there are."""
NAMES = 12

_NARROWEST, _WIDEST = 44, 120
_LABEL = 14
_SGR = {"error": "1;31", "warning": "1;33", "info": "1;36", "ok": "1;32", "strong": "1", "quiet": "2"}
_TONE = {"accepted": "ok", "delivered": "ok", "deferred": "warning", "uncertain": "warning", "rejected": "error"}
_TONE |= {"bounced": "error", "expired": "error"}


def preview(
    planned: Sequence[Planned],
    *,
    takes: timedelta = timedelta(),
    kept_in: str | None = None,
    width: int = 80,
    colour: bool = False,
) -> str:
    """Return what would be sent: to whom, how many, by which way, From what, how long; and what cannot be, and why.

    Args:
        planned: the plan.
        takes: how long it takes at least (:func:`mailkit.mail.plan.lasts`).
        kept_in: where each attempt is written down.
        width: columns, 44 to 120.
        colour: with ANSI colours; no information is in the colour alone.
    """
    return "\n".join(_Writer(width=width, colour=colour).preview(planned, takes, kept_in)) + "\n"


def result(
    delivery: Delivery,
    told: Explanation | None = None,
    *,
    because: str | None = None,
    product: Product | None = None,
    width: int = 80,
    colour: bool = False,
) -> str:
    """Return what became of one mail; with what the reply means, who must act and which field, where something is wrong.

    ``because`` is a reason beside the reply, such as that nobody gave a password.
    """
    return "\n".join(_Writer(width=width, colour=colour).result(delivery, told, because, product)) + "\n"


def hand(delivery: Delivery, steps: ByHand, *, width: int = 80, colour: bool = False) -> str:
    """Return what a person does to send one mail."""
    return "\n".join(_Writer(width=width, colour=colour).hand(delivery, steps)) + "\n"


def server(
    document: ProbeDocument,
    told: Explanation | None = None,
    *,
    product: Product | None = None,
    width: int = 80,
    colour: bool = False,
) -> str:
    """Return what a probe says of a server that mails could not be handed to: the verdict in one sentence, and what to change.

    ``told`` is what the failed connection itself means: said where the probe finds nothing, so that there is one verdict.
    """
    return "\n".join(_Writer(width=width, colour=colour).server(document, told, product)) + "\n"


class _Writer:
    """Lays out lines; every method yields finished ones."""

    def __init__(self, *, width: int, colour: bool) -> None:
        self.width = max(_NARROWEST, min(width, _WIDEST))
        self.colour = colour

    def preview(self, planned: Sequence[Planned], takes: timedelta, kept_in: str | None) -> Iterator[str]:
        sent = [one for one in planned if one.way == "smtp"]
        by_hand = [one for one in planned if one.way == "by-hand"]
        stopped = [one.obstacle for one in planned if one.obstacle and one.obstacle.severity != "info"]
        unused = [one.obstacle for one in planned if one.obstacle and one.obstacle.severity == "info"]
        counted = [
            count(len(sent), "mail") + " to send",
            *([f"{len(by_hand)} for a person to send"] if by_hand else []),
            *([f"{len(stopped)} that cannot be sent"] if stopped else []),
        ]
        yield self.paint("Test mails: " + ", ".join(counted), "strong")
        yield from self.mails(sent)
        if by_hand:
            yield ""
            yield self.paint("A person sends these, in the program itself; the steps come later:", "strong")
            yield from self.mails(by_hand)
        yield from self.found("Cannot be sent", stopped)
        yield from self.found("Nobody sends like this", unused)
        yield from self.found("To know before", [note for one in (*sent, *by_hand) for note in one.notes])
        yield ""
        if any(one.intended for one in planned):
            to = next(one.recipient for one in planned if one.intended)
            yield from self.entry("Goes to", f"{to}, whomever it was meant for.")
        if takes >= timedelta(minutes=1):
            yield from self.entry("It takes", f"{span(takes)} at least: no provider is sent more than it lets one account send.")
        if kept_in:
            yield from self.entry("Written to", kept_in)

    def mails(self, planned: Sequence[Planned]) -> Iterator[str]:
        for one in planned[:ROWS]:
            yield from self.folded(title(one), "  ", "      ")
            sender = f"from {one.sender} " if one.sender else ""
            meant = f" (meant for {one.intended})" if one.intended else ""
            yield from self.folded(f"{sender}to {one.recipient}{meant}", "    ", "      ")
            yield from self.folded(f"by {by_which_way(one)}", "    ", "      ", tone="quiet")
        if len(planned) > ROWS:
            yield f"  and {len(planned) - ROWS} more"

    def found(self, heading: str, findings: Iterable[Finding]) -> Iterator[str]:
        groups = alike(findings)
        if not groups:
            return
        yield ""
        yield self.paint(heading, "strong")
        for finding, about in groups:
            label = f"  {SEVERITY[finding.severity]:<9}"
            yield from self.folded(finding.summary, label, " " * len(label), tone=finding.severity, only_label=True)
            inner = " " * len(label)
            if len(about) > 1:
                more = f" and {len(about) - NAMES} more" if len(about) > NAMES else ""
                yield from self.folded(f"The same for {', '.join(about[1 : NAMES + 1])}{more}.", inner, inner)
            for fix in finding.fix if finding.severity != "info" else ():
                yield from self.folded(_fix(fix), f"{inner}Do: ", inner + "    ")

    def result(self, delivery: Delivery, told: Explanation | None, because: str | None, product: Product | None) -> Iterator[str]:
        tone = _TONE.get(delivery.state, "info")
        label = f"{state(delivery).upper()}  "
        whom = delivery.user or "nobody's own"
        meant = f" (meant for {delivery.intended})" if delivery.intended else ""
        head = f"{whom}, {delivery.mailing}: to {delivery.recipient or 'nobody'}{meant}"
        yield from self.folded(head, label, " " * len(label), tone=tone, only_label=True)
        yield from self.entry("Means", meaning(delivery))
        if because:
            yield from self.entry("Because", because)
        if delivery.reply:
            said = full_reply(delivery)
            at = STAGE.get(delivery.stage or "", delivery.stage or "")
            yield from self.entry("Said", shorten(said, 400) + (f" ({at})" if at else ""))
        if told is not None:
            yield from self.explained(told, product)
        if delivery.state == "deferred" and delivery.attempts and delivery.changed and delivery.due > delivery.changed:
            yield from self.entry("Again", f"worth a try from {moment(delivery.due)} on.")

    def explained(self, told: Explanation, product: Product | None) -> Iterator[str]:
        yield from self.entry("Why", told.summary)
        screens = told.product_fix.get(product, ()) if product else ()
        fixes = [fix for fix in told.fix if fix not in screens]
        for number, fix in enumerate((*screens, *fixes)):
            yield from self.entry("To do" if not number else "", _fix(fix))
        if told.account_risk:
            yield from self.entry("Careful", "another try with the same data may lock the account.")
        if told.confidence != "sure":
            yield from self.entry("How sure", {"likely": "likely, not certain"}.get(told.confidence, "a guess from few words"))

    def server(self, document: ProbeDocument, met: Explanation | None, product: Product | None) -> Iterator[str]:
        told = outline(document)
        finding = told.cause.finding if told.cause else None
        label = "SERVER  "
        headline = f"{document.target}: {told.headline or 'nothing was seen that could be judged.'}"
        yield from self.folded(headline, label, " " * len(label), tone=finding.severity if finding else "ok", only_label=True)
        if finding is None:
            yield from self.entry("So", "the server itself answers as it should now; the mails may have met it at a bad moment.")
            if met is not None:
                yield from self.explained(met, product)
            return
        for number, fix in enumerate(finding.fix):
            yield from self.entry("To do" if not number else "", _fix(fix))

    def hand(self, delivery: Delivery, steps: ByHand) -> Iterator[str]:
        label = "BY HAND  "
        yield from self.folded(
            f"{delivery.user or 'anybody'}: {steps.title}", label, " " * len(label), tone="info", only_label=True
        )
        yield from self.entry("Who", steps.who)
        for number, step in enumerate((*steps.before, *steps.steps), 1):
            yield from self.entry("Steps" if number == 1 else "", f"{number}. {step}")
        yield from self.entry("Then", steps.notice)
        yield from self.entry("Its code", delivery.delivery_id)

    def entry(self, label: str, said: str) -> Iterator[str]:
        yield from self.folded(said, f"  {label:<{_LABEL - 2}}", " " * _LABEL)

    def folded(self, said: str, first: str, rest: str, *, tone: str | None = None, only_label: bool = False) -> Iterator[str]:
        room = max(self.width - max(len(first), len(rest)), 20)
        lines = textwrap.wrap(visible(said), room, break_on_hyphens=False) or [""]
        for number, line in enumerate(lines):
            lead = first if not number else rest
            yield (
                (self.paint(lead, tone) + line)
                if only_label and not number
                else lead + self.paint(line, None if only_label else tone)
            )

    def paint(self, text: str, tone: str | None) -> str:
        return f"\x1b[{_SGR[tone]}m{text}\x1b[0m" if self.colour and tone and text.strip() else text


def _fix(fix: Fix) -> str:
    where = place(fix.where)
    # Some actions name the screen already.
    named = not where or where.rpartition(" > ")[0] in fix.action
    return f"{who_words(fix.who, start=True)}: {fix.action}" + (f" ({where})" if not named else "")
