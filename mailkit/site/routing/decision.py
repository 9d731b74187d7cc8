"""Which row of a table decides about a mail, when some of what decides is not known.

The table is followed for all that is possible at once: a *box* holds for each fact the values it may have, and a row cuts the
box in two, what fits it and what goes on to the next row. So every row is found that could decide, and only those. Nothing is
assumed to get there; assumptions, each listed, only pick the row that is named first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from mailkit.site.route import Alternative, Assumption, Transport
from mailkit.site.routing.situation import FactValue, Situation
from mailkit.site.routing.table import Basis, Case, Confidence, Deduction, Rules, Takes

__all__ = ["Box", "Decision", "Outcome", "cover", "decide"]

Box = tuple[frozenset[FactValue], ...]
"""For each fact the values it may have."""

_WEAKEST: tuple[Confidence, ...] = ("guess", "likely", "sure")


class Outcome(Struct, frozen=True, kw_only=True, eq=False):
    """One way through the table: the rows passed (all but the last say "as the row of …") and for which facts."""

    path: tuple[Case, ...]
    box: Box

    @property
    def last(self) -> Case:
        """The row that decides in the end."""
        return self.path[-1]


class Decision(Struct, frozen=True, kw_only=True, eq=False):
    """What a table says about a mail; shared by all mails with the same facts."""

    rule: str
    as_rule: str | None
    transport: Transport | None
    basis: Basis
    confidence: Confidence
    row_confidence: Confidence
    """How sure the rows themselves are, whatever is known of the facts."""
    reason: str
    why: tuple[str, ...]
    sources: tuple[str, ...]
    takes: tuple[Takes, ...]
    """What may be taken from where: the assumed one first; more than one while they differ."""
    findings: tuple[tuple[str, str | None], ...]
    """What is to be said whichever row it is."""
    incomplete: str
    known: tuple[tuple[str, str], ...]
    """The facts, by name and as they are said, by which the rows were found."""
    assumed: tuple[Assumption, ...]
    alternatives: tuple[Alternative, ...]
    unknown: tuple[int, ...]
    """The facts without which the way is not known."""
    doubtful: tuple[int, ...]
    """The facts without which it is not known whether the way works."""


def cover(table: Rules, box: Box) -> Iterator[Outcome]:
    """Give every way through the table for the facts in ``box``; together they hold all of it.

    Raises ``ValueError`` where the table has no row, or leads in a circle: tables that were read (:mod:`.rulebook`)
    do not.
    """
    yield from _follow(table, box, {}, ())


def _follow(table: Rules, start: Box, changed: Mapping[int, FactValue], path: tuple[Case, ...]) -> Iterator[Outcome]:
    boxes = [start]
    for case in table.cases:
        left: list[Box] = []
        for box in boxes:
            inside = _cut(box, case, changed, left)
            if inside is None:
                continue
            if case in path:
                raise ValueError(f"rules: {case.rule} leads back to itself")
            passed = (*path, case)
            if case.changes or case.follows:
                for part, now in _changed(inside, case, changed):
                    yield from _follow(table, part, now, passed)
            else:
                yield Outcome(path=passed, box=inside)
        boxes = left
        if not boxes:
            return
    values = (changed.get(place, min(one, key=str)) for place, one in enumerate(boxes[0]))
    raise ValueError(
        f"rules: no row for {', '.join(f'{name} = {value}' for name, value in zip(table.names, values, strict=True))}"
    )


def _cut(box: Box, case: Case, changed: Mapping[int, FactValue], left: list[Box]) -> Box | None:
    """Give the part of ``box`` that fits the row, and put what does not into ``left``, in parts that do not overlap."""
    for place, wanted in case.when:
        if changed[place] not in wanted if place in changed else box[place].isdisjoint(wanted):
            left.append(box)
            return None
    for place, wanted in case.when:
        if place not in changed and (outside := box[place] - wanted):
            left.append((*box[:place], outside, *box[place + 1 :]))
            box = (*box[:place], box[place] & wanted, *box[place + 1 :])
    return box


def _changed(box: Box, case: Case, changed: Mapping[int, FactValue]) -> Iterator[tuple[Box, Mapping[int, FactValue]]]:
    """Give the box with the facts that a row changes; one part for each value that another fact hands on."""
    parts: list[tuple[Box, Mapping[int, FactValue]]] = [(box, {**changed, **dict(case.changes)})]
    for place, of in case.follows:
        parts = [
            ((*part[:of], frozenset({value}), *part[of + 1 :]), {**now, place: value})
            for part, now in parts
            for value in ([changed[of]] if of in changed else sorted(part[of], key=str))
        ]
    yield from parts


@lru_cache(maxsize=4096)  # a site has few different situations, and thousands of mails in each
def decide(table: Rules, situation: Situation, deduced: tuple[tuple[int, FactValue, Deduction], ...] = ()) -> Decision:
    """Say what ``table`` says about a mail, given what is known of it and what follows from that."""
    box = tuple(domain if value is None else frozenset({value}) for value, domain in zip(situation, table.domains, strict=True))
    everything = tuple(cover(table, box))
    if len(everything) == 1:
        return _decision(table, situation, everything, everything, (), ())
    follows = {place: (value, deduction) for place, value, deduction in deduced if situation[place] is None}
    settled = {place: value for place, (value, _) in follows.items()}
    settled |= {
        place: fact.assume
        for place, fact in enumerate(table.facts)
        if fact.works and place not in settled and len(box[place]) > 1
    }
    possible = tuple(outcome for outcome in everything if _fits(outcome, settled))
    assumed: list[tuple[int, Assumption]] = []
    chosen: tuple[Outcome, ...] = everything
    order = sorted(range(len(box)), key=lambda place: (place not in follows, table.facts[place].works, place))
    for place in order:
        if len(box[place]) == 1:
            continue
        fact = table.facts[place]
        value = settled.get(place, fact.assume)
        narrowed = tuple(outcome for outcome in chosen if value in outcome.box[place])
        if {outcome.path for outcome in narrowed} != {outcome.path for outcome in chosen}:
            because = follows[place][1].because if place in follows else fact.because
            assumed.append((place, Assumption(where=fact.where, value=value, because=because)))
        chosen = narrowed
    return _decision(table, situation, (chosen[0], *possible), everything, tuple(assumed), tuple(follows))


def _fits(outcome: Outcome, settled: Mapping[int, FactValue]) -> bool:
    return all(value in outcome.box[place] for place, value in settled.items())


def _decision(  # noqa: PLR0917 (one call among functions of one file)
    table: Rules,
    situation: Situation,
    possible: tuple[Outcome, ...],
    everything: tuple[Outcome, ...],
    assumed: tuple[tuple[int, Assumption], ...],
    follows: tuple[int, ...],
) -> Decision:
    """Put together what is the same for all that is possible; the first of ``possible`` gives the words."""
    path = possible[0].path
    ends = [outcome.last for outcome in possible]
    transports = {case.transport for case in ends}
    takes = _distinct(case.takes for case in ends)
    open_ = len(transports) > 1 or len(takes) > 1
    rows = _weakest(case.confidence for case in path)
    confidence = _weakest(case.confidence for outcome in possible for case in outcome.path)
    used = [place for place, _ in assumed]
    if open_:
        confidence = "guess"
    elif any(place in follows for place in used):
        confidence = _weakest((confidence, "likely"))
    hard = tuple(place for place in used if place not in follows and not table.facts[place].works)
    return Decision(
        rule=path[0].rule,
        as_rule=path[-1].rule if len(path) > 1 else None,
        transport=transports.pop() if len(transports) == 1 else None,
        basis="inferred" if any(case.basis == "inferred" for case in path) else "documented",
        confidence=confidence,
        row_confidence=rows,
        reason=" ".join(case.reason for case in path),
        why=tuple(dict.fromkeys(case.why for case in path if case.why)),
        sources=tuple(dict.fromkeys(source for case in path for source in case.sources)),
        takes=takes,
        findings=tuple(said for said in _findings(path) if all(said in _findings(outcome.path) for outcome in possible)),
        incomplete=path[-1].incomplete,
        known=tuple(
            (table.names[place], table.facts[place].saying(value))
            for place in dict.fromkeys(place for case in path for place, _ in case.when)
            if (value := situation[place]) is not None
        ),
        assumed=tuple(assumption for _, assumption in assumed),
        alternatives=_alternatives(table, possible[0], everything),
        unknown=hard if open_ else (),
        doubtful=tuple(place for place in used if table.facts[place].works and place not in follows),
    )


def _findings(path: tuple[Case, ...]) -> dict[tuple[str, str | None], None]:
    return dict.fromkeys(said for case in path for said in case.findings)


def _weakest(said: Iterable[Confidence]) -> Confidence:
    return min(said, key=_WEAKEST.index)


def _distinct(takes: Iterable[Takes]) -> tuple[Takes, ...]:
    found: list[Takes] = []
    for one in takes:
        if one not in found:
            found.append(one)
    return tuple(found)


def _alternatives(table: Rules, chosen: Outcome, everything: tuple[Outcome, ...]) -> tuple[Alternative, ...]:
    """Give each other row that could decide, with what would have to be so; of several ways there the shortest."""
    nearest: dict[tuple[str, str, Transport | None], tuple[tuple[int, ...], Box]] = {}
    for outcome in everything:
        apart = tuple(place for place, values in enumerate(outcome.box) if values.isdisjoint(chosen.box[place]))
        key = _key(outcome)
        if key not in nearest or len(apart) < len(nearest[key][0]):
            nearest[key] = apart, outcome.box
    del nearest[_key(chosen)]
    return tuple(
        Alternative(rule=rule, transport=transport, when=_when(table, box, apart))
        for (rule, _, transport), (apart, box) in nearest.items()
    )


def _key(outcome: Outcome) -> tuple[str, str, Transport | None]:
    return outcome.path[0].rule, outcome.last.rule, outcome.last.transport


def _when(table: Rules, box: Box, places: tuple[int, ...]) -> str:
    """Say what a box asks for: ``Mail Software is SMTP and the box … is ticked``."""
    return table.words.and_.join(_said(table, place, box[place]) for place in places)


def _said(table: Rules, place: int, values: frozenset[FactValue]) -> str:
    fact, words = table.facts[place], table.words
    others = table.domains[place] - values
    if len(values) > len(others) == 1:
        return words.not_.format(name=fact.name, values=fact.saying(*others))
    said = [text for value, text in fact.says.items() if any(str(one).lower() == value for one in values)]
    return words.is_.format(name=fact.name, values=words.or_.join(said))
