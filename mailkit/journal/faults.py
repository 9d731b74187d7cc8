"""What databases say when they fail, in one line for a person: which store, what happened, what would help.

Foreign errors end here: above the store there are only those of :mod:`mailkit.errors`. Neither statements nor what was to be
written nor a password is in any of them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mailkit.errors import StoreError
from mailkit.journal.place import Place
from mailkit.text import shorten, visible

__all__ = ["translated"]

_FULL = "the disk is full: make room and start again; nothing that was recorded before is lost"
_BUSY = "another program has locked it for too long: close what else has it open (a database viewer, a backup)"
_DAMAGED = (
    "it is damaged, or not a store: put the last backup in its place, and keep the damaged file for 'sqlite3 FILE .recover'"
)
_READ_ONLY = "it cannot be written: the file or its folder is read-only, or belongs to another user"
_GONE = "it cannot be opened: the file or its folder is not there, or may not be read"
_DISK = "the disk refused to read or write (or the file has reached the largest size allowed): look at the system's own messages"
_CHANGED = "a table is missing or different: another program has changed it; put the last backup in its place"

_SQLITE = {
    "FULL": ("full", _FULL),
    "BUSY": ("busy", _BUSY),
    "LOCKED": ("busy", _BUSY),
    "CORRUPT": ("damaged", _DAMAGED),
    "NOTADB": ("damaged", _DAMAGED),
    "FORMAT": ("damaged", _DAMAGED),
    "READONLY": ("read-only", _READ_ONLY),
    "PERM": ("read-only", _READ_ONLY),
    "AUTH": ("refused", _READ_ONLY),
    "CANTOPEN": ("gone", _GONE),
    "IOERR": ("failed", _DISK),
    "SCHEMA": ("changed", _CHANGED),
}
"""By the first word of SQLite's result code (https://www.sqlite.org/rescode.html)."""

_POSTGRES = {
    "28": ("refused", "the server refused the user or the password"),
    "3D": ("gone", "there is no such database on the server: create it, or name another"),
    "42501": ("refused", "the user may not do this: it needs the right to create and use the schema 'mailkit' in this database"),
    "42": ("changed", _CHANGED),
    "25006": ("read-only", "the server takes no changes (a stand-by, or set to read-only): name the one that does"),
    "53100": ("full", "the server's disk is full: make room there; nothing that was recorded before is lost"),
    "53300": ("busy", "the server has no connection left for this user: close others, or raise its limit"),
    "55P03": ("busy", _BUSY),
    "57014": ("busy", "the server stopped the query, because it took longer than it allows"),
    "40": ("busy", "another program changed the same rows at the same moment: try again"),
    "57P": ("gone", "the server was shut down or is starting: try again when it runs"),
    "08": ("gone", "the connection to the server was lost"),
    "XX": ("damaged", "the server reports damaged data: see its log"),
}
"""By the beginning of the SQLSTATE, the longest first (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


@contextlib.contextmanager
def translated(at: Place, driver: type[Exception]) -> Iterator[None]:
    """Turn errors of the database at ``at`` inside the block into :class:`~mailkit.errors.StoreError`.

    ``driver`` is the base of those that come from the driver itself.
    """
    try:
        yield
    except DBAPIError as error:
        problem, text = _reading(error.orig)
    except PoolTimeout:
        problem, text = "busy", "too many connections are open in this program"
    except SQLAlchemyError as error:
        problem, text = "failed", type(error).__name__
    except driver as error:
        problem, text = _reading(error)
    else:
        return
    raise StoreError(at.scrub(f"{at.shown}: {text}"), problem) from None


def _reading(cause: BaseException | None) -> tuple[str, str]:
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    state = getattr(cause, "sqlstate", None)
    # What the server says about one row may quote the row; its first line does not.
    words = visible(shorten(str(cause).strip().partition("\n")[0], 300))
    if state is None:
        lost = "the server does not answer, or does not know the user, the password or the database"
        return "gone", f"{lost} ({words})" if words else lost
    found = next((state[:length] for length in (5, 3, 2) if state[:length] in _POSTGRES), None)
    problem, text = _POSTGRES[found] if found else ("failed", "the server refused the query")
    return problem, f"{text} ({words})"


def _of_sqlite(error: BaseException) -> tuple[str, str]:
    name = getattr(error, "sqlite_errorname", None) or ""
    problem, text = _SQLITE.get(name.removeprefix("SQLITE_").partition("_")[0], ("failed", "SQLite could not do it"))
    if str(error).startswith(("no such table", "no such column")):
        problem, text = "changed", _CHANGED
    return problem, f"{text} ({visible(shorten(str(error), 200))}{f', {name}' if name else ''})"
