"""Following a mail past the server's 250 to the mailbox or the bounce: where it is, how long it took, what was made of it.

:func:`follow` looks into a mailbox that :func:`open_source` opened; :func:`read_source` reads what somebody pasted. Both give the
document ``arrival``, which has no opinion; :mod:`mailkit.diagnosis.arrival` has.
"""

from mailkit.mail.follow.arrival import Arrival, Copy, Expected, Hop
from mailkit.mail.follow.following import expected, follow, read_source
from mailkit.mail.follow.mailbox import needs_secret, open_source
from mailkit.mail.follow.source import CannotLook, Source

__all__ = [
    "Arrival",
    "CannotLook",
    "Copy",
    "Expected",
    "Hop",
    "Source",
    "expected",
    "follow",
    "needs_secret",
    "open_source",
    "read_source",
]
