"""A round as files: JSON Lines of attempts and arrivals, a table, a page, a text for a ticket. Pure; names can be hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from mailkit.finding import Product
from mailkit.panels.send.model import Record, SendModel
from mailkit.panels.send.results import opened
from mailkit.report.explained_page import style_explained
from mailkit.report.machine import line
from mailkit.report.markup import text
from mailkit.report.mask import Mask, names_of_person
from mailkit.report.sending import result
from mailkit.report.sending_page import sending_style
from mailkit.report.sending_words import means, title, totals
from mailkit.report.spreadsheet import csv_text
from mailkit.text import visible

__all__ = ["as_csv", "as_lines", "as_page", "as_ticket"]

_COLUMNS = (
    "user",
    "mail",
    "from",
    "to",
    "meant_for",
    "account",
    "rule",
    "state",
    "changed",
    "stage",
    "reply_code",
    "enhanced_code",
    "reply",
    "reason",
    "cause",
    "folder",
    "latency_ms",
    "message_id",
    "delivery_id",
)


def as_lines(model: SendModel) -> str:
    """Return every attempt and every arrival, one JSON document a line."""
    told = [
        line(one)
        for record in model.round.records.values()
        for one in (*record.attempts, *([record.arrival] if record.arrival is not None else []))
    ]
    return "".join(f"{one}\n" for one in told)


def as_csv(model: SendModel) -> str:
    """Return one row a mail, which no spreadsheet program calculates."""
    return csv_text(_COLUMNS, (_row(record) for record in model.round.records.values()))


def as_page(model: SendModel) -> str:
    """Return a whole HTML page, complete in itself: every mail as its row shows it."""
    parts = []
    for row in model.by_row:
        shown = opened(replace(model, opened=row))
        parts.append(f"<h2>{text(title(model.plan.mails[row]))}</h2>{''.join(markup for _, markup in shown)}")
    summary = text(totals(record.delivery for record in model.round.records.values()))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Test mails</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{sending_style()}\n{style_explained()}</style></head>\n"
        f'<body class="mailkit-page"><main><div class="mailkit"><h1>Test mails</h1><p>{summary}</p></div>'
        f"{''.join(parts)}</main></body></html>\n"
    )


def as_ticket(model: SendModel, *, mask: bool) -> str:
    """Return what became of each mail as plain text; ``mask``: names of people and hosts become words."""
    hide: Callable[[str], str] = Mask(_names(model)) if mask else visible
    product = model.order.product if model.order else None
    parts = [totals(record.delivery for record in model.round.records.values())]
    for row, record in model.by_row.items():
        told = "\n".join(_told(record, product))
        parts.append(f"{title(model.plan.mails[row])}\n{told}")
    text_of = "\n\n".join(parts)
    hidden = "\n".join(hide(one) for one in text_of.splitlines())
    note = (
        "\n\nNames of hosts, addresses and people were replaced; the same word always stands for the same name." if mask else ""
    )
    return f"{hidden}{note}\n"


def _told(record: Record, product: Product | None) -> Iterator[str]:
    settled = record.delivery.state in ("uncertain", "accepted", "delivered")
    yield result(
        record.delivery, None if settled else record.explanation or means(record.delivery, product), product=product, width=100
    ).rstrip()
    for event in record.story:
        said = " ".join(str(part) for part in (event.reply_code, event.reply or event.note) if part)
        yield f"  {event.moment:%Y-%m-%d %H:%M:%S} UTC  {event.state}{f': {said}' if said else ''}"
    for one in record.transcript:
        yield f"  {one.at_ms:7.0f} ms  {one.direction[:1].upper()}: {one.line}"
    for finding in record.findings:
        yield f"  {finding.severity}: {finding.summary}"


def _row(record: Record) -> Iterable[object]:
    one = record.delivery
    copy = record.arrival.copies[0] if record.arrival and record.arrival.copies else None
    return (
        one.user,
        one.mailing,
        one.sender,
        one.recipient,
        one.intended,
        one.account,
        one.rule,
        one.state,
        one.changed,
        one.stage,
        one.reply_code,
        one.enhanced_code,
        one.reply,
        one.reason,
        next((event.cause for event in reversed(record.story) if event.cause), None),
        copy.folder if copy else None,
        copy.latency_ms if copy else None,
        one.message_id,
        one.delivery_id,
    )


def _names(model: SendModel) -> Iterator[tuple[str, str]]:
    for record in model.round.records.values():
        one = record.delivery
        for name in (one.sender, one.recipient, one.intended, one.user):
            if name:
                yield from names_of_person(name)
        login, _, endpoint = (one.account or "").rpartition(" at ")
        if login:
            yield from names_of_person(login)
            yield "host", endpoint.rpartition(":")[0].strip("[]")
