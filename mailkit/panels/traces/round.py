"""One round of sending, as a stream of moments: what was sent until now, which account is stopped, what still waits.

The same work as ``mailkit traces send``: what is new at the source is queued, then what is due is sent. Thousands of steps become
a moment now and then, so that what is shown does not grow with them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace

from mailkit.journal import State, Store
from mailkit.mail.account import Access
from mailkit.mail.news import Halted, Moved, News, Opened, Paused, Rest
from mailkit.mail.sending import send
from mailkit.panels.traces.case import Case
from mailkit.panels.traces.choice import Choice
from mailkit.secret import Secret
from mailkit.traces.desk import Queued
from mailkit.traces.trace import KINDS

__all__ = ["Round", "sending"]

_MOMENT = 0.4
"""Seconds between two moments at first; later a thousandth of what it has taken until then, at most _SLOWEST."""
_SLOWEST = 5.0


@dataclass(frozen=True)
class Round:
    """A moment of sending.

    Attributes:
        queued: what was new at the source; ``None``: it was not looked at.
        states: how many mails came into which state.
        halted, paused: by account.
        last: what happened last.
        rest: the last word, once it is over.
        stopped: somebody said stop.
    """

    queued: Queued | None = None
    states: Mapping[State, int] = field(default_factory=dict)
    halted: Mapping[str, Halted] = field(default_factory=dict)
    paused: Mapping[str, Paused] = field(default_factory=dict)
    last: str = ""
    rest: Rest | None = None
    stopped: bool = False

    @property
    def sent(self) -> int:
        """Mails that were tried to the end."""
        return sum(self.states.values())


async def sending(
    case: Case, accesses: Mapping[str, Access], stop: asyncio.Event, password: Secret | None = None
) -> AsyncGenerator[Round, None]:
    """Queue what is new, send what is due, and tell how it goes.

    Args:
        case: the hotel.
        accesses: the accounts to send by, each with its secret.
        stop: when set, what is in hand is finished and the round ends.
        password: of the database of the traces, where somebody typed it.

    Raises:
        InputError: the store or the source cannot be used, or trace mail was never activated.
    """
    now = Round()
    counted: Counter[State] = Counter()
    store = await asyncio.to_thread(case.open_store, create=False)
    try:
        if case.has_source:
            now = replace(now, queued=await asyncio.to_thread(_collect, case, store, password))
            yield now
        loop = asyncio.get_running_loop()
        began = told = loop.time()
        async for news in send(store, accesses, kinds=KINDS, stop=stop):
            now = _after(now, news, counted)
            if loop.time() - told >= min(_SLOWEST, max(_MOMENT, (told - began) / 1000)) or isinstance(news, Halted):
                told = loop.time()
                yield now
        yield replace(now, stopped=stop.is_set())
    finally:
        await asyncio.to_thread(store.close)


def _collect(case: Case, store: Store, password: Secret | None) -> Queued:
    return case.desk(Choice(), store, dt.datetime.now(dt.UTC), password).collect()


def _after(now: Round, news: News, counted: Counter[State]) -> Round:
    if isinstance(news, Moved):
        if news.delivery.state == "sending":
            return replace(now, last=f"to {news.delivery.recipient}")
        counted[news.delivery.state] += 1
        paused = {account: why for account, why in now.paused.items() if account != news.delivery.account}
        return replace(now, states=dict(counted), paused=paused)
    if isinstance(news, Halted):
        return replace(now, halted={**now.halted, news.account: news})
    if isinstance(news, Paused):
        return replace(now, paused={**now.paused, news.account: news})
    if isinstance(news, Opened):
        how = f"{news.tls or 'not encrypted'}{f', {news.mechanism}' if news.mechanism else ''}"
        return replace(now, last=f"connected to {news.address} ({how})")
    return replace(now, rest=news) if isinstance(news, Rest) else now
