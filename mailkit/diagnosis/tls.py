"""Judge the encryption: the mode, STARTTLS, the handshake, what comes in clear around it. The certificate has its own module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mailkit.diagnosis.case import Opinion, Place, said
from mailkit.diagnosis.certificate import judge_certificate, promised
from mailkit.diagnosis.knowledge import knowledge
from mailkit.diagnosis.session import refusal, trouble
from mailkit.observation import (
    ClearMailStage,
    EhloStage,
    GreetingStage,
    InjectionStage,
    Security,
    Stage,
    StarttlsStage,
    TlsStage,
)
from mailkit.text import shorten

__all__ = ["asks_for_certificate", "client_certificate", "judge_tls"]

READY = 220

_CONVENTION: dict[int, Security] = {25: "starttls", 587: "starttls", 465: "implicit"}
"""What programs take for granted on a port (RFC 8314, 3.3; RFC 3207)."""

_VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

_REPLY_LIKE = re.compile(r"\d{3}[ -]")

# OpenSSL's words for why a handshake failed, and what they mean here; the first that fits counts.
_REASONS: tuple[tuple[str, str, str | None], ...] = (
    ("alert protocol version", "tls.protocol-too-old", "refused"),
    ("unsupported protocol", "tls.protocol-too-old", "refused"),
    ("version too low", "tls.protocol-too-old", "refused"),
    ("inappropriate fallback", "tls.handshake-failed", None),
    ("unrecognized name", "tls.handshake-failed", "name-unknown"),
    ("no shared cipher", "tls.handshake-failed", "no-common"),
    ("no ciphers available", "tls.handshake-failed", "no-common"),
    ("handshake failure", "tls.handshake-failed", "no-common"),
    ("insufficient security", "tls.handshake-failed", "no-common"),
    ("unexpected eof", "tls.handshake-failed", "closed"),
)

_CERTIFICATE_ALERTS = (
    "bad certificate",
    "handshake failure",
    "certificate unknown",
    "unknown ca",
    "access denied",
    "no certificate",
)


def judge_tls(place: Place) -> Iterator[Opinion]:
    """Judge everything about encryption at one address."""
    yield from _mode(place)
    for command in place.all(StarttlsStage):
        yield from _starttls(place, command)
    if not place.has(StarttlsStage):
        yield from _never_asked(place)
    for handshake in place.all(TlsStage):
        yield from _handshake(place, handshake)
    for injection in place.all(InjectionStage):
        evidence = {"observed": injection.evidence or ("NOOP was carried out" if injection.executed else "NOOP was thrown away")}
        if injection.executed is not None:
            code = "tls.injection" if injection.executed else "tls.injection-withstood"
            yield Opinion(code=code, place=place, at="tls", evidence=evidence)
    yield from _in_clear(place)


# ── the mode ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _mode(place: Place) -> Iterator[Opinion]:
    """Compare the mode asked for, or usual on the port, with the one the server speaks."""
    assert place.endpoint is not None
    asked, actual = place.endpoint.asked, _spoken(place)
    silent = any(stage.speaks_tls or stage.service == "tls" for stage in place.all(GreetingStage))
    wanted = _CONVENTION.get(place.endpoint.port) if asked == "auto" else asked
    unmet = actual is not None and wanted is not None and (wanted == "implicit") != (actual == "implicit")
    # When the conversation did not go on in the other mode, this is also why.
    ended = not place.has(EhloStage)
    if unmet:
        assert actual is not None
        assert wanted is not None
        words = knowledge().words
        variant = "auto" if asked == "auto" else "plain" if actual != "implicit" else "none" if asked == "none" else None
        yield Opinion(
            code="tls.wrong-mode",
            place=place,
            at="greeting",
            variant=variant,
            evidence={"asked": asked, "expected": wanted, "actual": actual},
            words={
                "asked_name": words.modes[wanted],
                "actual_name": words.modes[actual],
                "usual_ports": words.usual_ports[wanted],
            },
            blocks=ended and not silent and not place.has(GreetingStage),
        )
    if silent and (unmet or not place.has(TlsStage)):
        variant = "auto" if asked == "auto" and place.has(TlsStage) else None
        evidence = {"speaks_tls": True}
        yield Opinion(
            code="greeting.tls-expected",
            place=place,
            at="greeting",
            variant=variant,
            evidence=evidence,
            blocks=not place.has(TlsStage),
        )


def _spoken(place: Place) -> Security | None:
    """Tell what the server speaks, also where the conversation went no further than that."""
    assert place.address is not None
    if place.address.security is not None:
        return place.address.security
    if any(stage.speaks_tls or stage.service == "tls" for stage in place.all(GreetingStage)):
        return "implicit"
    greeted = any(one.mode == "implicit" and one.received and _REPLY_LIKE.match(one.received) for one in place.all(TlsStage))
    return "none" if greeted else None


# ── STARTTLS ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _starttls(place: Place, stage: StarttlsStage) -> Iterator[Opinion]:
    reply = stage.reply
    secured = any(one.ok for one in place.all(TlsStage) if one.mode == "starttls")
    relay = place.relay or (place.endpoint is not None and place.endpoint.asked == "none")
    if not stage.offered and stage.masked is not None:
        masked = shorten(stage.masked, 80)
        yield Opinion(
            code="tls.starttls-stripped",
            place=place,
            at="tls",
            variant="masked-mild" if relay else "masked",
            evidence={**said(reply), "masked": masked, "works": secured},
            blocks=not secured,
        )
    elif not stage.offered and secured:
        evidence = {**said(reply), "offered": False, "works": True}
        yield Opinion(code="tls.starttls-stripped", place=place, at="tls", variant="mild" if relay else None, evidence=evidence)
    elif not stage.offered:
        yield _not_offered(place, {**said(reply), "problem": stage.problem})
    elif reply is None:
        yield from _unanswered(place, stage)
    elif reply.code >= 400:
        yield from refusal(place, reply, stage="starttls", at="tls", code="tls.starttls-refused")
    elif reply.code != READY:
        observed = shorten(f"{reply.code} {reply.text}", 200)
        yield Opinion(
            code="session.protocol-error",
            place=place,
            at="tls",
            variant="code",
            evidence={**said(reply), "at": "starttls"},
            words={"at_name": knowledge().words.steps["starttls"], "observed": observed},
            about="starttls",
            blocks=True,
        )
    if stage.plaintext_after_reply and (secured or _REPLY_LIKE.match(stage.plaintext_after_reply)):
        yield _response_injection(place, stage.plaintext_after_reply)


def _unanswered(place: Place, stage: StarttlsStage) -> Iterator[Opinion]:
    if stage.problem == "timeout":
        evidence = {"waited_ms": stage.duration_ms}
        yield Opinion(code="tls.timeout", place=place, at="tls", variant="command", evidence=evidence, blocks=True)
    else:
        yield from trouble(place, stage, "tls", step="starttls")


def _never_asked(place: Place) -> Iterator[Opinion]:
    """Where nobody asked for encryption, say whether there would have been some."""
    asked = place.endpoint.asked if place.endpoint else None
    clear = [stage for stage in place.all(EhloStage) if stage.ok and not stage.encrypted]
    if asked == "none" and clear and not any(line.upper().split()[:1] == ["STARTTLS"] for line in clear[0].keywords):
        yield _not_offered(place, {})


def _not_offered(place: Place, facts: dict[str, Any]) -> Opinion:
    asked = place.endpoint.asked if place.endpoint else None
    variant = "port-25" if place.relay else None
    if variant is not None and promised(place):
        variant = "dane"
    elif asked == "none":
        variant = "asked-none"
    evidence = {**facts, "asked": asked}
    return Opinion(code="tls.not-offered", place=place, at="tls", variant=variant, evidence=evidence, blocks=asked != "none")


def _response_injection(place: Place, text: str) -> Opinion:
    return Opinion(code="tls.injection", place=place, at="tls", variant="response", evidence={"observed": shorten(text, 200)})


# ── the handshake ──────────────────────────────────────────────────────────────────────────────────────────────────


def _handshake(place: Place, stage: TlsStage) -> Iterator[Opinion]:
    if stage.plaintext_before:
        yield _response_injection(place, stage.plaintext_before)
    if stage.ok:
        yield from _agreed(place, stage)
    elif stage.problem in ("cancelled", "deadline", "budget"):
        yield from trouble(place, stage, "tls")
    elif not _explained(place, stage):
        yield _failed(place, stage)
    if stage.tls is not None and (stage.tls.chain or stage.tls.unreadable):
        yield from judge_certificate(place, stage)


def _agreed(place: Place, stage: TlsStage) -> Iterator[Opinion]:
    facts = stage.tls
    version = facts.version if facts else None
    evidence: dict[str, Any] = {"mode": stage.mode, "duration_ms": stage.duration_ms}
    if facts is not None:
        evidence |= {"version": version, "cipher": facts.cipher, "group": facts.group}
        if facts.client_certificate_requested:
            evidence["client_certificate_requested"] = True
    oldest = knowledge().thresholds.oldest_tls
    if version in _VERSIONS and _VERSIONS.index(version) < _VERSIONS.index(oldest):
        yield Opinion(code="tls.protocol-too-old", place=place, at="tls", evidence=evidence, about=version or "")
    else:
        words = {"mode_name": knowledge().words.modes[stage.mode]}
        yield Opinion(code="tls.ok", place=place, at="tls", evidence=evidence, words=words, about=stage.mode)


def _explained(place: Place, stage: TlsStage) -> bool:
    """Tell whether a failed handshake is said better elsewhere: a plain server, another kind, or withheld STARTTLS."""
    if place.other_service is not None:
        return True
    if stage.mode == "implicit":
        # A greeting in clear followed, or the first bytes were one: the mode was wrong, the handshake was never a handshake.
        clear = any(one.reply is not None and not one.encrypted for one in place.all(GreetingStage))
        return clear or bool(stage.received and _REPLY_LIKE.match(stage.received))
    return any(not one.offered and one.ok for one in place.all(StarttlsStage))


def _failed(place: Place, stage: TlsStage) -> Opinion:
    text = stage.problem_text or ""
    before = next((one.plaintext_after_reply for one in place.all(StarttlsStage) if one.plaintext_after_reply), None)
    received = stage.received or (before if before and not _REPLY_LIKE.match(before) else None)
    observed = shorten(received or text or stage.last_step or "", 200)
    evidence = {
        "problem": stage.problem,
        "problem_text": stage.problem_text,
        "last_step": stage.last_step,
        "received": received,
        "duration_ms": stage.duration_ms,
        "mode": stage.mode,
    }
    code, variant = _reason(place, stage, received, text.lower())
    if code == "tls.client-certificate-required":
        return client_certificate(place, stage)
    if code == "tls.timeout" and stage.last_step:
        observed = stage.last_step
    return Opinion(
        code=code,
        place=place,
        at="tls",
        variant=variant,
        evidence=evidence,
        words={"observed": observed},
        about=text,
        blocks=True,
    )


def _reason(place: Place, stage: TlsStage, received: str | None, text: str) -> tuple[str, str | None]:
    if received is not None:
        return "tls.handshake-failed", "garbage" if stage.mode == "starttls" else "not-tls"
    if stage.problem == "timeout":
        return "tls.timeout", "implicit" if stage.mode == "implicit" else None
    if asks_for_certificate(place, stage):
        return "tls.client-certificate-required", None
    for words, code, variant in _REASONS:
        if words in text:
            return code, variant
    if stage.problem in ("closed", "reset"):
        return "tls.handshake-failed", "closed"
    return "tls.handshake-failed", "garbage" if "wrong version number" in text and stage.mode == "starttls" else None


def asks_for_certificate(place: Place, stage: Stage) -> bool:
    """Tell whether the server ended TLS because it had asked for a client's certificate and got none.

    In TLS 1.3 that shows only when the client says its next word, so it may be the greeting or EHLO that fails.
    """
    text = (stage.problem_text or "").lower()
    if "certificate required" in text:
        return True
    asked = any(one.tls.client_certificate_requested for one in place.all(TlsStage) if one.tls)
    return asked and (stage.problem in ("closed", "reset") or any(alert in text for alert in _CERTIFICATE_ALERTS))


def client_certificate(place: Place, stage: Stage) -> Opinion:
    """Say that the server wants a client's certificate."""
    text = (stage.problem_text or "").lower()
    return Opinion(
        code="tls.client-certificate-required",
        place=place,
        at="tls",
        evidence={"problem": stage.problem, "problem_text": stage.problem_text, "requested": True},
        confidence="sure" if "certificate required" in text else "likely",
        blocks=True,
    )


