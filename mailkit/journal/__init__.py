"""The journal: what is to be sent, what was tried, what became of it. Durable; one file, or a PostgreSQL for several machines.

* :class:`Delivery` is a row of the outbox, :class:`Event` something that happened to it.
"""

from mailkit.journal.delivery import FINAL, OPEN, STATES, Delivery, OnUncertain, State
from mailkit.journal.event import Event, EventSource

__all__ = ["FINAL", "OPEN", "STATES", "Delivery", "Event", "EventSource", "OnUncertain", "State"]
