"""The journal: what is to be sent, what was tried, what became of it. Durable; one file, or a PostgreSQL for several machines.

* :func:`open_store` opens a :class:`Store`: the outbox, and the events that are only ever added to.
* :class:`Delivery` is a row of the outbox, :class:`Event` something that happened to it, :class:`Change` the two together.
* :class:`Journal` records changes for an event loop, many in one commit.
"""

from mailkit.journal.bulk import Added
from mailkit.journal.change import Change, happened
from mailkit.journal.checking import Problem
from mailkit.journal.delivery import FINAL, OPEN, STATES, Delivery, OnUncertain, State
from mailkit.journal.event import Event, EventSource
from mailkit.journal.group import Journal
from mailkit.journal.opening import open_store
from mailkit.journal.store import Decision, Enqueued, Halt, Run, Store
from mailkit.journal.upkeep import Pruned

__all__ = [
    "FINAL",
    "OPEN",
    "STATES",
    "Added",
    "Change",
    "Decision",
    "Delivery",
    "Enqueued",
    "Event",
    "EventSource",
    "Halt",
    "Journal",
    "OnUncertain",
    "Problem",
    "Pruned",
    "Run",
    "State",
    "Store",
    "happened",
    "open_store",
]
