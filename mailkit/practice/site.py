"""The whole practice site: every practice server, the two businesses, the name server, accounts and mailboxes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailkit.practice.account import Account, Accounts
from mailkit.practice.addresses import KNOWN
from mailkit.practice.autoconfig import PAGES, SERVICES, AutoconfigServer
from mailkit.practice.cast import CAST
from mailkit.practice.certificates import Authority
from mailkit.practice.document import AccountEntry, MailboxEntry, Planted, PracticeDocument, ServerEntry
from mailkit.practice.mailbox import Mailboxes
from mailkit.practice.maildir import Maildirs
from mailkit.practice.nameserver import NameServer
from mailkit.practice.oauth import OAuthServer
from mailkit.practice.play import PLAYS
from mailkit.practice.postman import FATES, Postman
from mailkit.practice.server import PracticeServer
from mailkit.practice.zone import Domain, PracticeZone

__all__ = ["Planted", "PracticeSite", "practice_site"]


class PracticeSite:
    """A running practice site."""

    def __init__(
        self,
        *,
        authority: Authority,
        zone: PracticeZone,
        plays: Iterable[str] = PLAYS,
        reply_delay: float = 0.0,
        banner_delay: float | None = None,
        mail_delay: float | None = None,
        maildirs: Maildirs | None = None,
    ) -> None:
        self.authority = authority
        self.accounts = Accounts()
        """The accounts by user name, with counters of the log-ins tried."""
        self.mailboxes = Mailboxes()
        """What arrived, by recipient."""
        self.maildirs = maildirs
        """The same in folders, if that was asked for."""
        self._postman = Postman(self.mailboxes, maildirs, delay=mail_delay)
        self.nameserver = NameServer(zone)
        roles = [*((host.name, host.play) for host in CAST), *((PLAYS[play].host_name, play) for play in plays)]
        self.servers: Mapping[str, PracticeServer] = MappingProxyType(
            {
                name: PracticeServer(
                    PLAYS[play],
                    authority=authority,
                    accounts=self.accounts,
                    postman=self._postman,
                    name=name,
                    reply_delay=reply_delay,
                    banner_delay=banner_delay,
                )
                for name, play in roles
            }
        )
        """All servers by host name."""
        self.web = AutoconfigServer(authority, self._port_of)
        """The web server with the autoconfig pages of the practice domains."""
        self.sign_in = OAuthServer(authority, self.accounts)
        """The service where people sign in for an access token."""

    @property
    def resolver(self) -> str:
        """``address:port`` of the name server."""
        return self.nameserver.endpoint

    @property
    def ca_file(self) -> Path:
        """The root certificate to trust, as a PEM file; removed at the end."""
        return self.authority.ca_file

    @property
    def domains(self) -> tuple[Domain, ...]:
        """Domains to ask the name server about."""
        return self.nameserver.zone.domains

    @property
    def planted(self) -> list[Planted]:
        """The faults of the two businesses."""
        hosts = ((host, self.servers[host.name]) for host in CAST)
        return [
            Planted(host=host.name, port=server.port, sentence=host.planted, codes=server.expects, ask=server.ask)
            for host, server in hosts
            if host.planted
        ]

    def server(self, name: str) -> PracticeServer:
        """The server of that host name, or the one that plays the play of that id; ``KeyError`` if it does not run."""
        return self.servers[PLAYS[name].host_name if name in PLAYS else name]

    def describe(self) -> dict[str, Any]:
        """Everything about the site, ready for JSON: a :class:`~mailkit.practice.document.PracticeDocument`."""
        document = PracticeDocument(
            resolver=self.resolver,
            ca_file=str(self.ca_file),
            planted=tuple(self.planted),
            servers=tuple(_server_entry(server) for server in self.servers.values()),
            accounts=tuple(_account_entry(account) for account in self.accounts.values()),
            domains=self.domains,
            https_port=self.web.port,
            ispdb=self.web.database,
            mailboxes=tuple(MailboxEntry(address=f"{local}@hotel.test", title=fate.title) for local, fate in FATES.items()),
            mail_folder=str(self.maildirs.folder) if self.maildirs else None,
            discoveries=tuple(Domain(name=page.domain, title=page.title) for page in PAGES),
        )
        return cast("dict[str, Any]", msgspec.to_builtins(document))

    async def start(self) -> None:
        """Start all servers, and the name server with their names."""
        for server in self.servers.values():
            await server.start()
            self._publish(server)
        await self.web.start()
        await self.sign_in.start()
        self._publish_discovery()
        await self.nameserver.start()

    async def close(self) -> None:
        """Close everything."""
        await self.nameserver.close()
        await self.sign_in.close()
        await self.web.close()
        await asyncio.gather(*(server.close() for server in self.servers.values()))
        await self._postman.close()

    def _publish(self, server: PracticeServer) -> None:
        """Put a server's addresses, and its TLSA record where the play has one, into the zone."""
        zone = self.nameserver.zone
        for address in server.play.published or server.addresses:
            zone.add(server.name, "AAAA" if ":" in address else "A", address)
        if server.play.tlsa:
            key = self.authority.identity(server.play.certificate, server.name).chain[0].public_key()
            digest = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
            zone.add(f"_{server.port}._tcp.{server.name}", "TLSA", f"3 1 1 {digest if server.play.tlsa == 'fits' else '00' * 32}")

    def _publish_discovery(self) -> None:
        """Put the web server's names and the SRV records of the mail servers into the zone."""
        zone = self.nameserver.zone
        for name in self.web.names:
            zone.add(name, "A", "127.0.0.1")
        for service in SERVICES:
            port = 0 if service.host == "." else self._port_of(service.host)
            host = service.host.rstrip(".")
            zone.add(service.name, "SRV", f"{service.priority} {service.weight} {port} {host}.")

    def _port_of(self, name: str) -> int:
        return self.servers[name].port


