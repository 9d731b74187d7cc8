"""Judge the log-in: what is offered where, why none was tried, what the server said to the one attempt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailkit.diagnosis.case import Opinion, Place
from mailkit.diagnosis.session import refusal, trouble
from mailkit.observation import AuthStage
from mailkit.text import shorten

__all__ = ["judge_auth"]

_HASHED = ("CRAM-", "DIGEST-", "SCRAM-")
"""Methods that do not show the password on the wire."""

_SUBMISSION_PORTS = (465, 587, 2525)


def judge_auth(place: Place) -> Iterator[Opinion]:
    """Judge the log-in at one address."""
    assert place.address is not None
    facts = place.address.auth
    attempts = place.all(AuthStage)
    if facts.offered_before_tls and not any(
        stage.why_not == "unencrypted" or (stage.tried and not stage.encrypted) for stage in attempts
    ):
        evidence = {"mechanisms": list(facts.offered_before_tls)}
        yield Opinion(code="auth.in-clear", place=place, at="auth", evidence=evidence)
    for stage in attempts:
        yield from _attempt(place, stage)
    if not attempts and "auth" not in place.document.wanted:
        yield from _offer(place)


def _offer(place: Place) -> Iterator[Opinion]:
    """Say what could be used to log in, where nobody wanted to."""
    assert place.address is not None
    offered = place.address.auth.offered
    if offered:
        yield Opinion(code="auth.ok", place=place, at="auth", variant="offered", evidence={"mechanisms": list(offered)})
    elif offered is not None and place.port in _SUBMISSION_PORTS:
        yield Opinion(code="auth.not-offered", place=place, at="auth", variant="unasked", evidence={"offered": []})


def _attempt(place: Place, stage: AuthStage) -> Iterator[Opinion]:
    assert place.address is not None
    evidence = {"offered": list(stage.offered), "encrypted": stage.encrypted, "user": stage.user, "tried": stage.tried}
    inside = place.address.ehlo_after_tls or ()
    if stage.why_not == "not-offered":
        elsewhere = not stage.encrypted and any(line.upper().startswith("AUTH") for line in inside)
        code = "auth.needs-tls" if elsewhere else "auth.not-offered"
        yield Opinion(code=code, place=place, at="auth", evidence=evidence | {"inside_tls": list(inside)}, blocks=True)
    elif stage.why_not == "mechanism-not-offered":
        yield Opinion(code="auth.mechanism-not-offered", place=place, at="auth", evidence=evidence, blocks=True)
    elif stage.why_not == "unencrypted":
        yield Opinion(code="auth.in-clear", place=place, at="auth", variant="withheld", evidence=evidence, blocks=True)
    elif stage.why_not == "already-rejected":
        yield Opinion(code="auth.not-tried", place=place, at="auth", evidence=evidence, blocks=True)
    elif stage.why_not is None:
        yield from _tried(place, stage)


def _tried(place: Place, stage: AuthStage) -> Iterator[Opinion]:
    if stage.tried and not stage.encrypted:
        hashed = stage.tried.upper().startswith(_HASHED)
        evidence = {"mechanisms": [stage.tried], "encrypted": False}
        yield Opinion(code="auth.in-clear", place=place, at="auth", variant="hashed" if hashed else "sent", evidence=evidence)
    facts: dict[str, Any] = {"tried": stage.tried, "offered": list(stage.offered) or None, "user": stage.user}
    facts |= {"encrypted": stage.encrypted, "verified": stage.verified}
    if stage.ok and stage.server_proved is False:
        yield Opinion(code="auth.server-unproven", place=place, at="auth", evidence=facts)
    elif stage.ok:
        yield Opinion(code="auth.ok", place=place, at="auth", evidence=facts)
    elif stage.reply is not None:
        if stage.challenge:
            facts["challenge"] = shorten(stage.challenge, 400)
        # A refused token comes with a challenge that says why (RFC 7628, 3.2.2), and a reply that hardly does.
        token = bool(stage.tried and stage.tried.upper() in ("XOAUTH2", "OAUTHBEARER") and stage.result == "rejected")
        yield from refusal(
            place,
            stage.reply,
            stage="auth",
            at="auth",
            code="auth.token-refused" if token else None,
            encrypted=stage.encrypted,
            facts=facts,
        )
    else:
        yield from trouble(place, stage, "auth")
