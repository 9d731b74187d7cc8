"""What the delivery history says to an audit: its headlines as findings, the tables behind them, and the figures to compare.

Works with :mod:`mailkit.history.questions`; who can do what is in ``history.toml`` beside this file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mailkit.audit.document import AuditTable, Cell, LeftOut
from mailkit.finding import Finding, Fix
from mailkit.knowledge import Meta, in_each_language, language, read

if TYPE_CHECKING:
    import pandas as pd

    from mailkit.history.engine import History

__all__ = ["Records", "records"]

_ROWS = 1000
_FIGURES = (
    "deliveries",
    "skipped",
    "unattempted",
    "sending",
    "accepted",
    "unheard",
    "delivered",
    "bounced",
    "rejected",
    "expired",
    "uncertain",
    "deferred",
    "stuck",
)


class Records(Struct, frozen=True, kw_only=True):
    """The part of an audit that comes from the history."""

    first: datetime | None = None
    last: datetime | None = None
    sentences: tuple[str, ...] = ()
    figures: dict[str, int] = {}
    tables: tuple[AuditTable, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class _Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    titles: dict[str, str]
    fixes: dict[str, tuple[Fix, ...]]


@in_each_language
def _words() -> _Words:
    return read(Path(__file__).with_name("history.toml"), _Words)


def records(store: str, *, days: int, zone: str | None = None, now: datetime | None = None) -> Records:
    """Read the history of the last days; blocking.

    Args:
        store: a file or the address of a database.
        days: how many days back.
        zone: the time zone in which days begin; this machine's when not given.
        now: the end of the period; the clock's time when not given.

    Raises:
        InputError: the store cannot be read, or packages are missing.
    """
    # Loaded here: an audit without a history needs none of the engines.
    from mailkit.history.choice import Filter  # noqa: PLC0415 - an optional extra
    from mailkit.history.engine import open_history  # noqa: PLC0415 - loaded when it is needed
    from mailkit.history.questions import headlines  # noqa: PLC0415 - loaded when it is needed

    end = now or datetime.now(UTC)
    where = Filter(since=end - timedelta(days=days), until=end, zone=zone or "UTC")
    with open_history(store, cache=False) as history:
        told = headlines(history, where, now=end, language=language())
        tables = tuple(_tables(history, where, end))
        figures = _figures(history, where, end)
    return Records(
        first=end - timedelta(days=days),
        last=end,
        sentences=tuple(one.text for one in told),
        figures=figures,
        tables=tables,
        findings=tuple(
            Finding(
                code=f"history.{one.code}",
                severity=one.severity,
                stage="history",
                subject=_words().titles.get(one.table, one.table),
                summary=one.text,
                evidence={"table": one.table},
                fix=_words().fixes.get(one.code, ()) if one.severity in ("error", "warning") else (),
            )
            for one in told
        ),
    )


def _figures(history: History, where: Any, now: datetime) -> dict[str, int]:  # noqa: ANN401 - a Filter, imported late
    from mailkit.history.questions import funnel  # noqa: PLC0415 - an optional extra

    row = funnel(history, None, where, now=now).iloc[0]
    return {name: int(row[name]) for name in _FIGURES}


def _tables(history: History, where: Any, now: datetime) -> Iterator[AuditTable]:  # noqa: ANN401 - a Filter, imported late
    from mailkit.history import questions  # noqa: PLC0415 - an optional extra

    frames: dict[str, pd.DataFrame] = {
        "funnel": questions.funnel(history, "day", where, now=now, limit=_ROWS),
        "by-user": questions.funnel(history, "user", where, now=now, limit=_ROWS),
        "by-endpoint": questions.funnel(history, "endpoint", where, now=now, limit=_ROWS),
        "by-domain": questions.funnel(history, "domain", where, now=now, limit=_ROWS),
        "reasons": questions.reasons(history, where, limit=50),
        "latency": questions.latency(history, "domain", where, limit=_ROWS),
        "stuck": questions.stuck(history, where, now=now, limit=_ROWS),
        "silence": questions.silence(history, where, now=now),
        "duplicates": questions.duplicates(history, where, limit=_ROWS),
        "gaps": questions.gaps(history, "user", where, limit=_ROWS),
        "check": questions.check(history, now=now),
    }
    for name, frame in frames.items():
        yield AuditTable(
            name=name,
            title=_words().titles[name],
            columns=tuple(str(column) for column in frame.columns),
            rows=tuple(tuple(_cell(value) for value in row) for row in frame.itertuples(index=False, name=None)),
        )


def _cell(value: Any) -> Cell:  # noqa: ANN401 - whatever a DataFrame holds
    import pandas as pd  # noqa: PLC0415 - an optional extra

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):  # noqa: PLR0124 - that is how NaN is told
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)
