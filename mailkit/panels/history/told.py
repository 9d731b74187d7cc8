"""The whole story of one delivery as markup: what it comes down to, who must act, and every event with its replies. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailkit.explain import explain
from mailkit.finding import Product
from mailkit.history.engine import History
from mailkit.history.life import FAILED
from mailkit.history.questions import story
from mailkit.panels.history.deliveries import TONES
from mailkit.panels.history.tables import span
from mailkit.report.explained_card import saying_card
from mailkit.report.explained_page import style_explained
from mailkit.report.frames import rows
from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS, style
from mailkit.report.words import STAGE, count
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fragment", "heading", "markup"]

_MEANS = {
    "pending": "It was not tried yet.",
    "skipped": "It will not be sent.",
    "sending": "Its body may be on its way; if the sender was ended meanwhile, the next one decides.",
    "accepted": "The next server took it. That is not “delivered”: nothing was heard since.",
    "deferred": "It was refused for now, and will be tried again.",
    "rejected": "It was refused for good.",
    "uncertain": "The line was cut after the last dot, so it may have been taken. A person decides whether to send it again.",
    "delivered": "It was seen in the mailbox, or a report confirmed it.",
    "bounced": "It came back after a server had taken it.",
    "expired": "It was given up.",
}
_SOURCE = {
    "mailkit": "mailkit",
    "person": "a person",
    "mailbox": "the mailbox",
    "bounce": "a bounce",
    "exchange-trace": "Exchange message trace",
    "exchange-tracking": "Exchange tracking log",
    "postfix": "Postfix log",
    "exim": "Exim log",
    "csv": "a table",
}
_STAGES = {"connect": "Connection", "arrival": "Arrival"}
_EVENTS = 200
"""Events on the page; the table as a file has all."""
_REPLY = 600


def heading(told: pd.DataFrame) -> str:
    """Return the words above it."""
    last = _records(told)[-1]
    return f"{visible(shorten(_first(told, 'recipient') or 'Recipient not known', 80))}: {last['state']}"


def markup(told: pd.DataFrame, zone: str, *, product: Product | None = None) -> str:
    """Return the card, the explanation and the events.

    Args:
        told: the table ``story`` of a delivery, or of all deliveries of a mail.
        zone: in whose time.
        product: whose screens are named.
    """
    records = _records(told)
    if not records:
        return '<p class="mk-about">Nothing is recorded of it.</p>'
    return f"{_card(told, records)}{_explained(records, product)}{_events(records, ZoneInfo(zone), zone)}"


def fragment(history: History, name: str, zone: str = "UTC", *, product: Product | None = None) -> str:
    """Return the story of a delivery as one piece of HTML with its styles, as the output of a notebook cell is.

    Args:
        history: what to ask.
        name: the delivery, or a Message-ID.
        zone: in whose time.
        product: whose screens are named.
    """
    told = story(history, name)
    title = f"<h3>{text(heading(told))}</h3>" if len(told) else ""
    return f'<style>{style()}{style_explained()}</style><div class="mailkit">{title}{markup(told, zone, product=product)}</div>'


def _card(told: pd.DataFrame, records: list[dict[str, Any]]) -> str:
    # What the outbox goes by, not the last line alone: a late log of another system does not take back a delivery.
    last = _telling(records)
    state = str(last["state"])
    tone = {"quiet": "unknown"}.get(TONES.get(state, "quiet"), TONES.get(state, "unknown"))
    facts = {
        "Subject": _first(told, "subject"),
        "From": _first(told, "sender"),
        "User": _first(told, "user"),
        "Kind": " · ".join(value for name in ("kind", "mailing", "property") if (value := _first(told, name))) or None,
        "Account": _first(told, "account"),
        "Message-ID": _first(told, "message_id"),
        "Delivery": _first(told, "delivery_id"),
    }
    listed = "".join(
        f"<dt>{name}</dt><dd>{text(shorten(visible(value), 200))}</dd>" for name, value in facts.items() if value is not None
    )
    others = len({record["delivery_id"] for record in records})
    many = f'<p class="mk-about">This mail went to {others} recipients; all of them are below.</p>' if others > 1 else ""
    return (
        f'<section class="mk-card mk-{tone}" aria-label="What became of it">'
        f'<h4 class="mk-headline">{text(_MEANS.get(state, state))}</h4>'
        f'{many}<dl class="mk-rows">{listed}</dl></section>'
    )


def _telling(records: list[dict[str, Any]]) -> dict[str, Any]:
    seen = [record for record in records if record["state"] in {"delivered", "bounced"}]
    return seen[-1] if seen else records[-1]


def _explained(records: list[dict[str, Any]], product: Product | None) -> str:
    """Explain the last failure, unless the mail went through after it."""
    if _telling(records)["state"] in {"delivered", "accepted", "skipped"}:
        return ""
    failed = next((one for one in reversed(records) if one["state"] in FAILED and _saying(one)), None)
    if failed is None:
        return ""
    said = explain(_saying(failed), host=(failed["endpoint"] or "").rpartition(":")[0] or None, product=product)
    return saying_card(said, product=product, name="story-why")


def _saying(record: dict[str, Any]) -> str:
    reply = str(record["reply"] or "")
    codes = [str(record[name]) for name in ("reply_code", "enhanced_code") if record[name] is not None]
    return reply if not reply or any(reply.startswith(code) for code in codes) else " ".join([*codes, reply])


def _events(records: list[dict[str, Any]], clock: ZoneInfo, zone: str) -> str:
    body = "".join(_event(record, clock) for record in records[:_EVENTS])
    more = f'<p class="mk-about">The first {_EVENTS} of {len(records):,} events.</p>' if len(records) > _EVENTS else ""
    title = f"{count(len(records), 'event')}, times of {zone}"
    heads = ("When", "After", "State", "What was said", "Server", "Seen by")
    head = "".join(f'<th scope="col">{words}</th>' for words in heads)
    return (
        f'<section class="mk-group"><h4>{text(title)}</h4>'
        f'<div class="mk-wide" tabindex="0" role="region" aria-label="Events" {QUIET_KEYS}>'
        f'<table class="mk-table"><caption>{text(title)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more}</section>"
    )


def _event(record: dict[str, Any], clock: ZoneInfo) -> str:
    state = str(record["state"])
    attempt = f"<small>try {record['attempt']}</small>" if record["attempt"] is not None else ""
    moment = record["moment"].astimezone(clock)
    became = f'<span class="mailkit-state" data-tone="{TONES.get(state, "quiet")}">{text(state)}</span>{attempt}'
    cells = (
        f'<td class="mk-day">{moment:%Y-%m-%d %H:%M:%S}</td>',
        f'<td class="mk-number">{text(span(record["gap_ms"])) if record["gap_ms"] is not None else ""}</td>',
        f"<td>{became}</td>",
        f"<td>{'<br>'.join(_said(record, clock))}</td>",
        f"<td>{text(record['endpoint'] or '')}</td>",
        f"<td>{text(_SOURCE.get(record['source'], str(record['source'])))}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _said(record: dict[str, Any], clock: ZoneInfo) -> Iterator[str]:
    if saying := _saying(record):
        stage = record["stage"]
        where = f"{text(STAGE.get(stage, _STAGES.get(stage, stage)))}: " if stage else ""
        yield f"{where}<code>{text(shorten(' '.join(saying.split()), _REPLY))}</code>"
    if record["note"]:
        yield text(shorten(" ".join(str(record["note"]).split()), _REPLY))
    if record["next_try"] is not None:
        yield f"<small>next try {record['next_try'].astimezone(clock):%Y-%m-%d %H:%M:%S}</small>"
    parts = [
        f"{words} {span(record[name])}"
        for name, words in (
            ("before_ms", "before"),
            ("queue_ms", "queue"),
            ("connect_ms", "connecting"),
            ("transmit_ms", "transmission"),
        )
        if record[name]
    ]
    if parts:
        yield f"<small>{text(', '.join(parts))}</small>"


def _records(told: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(told.columns, row, strict=True)) for row in rows(told)]


def _first(told: pd.DataFrame, name: str) -> str | None:
    known = told[name].dropna()
    return str(known.iloc[0]) if len(known) else None
