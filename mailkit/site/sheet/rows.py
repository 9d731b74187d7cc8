"""One field of a screen as a row of the sheet: how its values are shown, and what there is to do with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from mailkit.site.screens import Screen, mode_words, screens
from mailkit.site.sheet.page import Doer, Part, Row, Task
from mailkit.site.sheet.words import Words

__all__ = ["Raw", "Writer", "by_path", "value_of"]

Raw = str | int | bool | None

_LABELS = {
    "maestro": "maestro*",
    "mobile": "Web Service/Mobile",
    "maestro-and-mobile": "maestro* and Web Service/Mobile",
    "active": "Active",
    "inactive": "Inactive",
    "authenticated": "Authenticated",
}
"""Choices as the screens call them."""

_WORDS = {"on": "ticked", "off": "not-ticked", "not-shown": "not-shown", "set": "set"}
"""Choices as the sheet says them."""


def value_of(record: Struct | None, field: str) -> Raw:
    """Return what a record has in a field: a whole site, or a user, clerk, property or row of a grid. ``None``: not known."""
    key = screens()[field].key or ""
    got: object = record
    for name in key.split("."):
        # The key of a user's field begins with "users."; the record at hand is the user already.
        if name in getattr(got, "__struct_fields__", ()):
            got = getattr(got, name)
    return got if isinstance(got, str | int | bool) else None


def by_path(rows: Iterable[tuple[str, Row]]) -> tuple[Part, ...]:
    """Put rows that follow one another and have the same title into one part."""
    return tuple(Part(title=title, rows=tuple(row for _, row in same)) for title, same in groupby(rows, key=lambda one: one[0]))


class Writer:
    """Writes the rows of one sheet."""

    def __init__(self, words: Words, version: str | None = None) -> None:
        self.words = words
        self.version = version
        """Of maestro*, which calls the modes by other names in newer versions."""

    def row(
        self,
        field: str,
        new: Raw,
        old: Raw,
        *,
        record: str | None = None,
        note: str | None = None,
        instead: Task | None = None,
    ) -> Row:
        """Return the row of a field that shall have the value ``new`` and has the value ``old``.

        ``instead`` takes the place of "enter the value" (a copy is checked, not entered).
        """
        screen = screens()[field]
        shown_old, shown_new = self.shown(old, screen), self.shown(new, screen)
        task = self.task(screen, shown_new, shown_old)
        if task == "enter" and isinstance(new, str) and new != new.strip():
            note = " ".join(part for part in (note, self.words("note-edge-blank")) if part)
        if instead is not None and task in ("enter", "look-up"):
            task = instead
        if task == "keep" and shown_old is None:
            shown_old = shown_new  # what its owner has done already stands there now
        return Row(
            field=field,
            label=self.label(field),
            task=task,
            doer=_doer(screen, task),
            old=shown_old,
            new=None if screen.kind == "secret" else shown_new,
            record=record,
            note=note,
        )

    def label(self, field: str) -> str:
        """Return what the screens of the site's version call a field; where that is not known, which version has it."""
        screen = screens()[field]
        if field == "erp.user_name" and self.version == "new":
            return "User"
        if self.version is None and len(screen.versions) == 1:
            return self.words(f"{screen.versions[0]}-versions", label=screen.label)
        return screen.label

    def task(self, screen: Screen, new: str | None, old: str | None) -> Task:
        """Say what there is to do with a field, from its values as they are shown."""
        if screen.leave:
            return "leave"
        if screen.kind in ("secret", "button"):
            # What the owner has done already: he is not asked for it again, unless it is known that it was undone.
            done = new in (self.words("set"), _LABELS["authenticated"]) and old in (None, new)
            return "keep" if done else "password" if screen.kind == "secret" else "press"
        if new is None:
            return "look-up"
        if new == old:
            return "keep"
        return "enter" if new else "clear"

    def shown(self, value: Raw, screen: Screen) -> str | None:
        """Return a value as the screen shows it."""
        if isinstance(value, bool):
            if screen.path.startswith("Global Maintenance"):
                return "Y" if value else "N"
            return self.words("ticked" if value else "not-ticked")
        if not isinstance(value, str):
            return None if value is None else str(value)
        if screen.kind == "secret":
            return self.words("set" if value == "set" else "no-password")
        if screen.kind in ("choice", "button"):
            return self._choice(value, screen)
        return value

    def _choice(self, value: str, screen: Screen) -> str:
        if screen.key in ("general_settings.mail_software", "users.mailing_mode"):
            return self.mode(value) if value else self.words("none-chosen")
        if screen.key == "email_setup.auth_meth":
            return value  # the site's own word, from a list nobody else knows
        if value in _WORDS:
            return self.words(_WORDS[value])
        return _LABELS.get(value, value)

    def mode(self, mode: str) -> str:
        """Return a mode as the product calls it; where the version is not known, both of its names."""
        known = mode_words().get(mode)
        if known is None:
            return mode
        if self.version is None:
            return " / ".join(dict.fromkeys(name for name in (known.old, known.new) if name))
        return (known.old if self.version == "old" else known.new) or known.old or known.new or mode

    def leaves(self, fields: Iterable[str], was: Iterable[Struct | None], now: Struct) -> Iterator[Row]:
        """Yield the fields to leave: what was in them, and a warning where they are different now. No value is ever proposed.

        ``was``: where the old values may be found, the first place that knows one goes first.
        """
        places = tuple(was)
        for field in fields:
            screen = screens()[field]
            old = next((shown for place in places if (shown := self.shown(value_of(place, field), screen)) is not None), None)
            current = self.shown(value_of(now, field), screen)
            note = self.words("note-leave-gem" if field == "pms.gem_depart_emails" else "note-leave")
            if old is not None and current is not None and old != current:
                empty = self.words("empty")
                note = self.words("note-leave-changed", before=old or empty, now=current or empty)
            yield Row(
                field=field,
                label=screen.label,
                task="leave",
                doer="nobody",
                old=old if old is not None else current,
                note=note,
            )


def _doer(screen: Screen, task: Task) -> Doer:
    if task in ("leave", "later"):
        return "nobody"
    if screen.who == "user":
        return "user"
    return "owner" if screen.kind == "secret" else "administrator"
