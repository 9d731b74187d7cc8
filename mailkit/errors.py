"""The errors mailkit raises. Each is also the standard error it refines.

::

    MailkitError
    ├── InputError(ValueError)          an argument or a file is not usable
    ├── StoreError(OSError)             the store could not be read or written
    │   └── LeaseLost                   another sender has taken the delivery over
    └── NetworkError(OSError)           something between here and the server
        ├── LookupFailed                the name service gave no usable answer
        ├── ConnectFailed               no connection
        ├── Dropped(ConnectionError)    the connection ended early
        ├── TimedOut(TimeoutError)      no answer in the time allowed
        ├── ProtocolViolation           what came is not SMTP
        └── TlsFailed                   the TLS handshake or the TLS layer failed

Foreign errors (of sockets, OpenSSL and the resolver) end at the border of :mod:`mailkit.net`; above it there are only these.
"""

from __future__ import annotations

__all__ = [
    "ConnectFailed",
    "Dropped",
    "InputError",
    "LeaseLost",
    "LookupFailed",
    "MailkitError",
    "NetworkError",
    "ProtocolViolation",
    "StoreError",
    "TimedOut",
    "TlsFailed",
]


class MailkitError(Exception):
    """Base of everything mailkit raises on purpose."""


class InputError(MailkitError, ValueError):
    """An argument or a file cannot be used.

    The message is one line that says what is wrong, where, and what would be right; the command line prints it as it is.
    """


class StoreError(MailkitError, OSError):
    """The store could not be read or written, and nothing of what was to be recorded is to be taken as recorded.

    The message is one line: which store, what happened, what would help. ``problem`` is one word for programs: ``full``,
    ``busy``, ``damaged``, ``read-only``, ``gone`` (the file or the server is no longer there), ``refused`` (not allowed),
    ``changed`` (a table is missing or different), ``failed``.
    """

    problem = "failed"

    def __init__(self, text: str, problem: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        if problem is not None:
            self.problem = problem

    def __str__(self) -> str:
        return self.text


class LeaseLost(StoreError):
    """The delivery is not held by this sender any more, so it may not send it; the others of the same call were not recorded."""

    problem = "lease"


class NetworkError(MailkitError, OSError):
    """Base of what goes wrong between this machine and a server.

    ``problem`` is one word of :data:`mailkit.observation.Problem`; ``text`` is the detail in the words of the layer that failed.
    """

    problem = "failed"

    def __init__(self, text: str, problem: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        if problem is not None:
            self.problem = problem

    def __str__(self) -> str:
        return self.text


class LookupFailed(NetworkError):
    """The name service gave no usable answer (``not-found``, ``server-failure``, ``timeout``, …)."""


class ConnectFailed(NetworkError):
    """No TCP connection (``refused``, ``unreachable``, ``timeout``)."""


class Dropped(NetworkError, ConnectionError):
    """The connection ended before the reply was complete (``closed`` by the peer, or ``reset``)."""

    problem = "closed"


class TimedOut(NetworkError, TimeoutError):
    """No complete answer in the time allowed: this proves nothing about what the answer would have been."""

    problem = "timeout"


class ProtocolViolation(NetworkError):
    """What came cannot be an SMTP reply (``malformed``), or is larger than any reply may be (``too-long``)."""

    problem = "malformed"


class TlsFailed(NetworkError):
    """The TLS handshake or the TLS layer failed; ``text`` is OpenSSL's reason."""

    problem = "tls"
