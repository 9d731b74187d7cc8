"""Test mails as pieces of HTML: the table of what would be sent, and what became of one mail, opened.

The words are those of :mod:`.sending`; every text of unknown origin is escaped. No fragment has a script or loads anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files

from mailkit.explain import Explanation
from mailkit.finding import Finding, Product
from mailkit.journal import Delivery, Event
from mailkit.mail.by_hand import ByHand
from mailkit.mail.planned import Planned
from mailkit.report.explained_card import saying_card
from mailkit.report.markup import text
from mailkit.report.outline import Alike
from mailkit.report.page import listed, style
from mailkit.report.route_words import MAILING
from mailkit.report.sending_words import STATE, alike, by_which_way, full_reply, meaning, span, state, whose
from mailkit.report.words import STAGE, count, moment

__all__ = ["hand_fragment", "plan_fragment", "result_fragment", "sending_style"]

ROWS = 500
"""Rows of a table; of more, how many there are."""

_WAY = {"smtp": "sent from here", "by-hand": "by hand", "none": "cannot be sent"}
_TONE = {"accepted": "ok", "delivered": "ok", "deferred": "warning", "uncertain": "warning", "rejected": "error"}
_TONE |= {"bounced": "error", "expired": "error"}


@cache
def sending_style() -> str:
    """Return the style sheet of these pieces; all its rules are below the class ``mailkit``."""
    own = [files("mailkit.report").joinpath(name).read_text(encoding="utf-8") for name in ("explained.css", "sending.css")]
    return "\n".join((style(), *own))


def plan_fragment(planned: Sequence[Planned], *, takes: timedelta = timedelta(), kept_in: str | None = None) -> str:
    """Return what would be sent, one row a mail, with what cannot be sent and what is to be known before."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Who", "Mail", "From", "To", "By", ""))
    rows = "".join(map(_row, planned[:ROWS]))
    more = f"<p>and {len(planned) - ROWS} more</p>" if len(planned) > ROWS else ""
    stopped = [one.obstacle for one in planned if one.obstacle and one.obstacle.severity != "info"]
    unused = [one.obstacle for one in planned if one.obstacle and one.obstacle.severity == "info"]
    notes = [note for one in planned if one.obstacle is None for note in one.notes]
    number = sum(one.way == "smtp" for one in planned)
    said = [f"{count(number, 'mail')} to send"]
    if takes >= timedelta(minutes=1):
        said.append(f"{span(takes)} at least, for no provider is sent more than it lets one account send")
    if kept_in:
        said.append(f"every attempt is written to {kept_in}")
    return (
        f'<style>{sending_style()}</style><div class="mailkit"><p class="mk-about">{text("; ".join(said))}.</p>'
        f'<table class="mk-mails"><caption>Test mails</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{more}'
        f"{_group('Cannot be sent', stopped)}{_group('Nobody sends like this', unused)}{_group('To know before', notes)}</div>"
    )


def result_fragment(
    delivery: Delivery,
    told: Explanation | None = None,
    *,
    story: Iterable[Event] = (),
    because: str | None = None,
    product: Product | None = None,
) -> str:
    """Return what became of one mail: its state, what was said, what that means and who acts, and its story with times."""
    rows = [("Means", meaning(delivery))]
    if because:
        rows.append(("Because", because))
    if delivery.reply and told is None:  # else its own card quotes it
        at = STAGE.get(delivery.stage or "", delivery.stage or "")
        rows.append(("Said", full_reply(delivery) + (f" ({at})" if at else "")))
    told_rows = "".join(f"<dt>{label}</dt><dd>{text(value)}</dd>" for label, value in rows)
    meant = f" (meant for {delivery.intended})" if delivery.intended else ""
    whom = delivery.user or "nobody's own"
    head = f"{whom}: to {delivery.recipient or 'nobody'}{meant}"
    steps = "".join(f"<tr><td>{text(moment(one.moment))}</td><td>{_step(one)}</td></tr>" for one in story)
    listed_steps = f'<table class="mk-mails"><caption>What happened</caption><tbody>{steps}</tbody></table>' if steps else ""
    card = saying_card(told, product=product, name=f"why-{delivery.delivery_id}") if told is not None else ""
    return (
        f'<style>{sending_style()}</style><div class="mailkit">'
        f'<section class="mk-card mk-{_TONE.get(delivery.state, "unknown")}" aria-label="Result">'
        f'<h3 class="mk-headline">{text(state(delivery).capitalize())}</h3><p class="mk-about">{text(head)}</p>'
        f'<dl class="mk-rows">{told_rows}</dl></section>{card}{listed_steps}</div>'
    )


def hand_fragment(delivery: Delivery, steps: ByHand) -> str:
    """Return what a person does to send one mail."""
    items = "".join(f"<li>{text(step)}</li>" for step in (*steps.before, *steps.steps))
    return (
        f'<style>{sending_style()}</style><div class="mailkit"><section class="mk-card mk-info" aria-label="By hand">'
        f'<h3 class="mk-headline">By hand, {text(steps.title)}</h3><p class="mk-about">{text(steps.who)}</p>'
        f"<ol>{items}</ol><p>{text(steps.notice)}</p><p>Its code: <code>{text(delivery.delivery_id)}</code></p></section></div>"
    )


def _row(one: Planned) -> str:
    tone = "" if one.obstacle is None else " mk-stopped" if one.obstacle.severity != "info" else " mk-unused"
    meant = f"<small>meant for {text(one.intended)}</small>" if one.intended else ""
    cells = (
        text(MAILING.get(one.mailing, one.mailing)).replace("*", "*<wbr>"),
        _cut(one.sender or "settled by the program" if one.way == "by-hand" else one.sender or ""),
        _cut(one.recipient or "") + meant,
        _cut(by_which_way(one)),
        _WAY[one.way],
    )
    return (
        f'<tr class="mk-mail{tone}"><th scope="row">{text(whose(one))}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
    )


def _step(event: Event) -> str:
    parts = [STATE[event.state]]
    if event.stage:
        parts.append(STAGE.get(event.stage, event.stage).lower())
    code = " ".join(str(part) for part in (event.reply_code, event.reply or event.note) if part)
    return text(", ".join(parts) + (f": {code}" if code else ""))


def _group(title: str, findings: Sequence[Finding]) -> str:
    told = [Alike(finding=finding, also=about[1:]) for finding, about in alike(findings)]
    return f'<section class="mk-group"><h4>{title}</h4>{listed(told)}</section>' if told else ""


def _cut(shown: str) -> str:
    """An address is cut at its @ before it is cut anywhere."""
    return text(shown).replace("@", "@<wbr>").replace(".", ".<wbr>")
