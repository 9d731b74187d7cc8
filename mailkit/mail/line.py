"""One connection to a server, up to the point where mail can be handed over: connect, greeting, EHLO, TLS, log-in.

aiosmtplib speaks; addresses come from our resolver, sockets are connected here, and the certificate is always verified unless the
account allows otherwise. What fails says at which stage (:class:`LineFailed`). From the log-in on the connection belongs to
:mod:`mailkit.mail.pipeline`. The rules for when a password may be sent are in :mod:`mailkit.mail.login`.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Literal, cast

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
)
from aiosmtplib.typing import Default

from mailkit.address import is_address
from mailkit.errors import InputError
from mailkit.mail import trust
from mailkit.mail.account import Account
from mailkit.mail.failure import LineFailed, LineStage, translated
from mailkit.mail.patience import Patience
from mailkit.mail.record import Record
from mailkit.net.names import Resolver
from mailkit.net.wire import Wire
from mailkit.text import visible

__all__ = ["Client", "Dialer", "OpenLine"]

_Mode = Literal["none", "starttls", "implicit", "auto"]

_MOST_ADDRESSES = 4
"""Addresses of a name that are tried; a pool may have dozens."""


class Client(SMTP):
    """aiosmtplib's client with a record of what is said."""

    record: Record

    async def execute_command(
        self,
        *args: bytes,
        timeout: float | Literal[Default.token] | None = Default.token,  # noqa: ASYNC109 - theirs
    ) -> SMTPResponse:
        """Say a command and give the answer; both are written down."""
        self.record.client(b" ".join(args).decode("utf-8", "replace"))
        return self.heard(await super().execute_command(*args, timeout=timeout))

    async def say_secretly(self, shown: str, *args: bytes, wait: float) -> SMTPResponse:
        """Say something of which only ``shown`` is written down; of a challenge in the answer only its code is."""
        self.record.client(shown)
        response = await super().execute_command(*args, timeout=wait)
        if response.code == 334:
            self.record.server(334, "<redacted>")
            return response
        return self.heard(response)

    def heard(self, response: SMTPResponse) -> SMTPResponse:
        """Write an answer down."""
        self.record.server(response.code, *response.message.split("\n"))
        return response


class OpenLine:
    """A connection that was greeted and is encrypted as wanted.

    Attributes:
        address: the IP address.
        mode: how TLS was begun, or ``none``.
        tls: the version (``TLSv1.3``); ``None`` in clear.
        verified: the certificate is good; ``None`` in clear.
        mechanism: with which one somebody logged in.
        opened_ms: how long all of that took.
    """

    def __init__(
        self, account: Account, client: Client, address: str, mode: _Mode, *, verified: bool | None, began: float
    ) -> None:
        self.account = account
        self.client = client
        self.record = client.record
        self.address = address
        self.mode = mode
        self.verified = verified
        self.mechanism: str | None = None
        sealed = client.get_transport_info("ssl_object")
        self.tls: str | None = sealed.version() if sealed is not None else None
        self._began = began
        self.extensions: dict[str, str] = dict(client.esmtp_extensions)

    @property
    def opened_ms(self) -> float:
        """Milliseconds from the first look-up until now."""
        return round((time.perf_counter() - self._began) * 1000, 2)

    @property
    def transport(self) -> asyncio.Transport:
        """The transport, for whoever goes on talking."""
        transport = self.client.transport
        if transport is None:
            raise LineFailed("ehlo", "Connection unexpectedly closed", "closed", transcript=self.record.take())
        return cast("asyncio.Transport", transport)

    def close(self) -> None:
        """Hang up without a word."""
        self.client.close()


