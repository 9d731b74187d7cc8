"""The work of a round: queued, sent, servers that could not be reached probed, followed into the mailbox. No widget in here.

On top of :mod:`mailkit.mail.round`, and the same as ``mailkit test`` does. Everything durable is in the store, so nothing is lost
when somebody stops: the mail in hand is finished, and what was seen until then stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailkit.diagnosis import diagnosed
from mailkit.diagnosis.arrival import judge_arrival
from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.journal import Change, Delivery, Store, open_store
from mailkit.mail.account import Access, Account
from mailkit.mail.by_hand import Outcome, record_by_person
from mailkit.mail.follow import Arrival, Source, open_source, read_source
from mailkit.mail.follow.following import SETTLING
from mailkit.mail.follow.joining import change_for
from mailkit.mail.news import Moved
from mailkit.mail.plan import key_of, queue
from mailkit.mail.round import follow_round, new_batch, send_round
from mailkit.net.names import Resolver
from mailkit.observation import Asked as Security
from mailkit.panels.send.happening import Arrived, Asked, Ended, Happening, Phase, Queued, Reported, Said
from mailkit.panels.send.order import Order
from mailkit.panels.send.signing import signing
from mailkit.probe import ProbeSettings, probe
from mailkit.secret import Secret

__all__ = ["Secrets", "recognise", "record", "sending"]

_NO_CONNECTION = frozenset({"connect", "greeting", "ehlo", "tls"})
_LOOKED_FOR = frozenset({"accepted", "uncertain"})
_SETTLING_PRACTICE = timedelta(seconds=4)
"""In the practice site a second copy or a bounce comes within seconds."""


@dataclass(frozen=True)
class Secrets:
    """What was typed, or comes from the keyring, for one round: by account key, and of the mailbox. Lives in memory only."""

    accounts: Mapping[str, Secret] = field(default_factory=dict)
    box: Secret | None = None


async def sending(
    order: Order, secrets: Secrets, stop: asyncio.Event, maildir_of: Callable[[str], str] | None = None
) -> AsyncGenerator[Happening, None]:
    """Send an order and tell what happens.

    Args:
        order: what, and how.
        secrets: for its accounts and its mailbox.
        stop: set it to end early; the mail in hand is finished.
        maildir_of: of the practice site: where the mail to an address lies.

    Raises:
        InputError: nobody could sign in, a mailbox cannot be opened, or the store cannot.
    """
    accesses = {key: Access(account, secrets.accounts.get(key)) for key, account in order.accounts.items()}
    if order.options.login != "password":
        yield Phase(name="sign-in")
        async for told in signing(order.options, accesses):
            yield told
        if accesses and not any(access.secret for access in accesses.values()):
            raise InputError("nobody is signed in, so nothing was sent")
    sources = await asyncio.to_thread(_sources, order, secrets.box, maildir_of)
    store = await asyncio.to_thread(open_store, order.kept_in)
    try:
        work = _Round(order, {key: one for key, one in accesses.items() if one.secret or not one.account.login}, store, stop)
        async for told in work.run(sources):
            yield told
    finally:
        await asyncio.to_thread(store.close)


async def record(where: str, product: Product, delivery_id: str, outcome: Outcome, words: str) -> AsyncGenerator[Happening, None]:
    """Write down what a person saw of a mail that was sent by hand.

    Raises:
        InputError: there is no such mail in the store any more.
    """

    def written() -> tuple[Delivery, Ended]:
        with open_store(where, create=False) as store:
            delivery = record_by_person(store, delivery_id, outcome, words or None, datetime.now(UTC), product=product)
            return delivery, _ended(store, [delivery])

    delivery, ended = await asyncio.to_thread(written)
    yield Reported(delivery=delivery)
    yield ended


async def recognise(
    where: str, product: Product, deliveries: Sequence[Delivery], mails: Sequence[bytes], chosen: str | None
) -> AsyncGenerator[Happening, None]:
    """Read sources that somebody pasted or dropped, and write down what they show of the mails of the round.

    ``chosen`` is the mail that is being looked at: a source without any code is taken for it.
    """
    by_id = {one.delivery_id: one for one in deliveries}
    for raw in mails:
        arrival = await read_source(raw)
        meant = _meant(raw, arrival, by_id, chosen)
        if meant is None:
            yield Said(text="This is none of the mails of this round: no code of theirs is in it.")
            continue
        delivery = meant
        arrival = await read_source(raw, sent=delivery)
        change = change_for(delivery, arrival, now=datetime.now(UTC))
        if change is not None:
            delivery, ended = await asyncio.to_thread(_applied, where, delivery, change)
            by_id[delivery.delivery_id] = delivery
            yield ended
        yield Arrived(delivery=delivery, arrival=arrival, findings=judge_arrival(arrival, product))


def _applied(where: str, delivery: Delivery, change: Change) -> tuple[Delivery, Ended]:
    with open_store(where, create=False) as store:
        store.record([change])
        changed = change.applied(delivery)
        return changed, _ended(store, [changed])


def _meant(raw: bytes, arrival: Arrival, by_id: Mapping[str, Delivery], chosen: str | None) -> Delivery | None:
    if arrival.delivery_id is not None and arrival.delivery_id in by_id:
        return by_id[arrival.delivery_id]
    named = [one for one in by_id if one.encode() in raw]
    if len(named) == 1:
        return by_id[named[0]]
    return by_id.get(chosen or "") if not named else None


class _Round:
    def __init__(self, order: Order, accesses: Mapping[str, Access], store: Store, stop: asyncio.Event) -> None:
        self._order, self._accesses, self._store, self._stop = order, accesses, store, stop
        self._now = datetime.now(UTC)
        self._batch = new_batch(self._now)
        self._rows: dict[str, Delivery] = {}
        """By id, as they were told last."""

    async def run(self, sources: Sequence[Source]) -> AsyncGenerator[Happening, None]:
        yield await asyncio.to_thread(self._queue)
        try:
            for told in await asyncio.to_thread(self._halted):
                yield told
            yield Phase(name="sending")
            async for news in self._send():
                yield news
            async for asked in self._ask_servers():
                yield asked
            if sources and not self._stop.is_set() and any(one.state in _LOOKED_FOR for one in self._rows.values()):
                async for arrived in self._follow(sources):
                    yield arrived
        finally:
            ended = await asyncio.to_thread(_ended, self._store, list(self._rows.values()))
        yield ended

    def _queue(self) -> Queued:
        order = self._order
        queue(self._store, order.mails, now=self._now, batch=self._batch, language=order.options.language)
        rows = {one.key: one for one in self._store.deliveries(batch=self._batch)}
        found = tuple(rows[key_of(self._batch, number)] for number in range(len(order.mails)))
        self._rows = {one.delivery_id: one for one in found}
        return Queued(batch=self._batch, deliveries=found)

    def _halted(self) -> list[Said]:
        return [
            Said(text=f"The log-in of {account} was refused on {halt.since:%Y-%m-%d %H:%M} UTC; it is tried once more.")
            for account, halt in self._store.halted().items()
            if account in self._accesses
        ]

    async def _send(self) -> AsyncGenerator[Happening, None]:
        minutes = self._order.options.retry
        retry = self._now + timedelta(minutes=minutes) if minutes else None
        async for news in send_round(self._store, self._accesses, batch=self._batch, retry_until=retry, stop=self._stop):
            if isinstance(news, Moved):
                self._rows[news.delivery.delivery_id] = news.delivery
            yield news

    async def _ask_servers(self) -> AsyncGenerator[Happening, None]:
        """Probe each server that could not be reached, without a log-in: it says more than the failed connection does."""
        failed = {
            account.endpoint: account
            for one in self._rows.values()
            if one.stage in _NO_CONNECTION and (account := self._order.accounts.get(one.account or "")) is not None
        }
        if failed and not self._stop.is_set():
            yield Phase(name="servers")
        for account in failed.values():
            if self._stop.is_set():
                return
            document = await probe(account.endpoint, _as_asked(account))
            yield Asked(endpoint=account.endpoint, document=diagnosed(document, self._order.product))

    async def _follow(self, sources: Sequence[Source]) -> AsyncGenerator[Happening, None]:
        options = self._order.options
        until = datetime.now(UTC) + timedelta(minutes=options.wait)
        yield Phase(name="following", until=until)
        resolver = Resolver(options.resolver.strip() or None)
        settling = _SETTLING_PRACTICE if options.follow == "practice" else SETTLING
        seen = follow_round(
            self._store, sources, batch=self._batch, until=until, settling=settling, resolver=resolver, stop=self._stop
        )
        async for delivery, arrival in seen:
            self._rows[delivery.delivery_id] = delivery
            yield Arrived(delivery=delivery, arrival=arrival, findings=judge_arrival(arrival, self._order.product))


def _ended(store: Store, deliveries: Sequence[Delivery]) -> Ended:
    """Tell how these mails stand in the store; blocking."""
    found = [store.delivery(one.delivery_id) or one for one in deliveries]
    ids = {one.delivery_id for one in found}
    batches = {one.batch for one in found}
    attempts = [one for batch in batches for one in store.attempts(batch=batch) if one.delivery_id in ids]
    stories = {one.delivery_id: store.story(one.delivery_id) for one in found}
    return Ended(deliveries=tuple(found), stories=stories, attempts=tuple(attempts))


def _sources(order: Order, secret: Secret | None, maildir_of: Callable[[str], str] | None) -> list[Source]:
    options = order.options
    if options.follow == "practice" and maildir_of is not None:
        addresses = dict.fromkeys(
            address for one in order.mails if one.way == "smtp" for address in (one.recipient, one.sender) if address
        )
        folders = dict.fromkeys(maildir_of(address) for address in addresses)
        return [source for folder in folders if (source := _opened(folder)) is not None]
    if options.follow not in ("imap", "disk"):
        return []
    return [
        open_source(
            options.place,
            secret,
            ca_file=options.ca_file.strip() or None,
            allow_unverified=options.allow_unverified,
            allow_plaintext_auth=options.allow_plaintext_auth,
            resolver=Resolver(options.resolver.strip()) if options.resolver.strip() else None,
        )
    ]


def _opened(folder: str) -> Source | None:
    """A practice mailbox; an address outside the practice site has none."""
    try:
        return open_source(f"maildir:{folder}")
    except InputError:
        return None


def _as_asked(account: Account) -> ProbeSettings:
    asked: Security = account.security if account.security in ("none", "starttls", "implicit") else "auto"
    return ProbeSettings(
        security=asked,
        resolver=account.resolver,
        ca_file=account.ca_file,
        server_name=account.server_name,
        ehlo_name=account.ehlo_name,
        gentle=True,
    )
