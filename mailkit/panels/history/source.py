"""Where the events are: a store, files made into a temporary store, or the practice history. Everything here blocks.

It is used from one thread at a time: whoever is told to stop lets the next one in soon.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.history.engine import History, needs_extra, open_history
from mailkit.history.importing import Progress, Report, import_into
from mailkit.journal.opening import open_store
from mailkit.journal.place import place
from mailkit.practice.history import write_history
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["PRACTICE", "Given", "Source", "bare"]

PRACTICE = "the practice history"
_ODD = re.compile(r"[^\w.+-]+")

Given = Path | tuple[str, bytes]
"""A file or folder where the notebook runs, or the name and the content of one that was dropped."""


class Source:
    """The history that is open, and the temporary files behind it."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        self.history: History | None = None
        self.name = ""
        """For people: no password is in it."""
        self.reports: tuple[Report, ...] = ()
        """Of the files read into the temporary store."""
        self._folder: Path | None = None
        self._drops = 0

    def open(self, where: str, password: Secret | None, tell: Callable[[int, int], None], stop: Callable[[], bool]) -> None:
        """Open a store, or a folder of Parquet files; what was open before is closed once the new one is.

        Raises:
            InputError: it cannot be used. No password is in the sentence.
        """
        needs_extra()
        shown, address = where.strip(), where.strip()
        if not shown:
            raise InputError("name a store: history.sqlite3, or postgresql://user@host/database")
        if "://" in shown and not shown.startswith("sqlite:"):
            at = place(shown)
            shown = at.shown
            url = at.url.set(password=password.reveal()) if password else at.url
            address = url.render_as_string(hide_password=False)
        try:
            opened = open_history(address, cache=None, progress=tell, stop=stop)
        except InputError as error:
            raise InputError(password.scrub(str(error)) if password else str(error)) from None
        self._take(opened, shown)
        self._forget()

    def practise(self) -> None:
        """Write the practice history into a temporary store and open it."""
        needs_extra()
        self._forget()
        store = write_history(self._home() / "practice.sqlite3")
        self._take(open_history(store), PRACTICE)

    def read(
        self, files: Sequence[Given], zone: str | None, tell: Callable[[Progress], None], stop: Callable[[], bool]
    ) -> Report:
        """Read files into the temporary store, beside those that were read before, and open that.

        Raises:
            InputError: nothing in them is of a known format.
        """
        needs_extra()
        if not self.reports:
            self._forget()
        store = self._home() / "files.sqlite3"
        self._drops += 1
        drop = self._home() / f"drop-{self._drops}"
        paths = [one if isinstance(one, Path) else _kept(drop, *one) for one in files]
        # Of several, one that is no record of mail is passed over and named; a single one is refused with the reason.
        what = [drop] if len(paths) > 1 and all(drop in path.parents for path in paths) else paths
        try:
            with open_store(store) as opened:
                report = import_into(opened, what, zone=zone, progress=tell, stop=stop)
        except InputError as error:
            raise InputError(str(error).replace(f"{drop}{os.sep}", "")) from None
        finally:
            shutil.rmtree(drop, ignore_errors=True)
        report = _named(report, drop)
        self.reports = (*self.reports, report)
        self._take(open_history(store), "the files")
        return report

    def close(self) -> None:
        """Close what is open and delete what is temporary."""
        with self.turn:
            if self.history is not None:
                self.history.close()
                self.history = None
            self._forget()

    def _take(self, opened: History, name: str) -> None:
        before, self.history, self.name = self.history, opened, name
        if before is not None:
            before.close()

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="mailkit-history-"))
            # Also when nobody closes the panel: what was dropped is somebody's mail.
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _forget(self) -> None:
        folder, self._folder, self.reports = self._folder, None, ()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def bare(where: str) -> tuple[str, Secret | None]:
    """Take the password out of an address: what is left may be shown and kept.

    >>> bare("postgresql://reader:secret@db.test/mail")[0]
    'postgresql://reader@db.test/mail'
    """
    if "://" not in where or where.startswith("sqlite:"):
        return where, None
    try:
        at = place(where)
    except InputError:
        return (where, None) if "@" not in where else (re.sub(r"(://[^:/@]*):.*@", r"\1@", where), None)
    return (at.shown, Secret(str(at.url.password))) if at.url.password else (where, None)


def _named(report: Report, drop: Path) -> Report:
    """Call dropped files what they were called."""

    def name(file: str) -> str:
        return file.removeprefix(f"{drop}{os.sep}")

    return replace(
        report,
        files=tuple((name(file), form) for file, form in report.files),
        examples=tuple(replace(one, file=name(one.file)) for one in report.examples),
        notes=tuple(note.replace(f"{drop}{os.sep}", "") for note in report.notes),
    )


def _kept(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    plain = _ODD.sub("_", visible(Path(name.replace("\\", "/")).name))[-100:].lstrip(".") or "file"
    path = folder / plain
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{number}-{plain}"
    path.write_bytes(data)
    return path
