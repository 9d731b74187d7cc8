"""One round of a sender's life and death: queue, send, kill or cut at a chosen moment, start again, count what arrived.

Used by ``test_kill.py`` for a share and by ``benchmarks/sending.py --kills`` for hundreds.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mailkit.journal import OnUncertain, open_store

from .nursery import Nursery, Order
from .queueing import message_ids, queue
from .receiver import Receiver, receiving

Moment = Literal["connect", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot", "answered", "any"]
MOMENTS: tuple[Moment, ...] = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot", "answered", "any")


@dataclass
class Counted:
    """What became of the mails of one round or of many."""

    rounds: int = 0
    mails: int = 0
    deaths: int = 0
    lost: int = 0
    """Neither taken by the server, nor uncertain, nor still waiting."""
    copies: int = 0
    """Taken more than once although nobody decided so."""
    copies_wanted: int = 0
    """Taken more than once where an uncertain mail was to be sent again."""
    strangers: int = 0
    """Taken under a Message-ID that was not queued."""
    uncertain: int = 0
    most_uncertain: float = 0
    """Per connection that was open at the death, at most."""
    waiting: int = 0
    """Neither sent nor decided in the end."""
    by_moment: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counted) -> None:
        for name in ("rounds", "mails", "deaths", "lost", "copies", "copies_wanted", "strangers", "uncertain", "waiting"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.most_uncertain = max(self.most_uncertain, other.most_uncertain)
        self.by_moment += other.by_moment


def live_and_die(
    nursery: Nursery,
    folder: Path,
    *,
    moment: Moment,
    mails: int,
    connections: int,
    chance: random.Random,
    cut: bool = False,
    policy: OnUncertain = "ask",
) -> Counted:
    """Send ``mails`` over ``connections`` and end the sender (or cut the network) at the ``moment`` of a mail drawn by lot."""
    store_path = folder / f"{time.monotonic_ns()}.sqlite3"
    with receiving() as server, open_store(store_path) as store:
        order = Order(store=str(store_path), port=server.port, connections=connections)
        made = queue(store, order.account, mails, on_uncertain=policy)
        strike = _Strike(moment, chance, mails, cut=cut)
        server.tell = strike.told
        strike.pid = nursery.send(order)
        if moment == "any":
            threading.Timer(chance.uniform(0.0, 0.02 + 0.002 * mails), strike.strike, (server,)).start()
        status = nursery.ended(strike.pid)
        died = status == -signal.SIGKILL
        open_then = strike.open_then or server.most
        strike.armed = False
        if died or cut:
            nursery.ended(nursery.send(order))
        uncertain = {one.message_id for one in store.deliveries(states=("uncertain",))}
        waiting = {one.message_id for one in store.deliveries(states=("pending", "deferred", "sending"))}
        taken = +server.taken
    extra = sum(count - 1 for count in taken.values())
    wanted = message_ids(made)
    return Counted(
        rounds=1,
        mails=mails,
        deaths=int(died or strike.struck),
        lost=len(wanted - set(taken) - uncertain - waiting),
        copies=extra if policy == "ask" else max(0, extra - open_then),
        copies_wanted=extra if policy == "resend" else 0,
        strangers=len(set(taken) - wanted),
        uncertain=len(uncertain),
        most_uncertain=(len(uncertain) if policy == "ask" else extra) / max(1, open_then),
        waiting=len(waiting),
        by_moment=Counter({moment: int(died or strike.struck)}),
    )


class _Strike:
    """Ends the sender, or cuts its network, when the server has seen the step of the mail that the lot fell on."""

    def __init__(self, moment: Moment, chance: random.Random, mails: int, *, cut: bool) -> None:
        self.moment = moment
        self.pid = 0
        self.cut = cut
        self.armed = True
        self.struck = False
        self.open_then = 0
        self._lot = 0 if moment in ("connect", "EHLO") else chance.randrange(mails)

    def told(self, step: str, server: Receiver) -> str | None:
        if not self.armed or self.struck or step != self.moment:
            return None
        if self._lot:
            self._lot -= 1
            return None
        while not self.pid:
            time.sleep(0.001)
        self.strike(server)
        return "drop" if self.cut else None

    def strike(self, server: Receiver) -> None:
        if self.armed and not self.struck:
            self.struck = True
            self.open_then = server.open
            if self.cut:
                server.cut()
            else:
                os.kill(self.pid, signal.SIGKILL)
