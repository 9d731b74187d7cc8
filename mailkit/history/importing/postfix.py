"""Postfix's mail log: one event for each line in which a delivery agent, or the door, says what became of a message.

``accepted`` is what the next server took (smtp); ``delivered`` is what went into a mailbox (lmtp, local, virtual, and programs
known to deliver, ``postfix.toml``). A message that came back into the same queue, from a content filter or by an alias, is
``pending`` in between, so that it is not counted as handed over twice. ``bounced``: the next server refused for good, and Postfix
returned it. ``rejected`` and a 4xx ``deferred`` at the door (``NOQUEUE``): this server did not take it.

Formats of lines: :mod:`mailkit.history.importing.syslog`; the door: :mod:`mailkit.history.importing.postfix_door`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from mailkit.history.importing import syslog
from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.identity import key_of
from mailkit.history.importing.moment import Clock
from mailkit.history.importing.outcome import Unreadable
from mailkit.history.importing.postfix_door import refused
from mailkit.history.importing.queue import Message, Queue
from mailkit.history.importing.reading import Given
from mailkit.history.importing.source import Source
from mailkit.journal.delivery import State
from mailkit.journal.event import Event
from mailkit.knowledge import Meta
from mailkit.knowledge import read as read_knowledge

__all__ = ["PostfixReader", "looks_like"]

_TRIED = re.compile(
    rb"to=<(.*?)>, (?:orig_to=<(.*?)>, )?relay=(.*?), (?:conn_use=\d+, )?delay=-?([\d.]+)(?:, delays=([\d./-]+))?"
    rb"(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?, status=([\w-]+)(?: (.*))?$",
    re.DOTALL,
)
_RELAY = re.compile(r"(.+?)\[(.*)\](?::(\d+))?$")
_CALLED = re.compile(r"(?:connect to|connection with|conversation with) (\S{1,255}?\[[^\]]{2,45}\]:\d{1,5})")
_SAID = re.compile(r"^(?:host \S+ )?(?:said: |refused to talk to me: )?([245]\d\d)[ \-]")
_QUEUED = re.compile(r"queued as ([\w.\-]{3,60})|\bid=([\w.\-]{6,60})|InternalId=(\d{1,30})")
_LOGIN = re.compile(rb", sasl_username=(\S+?)(?:,|$)")
_TLS = re.compile(rb"\w+ TLS connection established to (\S+): (\S+) with")
_QUEUE_ID = re.compile(rb"[0-9A-Za-z]{5,30}: ")
_WORD = re.compile(r"[a-z]+")
_WHO = re.compile(rb" (?:(\S{1,255}) )?\S{0,200}?/([a-z\-]{2,20})\[(\d{1,10})$")
_ENDED = "the line ends in the middle: the file was being written, or is cut off"
_THROWN = "thrown away, as this server is configured"
_MOST = 50_000
_COMING_AND_GOING = frozenset({b"connect", b"disconn", b"lost co", b"timeout", b"warning", b"statist"})
"""How half of a log's lines begin: of connections, not of mails."""
_WRONG = frozenset({"deferred", "bounced", "rejected", "uncertain", "expired"})

_Made = Sequence[Event | Unreadable]
_NOTHING: _Made = ()


class _Said(Struct, frozen=True):
    meta: Meta
    status: dict[str, State]
    sent: dict[str, State]
    programs: dict[str, frozenset[str]]


@cache
def _said() -> _Said:
    return read_knowledge(Path(__file__).with_name("postfix.toml"), _Said)


class _Who(NamedTuple):
    """Which program of which server wrote a line."""

    handle: Callable[[PostfixReader, bytes], _Made] | None
    host: bytes
    shown: str
    daemon: bytes
    process: bytes


_NOBODY = _Who(None, b"", "", b"", b"")


def looks_like(head: bytes) -> int:
    """Say how sure it is that a file is a log of Postfix: lines of it among the first."""
    return sum(bool((found := syslog.HEAD.match(line)) and found[3] in _DAEMONS) for line in syslog.lines_of(head))


