"""Judge the greeting: whether one came, when, and whether a mail server for sending gave it."""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.diagnosis.case import Opinion, Place, said
from mailkit.diagnosis.knowledge import knowledge
from mailkit.diagnosis.session import refusal, trouble, unasked
from mailkit.diagnosis.tls import asks_for_certificate, client_certificate
from mailkit.observation import GreetingStage
from mailkit.text import shorten

__all__ = ["judge_greeting"]

READY = 220


def judge_greeting(place: Place) -> Iterator[Opinion]:
    """Judge the greetings of one address, in clear and inside TLS."""
    for stage in place.all(GreetingStage):
        yield from _greeting(place, stage)


def _greeting(place: Place, stage: GreetingStage) -> Iterator[Opinion]:
    observed = shorten(stage.raw or (f"{stage.reply.code} {stage.reply.text}" if stage.reply else stage.problem_text or ""), 200)
    if stage.speaks_tls or stage.service == "tls":
        # The silence was that of a server that waits for TLS; the TLS judge says whether that was to be expected.
        return
    if stage.service is not None and place.other_service is not None:
        services = knowledge().words.services
        name = services.get(stage.service, services["other"].format(service=stage.service))
        yield Opinion(
            code="greeting.not-smtp",
            place=place,
            at="greeting",
            evidence={"service": stage.service, "observed": observed},
            words={"service_name": name},
            about=stage.service,
            blocks=True,
        )
    elif stage.reply is not None:
        yield from _reply(place, stage, observed)
    elif stage.problem == "timeout" and stage.raw is None:
        yield Opinion(
            code="greeting.timeout",
            place=place,
            at="greeting",
            evidence={"waited_ms": stage.duration_ms, "speaks_tls": stage.speaks_tls, "encrypted": stage.encrypted},
            blocks=True,
        )
    elif stage.problem in ("malformed", "too-long") or stage.raw is not None:
        yield Opinion(
            code="greeting.malformed",
            place=place,
            at="greeting",
            evidence={"observed": observed, "problem": stage.problem},
            blocks=True,
        )
    elif stage.encrypted and asks_for_certificate(place, stage):
        yield client_certificate(place, stage)
    else:
        yield from trouble(place, stage, "greeting")


def _reply(place: Place, stage: GreetingStage, observed: str) -> Iterator[Opinion]:
    reply = stage.reply
    assert reply is not None
    if reply.code >= 400:
        yield from refusal(place, reply, stage="greeting", at="greeting", code="greeting.rejected")
        return
    if reply.code != READY:
        yield Opinion(
            code="greeting.malformed", place=place, at="greeting", evidence={**said(reply), "observed": observed}, blocks=True
        )
        return
    yield from unasked(place, stage.unasked, "greeting")
    limit = knowledge().thresholds.greeting_slow_ms
    if stage.duration_ms > limit:
        yield Opinion(
            code="greeting.slow",
            place=place,
            at="greeting",
            evidence={**said(reply), "waited_ms": stage.duration_ms, "limit_ms": limit},
            words={"seconds": f"{stage.duration_ms / 1000:.0f}"},
        )
    else:
        yield Opinion(code="greeting.ok", place=place, at="greeting", evidence={**said(reply), "duration_ms": stage.duration_ms})
