r"""Exim's main log: one event for each line in which an address is done with, or put off.

``=>`` ``->`` ``>>`` with a host: ``accepted`` by it (``delivered`` where the transport speaks LMTP); without one: ``delivered``
into a mailbox, file or program. ``**``: ``bounced`` (``expired`` when the time for retries was over). ``==``: ``deferred``.
``rejected RCPT`` without a message is a refusal at the door: this server did not take it.

Read are lines with and without time zone and process number, old (``1rABCD-0005xY-2P``) and new message ids, written by Exim
itself or through syslog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from mailkit.history.importing import syslog
from mailkit.history.importing.cleaning import address, clean, domain_of
from mailkit.history.importing.identity import key_of
from mailkit.history.importing.moment import Clock
from mailkit.history.importing.outcome import Unreadable
from mailkit.history.importing.queue import Message, Queue
from mailkit.history.importing.reading import Given
from mailkit.history.importing.source import Source
from mailkit.journal.delivery import State
from mailkit.journal.event import Event

__all__ = ["EximReader", "looks_like"]

_STAMP = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})?"
_ID = rb"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
_HEAD = re.compile(rb"(" + _STAMP + rb") (?:\[\d{1,10}\] )?(?:(" + _ID + rb") )?")
_LOGGED = re.compile(
    rb"(?:<\d{1,3}>)?(?:\d )?(" + syslog.STAMP + rb"):? (?:(\S{1,255}) )?exim[\w.\-]{0,20}"
    rb"(?:\[\d{1,10}\]:| (?:\d{1,10}|-) \S+ (?:-|\[[^\]]*\]))(?: \[\d+[/\\]\d+\])? "
)
_AFTER = re.compile(rb"(?:\[\d{1,10}\] )?(?:(" + _ID + rb") )?")
_FIELD = re.compile(
    rb' ([A-Z][A-Za-z0-9]{0,3})=("(?:[^"\\]|\\.)*"|\S+(?: \[[0-9a-fA-F.:]+\](?::\d+)?)?|\(\S*\)(?: \[[0-9a-fA-F.:]+\](?::\d+)?)?)'
)
_HOST = re.compile(r"(\S*?)\s*(?:\((?:[^)]*)\)\s*)?\[([0-9a-fA-F.:]+)\](?::(\d+))?$")
_DONE = {b"=>": "delivered", b"->": "delivered", b">>": "delivered", b"**": "bounced", b"==": "deferred"}
_ROUTER = re.compile(rb" (?:R|T|H|F|P|S|ST|QT|DT|C|X|D|L|DN)=| defer \(|: ")
_DEFER = re.compile(rb" defer \((-?\d+)\)(?: H=\S+(?: \[\S+\])?(?::\d+)?)?:? ?(.*)$", re.DOTALL)
_AT_HOST = re.compile(r" H=\S+(?: \[[0-9a-fA-F.:]+\])?(?::\d+)?$")
_TIMES = re.compile(r"(?: (?:DT|QT)=\S+)+$")
_MEANS = re.compile(rb": ((?:SMTP error|LMTP error|[Rr]etry|Unrouteable|all |host |H=|[A-Za-z4-5]).*)$", re.DOTALL)
_CODE = re.compile(r"(?:^|: |\s)([245]\d\d)[ \-](?:([245]\.\d{1,3}\.\d{1,3})(?=\W|$))?")
_QUEUED = re.compile(r"queued as ([\w.\-]{3,60})|\bid=([\w.\-]{6,60})|InternalId=(\d{1,30})")
_SPAN = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?$")
_DOOR = re.compile(
    rb"(?:rejected (RCPT|MAIL|EHLO|HELO|DATA|after DATA)|temporarily rejected (RCPT|MAIL|DATA|after DATA))\b"
    rb" ?(?:<?([^>\s:]*)>?)?:? ?(.*)$"
)
_STAGES = {b"RCPT": "recipient", b"MAIL": "sender", b"EHLO": "ehlo", b"HELO": "ehlo", b"DATA": "data", b"after DATA": "data"}
_EXPIRED = (
    "retry timeout exceeded",
    "retry time not reached for any host after a long failure period",
    "message timeout exceeded",
)


def looks_like(head: bytes) -> int:
    """Say how sure it is that a file is a main log of Exim: lines of it among the first."""
    sure = 0
    for line in syslog.lines_of(head):
        found = _HEAD.match(line)
        if (found is None and (found := _LOGGED.match(line))) or (
            found
            and (found[2] or line[found.end() :].startswith((b"exim ", b"Start queue run", b"End queue run", b"H=", b"no host")))
        ):
            sure += 1
    return sure


class EximReader:
    """Reads main logs of Exim, one after the other."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._clock = Clock(given.zone, given.year)
        self._queue = Queue()
        self._file = ""
        self._number = 0
        self._line = b""

    def read(self, source: Source) -> Iterator[Event | Unreadable | None]:
        """Give the events of a file."""
        self._clock.begin(source)
        self._file, self._number = source.name, 0
        for block in syslog.blocks(source):
            foreign = len(block)
            for line in block:
                self._number += 1
                self._line = line
                told = self._told(line)
                if told is None:
                    continue
                stamp, host, name, rest = told
                for made in self._of(stamp, host, name, rest):
                    foreign -= 1
                    yield made
            self._given.tally.foreign += max(0, foreign)
            yield None
        self._clock.tell(source.name, self._given.tally)

    @staticmethod
    def _told(line: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
        """Take a line apart: when, host, message id, the rest."""
        found = _HEAD.match(line)
        if found:
            return found[1], b"", found[2] or b"", line[found.end() :]
        logged = _LOGGED.match(line)
        if logged is None:
            return None
        inner = _HEAD.match(line, logged.end())
        if inner:
            return inner[1], logged[2] or b"", inner[2] or b"", line[inner.end() :]
        after = _AFTER.match(line, logged.end())
        assert after
        return logged[1], logged[2] or b"", after[1] or b"", line[after.end() :]

    def _of(self, stamp: bytes, host: bytes, name: bytes, rest: bytes) -> Iterator[Event | Unreadable]:
        if not name:
            if b"rejected " in rest:
                yield from self._door(stamp, host, rest)
            return
        flag = rest[:2]
        if flag == b"<=":
            self._came(host + name, rest[3:])
        elif flag in _DONE and rest[2:3] == b" ":
            try:
                yield self._done(self._clock.moment(stamp), host, name, flag, rest[3:])
            except ValueError:
                yield self._unreadable("there is no such time, or the line ends in the middle")
        elif rest == b"Completed" or rest.startswith((b"Completed ", b"cancelled by", b"removed by")):
            if not rest.startswith(b"Completed"):
                yield from self._removed(stamp, host, name, rest)
            self._queue.end(host + name)
        elif b"rejected " in rest[:200] and b"F=<" in rest:
            yield from self._door(stamp, host, rest)

    def _came(self, key: bytes, rest: bytes) -> None:
        sender, _, _ = rest.partition(b" ")
        message = self._queue.begin(key)
        message.sender = address(sender)
        fields = _fields(rest)
        if named := fields.get("id"):
            message.message_id = f"<{named.strip('<>')}>"
        message.account = fields.get("A", "").partition(":")[2] or None
        if told := re.search(rb" id=(\S+)", rest):
            message.message_id = f"<{clean(told[1], 1000).strip('<>')}>"

    def _done(self, moment: datetime, host: bytes, name: bytes, flag: bytes, rest: bytes) -> Event:
        cut = _ROUTER.search(rest, 12 if rest.startswith(b":") else 0)
        if cut is None:
            raise ValueError(rest)
        whom, fields = rest[: cut.start()], _fields(rest)
        recipient = _recipient(whom)
        if not recipient:
            raise ValueError(rest)
        message = self._queue.get(host + name)
        state: State = _DONE[flag]  # type: ignore[assignment]  # the table's values are states
        where = _HOST.match(fields.get("H", ""))
        said, stage = _said(flag, rest, fields), None
        note = None
        if state == "delivered":
            state, note = _taken(whom, fields)
        elif any(words in (said or "") for words in _EXPIRED) and state == "bounced":
            state = "expired"
        wrong = state in ("deferred", "bounced", "expired")
        why = self._given.reasons.of(said, host=where[1] if where else None) if wrong and said else None
        if why:
            stage = why.stage
        tries = message.tried(recipient, again=state == "deferred")
        code = _CODE.search(said or "")
        queued = _QUEUED.search(said) if said and not wrong else None
        total, took = _span(fields.get("QT")), _span(fields.get("DT"))
        return Event(
            moment=moment,
            delivery_id=self._given.identity.of(
                message.message_id, recipient, "exim", clean(host, 255), name.decode("ascii", "replace")
            ),
            state=state,
            source="exim",
            source_key=key_of(self._line),
            # Given up when its time was over: no attempt, unless a host is named.
            attempt=tries if state != "expired" or where else None,
            message_id=message.message_id,
            sender=message.sender or address(fields.get("F", "")) or address(fields.get("P", "")),
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            account=message.account,
            endpoint=_endpoint(where),
            address=where[2] if where else None,
            stage=stage if wrong else "data" if where else None,
            reply_code=int(code[1]) if code else None,
            enhanced_code=(code[2] if code else None) or (why.enhanced_code if why else None),
            reply=said,
            reason=why.reason if why else None,
            cause=why.cause if why else None,
            tls=fields.get("X", "").partition(":")[0] or None,
            queue_id=next((one for one in queued.groups() if one), None) if queued else None,
            queue_ms=max(0.0, total - took) if total is not None and took is not None else total,
            transmit_ms=took,
            note=note,
        )

    def _removed(self, stamp: bytes, host: bytes, name: bytes, rest: bytes) -> Iterator[Event | Unreadable]:
        message: Message = self._queue.get(host + name)
        for recipient in [*message.waiting]:
            yield Event(
                moment=self._clock.moment(stamp),
                delivery_id=self._given.identity.of(
                    message.message_id, recipient, "exim", clean(host, 255), name.decode("ascii", "replace")
                ),
                state="expired",
                source="exim",
                source_key=key_of(self._line, recipient),
                message_id=message.message_id,
                sender=message.sender,
                recipient=recipient,
                recipient_domain=domain_of(recipient),
                note=clean(rest, 200),
            )

    def _door(self, stamp: bytes, host: bytes, rest: bytes) -> Iterator[Event | Unreadable]:
        """A message, or one recipient of it, that was not let in."""
        told, fields = _DOOR.search(rest), _fields(b" " + rest)
        if told is None or (not told[3] and "F" not in fields):
            return
        try:
            moment = self._clock.moment(stamp)
        except ValueError:
            yield self._unreadable("there is no such time")
            return
        kind = told[1] or told[2]
        said = clean(told[4]) or None
        recipient = address(told[3]) if kind == b"RCPT" and told[3] else None
        sender = address(fields["F"]) if "F" in fields else None
        where = _HOST.match(fields.get("H", ""))
        at = where[2] if where else None
        why = self._given.reasons.of(said) if said else None
        code = _CODE.search(said or "")
        yield Event(
            moment=moment,
            delivery_id=self._given.identity.of(
                None, recipient, "door", clean(host, 255), at, sender, moment.date().isoformat(), "" if recipient else said
            ),
            state="deferred" if told[2] else "rejected",
            source="exim",
            source_key=key_of(self._line),
            attempt=1,
            sender=sender,
            recipient=recipient,
            recipient_domain=domain_of(recipient),
            stage=_STAGES.get(kind),
            reply_code=int(code[1]) if code else None,
            enhanced_code=code[2] if code else None,
            reply=said,
            reason=why.reason if why else None,
            cause=why.cause if why else None,
            note="this server did not take it" + (f" (client {at})" if at else ""),
        )

    def _unreadable(self, why: str) -> Unreadable:
        return Unreadable.at(self._file, self._number, why, self._line)


def _fields(rest: bytes) -> dict[str, str]:
    """Give the ``NAME=value`` parts; of two of one name the first."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(rest):
        text = clean(value, 4000).removesuffix(":")
        if text.startswith('"'):
            text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        found.setdefault(name.decode("ascii"), text)
    return found


def _endpoint(where: re.Match[str] | None) -> str | None:
    """Give ``host:port``, or the host alone: Exim logs the port only when it is told to."""
    if where is None:
        return None
    host = where[1] or where[2]
    return f"{f'[{host}]' if ':' in host else host}:{where[3]}" if where[3] else host


def _recipient(whom: bytes) -> str | None:
    """Give the address: behind what it was turned into (a user, a file, a program), it stands in angle brackets."""
    text = clean(whom, 1000).strip()
    if text.endswith(">") and "<" in text:
        inner = address(text[text.rindex("<") :])
        outer = text[: text.rindex("<")].strip()
        # "user@new.test <alias@old.test>": the address mail really went to comes first.
        return address(outer.partition(" ")[0]) if "@" in outer and outer[0] not in "|/:" else inner
    return address(text.partition(" ")[0])


def _taken(whom: bytes, fields: dict[str, str]) -> tuple[State, str | None]:
    """Say what a finished address means."""
    transport = fields.get("T", "").lower()
    if whom.startswith((b":blackhole:", b"/dev/null")):
        return "skipped", "thrown away, as this server is configured"
    if "H" in fields and "lmtp" not in transport:
        return "accepted", None
    if whom.startswith(b"|") and not any(word in clean(whom).lower() for word in ("dovecot", "procmail", "maildrop", "deliver")):
        return "accepted", "a program took it"
    return "delivered", None


def _said(flag: bytes, rest: bytes, fields: dict[str, str]) -> str | None:
    if flag == b"==":
        found = _DEFER.search(rest)
        return _TIMES.sub("", _AT_HOST.sub("", _TIMES.sub("", clean(found[2])))).strip(": ") or None if found else None
    if flag == b"**":
        found = _MEANS.search(rest)
        return _TIMES.sub("", clean(found[1])) if found else None
    return fields.get("C")


def _span(text: str | None) -> float | None:
    """Read a time such as ``2h3m4s`` or ``0.123s``, in milliseconds."""
    found = _SPAN.match(text) if text else None
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (float(one or 0) for one in found.groups())
    return round(((weeks * 7 + days) * 24 + hours) * 3_600_000 + minutes * 60_000 + seconds * 1000, 3)
