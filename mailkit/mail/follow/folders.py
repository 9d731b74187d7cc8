"""What a folder is for: by what the server says of it (RFC 6154), else by its name in one of many languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from msgspec import Struct

from mailkit.knowledge import Meta, read
from mailkit.mail.follow.arrival import FolderUse

__all__ = ["ORDER", "use_of"]

ORDER: tuple[FolderUse, ...] = ("inbox", "junk", "trash", "archive", "other")
"""In which order folders are looked into. What was sent or only written did not arrive there."""

_ATTRIBUTES: dict[str, FolderUse] = {
    "\\inbox": "inbox",
    "\\junk": "junk",
    "\\spam": "junk",
    "\\trash": "trash",
    "\\archive": "archive",
    "\\all": "archive",
    "\\allmail": "archive",
    "\\sent": "sent",
    "\\drafts": "drafts",
    "\\flagged": "drafts",  # a view of mails that lie elsewhere
    "\\starred": "drafts",
    "\\important": "drafts",
}


class _Names(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    names: dict[FolderUse, tuple[str, ...]]


@cache
def _names() -> dict[str, FolderUse]:
    table = read(Path(__file__).with_name("folders.toml"), _Names).names
    return {unicodedata.normalize("NFC", name): use for use, names in table.items() for name in names}


def use_of(name: str, attributes: Iterable[str] = ()) -> FolderUse:
    r"""Say what a folder is for.

    >>> use_of("INBOX"), use_of("INBOX.Junk"), use_of("Dossiers/Courrier indésirable"), use_of("Werbung", ["\\Archive"])
    ('inbox', 'junk', 'junk', 'archive')
    """
    for one in attributes:
        if use := _ATTRIBUTES.get(one.lower()):
            return use
    if name.upper() == "INBOX":
        return "inbox"
    last = re.split(r"[/.\\|]", name.strip("/.\\|"))[-1]
    return _names().get(unicodedata.normalize("NFC", last).strip().casefold(), "other")
