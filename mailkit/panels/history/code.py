"""The same thing as code: the Python and the command line that ask the same. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from mailkit.panels.history.choice import NAMES, Choice
from mailkit.panels.history.source import PRACTICE

__all__ = ["as_command", "as_python"]

_IMPORTED = "history.sqlite3"


def as_python(choice: Choice, name: str, *, files: Iterable[str] = (), opened: str | None = None) -> str:
    """Return a cell for a notebook.

    Args:
        choice: what is chosen.
        name: the store; :data:`~mailkit.panels.history.source.PRACTICE` for the practice history.
        files: what was read into a temporary store.
        opened: the delivery that is looked at.
    """
    paths = [*files]
    practice = name == PRACTICE
    store = "store" if practice else repr(_IMPORTED if paths else name or _IMPORTED)
    asked = ["headlines", "latest", *(["before_after"] if choice.at else []), *(["story"] if opened else [])]
    lines = [
        *(["import datetime as dt", ""] if choice.at or choice.period != "all" else []),
        "from mailkit.history.choice import Filter",
        "from mailkit.history.engine import open_history",
        *(["from mailkit.history.importing import import_into"] if paths else []),
        f"from mailkit.history.questions import {', '.join(sorted(asked))}",
        *(["from mailkit.journal import open_store"] if paths else []),
        *(["from mailkit.practice.history import practice_history"] if practice else []),
        "",
    ]
    if paths:
        lines += [f"with open_store({store}) as kept:", f"    import_into(kept, {paths!r})", ""]
    with_store = "practice_history() as store, " if practice else ""
    lines += [
        f"where = Filter({', '.join(_arguments(choice))})",
        f"with {with_store}open_history({store}) as history:",
        "    for one in headlines(history, where):",
        "        print(one.severity, one.text)",
        "    mails = latest(history, where)",
    ]
    if choice.at:
        lines.append(
            f"    change = before_after(history, dt.{choice.at!r}, None, where, days={choice.days})".replace(
                "dt.datetime.", "dt."
            )
        )
    if opened:
        lines.append(f"    told = story(history, {opened!r})")
    return "\n".join([*lines, "mails"])


def as_command(choice: Choice, name: str, *, files: Iterable[str] = (), opened: str | None = None) -> str:
    """Return the command lines; arguments as for :func:`as_python`."""
    paths = [*files]
    if name == PRACTICE:
        made = "from mailkit.practice.history import write_history; write_history('practice.sqlite3')"
        first = [shlex.join(["python", "-c", made])]
        store = "practice.sqlite3"
    else:
        store = _IMPORTED if paths else name or _IMPORTED
        first = [shlex.join(["mailkit", "history", "import", "--store", store, *paths])] if paths else []
    where = [*_options(choice)]
    lines = [*first, *(_show(question, store, where) for question in ("headlines", "latest"))]
    if choice.at:
        lines.append(_show("before-after", store, [*where, "--at", choice.at.isoformat(), "--days", str(choice.days)]))
    if opened:
        lines.append(_show("story", store, ["--id", opened]))
    return "\n".join(lines)


def _show(question: str, store: str, options: list[str]) -> str:
    return shlex.join(["mailkit", "history", "show", question, "--store", store, *options])


def _arguments(choice: Choice) -> Iterable[str]:
    where = choice.where()
    for name in ("since", "until"):
        day = getattr(where, name)
        if day is not None:
            yield f"{name}=dt.date({day.year}, {day.month}, {day.day})"
    for name, words in choice.words().items():
        yield f"{name}={words!r}"
    yield f"zone={choice.zone!r}"


def _options(choice: Choice) -> Iterable[str]:
    where = choice.where()
    for name in ("since", "until"):
        day = getattr(where, name)
        if day is not None:
            yield from (f"--{name}", day.isoformat())
    yield from ("--zone", choice.zone)
    for name in NAMES:
        words = choice.words().get(name, ())
        for word in (words,) if isinstance(words, str) else words:
            yield from (f"--{name}", word)
