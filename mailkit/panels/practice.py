"""The switch to the practice site: a whole fake mail site inside this kernel, to try the panel on and to learn with.

The site is started when the switch is turned on and closed when it is turned off. Choosing a server or an account fills in the
form as a person would: the fields stay visible, so that nothing happens behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import ipywidgets as widgets

from mailkit.panels.form import Form
from mailkit.panels.job import Job, Progress, State
from mailkit.practice import PracticeSite, practice_site
from mailkit.secret import Secret

__all__ = ["PracticeSwitch"]

NO_ACCOUNT = ("No log-in", "")


class PracticeSwitch:
    """The switch, the choice of servers and accounts, and the running site. ``changed`` is called after each change."""

    def __init__(self, form: Form, changed: Callable[[], None]) -> None:
        self._form = form
        self._changed = changed
        self._job: Job[PracticeSite] = Job(self._moved)
        self._settled = asyncio.Event()
        self.switch = widgets.Checkbox(description="Practice site: fake mail servers inside this notebook", indent=False)
        self.server = widgets.Dropdown(description="Practice server")
        self.account = widgets.Dropdown(description="Practice account")
        self._choices = widgets.GridBox([self.server, self.account])
        self._choices.add_class("mailkit-fields")
        self._choices.add_class("mailkit-more")
        self._choices.layout.display = "none"
        self.view = widgets.VBox([self.switch, self._choices])
        self.switch.observe(lambda _: self._turn(), "value")
        self.server.observe(lambda _: self._choose(), "value")
        self.account.observe(lambda _: self._log_in(), "value")

    @property
    def on(self) -> bool:
        """The switch is on; the site may still be starting."""
        return bool(self.switch.value)

    @property
    def site(self) -> PracticeSite | None:
        """The running site."""
        progress = self._job.progress
        return progress.events[0] if progress.running and progress.events else None

    @property
    def obstacle(self) -> str | None:
        """Why the practice site cannot be used yet, or at all."""
        if not self.on or self.site is not None:
            return None
        if self._job.progress.state is State.FAILED:
            return f"the practice site could not be started: {self._job.progress.error}"
        return "the practice site is starting"

    async def ready(self) -> None:
        """Wait until the site runs or failed to, when it is switched on."""
        if self.on:
            await self._settled.wait()

    def rearm(self) -> None:
        """Put the password of the chosen account back, which a run has used up."""
        if self.on and self.account.value:
            self._log_in()

    def freeze(self, *, frozen: bool) -> None:
        """Let nothing be changed, or everything again."""
        for field in (self.switch, self.server, self.account):
            field.disabled = frozen

    def close(self) -> None:
        """Turn the switch off, which closes the site."""
        self.switch.value = False

    def _turn(self) -> None:
        if self.on:
            self._settled.clear()
            self._job.start(_open)
        else:
            self._job.cancel()
            self._choices.layout.display = "none"
            self._form.password.hold(None)
            self._form.fill(host="", ports="", security="auto", user="", resolver="", ca_file="")
        self._changed()

    def _moved(self, progress: Progress[PracticeSite]) -> None:
        if (site := self.site) is not None and not self._settled.is_set():
            self._choices.layout.display = ""
            self._settled.set()
            accounts, servers = _accounts(site), _servers(site)
            self.account.options, self.server.options = accounts, servers
            self.account.value, self.server.value = accounts[0][1], servers[0][1]  # new options leave the choice empty
            self._choose()
        elif progress.state is State.CANCELLED and self.on:
            self._job.start(_open)  # turned on again before it was quite off
        elif not progress.running:
            self._settled.set()
        self._changed()

    def _choose(self) -> None:
        """Fill in the chosen server: by its name, which only the practice site's own name server knows."""
        site = self.site
        if site is None or not self.server.value:
            return
        server = site.server(self.server.value)
        self._form.fill(
            host=server.name,
            ports=str(server.port),
            security=server.ask.security,
            sender=server.ask.sender or "",
            recipient=server.ask.recipient or "",
            resolver=site.resolver,
            ca_file=str(site.ca_file),
        )
        self.account.value = server.ask.user if server.ask.user in list(site.accounts) else ""
        self._log_in()

    def _log_in(self) -> None:
        """Fill in the chosen account and its password, or empty both."""
        site = self.site
        account = site.accounts[self.account.value] if site and self.account.value else None
        self._form.password.hold(Secret(account.password) if account else None)
        self._form.fill(user=account.user if account else "")


async def _open() -> AsyncGenerator[PracticeSite, None]:
    async with practice_site() as site:
        yield site
        await asyncio.Event().wait()


def _accounts(site: PracticeSite) -> list[tuple[str, str]]:
    return [NO_ACCOUNT, *((f"{account.user}: {account.note}", account.user) for account in site.accounts.values())]


def _servers(site: PracticeSite) -> list[tuple[str, str]]:
    """The planted faults of the two businesses first, then their healthy servers, then every single kind of server."""
    planted = {each.host: f"{each.host}: {each.sentence}" for each in site.planted}
    businesses = [server for server in site.servers.values() if not server.name.endswith(".practice.test")]
    healthy = [(f"{server.name}: {server.title}", server.name) for server in businesses if server.name not in planted]
    kinds = [(f"{server.play.id}: {server.title}", server.name) for server in site.servers.values() if server not in businesses]
    return [*((text, host) for host, text in planted.items()), *healthy, *kinds]
