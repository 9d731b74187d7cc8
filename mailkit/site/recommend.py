"""Which mail mode fits a site (at Maestro PMS: which authentication method): questions, and what follows from the answers.

All of it is data, in ``recommend.toml``. A question that was not answered may have any answer: the recommendation is then what
all of them lead to, or none yet, with what it depends on. Used by the walk-through of the notebook and by ``mailkit site init``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product as product_of
from pathlib import Path
from typing import Literal

from msgspec import Struct, structs

from mailkit.errors import InputError
from mailkit.finding import PRODUCTS, Fix, Product, Who
from mailkit.knowledge import Meta, read
from mailkit.site.facts import facts
from mailkit.site.screens import mode_words
from mailkit.text import shorten, visible

__all__ = ["NOT_KNOWN", "Instead", "Question", "Recommendation", "means", "questions", "recommend"]

NOT_KNOWN = "not-known"
"""The answer every question allows."""

_When = dict[str, str | tuple[str, ...]]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question, as a person reads it."""

    id: str
    ask: str
    help: str
    name: str
    """What it asks for, in a sentence."""
    answers: dict[str, str]
    """The allowed answers and their words; ``not-known`` is the last one."""
    key: str | None = None
    """The field of the site file that holds the answer."""
    when: _When = {}
    """Asked only if these have been answered so."""
    usual: str | None = None
    """What it is taken for while it is not answered."""

    def is_asked(self, answers: Mapping[str, str]) -> bool:
        """Say whether the question makes sense after these answers."""
        return all(answers.get(name, NOT_KNOWN) in (NOT_KNOWN, *_values(wanted)) for name, wanted in self.when.items())


class Instead(Struct, frozen=True, kw_only=True):
    """Another mode, and when it is the one to take."""

    mode: str | None
    """``None``: no mode would fit then."""
    name: str
    when: str


class Recommendation(Struct, frozen=True, kw_only=True):
    """What follows from the answers."""

    product: Product
    mode: str | None
    """A mode of ``general_settings.mail_software``, or at Maestro PMS a ``mechanism``. ``None``: none fits, or not known yet."""
    name: str | None
    """What the screens of the site's version call it."""
    means: str | None
    """What it does; at Maestro PMS: on the wire."""
    decided: bool
    """False: it depends on what was not answered (:attr:`open`)."""
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    alternatives: tuple[Instead, ...]
    needs: tuple[Fix, ...]
    """What has to be filled in or done, by whom, in which field."""
    open: tuple[str, ...]
    """The questions, by id and in order, whose answers would change the mode."""
    sources: tuple[str, ...]


class _Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    when: _When
    reasons: tuple[str, ...]
    source: tuple[str, ...]
    mode: str | None = None


class _Remark(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    when: _When
    kind: Literal["reason", "warning"]
    text: str
    source: tuple[str, ...]
    modes: tuple[str, ...] | None = None
    fact: str | None = None


class _Other(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"if_": "if"}):
    when: _When
    modes: tuple[str, ...]
    mode: str
    if_: str


