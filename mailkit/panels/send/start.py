"""Where a site comes from: a file on the reader's own computer, one in the folder of the notebook, or a practice site.

The practice site is a whole fake mail site inside this kernel, with mailboxes; it is started when it is chosen, closed when
something else is, and leaves nothing.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mailkit.errors import InputError
from mailkit.panels.job import Job, Progress, State
from mailkit.panels.parts import FileField, Sheet
from mailkit.panels.site.folder import own_folder
from mailkit.panels.site.markup import error, mistakes
from mailkit.panels.site.opening import opened
from mailkit.practice import PracticeSite, practice_site
from mailkit.practice.site_files import SITE_FILES, with_ports
from mailkit.secret import Secret
from mailkit.site import Site
from mailkit.site.file import load
from mailkit.site.file.mistakes import SiteMistakes

__all__ = ["Loaded", "Start"]

_STORE = "{name}.history.sqlite3"


@dataclass(frozen=True)
class Loaded:
    """A site, and what belongs to it.

    Attributes:
        site: as it is described.
        file: the name of its file.
        kept_in: where attempts are written down, where nothing else is said.
        practice: the running practice site, if it is one of that.
    """

    site: Site
    file: str
    kept_in: str
    practice: PracticeSite | None = None

    def password(self, login: str) -> Secret | None:
        """Return the password of a practice account; nobody else's is known."""
        account = self.practice.accounts.get(login) if self.practice else None
        return Secret(account.password) if account else None

    def maildir(self, address: str) -> str:
        """Return where the mail of a practice address lies."""
        assert self.practice is not None
        assert self.practice.maildirs is not None
        return str(self.practice.maildirs.of(address))


class Start:
    """The choice. ``loaded`` is called with what was loaded, or with ``None`` when it is gone."""

    def __init__(self, loaded: Callable[[Loaded | None], None]) -> None:
        self._loaded = loaded
        self._job: Job[tuple[PracticeSite, Path]] = Job(self._moved)
        self._settled = asyncio.Event()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._kind = ""
        self._file = FileField(self._read, description="Choose a site file", accept=".toml")
        self.path = widgets.Text(
            description="or its name here", placeholder="site.toml", continuous_update=False, layout={"width": "320px"}
        )
        self.path.observe(lambda change: self._named(change["new"].strip()), "value")
        kinds = [("no practice site", ""), *((f"the practice {name}", name) for name in SITE_FILES)]
        self.practice = widgets.Dropdown(description="or practise on", options=kinds, value="", layout={"width": "260px"})
        self.practice.observe(lambda change: self._turn(change["new"]), "value")
        self._sheet = Sheet()
        row = widgets.HBox([self._file, *([self.path] if own_folder() else []), self.practice])
        row.add_class("mailkit-actions")
        row.add_class("mailkit-start")
        self.view: Any = widgets.VBox([row, self._sheet])

    @property
    def obstacle(self) -> str | None:
        """Why the practice site cannot be used yet, or at all."""
        if not self._kind or self._site is not None:
            return None
        if self._job.progress.state is State.FAILED:
            return f"the practice site could not be started: {self._job.progress.error}"
        return "the practice site is starting"

    @property
    def _site(self) -> tuple[PracticeSite, Path] | None:
        progress = self._job.progress
        return progress.events[0] if progress.running and progress.events else None

    async def ready(self) -> None:
        """Wait until the practice site runs or failed to, when it was chosen."""
        if self._kind:
            await self._settled.wait()

    def load(self, path: str | Path) -> None:
        """Load a site file in the folder of the notebook; what is wrong with it is shown."""
        file = Path(path)
        try:
            site = load(file).site
        except InputError as wrong:
            self._tell(wrong)
            return
        self._take(Loaded(site, file.name, str(file.with_suffix(".history.sqlite3"))))

    def practise(self, name: str) -> None:
        """Begin with a practice site: ``hotel`` or ``builder``."""
        self.practice.value = name

    def freeze(self, *, frozen: bool) -> None:
        """Let nothing be changed, or everything again."""
        self.path.disabled = self.practice.disabled = frozen
        self._file.layout.visibility = "hidden" if frozen else "visible"

    def close(self) -> None:
        """Close the practice site, and remove what is not to be kept."""
        self._kind = ""
        self._job.cancel()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _named(self, path: str) -> None:
        if path:
            self.load(path)

    def _read(self, name: str, data: bytes) -> None:
        try:
            site = opened(name, data).site
        except InputError as wrong:
            self._tell(wrong)
            return
        self._take(Loaded(site, Path(name).name, self._place(Path(name).stem)))

    def _place(self, stem: str) -> str:
        """Where attempts for a handed-over file are kept: here, where that is the reader's own folder; else until the end."""
        folder = own_folder()
        if folder is None:
            self._temporary = self._temporary or tempfile.TemporaryDirectory(prefix="mailkit-send-", ignore_cleanup_errors=True)
            folder = Path(self._temporary.name)
        return str(folder / _STORE.format(name=stem))

    def _take(self, loaded: Loaded) -> None:
        if loaded.practice is None and self._kind:
            self._kind = ""
            self._job.cancel()
            self.practice.value = ""
        self._sheet.sections = []
        self._loaded(loaded)

    def _tell(self, wrong: InputError) -> None:
        told = mistakes(wrong) if isinstance(wrong, SiteMistakes) else error(str(wrong))
        self._sheet.sections = [("error", told)]

    def _turn(self, name: str) -> None:
        if name == self._kind:
            return
        self._kind = name
        if not name:
            self._job.cancel()
            self._loaded(None)
        elif self._site is not None:
            self._offer()
        else:
            self._settled.clear()
            self._loaded(None)
            self._job.start(_open)

    def _moved(self, progress: Progress[tuple[PracticeSite, Path]]) -> None:
        if self._site is not None and not self._settled.is_set():
            self._offer()
            self._settled.set()
        elif progress.state is State.CANCELLED and self._kind:
            self._settled.clear()
            self._job.start(_open)  # chosen again before it was quite closed
        elif progress.state is State.FAILED:
            self._settled.set()
            self._sheet.sections = [("error", error(self.obstacle or ""))]

    def _offer(self) -> None:
        assert self._site is not None
        practice, folder = self._site
        file = SITE_FILES[self._kind]
        site = with_ports(file.site(), {name: server.port for name, server in practice.servers.items()})
        self._take(Loaded(site, file.file, str(folder / _STORE.format(name=self._kind)), practice))


@asynccontextmanager
async def _folder() -> Any:  # noqa: ANN401 - an asynchronous iterator of one path
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mailkit-send-", ignore_cleanup_errors=True)
    try:
        yield Path(folder.name)
    finally:
        await asyncio.to_thread(folder.cleanup)


async def _open() -> AsyncGenerator[tuple[PracticeSite, Path], None]:
    async with _folder() as folder, practice_site(plays=[], mail_folder=folder / "mail") as site:
        yield site, folder
        await asyncio.Event().wait()
