"""Planning test mails: for each user and kind of mail the way it really takes, to whom, and what keeps a mail from being sent.

Nothing is asked of a server, nobody is written to. :func:`queue` puts a plan into the store, from where
:mod:`mailkit.mail.sending` sends it.
"""

from __future__ import annotations

import datetime as dt
import socket
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from mailkit.journal import Delivery, Enqueued, Store
from mailkit.mail.letter import short_token, write_letter
from mailkit.mail.message import Language, compose, envelope_address, message_id, new_delivery_id
from mailkit.mail.obstacles import finding
from mailkit.mail.pace import forecast
from mailkit.mail.planned import Planned, PlanSettings
from mailkit.mail.ways import ErpWays, PmsWays
from mailkit.site import ErpSite, PmsSite, Site
from mailkit.site.mailbox import is_mailbox
from mailkit.site.routing import routes

__all__ = ["PlanSettings", "Planned", "key_of", "lasts", "plan", "queue"]


def plan(
    site: Site,
    *,
    users: Sequence[str] | None = None,
    mailing: str | None = None,
    to: str | None = None,
    settings: PlanSettings | None = None,
) -> tuple[Planned, ...]:
    """Plan one test mail for each user (clerk) and kind of mail, in the order of the site.

    Without ``to`` a mail goes to the user's own address: the one of the linked contact, else the log-in, else the From, else the
    user code; at Maestro PMS to the clerk's. With ``to`` everything goes there, and ``intended`` keeps whom it was meant for.
    Where the master flag of traces is off, the way is planned as if it were on: it is to be tested before it is switched.

    Raises:
        InputError: a user or a mailing type does not exist, or ``to`` is no address.
    """
    target = envelope_address(to) if to is not None else None
    ways = _ways(site, settings or PlanSettings(), target)
    switched = _switched_on(site) if isinstance(site, PmsSite) else site
    off = finding("test.flag-off", site.product, "Email Traces") if switched != site else None
    found: list[Planned] = []
    for user in dict.fromkeys(users) if users else (None,):
        for route in routes(switched, user=user, mailing=mailing):
            one = ways.planned(route)
            found.append(msgspec.structs.replace(one, notes=(off, *one.notes)) if off and one.obstacle is None else one)
    # Two words for one user ("1" and "estimator") are one user.
    return (
        tuple({(one.user, one.mailing, one.route.documents, one.recipient): one for one in found}.values())
        if users
        else tuple(found)
    )


def lasts(planned: Iterable[Planned]) -> dt.timedelta:
    """Say how long sending takes where providers limit it; accounts are worked off side by side, so the slowest one counts."""
    accounts = [one.account for one in planned if one.way == "smtp" and one.account is not None]
    number = Counter(account.key for account in accounts)
    paces = {account.key: account.pace for account in accounts}
    return max((forecast(count, paces[key]).duration for key, count in number.items()), default=dt.timedelta())


def key_of(batch: str, number: int) -> str:
    """Give the key in the store of one mail of a round, counted from 0."""
    return f"test:{batch}:{number}"


def queue(
    store: Store,
    planned: Iterable[Planned],
    *,
    now: dt.datetime,
    batch: str,
    language: Language = "en",
    machine: str | None = None,
    expires: dt.timedelta | None = dt.timedelta(days=1),
) -> Enqueued:
    """Put a plan into the store: what can be sent with its content, what cannot as skipped, what a person sends as pending.

    Args:
        store: the journal.
        planned: what :func:`plan` gave, or a part of it.
        now: a time with its zone.
        batch: the name of this round; the same round queued twice is kept once (:func:`key_of`).
        language: of the letters.
        machine: the name of this machine, for the letters; ``None``: its host name.
        expires: given up when nobody took it until then.
    """
    machine = machine if machine is not None else socket.gethostname()
    return store.enqueue(
        (_queued(one, key_of(batch, number), batch, now, language, machine, expires) for number, one in enumerate(planned)),
        now=now,
    )


def _queued(  # noqa: PLR0917 (one call among functions of one file)
    one: Planned, key: str, batch: str, now: dt.datetime, language: Language, machine: str, expires: dt.timedelta | None
) -> tuple[Delivery, bytes | None]:
    delivery_id = new_delivery_id()
    sender = one.sender or one.recipient or ""
    letter = write_letter(
        one.route,
        product=one.product,
        delivery_id=delivery_id,
        moment=now,
        language=language,
        account=one.account.key if one.account else None,
        sender=one.sender,
        intended=one.intended,
        machine=machine,
    )
    content: bytes | None = None
    if one.way == "smtp" and one.sender and one.recipient:
        content = compose(
            delivery_id=delivery_id,
            sender=one.sender,
            recipient=one.recipient,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            language=language,
            moment=now,
            headers={"X-Mailkit-Token": f"{short_token(delivery_id)} {delivery_id}"},
        )
    delivery = Delivery(
        delivery_id=delivery_id,
        key=key,
        kind="test",
        state="skipped" if one.obstacle else "pending",
        message_id=message_id(delivery_id, sender) if is_mailbox(sender) else f"<{delivery_id}@mailkit.invalid>",
        sender=one.sender or "",
        recipient=one.recipient or "",
        account=one.account.key if one.account and not one.obstacle else None,
        created=now,
        due=now,
        expires=now + expires if expires is not None and one.way == "smtp" else None,
        property=next(iter(one.route.documents), None) if one.product == "maestro-pms" else None,
        user=one.user,
        mailing=one.mailing,
        rule=one.route.as_rule or one.route.rule,
        subject=letter.subject,
        batch=batch,
        intended=one.intended,
        skip=one.obstacle.code if one.obstacle else None,
    )
    return delivery, content


def _ways(site: Site, settings: PlanSettings, to: str | None) -> ErpWays | PmsWays:
    return ErpWays(site, settings, to) if isinstance(site, ErpSite) else PmsWays(site, settings, to)


def _switched_on(site: PmsSite) -> PmsSite:
    """The same site with the master flag on wherever it is off."""
    properties = tuple(
        msgspec.structs.replace(one, email_setup=msgspec.structs.replace(one.email_setup, email_traces=True))
        if one.email_setup.email_traces is False
        else one
        for one in site.properties
    )
    setup = site.email_setup
    if setup.email_traces is False:
        setup = msgspec.structs.replace(setup, email_traces=True)
    return msgspec.structs.replace(site, email_setup=setup, properties=properties)
