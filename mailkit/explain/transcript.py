"""Pasted sessions, logs and tracebacks: the lines that tell, and the step at which they were said.

Knows how swaks, msmtp, openssl s_client, smtplib, PHPMailer, nodemailer and telnet mark who speaks, how Postfix, Exim and
Sendmail log, and how programs print exceptions. A refusal that the same session made good (another log-in, HELO after EHLO) is
not telling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Saying", "sayings"]

_LINES = 4000
_WIDTH = 2000
_MOST = 200

_STAMP = (
    r"\s{0,8}(?:\[[^\]\n]{1,60}\]:?\s{0,3})?(?:\d{4}-\d\d-\d\d[T ])?(?:\d{1,2}:\d\d:\d\d[.,\d]{0,8}Z?\s{0,3})?"
    r"(?:DEBUG |INFO |SMTP |smtp: ?)?"
)
_SERVER = re.compile(
    _STAMP + r"(?:<-- ?|<\*\* ?|<~\* ?|<[-~] {0,2}|<<<? ?|S: ?|SERVER -> CLIENT: ?|Server: ?|SMTP<< ?|recv: ?|R: ?|<= ?|"
    r"< )(?=[2-5]\d\d)(.*)"
)
_RETCODE = re.compile(r"\s{0,4}reply: retcode \((\d{3})\); Msg: b?['\"](.*)['\"]\s*$")
_CLIENT = re.compile(
    _STAMP + r"(?:--> ?|~> ?| -> ?|-> ?|>>> ?|C: ?|CLIENT -> SERVER: ?|Client: ?|SMTP>> ?|send: b?['\"]|T: ?|=> ?|> )(\S.*)"
)
_BARE = re.compile(r"([2-5]\d\d)(?:[ \-]|$)")
_COMMAND = re.compile(r"(EHLO|HELO|LHLO|STARTTLS|AUTH|MAIL FROM|RCPT TO|DATA|BDAT|QUIT|\.$)", re.IGNORECASE)
_STAGES = {
    "EHLO": "ehlo",
    "HELO": "ehlo",
    "LHLO": "ehlo",
    "STARTTLS": "starttls",
    "AUTH": "auth",
    "MAIL FROM": "sender",
    "RCPT TO": "recipient",
    "DATA": "data",
    "BDAT": "data",
    ".": "data",
    "QUIT": "session",
}

_LOGS: tuple[re.Pattern[str], ...] = (
    re.compile(r"status=(?:bounced|deferred|expired|undeliverable|softbounce)[^(\n]{0,40}\((.{1,1800})\)\s*$"),
    re.compile(r"(?:reject|reject_warning|discard|hold): \S{1,40} from \S{1,300}: (.{1,1500}?)(?:; from=<|; client=|$)"),
    re.compile(
        r" (?:\*\*|==) \S{1,300}@\S{1,300} .{0,600}?(?:: |defer \(-?\d+\):? )((?:SMTP error|Unrouteable|"
        r".{0,80}\b[45]\d\d[ \-]|retry|Connection|host |all hosts|remote host).{1,1200})$"
    ),
    re.compile(r"dsn=[45]\.\d\.\d{1,3}, stat=(.{1,800})$"),
    re.compile(r"((?:SASL )?authentication failed; server \S{1,300} said: .{1,600})$", re.IGNORECASE),
    re.compile(r"(rejected (?:RCPT|MAIL|EHLO|HELO|AUTH|after DATA)\b.{1,600})$"),
    re.compile(r"server message: (.{1,800})$"),
    re.compile(r"\b(verify error:num=\d+:.{1,200})$"),
    re.compile(r"Verify return code: (?!0 )(\d+ \(.{1,200}\))"),
    re.compile(r"((?:error:[0-9A-Fa-f]{8}:)?SSL routines:.{1,300})$"),
    re.compile(r"^(?:msmtp|swaks|curl|sendemail|mutt|s-nail|mailx): (.{1,600})$"),
    re.compile(r"^\*\*\* (.{1,400})$"),
)
_EXCEPTION = re.compile(
    r"^\s{0,12}(?:-{3,}> |Caused by: |Unhandled [Ee]xception[.:] |Uncaught |"
    r"\(node:\d+\) )?((?:[A-Za-z_][\w.$]{0,120}(?:Error|Exception|Refused|Disconnected|Timeout|NotSupported|"
    r"gaierror|herror|Fault)|ssl\.\w{1,40}|socket\.\w{1,40}|"
    r"Error)(?: \[\w{1,40}\])?(?: \([^)\n]{1,60}\))?: .{1,1800})"
)


class Saying(Struct, frozen=True):
    """A telling line, and the step at which it was said, where known."""

    text: str
    stage: str | None = None


def sayings(text: str) -> tuple[Saying, ...]:
    """Give the telling lines of a pasted text, the most telling first; none when it is no session, log or traceback."""
    lines = [line[:_WIDTH].rstrip("\r") for line in text.split("\n")[:_LINES]]
    if len(lines) == 1 and not _logged(lines[0]):
        return ()
    found = _session(lines) or list(_logs(lines))
    if not found:
        found = list(_exceptions(lines))
    return tuple({one.text: one for one in found}.values())[:_MOST]


def _session(lines: list[str]) -> list[Saying]:
    """Follow a dialogue, and give the refusals it did not make good."""
    talk = _Talk()
    for line in [*lines, ""]:
        if not talk.server(line):
            talk.client(line)
    return talk.refused if talk.both else []


class _Talk:
    """A dialogue while it is followed."""

    def __init__(self) -> None:
        self.refused: list[Saying] = []
        self.both = False
        """Whether more than refusals was seen: commands, or replies that are none. Else it is no dialogue."""
        self._stage = "greeting"
        self._said: list[str] = []

    def server(self, line: str) -> bool:
        """Take a line of the server; tell whether it was one."""
        if line.lstrip().startswith("reply: b"):
            return True  # smtplib says it again as "retcode"
        part = _of_server(line)
        if part:
            self._said.append(part)
            if part[3:4] == "-":
                return True
        if self._said:
            self._reply("\n".join(self._said))
            self._said = []
        return bool(part)

    def _reply(self, whole: str) -> None:
        if whole[0] in "45":
            self.refused.append(Saying(whole, self._stage))
            return
        self.both = True
        if self._stage != "recipient":  # another recipient makes nothing good
            self.refused = [one for one in self.refused if one.stage != self._stage]

    def client(self, line: str) -> None:
        """Take a line of the client, or one that is neither's."""
        told = _CLIENT.match(line)
        if word := _COMMAND.match((told[1] if told else line).strip().strip("'\"")):
            self.both = True
            self._stage = _STAGES[word[1].upper()]


