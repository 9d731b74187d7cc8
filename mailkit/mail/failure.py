"""Why there is no connection over which mail can be sent: one error for all that can go wrong before the first mail.

The errors of aiosmtplib, OpenSSL and the system end here. Their words are chosen so that :mod:`mailkit.explain` knows them.
"""

from __future__ import annotations

import ssl
from typing import Literal, get_args

from aiosmtplib import SMTPConnectResponseError, SMTPResponseException, SMTPServerDisconnected

from mailkit.errors import InputError, NetworkError
from mailkit.mail.record import Record
from mailkit.net.smtp import parse_reply
from mailkit.observation import Line, Reply
from mailkit.text import shorten

__all__ = ["LineFailed", "LineStage", "translated"]

LineStage = Literal["connect", "greeting", "ehlo", "tls", "auth"]
"""In the order in which they come."""

_MAX_TEXT = 400


class LineFailed(NetworkError):
    """No connection over which mail can be sent.

    Attributes:
        stage: where it ended.
        reply: what the server answered there, if it was that.
        challenge: the JSON with which a token was refused (RFC 7628, 3.2.2), if there was one.
        certificate: the server's certificate failed.
        wrong_mode: the server seems to want TLS earlier, or later.
        transcript: what was said.
    """

    def __init__(
        self,
        stage: LineStage,
        text: str,
        problem: str = "failed",
        *,
        reply: Reply | None = None,
        challenge: str | None = None,
        certificate: bool = False,
        wrong_mode: bool = False,
        transcript: tuple[Line, ...] = (),
    ) -> None:
        super().__init__(text, problem)
        self.stage = stage
        self.reply = reply
        self.challenge = challenge
        self.certificate = certificate
        self.wrong_mode = wrong_mode
        self.transcript = transcript

    def further_than(self, other: LineFailed) -> bool:
        """Say whether this attempt came further than another one."""
        order = get_args(LineStage)
        return order.index(self.stage) > order.index(other.stage)


def translated(stage: LineStage, error: BaseException, record: Record, *, at_once: bool) -> LineFailed:
    """Say in our terms what went wrong in aiosmtplib, in OpenSSL or in the system, in words that can be explained.

    Args:
        stage: the step that was under way.
        error: what was raised.
        record: the transcript so far, which becomes the failure's.
        at_once: TLS was begun with the first byte.
    """
    if isinstance(error, LineFailed):
        error.transcript = record.take()
        return error
    # A setting that cannot be used says all itself; what OpenSSL thought of the file is no news of the server.
    chain: list[BaseException] = [error] if isinstance(error, InputError) else _chain(error)
    answered = next((one for one in chain if isinstance(one, SMTPResponseException) and one.code > 0), None)
    if answered is not None and not any(isinstance(one, ssl.SSLError) for one in chain):
        reply = parse_reply((answered.code, record.clean(line)) for line in answered.message.split("\n"))
        if isinstance(answered, SMTPConnectResponseError):
            record.server(reply.code, *reply.lines)
        return LineFailed(stage, f"{reply.code} {reply.text}", "reply", reply=reply, transcript=record.take())
    stage, text, problem = _tls(chain) or _silence(stage, chain, at_once=at_once) or _other(stage, error)
    text = shorten(record.clean(text), _MAX_TEXT)
    record.note(text)
    certificate = any(isinstance(one, ssl.SSLCertVerificationError) for one in chain)
    return LineFailed(
        stage,
        text,
        problem,
        certificate=certificate,
        # Silence where text was expected, text where TLS was: the other way of starting may work.
        wrong_mode=not certificate and (stage == "greeting" or (at_once and stage == "tls")),
        transcript=record.take(),
    )


_Reading = tuple[LineStage, str, str]


def _tls(chain: list[BaseException]) -> _Reading | None:
    for error in chain:
        if isinstance(error, ssl.SSLCertVerificationError):
            return "tls", f"certificate verify failed: {error.verify_message.rstrip('.')}", "tls"
        if isinstance(error, ssl.SSLError):
            return "tls", (error.reason or str(error)).replace("_", " ").lower(), "tls"
    return None


def _silence(stage: LineStage, chain: list[BaseException], *, at_once: bool) -> _Reading | None:
    if not any(isinstance(error, TimeoutError) or "handshake is taking longer" in str(error) for error in chain):
        return None
    if stage == "greeting" and at_once and "ready message" not in str(chain[0]):
        stage = "tls"
    return stage, _SILENCE[stage], "timeout"


def _other(stage: LineStage, error: BaseException) -> _Reading:
    if isinstance(error, NetworkError):
        return stage, error.text, error.problem
    if isinstance(error, SMTPResponseException):
        return stage, f"Malformed SMTP response line: {error.message}", "malformed"
    if isinstance(error, SMTPServerDisconnected | OSError):
        return stage, "Connection unexpectedly closed", "closed"
    return stage, str(error), "failed"  # aiosmtplib's own words: STARTTLS is not supported; or those about a setting


_SILENCE: dict[str, str] = {
    "connect": "Connection timed out",
    "greeting": "Timed out waiting for server ready message",
    "tls": "The TLS handshake timed out",
    "ehlo": "The read operation timed out",
    "auth": "The read operation timed out",
}


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (following := chain[-1].__cause__ or chain[-1].__context__) is not None and following not in chain:
        chain.append(following)
    return chain
