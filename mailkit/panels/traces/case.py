"""The hotel that is worked on: its site file, where its traces and its store are, and what holds for its connections. Frozen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from mailkit.errors import InputError
from mailkit.journal import Store, open_store
from mailkit.mail.planned import PlanSettings
from mailkit.panels.site.opening import opened
from mailkit.panels.traces.choice import Choice
from mailkit.secret import Secret
from mailkit.site.file import SiteFile, load
from mailkit.site.pms import PmsSite
from mailkit.text import visible
from mailkit.traces.database import is_url, login_of
from mailkit.traces.desk import Desk
from mailkit.traces.source import open_source

__all__ = ["STORE", "Case", "case_of"]

STORE = "history.sqlite3"
"""The store's file, beside the site file."""


@dataclass(frozen=True)
class Case:
    """A hotel.

    Attributes:
        file: its site file; without a path where it was handed over by the browser.
        name: what to call that file.
        folder: where it is; what it names is relative to that.
        store: the file or the URL of the store.
        traces: the file or the URL of the traces; ``None``: as the site file says.
        called: what to call the traces where they were handed over by the browser.
        settings: what holds for every connection.
    """

    file: SiteFile
    name: str
    folder: Path | None = None
    store: str = ""
    traces: str | None = None
    called: str | None = None
    settings: PlanSettings = PlanSettings()  # noqa: RUF009 - frozen

    @property
    def site(self) -> PmsSite:
        """The hotel."""
        assert isinstance(self.file.site, PmsSite), "made by case_of"
        return self.file.site

    @property
    def has_source(self) -> bool:
        """Something says where the traces are."""
        source = self.site.traces.source
        return bool(self.traces or source.file or source.url)

    @property
    def database_login(self) -> str | None:
        """Who logs in at the database of the traces with a password that somebody has to type; ``None``: nobody."""
        source = self.site.traces.source
        url = self.traces or source.url
        if url is None or not is_url(url) or (source.password_from or "").strip():
            return None
        return login_of(url)

    def open_store(self, *, create: bool) -> Store:
        """Open the store; blocking.

        Raises:
            InputError: it cannot be used, or none was named.
        """
        if not self.store:
            raise InputError("name the store: a file such as history.sqlite3, or postgresql://user@host/database")
        return open_store(self.store, create=create)

    @property
    def store_is_there(self) -> bool:
        """There is a store, or a server that may have one; a file that is not there yet is no mistake."""
        return bool(self.store) and (self.store.startswith(("postgresql:", "postgres:", "sqlite:")) or Path(self.store).exists())

    def desk(self, choice: Choice, store: Store | None, now: dt.datetime, password: Secret | None = None) -> Desk:
        """Put hotel, traces and store together; blocking.

        Raises:
            InputError: something of it cannot be used.
        """
        source = open_source(self.site, self.traces, folder=self.folder, now=now, password=password or self._own_password())
        return Desk(
            self.site,
            source,
            now=now,
            store=store,
            reach=choice.reach(self.site),
            chosen=choice.names,
            settings=self.settings,
            folder=self.folder,
        )

    def _own_password(self) -> Secret | None:
        """Take the password of the database from where the site file says it is."""
        source = self.site.traces.source
        said, url = (source.password_from or "").strip(), self.traces or source.url
        if url is None or not is_url(url) or not said:
            return None
        login = login_of(url)
        if not login:
            raise InputError("the URL of the database names no user, so there is nobody whose password it could be")
        if said == "keyring":
            from mailkit.signin.keyring import Keyring  # noqa: PLC0415 - one of two

            return Keyring().secret_of(login)
        if said.startswith("env:"):
            from mailkit.signin.environment import Environment  # noqa: PLC0415 - one of two

            return Environment(said[4:].strip()).secret_of(login)
        raise InputError('password_from of [traces.source] is neither "env:NAME" nor "keyring"; a password never stands there')


def case_of(where: Path | tuple[str, bytes], *, store: str = "") -> Case:
    """Read a site file: where it is, or its name and content; blocking.

    Raises:
        SiteMistakes: it is none; every mistake is in it.
        InputError: it cannot be read, or is the construction ERP's.
    """
    if isinstance(where, Path):
        file, name, folder = load(where), where.name, where.parent
        store = store or str(folder / STORE)
    else:
        file, name, folder = opened(*where), where[0], None
    if not isinstance(file.site, PmsSite):
        raise InputError(f"{visible(name)} is a site of maestro*, the construction ERP; traces belong to the hotel's Maestro PMS")
    return Case(file, name, folder, store)