class PostfixReader:
    """Reads logs of one or several Postfix servers, in one or several files."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._clock = Clock(given.zone, given.year)
        self._queue = Queue()
        self._tls: dict[bytes, tuple[bytes, str]] = {}
        self._passed: dict[str, None] = {}
        """Deliveries that went into a filter and have not been seen again."""
        self._known: dict[bytes, _Who] = {}
        self._states = _said().status
        self._who = _NOBODY
        self._file = ""
        self._number = 0
        self._line = self._stamp = b""

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give the events of a file."""
        self._clock.begin(source)
        self._file, self._number = source.name, 0
        clock, known, minute = self._clock, self._known, b""
        for block in syslog.blocks(source):
            foreign = len(block)
            for line in block:
                self._number += 1
                # The usual line is cut by its signs, which is much faster than by a pattern; any other goes the long way.
                end = line.find(b"]: ")
                if line[end + 3 : end + 10] in _COMING_AND_GOING:
                    continue
                at = line.find(b" ", 14)
                who, stamp = known.get(line[at:end]), line[:at]
                if who is None or end < 0:
                    who, stamp, end = self._looked_at(line)
                if who.handle is None:
                    continue
                self._line, self._stamp, self._who = line, stamp, who
                try:
                    if stamp[:12] != minute:  # the clock sees every minute: the turn of the year, the end of summer time
                        minute = stamp[:12]
                        clock.moment(stamp)
                    made = who.handle(self, line[end + 3 :])
                except ValueError:
                    made = (self._unreadable("there is no such time"),) if b" status=" in line else _NOTHING
                if made:
                    foreign -= 1
                    yield from made
            self._given.tally.foreign += max(0, foreign)
            yield None
        clock.tell(source.name, self._given.tally)

    def _looked_at(self, line: bytes) -> tuple[_Who, bytes, int]:
        """Say who wrote a line, when, and where its text begins, less three."""
        found = syslog.HEAD.match(line)
        if found is None:
            return _NOBODY, b"", 0
        stamp, host, daemon, process = found.groups()
        who = _Who(_DAEMONS.get(daemon), host or b"", clean(host or b"", 255), daemon, process or b"")
        at, end = line.find(b" ", 14), line.find(b"]: ")
        if line[:at] == stamp and end + 3 == found.end() and _WHO.match(line[at:end]):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[line[at:end]] = who
        return who, stamp, found.end() - 3

    # ── what each program says ────────────────────────────────────────────────────────────────────────────────────

    def _agent(self, rest: bytes) -> _Made:
        if b" status=" not in rest:
            return self._without_status(rest)
        name, _, text = rest.partition(b": ")
        told = _TRIED.match(text) if _QUEUE_ID.match(rest) else None
        if told is None:
            return (self._unreadable("this is a delivery, but not as Postfix writes it"),) if b": to=<" in rest[:40] else _NOTHING
        status, reply = told[7].decode("ascii").lower(), told[8]
        if reply is None or reply[:1] != b"(" or reply.rstrip()[-1:] != b")":
            return (self._unreadable(_ENDED),)
        state = self._states.get(status.removeprefix("force-"))
        if state is None:
            return _NOTHING if status == "deliverable" else (self._unreadable("Postfix's manuals know no such status"),)
        made = self._tried(told, name, status, state, clean(reply.rstrip()[1:-1]))
        return self._followed(made, told[2]) if self._passed or made.state == "pending" else (made,)

    def _without_status(self, rest: bytes) -> _Made:
        if b"TLS connection established to " in rest and (tls := _TLS.match(rest)):
            if len(self._tls) > _MOST:
                self._tls.clear()
            self._tls[self._who.host + self._who.process] = tls[1], clean(tls[2], 40)
        elif b": to=<" in rest[:40] and b", relay=" in rest:
            return (self._unreadable(_ENDED),)
        return _NOTHING

    def _followed(self, made: Event, original: bytes | None) -> _Made:
        """Keep in mind what went into a filter; when it comes out for another address, close the one it went in for."""
        self._passed.pop(made.delivery_id, None)
        if made.state == "pending":
            if len(self._passed) >= _MOST:
                self._passed.clear()
            self._passed[made.delivery_id] = None
        alias = self._resolved(made, address(original)) if original is not None else None
        return (made, alias) if alias else (made,)

    def _resolved(self, made: Event, alias: str | None) -> Event | None:
        """Close the delivery to an address that a filter passed on and that only then became another."""
        name = self._given.identity.of(made.message_id, alias) if made.message_id else ""
        if name not in self._passed:
            return None
        del self._passed[name]
        return replace(
            made,
            delivery_id=name,
            state="skipped",
            source_key=key_of(self._line, alias),
            recipient=alias,
            recipient_domain=domain_of(alias),
            attempt=None,
            note=f"the address stands for {made.recipient}",
        )

    def _tried(self, told: re.Match[bytes], name: bytes, status: str, state: State, said: str) -> Event:
        to, original, relay, _, delays, dsn, _, _ = told.groups()
        who, recipient = self._who, address(to)
        message = self._queue.get(who.host + b"/" + name)
        note = f"addressed to {address(original)}" if original else None
        queued = _QUEUED.search(said) if state == "accepted" else None
        if status == "undeliverable":
            note = "an address was asked about; no mail was sent"
        elif state == "accepted":
            state, other = self._taken(relay, said, queued[1] if queued else None, message)
            note = other or note
        elif state == "deferred" and said.endswith("may be sent more than once"):
            state = "uncertain"
        endpoint, at = _where(relay)
        if relay == b"none" and (called := _CALLED.search(said)):
            endpoint, at = _where(called[1].encode())
        code, dsn_text = _SAID.match(said), _text(dsn)
        reason = cause = None
        stage = "data" if endpoint else None
        reply_code = int(code[1]) if code else None
        if state in _WRONG:
            why = self._given.reasons.of(said, host=endpoint and endpoint.rpartition(":")[0], status=dsn_text)
            reason, cause, reply_code = why.reason, why.cause, reply_code or why.reply_code
            stage = why.stage or ("connect" if relay == b"none" and endpoint else None)
        tls = self._tls.get(who.host + who.process) if self._tls else None
        before, queue, connect, transmit = _four(delays)
        return Event(
            moment=self._clock.moment(self._stamp),
            delivery_id=self._given.identity.of(message.message_id, recipient, "postfix", who.shown, _text(name)),
            state=state,
            source="postfix",
            source_key=key_of(self._line),
            attempt=None
            if status == "undeliverable"
            else message.tried(recipient or "", again=state in ("deferred", "uncertain")),
            message_id=message.message_id,
            sender=message.sender,
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            account=message.account,
            endpoint=endpoint,
            address=at,
            stage=stage,
            reply_code=reply_code,
            enhanced_code=dsn_text,
            reply=said,
            reason=reason,
            cause=cause,
            tls=tls[1] if tls and tls[0] == relay else None,
            queue_id=(queued[1] or queued[2] or queued[3]) if queued else None,
            before_ms=before,
            queue_ms=queue,
            connect_ms=connect,
            transmit_ms=transmit,
            note=note,
        )

    def _taken(self, relay: bytes, said: str, queued: str | None, message: Message) -> tuple[State, str | None]:
        """Say what ``status=sent`` of a program means."""
        if queued and self._queue.holds(self._who.host + b"/" + queued.encode(), message.message_id):
            return "pending", f"through a filter on the same server; goes on as {queued}"
        if said.startswith("forwarded as "):
            return "skipped", f"{said}: the new message has its own deliveries"
        daemon = self._who.daemon
        if daemon != b"smtp" and ("/dev/null" in said or "discarded" in said[:40]):
            return "skipped", _THROWN
        if daemon == b"pipe" or said.startswith("delivered to command"):
            mailbox = not _said().programs["mailbox"].isdisjoint(_WORD.findall(f"{clean(relay, 100)} {said}".lower()))
            return ("delivered", None) if mailbox else ("accepted", "a program took it")
        state = _said().sent.get(daemon.decode(), "accepted")
        return state, _THROWN if state == "skipped" else None

    def _manager(self, rest: bytes) -> _Made:
        name, _, text = rest.partition(b": ")
        if text == b"removed":
            self._queue.end(self._who.host + b"/" + name)
        elif text.startswith(b"from=<"):
            message = self._queue.get(self._who.host + b"/" + name)
            if message.sender is None:
                message.sender = address(text[6:].partition(b">, ")[0]) or "<>"
            if b", status=" in text and b"expired" in text:
                return self._given_up(name, "it waited too long and was returned to the sender")
        return _NOTHING

    def _cleanup(self, rest: bytes) -> _Made:
        name, _, text = rest.partition(b": ")
        if not text.startswith(b"message-id="):
            return self._door(rest)
        named = clean(text[11:], 1000).strip()
        message_id = named if named.strip("<> ") else None
        message = self._queue.get(self._who.host + b"/" + name)
        if message.message_id is not None and message.message_id != message_id:
            message = self._queue.begin(self._who.host + b"/" + name)
        message.message_id = message_id
        return _NOTHING

    def _server(self, rest: bytes) -> _Made:
        if b": client=" not in rest[:40]:
            return self._door(rest)
        name, _, text = rest.partition(b": ")
        message = self._queue.begin(self._who.host + b"/" + name)
        if b"sasl_username=" in text and (login := _LOGIN.search(text)):
            message.account = clean(login[1], 300)
        return _NOTHING

    def _pickup(self, rest: bytes) -> _Made:
        name, _, text = rest.partition(b": ")
        if text.startswith(b"uid="):
            self._queue.begin(self._who.host + b"/" + name)
        return _NOTHING

    def _super(self, rest: bytes) -> _Made:
        name, _, text = rest.partition(b": ")
        made = _NOTHING
        if text == b"removed":
            made = self._given_up(name, "somebody deleted it from the queue (postsuper)")
        if text in (b"removed", b"requeued"):
            self._queue.end(self._who.host + b"/" + name)
        return made

    def _given_up(self, name: bytes, note: str) -> _Made:
        """Give one event for each recipient that still waited."""
        message = self._queue.get(self._who.host + b"/" + name)
        waiting, message.waiting = message.waiting, {}
        if not waiting:
            return (
                self._unreadable("it was given up, but for whom stands in an earlier log; import that one together with this"),
            )
        moment = self._clock.moment(self._stamp)
        return [
            Event(
                moment=moment,
                delivery_id=self._given.identity.of(message.message_id, recipient, "postfix", self._who.shown, _text(name)),
                state="expired",
                source="postfix",
                source_key=key_of(self._line, recipient),
                message_id=message.message_id,
                sender=message.sender,
                recipient=recipient,
                recipient_domain=domain_of(recipient),
                account=message.account,
                reason="expired",
                cause="expired",
                note=note,
            )
            for recipient in waiting
        ]

    def _door(self, rest: bytes) -> _Made:
        if b"reject: " not in rest and b"discard: " not in rest and b"hold: " not in rest:
            return _NOTHING
        name = rest.partition(b": ")[0]
        # At the door a queue id says that the message has other recipients; it is only known what it is once cleanup has it.
        message = self._queue.known(self._who.host + b"/" + name) if self._who.daemon == b"cleanup" else None
        made = refused(
            rest,
            line=self._line,
            moment=self._clock.moment(self._stamp),
            host=self._who.shown,
            message=message,
            given=self._given,
        )
        return (made,) if made else _NOTHING

    def _unreadable(self, why: str) -> Unreadable:
        return Unreadable.at(self._file, self._number, why, self._line)


