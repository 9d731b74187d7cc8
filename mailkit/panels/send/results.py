"""What the panel shows of its model: the cells of the table, the sections of the sheets, the words of the status line. Pure."""

from __future__ import annotations

import traceback
from collections import Counter

from msgspec.structs import replace

from mailkit.errors import MailkitError
from mailkit.finding import Product
from mailkit.journal import Event
from mailkit.mail.by_hand import by_hand
from mailkit.observation import Line
from mailkit.panels.job import State
from mailkit.panels.send.model import Record, SendModel
from mailkit.panels.send.order import Order
from mailkit.panels.site.markup import scrolled
from mailkit.report import arrival as arrivals
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, fold, verdict
from mailkit.report.sending_page import hand_fragment, plan_fragment, result_fragment
from mailkit.report.sending_words import means, title, totals
from mailkit.report.words import count, duration
from mailkit.text import shorten, visible

__all__ = ["COLUMNS", "detail", "found", "heading", "opened", "preview", "sections", "status", "transcript"]

COLUMNS = ("Mail", "State (UTC)", "From", "To", "By")
_LONGEST = 300
_LINES = 400
_SPEAKER = {"client": "mailkit", "server": "server", "note": ""}

Section = tuple[str, str]


def found(model: SendModel) -> str:
    """Return how many rows there are and how many are chosen."""
    every, some = len(model.plan.mails), len(model.found)
    whole = count(every, "mail") if some == every else f"{some} of {count(every, 'mail')}"
    page = model.on_page
    part = f", {model.found.index(page[0]) + 1} to {model.found.index(page[-1]) + 1} shown" if page and len(page) < some else ""
    return f"{whole}{part}; {len(model.ticked)} chosen"


def preview(order: Order, *, current: bool) -> list[Section]:
    """Return what would be sent; ``current``: it is what is chosen now."""
    stale = '<p class="mk-note">Something was changed since; look at the preview again before sending.</p>'
    shown = plan_fragment(
        order.mails, takes=order.takes, kept_in=order.kept_in if "://" not in order.kept_in else "the store that was named"
    )
    to = order.options.to.strip()
    where = f'<p class="mk-note">Everything goes to {text(to)}, whomever it was meant for.</p>' if to else ""
    return [("preview", ("" if current else stale) + where + scrolled("What would be sent", shown))]


def sections(model: SendModel) -> list[Section]:
    """Return what there is to say about the round as a whole."""
    shown: list[Section] = []
    if model.progress.state is State.FAILED:
        shown.append(("error", _failure(model)))
    if (ask := model.round.sign_in) is not None and model.progress.running:
        code = f"<p>Type this code there: <code>{text(ask.code)}</code></p>" if ask.code else ""
        link = (
            f'<a href="{text(ask.url)}" target="_blank" rel="noopener noreferrer">Open the sign-in page</a>'
            if ask.url.startswith("https://")
            else text(ask.url)
        )
        card = (
            f'<section class="mk-card mk-info" aria-label="Sign in"><h4 class="mk-headline">{text(ask.login)} signs in</h4>'
            f"<p>{link}</p>{code}</section>"
        )
        shown.append(("sign-in", card))
    shown += [(f"said {number}", f'<p class="mk-note">{text(said)}</p>') for number, said in enumerate(model.round.said)]
    for endpoint, document in model.round.servers.items():
        shown.append(
            (f"server {endpoint}", f'<h4 class="mailkit-server">What {text(endpoint)} itself says</h4>{verdict(document)}')
        )
    return shown


def heading(model: SendModel) -> str:
    """Return the words above the mail that is looked at."""
    return title(model.plan.mails[model.opened])


def opened(model: SendModel) -> list[Section]:
    """Return everything about the mail that is looked at."""
    if not 0 <= model.opened < len(model.plan.mails):
        return []
    planned = model.plan.mails[model.opened]
    product = planned.product
    record = model.by_row.get(model.opened)
    if record is None:
        return [("plan", plan_fragment([planned]))]
    shown: list[Section] = []
    delivery = record.delivery
    if planned.way == "by-hand" and planned.route.transport is not None and delivery.state == "pending":
        steps = by_hand(planned.route.transport, subject=delivery.subject or "", recipient=delivery.recipient, user=planned.user)
        return [("by hand", hand_fragment(delivery, steps))]
    shown.append(("result", _result(record, product)))
    if record.arrival is not None:
        shown.append(("arrival", arrivals.fragment(record.arrival, record.findings)))
    if record.transcript:
        shown.append(("transcript", transcript(record.transcript)))
    return shown


