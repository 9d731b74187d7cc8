"""The practice hotel inside this kernel: its mail server, its traces moved to today, and a folder with its site file and store.

It comes as it was planted, with a log-in that its server refuses, or with the log-in put right, to see the rest work.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from mailkit.mail.planned import PlanSettings
from mailkit.panels.job import Job, Progress
from mailkit.practice import practice_site
from mailkit.practice.site_files import SITE_FILES, text_with_ports
from mailkit.practice.traces import traces_csv
from mailkit.secret import Secret

__all__ = ["Hotel", "PracticeHotel"]

_FILE = "hotel.site.toml"
_ACCOUNT = "frontdesk@hotel.test"


@dataclass(frozen=True)
class Hotel:
    """The hotel as it runs."""

    folder: Path
    settings: PlanSettings
    password: Secret
    """Of the account that its mail leaves by."""

    @property
    def file(self) -> Path:
        """Its site file."""
        return self.folder / _FILE

    def put_right(self) -> None:
        """Write the whole address of the account into the site file, as log-in and as sender; blocking."""
        document = tomlkit.parse(self.file.read_text("utf-8"))
        setup = document["email_setup"]
        setup["auth_name"] = setup["trace_rep_addr"] = _ACCOUNT
        self.file.write_text(tomlkit.dumps(document), "utf-8")


class PracticeHotel:
    """Starts and stops the hotel. ``changed`` is called on the loop when it runs, has failed or is gone."""

    def __init__(self, changed: Callable[[Progress[Hotel]], None]) -> None:
        self._job: Job[Hotel] = Job(changed)

    @property
    def progress(self) -> Progress[Hotel]:
        """Where it is."""
        return self._job.progress

    @property
    def hotel(self) -> Hotel | None:
        """The running hotel."""
        progress = self._job.progress
        return progress.events[0] if progress.running and progress.events else None

    def start(self) -> None:
        """Start it soon."""
        self._job.start(_open)

    def close(self) -> None:
        """Stop it soon, and remove its folder."""
        self._job.cancel()


async def _open() -> AsyncGenerator[Hotel, None]:
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mailkit-hotel-", ignore_cleanup_errors=True)
    try:
        async with practice_site(plays=[]) as site:
            ports = {name: server.port for name, server in site.servers.items()}
            await asyncio.to_thread(_furnish, Path(folder.name), ports)
            settings = PlanSettings(resolver=site.resolver, ca_file=str(site.ca_file))
            yield Hotel(Path(folder.name), settings, Secret(site.accounts[_ACCOUNT].password))
            await asyncio.Event().wait()
    finally:
        await asyncio.to_thread(folder.cleanup)


def _furnish(folder: Path, ports: dict[str, int]) -> None:
    today = dt.datetime.now(tz=dt.UTC).astimezone().date()
    document = tomlkit.parse(text_with_ports(SITE_FILES["hotel"], ports))
    document["business_date"] = today - dt.timedelta(days=1)
    (folder / _FILE).write_text(tomlkit.dumps(document), "utf-8")
    (folder / "hotel.traces.csv").write_text(traces_csv(today), "utf-8")