_DAEMONS: dict[bytes, Callable[[PostfixReader, bytes], _Made]] = {
    **dict.fromkeys(
        (b"smtp", b"lmtp", b"local", b"virtual", b"pipe", b"error", b"retry", b"discard"),
        PostfixReader._agent,  # noqa: SLF001 - a table of this file's own methods
    ),
    **dict.fromkeys((b"qmgr", b"oqmgr", b"nqmgr"), PostfixReader._manager),  # noqa: SLF001 - a table of this module's own methods
    **dict.fromkeys((b"smtpd", b"postscreen"), PostfixReader._server),  # noqa: SLF001 - a table of this module's own methods
    b"cleanup": PostfixReader._cleanup,  # noqa: SLF001 - a table of this module's own methods
    b"pickup": PostfixReader._pickup,  # noqa: SLF001 - a table of this module's own methods
    b"postsuper": PostfixReader._super,  # noqa: SLF001 - a table of this module's own methods
}


@lru_cache(maxsize=20_000)  # the same relays, again and again
def _where(relay: bytes) -> tuple[str | None, str | None]:
    """Give ``host:port`` and the IP address of ``relay=``; neither when it was no server."""
    found = _RELAY.match(clean(relay, 400))
    if found is None or found[3] is None:
        return None, None
    host = f"[{found[1]}]" if ":" in found[1] else found[1]
    return f"{host}:{found[3]}", found[2]


def _four(delays: bytes | None) -> tuple[float | None, float | None, float | None, float | None]:
    """Give the four parts of ``delays=a/b/c/d`` in milliseconds."""
    parts = delays.split(b"/") if delays else ()
    if len(parts) != 4:
        return None, None, None, None
    before, queue, connect, transmit = parts
    return _ms(before), _ms(queue), _ms(connect), _ms(transmit)


@lru_cache(maxsize=10_000)
def _ms(seconds: bytes) -> float | None:
    try:
        return round(max(0.0, float(seconds)) * 1000, 3)
    except ValueError:
        return None


def _text(raw: bytes | None) -> str | None:
    return raw.decode("ascii", "replace") if raw else None
