"""Which mailbox is meant by what a person typed: ``imap:…``, ``maildir:…``, ``mbox:…``, or a mail in a file."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote

import idna

from mailkit.address import is_address
from mailkit.errors import InputError
from mailkit.mail.follow.files import Maildir, Mbox, OneMail
from mailkit.mail.follow.imap import Imap, Mailbox
from mailkit.mail.follow.source import Source
from mailkit.net.names import Resolver
from mailkit.secret import Secret
from mailkit.text import shorten, visible

__all__ = ["needs_secret", "open_source", "read_mailbox"]

_FORMS = "give imap:user@host, maildir:FOLDER, mbox:FILE, or a mail as FILE.eml"
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_SECURITY = ("implicit", "starttls", "none")


def needs_secret(text: str) -> bool:
    """Say whether a mailbox has a log-in, so that its password is asked for.

    >>> needs_secret("imap:frontdesk@hotel.test@imap.hotel.test"), needs_secret("maildir:/var/mail/test")
    (True, False)
    """
    return text.strip().lower().startswith(("imap:", "imaps:"))


def open_source(
    text: str,
    secret: Secret | Callable[[], Awaitable[Secret]] | None = None,
    *,
    token: bool = False,
    ca_file: str | os.PathLike[str] | None = None,
    server_name: str | None = None,
    allow_unverified: bool = False,
    allow_plaintext_auth: bool = False,
    resolver: Resolver | None = None,
) -> Source:
    """Give the mailbox a person named. Nothing is connected yet; what is on disk is looked at, so call it in a thread.

    Args:
        text: ``imap:user@host``: port 993, TLS from the first byte; with ``:143`` (or any port but 993) STARTTLS, which is
            demanded; ``imaps:`` TLS from the first byte on any port; ``?security=implicit|starttls|none`` says otherwise.
            The user may hold an ``@``: the last one counts. ``/Folder`` looks into that folder, the inbox and junk only.
            ``maildir:FOLDER``, ``mbox:FILE``, or the name of a file or a Maildir.
        secret: the password or access token, or a function that gives a fresh token.
        token: ``secret`` is an access token.
        ca_file: authorities to trust instead of the machine's.
        server_name: the name in the certificate, where it is not the host.
        allow_unverified: go on with a certificate that cannot be trusted.
        allow_plaintext_auth: log in without encryption.
        resolver: whom to ask for the server's address.

    Raises:
        InputError: it is none of these; in one line, and without what may be a password.
    """
    kind, rest = _split(text)
    if kind in ("imap", "imaps"):
        mailbox = read_mailbox(
            text,
            ca_file=ca_file,
            server_name=server_name,
            allow_unverified=allow_unverified,
            allow_plaintext_auth=allow_plaintext_auth,
        )
        if secret is None or (isinstance(secret, Secret) and not secret):
            raise InputError(f"the mailbox {visible(mailbox.label)} needs a password or an access token")
        return Imap(mailbox, secret, token=token, resolver=resolver)
    path = Path(rest).expanduser()
    if kind == "maildir" or (kind is None and path.is_dir()):
        if not path.is_dir():
            raise InputError(f"there is no folder {visible(rest)!r}; {_FORMS}")
        if not any((path / part).is_dir() for part in ("cur", "new")):
            raise InputError(f"{visible(rest)!r} is no Maildir: it has neither cur nor new in it")
        return Maildir(path)
    if not path.is_file():
        raise InputError(f"there is no file {visible(shorten(rest, 200))!r}; {_FORMS}")
    return Mbox(path) if kind == "mbox" or (kind is None and _begins_mbox(path)) else OneMail(path)


def read_mailbox(
    text: str,
    *,
    ca_file: str | os.PathLike[str] | None = None,
    server_name: str | None = None,
    allow_unverified: bool = False,
    allow_plaintext_auth: bool = False,
) -> Mailbox:
    """Read ``imap:…``; see :func:`open_source`.

    Raises:
        InputError: it cannot be read.
    """
    kind, rest = _split(text)
    rest, _, query = rest.removeprefix("//").partition("?")
    # A folder may hold an "@", and a user a "/": the last "@" before the first "/" behind it is the one before the host.
    user, at, place = _divided(rest)
    if not at:
        raise InputError("the mailbox has no user; give imap:user@host, for example imap:frontdesk@hotel.test@imap.hotel.test")
    if ":" in user:
        raise InputError("a password does not belong in the name of a mailbox; give imap:user@host and the password apart")
    where, _, folder = place.partition("/")
    host, port = _host(where)
    asked = parse_qs(query).get("security", [""])[-1].lower()
    if asked not in ("", *_SECURITY):
        raise InputError(f"security={visible(shorten(asked, 40))} does not exist; one of: {', '.join(_SECURITY)}")
    security: Literal["implicit", "starttls", "none"] = "implicit" if kind == "imaps" or port in (None, 993) else "starttls"
    if asked:
        security = asked  # type: ignore[assignment]  # it is one of the three: seen above
    user, folder = unquote(user), unquote(folder)
    if not user or not (user + folder).isprintable():
        raise InputError("the user or the folder of the mailbox has characters that no name has")
    return Mailbox(
        host=host,
        port=port or (143 if security != "implicit" else 993),
        security=security,
        user=user,
        folder=folder or None,
        server_name=server_name,
        ca_file=os.fspath(ca_file) if ca_file is not None else None,
        allow_unverified=allow_unverified,
        allow_plaintext_auth=allow_plaintext_auth,
    )


def _divided(rest: str) -> tuple[str, str, str]:
    head, slash, _ = rest.partition("/")
    user, at, _ = head.rpartition("@")
    if not at and slash:  # a user such as DOMAIN/name
        user, at, place = rest.rpartition("@")
        return user, at, place
    return user, at, rest[len(user) + len(at) :]


def _split(text: str) -> tuple[str | None, str]:
    match = re.match(r"(imaps?|maildir|mbox|eml|file):", text.strip(), re.IGNORECASE)
    if match is None:
        return None, text.strip()
    return match[1].lower(), text.strip()[match.end() :]


def _host(where: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:\s]+))(?::(\d{1,5}))?", where)
    port = int(match[3]) if match and match[3] else None
    if match is None or (port is not None and not 0 < port < 65536):
        raise InputError(f"{visible(shorten(where, 100))!r} is no server; give imap:user@host or imap:user@host:port")
    host = match[1] or match[2]
    if is_address(host):
        return host, port
    try:
        host = idna.encode(host, uts46=True).decode() if not host.isascii() else host.lower()
    except idna.IDNAError:
        host = ""
    if not _HOST.fullmatch(host):
        raise InputError(f"{visible(shorten(where, 100))!r} is no server; give imap:user@host or imap:user@host:port")
    return host.rstrip("."), port


def _begins_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(5) == b"From "
    except OSError as error:
        raise InputError(f"the file {visible(str(path))} cannot be read ({error.strerror})") from None
