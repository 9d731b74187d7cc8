"""Secrets that were pasted by mistake, taken out of a text before anything of it is explained, shown or kept.

People paste what a program printed: a session with its log-in in base64, a traceback with the call that logs in, a line of a
configuration. What is taken out is what the program sent to prove who it is, wherever its form gives it away; all else stays,
since it may be what tells. Each line is looked at by itself, with patterns that cannot run away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from mailkit.explain.fact import BounceReading, Fact
from mailkit.secret import REDACTED

__all__ = ["redact", "redacted"]

_WIDEST = 20_000
"""Characters of a line that are looked at; a longer line ends there."""
_ANSWERS = 6
"""Answers to challenges after one AUTH, at most (SCRAM has two, GSSAPI three)."""

_MECHANISM = r"(?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|CRAM-MD5|DIGEST-MD5|NTLM|GSSAPI|EXTERNAL|SCRAM-[\w-]{1,24}|PLAIN-CLIENTTOKEN)"
_SERVER = re.compile(r"[^\w\n]{0,40}(?:[\w\[\]:., -]{0,60}?[^\w\n]{1,6})??([2-5]\d\d)(?:[ \-]|$)|\s{0,8}(?:reply:|<[<~*-]|S:|R:)")
_REPLY = re.compile(r"(?:^|[^\w.])([2-5]\d\d)(?:[ \-]|$)")
_AUTH = re.compile(rf"\bAUTH[ \t]{{1,8}}({_MECHANISM})\b(?:[ \t]{{1,8}}([^\s'\"\\]{{2,}}))?", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{2,}[.,;:]?|" + _MECHANISM + r"|\*|=")
"""What follows AUTH LOGIN in a sentence or in a list of mechanisms, and is no base64."""
_ANSWER = re.compile(
    r"(?P<before>.{0,80}?(?:~> ?| ?-+> ?|>{1,3} ?|[CT]: ?|=> ?|SERVER: ?|Client: ?|send: b?['\"]|SMTP>> ?)|\s{0,20})"
    r"(?P<token>[A-Za-z0-9+/_.~-]{2,}={0,3})(?P<after>(?:\\r|\\n|['\"\s])*)$"
)
_COMMANDS = frozenset({"quit", "rset", "noop", "data", "starttls"})

_KEY = (
    r"(?:pass(?:word|wd|phrase)?|passwort|kennwort|mot[ _-]de[ _-]passe|contrase[nñ]a|pwd|secret|client[_-]?secret|"
    r"access[_-]?token|refresh[_-]?token|auth[_-]?token|token|api[_-]?key)"
)
_QUOTED = r"\"[^\"\n]{1,400}\"|'[^'\n]{1,400}'"
_KEYED = re.compile(
    rf"(?P<before>\b(?:\w{{0,40}}[_.-])?{_KEY}['\"]?[ \t]{{0,8}}(?:=>|:=|[=:])[ \t]{{0,8}}b?)"
    rf"(?P<value>{_QUOTED}|(?<=[=])[^\s,;&)\]}}'\"<]{{1,400}}|(?<=[:=] )[^\s,;&)\]}}'\"<]{{1,400}}(?=\s*$))",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"(?P<before>(?<!\S)(?:--?(?:auth-)?pass(?:word|wd)?|-ap|-xp)[ \t=]{1,4})(?P<value>[^\s]{1,400})", re.IGNORECASE
)
_CALL = re.compile(
    r"(?P<before>(?:\.login|\.Login|\.Authenticate|\.authenticate|NetworkCredential|\.auth)\(\s{0,8}[^,()\n]{1,200},\s{0,8}"
    rf"(?:\w{{1,30}}\s?=\s?)?)(?P<value>{_QUOTED})"
)
_URL = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,200}:)(?P<value>[^\s/@]{1,200})(?=@)", re.IGNORECASE)
_BEARER = re.compile(
    r"(?P<before>\b(?:auth=|authorization:[ \t]{0,4})(?:bearer|basic)[ \t]{1,4}|\bbearer[ \t]{1,4}(?=[^\s\d]{0,400}\d))"
    r"(?P<value>[A-Za-z0-9._~+/-]{8,}={0,2})",
    re.IGNORECASE,
)
"""Not every "basic authentication" is a secret: it has to be a header field, or look like a token."""
_TOKEN = re.compile(r"(?P<before>\b)(?P<value>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*|ya29\.[A-Za-z0-9_-]{8,})")
_FORMS = (_KEYED, _OPTION, _CALL, _URL, _BEARER, _TOKEN)


def redact(text: str) -> str:
    """Return the text with what looks like a password, a token or a log-in replaced; a text without comes back as it is.

    >>> print(redact("C: AUTH PLAIN AGRlc2sAaHVudGVyMg=="))
    C: AUTH PLAIN <redacted>
    >>> redact("250-AUTH PLAIN LOGIN")
    '250-AUTH PLAIN LOGIN'
    """
    done = "\n".join(_lines(text.split("\n")))
    return text if done == text else done


def redacted(reading: BounceReading) -> BounceReading:
    """Return what a mail says with the same taken out of the words that it quotes."""
    facts = tuple(_fact(one) for one in reading.facts)
    return reading if facts == reading.facts else replace(reading, facts=facts)


def _fact(fact: Fact) -> Fact:
    matched = fact.matched
    if matched is not None and matched.words:
        matched = replace(matched, words=redact(matched.words))
    return replace(fact, words=redact(fact.words) if fact.words else fact.words, matched=matched)


def _lines(lines: list[str]) -> Iterator[str]:
    answers = 0
    for whole in lines:
        line = whole if len(whole) <= _WIDEST else whole[:_WIDEST]
        reply = _reply(line)
        if reply is not None:
            answers = max(answers, 1) if reply == "334" else 0
        elif _AUTH.search(line):
            answers = _ANSWERS
            line = _AUTH.sub(_command, line)
        elif answers and (match := _ANSWER.match(line)) and match["token"].lower() not in _COMMANDS:
            answers -= 1
            line = f"{match['before']}{REDACTED}{match['after']}"
        for form in _FORMS:
            line = form.sub(_value, line)
        yield line


def _reply(line: str) -> str | None:
    """Give the reply code of a line that a server said, ``""`` when it is one without; ``None``: it is none."""
    match = _SERVER.match(line[:200])
    if match is None:
        return None
    if match[1]:
        return match[1]
    code = _REPLY.search(line[:200])
    return code[1] if code else ""


def _command(match: re.Match[str]) -> str:
    sent = match[2]
    if not sent or _WORD.fullmatch(sent):
        return match[0]
    return match[0][: match.start(2) - match.start()] + REDACTED


def _value(match: re.Match[str]) -> str:
    value = match["value"]
    if value.startswith(REDACTED) or value.strip("'\"").lower() in {
        "",
        "none",
        "null",
        "true",
        "false",
        "set",
        "empty",
        "yes",
        "no",
    }:
        return match[0]
    quote = value[0] if value[0] in "'\"" else ""
    return f"{match['before']}{quote}{REDACTED}{quote}"
