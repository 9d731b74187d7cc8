"""The table of deliveries to search in: its cells as escaped markup, and the itables widget that shows them all.

Every cell passes :func:`mailkit.report.markup.text` before itables gets it, which is why itables is told to show markup: the
first cell is a button, so that a delivery can be opened with the keyboard too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailkit.report.markup import text
from mailkit.report.page import QUIET_KEYS
from mailkit.text import shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHOWN", "TONES", "Listed", "listed", "made", "update"]

SHOWN = 5000
"""The most deliveries on the page, those that changed last; files hold more."""
TONES = {
    "delivered": "ok",
    "accepted": "ok",
    "rejected": "error",
    "bounced": "error",
    "expired": "error",
    "deferred": "warning",
    "uncertain": "warning",
    "pending": "quiet",
    "skipped": "quiet",
    "sending": "info",
}
_COLUMNS: dict[str, str] = {
    "recipient": "Recipient",
    "state": "State",
    "changed": "Since",
    "user": "User",
    "subject": "Subject",
    "why": "Why",
    "endpoint": "Server",
    "attempts": "Tries",
}
_SEARCHED = ("delivery_id", "message_id", "sender", "reply", "kind", "property", "mailing", "account")
"""Not shown, for there is no room, but found by a search."""
_CELL = 90


@dataclass(frozen=True)
class Listed:
    """The deliveries on the page."""

    ids: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Cells as markup."""
    more: bool
    """There are more than these."""


def listed(frame: pd.DataFrame, zone: str) -> Listed:
    """Make the cells of the newest deliveries.

    Args:
        frame: the table ``latest``.
        zone: in whose time they are shown.
    """
    clock = ZoneInfo(zone)
    records: Any = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = tuple(tuple(_cells(record, clock)) for record in records)
    return Listed(tuple(str(record["delivery_id"]) for record in records), rows, bool(frame.attrs.get("more")))


def made(shown: Listed, chose: Callable[[str], None]) -> Any:  # noqa: ANN401 - itables has no types for its widget
    """Return the widget; ``chose`` is called with the delivery whose row is chosen."""
    from itables.widget import ITable  # noqa: PLC0415 - an optional extra, with a script of half a megabyte

    table = ITable(_frame(shown), **_OPTIONS)
    table.add_class("mailkit")
    table.add_class("mailkit-deliveries")
    ids = [shown.ids]
    table.ids = ids

    def selected(change: Any) -> None:  # noqa: ANN401 - a traitlets change
        if change["new"] and 0 <= change["new"][0] < len(ids[0]):
            chose(ids[0][change["new"][0]])

    table.observe(selected, "selected_rows")
    return table


def update(table: Any, shown: Listed) -> None:  # noqa: ANN401 - itables has no types
    """Show other deliveries."""
    table.ids[0] = shown.ids
    table.update(_frame(shown), selected_rows=[], **_OPTIONS)


_OPTIONS: dict[str, Any] = {
    "maxBytes": 0,
    "maxRows": 0,
    "maxColumns": 0,
    "allow_html": True,  # every cell is escaped in _cells
    "showIndex": False,
    "select": "single",
    "classes": "display compact",
    "style": "table-layout:auto;width:100%;margin:0;caption-side:top",
    "lengthMenu": [10, 25, 100],
    "pageLength": 10,
    "autoWidth": False,
    "order": [],
    "columnDefs": [{"targets": list(range(len(_COLUMNS), len(_COLUMNS) + len(_SEARCHED))), "visible": False}],
    "language": {
        "search": "Find in the mails",
        "info": "_START_ to _END_ of _TOTAL_ mails",
        "infoFiltered": "(of _MAX_)",
        "infoEmpty": "no mail",
        "zeroRecords": "No mail has that.",
        "emptyTable": "No mail in the chosen time.",
        "lengthMenu": "_MENU_ on a page",
        "select": {"rows": {"_": "", "0": "", "1": ""}, "cells": "", "columns": ""},
    },
}


def _frame(shown: Listed) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - an optional extra

    return pd.DataFrame(list(shown.rows), columns=[*_COLUMNS.values(), *_SEARCHED], dtype=object)


def _cells(record: dict[str, Any], clock: ZoneInfo) -> list[str]:
    name = _text(record["recipient"]) or "not known"
    shown = {
        "recipient": f'<button type="button" class="mailkit-open" {QUIET_KEYS}>{name}</button>',
        "state": _state(record["state"]),
        "changed": _time(record["changed"], clock),
        "why": _text((record["cause"] or record["reason"] or "").replace("_", " ")),
        "attempts": str(record["attempts"] or 0),
    }
    return [shown.get(name) or _text(record.get(name)) for name in _COLUMNS] + [_text(record[name]) for name in _SEARCHED]


def _state(state: str) -> str:
    return f'<span class="mailkit-state" data-tone="{TONES.get(state, "quiet")}">{text(state)}</span>'


def _time(moment: datetime | None, clock: ZoneInfo) -> str:
    return f'<span class="mailkit-time">{moment.astimezone(clock):%Y-%m-%d %H:%M:%S}</span>' if moment else ""


def _text(value: object) -> str:
    return text(shorten(" ".join(str(value).split()), _CELL)) if value is not None else ""
