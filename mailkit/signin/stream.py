"""Passwords from standard input: one line for one login, or a row for each of many.

A row is the login, a tab and the password, or a JSON object ``{"user": …, "password": …}``. All rows are read at once, so that
what is wrong is said before anybody logs in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.signin.book import same
from mailkit.text import visible

__all__ = ["Stream", "from_stream"]

_LONGEST = 65_536
_MOST = 100_000
_HOW = "give one row for each login: the login, a tab, the password"


class Stream:
    """The secrets that were read, by login."""

    def __init__(self, secrets: dict[str, Secret]) -> None:
        self._secrets = secrets

    def secret_of(self, login: str, host: str | None = None) -> Secret:  # noqa: ARG002 - a row is one login's, at any host
        """Give the secret of ``login``."""
        if not (secret := self._secrets.get(login)):
            raise InputError(f"standard input holds no password of {visible(login)}; {_HOW}")
        return secret


def from_stream(logins: Sequence[str], stream: TextIO | BinaryIO | None = None) -> Stream:
    """Read the secrets of ``logins``.

    Args:
        logins: those that will be asked about. For a single one the first line is its password, unless it is a row for it.
        stream: standard input when not given.

    Raises:
        InputError: it is not UTF-8, a row is none, two rows contradict each other, or there is nothing.
    """
    wanted = set(logins)
    lines = iter(_lines(stream or sys.stdin))
    first = next(lines, None)
    if len(wanted) == 1 and first and _row(first)[0] is None:
        return Stream(dict.fromkeys(wanted, first))
    secrets: dict[str, Secret] = {}
    for number, line in enumerate((*([first] if first else []), *lines), 1):
        if not line:
            continue
        login, secret = _row(line)
        if login is None or not secret:
            raise InputError(f"standard input, row {number}: that is no login, tab and password; {_HOW}")
        if login in secrets and not same(secrets[login], secret):
            raise InputError(f"standard input, row {number}: another password of {visible(login)} came before; leave one of them")
        secrets[login] = secret
    if not secrets:
        how = "give it as the first line" if len(wanted) == 1 else _HOW
        raise InputError(f"standard input holds no password; {how}")
    return Stream(secrets)


def _lines(stream: TextIO | BinaryIO) -> Iterator[Secret]:
    """Read lines, each as soon as it is wanted. No frame that an error passes through holds a value in the clear."""
    for number in range(1, _MOST + 1):
        line = _line(stream)
        if line is None:
            return
        if isinstance(line, str):
            raise InputError(f"standard input, line {number}: {line}")
        yield line


def _line(stream: TextIO | BinaryIO) -> Secret | str | None:
    """Read one line; a sentence where it cannot be used, ``None`` at the end."""
    # Bytes: the encoding of a pipe is a guess of the machine, and a wrong guess would be a wrong password.
    raw = getattr(stream, "buffer", stream).readline(_LONGEST + 1)
    if not raw:
        return None
    if len(raw) > _LONGEST:
        return f"longer than {_LONGEST} bytes; give one password or one row a line"
    try:
        return Secret((raw if isinstance(raw, str) else raw.decode("utf-8-sig")).rstrip("\r\n"))
    except UnicodeDecodeError:
        return "not UTF-8; write it as UTF-8, or type the password"


def _row(line: Secret) -> tuple[str | None, Secret]:
    """Split a row into login and secret; login ``None``: it is no row."""
    text = line.reveal()
    if text.startswith("{"):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            return None, line
        login, value = row.get("user"), row.get("password")
        return (login, Secret(value)) if isinstance(login, str) and isinstance(value, str) else (None, line)
    login, tab, value = text.partition("\t")
    return (login, Secret(value)) if tab and login else (None, line)
