"""The round of ``mailkit test``, once a person has agreed: sending, the servers' own faults, what is done by hand, following.

Everything durable is in the store by then, so Ctrl-C loses nothing: what was found until then is told.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mailkit.cli.interrupt import stop_on_interrupt
from mailkit.cli.sending_secrets import LogIns, signed_in
from mailkit.cli.sending_voice import NO_CONNECTION, Voice
from mailkit.diagnosis import diagnosed
from mailkit.diagnosis.arrival import judge_arrival
from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.journal import Delivery, Store, open_store
from mailkit.mail.account import Account
from mailkit.mail.by_hand import by_hand, record_by_person, send_with_outlook
from mailkit.mail.follow import Arrival, Source, open_source
from mailkit.mail.follow.following import SETTLING
from mailkit.mail.letter import write_letter
from mailkit.mail.news import Moved
from mailkit.mail.patience import Patience
from mailkit.mail.plan import Planned, key_of, queue
from mailkit.mail.round import follow_round, new_batch, send_round
from mailkit.mail.sending import SendSettings
from mailkit.net.names import Resolver
from mailkit.observation import Asked
from mailkit.probe import ProbeSettings, probe
from mailkit.site import Site

__all__ = ["run_round"]

_GOOD = frozenset({"accepted", "delivered"})


async def run_round(site: Site, planned: Sequence[Planned], given: LogIns, chosen: argparse.Namespace, where: str) -> int:
    """Send a plan that was agreed to; gives the exit status."""
    stop = asyncio.Event()
    stop_on_interrupt(stop)
    if chosen.oauth:
        given.accesses, missing = await signed_in(given.accesses, chosen)
        given.missing |= missing
    resolver = Resolver(chosen.resolver)
    sources = [await asyncio.to_thread(_source, box, given, chosen, resolver) for box in chosen.follow or ()]
    try:
        store = await asyncio.to_thread(open_store, where)
    except InputError as error:
        raise InputError(f"{error} (--store names another place)") from None
    try:
        return await _Round(site, planned, given, chosen, store=store, stop=stop).run(sources)
    finally:
        await asyncio.to_thread(store.close)


class _Round:
    def __init__(
        self,
        site: Site,
        planned: Sequence[Planned],
        given: LogIns,
        chosen: argparse.Namespace,
        *,
        store: Store,
        stop: asyncio.Event,
    ) -> None:
        self._product = site.product
        self._planned, self._given, self._chosen, self._store, self._stop = planned, given, chosen, store, stop
        self._voice = Voice(chosen, site.product, sum(one.way == "smtp" for one in planned))
        self._ended: dict[str, Delivery] = {}
        """By id, as they were told last."""
        self._failed = any(one.obstacle is not None and one.obstacle.severity == "error" for one in planned)

    async def run(self, sources: Sequence[Source]) -> int:
        now = datetime.now(UTC)
        batch = new_batch(now)
        await asyncio.to_thread(queue, self._store, self._planned, now=now, batch=batch, language=self._chosen.language)
        rows = {one.key: one for one in await asyncio.to_thread(lambda: list(self._store.deliveries(batch=batch)))}
        for why in dict.fromkeys(self._given.missing.values()):
            self._voice.warn(why)
        for account, halt in (await asyncio.to_thread(self._store.halted)).items():
            if account in self._given.accesses:
                self._voice.warn(f"the log-in of {account} was refused on {halt.since:%Y-%m-%d %H:%M} UTC; it is tried once more")
        await self._send(batch, now)
        self._voice.attempts(await asyncio.to_thread(lambda: list(self._store.attempts(batch=batch))))
        self._voice.findings([one.obstacle for one in self._planned if one.obstacle and one.obstacle.severity != "info"])
        await self._ask_servers()
        await self._by_hand(batch, rows, now)
        if sources and any(one.state in ("accepted", "uncertain") for one in self._ended.values()):
            await self._follow(batch, sources)
        self._voice.sum(list(self._ended.values()), self._store.shown, stopped=self._stop.is_set())
        if self._stop.is_set():
            return 130
        return 1 if self._failed or any(one.state not in _GOOD for one in self._ended.values()) else 0

    async def _send(self, batch: str, now: datetime) -> None:
        seconds = self._chosen.timeout
        patience = (
            Patience()
            if seconds is None
            else Patience(connect=seconds, greeting=seconds, tls=seconds, ehlo=seconds, auth=seconds)
        )
        retry = now + timedelta(seconds=self._chosen.retry) if self._chosen.retry else None
        settings = SendSettings(patience=patience)
        async for news in send_round(
            self._store, self._given.accesses, settings, batch=batch, retry_until=retry, stop=self._stop
        ):
            self._voice.news(news)
            if isinstance(news, Moved) and news.delivery.state != "sending":
                self._ended[news.delivery.delivery_id] = news.delivery

    async def _ask_servers(self) -> None:
        """Probe each server that could not be reached, without a log-in: it says more than the failed connection does."""
        accounts = {one.account.key: one.account for one in self._planned if one.account is not None}
        failed = {
            account.endpoint: account
            for one in self._ended.values()
            if one.stage in NO_CONNECTION and (account := accounts.get(one.account or "")) is not None
        }
        for account in failed.values():
            if self._stop.is_set():
                return
            document = await probe(account.endpoint, _as_asked(account, self._chosen.timeout))
            self._voice.server(diagnosed(document, self._product))

    async def _by_hand(self, batch: str, rows: dict[str, Delivery], now: datetime) -> None:
        for number, one in enumerate(self._planned):
            delivery = rows[key_of(batch, number)]
            if one.way != "by-hand" or one.route.transport is None:
                continue
            if self._chosen.outlook and one.route.transport == "outlook":
                delivery = await asyncio.to_thread(self._with_outlook, one, delivery, now)
                self._ended[delivery.delivery_id] = delivery
                continue
            steps = by_hand(one.route.transport, subject=delivery.subject or "", recipient=delivery.recipient, user=one.user)
            self._voice.by_hand(delivery, steps)

    def _with_outlook(self, one: Planned, delivery: Delivery, now: datetime) -> Delivery:
        letter = write_letter(one.route, product=one.product, delivery_id=delivery.delivery_id, moment=now, intended=one.intended)
        try:
            sender = send_with_outlook(subject=letter.subject, recipient=delivery.recipient, text=letter.text)
        except InputError as error:
            self._voice.warn(str(error))
            return record_by_person(self._store, delivery.delivery_id, "rejected", str(error), datetime.now(UTC))
        words = f"handed to Outlook, which says that it sends from {sender}"
        return record_by_person(self._store, delivery.delivery_id, "accepted", words, datetime.now(UTC))

    async def _follow(self, batch: str, sources: Sequence[Source]) -> None:
        until = datetime.now(UTC) + timedelta(seconds=self._chosen.wait)
        resolver = Resolver(self._chosen.resolver)
        found: dict[str, tuple[Delivery, Arrival, tuple[Finding, ...]]] = {}
        number = sum(one.state in ("accepted", "uncertain") for one in self._ended.values())
        self._voice.looking(0, number)
        settling = min(SETTLING, timedelta(seconds=self._chosen.wait))
        async for delivery, arrival in follow_round(
            self._store, sources, batch=batch, until=until, settling=settling, resolver=resolver, stop=self._stop
        ):
            self._ended[delivery.delivery_id] = delivery
            found[delivery.delivery_id] = (delivery, arrival, judge_arrival(arrival, self._product))
            self._voice.looking(len(found), number)
        self._voice.arrived(list(found.values()))
        # Whoever waits for a mail is not content with "accepted": not seen is not a success.
        absent = any(arrival.found not in ("arrived", "confirmed") for _, arrival, _ in found.values())
        self._failed = self._failed or absent or any(one.severity == "error" for _, _, judged in found.values() for one in judged)


def _source(box: str, given: LogIns, chosen: argparse.Namespace, resolver: Resolver) -> Source:
    """Name a mailbox that mails are looked for in; nothing is connected yet."""
    return open_source(
        box,
        given.boxes.get(box),
        ca_file=chosen.ca_file,
        allow_unverified=chosen.allow_unverified,
        allow_plaintext_auth=chosen.allow_plaintext_auth,
        resolver=resolver if chosen.resolver else None,
    )


def _as_asked(account: Account, timeout: float | None) -> ProbeSettings:
    asked: Asked = account.security if account.security in ("none", "starttls", "implicit") else "auto"
    return ProbeSettings(
        security=asked,
        resolver=account.resolver,
        ca_file=account.ca_file,
        server_name=account.server_name,
        ehlo_name=account.ehlo_name,
        timeout=timeout or 10.0,
        gentle=True,
    )
