"""What the panel shows of its model: the words of the status lines, the sections of the sheets, the rows of the table. Pure."""

from __future__ import annotations

import datetime as dt
import traceback
from functools import cache
from pathlib import Path

from mailkit.errors import MailkitError
from mailkit.journal import STATES, Delivery, State
from mailkit.panels.job import State as JobState
from mailkit.panels.site.markup import card, mistakes
from mailkit.panels.traces.model import Deed, TracesModel
from mailkit.panels.traces.pieces import activated_note, by_clerk_and_state, preview_sections, queued_card, skips
from mailkit.panels.traces.setup import findings_of, in_the_way, setup_card
from mailkit.report.explained_card import saying_card
from mailkit.report.explained_page import style_explained
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold
from mailkit.report.sending_page import result_fragment, sending_style
from mailkit.report.traces import KIND_WORDS, STATE_WORDS
from mailkit.report.words import count, duration
from mailkit.site.file import SiteMistakes
from mailkit.text import shorten, visible
from mailkit.traces.decision import REASONS, reason_words

__all__ = [
    "COLUMNS",
    "cells",
    "detail",
    "failure",
    "heading_of",
    "looks",
    "opened",
    "preview",
    "queued",
    "sent",
    "setup",
    "standing",
    "status",
]

COLUMNS = ("State", "For", "To", "Subject", "What", "Tries", "Said")
_DEED = {
    "load": "Reading the site file",
    "preview": "Going through the traces; nothing is changed",
    "activate": "Queueing the back-fill; nothing is sent",
    "send": "Sending",
    "decide": "Writing it down",
}

Section = tuple[str, str]


@cache
def looks() -> str:
    """Return the styles of the panel's pieces."""
    own = Path(__file__).with_name("traces.css").read_text(encoding="utf-8")
    return f"<style>{sending_style()}\n{style_explained()}\n{own}</style>"


def status(model: TracesModel, deed: Deed, obstacle: str | None) -> str:
    """Return one sentence on where a deed is, and why it cannot be begun when it cannot."""
    why = f"To go on, {obstacle}." if obstacle else ""
    if model.deed != deed:
        return why or ("" if model.running else "Ready.")
    if model.running:
        return _DEED[deed]
    if model.failed is not None:
        return "Not done: see below."
    if model.progress.state is JobState.IDLE:
        return why or "Ready."
    return f"{_ended(model, deed)} {why}".strip()


def detail(model: TracesModel) -> str:
    """Return how far the sending is."""
    now = model.round
    if not (model.running and model.deed == "send") or now is None:
        return ""
    waits = sum(model.view.waits.values())
    paused = next(iter(now.paused.values()), None)
    last = f"waits until {paused.until.astimezone():%H:%M:%S}: {paused.because}" if paused else now.last
    left = f", {waits:,} to go" if waits else ""
    return f"{_counted(now.states) or 'nothing sent yet'}{left}{f'; {visible(shorten(last, 90))}' if last else ''}"


def setup(model: TracesModel, today: dt.date) -> list[Section]:
    """Return the Email Setup in words, and what is in the way."""
    if model.deed == "load" and model.failed is not None:
        return [("error", failure(model.failed))]
    if model.case is None:
        return []
    note = activated_note(model.view.activations.values())
    return [("setup", setup_card(model.case.site) + note), ("hindrances", in_the_way(findings_of(model.case.site, today)))]


def preview(model: TracesModel) -> list[Section]:
    """Return the preview."""
    if model.deed == "preview" and model.failed is not None:
        return [("error", failure(model.failed))]
    if model.previewed is None:
        return []
    shown = preview_sections(model.previewed)
    if model.fits:
        return shown
    return [("old", fold("The last preview; something was changed since", "".join(markup for _, markup in shown), name="old"))]


def queued(model: TracesModel) -> list[Section]:
    """Return what activating did."""
    if model.deed == "activate" and model.failed is not None:
        return [("error", failure(model.failed))]
    done = model.activated
    return [("queued", queued_card(done.queued, again=done.again, store=done.case.store))] if done else []


def sent(model: TracesModel) -> list[Section]:
    """Return what the last round of sending found: one card for each account that is stopped, and the last word."""
    shown: list[Section] = []
    if model.deed == "send" and model.failed is not None:
        shown.append(("error", failure(model.failed)))
    now = model.round
    if now is not None and now.rest is not None and not model.running and not (now.halted and not now.states):
        shown.append(("rest", _rest(model)))
    return shown


def standing(model: TracesModel) -> list[Section]:
    """Return how all mails stand, and which accounts are stopped."""
    if model.lost:
        return [("lost", card("error", "The store cannot be read", [("Why", model.lost)]))]
    now = model.view.standing
    if now is None or not now.states:
        return [("none", '<p class="mk-about">Nothing is queued in this store yet.</p>')] if model.case else []
    shown: list[Section] = []
    for one in now.stopped:
        told = model.view.stopped.get(one.account)
        head = f"Stopped: {one.account}. {count(one.waiting, 'mail')} wait for it."
        note = "Put right what was refused, then let the account be used again. Until then it costs no further failed log-in."
        why = (
            saying_card(told, product="maestro-pms", name=f"why {one.account}")
            if told
            else card("error", one.cause or "The log-in was refused.", [])
        )
        words = f'<div class="mk-stopped-head"><h4>{text(head)}</h4><p class="mk-about">{text(note)}</p></div>'
        shown.append((f"stopped {one.account}", words + why))
    if asking := sum(one.asks for one in now.doubts):
        told_of = (
            f"{count(asking, 'mail')} may have been taken: the line was cut after the last dot. Look into the mailbox, open each"
            " below and say what holds."
        )
        shown.append(("doubts", card("warning", "A person has to decide", [("Uncertain", told_of)])))
    for account, number in now.elsewhere.items():
        gone = f"{count(number, 'mail')} wait for {visible(account)}, which the site file no longer has"
        words = f"{gone}; sending takes the way it has now."
        shown.append((f"elsewhere {account}", f'<p class="mk-note">{text(words)}</p>'))
    return [*shown, ("states", by_clerk_and_state(now)), ("skips", skips(now))]


