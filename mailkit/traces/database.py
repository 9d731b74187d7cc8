"""Rows of a database that SQLAlchemy reaches, in chunks: nothing is written there, and no password is kept anywhere.

SQLite and PostgreSQL were tried. Whatever a database says when it refuses ends in one line here.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Database", "is_url", "login_of"]

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+_.-]*://")
_READS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
_CHUNK = 1000
_EXAMPLE = "SELECT * FROM traces"


def is_url(where: str) -> bool:
    r"""Say whether a text names a database: ``postgresql://…``, and not ``C:\traces.csv``."""
    return _URL.match(where) is not None


class Database:
    """One question to one database.

    Args:
        url: without a password.
        query: one SELECT.
        password: of the user in the URL, if the database asks for one.

    Raises:
        InputError: the URL or the query is not usable.
    """

    def __init__(self, url: str, query: str | None, password: Secret | None = None) -> None:
        self._sa = _sqlalchemy()
        try:
            made = self._sa.engine.make_url(url)
        except (self._sa.exc.ArgumentError, ValueError):
            raise InputError(
                f"{visible(shorten(_bare(url), 80))!r} is no database; write one such as postgresql://reader@db.hotel.test/pms"
            ) from None
        if made.password is not None:
            raise InputError(
                "the URL of the database holds a password; take it out, and say where it is: --source-password-env NAME,"
                ' or password_from = "env:NAME" under [traces.source]'
            )
        if query is None or not query.strip():
            raise InputError(
                f'say what to ask the database: --query, or query = "{_EXAMPLE}" under [traces.source] of the site file'
            )
        if not _READS.match(query) or ";" in query.strip().rstrip(";"):
            raise InputError(f"the query is not one SELECT; write one such as {_EXAMPLE}: traces are only read")
        self.name = visible(shorten(made.render_as_string(hide_password=True), 120))
        self._url = _read_only(made)
        self._query = query.strip().rstrip(";")
        self._password = password
        self._headers: tuple[str, ...] | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the columns (asked once)."""
        if self._headers is None:
            for _ in self._asked(limit=0):  # it has no row; at its end everything is closed
                pass
            assert self._headers is not None, "a query that ran has columns"
        return self._headers

    def rows(self) -> Generator[tuple[int, list[Any]], None, None]:
        """Give each row with its number, a thousand at a time in memory."""
        yield from self._asked(limit=None)

    def _asked(self, limit: int | None) -> Generator[tuple[int, list[Any]], None, None]:
        url = self._url.set(password=self._password.reveal()) if self._password else self._url
        try:
            engine = self._sa.create_engine(url, poolclass=self._sa.pool.NullPool)
        except self._sa.exc.NoSuchModuleError:
            raise InputError(
                f"SQLAlchemy knows no database {visible(shorten(url.drivername, 40))!r}; install its dialect"
            ) from None
        except ImportError as error:
            extra = (
                "pip install 'maestro-mailkit[postgres]'"
                if url.drivername.startswith("postgresql")
                else "install its driver for Python"
            )
            raise InputError(f"the driver of this database is not installed ({visible(error.name or '')}); {extra}") from None
        try:
            with engine.connect() as connection:
                options: dict[str, Any] = {"stream_results": True, "max_row_buffer": _CHUNK, "no_parameters": True}
                if url.get_backend_name() == "postgresql":
                    connection = connection.execution_options(postgresql_readonly=True)  # noqa: PLW2901 - the same one, read-only
                result = connection.execution_options(**options).exec_driver_sql(self._query)
                if not result.returns_rows:
                    raise InputError(f"the query gives no rows; write one such as {_EXAMPLE}")
                with contextlib.closing(result):
                    self._headers = tuple(result.keys())
                    if limit == 0:
                        return
                    number = 0
                    for chunk in result.partitions(_CHUNK):
                        for row in chunk:
                            number += 1
                            yield number, list(row)
        except self._sa.exc.SQLAlchemyError as error:
            raise InputError(f"the database {self.name} did not answer: {self._said(error)}") from None
        finally:
            engine.dispose()

    def _said(self, error: Exception) -> str:
        """Give the database's own words, on one line and without a secret."""
        words = " ".join(str(getattr(error, "orig", None) or error).split())
        return visible(shorten(self._password.scrub(words) if self._password else words, 300))


def login_of(url: str) -> str | None:
    """Give the user a URL names: whose password it is."""
    try:
        user: str | None = _sqlalchemy().engine.make_url(url).username
    except Exception:  # noqa: BLE001 - what is wrong with it is said where it is used
        return None
    return user


def _read_only(url: sa.engine.URL) -> sa.engine.URL:
    """Open SQLite for reading: a file that is not there would be made otherwise.

    Raises:
        InputError: there is no such file.
    """
    drivers = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    if url.drivername in drivers:
        url = url.set(drivername=drivers[url.drivername])
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return url
    path = Path(url.database)
    if not path.is_file():
        raise InputError(f"there is no database {visible(str(path))}; give the path of one that exists")
    return url.set(database=path.resolve().as_uri(), query={**url.query, "mode": "ro", "uri": "true"})


def _bare(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//…@", url)


def _sqlalchemy() -> Any:  # noqa: ANN401 - the module
    import sqlalchemy  # noqa: PLC0415 - takes half a second, and a CSV file needs none of it

    return sqlalchemy
