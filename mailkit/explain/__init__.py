"""What any reply, client error, session, log or bounce means: does waiting help, is the address dead, who changes what.

No socket, no clock. :func:`explain` reads text, :func:`read_bounce` a mail, :func:`read_heap` a folder or mbox of them. All
answers come from rules kept as data in layers (:mod:`mailkit.explain.rule`), and say which rule gave them.
"""

from __future__ import annotations

from mailkit.explain.bounce import read_bounce
from mailkit.explain.correlation import Correlation, Returned, Sent, Unmatched, correlate
from mailkit.explain.explanation import Explanation, Match
from mailkit.explain.fact import BounceReading, Fact
from mailkit.explain.heap import Progress, looks_like_mail, mails, read_heap
from mailkit.explain.reading import explain, explanations
from mailkit.explain.redact import redact, redacted
from mailkit.explain.rule import Rules
from mailkit.explain.rule import load as load_rules
from mailkit.explain.speaker import identify

__all__ = [
    "BounceReading",
    "Correlation",
    "Explanation",
    "Fact",
    "Match",
    "Progress",
    "Returned",
    "Rules",
    "Sent",
    "Unmatched",
    "correlate",
    "explain",
    "explanations",
    "identify",
    "load_rules",
    "looks_like_mail",
    "mails",
    "read_bounce",
    "read_heap",
    "redact",
    "redacted",
]