def _of_server(line: str) -> str:
    if match := _RETCODE.match(line):
        return f"{match[1]} {match[2]}"
    if match := _SERVER.match(line):
        return match[1].strip().strip("'\"")
    return line.strip() if _BARE.match(line.strip()) else ""


def _logged(line: str) -> str | None:
    for pattern in _LOGS:
        if match := pattern.search(line):
            return match[1]
    return None


def _logs(lines: list[str]) -> Iterator[Saying]:
    for number, line in enumerate(lines):
        if told := _logged(line):
            # What a program prints about a reply may go on in the next lines ("server message: 535-…").
            more = [
                other
                for following in lines[number + 1 : number + 6]
                if (other := _logged(following)) and re.match(r"[45]\d\d[ \-]", other) and re.match(r"[45]\d\d-", told)
            ]
            yield Saying("\n".join([told, *more]))


def _exceptions(lines: list[str]) -> Iterator[Saying]:
    """Give the exceptions of a traceback, the last first: it is the one that reached the user."""
    found: list[str] = []
    for number, line in enumerate(lines):
        if match := _EXCEPTION.match(line):
            more = []
            for following in lines[number + 1 : number + 8]:
                if (
                    not following.strip()
                    or re.match(r"\s+at |\s+File |Traceback|During handling|The above|\s{0,12}-{3,}", following)
                    or _EXCEPTION.match(following)
                ):
                    break
                more.append(following.strip())
            found.append("\n".join([match[1], *more]))
    yield from (Saying(text) for text in reversed(found))
