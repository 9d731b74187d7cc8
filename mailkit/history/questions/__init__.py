"""The questions a support engineer asks of the delivery history; each is a function that gives a table.

All take an open :class:`~mailkit.history.engine.History` first and a :class:`~mailkit.history.choice.Filter`, and answer with a
pandas ``DataFrame`` whose columns are promised (:data:`TABLES`). The same expressions are asked of every engine.
"""

from __future__ import annotations

from mailkit.history.life import OUTCOMES
from mailkit.history.questions.check import CHECK, check
from mailkit.history.questions.comparison import COMPARISON, before_after
from mailkit.history.questions.duplicates import DUPLICATES, duplicates
from mailkit.history.questions.funnel import FUNNEL, funnel
from mailkit.history.questions.gaps import GAPS, gaps
from mailkit.history.questions.grouping import By
from mailkit.history.questions.headlines import Headline, headlines
from mailkit.history.questions.latency import LATENCY, latency
from mailkit.history.questions.latest import LATEST, latest
from mailkit.history.questions.reasons import REASONS, reasons
from mailkit.history.questions.story import STORY, story
from mailkit.history.questions.waiting import QUEUE, SILENCE, STUCK, UNATTEMPTED, queue, silence, stuck, unattempted
from mailkit.history.table import Table
from mailkit.journal.delivery import STATES

__all__ = [
    "OUTCOMES",
    "STATES",
    "TABLES",
    "By",
    "Headline",
    "before_after",
    "check",
    "duplicates",
    "funnel",
    "gaps",
    "headlines",
    "latency",
    "latest",
    "queue",
    "reasons",
    "silence",
    "story",
    "stuck",
    "unattempted",
]

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        LATEST,
        FUNNEL,
        LATENCY,
        REASONS,
        STUCK,
        QUEUE,
        UNATTEMPTED,
        SILENCE,
        DUPLICATES,
        GAPS,
        COMPARISON,
        STORY,
        CHECK,
    )
}
"""What each question promises, by its name on the command line."""