class _Need(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    modes: tuple[str, ...]
    who: Who
    action: str
    where: str | None = None
    when: _When = {}


class _Guide(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    questions: tuple[Question, ...]
    choices: tuple[_Choice, ...]
    remarks: tuple[_Remark, ...]
    others: tuple[_Other, ...]
    needs: tuple[_Need, ...]


class _Method(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    means: str


class _Sources(Meta, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sources: dict[str, str]  # type: ignore[assignment]  # here they have keys


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    meta: _Sources
    words: dict[str, str]
    maestro_erp: _Guide
    maestro_pms: _Guide
    methods: dict[str, _Method]


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("recommend.toml"), _Table)


def _guide(product: Product) -> _Guide:
    return _table().maestro_erp if product == "maestro-erp" else _table().maestro_pms


@cache
def questions(product: Product) -> tuple[Question, ...]:
    """Give the questions of a product, in the order of its guides; :meth:`Question.is_asked` says which to leave out."""
    last = {NOT_KNOWN: _table().words["not_known"]}
    return tuple(structs.replace(one, answers={**one.answers, **last}) for one in _guide(product).questions)


def recommend(answers: Mapping[str, str], product: Product | None = None) -> Recommendation:
    """Say which mode fits, and why, given answers by the ids of questions.

    ``product`` may be left out where the answers say it (``answers["product"]``, or a question only one product has); else it
    is maestro*. Raises :class:`~mailkit.errors.InputError` for a question or an answer that does not exist.
    """
    product = product or _product(answers)
    known = _checked(answers, product)
    guide = _guide(product)
    decisive = {name for choice in guide.choices for name in choice.when}
    open_ = [one for one in guide.questions if one.id in decisive and one.id not in known and one.is_asked(known)]
    free = [one for one in open_ if one.usual is None]
    taken = {one.id: one.usual for one in open_ if one.usual is not None} | known
    chosen = {given: _choice(guide, taken | _answered(free, given)) for given in product_of(*(one.answers for one in free))}
    distinct = tuple({id(choice): choice for choice in chosen.values()}.values())
    decided = len({choice.mode for choice in distinct}) == 1
    mode = distinct[0].mode if decided else None
    remarks = [one for one in guide.remarks if _holds(one.when, known) and _concerns(one.modes, mode, decided=decided)]
    said = {kind: [_worded(one, mode, known) for one in remarks if one.kind == kind] for kind in ("reason", "warning")}
    # Where several rows give the mode, only a reason that all of them give is known to hold.
    shared = [reason for reason in distinct[0].reasons if all(reason in choice.reasons for choice in distinct)]
    reasons = shared or ([_table().words["all_lead_here"]] if decided else [])
    return Recommendation(
        product=product,
        mode=mode,
        name=_name(mode, known) if mode else None,
        means=means(mode) if mode else None,
        decided=decided,
        reasons=(*reasons, *said["reason"]),
        warnings=tuple(said["warning"]),
        alternatives=tuple(_others(guide, mode, known) if decided else _depending(free, chosen, known)),
        needs=tuple(_needs(guide, mode, known)),
        open=tuple(one.id for one in open_ if _matters(guide, one, taken, free)),
        sources=_sources([*(distinct if decided else ()), *remarks]),
    )


def _product(answers: Mapping[str, str]) -> Product:
    said = answers.get("product")
    for product in PRODUCTS:
        if product == said:
            return product
    if said not in (None, NOT_KNOWN):
        raise InputError(f"product: {_quoted(said)} is none; there is {', '.join(PRODUCTS)}")
    own = {product: {one.id for one in _guide(product).questions} for product in PRODUCTS}
    only_pms = own["maestro-pms"] - own["maestro-erp"]
    older_or_later = answers.get("version") in _guide("maestro-pms").questions[0].answers
    return "maestro-pms" if only_pms & answers.keys() or older_or_later else "maestro-erp"


def _checked(answers: Mapping[str, str], product: Product) -> dict[str, str]:
    """Give the answers that say something; those to questions that are not asked after the others do not count."""
    asked = {one.id: one for one in _guide(product).questions}
    known: dict[str, str] = {}
    for name, answer in answers.items():
        if name == "product":
            continue
        if name not in asked:
            raise InputError(f"{_quoted(name)} is no question about {product}; there is {', '.join(asked)}")
        if answer != NOT_KNOWN and answer not in asked[name].answers:
            raise InputError(f"{name}: {_quoted(answer)} is no answer; there is {', '.join((*asked[name].answers, NOT_KNOWN))}")
        if answer != NOT_KNOWN:
            known[name] = answer
    return {name: answer for name, answer in known.items() if asked[name].is_asked(known)}


def _quoted(text: object) -> str:
    return visible(shorten(str(text), 60))


def _values(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted


def _holds(when: _When, answers: Mapping[str, str]) -> bool:
    """Say whether the answers say all that is asked for; what was not answered does not."""
    return all(answers.get(name) in _values(wanted) for name, wanted in when.items())


def _choice(guide: _Guide, answers: Mapping[str, str]) -> _Choice:
    return next(choice for choice in guide.choices if _holds(choice.when, answers))


def _concerns(modes: tuple[str, ...] | None, mode: str | None, *, decided: bool) -> bool:
    return modes is None or (decided and (mode or "") in modes)


def _worded(remark: _Remark, mode: str | None, known: Mapping[str, str]) -> str:
    words = {"mode": _name(mode, known) if mode else ""}
    fact = next((one for one in facts().fact if one.id == remark.fact), None)
    if fact is not None:
        stage = _table().words["stage"]
        stages = " ".join(stage.format(when=one.when, then=one.then) for one in fact.stages)
        words |= {"what": fact.what, "way_out": fact.way_out, "stages": stages}
    return remark.text.format_map(words)


def _name(mode: str, known: Mapping[str, str]) -> str:
    """What the screens of the version call a mode; of an unknown version, both names where they differ."""
    method = _table().methods.get(mode)
    if method is not None:
        return method.name
    words = mode_words()[mode]
    names = {"old": words.old, "new": words.new}
    return names.get(known.get("version", "")) or " / ".join(dict.fromkeys(filter(None, names.values())))


def means(mode: str) -> str:
    """Give what a mode does; at Maestro PMS: what a mechanism means on the wire (``KeyError`` for one that does not exist)."""
    method = _table().methods.get(mode)
    return method.means if method is not None else mode_words()[mode].means


def _others(guide: _Guide, mode: str | None, known: Mapping[str, str]) -> Iterator[Instead]:
    for one in guide.others:
        if (mode or "") in one.modes and _holds(one.when, known):
            yield Instead(mode=one.mode, name=_name(one.mode, known), when=one.if_)


def _needs(guide: _Guide, mode: str | None, known: Mapping[str, str]) -> Iterator[Fix]:
    for one in guide.needs:
        if mode is not None and mode in one.modes and _holds(one.when, known):
            yield Fix(who=one.who, where=one.where, action=one.action.format(mode=_name(mode, known)))


def _answered(asked: list[Question], given: tuple[str, ...]) -> dict[str, str]:
    return {one.id: answer for one, answer in zip(asked, given, strict=True)}


def _matters(guide: _Guide, question: Question, taken: Mapping[str, str], free: list[Question]) -> bool:
    """Say whether the mode changes with the answer to a question while the others stay, whatever they are."""
    others = [one for one in free if one is not question]
    return any(
        len({_choice(guide, {**taken, **_answered(others, given), question.id: answer}).mode for answer in question.answers}) > 1
        for given in product_of(*(one.answers for one in others))
    )


def _depending(free: list[Question], chosen: Mapping[tuple[str, ...], _Choice], known: Mapping[str, str]) -> Iterator[Instead]:
    """Give each mode that is still possible, with the answers without which it is not."""
    words = _table().words
    for mode in dict.fromkeys(choice.mode for choice in chosen.values()):
        ways = [given for given, choice in chosen.items() if choice.mode == mode]
        said = []
        for place, one in enumerate(free):
            possible = {given[place] for given in ways}
            if len(possible) < len(one.answers):
                answers = words["or"].join(text for answer, text in one.answers.items() if answer in possible)
                said.append(words["is"].format(name=one.name, answers=answers))
        yield Instead(
            mode=mode, name=_name(mode, known) if mode else words["no_mode"], when=words["and"].join(said) or words["other"]
        )


def _sources(rows: list[_Choice | _Remark]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_table().meta.sources[key] for row in rows for key in row.source))