def opened(model: TracesModel) -> list[Section]:
    """Return one mail with its attempts, the reply, what it means and who must act."""
    one = model.view.opened
    if one is None:
        return []
    because = one.delivery.skip
    words = next((reason_words(reason) for reason in REASONS if reason == because), because)
    markup = result_fragment(one.delivery, one.told, story=one.story, because=words, product="maestro-pms")
    names = [("Subject", one.delivery.subject or "none"), ("Message-ID", one.delivery.message_id)]
    more = "".join(f"<dt>{label}</dt><dd>{text(shorten(value, 200))}</dd>" for label, value in names)
    return [(f"opened {one.delivery.delivery_id}", f'{markup}<dl class="mk-rows mk-names">{more}</dl>')]


def heading_of(one: Delivery) -> str:
    """Return the words above an opened mail."""
    return f"{KIND_WORDS.get(one.kind, one.kind).capitalize()} for {visible(one.user or one.recipient or 'nobody')}"


def cells(one: Delivery) -> list[str]:
    """Return a row of the table."""
    said = " ".join(str(part) for part in (one.reply_code, one.reply) if part is not None)
    because = next((reason_words(reason) for reason in REASONS if reason == one.skip), one.skip or "")
    return [
        STATE_WORDS[one.state],
        visible(shorten(one.user or "-", 40)),
        visible(shorten(one.recipient or "-", 80)),
        visible(shorten(one.subject or "-", 60)),
        KIND_WORDS.get(one.kind, one.kind),
        str(one.attempts),
        visible(shorten(said or because, 100)) or "-",
    ]


def _ended(model: TracesModel, deed: Deed) -> str:
    took = duration(model.progress.seconds * 1000)
    cancelled = model.progress.state is JobState.CANCELLED
    if deed == "load":
        return model.said or "Read."
    if deed == "preview":
        return f"Stopped after {took}; nothing was changed." if cancelled else f"Previewed in {took}; nothing was changed."
    if deed == "activate":
        return (
            "Stopped; what was queued until then stays queued, and activating again queues nothing twice."
            if cancelled
            else "Done."
        )
    if deed == "decide":
        return model.said
    now = model.round
    told = _counted(now.states) if now else ""
    told = told[:1].upper() + told[1:] if told else "Nothing was sent"
    if now and now.halted:
        return f"{told}: the log-in was refused, and nothing more was tried."
    if cancelled or (now is not None and now.stopped):
        return f"Stopped after {took}. {told}; the rest waits, and nothing is sent twice."
    return f"{told}, in {took}."


def _counted(states: object) -> str:
    assert isinstance(states, dict), "made by Round"
    return ", ".join(f"{states[name]:,} {STATE_WORDS[name]}" for name in STATES if states.get(name))


def _rest(model: TracesModel) -> str:
    now = model.round
    assert now is not None, "asked before"
    assert now.rest is not None, "the same"
    rows = [("This time", _counted(now.states) or "nothing was sent")]
    if now.queued is not None and (now.queued.queued or now.queued.rerouted):
        rows.append(("New traces", count(now.queued.queued, "mail")))
    if now.states.get("accepted"):
        rows.append(("Accepted", "The next server took it. Whether it is in the mailbox, only the mailbox can tell."))
    if now.rest.waiting:
        until = f"; the next one is due {now.rest.until:%Y-%m-%d %H:%M} UTC" if now.rest.until and not now.halted else ""
        rows.append(("Still waiting", f"{count(now.rest.waiting, 'mail')}{until}"))
    bad: set[State] = {"rejected", "expired", "uncertain", "deferred", "bounced"}
    if now.halted:
        tone, head = "warning", "Sent, but an account is stopped: see below."
    elif bad & now.states.keys():
        tone, head = "warning", "Sent, and not everything was taken."
    elif now.stopped:
        tone, head = "info", "Stopped, as you said."
    else:
        tone, head = "ok", "Everything that was due was taken." if now.states else "Nothing was due."
    return card(tone, head, rows)


def failure(error: BaseException) -> str:
    """Return why something could not be done; of a fault of the program only where it happened."""
    if isinstance(error, SiteMistakes):
        return mistakes(error)
    known = isinstance(error, MailkitError)
    headline = str(error) if known else "mailkit itself failed; this is a fault of the program, not of the hotel."
    shown = (
        '<section class="mk-card mk-error" aria-label="Error"><h4 class="mk-headline">'
        f'<span class="mk-word mk-error">Not done</span> {text(shorten(headline, 1000))}</h4></section>'
    )
    if known:
        return shown
    # The text of an error may quote what was read: only where it happened is shown.
    trace = "\n".join(text(line) for line in "".join(traceback.format_tb(error.__traceback__)).splitlines())
    return shown + fold("Technical detail", f"<pre tabindex=0 {QUIET_KEYS}>{text(type(error).__name__)}\n{trace}</pre>")
