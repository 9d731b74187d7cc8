"""Judge what may happen at any step: a refusal in words, silence, a dropped connection, answers nobody asked for.

The other judges call :func:`refusal` and :func:`trouble` for their own steps; :func:`judge_session` looks at the end of the
conversation and at tests that were stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from mailkit.diagnosis.case import Opinion, Place, Step, said
from mailkit.diagnosis.knowledge import knowledge
from mailkit.diagnosis.replies import Interpretation, identify, interpret
from mailkit.observation import EhloStage, GreetingStage, ProbeDocument, QuitStage, Reply, Stage
from mailkit.text import shorten

__all__ = ["judge_session", "refusal", "trouble", "unasked"]

TOO_MANY = "session.too-many-connections"
CLIENT_CERTIFICATE = "tls.client-certificate-required"


def speakers(place: Place) -> tuple[str, ...]:
    """Tell whose server this is, from its host name, greeting and answer to EHLO."""
    words = [stage.reply.text for stage in place.all(GreetingStage) if stage.reply]
    words += [stage.reply.lines[0] for stage in place.all(EhloStage) if stage.reply and stage.reply.lines]
    return identify(host=place.host, banner=" ".join(words))


def meaning(place: Place, reply: Reply, stage: str, *, encrypted: bool | None = None) -> Interpretation:
    """Interpret a reply that was given here."""
    return interpret(reply, stage=stage, provider=speakers(place), port=place.port, encrypted=encrypted)


def refusal(
    place: Place,
    reply: Reply,
    *,
    stage: str,
    at: Step,
    code: str | None = None,
    variant: str | None = None,
    encrypted: bool | None = None,
    blocks: bool = True,
    facts: dict[str, Any] | None = None,
) -> Iterator[Opinion]:
    """Judge a reply that is not the one hoped for.

    Args:
        place: where it was given.
        reply: the reply.
        stage: where it was given, for the interpretation.
        at: the step it belongs to.
        code: the finding, when it does not depend on the words.
        variant: its variant; ``temporary`` is chosen for a 4yz reply where the finding has it.
        encrypted: whether TLS was on.
        blocks: nothing behind was reached because of it.
        facts: further evidence.
    """
    means = meaning(place, reply, stage, encrypted=encrypted)
    crowded = means.finding == TOO_MANY
    # Postfix asks for a certificate with a 421; waiting brings none.
    later = reply.code // 100 == 4 and means.finding != CLIENT_CERTIFICATE
    # In a greeting the crowd is said beside the refusal; later on it is the refusal.
    plain = means.finding not in (TOO_MANY, CLIENT_CERTIFICATE) or (crowded and stage == "greeting")
    found = code if code and plain else means.finding
    entry = knowledge().findings[found]
    evidence = {**said(reply), "at": stage, **(facts or {})}
    evidence |= {name: value for name, value in (("matched", means.matched), ("provider", means.provider)) if value}
    opinion = Opinion(
        code=found,
        place=place,
        at=at,
        variant="temporary" if later and "temporary" in entry.variants else variant if found == code else None,
        severity="warning" if later else "error",
        temporary=True if later else means.temporary,
        evidence=evidence,
        about=f"{reply.code} {means.row or reply.text}",
        blocks=blocks,
        # The advice goes with the finding: what cures a refused password does not cure a refused token.
        meaning=means if code is None or code == means.finding or stage in ("greeting", "ehlo") else None,
        confidence="sure" if code else means.confidence,
    )
    yield opinion
    if crowded and found != TOO_MANY:
        yield replace(opinion, code=TOO_MANY, variant=None, blocks=False)


def trouble(place: Place, stage: Stage, at: Step, *, step: str | None = None) -> Iterator[Opinion]:
    """Judge a step that ended without a reply: silence, a dropped connection, bytes that are no reply.

    Args:
        place: where it happened.
        stage: the observation.
        at: the step it belongs to.
        step: the step's name in words, when finer than ``at`` (``starttls``).
    """
    problem = stage.problem
    name = knowledge().words.steps[step or at]
    facts: dict[str, Any] = {
        "at": step or at,
        "problem": problem,
        "problem_text": stage.problem_text,
        "duration_ms": stage.duration_ms,
    }
    words = {"at_name": name, "problem_text": stage.problem_text or knowledge().words.reasons.get(problem or "", problem)}
    if problem == "timeout":
        yield Opinion(code="session.timeout", place=place, at=at, evidence=facts, words=words, about=name, blocks=True)
    elif problem in ("closed", "reset", "failed", "tls"):
        yield Opinion(code="session.dropped", place=place, at=at, evidence=facts, words=words, about=name, blocks=True)
    elif problem in ("malformed", "too-long"):
        words["observed"] = shorten(str(words["problem_text"]), 200)
        yield Opinion(
            code="session.protocol-error",
            place=place,
            at=at,
            variant="reply",
            evidence=facts,
            words=words,
            about=name,
            blocks=True,
        )
    elif problem in ("cancelled", "deadline", "budget"):
        yield incomplete(place, at, problem)


def incomplete(place: Place, at: Step, problem: str) -> Opinion:
    """Say that the test did not get to its end."""
    variant = {"cancelled": "user", "user": "user", "budget": "budget"}.get(problem)
    whole = Place(document=place.document) if problem != "budget" else place
    return Opinion(
        code="session.incomplete",
        place=whole,
        at=at,
        variant=variant,
        evidence={"at": at, "problem": problem},
        words={"subject": whole.name},
        subject=whole.name,
        blocks=True,
    )


def unasked(place: Place, lines: tuple[str, ...], at: Step) -> Iterator[Opinion]:
    """Judge lines that came although nothing had been asked."""
    if lines:
        observed = " | ".join(lines[:5])
        yield Opinion(
            code="session.protocol-error",
            place=place,
            at=at,
            evidence={"at": at, "unasked": [shorten(line, 200) for line in lines[:20]], "observed": shorten(observed, 300)},
            words={"at_name": knowledge().words.steps[at], "observed": shorten(observed, 200)},
            about=at,
        )


def judge_session(place: Place) -> Iterator[Opinion]:
    """Judge how the conversations with one address ended."""
    for stage in place.all(QuitStage):
        yield from unasked(place, stage.unasked, "session")
        if stage.problem in ("cancelled", "deadline", "budget"):
            yield incomplete(place, "session", stage.problem)
        elif stage.reply is not None and stage.reply.code == 221 and not stage.unasked:
            yield Opinion(code="session.ok", place=place, at="session", evidence=said(stage.reply))


def judge_stopped(document: ProbeDocument) -> Iterator[Opinion]:
    """Judge a test that ended before its time."""
    if document.stopped is not None:
        yield incomplete(Place(document=document), "session", document.stopped)
