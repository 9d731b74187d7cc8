"""The traces of the practice hotel, with what was planted among them: each reason for which one is not sent occurs.

The table is made for one day. Whoever practises today takes :func:`traces_csv`, which is the same with every date moved along.
"""

from __future__ import annotations

import datetime as dt
import re
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mailkit.practice.site_files import SITE_FILES
from mailkit.site.pms import PmsSite
from mailkit.traces.decision import Reason

__all__ = ["PLANTED", "PlantedRow", "PlantedTrace", "PlantedTraces", "hotel_on", "traces_csv", "traces_path"]

_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


class PlantedTrace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trace that is not sent."""

    id: str
    reason: Reason
    sentence: str


class PlantedRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row that no trace can be made of; ``row`` is its line."""

    row: int
    reason: str
    sentence: str


class PlantedTraces(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything planted: what is not named here is sent when trace mail is activated on ``day``."""

    day: dt.date
    sending: int
    planted: tuple[PlantedTrace, ...]
    unusable: tuple[PlantedRow, ...]


PLANTED: PlantedTraces = msgspec.toml.decode((files("mailkit.practice") / "traces.toml").read_bytes(), type=PlantedTraces)
"""What was put into the traces on purpose."""


def traces_path() -> Path:
    """Give where the table is, as it was made."""
    return Path(str(files("mailkit.practice") / "hotel.traces.csv"))


def traces_csv(day: dt.date | None = None) -> str:
    """Give the table as CSV, moved to another day; a date that is none stays."""
    text = traces_path().read_text(encoding="utf-8")
    if day is None:
        return text
    moved = day - PLANTED.day
    return _DAY.sub(lambda found: (dt.date.fromisoformat(found[0]) + moved).isoformat(), text)


def hotel_on(day: dt.date) -> PmsSite:
    """Give the practice hotel as it is on a day: its own date is that of the evening before."""
    site = SITE_FILES["hotel"].site()
    assert isinstance(site, PmsSite), "the hotel runs Maestro PMS"
    return replace(site, business_date=day - dt.timedelta(days=1))
