"""What can be taken along: every mail as CSV, all documents as JSON Lines, a page, a text for a ticket. Masked on request.

A text of a stranger becomes no formula, no markup and no command in any of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from mailkit.journal import Delivery
from mailkit.panels.traces.case import Case
from mailkit.panels.traces.look import Asked, View, look
from mailkit.panels.traces.model import TracesModel
from mailkit.panels.traces.results import cells, looks
from mailkit.report.machine import line
from mailkit.report.markup import text
from mailkit.report.mask import Mask, names_of_person
from mailkit.report.spreadsheet import csv_text
from mailkit.report.traces import STATE_WORDS, preview_text, status_text
from mailkit.site.pms import PmsSite
from mailkit.traces.preview import Preview
from mailkit.traces.trace import KINDS

__all__ = ["MOST", "Kind", "exported"]

Kind = Literal["csv", "jsonl", "html", "txt"]
MOST = 8000
"""Mails in one file: Jupyter drops a message of more than some megabytes. ``mailkit history`` has no such limit."""
_HEAD = (
    "state", "kind", "clerk", "property", "recipient", "subject", "skip", "attempts", "reply_code", "enhanced_code", "reply",
    "reason", "queued", "changed", "batch", "delivery_id",
)  # fmt: skip
_KEPT = frozenset(
    ("activation", "basis", "batch", "code", "confidence", "delivery_id", "edges", "field", "how", "kind", "message_id",
     "on_uncertain", "outcome", "reason", "schema", "severity", "stage", "state", "status", "where")
)  # fmt: skip
"""Fields that are words of the program or its own tokens, in which no name is looked for."""

_PEOPLE = {"who", "user", "clerk"}
"""Fields that name somebody, whatever stands there."""

S = TypeVar("S", bound=Struct)


def exported(model: TracesModel, kind: Kind, *, mask: bool) -> tuple[str, str]:
    """Return the file's name and its text.

    Raises:
        InputError: the store cannot be read.
    """
    case = model.case
    assert case is not None, "there is nothing to export before"
    hide = Mask(_names(case.site)) if mask else None
    name = f"mailkit-traces-{dt.datetime.now(tz=dt.UTC):%Y%m%dT%H%M%SZ}.{'md' if kind == 'txt' else kind}"
    view = look(case, Asked())
    preview = model.previewed.preview if model.previewed and model.previewed.case.site.name == case.site.name else None
    made = {"csv": _csv, "jsonl": _lines, "html": _page, "txt": _ticket}[kind]
    return name, made(case, view, preview, hide)


def _csv(case: Case, _view: View, _preview: Preview | None, hide: Mask | None) -> str:
    return csv_text(_HEAD, (_row(one) for one in _deliveries(case, hide)))


def _row(one: Delivery) -> tuple[object, ...]:
    return (
        STATE_WORDS[one.state], one.kind, one.user, one.property, one.recipient, one.subject, one.skip, one.attempts,
        one.reply_code, one.enhanced_code, one.reply, one.reason, one.created, one.changed, one.batch, one.delivery_id,
    )  # fmt: skip


def _lines(case: Case, view: View, preview: Preview | None, hide: Mask | None) -> str:
    documents: list[Struct] = [one for one in (preview, view.standing) if one is not None]
    if view.standing is not None:
        with case.open_store(create=False) as store:
            for number, attempt in enumerate(store.attempts(kinds=KINDS)):
                if number == MOST:
                    break
                documents.append(attempt)
    return "".join(f"{line(_masked(one, hide))}\n" for one in documents)


def _page(case: Case, view: View, preview: Preview | None, hide: Mask | None) -> str:
    from mailkit.panels.traces.choice import Choice  # noqa: PLC0415 - loaded when it is needed
    from mailkit.panels.traces.deeds import Previewed  # noqa: PLC0415 - loaded when it is needed
    from mailkit.panels.traces.pieces import by_clerk_and_state, preview_sections, skips  # noqa: PLC0415 - only for a page

    title = f"Traces of {_said(case.site.name or case.name, hide)}"
    parts = []
    if view.standing is not None:
        now = _masked(view.standing, hide)
        parts += [by_clerk_and_state(now), skips(now)]
    rows = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in cells(one))}</tr>" for one in _deliveries(case, hide))
    if rows:
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("State", "For", "To", "Subject", "What", "Tries", "Said"))
        parts.append(
            f'<section class="mk-group"><h4>Every mail</h4><div class="mk-scroll"><table class="mk-table">'
            f"<thead><tr>{heads}</tr></thead>"
            f"<tbody>{rows}</tbody></table></div></section>"
        )
    if preview is not None:
        hidden = _masked(preview, hide)
        from mailkit.panels.traces.charts import by_day_and_clerk  # noqa: PLC0415 - loaded when it is needed

        parts += [markup for _, markup in preview_sections(Previewed(case, Choice(), hidden, by_day_and_clerk(hidden)))]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{looks()}</head>\n'
        f'<body class="mailkit-page"><main class="mailkit"><h3 class="mk-headline">{text(title)}</h3>'
        f"{''.join(parts)}</main></body></html>\n"
    )


def _ticket(case: Case, view: View, preview: Preview | None, hide: Mask | None) -> str:
    told = [f"Traces of {_said(case.site.name or case.name, hide)}", ""]
    if view.standing is not None:
        told += ["How the mails stand", "", *status_text(_masked(view.standing, hide), store="STORE").splitlines(), ""]
    if preview is not None:
        told += ["What was previewed", "", *preview_text(_masked(preview, hide)).splitlines()]
    return "\n".join(["```text", *(one.replace("```", "'''") for one in told), "```", ""])


def _deliveries(case: Case, hide: Mask | None) -> Iterator[Delivery]:
    if not case.store_is_there:
        return
    with case.open_store(create=False) as store:
        for number, one in enumerate(store.deliveries(kinds=KINDS)):
            if number == MOST:
                return
            yield _masked(one, hide) if hide is None else msgspec.structs.replace(_masked(one, hide), subject="(hidden)")


def _masked(document: S, hide: Mask | None) -> S:
    if hide is None:
        return document
    plain = msgspec.to_builtins(document, builtin_types=(dt.datetime, dt.date))
    return msgspec.convert(_hidden(plain, hide), type(document))


def _hidden(value: Any, hide: Mask, name: str = "") -> Any:  # noqa: ANN401 - plain values of any shape
    if isinstance(value, str):
        if name == "subject":
            return "(hidden)"
        known_by_code = name in _PEOPLE and "@" not in value
        return value if name in _KEPT else hide.word("user", value) if known_by_code else hide(value)
    if isinstance(value, dict) and "action" in value:  # of a fix: who acts is a word of the program
        return {key: one if key == "who" else _hidden(one, hide, key) for key, one in value.items()}
    if isinstance(value, dict):
        whose = name in {"who", "shared", "elsewhere"}
        return {(_hidden(key, hide, "who") if whose else key): _hidden(one, hide, name=str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(one, hide, name) for one in value]
    return value


def _said(words: str, hide: Mask | None) -> str:
    return hide(words) if hide is not None else words


def _names(site: PmsSite) -> Iterator[tuple[str, str]]:
    """Every name the site file knows of, with its kind."""
    if site.name:
        yield "organisation", site.name
    every = (site.email_setup, *(one.email_setup for one in site.properties))
    yield from (("host", setup.server) for setup in every if setup.server)
    codes = [name for clerk in site.clerks for name in (clerk.code, clerk.name)] + [one.code for one in site.departments]
    yield from (("user", name) for name in codes if name)
    people = [person for setup in every for person in (setup.auth_name, setup.trace_rep_addr)]
    people += [one.email for one in site.clerks] + [one.email for one in site.departments]
    for person in people:
        yield from names_of_person(person) if person else ()