def _server_entry(server: PracticeServer) -> ServerEntry:
    return ServerEntry(
        name=server.play.id,
        title=server.title,
        host=server.name,
        address=server.host,
        port=server.port,
        security=server.security,
        expects=server.expects,
        ask=server.ask,
    )


def _account_entry(account: Account) -> AccountEntry:
    return AccountEntry(
        user=account.user,
        password=account.password,
        token=account.token,
        mechanisms=account.mechanisms,
        server="mail.hotel.test" if account.user.endswith("@hotel.test") else "submit.builder.test",
        note=account.note,
        expects=account.expects,
    )


def _maildirs(folder: Path) -> Maildirs:
    """Make the folder, with a Maildir for everybody at the hotel and at the builder."""
    maildirs = Maildirs(folder)
    for local in sorted({*KNOWN, *FATES}):
        for domain in ("hotel.test", "builder.test"):
            maildirs.make(f"{local}@{domain}")
    return maildirs


@asynccontextmanager
async def practice_site(
    *,
    plays: Iterable[str] = PLAYS,
    reply_delay: float = 0.0,
    banner_delay: float | None = None,
    mail_delay: float | None = None,
    mail_folder: Path | None = None,
) -> AsyncIterator[PracticeSite]:
    """Run the whole practice site on free loopback ports.

    Args:
        plays: The ids of the servers to run beside those of the hotel and the builder (all of them need some 150 sockets).
        reply_delay: Seconds before each reply line of every mail server.
        banner_delay: Seconds before the greeting of those servers that delay it (instead of their own 8 seconds).
        mail_delay: Seconds before mail arrives where it arrives late (instead of the delays of ``fates.toml``).
        mail_folder: A folder in which each address that gets mail has a Maildir, which stays when the site is gone.

    Raises:
        InputError: The folder for the mail cannot be made.
    """
    maildirs = await asyncio.to_thread(_maildirs, mail_folder) if mail_folder is not None else None
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mailkit-practice-", ignore_cleanup_errors=True)
    try:
        authority = await asyncio.to_thread(Authority, Path(folder.name))
        zone = await asyncio.to_thread(PracticeZone)
        site = PracticeSite(
            authority=authority,
            zone=zone,
            plays=plays,
            reply_delay=reply_delay,
            banner_delay=banner_delay,
            mail_delay=mail_delay,
            maildirs=maildirs,
        )
        try:
            await site.start()
            yield site
        finally:
            await site.close()
    finally:
        await asyncio.to_thread(folder.cleanup)
