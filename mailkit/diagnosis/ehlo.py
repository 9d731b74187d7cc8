"""Judge the introduction: EHLO, HELO where that was refused, and the list of abilities."""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.diagnosis.case import Opinion, Place, said
from mailkit.diagnosis.session import refusal, trouble, unasked
from mailkit.diagnosis.tls import asks_for_certificate, client_certificate
from mailkit.observation import EhloStage
from mailkit.text import shorten

__all__ = ["judge_ehlo"]

COMPLETED = 250


def judge_ehlo(place: Place) -> Iterator[Opinion]:
    """Judge EHLO as it was answered at one address, before and inside TLS."""
    for stage in place.all(EhloStage):
        yield from unasked(place, stage.unasked, "ehlo")
        yield from _ehlo(place, stage)
    yield from _difference(place)


def _difference(place: Place) -> Iterator[Opinion]:
    """Compare what is offered before TLS with what is offered inside it (RFC 3207, 4.2)."""
    if place.address is None or place.address.ehlo_before_tls is None or place.address.ehlo_after_tls is None:
        return
    before = {line.upper() for line in place.address.ehlo_before_tls}
    inside = {line.upper() for line in place.address.ehlo_after_tls}
    names = {line.partition(" ")[0] for line in inside} | {"STARTTLS"}
    more, less = sorted(inside - before), sorted(line for line in before if line.partition(" ")[0] not in names)
    if more or less:
        yield Opinion(
            code="ehlo.differs-inside-tls",
            place=place,
            at="tls",
            variant="less" if less else None,
            evidence={"only_inside_tls": more, "only_before_tls": less},
            words={"more": shorten(", ".join(more) or "nothing", 200), "less": shorten(", ".join(less), 200)},
        )


def _ehlo(place: Place, stage: EhloStage) -> Iterator[Opinion]:
    reply = stage.reply
    if reply is None:
        yield from _without_reply(place, stage)
    elif reply.code >= 400:
        first = stage.refused or reply
        facts = {"refused": first.text, "ehlo_name": stage.name, "encrypted": stage.encrypted}
        yield from refusal(place, reply, stage="ehlo", at="ehlo", code="ehlo.refused", variant="both", facts=facts)
    elif reply.code != COMPLETED:
        observed = shorten(f"{reply.code} {reply.text}", 200)
        evidence = {**said(reply), "verb": stage.verb, "observed": observed}
        yield Opinion(code="ehlo.malformed", place=place, at="ehlo", evidence=evidence, about=observed, blocks=True)
    elif stage.refused is not None:
        evidence = {**said(stage.refused), "accepted": reply.text}
        yield Opinion(code="ehlo.refused", place=place, at="ehlo", evidence=evidence, about=str(stage.refused.code))
    elif stage.ok:
        offers = ", ".join(line.split(" ")[0] for line in stage.keywords) or "—"
        evidence = {"verb": stage.verb, "encrypted": stage.encrypted, "keywords": list(stage.keywords)}
        yield Opinion(
            code="ehlo.ok",
            place=place,
            at="ehlo",
            evidence=evidence,
            words={"offers": shorten(offers, 200)},
            about=str(stage.encrypted),
        )


def _without_reply(place: Place, stage: EhloStage) -> Iterator[Opinion]:
    evidence = {
        "verb": stage.verb,
        "lines_received": stage.lines_received,
        "problem": stage.problem,
        "problem_text": stage.problem_text,
        "observed": shorten(stage.problem_text or "", 200),
        "duration_ms": stage.duration_ms,
    }
    if stage.problem in ("malformed", "too-long"):
        variant = "too-long" if stage.problem == "too-long" else None
        yield Opinion(code="ehlo.malformed", place=place, at="ehlo", variant=variant, evidence=evidence, blocks=True)
    elif stage.problem == "timeout" and stage.lines_received:
        # Lines came, each announcing another one: that is more than silence.
        yield Opinion(code="ehlo.malformed", place=place, at="ehlo", variant="unended", evidence=evidence, blocks=True)
    elif stage.encrypted and asks_for_certificate(place, stage):
        yield client_certificate(place, stage)
    else:
        yield from trouble(place, stage, "ehlo")
