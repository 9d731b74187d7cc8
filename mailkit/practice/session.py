"""One SMTP session as a practice server plays it (RFC 5321, 3207, 4954).

What is usual is written here once; every departure comes from the :class:`~mailkit.practice.play.Play`. Works on a
:class:`~mailkit.practice.wire.Wire`, and is started by :mod:`mailkit.practice.server`.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime

from mailkit.practice.addresses import KNOWN, LOCAL_DOMAINS, RECIPIENTS, is_address
from mailkit.practice.dialogue import Dialogue, OverError, Stage
from mailkit.practice.mailbox import Message
from mailkit.practice.postman import FATES
from mailkit.practice.sasl import MECHANISMS, ExchangeError
from mailkit.practice.wire import LongLineError, Wire
from mailkit.text import visible

__all__ = ["Session"]

_LINE_LIMIT = 12288  # the largest any command line may be: AUTH, RFC 4954, section 4
_RECIPIENTS_ALLOWED = 100

_PATH = re.compile(r"(FROM|TO):\s*<([^<>\r\n]*)>(.*)", re.IGNORECASE)
_PARAMETERS = {"MAIL": {"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"}, "RCPT": {"NOTIFY", "ORCPT"}}


class Session:
    """One client's session, from the greeting to the end."""

    def __init__(self, wire: Wire, stage: Stage) -> None:
        self._dialogue = Dialogue(wire, stage)
        self._wire, self._stage, self._play = wire, stage, stage.play
        self._helo: str | None = None
        self._user: str | None = None
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._verbs: dict[str, Callable[[str], Awaitable[object]]] = {
            "HELO": self._on_helo,
            "EHLO": self._on_ehlo,
            "STARTTLS": self._on_starttls,
            "AUTH": self._on_auth,
            "MAIL": self._on_mail,
            "RCPT": self._on_rcpt,
            "DATA": self._on_data,
            "RSET": self._on_rset,
            "NOOP": self._on_noop,
            "VRFY": self._on_vrfy,
            "QUIT": self._on_quit,
        }

    async def run(self) -> None:
        """Play the session. Errors of the connection end it quietly."""
        try:
            if self._play.security == "implicit":
                await self._handshake()
            await self._dialogue.say("greeting", f"220 {self._stage.host} ESMTP mailkit practice")
            while True:
                await self._command()
        except TimeoutError:
            with suppress(TimeoutError, OSError, ssl.SSLError):
                await self._wire.send(f"421 4.4.2 {self._stage.host} Error: timeout exceeded\r\n".encode())
        except (OverError, OSError, ssl.SSLError):
            pass
        await self._wire.close()

    async def _command(self) -> None:
        try:
            line = await self._wire.line(_LINE_LIMIT)
        except LongLineError:
            await self._dialogue.refuse("500 5.5.2 Error: line too long")
            return
        if line is None:
            raise OverError
        verb, _, rest = line.decode("utf-8", "replace").partition(" ")
        verb = verb.strip().upper()
        if verb in self._verbs:
            await self._verbs[verb](rest.strip())
        elif "*" in self._play.answers:
            await self._dialogue.say("*", "")
        else:
            await self._dialogue.refuse("500 5.5.2 Error: command not recognized")

    # --- hello and TLS ------------------------------------------------------------------------------------------

    async def _on_helo(self, name: str) -> None:
        if not name:
            await self._dialogue.refuse("501 5.5.4 Syntax: HELO hostname")
        elif await self._dialogue.say("HELO", f"250 {self._stage.host}"):
            self._begin(name)

    async def _on_ehlo(self, name: str) -> None:
        if not name:
            await self._dialogue.refuse("501 5.5.4 Syntax: EHLO hostname")
            return
        offers = [self._stage.host, *self._play.keywords]
        if self._play.security == "starttls" and self._play.announces_starttls and not self._wire.encrypted:
            offers.insert(3, "STARTTLS")
        if self._offers_auth:
            offers.insert(4, "AUTH " + " ".join(self._play.mechanisms))
        last = len(offers) - 1
        if await self._dialogue.say("EHLO", *(f"250{'-' if i < last else ' '}{offer}" for i, offer in enumerate(offers))):
            self._begin(name)

    def _begin(self, name: str) -> None:
        self._helo = visible(name)
        self._sender, self._recipients = None, []

    async def _on_starttls(self, rest: str) -> None:
        if self._play.security != "starttls" and self._dialogue.answer("STARTTLS") is None:
            await self._dialogue.refuse("502 5.5.1 Error: command not implemented")
        elif rest:
            await self._dialogue.refuse("501 5.5.4 Syntax: STARTTLS")
        elif self._wire.encrypted:
            await self._dialogue.refuse("554 5.5.1 Error: TLS already active")
        elif await self._dialogue.say("STARTTLS", "220 2.0.0 Ready to start TLS"):
            await self._handshake()
            # RFC 3207, 4.2: everything learnt before is forgotten.
            self._helo, self._user, self._sender, self._recipients = None, None, None, []

    async def _handshake(self) -> None:
        if self._dialogue.answer("handshake"):
            await self._wire.hello()
            await self._dialogue.say("handshake")
        await self._wire.start_tls(await self._stage.context(), keep=self._play.executes_injected)

    # --- log-in -------------------------------------------------------------------------------------------------

    @property
    def _offers_auth(self) -> bool:
        return self._play.auth == "always" or (self._play.auth == "inside-tls" and self._wire.encrypted)

    async def _on_auth(self, rest: str) -> None:
        name, _, initial = rest.partition(" ")
        name = name.upper()
        if self._play.auth == "never":
            await self._dialogue.refuse("503 5.5.1 Error: authentication not enabled")
        elif not self._offers_auth:
            await self._dialogue.refuse("538 5.7.11 Encryption required for requested authentication mechanism")
        elif self._helo is None or self._user is not None or self._sender is not None:
            await self._dialogue.refuse("503 5.5.1 Error: AUTH is not possible now")
        elif name not in self._play.mechanisms or name not in MECHANISMS:
            await self._dialogue.refuse("504 5.5.4 Unrecognized authentication type")
        elif self._dialogue.answer("AUTH") is None or await self._dialogue.say("AUTH"):
            await self._log_in(name, initial)

    async def _log_in(self, name: str, initial: str) -> None:
        try:
            # "=" stands for an empty initial response, RFC 4954, section 4
            first = None if not initial else b"" if initial == "=" else _decoded(initial)
            verdict = await MECHANISMS[name](self._challenge, first, self._stage.accounts)
        except ExchangeError as error:
            await self._dialogue.refuse(error.reply)
            return
        if verdict.refusal is None:
            self._user = verdict.user
            await self._dialogue.lines("235 2.7.0 Authentication successful")
        else:
            await self._dialogue.refuse(*verdict.refusal)
            if verdict.close:
                raise OverError

    async def _challenge(self, challenge: bytes) -> bytes:
        await self._dialogue.lines(f"334 {base64.b64encode(challenge).decode()}")
        try:
            line = await self._wire.line(_LINE_LIMIT)
        except LongLineError:
            raise ExchangeError("500 5.5.6 Authentication exchange line is too long") from None
        if line is None:
            raise OverError
        if line.strip() == b"*":
            raise ExchangeError("501 5.7.0 Authentication aborted")
        return _decoded(line.decode("ascii", "replace").removesuffix("\r"))

    # --- a message ----------------------------------------------------------------------------------------------

    async def _on_mail(self, rest: str) -> None:
        parsed = await self._envelope("MAIL", "FROM", rest)
        if parsed is None:
            return
        address, parameters = parsed
        if refusal := self._sender_refusal(address, parameters):
            await self._dialogue.refuse(refusal)
        elif await self._dialogue.say("MAIL", "250 2.1.0 Ok"):
            self._sender = address

    def _sender_refusal(self, address: str, parameters: Mapping[str, str]) -> str | None:
        """Why a sender is not taken; ``None``: it is."""
        size = parameters.get("SIZE", "")[:20]
        rules = (
            ("tls" in self._play.needs and not self._wire.encrypted, "530 5.7.0 Must issue a STARTTLS command first"),
            ("login" in self._play.needs and self._user is None, self._play.login_reply),
            (self._sender is not None, "503 5.5.1 Error: nested MAIL command"),
            (address != "" and not is_address(address), "501 5.1.7 Bad sender address syntax"),
            (not address.isascii() and "SMTPUTF8" not in parameters, "553 5.6.7 Must declare SMTPUTF8 to send unicode address"),
            (address.lower().endswith(".invalid"), f"550 5.1.8 <{address}>: Sender address rejected: Domain not found"),
            (
                self._play.own_sender_only and self._user is not None and address.lower() != self._user.lower(),
                f"553 5.7.1 <{address}>: Sender address rejected: not owned by user {self._user}",
            ),
            (size.isdecimal() and int(size) > self._most_bytes, "552 5.3.4 Message size exceeds fixed limit"),
        )
        return next((reply for broken, reply in rules if broken), None)

    async def _on_rcpt(self, rest: str) -> None:
        parsed = await self._envelope("RCPT", "TO", rest)
        if parsed is None:
            return
        address = parsed[0]
        if self._sender is None:
            await self._dialogue.refuse("503 5.5.1 Error: need MAIL command")
        elif not is_address(address):
            await self._dialogue.refuse("501 5.1.3 Bad recipient address syntax")
        elif len(self._recipients) >= _RECIPIENTS_ALLOWED:
            await self._dialogue.refuse("452 4.5.3 Error: too many recipients")
        elif refusal := self._recipient_refusal(address):
            await self._dialogue.refuse(refusal)
        elif await self._dialogue.say("RCPT", "250 2.1.5 Ok"):
            self._recipients.append(address)

    def _recipient_refusal(self, address: str) -> str | None:
        """Why a recipient is not taken; ``None``: it is."""
        local, _, domain = address.lower().rpartition("@")
        if domain not in LOCAL_DOMAINS and domain != self._stage.host:
            relays = self._play.open_relay or self._user is not None
            return None if relays else f"554 5.7.1 <{address}>: Relay access denied"
        if local in RECIPIENTS:
            return RECIPIENTS[local].format(address=address)
        if local not in KNOWN and local not in FATES:
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown in local recipient table"
        if self._play.greylist is not None and self._user is None:
            known = self._stage.greylisted
            if len(known) > 10_000:  # a bound on memory, nothing else
                known.clear()
            pair = (self._sender or "", address.lower())
            new = pair not in known
            if time.monotonic() - known.setdefault(pair, time.monotonic()) < self._play.greylist or new:
                return f"450 4.2.0 <{address}>: Recipient address rejected: Greylisted, see https://practice.test/greylist"
        return None

    async def _on_data(self, rest: str) -> None:
        if rest:
            await self._dialogue.refuse("501 5.5.4 Syntax: DATA")
        elif not self._recipients:
            await self._dialogue.refuse(
                "503 5.5.1 Error: need RCPT command" if self._sender is not None else "503 5.5.1 Error: need MAIL command"
            )
        elif await self._dialogue.say("DATA", "354 End data with <CR><LF>.<CR><LF>"):
            content = await self._content()
            sender, recipients = self._sender or "", self._recipients
            self._sender, self._recipients = None, []
            if content is None:
                await self._dialogue.refuse("552 5.3.4 Message size exceeds fixed limit")
            elif not self._stage.postman.mailboxes.has_room(len(content) * len(recipients)):
                await self._dialogue.refuse("452 4.3.1 Insufficient system storage")
            else:
                queue_id = secrets.token_hex(5).upper()
                if await self._dialogue.say("message", f"250 2.0.0 Ok: queued as {queue_id}"):
                    self._deliver(content, sender, recipients, queue_id)

    async def _content(self) -> bytes | None:
        """The message, or ``None`` if it was larger than allowed."""
        lines: list[bytes] = []
        size = 0
        while True:
            try:
                line = await self._wire.line(self._most_bytes)
            except LongLineError:
                size = self._most_bytes + 1
                continue
            if line is None:
                raise OverError
            if line == b".\r":  # a lone LF does not end a line here, or a message could be smuggled in behind another one
                return b"".join(lines) if size <= self._most_bytes else None
            size += len(line) + 1
            if size <= self._most_bytes:
                lines.append(line.removeprefix(b".") + b"\n")

    def _deliver(self, content: bytes, sender: str, recipients: Sequence[str], queue_id: str) -> None:
        now = datetime.now(UTC)
        protocol = "ESMTP" + ("S" if self._wire.encrypted else "") + ("A" if self._user else "")
        for recipient in recipients:
            received = (
                f"Received: from {self._helo} ([{self._wire.peer}])\r\n"
                f"\tby {self._stage.host} (mailkit practice) with {protocol} id {queue_id}\r\n"
                f"\tfor <{recipient}>; {format_datetime(now)}\r\n"
            )
            message = Message(
                recipient=recipient,
                sender=sender,
                content=content,
                received=now,
                server=self._stage.host,
                user=self._user,
                encrypted=self._wire.encrypted,
                queue_id=queue_id,
            )
            self._stage.postman.take(message, received=received)

    @property
    def _most_bytes(self) -> int:
        """The SIZE announced, or 10 MB."""
        sizes = [int(word[5:]) for word in self._play.keywords if word.startswith("SIZE ")]
        return sizes[0] if sizes and sizes[0] else 10_240_000

    async def _envelope(self, verb: str, word: str, rest: str) -> tuple[str, dict[str, str]] | None:
        """Read ``FROM:<…>`` or ``TO:<…>`` and its parameters; a wrong one is refused here."""
        if self._helo is None:
            await self._dialogue.refuse("503 5.5.1 Error: send HELO/EHLO first")
            return None
        match = _PATH.fullmatch(rest)
        if match is None or match[1].upper() != word:
            await self._dialogue.refuse(f"501 5.5.4 Syntax: {verb} {word}:<address>")
            return None
        parameters = {name.upper(): value for name, _, value in (part.partition("=") for part in match[3].split())}
        if unknown := parameters.keys() - _PARAMETERS[verb]:
            await self._dialogue.refuse(f"555 5.5.4 Unsupported option: {min(unknown)[:50]}")
            return None
        return match[2], parameters

    # --- the small ones -----------------------------------------------------------------------------------------

    async def _on_rset(self, _: str) -> None:
        self._sender, self._recipients = None, []
        await self._dialogue.say("RSET", "250 2.0.0 Ok")

    async def _on_noop(self, _: str) -> None:
        await self._dialogue.say("NOOP", "250 2.0.0 Ok")

    async def _on_vrfy(self, _: str) -> None:
        await self._dialogue.lines("252 2.0.0 Cannot verify, but will try")

    async def _on_quit(self, _: str) -> None:
        await self._dialogue.say("QUIT", "221 2.0.0 Bye")
        raise OverError


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ExchangeError("501 5.5.2 Cannot decode the response: not base64") from None
