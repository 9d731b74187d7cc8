"""The choice: of all rules whose words occur, the one that says most; where none does, what the codes alone say."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mailkit.explain.heard import Heard
from mailkit.explain.phrase import Hit
from mailkit.explain.rule import Placed, Rules
from mailkit.explain.speaker import speakers
from mailkit.explain.vocabulary import codes

__all__ = ["Found", "by_code", "choose"]

_ENVELOPE = frozenset({"greeting", "ehlo", "sender", "recipient", "data"})
_APPLY: dict[str, frozenset[str]] = {
    "greeting": _ENVELOPE,
    "ehlo": _ENVELOPE,
    "starttls": frozenset({"greeting", "starttls"}),
    "auth": frozenset({"greeting", "starttls", "auth"}),
    "sender": _ENVELOPE | {"starttls"},
    "recipient": _ENVELOPE | {"starttls"},
    "data": _ENVELOPE | {"after"},
    "after": _ENVELOPE | {"after"},
    "session": _ENVELOPE,
}
"""The stages whose rules are looked at when something was said at the stage on the left: refusals of client, name and sender
wander between the steps of the envelope, those of the log-in are its own."""

_OWN = 3
"""How near a rule is when it is that of who speaks."""
_CHECKED = frozenset({"verified", "source", "vendor"})
_LOGIN_CODES = frozenset({432, 435, 524, 525, 530, 534, 535, 538})


class Found(Struct, frozen=True):
    """The rule that decides, and the one that has the sentence and the advice: mostly the same."""

    placed: Placed
    hit: Hit | None
    telling: Placed

    def confidence(self, who: tuple[str, ...]) -> Literal["sure", "likely", "guess"]:
        """Say how sure the answer is, given who speaks."""
        rule = self.placed.rule
        if rule.vague:
            return "guess"
        known = rule.provider in who or self.placed.layer == "own" or rule.confidence in _CHECKED
        return "sure" if known or (self.telling.rule.confidence in _CHECKED and not self.telling.rule.lends) else "likely"


def choose(
    said: Heard,
    who: tuple[str, ...],
    *,
    stage: str | None,
    rules: Rules,
    client: bool | None = None,
    port: int | None = None,
) -> Found | None:
    """Choose the rule that says most."""
    client = said.code is None if client is None else client
    best: tuple[tuple[float, ...], Placed, Hit | None] | None = None
    telling: list[tuple[tuple[float, ...], Placed]] = []  # who speaks counts first here
    for placed, hit in rules.find(said.text, said.status):
        rule = placed.rule
        kin = _kinship(placed, who, client=client or stage in ("tcp", "tls"))
        if kin is None or not _applies(rule.stage, rule.only, stage) or not _fits(placed, said, stage, port, client=client):
            continue
        hint = any(code in said.status for code in rule.enhanced)
        rank = (not rule.vague, kin, rule.priority, hint, hit.end - hit.begin if hit else 0, rule.stage == stage)
        if not rule.lends and (best is None or rank > best[0]):
            best = (rank, placed, hit)
        if rule.because and (kin == _OWN or not rule.vague):
            telling.append(((kin, *rank), placed))
    if best is None:
        return None
    _, placed, hit = best
    if placed.rule.because:
        return Found(placed, hit, placed)
    # Of rules that mean the same one with a sentence of its own has the better answer.
    same = [one for one in telling if (one[1].rule.means, one[1].rule.reason) == (placed.rule.means, placed.rule.reason)]
    return Found(placed, hit, max(same, key=lambda one: one[0])[1] if same else placed)


def _fits(placed: Placed, said: Heard, stage: str | None, port: int | None, *, client: bool) -> bool:
    rule = placed.rule
    if rule.ports and (port is None or port not in rule.ports):
        return False
    if said.code is not None:
        return not rule.codes or said.code in rule.codes
    # Without a code to tell, a bounce that speaks of passwords is rarely about a log-in.
    return client or stage == "auth" or placed.layer != "general" or not _LOGIN_CODES.intersection(rule.codes)


def _applies(at: str | None, only: tuple[str, ...], stage: str | None) -> bool:
    if stage not in _APPLY:
        return stage is not None or not only  # what holds at some steps only says nothing where the step is not known
    return stage in only if only else at is None or at in _APPLY[stage]


def _kinship(placed: Placed, who: tuple[str, ...], *, client: bool) -> int | None:
    """Rank by layer and by who speaks; ``None``: not the words of this one."""
    rule = placed.rule
    if placed.layer == "client":
        return placed.strength if client else None
    if placed.layer in ("own", "general"):
        return placed.strength if rule.provider == "any" or rule.provider in who else None
    if rule.provider in who or (placed.layer == "provider" and rule.provider == "any"):
        return _OWN
    if placed.layer == "software" and rule.provider in (speakers().widespread | {"any"}):
        return 2 if rule.provider == "any" else 1
    return None


def by_code(said: Heard) -> tuple[str, bool]:
    """Give the cause that the codes alone say, and whether they say it clearly."""
    table = codes()
    for code in said.status:
        if (cause := table.status.get(code) or table.status.get(code[2:])) and code[2:] not in table.weak.status:
            return cause, True
    if said.code is not None and (cause := table.reply.get(str(said.code))):
        return cause, False
    for code in said.status:
        if cause := table.status.get(code) or table.status.get(code[2:]):
            return cause, False
    return "unclear", False
