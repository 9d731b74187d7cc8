"""A mailbox reached by IMAP: a few commands at each look, however many mails are waited for. Read only; nothing is marked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal, TypeVar

from msgspec import Struct

from mailkit.address import is_address
from mailkit.errors import InputError
from mailkit.mail.follow.arrival import FolderUse
from mailkit.mail.follow.folders import ORDER
from mailkit.mail.follow.header import opened
from mailkit.mail.follow.imap_line import Folder, Heading, ImapLine, Target
from mailkit.mail.follow.source import LARGEST, LARGEST_REPORT, CannotLook, Place, Seen
from mailkit.mail.follow.watch import Match, Watch
from mailkit.mail.trust import context
from mailkit.net.names import Resolver
from mailkit.secret import Secret

__all__ = ["Imap", "Mailbox"]

T = TypeVar("T")

_WAIT = 20.0
_STEP = 3
"""How many such waits one step may take in all, however slowly the bytes come."""
_MOST_FOLDERS = 60
_NEWEST, _NEWEST_ELSEWHERE, _NEWEST_EVER = 500, 100, 5000
_PAGE = 100
"""Mails whose headings are asked for at once when all are wanted."""
_REPORTS = 50
"""Reports that are fetched in one look."""
_SEARCHES = 30
_LOGINS = 5
"""How often a connection that was lost is opened again: a log-in that was taken once, by the same server, with the same data."""

_CLOSE_AT_HAND: frozenset[FolderUse] = frozenset({"inbox", "junk"})


class Mailbox(Struct, frozen=True, kw_only=True):
    """Where a mailbox is; no secret is in it."""

    host: str
    port: int = 993
    security: Literal["implicit", "starttls", "none"] = "implicit"
    user: str
    folder: str | None = None
    """Look into this one, the inbox and junk only."""
    server_name: str | None = None
    ca_file: str | None = None
    allow_unverified: bool = False
    allow_plaintext_auth: bool = False

    @property
    def label(self) -> str:
        """Its name for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user} at {host}:{self.port}"


class _State(Struct):
    validity: int
    last: int = 0
    size: int = -1
    next: int = -1


