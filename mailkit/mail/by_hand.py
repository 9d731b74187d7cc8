"""Test mails that a person sends in the program itself: what to do, step by step, and the record of how it went.

Where a route leads through Outlook, another mail program or a sign-in, nothing can be handed to a server from here. The steps are
data (``by_hand.toml``). On Windows the classic Outlook can be asked to send by itself (:func:`send_with_outlook`).
"""

from __future__ import annotations

import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.explain import explain
from mailkit.finding import Product
from mailkit.journal import Change, Delivery, Event, Store, happened
from mailkit.knowledge import Filling, Meta, read
from mailkit.mail.message import envelope_address, one_line
from mailkit.site.route import Transport
from mailkit.text import shorten, visible

__all__ = ["OUTCOMES", "ByHand", "Outcome", "by_hand", "record_by_person", "send_with_outlook"]

Outcome = Literal["accepted", "delivered", "rejected", "bounced", "uncertain", "skipped"]
"""Left the program without an error; seen in the mailbox; the program showed an error; came back; nobody can tell; not tried."""

OUTCOMES: dict[Outcome, str] = {
    "accepted": "it left: the program showed no error, and it is among the sent mails",
    "delivered": "it arrived: seen in the mailbox",
    "rejected": "it did not leave: the program showed an error",
    "bounced": "it came back: a notice of failure arrived",
    "uncertain": "cannot tell",
    "skipped": "not tried",
}
"""What a person can report, and in which words it is asked."""

_LONGEST_WORDS = 4000


class ByHand(Struct, frozen=True, kw_only=True):
    """What a person does to send one test mail."""

    title: str
    who: str
    before: tuple[str, ...]
    steps: tuple[str, ...]
    notice: str


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    ways: dict[Transport, ByHand]


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("by_hand.toml"), _Table)


def by_hand(transport: Transport, *, subject: str, recipient: str, user: str | None) -> ByHand:
    """Give the steps for one mail (``KeyError`` for a transport that mailkit sends by itself).

    The subject has the token by which the mail is found again, so it is to be typed as it is.
    """
    told = _table().ways[transport]
    words = Filling({"subject": subject, "recipient": recipient, "user": user or "the user"})

    def filled(lines: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line.format_map(words) for line in lines)

    return ByHand(
        title=told.title,
        who=told.who.format_map(words),
        before=filled(told.before),
        steps=filled(told.steps),
        notice=told.notice.format_map(words),
    )


def record_by_person(
    store: Store,
    delivery_id: str,
    outcome: Outcome,
    words: str | None,
    now: datetime,
    *,
    product: Product | None = None,
) -> Delivery:
    """Record what a person saw, with the words the program showed; gives the delivery as it is then.

    The words are explained as a reply is, so that the table of reasons holds them too. Nothing is taken back: what was recorded
    before stays in the story of the delivery.

    Raises:
        InputError: there is no such delivery, or no such outcome.
    """
    if outcome not in OUTCOMES:
        raise InputError(f"{visible(shorten(outcome, 40))!r} is no outcome; say one of {', '.join(OUTCOMES)}")
    delivery = store.delivery(delivery_id)
    if delivery is None:
        raise InputError(
            f"there is no mail {visible(shorten(delivery_id, 70))} in this store; mailkit test says the codes of a round"
        )
    said = visible(shorten(words.strip(), _LONGEST_WORDS)) if words and words.strip() else None
    told = explain(said, product=product) if said and outcome in ("rejected", "bounced") else None
    event: Event = happened(
        delivery,
        outcome,
        now,
        source="person",
        attempt=delivery.attempts + 1 if outcome in ("accepted", "rejected", "uncertain") else None,
        stage=(told.stage if told else None) or ("arrival" if outcome in ("delivered", "bounced") else None),
        reply_code=told.reply_code if told else None,
        enhanced_code=told.enhanced_code if told else None,
        reply=said,
        reason=told.reason if told else None,
        cause=told.cause if told else None,
    )
    change = Change(delivery_id, event, skip="by-hand" if outcome == "skipped" else None)
    store.record([change])
    return change.applied(delivery)


def send_with_outlook(*, subject: str, recipient: str, text: str) -> str:
    """Have the classic Outlook of this Windows workstation send a mail; gives the address it says it sends from.

    Asked over COM, as maestro* does it in its Outlook mode; Outlook may ask the person whether to allow it. Only the classic
    Outlook can be asked: the new one has no such interface. A call may wait for Outlook to start, so make it in a thread.

    Raises:
        InputError: this is not Windows, pywin32 or the classic Outlook is missing, or Outlook refused; one line says which.
    """
    recipient = envelope_address(recipient)
    if sys.platform != "win32":
        raise InputError("only on Windows can Outlook be asked to send; follow the steps by hand on the workstation")
    return _with_outlook(one_line(subject, 200), recipient, text)


def _with_outlook(subject: str, recipient: str, text: str) -> str:
    """Ask Outlook; see :func:`send_with_outlook`."""
    try:
        import pythoncom  # type: ignore[import-untyped]  # noqa: PLC0415 - Windows only, and optional
        import win32com.client  # type: ignore[import-untyped]  # noqa: PLC0415 - loaded when it is needed
    except ImportError:
        raise InputError("asking Outlook needs pywin32: pip install pywin32; or follow the steps by hand") from None
    pythoncom.CoInitialize()
    try:
        outlook: Any = win32com.client.Dispatch("Outlook.Application")
        mail = outlook.CreateItem(0)  # olMailItem
        mail.To, mail.Subject, mail.Body = recipient, subject, text
        account = mail.SendUsingAccount or outlook.Session.Accounts.Item(1)
        sender = visible(str(account.SmtpAddress)) if account is not None else "its default account"
        mail.Send()
    except pythoncom.com_error as error:
        raise InputError(_no_outlook(error)) from None
    finally:
        pythoncom.CoUninitialize()
    return sender


def _no_outlook(error: Any) -> str:  # noqa: ANN401 - a COM error, known on Windows only
    number = getattr(error, "hresult", None)
    # REGDB_E_CLASSNOTREG and CO_E_CLASSSTRING: no program is registered under that name.
    if number in (-2147221164, -2147221005):
        return "this workstation has no classic Outlook (the new one cannot be asked by other programs); follow the steps by hand"
    told = next(
        (str(part[2]) for part in getattr(error, "args", ()) if isinstance(part, tuple) and len(part) > 2 and part[2]), ""
    )
    return f"Outlook did not send the mail: {visible(shorten(told or str(number), 200))}; look into its Outbox"
