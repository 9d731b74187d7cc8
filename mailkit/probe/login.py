"""The log-in of a dialogue: whether to try at all, with which mechanism, and the exchange itself.

One mechanism, one attempt. The secret is in what is sent and nowhere else: the record has the name of the mechanism only.
"""

from __future__ import annotations

import base64
from typing import Any, Literal

from mailkit.errors import ProtocolViolation
from mailkit.net import sasl
from mailkit.observation import AuthResult, AuthStage, Reply
from mailkit.probe.dialogue import Dialogue
from mailkit.secret import REDACTED
from mailkit.text import shorten, visible

__all__ = ["log_in"]

WhyNot = Literal["not-offered", "mechanism-not-offered", "unencrypted", "unverified"]


async def log_in(dialogue: Dialogue) -> bool:
    """Log in on ``dialogue``, unless nobody allowed it or the credentials were refused anywhere in this run.

    Returns:
        Whether the log-in was accepted.
    """
    settings, gate = dialogue.shared.settings, dialogue.shared.gate
    credentials = settings.credentials
    assert credentials is not None
    offered = dialogue.mechanisms()
    mechanism = sasl.choose(offered, settings.mechanism)
    facts: dict[str, Any] = {
        "encrypted": dialogue.encrypted,
        "verified": dialogue.verified,
        "user": visible(credentials.user),
        "offered": offered,
    }
    with dialogue.step(AuthStage, **facts) as seen:
        why_not = _why_not(dialogue, mechanism)
        if why_not is not None or mechanism is None:
            seen.update(ok=False, why_not=why_not)
            return False
        await dialogue.recorder.clock.wait(gate.lock.acquire())
        try:
            if gate.closed:
                seen.update(ok=None, why_not="already-rejected")
                return False
            seen["tried"] = mechanism
            # Closed before the first byte: whatever happens now may count as a failed log-in.
            gate.closed = True
            reply = await _exchange(dialogue, mechanism, seen)
            dialogue.authenticated = reply.code == 235
            gate.closed = not dialogue.authenticated
        finally:
            gate.lock.release()
        result: AuthResult = "accepted" if dialogue.authenticated else "temporary" if 400 <= reply.code < 500 else "rejected"
        seen.update(ok=dialogue.authenticated, reply=reply, result=result)
    return dialogue.authenticated


def _why_not(dialogue: Dialogue, mechanism: str | None) -> WhyNot | None:
    settings = dialogue.shared.settings
    if not dialogue.mechanisms():
        return "not-offered"
    if mechanism is None:
        return "mechanism-not-offered"
    if not dialogue.encrypted and not settings.allow_plaintext_auth:
        return "unencrypted"
    if dialogue.encrypted and not dialogue.verified and not settings.allow_unverified:
        return "unverified"
    return None


async def _exchange(dialogue: Dialogue, mechanism: str, seen: dict[str, Any]) -> Reply:
    """Say AUTH and answer the challenges (RFC 4954, 4); the reply that ends it."""
    credentials = dialogue.shared.settings.credentials
    assert credentials is not None
    host, port = dialogue.recorder.host or "", dialogue.recorder.port or 0
    initial, answers = sasl.exchange(mechanism, credentials.user, credentials.password, host, port)
    command = f"AUTH {mechanism}"
    if initial:
        first = base64.b64encode(next(answers)).decode() or "="
        reply = await dialogue.talk.command(f"{command} {first}", shown=f"{command} {REDACTED}", secret_reply=True)
    else:
        reply = await dialogue.talk.command(command, secret_reply=True)
    begun = initial
    while reply.code == 334:
        try:
            if mechanism == "LOGIN":
                # Its prompts are not always base64; its two answers come in a fixed order.
                answer = next(answers)
            else:
                challenge = sasl.decode_challenge(reply.text)
                if mechanism in sasl.TOKEN_MECHANISMS:
                    told = visible(challenge.decode("utf-8", "replace"))
                    seen["challenge"] = shorten(credentials.password.scrub(told), 400)
                if not begun:
                    next(answers)
                answer = answers.send(challenge)
        except StopIteration:
            # The server wants more than the mechanism has: give up (RFC 4954, 4).
            reply = await dialogue.talk.command("*")
            if reply.code == 334:
                raise ProtocolViolation("the server goes on asking after the log-in was given up") from None
            break
        begun = True
        reply = await dialogue.talk.command(base64.b64encode(answer).decode(), shown=REDACTED, secret_reply=True)
    if mechanism.startswith("SCRAM-") and reply.code == 235:
        try:
            answers.send(b"")
        except StopIteration as end:
            seen["server_proved"] = end.value
    answers.close()
    return reply
