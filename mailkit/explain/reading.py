"""The front door: what any pasted text means."""

from __future__ import annotations

from mailkit.errors import InputError
from mailkit.explain.explanation import Explanation, judge
from mailkit.explain.redact import redact
from mailkit.explain.rule import Rules
from mailkit.explain.transcript import sayings
from mailkit.finding import Product

__all__ = ["explain", "explanations"]

_LIMIT = 2_000_000
"""Characters of a pasted text that are looked at."""
_WHOLE = 400
"""Characters up to which a text is shown as it is."""
_STEPS = ("tcp", "tls", "greeting", "ehlo", "starttls", "auth", "sender", "recipient", "data", "after", "session")


def explain(
    text: str,
    *,
    stage: str | None = None,
    host: str | None = None,
    product: Product | None = None,
    rules: Rules | None = None,
    port: int | None = None,
) -> Explanation:
    """Say what a text means: a reply line or several, an exception, a pasted session, a log.

    Args:
        text: as it was copied; of a session or a log the most telling line is explained. What looks like a secret in it
            (the lines of a log-in, a password in a command) is taken out before anything else.
        stage: where it was said, if known: ``greeting``, ``ehlo``, ``starttls``, ``auth``, ``sender``, ``recipient``, ``data``,
            ``after``, ``session``; ``tcp`` and ``tls`` for the words of a client program. A hint only.
        host: who said it, if known; providers are recognised by their words too.
        product: name the fields of its screens among the fixes.
        rules: shipped rules with a person's own before them (:func:`mailkit.explain.load_rules`).
        port: the port, for what holds on one only.

    Raises:
        InputError: the stage does not exist.
    """
    return explanations(text, stage=stage, host=host, product=product, rules=rules, port=port)[0]


def explanations(
    text: str,
    *,
    stage: str | None = None,
    host: str | None = None,
    product: Product | None = None,
    rules: Rules | None = None,
    port: int | None = None,
) -> tuple[Explanation, ...]:
    """Like :func:`explain`, for every telling line of the text; the most telling first, never none."""
    if stage is not None and stage not in _STEPS:
        raise InputError(f"the stage {stage!r} does not exist; one of: {', '.join(_STEPS)}")
    text = redact(text[:_LIMIT])
    found = sayings(text)
    if not found:
        return (judge(text, stage=stage, host=host, product=product, rules=rules, port=port),)
    told = [judge(one.text, stage=stage or one.stage, host=host, product=product, rules=rules, port=port) for one in found]
    # An exception that only wraps another says less than what is wrapped, and a refusal says more than what follows from it.
    ranks = {"sure": 0, "likely": 1, "guess": 2}
    first = min(range(len(told)), key=lambda at: (ranks[told[at].confidence], told[at].cause == "protocol", at))
    return (told[first], *told[:first], *told[first + 1 :])