class Dialer:
    """Open connections for one account; remembers which way of encrypting worked.

    Args:
        account: where to, and how.
        patience: limits of all waits.
    """

    def __init__(self, account: Account, patience: Patience = Patience()) -> None:  # noqa: B008 - a frozen value
        self.account = account
        self._patience = patience
        self._mode: _Mode | None = None
        self._unverified = False
        self._resolver: Resolver | None = None

    async def open(self) -> OpenLine:
        """Connect to one address after the other until one greets, and encrypt as the account wants.

        Raises:
            LineFailed: none did; of several failures the one that got furthest.
        """
        began = time.perf_counter()
        worst: LineFailed | None = None
        try:
            async with asyncio.timeout(self._patience.opening):
                for address in (await self._addresses())[:_MOST_ADDRESSES]:
                    try:
                        return await self._open_at(address, began)
                    except LineFailed as failed:
                        if worst is None or failed.further_than(worst):
                            worst = failed
        except TimeoutError:
            if worst is None:
                raise LineFailed("connect", "Connection timed out", "timeout") from None
        assert worst is not None
        raise worst

    async def _addresses(self) -> tuple[str, ...]:
        host = self.account.host.strip().rstrip(".")
        if is_address(host):
            return (host,)
        try:
            if self._resolver is None:
                self._resolver = await asyncio.to_thread(Resolver, self.account.resolver)
            found = await self._resolver.addresses(host.lower())
        except (InputError, UnicodeError) as error:
            raise LineFailed("connect", str(error)) from error
        if not found.addresses:
            absent = found.status in ("not-found", "no-data", "malformed")
            words = "Name or service not known" if absent else "Temporary failure in name resolution"
            raise LineFailed("connect", f"{words}: {visible(host)} ({found.text or found.status})", "not-found")
        return found.addresses

    async def _open_at(self, address: str, began: float) -> OpenLine:
        """Try the way that worked before, else those the account allows; another one only when the first was the wrong mode."""
        modes = (self._mode,) if self._mode else _modes(self.account)
        first: LineFailed | None = None
        for mode in modes:
            try:
                line = await self._in_time(address, mode, modes, began)
            except LineFailed as failed:
                if first is None or failed.further_than(first):
                    first = failed
                if not failed.wrong_mode:
                    break
                continue
            self._mode = "implicit" if line.mode == "implicit" else mode
            return line
        assert first is not None
        self._mode = None
        raise first

    async def _in_time(self, address: str, mode: _Mode, modes: tuple[_Mode, ...], began: float) -> OpenLine:
        """Open in one mode; when nothing is heard and TLS at once is allowed too, try that beside the silent connection."""
        if mode == "implicit" or "implicit" not in modes:
            return await self._open_as(address, mode, began)
        begun = asyncio.create_task(self._open_as(address, mode, began))
        tasks = {begun}
        try:
            done, pending = await asyncio.wait(tasks, timeout=self._patience.silence)
            if pending:
                tasks.add(asyncio.create_task(self._open_as(address, "implicit", began)))
            pending = tasks - done
            while pending and not any(_worked(task) for task in done):
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            better = next((task for task in tasks if task.done() and _worked(task)), begun)
            tasks.discard(better)
            return better.result()
        finally:
            await _abandon(tasks)

    async def _open_as(self, address: str, mode: _Mode, began: float) -> OpenLine:
        """Open in exactly this mode. A certificate that fails ends it, unless the account allows that."""
        if self._unverified:
            return await self._attempt(address, mode, began, verify=False)
        try:
            return await self._attempt(address, mode, began, verify=True)
        except LineFailed as failed:
            if not (failed.certificate and self.account.allow_unverified):
                raise
            line = await self._attempt(address, mode, began, verify=False)
            line.record.note(f"the certificate is not verified, as the settings allow: {failed.text}")
            self._unverified = True
            return line

    async def _attempt(self, address: str, mode: _Mode, began: float, *, verify: bool) -> OpenLine:
        record = Record(address)
        client: Client | None = None
        sock: socket.socket | None = None
        stage: LineStage = "connect"
        try:
            tls = await asyncio.to_thread(trust.context, self.account.ca_file, verify=verify)
            sock = (await _wire(address, self.account.port, self._patience.connect)).detach()
            record.note(f"connected to {address} port {self.account.port}")
            client = Client(
                hostname=self.account.server_name or self.account.host.strip().rstrip("."),
                local_hostname=self.account.ehlo_name or _own_name(sock.getsockname()[0]),
                timeout=self._patience.greeting,
                use_tls=mode == "implicit",
                start_tls=False,
                tls_context=tls,
                sock=sock,
            )
            client.record = record
            stage = "greeting"
            client.heard(await client.connect())
            stage = "ehlo"
            await _hello(client, self._patience.ehlo)
            if mode in ("starttls", "auto") and not (mode == "auto" and not client.supports_extension("starttls")):
                stage = "tls"
                record.client("STARTTLS")
                client.heard(await client.starttls(timeout=self._patience.tls))
                stage = "ehlo"
                await _hello(client, self._patience.ehlo)
            sealed = client.get_transport_info("ssl_object")
            if sealed is not None:
                record.note(f"TLS: {sealed.version()}, certificate {'verified' if verify else 'not verified'}")
            done: _Mode = "implicit" if mode == "implicit" else "starttls" if sealed is not None else "none"
            return OpenLine(self.account, client, address, done, verified=verify if sealed is not None else None, began=began)
        except BaseException as error:
            if client is not None:
                client.close()
            elif sock is not None:
                sock.close()
            if isinstance(error, SMTPException | OSError | InputError | ValueError):
                raise translated(stage, error, record, at_once=mode == "implicit") from error
            raise


def _worked(task: asyncio.Task[OpenLine]) -> bool:
    return not task.cancelled() and task.exception() is None


async def _abandon(tasks: set[asyncio.Task[OpenLine]]) -> None:
    """End attempts that nobody waits for any more, also those that succeeded in the last moment."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if _worked(task):
            task.result().close()


def _modes(account: Account) -> tuple[_Mode, ...]:
    match account.security:
        case "tls":
            return ("implicit", "starttls") if account.port == 465 else ("starttls", "implicit")
        case "auto":
            return ("implicit", "auto") if account.port == 465 else ("auto", "implicit")
        case mode:
            return (mode,)


async def _wire(address: str, port: int, seconds: float) -> Wire:
    try:
        async with asyncio.timeout(seconds):
            return await Wire.connect(address, port)
    except TimeoutError as error:
        raise LineFailed("connect", "Connection timed out", "timeout") from error


async def _hello(client: Client, seconds: float) -> None:
    """EHLO, or HELO when that is refused for good."""
    client.timeout = seconds
    try:
        await client.ehlo()
    except SMTPHeloError as refused:
        if not 500 <= refused.code < 600 or refused.code == 554 or not client.is_connected:
            raise
        await client.helo()


def _own_name(address: str) -> str:
    address = address.partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
