"""Logging in to send: whether the secret may go over this connection at all, with which mechanism, and the exchange.

One mechanism, one attempt; a refusal is never answered with another try. The secret is in what is sent and nowhere else.
"""

from __future__ import annotations

import base64

from aiosmtplib import SMTPException, SMTPServerDisconnected, SMTPTimeoutError

from mailkit.errors import InputError, NetworkError, ProtocolViolation
from mailkit.mail.account import Access
from mailkit.mail.failure import LineFailed
from mailkit.mail.line import OpenLine
from mailkit.mail.patience import Patience
from mailkit.net import sasl
from mailkit.net.smtp import parse_reply
from mailkit.observation import Reply
from mailkit.secret import REDACTED, Secret
from mailkit.text import shorten

__all__ = ["log_in"]


async def log_in(line: OpenLine, access: Access, patience: Patience = Patience()) -> None:  # noqa: B008 - a frozen value
    """Log in on ``line``, if the account has a log-in.

    Raises:
        LineFailed: at stage ``auth``; ``reply`` is the server's refusal, or ``None`` when nothing was tried. The line is closed.
    """
    account = access.account
    if account.login is None:
        return
    try:
        mechanism = _choose(line, access)
        secret = await _secret(access)
        line.record.guard(secret)
        reply, challenge = await _exchange(line, mechanism, account.login, secret, patience.auth)
    except LineFailed:
        line.close()
        raise
    except (SMTPException, NetworkError, OSError) as error:
        line.close()
        text, problem = _words(error)
        raise LineFailed("auth", text, problem, transcript=line.record.take()) from error
    except BaseException:
        line.close()
        raise
    if reply.code == 235:
        line.mechanism = mechanism
        return
    line.close()
    text = f"{reply.code} {reply.text}"
    raise LineFailed("auth", text, "reply", reply=reply, challenge=challenge, transcript=line.record.take())


def _choose(line: OpenLine, access: Access) -> str:
    """Pick the mechanism, or say why there must be no log-in here."""
    account = access.account
    offered = tuple(dict.fromkeys(name.upper() for name in line.client.server_auth_methods))
    if line.tls is None and not account.allow_plaintext_auth:
        why = "SMTP AUTH: the connection is not encrypted, and the settings do not allow a password in clear"
    elif line.tls is not None and not line.verified and not account.allow_unverified:
        why = "SMTP AUTH: the certificate is not verified, and the settings do not allow a password to such a server"
    elif not offered:
        why = "SMTP AUTH extension not supported by server"
    elif (chosen := sasl.choose(offered, account.mechanism)) is None:
        why = f"No suitable authentication method found: wanted {account.mechanism or 'any'}, offered {', '.join(offered)}"
    else:
        return chosen
    line.record.note(why)
    raise LineFailed("auth", line.record.clean(why), "not-tried", transcript=line.record.take())


async def _secret(access: Access) -> Secret:
    given = access.secret
    if given is not None and not isinstance(given, Secret):
        try:
            given = await given()
        except (InputError, NetworkError, OSError) as error:
            raise LineFailed("auth", f"No access token could be had: {error}", "no-secret") from error
    if not given:
        raise LineFailed("auth", f"No password was given for {access.account.key}", "no-secret")
    return given


async def _exchange(line: OpenLine, mechanism: str, user: str, secret: Secret, wait: float) -> tuple[Reply, str | None]:
    """Say AUTH and answer the challenges (RFC 4954, 4); the reply that ends it, and the challenge of a refused token."""
    client = line.client
    initial, answers = sasl.exchange(mechanism, user, secret, line.account.host, line.account.port)
    command = [b"AUTH", mechanism.encode()]
    shown = f"AUTH {mechanism}"
    if initial:
        command.append(base64.b64encode(next(answers)) or b"=")
        shown += f" {REDACTED}"
    said = await client.say_secretly(shown, *command, wait=wait)
    begun, told = initial, None
    while said.code == 334:
        try:
            if mechanism == "LOGIN":  # its prompts are not always base64; its two answers come in a fixed order
                answer = next(answers)
            else:
                challenge = sasl.decode_challenge(said.message)
                if mechanism in sasl.TOKEN_MECHANISMS:
                    told = shorten(line.record.clean(challenge.decode("utf-8", "replace")), 400)
                    line.record.note(f"the server's reason: {told}")
                if not begun:
                    next(answers)
                answer = answers.send(challenge)
        except StopIteration:  # the server wants more than the mechanism has: give up (RFC 4954, 4)
            said = await client.say_secretly("*", b"*", wait=wait)
            if said.code == 334:
                raise ProtocolViolation("the server goes on asking after the log-in was given up") from None
            break
        begun = True
        said = await client.say_secretly(REDACTED, base64.b64encode(answer), wait=wait)
    if mechanism.startswith("SCRAM-") and said.code == 235:
        _look_at_proof(line, answers)
    answers.close()
    return parse_reply((said.code, line.record.clean(text)) for text in said.message.split("\n")), told


def _look_at_proof(line: OpenLine, answers: sasl.Exchange) -> None:
    try:
        answers.send(b"")
    except StopIteration as end:
        if end.value is False:
            raise ProtocolViolation("the server accepted the log-in but could not prove that it knows the password") from None
        line.record.note(f"the server {'proved to know' if end.value else 'gave no proof that it knows'} the password too")


def _words(error: Exception) -> tuple[str, str]:
    if isinstance(error, NetworkError):
        return error.text, error.problem
    if isinstance(error, SMTPTimeoutError):
        return "The read operation timed out", "timeout"
    if isinstance(error, SMTPServerDisconnected | OSError):
        return "Connection unexpectedly closed", "closed"
    return "Malformed SMTP response line", "malformed"
