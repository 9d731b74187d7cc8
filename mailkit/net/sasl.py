"""Log-in mechanisms (SASL): what to answer to each challenge. One mechanism, one attempt.

The encodings of PLAIN, LOGIN, CRAM-MD5 and XOAUTH2 are aiosmtplib's, SCRAM is scramp's, NTLM is pyspnego's (an extra);
OAUTHBEARER (RFC 7628) is ours. A mechanism is a generator: it yields its answers (bytes, before base64) and is sent the
server's challenges.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
from collections.abc import Callable, Generator
from dataclasses import dataclass

from mailkit.errors import InputError, ProtocolViolation
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["MECHANISMS", "TOKEN_MECHANISMS", "Exchange", "choose", "exchange", "require"]

Exchange = Generator[bytes, bytes, "bool | None"]
"""Yields answers, is sent challenges; returns whether the server proved itself (``None``: the mechanism has no proof)."""


@dataclass(frozen=True)
class _Mechanism:
    initial: bool
    """The client speaks first, in the AUTH command itself (RFC 4954)."""
    run: Callable[[str, Secret, str, int], Exchange]
    needs: str | None = None
    """A package that is not installed with mailkit; the extra has the mechanism's name in small letters."""


def _plain(user: str, password: Secret, _host: str, _port: int) -> Exchange:
    from aiosmtplib.auth import auth_plain_encode  # noqa: PLC0415 - loaded only for a log-in

    yield base64.b64decode(auth_plain_encode(user, password.reveal()))
    return None


def _login(user: str, password: Secret, _host: str, _port: int) -> Exchange:
    yield user.encode()
    yield password.reveal().encode()
    return None


def _cram_md5(user: str, password: Secret, _host: str, _port: int) -> Exchange:
    from aiosmtplib.auth import auth_crammd5_verify  # noqa: PLC0415 - loaded only for a log-in

    challenge = yield b""
    yield base64.b64decode(auth_crammd5_verify(user, password.reveal(), base64.b64encode(challenge)))
    return None


def _scram(name: str) -> Callable[[str, Secret, str, int], Exchange]:
    def run(user: str, password: Secret, _host: str, _port: int) -> Exchange:
        from scramp import ScramClient, ScramException  # noqa: PLC0415 - loaded only for a log-in

        client = ScramClient([name], user, password.reveal())
        try:
            client.set_server_first((yield client.get_client_first().encode()).decode())
            final = yield client.get_client_final().encode()
        except (ScramException, UnicodeDecodeError, ValueError) as error:
            raise ProtocolViolation(f"the server's SCRAM message cannot be used ({type(error).__name__})") from None
        if not final:
            return None
        try:
            client.set_server_final(final.decode())
        except (ScramException, UnicodeDecodeError, ValueError):
            return False
        yield b""
        return True

    return run


def _ntlm(user: str, password: Secret, host: str, _port: int) -> Exchange:
    r"""NTLM as Windows servers take it ([MS-SMTPNTLM]); the user may be ``name``, ``DOMAIN\name`` or ``name@domain``.

    Always computed here, never by Windows: that would log in whoever sits at the machine. Without channel binding, which Exchange
    does not ask for unless Extended Protection is switched on for SMTP.
    """
    import spnego  # noqa: PLC0415 - an extra

    try:
        options = spnego.NegotiateOptions.use_ntlm
        client = spnego.client(user, password.reveal(), hostname=host, service="SMTPSVC", protocol="ntlm", options=options)
        challenge = yield client.step() or b""
        answer = client.step(challenge) or b""
    except Exception as error:  # noqa: BLE001 - a hostile challenge fails inside the library with errors of many kinds
        raise ProtocolViolation(f"the server's NTLM message cannot be used ({type(error).__name__})") from None
    yield answer
    return None


def _xoauth2(user: str, token: Secret, _host: str, _port: int) -> Exchange:
    from aiosmtplib.auth import auth_xoauth2_encode  # noqa: PLC0415 - loaded only for a log-in

    yield base64.b64decode(auth_xoauth2_encode(user, token.reveal()))
    # A challenge now is the refusal's JSON: an empty answer lets the server finish.
    yield b""
    return None


def _oauthbearer(user: str, token: Secret, host: str, port: int) -> Exchange:
    who = user.replace("=", "=3D").replace(",", "=2C")
    yield f"n,a={who},\x01host={host}\x01port={port}\x01auth=Bearer {token.reveal()}\x01\x01".encode()
    yield b"\x01"
    return None


_TABLE: dict[str, _Mechanism] = {
    "PLAIN": _Mechanism(initial=True, run=_plain),
    "LOGIN": _Mechanism(initial=False, run=_login),
    "SCRAM-SHA-256": _Mechanism(initial=True, run=_scram("SCRAM-SHA-256")),
    "SCRAM-SHA-1": _Mechanism(initial=True, run=_scram("SCRAM-SHA-1")),
    "CRAM-MD5": _Mechanism(initial=False, run=_cram_md5),
    "NTLM": _Mechanism(initial=True, run=_ntlm, needs="spnego"),
    "XOAUTH2": _Mechanism(initial=True, run=_xoauth2),
    "OAUTHBEARER": _Mechanism(initial=True, run=_oauthbearer),
}

MECHANISMS: tuple[str, ...] = tuple(_TABLE)
"""Every mechanism known here, in the order of :func:`choose`."""

TOKEN_MECHANISMS: frozenset[str] = frozenset({"XOAUTH2", "OAUTHBEARER"})
"""Those that take an access token in place of a password."""

_BY_NAME = TOKEN_MECHANISMS | {"NTLM"}


def choose(offered: tuple[str, ...], asked: str | None) -> str | None:
    """Pick the one mechanism to try.

    Inside TLS, PLAIN and LOGIN work whatever form the server keeps passwords in; the challenge-response ones fail with the right
    password where it is stored hashed, so they come after. Tokens and NTLM, an extra, are used only when asked for by name.
    """
    names = {name.upper() for name in offered}
    if asked is not None:
        return asked.upper() if asked.upper() in names and asked.upper() in _TABLE else None
    return next((name for name in MECHANISMS if name in names and name not in _BY_NAME), None)


def require(mechanism: str) -> None:
    """Make sure that a mechanism can be used.

    Raises:
        InputError: it is not known, or the package it needs is not installed.
    """
    known = _TABLE.get(mechanism.upper())
    if known is None:
        raise InputError(f"the mechanism {visible(mechanism)!r} is not known; give one of {', '.join(MECHANISMS)}")
    if known.needs is not None and importlib.util.find_spec(known.needs) is None:
        extra = mechanism.lower()
        raise InputError(f"the mechanism {mechanism.upper()} is not installed; pip install 'maestro-mailkit[{extra}]'")


def exchange(mechanism: str, user: str, secret: Secret, host: str, port: int) -> tuple[bool, Exchange]:
    """Start a mechanism: whether its first answer goes with the AUTH command, and the generator of its answers.

    Raises:
        InputError: see :func:`require`.
    """
    require(mechanism)
    chosen = _TABLE[mechanism]
    return chosen.initial, chosen.run(user, secret, host, port)


def decode_challenge(text: str) -> bytes:
    """Read a ``334`` challenge.

    Raises:
        ProtocolViolation: it is not base64.
    """
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolViolation("a challenge of the log-in is not base64") from None
