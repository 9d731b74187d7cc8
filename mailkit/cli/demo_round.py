"""The second half of ``mailkit demo``: a test mail followed into its mailbox, and the hotel's traces until all are sent.

Everything goes from the practice site to itself; nothing leaves this machine, and nothing stays on it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import textwrap
from contextlib import aclosing
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from mailkit.journal import Delivery, Store, open_store
from mailkit.mail.account import Access
from mailkit.mail.follow import open_source
from mailkit.mail.plan import PlanSettings, plan, queue
from mailkit.mail.planned import Planned
from mailkit.mail.round import follow_round, new_batch, send_round
from mailkit.mail.sending import send
from mailkit.net.names import Resolver
from mailkit.practice import PracticeSite
from mailkit.practice.site_files import SITE_FILES, with_ports
from mailkit.report.routes import render as routes_text
from mailkit.report.sending import result
from mailkit.report.traces import preview_text, status_text
from mailkit.secret import Secret
from mailkit.site.pms import PmsSite
from mailkit.site.routing import routes
from mailkit.traces.desk import Desk, accounts
from mailkit.traces.source import open_source as open_traces
from mailkit.traces.standing import standing
from mailkit.traces.trace import KINDS
from mailkit.traces.zones import Zones, local_zone

__all__ = ["show_round"]

_USER = "estimator"
_PATIENCE = dt.timedelta(seconds=30)
_SHOWN = 24
"""Lines of the preview; the command shows all."""


async def show_round(site: PracticeSite, folder: Path, moment: dt.datetime, width: int) -> bool:
    """Send, follow and count; gives whether all of it went as it should.

    Args:
        site: the running practice site; its mail goes into ``folder / "mail"``.
        folder: empty, and removed afterwards.
        moment: when the hotel's traces are switched on.
        width: columns of the terminal.
    """
    store = await asyncio.to_thread(open_store, folder / "demo.sqlite3")
    try:
        delivered = await _test_mail(site, folder / "mail", store, width)
        accepted = await _traces(site, store, moment, width)
    finally:
        await asyncio.to_thread(store.close)
    return delivered and accepted


async def _test_mail(site: PracticeSite, boxes: Path, store: Store, width: int) -> bool:
    """Send one test mail by the way its user really has."""
    builder = with_ports(SITE_FILES["builder"].site(), _ports(site))
    print("A test mail of the builder's estimator. This is the way it takes:\n")
    print(textwrap.indent(routes_text(routes(builder, user=_USER, mailing="standard"), width=width - 4), "    "))
    settings = PlanSettings(resolver=site.resolver, ca_file=str(site.ca_file))
    planned = await asyncio.to_thread(lambda: plan(builder, users=[_USER], mailing="standard", settings=settings))
    batch = new_batch(dt.datetime.now(dt.UTC))
    await asyncio.to_thread(lambda: queue(store, planned, now=dt.datetime.now(dt.UTC), batch=batch))
    async for _ in send_round(store, _accesses(site, planned), batch=batch):
        pass
    box = await asyncio.to_thread(open_source, f"maildir:{boxes / str(planned[0].recipient)}")
    until = dt.datetime.now(dt.UTC) + _PATIENCE
    seen: Delivery | None = None
    looking = follow_round(store, box, batch=batch, until=until, resolver=Resolver(site.resolver), polls=(0.2,))
    async with aclosing(looking) as found:
        async for delivery, _ in found:
            seen = delivery
            break  # a second copy is not waited for
    told = seen if seen is not None else await asyncio.to_thread(lambda: next(iter(store.deliveries(batch=batch))))
    print(textwrap.indent(result(told, width=width - 4), "    "))
    return told.state == "delivered"


async def _traces(site: PracticeSite, store: Store, moment: dt.datetime, width: int) -> bool:
    """Preview the back-fill, switch it on, and send it, once sender and log-in are put right."""
    file = SITE_FILES["hotel"]
    hotel = cast("PmsSite", with_ports(file.site(), _ports(site)))
    setup = replace(hotel.email_setup, trace_rep_addr="traces@hotel.test", auth_name="frontdesk@hotel.test")
    hotel = replace(hotel, email_setup=setup)
    settings = PlanSettings(resolver=site.resolver, ca_file=str(site.ca_file))
    zone = Zones(hotel, local_zone(moment)).hotel

    def switched_on() -> str:
        source = open_traces(hotel, folder=file.path.parent, now=moment, zone=zone)
        desk = Desk(hotel, source, now=moment, store=store, settings=settings, folder=file.path.parent)
        shown = preview_text(desk.preview(), width=width - 4)
        desk.activate()
        return shown

    shown = (await asyncio.to_thread(switched_on)).splitlines()
    print("The hotel's traces, as `mailkit traces preview` shows them before anything is switched on (the beginning):\n")
    print(textwrap.indent("\n".join(shown[:_SHOWN]), "    "), "\n")
    reached = await asyncio.to_thread(accounts, hotel, settings)
    accesses = {key: Access(one, _secret(site, one.login)) for key, one in reached.items()}
    async for _ in send(store, accesses, kinds=KINDS):
        pass
    state = await asyncio.to_thread(lambda: standing(store, now=moment, zone=zone))
    print("Switched on and sent:\n")
    print(textwrap.indent(status_text(state, width=width - 4), "    "))
    counts = await asyncio.to_thread(lambda: store.counts(kinds=KINDS))
    return counts.get("accepted", 0) > 0 and not counts.get("pending", 0)


def _accesses(site: PracticeSite, planned: tuple[Planned, ...]) -> dict[str, Access]:
    reached = {one.account.key: one.account for one in planned if one.account is not None}
    return {key: Access(one, _secret(site, one.login)) for key, one in reached.items()}


def _secret(site: PracticeSite, login: str | None) -> Secret | None:
    return Secret(site.accounts[login].password) if login is not None else None


def _ports(site: PracticeSite) -> dict[str, int]:
    return {name: server.port for name, server in site.servers.items()}
