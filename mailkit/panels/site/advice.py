"""The questions that decide the mode (at Maestro PMS: the log-in method), and what follows, for the panel. Pure.

Questions and recommendation are those of :mod:`mailkit.site.recommend`. A question about what stands in the site file is
answered there, all others in the draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailkit.panels.parts import ShownField
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.markup import card
from mailkit.report.places import place
from mailkit.report.words import who_words
from mailkit.site.check.pms import has_traces
from mailkit.site.pms import PmsSite
from mailkit.site.recommend import NOT_KNOWN, Recommendation, questions, recommend

__all__ = ["answer", "answers", "asked", "recommended", "shown_recommendation", "taken_over", "target"]


def asked(draft: SiteDraft) -> tuple[ShownField, ...]:
    """Return the questions that make sense after what was answered, as fields."""
    known = answers(draft)
    return tuple(
        {
            "id": question.id,
            "label": question.ask,
            "kind": "flag",
            "group": "",
            "options": [[value, words] for value, words in question.answers.items() if value != NOT_KNOWN],
            "hint": question.help,
            "wide": True,
        }
        for question in questions(draft.present.product)
        if question.is_asked(known)
    )


def answers(draft: SiteDraft) -> Mapping[str, str]:
    """Return what was answered, here or in the site."""
    known = {**dict(_of_hotel(draft.pms) if draft.product == "maestro-pms" else {}), **draft.answers}
    for question in questions(draft.present.product):
        if question.key is not None and (said := draft.value(question.key)) in question.answers:
            known[question.id] = said or NOT_KNOWN
    return known


def _of_hotel(site: PmsSite) -> Iterator[tuple[str, str]]:
    """What the fields of the hotel say without an answer."""
    if (later := has_traces(site.version)) is not None:
        yield "version", "later" if later else "older"
    if (password := site.email_setup.password) is not None:
        yield "password", {"set": "set", "empty": "blank"}[password]


def answer(draft: SiteDraft, name: str, said: str | None) -> SiteDraft:
    """Answer a question; ``None``: not known."""
    key = next(question.key for question in questions(draft.present.product) if question.id == name)
    return draft.fill(key, said) if key else draft.answer(name, said)


def recommended(draft: SiteDraft) -> Recommendation:
    """Return what follows from the answers."""
    return recommend(answers(draft), draft.present.product)


def target(draft: SiteDraft) -> str:
    """Return the field that the recommendation is about."""
    return "general_settings.mail_software" if draft.product == "maestro-erp" else "email_setup.mechanism"


def taken_over(draft: SiteDraft) -> SiteDraft:
    """Enter what is recommended; nothing changes while nothing is."""
    mode = recommended(draft).mode
    return draft.fill(target(draft), mode) if mode else draft


def shown_recommendation(draft: SiteDraft) -> str:
    """Return the recommendation as markup: what, why, what to know, what to do."""
    told = recommended(draft)
    if told.mode is None:
        tone, headline = ("warning", "None of the ways fits.") if told.decided else ("unknown", "Not decided yet.")
        return card(tone, headline, facts_of(draft, told))
    return card("ok", f"Recommended: {told.name}", facts_of(draft, told))


def facts_of(draft: SiteDraft, told: Recommendation) -> Iterator[tuple[str, str]]:
    """Return what is to be said about a recommendation: about what, and a sentence."""
    if told.means:
        yield "What it does", told.means
    for reason in told.reasons:
        yield "Why", reason
    if not told.decided:
        asks = {question.id: question.ask for question in questions(draft.present.product)}
        for name in told.open:
            yield "Depends on", asks[name]
    for other in told.alternatives:
        if told.decided:
            yield "Or", f"{other.name}, if {other.when}"
        else:
            yield "Possible", f"{other.name} ({other.when})" if other.when else other.name
    for warning in told.warnings:
        yield "Careful", warning
    for fix in told.needs:
        where = place(fix.where)
        yield "To do then", f"{who_words(fix.who, start=True)}: {fix.action}{f' ({where})' if where else ''}"
    for source in told.sources:
        yield "From", source
