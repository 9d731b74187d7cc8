"""From observations to findings: what is wrong, how we know, who must act and what to change.

Pure: no socket, no clock (the time is that of the observations), no file but its own knowledge. Works on the documents of
:mod:`mailkit.observation`, live or read back from a file.

>>> from datetime import UTC, datetime
>>> from mailkit.observation import ProbeDocument
>>> seen = ProbeDocument(target="mail.example.org:587", kind="endpoint", started=datetime(2026, 1, 1, tzinfo=UTC), duration_ms=0)
>>> diagnose(seen).headline
'Nothing was seen that could be judged.'
"""

from mailkit.diagnosis.comparison import Comparison, Difference, compare
from mailkit.diagnosis.knowledge import finding_codes
from mailkit.diagnosis.replies import Interpretation, interpret
from mailkit.diagnosis.verdict import Diagnosis, diagnose, diagnosed

__all__ = [
    "Comparison",
    "Diagnosis",
    "Difference",
    "Interpretation",
    "compare",
    "diagnose",
    "diagnosed",
    "finding_codes",
    "interpret",
]