def transcript(lines: tuple[Line, ...]) -> str:
    """Return what was said, folded away; log-ins are redacted where they are recorded."""
    told = "".join(
        f'<p class="mk-{line.direction}"><span class="mk-at">{line.at_ms:.0f} ms</span>'
        f'<span class="mk-who">{_SPEAKER[line.direction]}</span><code>{text(shorten(line.line, _LONGEST))}</code></p>'
        for line in lines[:_LINES]
    )
    more = f"<p>… and {len(lines) - _LINES} more lines</p>" if len(lines) > _LINES else ""
    inside = f'<div class="mk-talk" tabindex="0" role="region" aria-label="What was said" {QUIET_KEYS}>{told}{more}</div>'
    return fold(f"What was said ({count(len(lines), 'line')})", inside, name="talk")


def status(model: SendModel, obstacle: str | None) -> str:
    """Return one sentence on where the work is, and what stands in the way when something does."""
    progress = model.progress
    if progress.running:
        phase = model.round.phase
        words = {
            "sign-in": "Signing in",
            "sending": "Sending",
            "servers": "Asking the servers that could not be reached",
            "following": f"Looking for the mails, until {phase.until:%H:%M:%S} UTC" if phase and phase.until else "Looking",
        }
        going = words[phase.name] if phase else "Beginning"
        return f"{going}; stopping, what is in hand is finished" if model.stopped else going
    why = f"{obstacle[:1].upper()}{obstacle[1:].rstrip('.')}." if obstacle else ""
    if progress.state is State.IDLE:
        return why or "Ready to send."
    if progress.state is State.FAILED:
        return "Not done: see below."
    told = totals(record.delivery for record in model.round.records.values())
    took = duration(progress.seconds * 1000)
    stopped = model.stopped or progress.state is State.CANCELLED
    begun = f"Stopped after {took}" if stopped else f"Done in {took}"
    return f"{begun}. {told} {_caution(model)}".rstrip()


def detail(model: SendModel) -> str:
    """Return how far it is, while the work goes on."""
    if not model.progress.running:
        return ""
    records = [one for one in model.round.records.values() if one.delivery.account]
    waiting = sum(one.delivery.state in ("pending", "sending") for one in records)
    phase = model.round.phase
    if phase is not None and phase.name == "following":
        states = Counter(one.delivery.state for one in records)
        return f"{states['delivered']} of {states['delivered'] + states['accepted'] + states['uncertain']} seen"
    return f"{len(records) - waiting} of {len(records)}" if records else ""


def _caution(model: SendModel) -> str:
    """Say what "accepted" is, as long as a mail is no more than that."""
    if any(one.delivery.state == "accepted" for one in model.round.records.values()):
        return "Accepted is not delivered: only the mailbox or a bounce can tell."
    return ""


def _result(record: Record, product: Product) -> str:
    delivery = record.delivery
    note = next((one.note for one in reversed(record.story) if one.state == delivery.state and one.note), None)
    explained = (
        None if delivery.state in ("uncertain", "accepted", "delivered") else record.explanation or means(delivery, product)
    )
    because = note if delivery.state in ("skipped", "expired") else None
    return result_fragment(delivery, explained, story=map(_once, record.story), because=because, product=product)


def _once(event: Event) -> Event:
    """An event whose reply begins with its code already has it in words."""
    said = event.reply_code is not None and (event.reply or "").startswith(str(event.reply_code))
    return replace(event, reply_code=None) if said else event


def _failure(model: SendModel) -> str:
    error = model.progress.error
    known = isinstance(error, MailkitError)
    headline = str(error) if known else "mailkit itself failed; this is a fault of the program, not of the mail."
    card = (
        '<section class="mk-card mk-error" aria-label="Error"><h4 class="mk-headline">'
        f'<span class="mk-word mk-error">Not done</span> {text(headline)}</h4></section>'
    )
    if known or error is None:
        return card
    trace = "\n".join(visible(line) for line in "".join(traceback.format_tb(error.__traceback__)).splitlines())
    return card + fold("Technical detail", f"<pre tabindex=0 {QUIET_KEYS}>{text(type(error).__name__)}\n{text(trace)}</pre>")