class Imap:
    """A mailbox by IMAP.

    Args:
        mailbox: where it is.
        secret: the password, the access token, or a function that gives a fresh token.
        token: ``secret`` is an access token.
        resolver: whom to ask for the server's address; ``None``: the machine's.
        wait: seconds without a byte after which a server is given up; three times as long for one step in all.

    Raises:
        InputError: a password would cross the network unprotected, and nobody has allowed that.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        secret: Secret | Callable[[], Awaitable[Secret]],
        *,
        token: bool = False,
        resolver: Resolver | None = None,
        wait: float = _WAIT,
    ) -> None:
        if mailbox.security == "none" and not mailbox.allow_plaintext_auth:
            raise InputError("the log-in to this mailbox would not be encrypted; --allow-plaintext-auth allows it")
        self.mailbox = mailbox
        self.label = mailbox.label
        self.folders: tuple[str, ...] = ()
        self.folders_left_out = 0
        self._secret, self._token, self._resolver, self._wait = secret, token, resolver, wait
        self._line: ImapLine | None = None
        self._logins = 0
        self._folders: list[Folder] = []
        self._known: dict[str, _State] = {}

    async def look(self, watch: Watch) -> AsyncIterator[Seen]:
        """Look once; see :class:`mailkit.mail.follow.source.Source`."""
        line = self._line or await self._connected()
        if not self._folders:
            self._choose(await self._run(line.folders))
        reports = 0
        for folder in self._folders:
            try:
                headings = await self._run(self._headings, line, folder, watch)
            except CannotLook as error:
                if error.problem == "denied" and folder.use != "inbox":
                    continue  # a folder that may be listed and not read
                raise
            for heading in headings:
                match = watch.match(opened(heading.header))
                if match is None or (match.kind == "report" and reports >= _REPORTS):
                    continue
                reports += match.kind == "report"
                yield await self._fetched(line, folder, heading, match)

    async def mails(self) -> AsyncGenerator[tuple[str, bytes], None]:
        """Give every mail of the folder that is named (else of the inbox), oldest first: its name, and its source.

        Of a mail beyond the size of any report the header alone. For taking in bounces.

        Raises:
            CannotLook: the mailbox cannot be read.
        """
        line = self._line or await self._connected()
        folder = self.mailbox.folder or "INBOX"
        exists, _ = await self._run(line.examine, folder)
        for first in range(1, exists + 1, _PAGE):
            last = min(exists, first + _PAGE - 1)
            for heading in await self._run(lambda first=first, last=last: line.between(first, last)):
                large = heading.size is not None and heading.size > LARGEST_REPORT
                uid = heading.uid
                raw = await self._run(lambda uid=uid, large=large: line.whole(uid, header_only=large))
                yield f"{self.label}/{folder}/{uid}", raw or heading.header

    async def holds(self, place: Place) -> bool:
        """Say whether a mail is still where it was."""
        line = self._line
        if line is None or self._known.get(place.folder) is None:
            return True

        def ask() -> bool:
            exists, validity = line.examine(place.folder)
            return (
                bool(exists)
                and f"{validity}/" == place.name[: len(str(validity)) + 1]
                and line.has(int(place.name.partition("/")[2]))
            )

        return await self._run(ask)

    async def close(self) -> None:
        """Log out."""
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(CannotLook, TimeoutError):
                await self._guarded(line, asyncio.to_thread(line.close), 5.0)

    async def _connected(self) -> ImapLine:
        box = self.mailbox
        if self._logins >= _LOGINS:
            raise CannotLook("closed", f"{box.host}:{box.port} has ended the connection again and again", final=True)
        addresses: tuple[str, ...] = (box.host,)
        if not is_address(box.host):
            if self._resolver is None:
                self._resolver = await asyncio.to_thread(Resolver)  # it reads how this machine asks
            found = await self._resolver.addresses(box.host)
            addresses, problem = found.addresses, found.status
        if not addresses:
            raise CannotLook(
                problem, f"the name {box.host} has no address ({problem})", final=problem in ("not-found", "no-data")
            )
        tls = await asyncio.to_thread(context, box.ca_file, verify=not box.allow_unverified) if box.security != "none" else None
        self._line = line = ImapLine(
            Target(
                host=box.host,
                port=box.port,
                addresses=addresses,
                tls=tls,
                starttls=box.security == "starttls",
                name=box.server_name or box.host,
                wait=self._wait,
            )
        )
        await self._run(line.connect)
        secret = self._secret if isinstance(self._secret, Secret) else await self._secret()
        await self._run(lambda: line.log_in(box.user, secret, token=self._token))
        self._logins += 1
        return line

    def _choose(self, folders: list[Folder]) -> None:
        wanted = [one for one in folders if one.use in ORDER]
        if self.mailbox.folder is not None:
            name = self.mailbox.folder
            wanted = [one for one in wanted if one.use in _CLOSE_AT_HAND or one.name == name]
            if not any(one.name == name for one in wanted):
                wanted.append(Folder(name, "other"))
        wanted.sort(key=lambda one: (ORDER.index(one.use), one.name.casefold()))
        self._folders = wanted[:_MOST_FOLDERS]
        self.folders = tuple(one.name for one in self._folders)
        self.folders_left_out = len(wanted) - len(self._folders)

    def _headings(self, line: ImapLine, folder: Folder, watch: Watch) -> list[Heading]:
        """Give what is new in a folder and leave it open. Blocking."""
        state = self._known.get(folder.name)
        if folder.use not in _CLOSE_AT_HAND:
            size, following = line.status(folder.name)
            if state is not None and (state.size, state.next) == (size, following):
                return []
        else:
            size, following = -1, -1
        exists, validity = line.examine(folder.name)
        if state is None or state.validity != validity:
            state = _State(validity)
            most = _NEWEST if folder.use in _CLOSE_AT_HAND else _NEWEST_ELSEWHERE
            most = min(_NEWEST_EVER, max(most, 2 * len(watch.expected)))
            found = line.newest(exists, most)
            if exists > most:
                for one in watch.expected[:_SEARCHES]:
                    found += line.search(one.message_id)
        else:
            found = line.since(state.last, _NEWEST_EVER) if exists else []
        state.last = max((state.last, *(one.uid for one in found)))
        state.size, state.next = size, following
        self._known[folder.name] = state
        return list({one.uid: one for one in found}.values())

    async def _fetched(self, line: ImapLine, folder: Folder, heading: Heading, match: Match) -> Seen:
        large = heading.size is not None and heading.size > (LARGEST if match.kind == "copy" else LARGEST_REPORT)
        raw = await self._run(lambda: line.whole(heading.uid, header_only=large))
        return Seen(
            match=match,
            place=Place(folder.name, f"{self._known[folder.name].validity}/{heading.uid}"),
            use=folder.use,
            raw=raw or heading.header,
            complete=bool(raw) and not large,
            arrived=heading.arrived,
            seen=datetime.now(UTC),
        )

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        line = self._line
        assert line is not None
        try:
            return await self._guarded(line, asyncio.to_thread(work, *args), _STEP * self._wait)
        except CannotLook as error:
            if error.problem != "denied":  # whatever else it was, the connection is of no use any more
                self._line = None
                if error.problem != "login-refused":
                    line.cut()
                await asyncio.to_thread(line.close)
            raise

    async def _guarded(self, line: ImapLine, work: Awaitable[T], seconds: float) -> T:
        """Wait for a thread; when the time is over, or nobody wants the answer, cut its connection, so that it ends."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait([task], timeout=seconds)
        finally:
            if not task.done():
                line.cut()
                self._line = None
                await asyncio.wait([task], timeout=5)
                if task.done() and not task.cancelled():
                    task.exception()  # what the cut did to it is told in our own words, or to nobody
        if not done:
            raise CannotLook("timeout", f"{self.mailbox.host}:{self.mailbox.port} took too long", final=False)
        return task.result()
