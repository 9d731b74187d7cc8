"""One IMAP connection (RFC 9051), blocking, for a thread: TLS verified, one log-in, reading only, everything bounded.

imap-tools speaks IMAP; added here are limits against a server without end, addresses from our own resolver, log-in by one
mechanism of :mod:`mailkit.net.sasl`, and the border at which foreign errors end.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError
from msgspec import Struct

from mailkit.errors import InputError, MailkitError
from mailkit.mail.follow.arrival import FolderUse
from mailkit.mail.follow.folders import use_of
from mailkit.mail.follow.hops import moment_of
from mailkit.mail.follow.source import CannotLook
from mailkit.mail.follow.watch import FIELDS
from mailkit.net.sasl import exchange
from mailkit.secret import Secret
from mailkit.text import shorten, visible

__all__ = ["Folder", "Heading", "ImapLine", "Target"]

_BUDGET = 24 << 20
"""Bytes a server may send in one step."""
_FOLDERS = 2000
_CHUNK = 100
_SENTENCE = 300
_ASKED = f"(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({' '.join(FIELDS).upper()})])"
_UID = re.compile(rb"\bUID (\d{1,10})")
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")
_DATE = re.compile(rb'INTERNALDATE "([^"]{1,40})"')
_PASSWORD_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1")
_TOKEN_MECHANISMS = ("XOAUTH2", "OAUTHBEARER")


class Folder(Struct, frozen=True):
    """A folder of a mailbox."""

    name: str
    use: FolderUse


class Heading(Struct, frozen=True):
    """A mail as far as it is looked at before it is fetched."""

    uid: int
    size: int | None
    arrived: datetime | None
    header: bytes


class Target(Struct, frozen=True, kw_only=True):
    """Where to connect, and how."""

    host: str
    port: int
    addresses: tuple[str, ...]
    tls: Any = None
    """The context (:class:`ssl.SSLContext`); ``None``: no encryption."""
    starttls: bool = False
    name: str
    """What the certificate is compared with."""
    wait: float
    """Seconds without a byte."""

    @property
    def label(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"


class _Client(imaplib.IMAP4):
    """imaplib with a connection made by us, and an end to what it reads."""

    def __init__(self, target: Target, opened: Callable[[socket.socket], None]) -> None:
        self.left = _BUDGET
        self._target, self._opened = target, opened
        super().__init__(target.host, target.port, timeout=target.wait)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        target, failure = self._target, OSError("the name has no address")
        for address in target.addresses:
            try:
                sock = socket.create_connection((address, target.port), timeout)
            except OSError as error:
                failure = error
                continue
            self._opened(sock)
            return sock if target.tls is None or target.starttls else self._inside_tls(sock)
        raise failure

    def _inside_tls(self, sock: socket.socket) -> ssl.SSLSocket:
        wrapped: ssl.SSLSocket = self._target.tls.wrap_socket(
            sock, server_hostname=self._target.name, do_handshake_on_connect=False
        )
        self._opened(wrapped)
        try:
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    def read(self, size: int) -> bytes:
        if size > self.left:
            raise self.abort("the server sends more than any answer may have")
        data = super().read(size)
        self.left -= len(data)
        return data

    def readline(self) -> bytes:
        line = super().readline()
        self.left -= len(line)
        if self.left < 0:
            raise self.abort("the server sends more than any answer may have")
        return line


class _Mailbox(BaseMailBox):
    def __init__(self, client: _Client) -> None:
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


class ImapLine:
    """One connection; every method blocks and raises :class:`CannotLook`, but for :meth:`cut`.

    Args:
        target: where to connect.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._socket: socket.socket | None = None
        self._secret: Secret | None = None
        self._client: _Client
        self._mailbox: _Mailbox

    def connect(self) -> None:
        """Connect, with TLS if there is a context, and see that it is there before anything is said."""
        target = self.target
        with _translated(target.label, None):
            try:
                self._client = client = _Client(target, self._now)
            except imaplib.IMAP4.error as error:
                said = _said(error, None)
                ended = isinstance(error, imaplib.IMAP4.abort) and "unexpected response" not in said
                if ended or "BYE" in said:
                    raise CannotLook("closed", f"{target.label} shows its visitors out: {said}", final=False) from None
                text = f"{target.label} does not greet like a server for reading mail: {said}"
                raise CannotLook("malformed", shorten(text, _SENTENCE), final=True) from None
            self._mailbox = _Mailbox(client)
            if client.state != "NONAUTH":
                raise CannotLook("malformed", f"{target.label} let somebody in who has not logged in", final=True)
            if target.starttls and target.tls is not None:
                if "STARTTLS" not in client.capabilities:
                    raise CannotLook("no-tls", f"{target.label} offers no STARTTLS", final=True)
                client.host = target.name  # what the certificate is compared with
                client.starttls(target.tls)
                self._now(client.sock)

    def _now(self, sock: socket.socket) -> None:
        self._socket = sock

    def log_in(self, user: str, secret: Secret, *, token: bool) -> None:
        """Log in, once, by one mechanism."""
        client, target = self._client, self.target
        self._secret = secret
        offered = {word.upper().removeprefix("AUTH=") for word in client.capabilities if word.upper().startswith("AUTH=")}
        mechanism = next((one for one in (_TOKEN_MECHANISMS if token else _PASSWORD_MECHANISMS) if one in offered), None)
        if mechanism is None and (token or "LOGINDISABLED" in client.capabilities):
            kinds = "an access token" if token else "a password"
            raise CannotLook(
                "login-refused", f"{target.label} offers no log-in with {kinds} (it offers: {_some(offered)})", final=True
            )
        with self._step():
            if mechanism is None:
                self._log_in_plainly(user, secret)
                return
            _, answers = exchange(mechanism, user, secret, target.host, target.port)
            begun = False

            def answer(challenge: bytes) -> bytes | None:
                nonlocal begun
                try:
                    if begun:
                        return answers.send(challenge)
                    begun = True
                    return next(answers)
                except StopIteration:
                    return b""
                except MailkitError:  # the challenge cannot be used: the log-in is given up (RFC 9051, 6.2.2)
                    return None

            try:
                client.authenticate(mechanism, answer)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise self._refused(error) from None

    def _log_in_plainly(self, user: str, secret: Secret) -> None:
        """LOGIN, for servers that offer nothing else; it knows neither line ends nor letters beyond ASCII."""
        password = secret.reveal()  # the command takes it as it is; there is no mechanism in between
        if not (user + password).isascii() or any(ord(letter) < 32 for letter in user + password):
            raise CannotLook("login-refused", "the server takes only plain letters in a log-in, and there are others", final=True)
        try:
            self._client.login(user, password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> CannotLook:
        return CannotLook("login-refused", f"the log-in was refused: {_said(error, self._secret)}", final=True)

    def folders(self) -> list[Folder]:
        """List the folders that can be opened."""
        with self._step():
            listed = self._mailbox.folder.list()[:_FOLDERS]
            found = [
                Folder(one.name, use_of("/".join(one.name.split(one.delim)) if len(one.delim) == 1 else one.name, one.flags))
                for one in listed
                if not {flag.lower() for flag in one.flags} & {"\\noselect", "\\nonexistent"} and one.name.isprintable()
            ]
        return found if any(one.use == "inbox" for one in found) else [Folder("INBOX", "inbox"), *found]

    def examine(self, folder: str) -> tuple[int, int]:
        """Open a folder for reading only; give how many mails are in it, and its UIDVALIDITY."""
        with self._step():
            self._mailbox.folder.set(folder, readonly=True)
            exists = _number(self._client.untagged_responses.get("EXISTS"))
            return exists, _number(self._client.untagged_responses.get("UIDVALIDITY"))

    def status(self, folder: str) -> tuple[int, int]:
        """Give how many mails a folder has and its next UID, without opening it."""
        with self._step():
            found = self._mailbox.folder.status(folder, ["MESSAGES", "UIDNEXT"])
            return found.get("MESSAGES", 0), found.get("UIDNEXT", 0)

    def newest(self, exists: int, most: int) -> list[Heading]:
        """Look at the newest mails of the open folder."""
        found: list[Heading] = []
        for first in range(max(1, exists - most + 1), exists + 1, _CHUNK):
            found += self.between(first, min(exists, first + _CHUNK - 1))
        return found

    def between(self, first: int, last: int) -> list[Heading]:
        """Look at the mails of the open folder from one place to another, counted from 1."""
        with self._step():
            return _headings(self._client.fetch(f"{first}:{last}", _ASKED))

    def since(self, uid: int, most: int) -> list[Heading]:
        """Look at mails of the open folder that came after one."""
        with self._step():
            # The range names the last mail of the folder even where that is an older one.
            found = _headings(self._client.uid("FETCH", f"{uid + 1}:*", _ASKED))
        return [one for one in found if one.uid > uid][:most]

    def search(self, message_id: str) -> list[Heading]:
        """Let the server look for a Message-ID in the open folder; nothing where it cannot."""
        quoted = '"' + re.sub(r'[^\x20-\x7e]|["\\]', "", message_id.strip("<>")) + '"'
        try:
            with self._step():
                status, data = self._client.uid("SEARCH", "HEADER", "Message-ID", quoted)
                uids = [one for one in (data[0] or b"").split() if one.isdigit()][:20] if status == "OK" and data else []
                return _headings(self._client.uid("FETCH", b",".join(uids).decode(), _ASKED)) if uids else []
        except CannotLook as error:
            if error.problem == "denied":
                return []
            raise

    def whole(self, uid: int, *, header_only: bool) -> bytes:
        """Fetch a mail of the open folder without marking it as read."""
        with self._step():
            _, data = self._client.uid("FETCH", str(uid), f"(UID BODY.PEEK[{'HEADER' if header_only else ''}])")
            return next((bytes(one[1]) for one in data if isinstance(one, tuple)), b"")

    def has(self, uid: int) -> bool:
        """Say whether the open folder still has a mail."""
        with self._step():
            _, data = self._client.uid("FETCH", str(uid), "(UID)")
            return any(one is not None and _UID.search(one if isinstance(one, bytes) else one[0]) for one in data)

    def cut(self) -> None:
        """End the connection at once, from any thread: whoever reads from it is told so."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Log out, as far as that is possible."""
        client = getattr(self, "_client", None)
        if client is not None:
            # Each by itself: a connection that is gone already cannot be logged out of, and still has to be closed.
            for end in (client.logout, client.shutdown):
                with contextlib.suppress(OSError, imaplib.IMAP4.error, ValueError, AttributeError):
                    end()
        if self._socket is not None:
            self._socket.close()

    @contextlib.contextmanager
    def _step(self) -> Iterator[None]:
        self._client.left = _BUDGET
        with _translated(self.target.label, self._secret):
            yield


@contextlib.contextmanager
def _translated(where: str, secret: Secret | None) -> Iterator[None]:
    """Let foreign errors end here; none of them keeps what was sent."""
    try:
        yield
    except (CannotLook, InputError):
        raise
    except ssl.SSLCertVerificationError as error:
        text = f"the certificate of {where} cannot be trusted: {visible(error.verify_message or str(error))}"
        raise CannotLook("unverified", shorten(text, _SENTENCE), final=True) from None
    except ssl.SSLError as error:
        raise CannotLook(
            "tls", f"TLS with {where} failed: {visible(error.reason or str(error))[:_SENTENCE]}", final=False
        ) from None
    except TimeoutError:
        raise CannotLook("timeout", f"no answer from {where} in time", final=False) from None
    except ConnectionRefusedError:
        raise CannotLook("refused", f"{where} refuses the connection", final=False) from None
    except imaplib.IMAP4.abort as error:
        raise CannotLook("closed", f"the connection to {where} ended: {_said(error, secret)}", final=False) from None
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise CannotLook("denied", f"{where} refused: {_said(error, secret)}", final=False) from None
    except OSError as error:
        text = visible(error.strerror or str(error))
        raise CannotLook("unreachable", f"{where} cannot be reached ({shorten(text, 100)})", final=False) from None
    except (ValueError, LookupError, TypeError, AttributeError, UnicodeError, RecursionError, re.error) as error:
        # imaplib and imap-tools trust what a server writes.
        raise CannotLook("malformed", f"{where} answers what is not IMAP ({type(error).__name__})", final=False) from None


def _said(error: BaseException, secret: Secret | None) -> str:
    """Give a server's words, out of whatever the libraries wrap them in."""
    raw = error.args[0] if error.args else ""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    text = re.sub(r"^[bB]['\"](.*)['\"]$", r"\1", text)
    return shorten(visible(secret.scrub(text) if secret else text), _SENTENCE)


def _some(names: set[str]) -> str:
    return visible(", ".join(sorted(names)[:10])) or "none"


def _number(data: object) -> int:
    found = re.search(rb"\d{1,10}", data[-1]) if isinstance(data, list) and data and isinstance(data[-1], bytes) else None
    return int(found[0]) if found else 0


def _headings(answer: tuple[str, Sequence[object]]) -> list[Heading]:
    """Read the answer to a FETCH: what stands before a literal, the literal, and what stands behind it."""
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error("the server does not let this folder be read")
    found: list[Heading] = []
    for at, one in enumerate(data):
        if not isinstance(one, tuple):
            continue
        behind = data[at + 1] if at + 1 < len(data) and isinstance(data[at + 1], bytes) else b""
        facts = bytes(one[0]) + b" " + bytes(behind)  # type: ignore[call-overload]  # it is bytes: seen above
        uid, size, date = _UID.search(facts), _SIZE.search(facts), _DATE.search(facts)
        if uid:
            found.append(
                Heading(
                    int(uid[1]),
                    int(size[1]) if size else None,
                    moment_of(date[1].decode("ascii", "replace").replace("-", " ", 2)) if date else None,
                    bytes(one[1]),
                )
            )
    return found
