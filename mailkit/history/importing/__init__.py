"""What other systems recorded, as delivery events: mail logs, message traces, bounces, tables of any kind.

* :func:`read` gives the events of files, folders or streams; what could not be read is among them, as :class:`Unreadable`.
* :func:`import_into` puts them into a store. The same thing read twice is there once.
* :func:`read_mails` and :func:`import_mails` take bounces from anywhere else, such as a folder of a mailbox.

"Accepted" and "delivered" are kept apart: ``accepted`` is what the next server took, ``delivered`` what was seen to go into a
mailbox. Each format says in its own file how it tells the two.
"""

from __future__ import annotations

from mailkit.history.importing.bounces import read_mails
from mailkit.history.importing.column_map import ColumnMap, guess, read_column_map
from mailkit.history.importing.formats import FORMATS, Format
from mailkit.history.importing.into_store import Report, import_into, import_mails, own_of
from mailkit.history.importing.outcome import Progress, Tally, Unreadable
from mailkit.history.importing.run import read

__all__ = [
    "FORMATS",
    "ColumnMap",
    "Format",
    "Progress",
    "Report",
    "Tally",
    "Unreadable",
    "guess",
    "import_into",
    "import_mails",
    "own_of",
    "read",
    "read_column_map",
    "read_mails",
]
