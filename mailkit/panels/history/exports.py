"""Tables as files: asked for anew, because the page shows only the first rows. It blocks."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from mailkit.errors import InputError
from mailkit.panels.history.asking import ALL, EVERY, ask
from mailkit.panels.history.choice import Choice
from mailkit.panels.history.source import Source
from mailkit.panels.history.tables import TITLES
from mailkit.report.frames import save

__all__ = ["LARGEST", "file_of"]

LARGEST = 100_000_000
"""Bytes that go through the browser."""
_OF_PAGE = 5000
"""Rows of a table in a web page that holds it."""


def file_of(source: Source, choice: Choice, names: tuple[str, ...], kind: str) -> tuple[str, bytes]:
    """Make one file of one or several tables.

    Args:
        source: where the events are.
        choice: which of them.
        names: of :mod:`mailkit.panels.history.asking`; several for ``xlsx`` and ``html`` only.
        kind: ``csv``, ``xlsx``, ``html`` or ``json`` (JSON Lines).

    Returns:
        Its name and its content.

    Raises:
        InputError: it cannot be made, or is too large for a browser.
    """
    with source.turn, tempfile.TemporaryDirectory(prefix="mailkit-export-", ignore_cleanup_errors=True) as folder:
        if source.history is None:
            raise InputError("nothing is open")
        where = choice.where()
        limit = _OF_PAGE if kind == "html" else ALL
        asked = [one for one in names if one != "before-after" or choice.at]
        titles = [one if kind == "json" else TITLES[one] for one in asked]
        tables = [(title, ask(one, source.history, choice, where, limit=limit)) for title, one in zip(titles, asked, strict=True)]
        path = Path(folder) / f"table.{kind}"
        save(tables, path, kind)
        if path.stat().st_size > LARGEST:
            raise InputError("the file is too large for a browser; choose a shorter period, or use “mailkit history export”")
        content = path.read_bytes()
    called = names[0] if len(names) < len(EVERY) else "history"
    ending = "jsonl" if kind == "json" else kind
    return f"mailkit-{called}-{dt.datetime.now(tz=dt.UTC):%Y%m%dT%H%M%SZ}.{ending}", content