# ── in clear ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _insists(place: Place, stage: ClearMailStage) -> Iterator[Opinion]:
    """Say that mail without encryption, which was asked for, is what this server refuses."""
    assert stage.reply is not None
    found = [*refusal(place, stage.reply, stage="sender", at="sender", encrypted=False, facts={"sender": "<>"}, blocks=False)]
    yield from (one for one in found if one.code == "sender.tls-required")


def _in_clear(place: Place) -> Iterator[Opinion]:
    """Say whether the server insists on TLS before MAIL; between servers (port 25) it must not."""
    asked = place.endpoint.asked if place.endpoint else None
    secured = any(one.ok for one in place.all(TlsStage))
    for stage in place.all(ClearMailStage):
        if stage.reply is None:
            if not place.has(StarttlsStage):
                yield from trouble(place, stage, "tls", step="sender")
            continue
        if asked == "none" and not stage.ok:
            yield from _insists(place, stage)
        # Exchangers take mail from everybody, so they must not insist (RFC 3207, 4); servers one logs in to should.
        submission = place.address is not None and bool(place.address.auth.offered) and not place.relay
        if not submission or asked == "none" or not secured:
            continue
        if stage.ok:
            yield Opinion(code="tls.not-enforced", place=place, at="tls", evidence=said(stage.reply))
        elif stage.reply.code == 530:
            yield Opinion(code="tls.enforced", place=place, at="tls", evidence=said(stage.reply))
